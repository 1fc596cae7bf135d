"""HubSpot's assets: `raw_hubspot`, one per table.

The assets wrap `ingest_hubspot` and not its dlt source (`@dlt_assets`). The load is more than a
pipeline run: it keeps dlt's state in the database alone, records itself in the ledger and turns
refusals into sentences, with Dagster or without it. What there is to land is still dlt's to say:
the tables are the source's resources.
"""

from collections.abc import Iterator

import dagster as dg
import requests
from dagster_dlt.translator import DltResourceTranslatorData

from ingestion.hubspot.landing import SCHEMA, SOURCE, ingest_hubspot
from ingestion.hubspot.source import hubspot_resources
from orchestration.failures import told_in_a_sentence
from orchestration.landed import landed_since, last_load
from orchestration.names import DltNames
from orchestration.resources import WarehouseResource
from warehouse.settings import get_settings


def _specs() -> list[dg.AssetSpec]:
    names = DltNames(SCHEMA)
    # Nothing is asked for: a resource makes its requests when a pipeline runs it.
    resources = hubspot_resources("https://example.com", "", requests.Session(), lambda *_: None)
    return [
        names.get_asset_spec(DltResourceTranslatorData(resource=resource, pipeline=None))
        for resource in resources
    ]


@dg.multi_asset(specs=_specs())
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
            ingest_hubspot(opened, settings)
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
