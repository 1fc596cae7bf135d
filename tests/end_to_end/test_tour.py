"""The README's tour, as a newcomer types it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docs.markdown import commands
from warehouse.server import EmbeddedServer

ROOT = Path.cwd()
NOT_COPIED = shutil.ignore_patterns(
    ".venv", ".millrace", "target", "logs", "profiles.yml", ".*_cache"
)


@pytest.fixture
def checkout(tmp_path: Path) -> Iterator[Path]:
    """A checkout of its own, with what `make setup` installed; its server is stopped at the end."""
    checkout = tmp_path / "millrace"
    shutil.copytree(ROOT, checkout, ignore=NOT_COPIED, symlinks=True)
    (checkout / ".venv").symlink_to(ROOT / ".venv")
    yield checkout
    EmbeddedServer(checkout / ".millrace").stop()


@pytest.mark.long
@pytest.mark.timeout(900)
def test_the_ten_minutes_of_the_readme_show_who_moves(checkout: Path) -> None:
    tour = _commands_below("## Ten minutes")
    assert tour[0].startswith("source .millrace/demo/env")
    environment = {
        name: value
        for name, value in os.environ.items()
        if name not in {"MILLRACE_DATABASE_URL", "MILLRACE_HOME", "DBT_TARGET_PATH"}
    }
    script = "\n".join(["set -e", ".venv/bin/millrace demo", "echo TOUR", *tour])
    done = subprocess.run(
        ["/bin/bash", "-c", script],
        cwd=checkout,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    shown = done.stdout.partition("TOUR")[2]
    assert "never_graduates" in shown
    assert re.search(r"co-\d+ +\| cs_onboarding +\| cs_success +\| \S", shown)
    assert 'auto_success_ranges: ["2001-8000"]\n' in (checkout / "dbt_project.yml").read_text()


def _commands_below(heading: str) -> list[str]:
    lines = (ROOT / "README.md").read_text().splitlines()
    begin = next(n for n, line in enumerate(lines, 1) if line.startswith(heading))
    end = next(n for n, line in enumerate(lines, 1) if n > begin and line.startswith("## "))
    return [told.text for told in commands(ROOT, Path("README.md")) if begin < told.line < end]
