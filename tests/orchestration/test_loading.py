"""The definitions on a fresh clone, their schedule, and Dagster's own settings."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import dagster as dg
import pytest
import yaml

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
        {"JOB_RUN_CRON": "15 4 * * 1-5", "JOB_TIMEZONE": "Europe/Vienna"}
    )
    nightly = nightly_schedule(settings)
    assert (nightly.job_name, nightly.cron_schedule) == ("river", "15 4 * * 1-5")
    assert nightly.execution_timezone == "Europe/Vienna"
    assert nightly.default_status is dg.DefaultScheduleStatus.RUNNING


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
