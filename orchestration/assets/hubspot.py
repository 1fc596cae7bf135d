"""HubSpot's assets: `raw_hubspot`, one per table.

They wrap `ingest_hubspot` and not dlt resources (dagster-dlt's `@dlt_assets`). The load is more
than a pipeline run: everything that it reads lands in one transaction with its rows in the ledger,
and refusals are sentences, with Dagster or without it. The tables are the load's own list.
"""

from collections.abc import Iterator

import dagster as dg

from activation import read_back_properties
from ingestion.hubspot.landing import SOURCE, ingest_hubspot
from ingestion.hubspot.objects import TABLES
from orchestration.failures import told_in_a_sentence
from orchestration.landed import landed_since, last_load
from orchestration.names import landed_by_dlt
from orchestration.resources import WarehouseResource
from warehouse.settings import get_settings


@dg.multi_asset(specs=[landed_by_dlt(table.schema, table.name) for table in TABLES])
def hubspot(
    context: dg.AssetExecutionContext, warehouse: WarehouseResource
) -> Iterator[dg.MaterializeResult[None]]:
    """Land HubSpot's records.

    Without `HUBSPOT_ACCESS_TOKEN` nothing is landed, and a warning says so: like `millrace ingest
    all`, a run lands the sources that are set up.
    """
    with told_in_a_sentence():
        opened = warehouse.open()
        before = last_load(opened)
        settings = get_settings()
        if settings.hubspot_access_token is None:
            context.log.warning(
                "HUBSPOT_ACCESS_TOKEN is not set: HubSpot was not asked, and the tables stay as "
                "they are."
            )
        else:
            ingest_hubspot(opened, settings, also_read=read_back_properties("hubspot"))
        landed = landed_since(opened, before, source=SOURCE)
    for key in context.selected_asset_keys:
        rows = landed.get(".".join(key.path))
        yield dg.MaterializeResult(
            asset_key=key,
            metadata={
                "read": rows.read if rows else 0,
                "accepted": rows.accepted if rows else 0,
                "duplicates": rows.duplicate if rows else 0,
            },
        )
