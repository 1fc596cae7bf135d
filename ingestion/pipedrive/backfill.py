"""Flows of deals that were closed before Millrace looked (spec/flow.md, Facts).

A backfill is a list of deals that gets shorter: those closed in the last days whose flow was not
read since they last changed. So it goes on where it ended, whether it was done, was killed, or had
no tokens left.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from ingestion.api.summary import LoadSummary
from ingestion.pipedrive.errors import PipedriveError
from ingestion.pipedrive.flows import FlowReader, FlowsRead, OnFlow, read_flows
from ingestion.pipedrive.landing import OpenLoad, load_lists, open_load
from warehouse.database import Warehouse
from warehouse.settings import Settings

DEFAULT_DAYS = 90


@dataclass(frozen=True, slots=True)
class BackfillSummary:
    """What a backfill has done."""

    lists: LoadSummary
    """The deals, pipelines, ..., which are brought up to date first."""
    closed: int
    """Deals that were closed in the days asked for."""
    done_before: int
    """Those of them whose flow had been read already."""
    flows: FlowsRead
    tokens: int
    """What it has cost, the lists included."""

    @property
    def is_complete(self) -> bool:
        """Whether the flow of every closed deal is there."""
        return self.flows.done == self.flows.wanted


class UnfinishedBackfillError(PipedriveError):
    """Some flows could not be read, or wait for tokens; all others have landed.

    Attributes:
        summary: what was done.
    """

    exit_code = 3
    """Of the command: it is to be run again, and nothing has to be put right before."""

    def __init__(self, summary: BackfillSummary) -> None:
        sentences = [*summary.lists.stopped, *summary.flows.sentences()]
        if summary.flows.goes_on_at is not None:
            sentences[len(summary.lists.stopped)] = (
                f"The backfill has stopped before Pipedrive's API tokens of today were spent, with "
                f"{summary.flows.waiting:,} of {summary.flows.wanted:,} flows to go: run it again "
                f"after {summary.flows.goes_on_at:%Y-%m-%d %H:%M} UTC, and it goes on from here."
            )
        super().__init__(" ".join(sentences))
        self.summary = summary


def backfill_pipedrive(
    warehouse: Warehouse,
    settings: Settings,
    *,
    days: int = DEFAULT_DAYS,
    on_progress: Callable[[int], None] | None = None,
    on_flow: OnFlow | None = None,
) -> BackfillSummary:
    """Read the flows of deals that were won or lost in the last days, the latest first.

    Args:
        warehouse: migrated.
        settings: with the API token, the base URL and the token budget, of which flows use no more
            than `PIPEDRIVE_TOKEN_SHARE` in a day.
        days: how many times 24 hours before now, by Pipedrive's clock.
        on_progress: called with the number of records read so far, after every page of a list.
        on_flow: called after every flow with how many are done, and of how many.

    Raises:
        UnfinishedBackfillError: when flows wait for tokens, or could not be read; run it again.
        PipedriveError: when Pipedrive refuses, stays silent or answers nonsense, or when another
            load is under way. What was read until then has landed.
        SettingsError: when `PIPEDRIVE_API_TOKEN` is not set.
        WarehouseError: when the database does not answer.
    """
    with open_load(warehouse, settings) as load:
        lists = load_lists(load, on_progress=on_progress)
        closed = _closed(load, days)
        waiting = [deal.deal_id for deal in closed if not deal.is_read]
        reader = FlowReader(load.vendor, load.token, load.budget, in_bulk=True)
        flows = read_flows(load.connection, reader, load.vendor, waiting, on_flow)
        summary = BackfillSummary(
            lists=lists,
            closed=len(closed),
            done_before=len(closed) - len(waiting),
            flows=flows,
            tokens=load.budget.spent,
        )
    if lists.stopped or not summary.is_complete or flows.contradicting:
        raise UnfinishedBackfillError(summary)
    return summary


@dataclass(frozen=True, slots=True)
class _ClosedDeal:
    deal_id: str
    is_read: bool


def _closed(load: OpenLoad, days: int) -> list[_ClosedDeal]:
    """The deals that were closed since so many days, in an order that stays as it is."""
    since: datetime = load.budget.now() - timedelta(days=days)
    return [
        _ClosedDeal(deal_id, is_read)
        for deal_id, is_read in load.connection.execute(
            """
            select
                deals.id,
                coalesce(reads.read_version >= deals.updated_at and reads.due_since is null, false)
            from raw_pipedrive.deals
            left join raw_pipedrive.deal_flow_reads as reads on deals.id = reads.deal_id
            where deals.status in ('won', 'lost') and not deals.is_deleted and deals.closed_at >= %s
            order by deals.closed_at desc, length(deals.id), deals.id
            """,
            [since],
        )
    ]
