"""What Dagster knows of Millrace: the assets, when they run, and what they need.

Loads on a fresh clone: no database, token, profile or manifest has to be there.
"""

import dagster as dg

from orchestration.dbt_project import dbt_resource
from orchestration.jobs import alerts, engagement, ingestion, journey, river
from orchestration.resources import WarehouseResource
from orchestration.schedules import nightly, weekly
from orchestration.sensors import alerts_after_failure, alerts_after_success, new_events

defs = dg.Definitions(
    assets=dg.load_assets_from_package_name("orchestration.assets"),
    asset_checks=dg.load_asset_checks_from_package_name("orchestration.assets"),
    jobs=[river, journey, engagement, ingestion, alerts],
    schedules=[nightly, weekly],
    sensors=[new_events, alerts_after_success, alerts_after_failure],
    resources={"warehouse": WarehouseResource(), "dbt": dbt_resource()},
    # One process per run. A process per step would load dbt and dlt anew for each.
    executor=dg.in_process_executor,
)
