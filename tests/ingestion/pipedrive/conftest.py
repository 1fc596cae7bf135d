"""A Pipedrive account, and a warehouse that it is loaded into."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pyrate_limiter import Rate

from ingestion.api import session
from ingestion.api.load import StoppedTablesError
from ingestion.api.summary import LoadSummary
from ingestion.pipedrive import limits
from ingestion.pipedrive.backfill import BackfillSummary, backfill_pipedrive
from ingestion.pipedrive.landing import ingest_pipedrive, ingest_pipedrive_deals
from ingestion.pipedrive.objects import TABLES
from simulators.clock import StoppedClock
from simulators.pipedrive import DEFAULT_TOKEN, PipedriveSimulator, PipedriveState
from simulators.serving import serving
from tests.ingestion.raw_tables import Rows, rows
from warehouse.database import Warehouse
from warehouse.settings import Settings

NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)
"""By Pipedrive's clock; ours is elsewhere."""
MONTH_AGO = NOON - timedelta(days=30)
LEAD, QUOTED, ORDERED, MADE = 1, 2, 3, 4
"""The stages: three of the first pipeline, one of the second."""


def settings_for(base_url: str, token: object = DEFAULT_TOKEN, **more: object) -> Settings:
    """Settings that know this Pipedrive and nothing else."""
    return Settings.model_validate(
        {"PIPEDRIVE_BASE_URL": base_url, "PIPEDRIVE_API_TOKEN": token, **more}
    )


@dataclass(frozen=True)
class Account:
    """An account that is being served, and the warehouse that belongs to it."""

    simulator: PipedriveSimulator
    base_url: str
    warehouse: Warehouse
    clock: StoppedClock

    @property
    def state(self) -> PipedriveState:
        return self.simulator.state

    def settings(self, **more: object) -> Settings:
        return settings_for(self.base_url, **more)

    def load(self, *, settings: Settings | None = None, **options: Any) -> LoadSummary:
        """Load it, with an empty log of calls."""
        self.simulator.calls.clear()
        return ingest_pipedrive(self.warehouse, settings or self.settings(), **options)

    def load_later(self, **options: Any) -> LoadSummary:
        """Load it an hour later, when what was changed before is old."""
        self.clock.advance(timedelta(hours=1))
        return self.load(**options)

    def load_with_trouble(self, **options: Any) -> StoppedTablesError:
        """Load it; something is not to be loaded."""
        with pytest.raises(StoppedTablesError) as stopped:
            self.load(**options)
        return stopped.value

    def load_deals(self, *deal_ids: str, **more: object) -> LoadSummary:
        self.simulator.calls.clear()
        return ingest_pipedrive_deals(self.warehouse, self.settings(**more), deal_ids)

    def backfill(self, *, settings: Settings | None = None, **options: Any) -> BackfillSummary:
        self.simulator.calls.clear()
        return backfill_pipedrive(self.warehouse, settings or self.settings(), **options)

    def flows_asked(self) -> list[int]:
        """The deals whose flows the last load asked for, page by page."""
        return [
            int(call.path.split("/")[3]) for call in self.simulator.calls.to("/v1/deals/*/flow")
        ]

    def rows(self, query: str) -> Rows:
        with self.warehouse.connect() as connection:
            return rows(connection, query)

    def landed_flow(self) -> Rows:
        """All landed changes: deal, item, field, old, new, when."""
        return self.rows(
            "select deal_id, item_id, field_key, old_value, new_value, changed_at "
            "from raw_pipedrive.deal_flow order by length(item_id), item_id"
        )

    def true_flow(self, *deal_ids: int) -> Rows:
        """All changes of these deals, or of all, as the account knows them."""
        return [
            (
                str(item.deal_id),
                str(item.id),
                item.field_key,
                item.old_value,
                item.new_value,
                item.at,
            )
            for item in sorted(
                (item for deal in self.state.account.deals.values() for item in deal.flow),
                key=lambda item: item.id,
            )
            if item.object == "dealChange" and (not deal_ids or item.deal_id in deal_ids)
        ]

    def landed_deals(self) -> Rows:
        """All landed deals: id, pipeline, stage, status, archived, deleted, closed."""
        return self.rows(
            "select id, pipeline_id, stage_id, status, is_archived, is_deleted, closed_at "
            "from raw_pipedrive.deals order by length(id), id"
        )

    def true_deals(self) -> Rows:
        """All deals as the account tells of them."""
        return [
            (
                str(deal.id),
                str(deal.pipeline_id),
                str(deal.stage_id),
                deal.shown_status.value,
                deal.is_archived,
                deal.is_deleted,
                deal.close_time,
            )
            for deal in sorted(self.state.account.deals.values(), key=lambda deal: deal.id)
            if self.state.is_readable(deal)
        ]

    def due(self) -> list[object]:
        """Ids of the deals whose flows wait, in their order."""
        return [
            deal_id
            for (deal_id,) in self.rows(
                "select deal_id from raw_pipedrive.deal_flow_reads where due_since is not null "
                "order by length(deal_id), deal_id"
            )
        ]

    def tokens_counted(self) -> int:
        """What has been counted of the tokens, on whatever day."""
        [(tokens,)] = self.rows("select coalesce(sum(tokens), 0) from raw_pipedrive.tokens_spent")
        return int(str(tokens))

    def check_ledger(self) -> None:
        """Every load accounts for all that it read."""
        [(wrong,)] = self.rows(
            "select count(*) from ops.load_ledger where source = 'pipedrive' "
            "and rows_read <> rows_accepted + rows_rejected + rows_duplicate"
        )
        assert wrong == 0
        [(accepted,)] = self.rows(
            "select coalesce(sum(rows_accepted), 0)::bigint from ops.load_ledger "
            "where source = 'pipedrive' and table_name = 'raw_pipedrive.deal_flow'"
        )
        assert accepted == len(self.landed_flow())

    def everything(self) -> list[Rows]:
        """All that has landed, but for when."""
        return [
            *(
                self.rows(f"select * from raw_pipedrive.{table} order by 1, 2")  # noqa: S608 - ours
                for table in ("read_until", *(table.name for table in TABLES))
            ),
            self.landed_flow(),
            self.rows(
                "select deal_id, read_version, stage_id from raw_pipedrive.deal_flow_reads "
                "where read_at is not null order by 1"
            ),
        ]


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits here, neither for a repetition nor for the limits."""
    monkeypatch.setattr(session, "BACKOFF_SECONDS", 0)
    monkeypatch.setattr(limits, "BURST_RATE", Rate(10_000, 1))
    limits._limiter_of.cache_clear()


@pytest.fixture
def clock() -> StoppedClock:
    """Pipedrive's clock: noon, until a test turns it."""
    return StoppedClock(NOON)


