"""The ways to run the river. A new source is in `river` and `ingestion` by itself."""

import dagster as dg

from activation import find_declaration, load_declarations
from orchestration.assets.events import event_files
from orchestration.assets.models import models
from orchestration.assets.yobi import yobi
from orchestration.names import sync_key, table_key

JOURNEY_SYNC = sync_key(find_declaration("hubspot_company__journey"))

ALERTS = {sync_key(each): each for each in load_declarations().values() if each.tells_of_syncs}
"""The syncs that tell how the others fared, by asset."""

ENGAGEMENT_SYNCS = [
    sync_key(each)
    for each in load_declarations().values()
    if "hubspot_company__engagement" in {each.name, *each.after}
]
"""What is published of a week, and those who tell of it."""
TENANT_HISTORY = table_key("history", "tenant_mapping_history")
"""By which a customer stays with its tenant; nothing reads it in the same run."""

river = dg.define_asset_job(
    "river",
    selection=dg.AssetSelection.all()
    - dg.AssetSelection.assets(*ALERTS, *ENGAGEMENT_SYNCS)
    - dg.AssetSelection.assets(yobi),
    description="All but the weekly ranking: land the sources, build and test the models, write "
    "the syncs.",
)
engagement = dg.define_asset_job(
    "engagement",
    selection=(
        dg.AssetSelection.assets(*ENGAGEMENT_SYNCS, TENANT_HISTORY)
        | dg.AssetSelection.groups("engagement")
    )
    .upstream()
    .required_multi_asset_neighbors(),
    description="Rank the customers by the week that is over: land HubSpot and Yobi, build and "
    "test the ranking, publish it all or not at all, then tell people.",
    # Whatever is done again finishes what is left: nothing is published twice or in part.
    tags={"dagster/max_retries": "3", "dagster/retry_strategy": "ALL_STEPS"},
)
alerts = dg.define_asset_job(
    "alerts",
    selection=dg.AssetSelection.assets(*ALERTS),
    description="Tell people what calls for them, by the channels that are set up.",
)
journey = dg.define_asset_job(
    "journey",
    selection=dg.AssetSelection.assets(event_files, models)
    | dg.AssetSelection.assets(JOURNEY_SYNC),
    description="Land the event files, build and test the models, write the journey to HubSpot.",
)
ingestion = dg.define_asset_job(
    "ingestion",
    selection=dg.AssetSelection.all()
    - dg.AssetSelection.assets(models)
    - dg.AssetSelection.key_prefixes("sync"),
    description="Land all sources, and no more.",
)
