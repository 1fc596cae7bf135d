"""The event files' assets: `raw_events`."""

from collections.abc import Iterator

import dagster as dg

from ingestion.events.files import EventLoadSummary, ingest_event_files
from orchestration.failures import told_in_a_sentence
from orchestration.names import group_of, table_key
from orchestration.resources import WarehouseResource
from warehouse.settings import get_settings

EVENTS = table_key("raw_events", "events")
CONFLICTS = table_key("raw_events", "conflicting_duplicates")
REJECTED = table_key("raw_events", "rejected_events")


@dg.multi_asset(
    specs=[
        dg.AssetSpec(key, group_name=group_of(key), kinds={"postgres"}, description=description)
        for key, description in {
            EVENTS: "Every accepted event, one row per event_id and content.",
            CONFLICTS: "Contents that lost against another one under the same event_id.",
            REJECTED: "Events that break the contract, whole, with the reason.",
        }.items()
    ],
)
def event_files(
    context: dg.AssetExecutionContext, warehouse: WarehouseResource
) -> Iterator[dg.MaterializeResult[None]]:
    """Land the event files of `EVENTS_PATH`.

    Without it nothing is landed here; events may come in through the other doors.
    """
    with told_in_a_sentence():
        opened = warehouse.open()
        path = get_settings().events_path
        if path is None:
            context.log.info("EVENTS_PATH is not set: there are no event files to land.")
            summary = EventLoadSummary()
        else:
            summary = ingest_event_files(opened, path)
    yield dg.MaterializeResult(
        asset_key=EVENTS,
        metadata={
            "read": summary.read,
            "accepted": summary.accepted,
            "duplicates": summary.duplicates,
            "files": summary.files,
        },
    )
    yield dg.MaterializeResult(asset_key=CONFLICTS, metadata={"conflicting": summary.conflicting})
    yield dg.MaterializeResult(
        asset_key=REJECTED,
        metadata={
            "rejected": summary.rejected,
            "by_reason": dict(summary.rejected_by_reason.most_common()),
        },
    )
