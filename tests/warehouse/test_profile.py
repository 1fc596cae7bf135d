"""dbt's profile: read from the environment, or from the embedded server's URL."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml
from dbt.config.renderer import ProfileRenderer
from dbt_common.context import set_invocation_context

from warehouse.profile import EXAMPLE, ensure_profile, write_profile

EMBEDDED = "postgresql://millrace:s-ecret_1@127.0.0.1:54444/millrace"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with nothing but the example profile."""
    shutil.copy(EXAMPLE, tmp_path)
    return tmp_path


def _target(project: Path) -> dict[str, Any]:
    set_invocation_context(os.environ)
    profile = yaml.safe_load((project / "profiles.yml").read_text())["millrace"]
    rendered: dict[str, Any] = ProfileRenderer({}).render_data(profile["outputs"]["prod"])
    return rendered


def test_without_the_environment_the_embedded_server_is_meant(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MILLRACE_DATABASE_URL", raising=False)
    write_profile(project, EMBEDDED)
    target = _target(project)
    assert (target["host"], target["port"], target["dbname"]) == ("127.0.0.1", 54444, "millrace")
    assert (target["user"], target["password"]) == ("millrace", "s-ecret_1")
    assert (project / "profiles.yml").stat().st_mode & 0o077 == 0


def test_the_environment_wins(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(
        "MILLRACE_DATABASE_URL", "postgresql://ann:p%40s%2Fs@db.example.com/gtm?sslmode=require"
    )
    write_profile(project, EMBEDDED)
    target = _target(project)
    assert (target["host"], target["port"], target["dbname"]) == ("db.example.com", 5432, "gtm")
    assert (target["user"], target["password"], target["sslmode"]) == ("ann", "p@s/s", "require")


def test_a_project_without_a_profile_gets_one_that_reads_the_environment(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ensure_profile(project)
    monkeypatch.setenv("MILLRACE_DATABASE_URL", EMBEDDED)
    assert _target(project)["port"] == 54444
    monkeypatch.delenv("MILLRACE_DATABASE_URL")
    write_profile(project, EMBEDDED.replace("54444", "54445"))
    assert _target(project)["port"] == 54445
    ensure_profile(project)
    assert _target(project)["port"] == 54445


def test_a_new_port_is_written_again(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MILLRACE_DATABASE_URL", raising=False)
    write_profile(project, EMBEDDED)
    write_profile(project, EMBEDDED.replace("54444", "54445"))
    assert _target(project)["port"] == 54445


def test_a_copied_example_is_filled_in(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MILLRACE_DATABASE_URL", raising=False)
    shutil.copy(project / EXAMPLE, project / "profiles.yml")
    write_profile(project, EMBEDDED)
    assert _target(project)["port"] == 54444


def test_a_profile_that_a_person_changed_is_left_alone(project: Path) -> None:
    own = "millrace: {target: mine, outputs: {}}\n"
    (project / "profiles.yml").write_text(own)
    write_profile(project, EMBEDDED)
    assert (project / "profiles.yml").read_text() == own
