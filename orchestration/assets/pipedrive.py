"""Pipedrive's assets: `raw_pipedrive`, one per table.

They wrap `ingest_pipedrive`, as those of HubSpot wrap its load: the lists and the flows of deals
that have changed. The backfill of older flows is a command (`millrace backfill pipedrive`): where
tokens are few, it goes on for days.
"""

from collections.abc import Iterator

import dagster as dg

from ingestion.pipedrive.landing import SOURCE, FlowsBehindError, ingest_pipedrive
from ingestion.pipedrive.objects import DEAL_FLOW, TABLES
from orchestration.failures import told_in_a_sentence
from orchestration.landed import landed_since, last_load
from orchestration.names import landed_by_dlt
from orchestration.resources import WarehouseResource
from warehouse.settings import get_settings

_TABLES = (
    *(table.full_name for table in TABLES),
    DEAL_FLOW,
    f"{DEAL_FLOW}_reads",
    f"{DEAL_FLOW}_contradictions",
)


@dg.multi_asset(specs=[landed_by_dlt(*table.split(".")) for table in _TABLES])
def pipedrive(
    context: dg.AssetExecutionContext, warehouse: WarehouseResource
) -> Iterator[dg.MaterializeResult[None]]:
    """Land Pipedrive's records.

    Flows that wait for tokens, or that could not be read, are a warning: they are read by a later
    run, and keep nothing else from being built. Without `PIPEDRIVE_API_TOKEN` nothing is landed,
    and a warning says so: like `millrace ingest all`, a run lands the sources that are set up.
    """
    with told_in_a_sentence():
        opened = warehouse.open()
        before = last_load(opened)
        settings = get_settings()
        if settings.pipedrive_api_token is None:
            context.log.warning(
                "PIPEDRIVE_API_TOKEN is not set: Pipedrive was not asked, and the tables stay as "
                "they are."
            )
        else:
            try:
                ingest_pipedrive(opened, settings)
            except FlowsBehindError as error:
                # Everything else has landed, and the next run reads them.
                context.log.warning(str(error))
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
