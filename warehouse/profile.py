"""dbt's profile for the embedded server, so that a plain `dbt build` finds it.

`profiles.example.yml` reads `MILLRACE_DATABASE_URL` from the environment. The embedded server has a
port and a password of its own, and dbt does not read `.env`: `profiles.yml` is the example with the
URL in use as the default. A `profiles.yml` that a person has changed is left alone.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path

EXAMPLE = "profiles.example.yml"
PLACEHOLDER = "postgresql://millrace:millrace@127.0.0.1:5432/millrace"
_OURS = "# Written by `millrace db start`; delete this line to keep your own changes.\n"


def ensure_profile(project: Path) -> None:
    """Give a project without a `profiles.yml` the example's, which reads the environment alone.

    Args:
        project: root of the dbt project; nothing happens where it holds no example profile.
    """
    if not (project / "profiles.yml").exists():
        _write(project, lambda template: template)


def write_profile(project: Path, url: str) -> None:
    """Write `profiles.yml` (readable by its owner only) unless the user keeps one of their own.

    Args:
        project: root of the dbt project; nothing happens where it holds no example profile.
        url: libpq URL of the embedded server's database.
    """
    _write(project, lambda template: _OURS + template.replace(PLACEHOLDER, url))


class ProfileStanding(StrEnum):
    """Which database a project's `profiles.yml` names."""

    SAME = "same"
    """The one in use, or whatever the environment names."""
    OTHER = "other"
    """Another one, or none: there is no profile."""
    OWN = "own"
    """A person wrote it; nobody but dbt can tell."""


def profile_standing(project: Path, url: str) -> ProfileStanding:
    """Whether dbt would build the database that Millrace uses.

    Args:
        project: root of the dbt project.
        url: libpq URL of the database in use.
    """
    example, profile = project / EXAMPLE, project / "profiles.yml"
    if not example.exists() or not profile.exists():
        return ProfileStanding.OTHER
    template, present = example.read_text(), profile.read_text()
    if present == _OURS + template.replace(PLACEHOLDER, url):
        return ProfileStanding.SAME
    if present != template and not present.startswith(_OURS):
        return ProfileStanding.OWN
    is_named = bool(os.environ.get("MILLRACE_DATABASE_URL"))
    return ProfileStanding.SAME if is_named else ProfileStanding.OTHER


def _write(project: Path, filled: Callable[[str], str]) -> None:
    example, profile = project / EXAMPLE, project / "profiles.yml"
    if not example.exists():
        return
    template = example.read_text()
    text = filled(template)
    if profile.exists():
        present = profile.read_text()
        is_own = not present.startswith(_OURS) and present != template
        if is_own or present == text:
            return
    draft = profile.with_suffix(f".{os.getpid()}.tmp")
    draft.touch(mode=0o600)
    draft.write_text(text)
    draft.replace(profile)  # a dbt that starts just now reads the old one or the new one, whole
