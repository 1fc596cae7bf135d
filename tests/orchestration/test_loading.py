"""The definitions on a fresh clone, their schedule, and Dagster's own settings."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import pytest
import yaml
from dagster._utils.schedules import schedule_execution_time_iterator

from orchestration.dev import SETTINGS, prepare_home
from tests.orchestration.conftest import River, project_with
from warehouse.settings import Settings

MODULE = "orchestration.definitions"


@pytest.mark.long
def test_the_definitions_validate_on_a_fresh_clone(tmp_path: Path) -> None:
    project = project_with(tmp_path / "project")
    unset = ("MILLRACE_", "HUBSPOT_", "YOBI_", "EVENTS_", "DBT_", "DAGSTER_")
    done = subprocess.run(
        [sys.executable, "-m", "dagster", "definitions", "validate", "-m", MODULE],
        cwd=project,
        env={name: value for name, value in os.environ.items() if not name.startswith(unset)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert not (project / ".millrace").exists()


@pytest.mark.usefixtures("river")
def test_the_nightly_run_follows_the_settings() -> None:
    # Imported late, as in `river`.
    from orchestration.schedules import nightly_schedule  # noqa: PLC0415

    settings = Settings.model_validate(
        {"RIVER_RUN_CRON": "15 4 * * 1-5", "JOB_TIMEZONE": "Europe/Vienna"}
    )
    nightly = nightly_schedule(settings)
    assert (nightly.job_name, nightly.cron_schedule) == ("river", "15 4 * * 1-5")
    assert nightly.execution_timezone == "Europe/Vienna"
    assert nightly.default_status is dg.DefaultScheduleStatus.RUNNING


@pytest.mark.usefixtures("river")
@pytest.mark.parametrize(
    ("before", "expected"),
    [
        # The clocks go forward on 8 March 2026 at two in the morning, and back on 1 November.
        ("2026-02-28T00:00:00Z", ["2026-03-01T11:00Z", "2026-03-08T10:00Z", "2026-03-15T10:00Z"]),
        ("2026-10-24T00:00:00Z", ["2026-10-25T10:00Z", "2026-11-01T11:00Z", "2026-11-08T11:00Z"]),
    ],
)
def test_customers_are_ranked_on_sundays_at_six_in_new_york_all_year(
    before: str, expected: list[str]
) -> None:
    # Imported late, as in `river`.
    from orchestration.schedules import weekly_schedule  # noqa: PLC0415

    weekly = weekly_schedule(Settings(_env_file=None))
    assert (weekly.job_name, weekly.default_status) == (
        "engagement",
        dg.DefaultScheduleStatus.RUNNING,
    )
    ticks = schedule_execution_time_iterator(
        datetime.fromisoformat(before).timestamp(),
        weekly.cron_schedule,
        weekly.execution_timezone,
    )
    found = [f"{next(ticks).astimezone(UTC):%Y-%m-%dT%H:%MZ}" for _ in expected]
    assert found == expected


@pytest.mark.usefixtures("river")
def test_the_weekly_run_follows_the_settings() -> None:
    # Imported late, as in `river`.
    from orchestration.schedules import weekly_schedule  # noqa: PLC0415

    settings = Settings.model_validate({"JOB_RUN_CRON": "0 7 * * 1", "JOB_TIMEZONE": "Asia/Tokyo"})
    weekly = weekly_schedule(settings)
    assert (weekly.cron_schedule, weekly.execution_timezone) == ("0 7 * * 1", "Asia/Tokyo")


def test_what_decides_or_writes_back_is_one_run_at_a_time(river: River, tmp_path: Path) -> None:
    job = river.definitions.resolve_job_def("river")
    pools = {node.name: node.definition.pools for node in job.nodes}
    assert pools["event_files"] == pools["hubspot"] == set()
    assert pools["models"] == pools["sync__hubspot_company__journey"] == {"river"}
    settings = yaml.safe_load((prepare_home(tmp_path) / SETTINGS.name).read_text())
    with dg.DagsterInstance.local_temp(str(tmp_path), overrides=settings) as instance:
        limits = instance.get_concurrency_config().pool_config
        assert limits.default_pool_limit == 1
        assert limits.pool_granularity is not None
        assert limits.pool_granularity.value == "run"
        assert not instance.telemetry_enabled
