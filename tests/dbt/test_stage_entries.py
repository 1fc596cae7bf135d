"""The stages that deals have entered, as dbt tells them, against what the world's sellers did."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

import pytest
from pyrate_limiter import Rate

from decisions.dbt_build import build_models
from ingestion.pipedrive import limits
from ingestion.pipedrive.backfill import backfill_pipedrive
from ingestion.pipedrive.landing import ingest_pipedrive
from simulators.clock import StoppedClock
from simulators.pipedrive import DEFAULT_TOKEN, PipedriveSimulator
from simulators.pipedrive.lived import account_of
from simulators.serving import serving
from simulators.world import WORLD_END, DealDeed, PipedriveDeal, World, build_world
from warehouse.database import Warehouse
from warehouse.settings import Settings


class Entry(NamedTuple):
    """A stage that a deal entered."""

    deal_id: str
    place: int
    pipeline_id: str
    stage_id: str
    entered_at: datetime
    left_at: datetime | None


def told_plainly(deal: PipedriveDeal, pipelines: dict[int, int]) -> list[Entry]:
    """What spec/flow.md says of a deal, read off what was done to it."""
    moves = [(deal.added_at, deal.first_stage_id)]
    closed_at: datetime | None = None
    for step in deal.steps:
        if step.deed is DealDeed.MOVE and step.stage_id is not None:
            moves.append((step.at, step.stage_id))
        elif step.deed in {DealDeed.WIN, DealDeed.LOSE}:
            closed_at = step.at
        elif step.deed is DealDeed.REOPEN:
            closed_at = None
    ends = [at for at, _ in moves[1:]]
    last = None if closed_at is None else max(closed_at, moves[-1][0])
    return [
        Entry(str(deal.deal_id), place, str(pipelines[stage]), str(stage), at, left_at)
        for place, ((at, stage), left_at) in enumerate(zip(moves, [*ends, last], strict=True))
    ]


@pytest.fixture
def world() -> World:
    return build_world(companies=60)


@pytest.mark.long
def test_every_entry_of_a_world_is_told_as_it_was(
    warehouse: Warehouse, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "BURST_RATE", Rate(10_000, 1))
    limits._limiter_of.cache_clear()
    state = account_of(world, clock=StoppedClock(WORLD_END + timedelta(minutes=1)))
    with serving(PipedriveSimulator(state)) as base_url:
        settings = Settings.model_validate(
            {"PIPEDRIVE_BASE_URL": base_url, "PIPEDRIVE_API_TOKEN": DEFAULT_TOKEN}
        )
        ingest_pipedrive(warehouse, settings)
        backfill_pipedrive(warehouse, settings, days=365)

    build_models(warehouse, as_of="2026-03-31T06:01:00Z", select=("+int_flow__stage_entries",))

    with warehouse.connect() as connection:
        told = [
            Entry(*row)
            for row in connection.execute(
                "select deal_id, place, pipeline_id, stage_id, entered_at, left_at "
                "from intermediate.int_flow__stage_entries order by deal_id, place"
            )
        ]
    pipelines = {stage.stage_id: stage.pipeline_id for stage in world.pipedrive_stages}
    plainly = [
        entry
        for deal in sorted(world.pipedrive_deals, key=lambda deal: deal.deal_id)
        if not state.deal(deal.deal_id).is_deleted
        for entry in told_plainly(deal, pipelines)
    ]
    assert told == plainly
    assert {deal.story for deal in world.pipedrive_deals} >= {
        "through_a_stage_that_is_no_more", "lost_and_opened_again", "two_stages_in_one_second"
    }  # fmt: skip
