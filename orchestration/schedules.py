"""What runs by the clock."""

import dagster as dg

from orchestration.jobs import river
from warehouse.settings import Settings, get_settings


def nightly_schedule(settings: Settings) -> dg.ScheduleDefinition:
    """The whole river, at `JOB_RUN_CRON` in `JOB_TIMEZONE`; on from the first start."""
    return dg.ScheduleDefinition(
        name="nightly",
        job=river,
        cron_schedule=settings.job_run_cron,
        execution_timezone=settings.job_timezone,
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description="The whole river, at JOB_RUN_CRON in JOB_TIMEZONE.",
    )


nightly = nightly_schedule(get_settings())
