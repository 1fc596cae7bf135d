"""How the asset of a sync ends when not everything could be written."""

from __future__ import annotations

import dagster as dg
import pytest

from activation import Declaration
from orchestration.names import sync_key
from simulators.faults import Fault, Refuse
from simulators.hubspot import HubspotSimulator
from tests.activation.models import declare, fill
from tests.activation.source import build, declared, rows
from tests.orchestration.conftest import River, failure_of
from warehouse.settings import get_settings


def run(river: River, *declarations: Declaration) -> dg.ExecuteInProcessResult:
    """Materialize the syncs alone, from models made by hand."""
    # Imported late, as in `river`.
    from orchestration.assets.syncs import sync_assets  # noqa: PLC0415
    from orchestration.resources import WarehouseResource  # noqa: PLC0415

    return dg.materialize(
        [sync_assets(declarations)],
        instance=river.instance,
        resources={"warehouse": WarehouseResource()},
        raise_on_error=False,
    )


def is_materialized(river: River, declaration: Declaration) -> bool:
    return river.instance.get_latest_materialization_event(sync_key(declaration)) is not None


def test_a_guard_stops_the_asset_before_anything_is_sent(
    river: River, hubspot: HubspotSimulator
) -> None:
    build(river.warehouse, rows(2, owner=None))
    guarded = declared(guards={"max_changed_rows": 1})
    told = failure_of(run(river, guarded))
    assert told.startswith("hubspot_company__journey stopped by a guard, nothing was sent: ")
    assert "--yes lets it through" in told
    assert hubspot.calls.writes == []
    assert not is_materialized(river, guarded)


def test_a_refused_row_fails_the_asset_and_the_others_count_as_written(
    river: River, hubspot: HubspotSimulator
) -> None:
    build(river.warehouse, rows(2, owner=None))
    hubspot.faults.add(Fault(does=Refuse(record_id="1001")))
    told = failure_of(run(river, declared()))
    assert told.startswith("hubspot_company__journey refused rows: 1 rows were not written")
    assert hubspot.state.record("companies", "1002").properties["cs_stage"] == "cs_onboarding"
    assert is_materialized(river, declared())


@pytest.mark.usefixtures("hubspot")
def test_a_missing_token_fails_the_asset_and_is_named(
    river: River, monkeypatch: pytest.MonkeyPatch
) -> None:
    build(river.warehouse, rows(1, owner=None))
    monkeypatch.setenv("HUBSPOT_ACCESS_TOKEN", "")
    get_settings.cache_clear()
    assert "failed: HUBSPOT_ACCESS_TOKEN is not set" in failure_of(run(river, declared()))
    assert not is_materialized(river, declared())


def test_syncs_of_the_same_records_share_requests_and_one_that_fails_stops_no_other(
    river: River, hubspot: HubspotSimulator
) -> None:
    more = declare("hubspot_company__more", ["name"])
    lacking = declare("hubspot_company__lacking", ["nowhere"])
    fill(river.warehouse, more, {"1001": {"name": "Quiet Harbour"}})
    fill(river.warehouse, lacking, {"1001": {"nowhere": "x"}})
    build(river.warehouse, rows(2, owner=None))
    told = failure_of(run(river, declared(), lacking, more))
    assert told.startswith("hubspot_company__lacking failed: The destination has no property")
    assert is_materialized(river, declared())
    assert is_materialized(river, more)
    assert not is_materialized(river, lacking)
    assert len(hubspot.calls.to("*/batch/update")) == 1
    held = hubspot.state.record("companies", "1001").properties
    assert (held["name"], held["cs_stage"]) == ("Quiet Harbour", "cs_onboarding")


@pytest.mark.parametrize("failed", [False, True])
def test_alerts_follow_a_run_however_it_ended_by_the_channels_that_are_set_up(
    river: River, monkeypatch: pytest.MonkeyPatch, failed: bool
) -> None:
    # Imported late, as in `river`.
    from orchestration import sensors  # noqa: PLC0415

    with_failure = sensors.alerts_after_failure if failed else sensors.alerts_after_success
    ended = river.run("ingestion")
    context = dg.build_run_status_sensor_context(
        sensor_name=with_failure.name,
        dagster_event=ended.all_events[-1],
        dagster_instance=river.instance,
        dagster_run=ended.dagster_run,
    )
    monkeypatch.delenv("SLACK_WEBHOOK_URL", raising=False)
    monkeypatch.delenv("SMTP_HOST", raising=False)
    get_settings.cache_clear()
    asked = with_failure(context)
    assert isinstance(asked, dg.SkipReason)
    monkeypatch.setenv("SLACK_WEBHOOK_URL", "https://hooks.slack.com/services/T0/B0/x")
    get_settings.cache_clear()
    asked = with_failure(context)
    assert isinstance(asked, dg.RunRequest)
    assert [key.path[-1] for key in asked.asset_selection or []] == ["slack_alerts"]
