"""What runs because something happened."""

import dagster as dg

from activation.writers import DESTINATIONS
from orchestration.assets.models import BUILT_FROM
from orchestration.jobs import ALERTS, alerts, engagement, journey, river
from orchestration.landed import events_mark
from orchestration.resources import WarehouseResource
from warehouse.server import ServerError
from warehouse.settings import get_settings

IN_PROGRESS = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]


@dg.sensor(
    job=journey,
    minimum_interval_seconds=60,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Starts the journey when new events have landed, whichever door they came through.",
)
def new_events(
    context: dg.SensorEvaluationContext, warehouse: WarehouseResource
) -> dg.SensorResult | dg.SkipReason:
    """Ask for one journey run when the events have come further than the last one that decided.

    The cursor is the mark (`events_mark`) for which a run was asked last: each is asked for once,
    even if its run fails. Events that a run landed itself, before it built, are not new to it.
    """
    try:
        mark = events_mark(warehouse.locate())
    except ServerError as error:
        return dg.SkipReason(str(error))
    if mark is None:
        return dg.SkipReason("No event has landed yet.")
    if mark == context.cursor or mark in _built_from(context.instance):
        return dg.SkipReason(f"Nothing has landed since the last run: {mark}.")
    at_work = context.instance.get_runs(dg.RunsFilter(statuses=IN_PROGRESS), limit=1)
    if at_work:
        return dg.SkipReason(
            f"Run {at_work[0].run_id[:8]} of {at_work[0].job_name} is in progress; new events "
            "wait until it has ended."
        )
    return dg.SensorResult([dg.RunRequest(run_key=mark)], cursor=mark)


def _alerts_after(status: dg.DagsterRunStatus, name: str) -> dg.SensorDefinition:
    @dg.run_status_sensor(
        run_status=status,
        name=name,
        monitored_jobs=[river, journey, engagement],
        request_job=alerts,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Sends the alerts when a run that writes back has ended, however it did.",
    )
    def sensor(context: dg.RunStatusSensorContext) -> dg.RunRequest | dg.SkipReason:
        settings = get_settings()
        set_up = [
            key
            for key, each in ALERTS.items()
            if DESTINATIONS[each.destination].is_set_up(settings)
        ]
        if not set_up:
            return dg.SkipReason("No channel for alerts is set up: SLACK_WEBHOOK_URL, SMTP_HOST.")
        return dg.RunRequest(run_key=context.dagster_run.run_id, asset_selection=set_up)

    return sensor


alerts_after_success = _alerts_after(dg.DagsterRunStatus.SUCCESS, "alerts_after_success")
alerts_after_failure = _alerts_after(dg.DagsterRunStatus.FAILURE, "alerts_after_failure")


def _built_from(instance: dg.DagsterInstance) -> set[str]:
    """Marks of the events that the last successful runs decided from."""
    return {
        run.tags[BUILT_FROM]
        for job in (journey, river)
        for run in instance.get_runs(
            dg.RunsFilter(job_name=job.name, statuses=[dg.DagsterRunStatus.SUCCESS]), limit=1
        )
        if BUILT_FROM in run.tags
    }
