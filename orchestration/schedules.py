"""What runs by the clock."""

import dagster as dg

from orchestration.jobs import engagement, river
from warehouse.settings import Settings, get_settings


def nightly_schedule(settings: Settings) -> dg.ScheduleDefinition:
    """The river, at `RIVER_RUN_CRON` in `JOB_TIMEZONE`; on from the first start."""
    return dg.ScheduleDefinition(
        name="nightly",
        job=river,
        cron_schedule=settings.river_run_cron,
        execution_timezone=settings.job_timezone,
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description="The river, at RIVER_RUN_CRON in JOB_TIMEZONE.",
    )


def weekly_schedule(settings: Settings) -> dg.ScheduleDefinition:
    """The ranking of customers, at `JOB_RUN_CRON` in `JOB_TIMEZONE`; on from the first start.

    By local time, so that it is six in the morning all year (spec/engagement.md, Window).
    """
    return dg.ScheduleDefinition(
        name="weekly",
        job=engagement,
        cron_schedule=settings.job_run_cron,
        execution_timezone=settings.job_timezone,
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description="The ranking of customers, at JOB_RUN_CRON in JOB_TIMEZONE.",
    )


nightly = nightly_schedule(get_settings())
weekly = weekly_schedule(get_settings())
