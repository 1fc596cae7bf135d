"""Yobi's assets: `raw_yobi`, one per table. They wrap `ingest_yobi`, as HubSpot's wrap its load."""

from collections.abc import Iterator

import dagster as dg

from ingestion.yobi.landing import SOURCE, ingest_yobi
from ingestion.yobi.objects import MISSING_METRICS, SCHEMA, TABLES, WEEK_READINGS
from orchestration.failures import told_in_a_sentence
from orchestration.landed import landed_since, last_load
from orchestration.names import landed_by_dlt
from orchestration.resources import WarehouseResource
from warehouse.settings import get_settings

NAMES = (*(table.name for table in TABLES), WEEK_READINGS, MISSING_METRICS)


@dg.multi_asset(specs=[landed_by_dlt(SCHEMA, name) for name in NAMES])
def yobi(
    context: dg.AssetExecutionContext, warehouse: WarehouseResource
) -> Iterator[dg.MaterializeResult[None]]:
    """Land Yobi's tenants and what they did in the last whole week, or nothing.

    Without `YOBI_EMAIL` nothing is landed, and a warning says so: like `millrace ingest all`, a run
    lands the sources that are set up.
    """
    with told_in_a_sentence():
        opened = warehouse.open()
        before = last_load(opened)
        settings = get_settings()
        if settings.yobi_email is None:
            context.log.warning(
                "YOBI_EMAIL is not set: Yobi was not asked, and the tables stay as they are."
            )
        else:
            for note in ingest_yobi(opened, settings).notes:
                context.log.warning(note)
        landed = landed_since(opened, before, source=SOURCE)
    for key in context.selected_asset_keys:
        rows = landed.get(".".join(key.path))
        yield dg.MaterializeResult(
            asset_key=key,
            metadata={
                "read": rows.read if rows else 0,
                "accepted": rows.accepted if rows else 0,
                "rejected": rows.rejected if rows else 0,
                "duplicates": rows.duplicate if rows else 0,
            },
        )
