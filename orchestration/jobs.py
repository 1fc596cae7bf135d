"""The ways to run the river. A new source is in `river` and `ingestion` by itself."""

import dagster as dg

from activation import find_declaration, load_declarations
from orchestration.assets.events import event_files
from orchestration.assets.models import models
from orchestration.names import sync_key

JOURNEY_SYNC = sync_key(find_declaration("hubspot_company__journey"))

ALERTS = {sync_key(each): each for each in load_declarations().values() if each.tells_of_syncs}
"""The syncs that tell how the others fared, by asset."""

river = dg.define_asset_job(
    "river",
    selection=dg.AssetSelection.all() - dg.AssetSelection.assets(*ALERTS),
    description="Everything: land all sources, build and test the models, write all syncs.",
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
