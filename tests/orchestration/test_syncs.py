"""How the asset of a sync ends when not everything could be written."""

from __future__ import annotations

import dagster as dg
import pytest

from activation import Declaration
from orchestration.names import sync_key
from simulators.faults import Fault, Refuse
from simulators.hubspot import HubspotSimulator
from tests.activation.source import build, declared, rows
from tests.orchestration.conftest import River, failure_of
from warehouse.settings import get_settings


def run(river: River, declaration: Declaration) -> dg.ExecuteInProcessResult:
    """Materialize the sync alone, from a model made by hand."""
    # Imported late, as in `river`.
    from orchestration.assets.syncs import sync_asset  # noqa: PLC0415
    from orchestration.resources import WarehouseResource  # noqa: PLC0415

    return dg.materialize(
        [sync_asset(declaration)],
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
