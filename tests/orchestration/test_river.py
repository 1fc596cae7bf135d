"""The river as Dagster runs it: land, decide, write back; and when it must not."""

from __future__ import annotations

import dagster as dg
import pytest

from simulators.hubspot import HubspotSimulator
from tests.dbt.conftest import company
from tests.orchestration.conftest import NOBODY, River, failure_of
from tests.orchestration.test_new_events import Watch
from warehouse.build_lock import build_lock

JOURNEY = dg.AssetKey(["sync", "hubspot_company__journey"])
STAGE_LOCK = {
    "type": "cs_stage_lock_set",
    "at": "2026-03-30T00:00:00Z",
    "company_id": "c2",
    "cs_stage": "cs_error",
    "expires_at": "2999-01-01T00:00:00Z",
    "set_by": "ops",
}


def test_a_run_lands_decides_and_writes_and_the_next_one_writes_nothing(
    river: River, hubspot: HubspotSimulator
) -> None:
    river.bring([STAGE_LOCK])
    first = river.run("river")
    assert first.success
    # One of two companies in cs_error is a warning for a person, and stops nothing.
    (check,) = [
        each
        for each in first.get_asset_check_evaluations()
        if each.check_name == "few_companies_are_cs_error"
    ]
    assert (check.passed, check.severity) == (False, dg.AssetCheckSeverity.WARN)
    assert check.asset_key == dg.AssetKey(["journey_health", "journey_thresholds"])
    decided = river.scalar("select cs_stage from journey.company_journey where company_id = 'c1'")
    assert hubspot.state.record("companies", "1001").properties["cs_stage"] == decided is not None
    assert hubspot.calls.records_written == 2
    assert counts(first, JOURNEY)["written"] == 2
    assert counts(first, dg.AssetKey(["raw_events", "events"]))["accepted"] == 7
    assert counts(first, dg.AssetKey(["raw_hubspot", "companies"]))["accepted"] == 2

    # Alerts tell of the other syncs, and follow in a run of their own.
    synced = river.scalar("select array_agg(sync order by started_at, run_id) from ops.sync_run")
    assert synced == ["hubspot_company__journey"]

    # What the run itself landed, before it decided, asks for no further run.
    assert str(Watch(river).tick()).startswith("Nothing has landed since the last run: 7 by ")

    hubspot.calls.clear()
    second = river.run("river")
    assert second.success
    assert hubspot.calls.writes == []
    assert counts(second, JOURNEY)["written"] == 0
    assert counts(second, dg.AssetKey(["raw_events", "events"]))["duplicates"] == 7


def test_a_failing_test_of_a_model_stops_the_sync_and_nothing_is_written(
    river: River, hubspot: HubspotSimulator
) -> None:
    with river.warehouse.connect() as connection:
        connection.execute(
            """
            insert into raw_events.events (
                event_id, content_hash, event_type, occurred_at, received_at,
                source, source_place, data
            )
            select
                'twice', content_hash, 'company_created', '2026-03-01T08:00Z', '2026-03-01T08:00Z',
                'test', 'test', '{"company_id": "c1"}'
            from unnest(array['one', 'two']) as content_hash
            """
        )
    result = river.run("journey")
    assert "unique_stg_events__company_created_event_id" in failure_of(result)
    assert hubspot.calls.writes == []
    assert river.scalar("select count(*) from ops.sync_run") == 0


@pytest.mark.long
def test_a_failing_test_of_the_last_model_stops_the_sync_and_nothing_is_written(
    river: River, hubspot: HubspotSimulator
) -> None:
    river.bring(company(NOBODY, hubspot_company_id="1003"))
    result = river.run("journey")
    assert "failed at nobody_is_written, and no sync" in failure_of(result)
    assert river.scalar("select count(*) from activation.sync_hubspot_company__journey") == 3
    assert hubspot.calls.writes == []
    assert river.scalar("select count(*) from ops.sync_run") == 0


def test_a_run_beside_another_build_is_refused_and_changes_nothing(
    river: River, hubspot: HubspotSimulator
) -> None:
    with build_lock(river.warehouse):
        result = river.run("journey")
    assert failure_of(result) == (
        "Another build is at work on this warehouse: build again when it has ended."
    )
    assert river.scalar("select to_regnamespace('staging')") is None
    assert hubspot.calls.writes == []


def test_a_clock_that_is_no_instant_is_told_and_nothing_is_built(river: River) -> None:
    result = river.run("journey", "yesterday")
    assert failure_of(result) == (
        "dbt built nothing: var as_of is 'yesterday', which is not an RFC 3339 instant with an "
        "offset, such as 2026-03-31T06:00:00Z."
    )
    assert river.scalar("select to_regnamespace('core')") is None


def counts(result: dg.ExecuteInProcessResult, key: dg.AssetKey) -> dict[str, object]:
    """What a run says of an asset that it materialized."""
    (event,) = [
        each.step_materialization_data.materialization
        for each in result.get_asset_materialization_events()
        if each.asset_key == key
    ]
    return {name: entry.value for name, entry in event.metadata.items()}
