"""The demo: the whole river, as a newcomer sees it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from warehouse.server import EmbeddedServer


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """A home of the demo's own; its server is stopped at the end."""
    yield tmp_path / "home"
    EmbeddedServer(tmp_path / "home").stop()


def test_the_demo_lands_decides_writes_and_ends_with_nothing_to_write(home: Path) -> None:
    environment = {
        key: value for key, value in os.environ.items() if key != "MILLRACE_DATABASE_URL"
    } | {"MILLRACE_HOME": str(home)}
    done = subprocess.run(
        [sys.executable, "-m", "cli.main", "demo"],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
    )
    assert done.returncode == 0, done.stderr
    told = done.stdout
    (first, second, third) = _numbers(told, "rows written to HubSpot")
    assert first > 100
    assert second > 5
    assert third == 0
    assert _numbers(told, "HubSpot calls that took")[2] == 0
    assert _numbers(told, "events landed")[2] == 0
    assert sum(_numbers(told, "rejected, new ones")) >= 7
    for rule in ("no_touch", "success", "onboarding", "small_business", "sales", "stage_locked"):
        assert f"by {rule}" in told
    for reason in ("round_robin", "kept", "locked", "no_candidate"):
        assert reason in told
    assert "What if (millrace simulate journey" in told
    assert "cs_onboarding -> cs_success" in told.split("What if")[1]
    assert "What to do next" in told
    assert "Customer engagement, Mar 22" in told
    assert "Biggest movers" in told
    (ranked, changed, unchanged) = _numbers(told, "customers' ranks written")
    assert (ranked > 100, changed, unchanged) == (True, 0, 0)
    assert len(told.splitlines()) < 200


def _numbers(told: str, title: str) -> list[int]:
    (line,) = [each for each in told.splitlines() if each.strip().startswith(title)]
    return [
        int(number.replace(",", "")) for number in re.findall(r"[\d,]+", line.strip()[len(title) :])
    ]
