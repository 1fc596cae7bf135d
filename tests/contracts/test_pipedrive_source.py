"""Loading Pipedrive keeps to the description of Pipedrive's API."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from http import HTTPStatus

import pytest

from ingestion.api.load import StoppedTablesError
from ingestion.pipedrive.backfill import backfill_pipedrive
from ingestion.pipedrive.landing import ingest_pipedrive, ingest_pipedrive_deals
from ingestion.pipedrive.probe import probe_pipedrive
from simulators.clock import StoppedClock
from simulators.pipedrive import DEFAULT_TOKEN, PipedriveSimulator, PipedriveState, RateLimits
from tests.contracts.conftest import OnRecord
from warehouse.database import Warehouse
from warehouse.settings import Settings

NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)
LISTS = {
    "v2_getDeals",
    "v2_getArchivedDeals",
    "v2_getPipelines",
    "v2_getStages",
    "v2_getOrganizations",
    "v1_getUsers",
}
"""Operations that every load asks for."""
FLOW = "v1_getDealUpdates"


def test_every_request_of_loads_backfill_and_probe_keeps_to_the_description(
    warehouse: Warehouse, pipedrive_on_record: OnRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingestion.pipedrive.source.PAGE_SIZE", 2)
    monkeypatch.setattr("ingestion.pipedrive.flows.PAGE_SIZE", 2)
    clock = StoppedClock(NOON)
    account = PipedriveState(clock=clock)
    pipeline = account.add_pipeline("Sales")
    for name in ("Lead", "Order"):
        account.add_stage(pipeline.id, name)
    account.add_user("Ada Reed", "ada@example.com")
    account.add_organization("One", 1)
    for number in range(1, 8):
        account.add_deal(f"Deal {number}", 1, 1, org_id=1, at=NOON - timedelta(days=30))
        account.move(number, 2)
    account.win(1)
    account.archive(2)
    account.delete(3)
    limits = RateLimits(burst=10_000, daily_tokens=10_000)

    with pipedrive_on_record(PipedriveSimulator(account, limits=limits)) as pipedrive:
        settings = Settings.model_validate(
            {"PIPEDRIVE_BASE_URL": pipedrive.base_url, "PIPEDRIVE_API_TOKEN": DEFAULT_TOKEN}
        )
        first = ingest_pipedrive(warehouse, settings)
        assert pipedrive.recorder.operations == LISTS | {FLOW}

        clock.advance(timedelta(hours=1))
        account.unarchive(2)
        account.set_value(4, 9)
        ingest_pipedrive(warehouse, settings)
        assert backfill_pipedrive(warehouse, settings).flows.done == 1
        ingest_pipedrive_deals(warehouse, settings, ["1"])

        pipedrive.recorder.exchanges.clear()
        probed = probe_pipedrive(settings)
        assert pipedrive.recorder.operations == LISTS | {FLOW, "v1_getCurrentUser"}
        assert probed.is_complete

        limits.tokens_left = 130
        account.set_value(4, 10)
        account.set_value(5, 10)
        clock.advance(timedelta(hours=1))
        with pytest.raises(StoppedTablesError, match="flows of deals wait for API tokens"):
            ingest_pipedrive(warehouse, settings)
        statuses = {exchange.status for exchange in pipedrive.recorder.exchanges}
        assert statuses == {HTTPStatus.OK}

    assert first.of("deals").landed == 7