Serve = Callable[[PipedriveSimulator], Account]
"""Serves an account for the rest of the test."""


@pytest.fixture
def serve(warehouse: Warehouse, clock: StoppedClock) -> Iterator[Serve]:
    exits: list[Callable[[], object]] = []

    def start(simulator: PipedriveSimulator) -> Account:
        served = serving(simulator)
        base_url = served.__enter__()
        exits.append(lambda: served.__exit__(None, None, None))
        return Account(simulator, base_url, warehouse, clock)

    yield start
    for leave in exits:
        leave()


@pytest.fixture
def state(clock: StoppedClock) -> PipedriveState:
    """Deals 1 to 4, a month old: 1 is open and moved, 2 won, 3 lost, 4 open where it began."""
    state = PipedriveState(clock=clock)
    for name, stages in (("Sales", ("Lead", "Quoted", "Ordered")), ("Making", ("Made",))):
        pipeline = state.add_pipeline(name, at=MONTH_AGO)
        for stage in stages:
            state.add_stage(pipeline.id, stage, at=MONTH_AGO)
    state.add_user("Ada Reed", "ada@example.com", at=MONTH_AGO)
    state.add_organization("One", 1, website="https://one.example.com", at=MONTH_AGO)
    for number in (1, 2, 3, 4):
        state.add_deal(f"Deal {number}", LEAD, 1, org_id=1, at=MONTH_AGO)
    for number in (1, 2, 3):
        state.move(number, QUOTED, at=MONTH_AGO + timedelta(days=number))
    state.win(2, at=MONTH_AGO + timedelta(days=10))
    state.lose(3, "Too dear", at=MONTH_AGO + timedelta(days=11))
    return state


@pytest.fixture
def account(serve: Serve, state: PipedriveState) -> Account:
    """That account."""
    return serve(PipedriveSimulator(state))
