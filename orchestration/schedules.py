"""What runs by the clock."""

import dagster as dg

from orchestration.jobs import river
from warehouse.settings import get_settings

_settings = get_settings()

nightly = dg.ScheduleDefinition(
    name="nightly",
    job=river,
    cron_schedule=_settings.job_run_cron,
    execution_timezone=_settings.job_timezone,
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="The whole river, at JOB_RUN_CRON in JOB_TIMEZONE.",
)
