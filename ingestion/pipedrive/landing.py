"""Pipedrive's records into `raw_pipedrive`, with their rows in the ledger.

A load has two parts. The lists (deals, pipelines, stages, users, organizations) land together in
one transaction, and with them which deals have changed, so that their flows are to be read
(`ingestion.pipedrive.flows`). Then the flows are read, deal by deal. So the mark from which the
next load goes on, `raw_pipedrive.read_until`, moves only when everything behind it is either in the
raw tables or known to be waiting.

How far a load goes back
------------------------
The first load reads all deals, later ones those that were changed since a little before the last
one *began*, by Pipedrive's own clock. Archived deals, and those that were deleted in the last 30
days, are read completely every time: these lists are short, and that a deal is archived need not
count as a change of it.

Flows cost twenty tokens each, of thirty thousand a day: the first load reads those of open deals.
Deals that were closed before are the backfill's (`ingestion.pipedrive.backfill`).

What is gone
------------
A deal that should be on one of the lists and is on none is asked for by its id. One of which
Pipedrive says nothing then counts as deleted from then on. No row is ever deleted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial

from dlt.extract import DltResource
from psycopg import Connection, sql
from psycopg.rows import TupleRow

from ingestion.api.errors import Vendor
from ingestion.api.load import Landing, Outcome, StoppedTablesError, workbench_load
from ingestion.api.summary import LoadSummary
from ingestion.pipedrive.errors import PipedriveError, pipedrive_at
from ingestion.pipedrive.flows import FlowReader, OnFlow, read_flows
from ingestion.pipedrive.limits import TokenBudget
from ingestion.pipedrive.objects import DEALS, DEALS_PATH, SCHEMA, TABLES, WHOLE_LISTS
from ingestion.pipedrive.source import PipedriveReading, PipedriveSource
from ingestion.pipeline import fill_workbench
from ingestion.workbench import merge, workbench_of
from warehouse.database import Warehouse
from warehouse.locks import WarehouseLock
from warehouse.settings import Settings

SOURCE = "pipedrive"
OVERLAP = timedelta(minutes=10)
"""How much later than it was made a change may show in Pipedrive's lists."""

_IN_USE = sql.SQL("not is_deleted")


class FlowsBehindError(StoppedTablesError):
    """Flows of deals wait for API tokens, could not be read, or contradict what has landed.

    All tables have landed, and the next load reads those flows.
    """


@dataclass(frozen=True, slots=True)
class OpenLoad:
    """A load that is alone, with what all of its parts need."""

    warehouse: Warehouse
    connection: Connection[TupleRow]
    """In autocommit, with the lock of a load."""
    vendor: Vendor
    token: str
    budget: TokenBudget
    started_at: datetime

    def read_flows(
        self, deal_ids: Sequence[str], *, in_bulk: bool, on_flow: OnFlow | None
    ) -> LoadSummary:
        """Read flows; a sentence for whatever somebody has to know of is in `stopped`.

        Raises:
            PipedriveError: see `flows.read_flows`.
        """
        reader = FlowReader(self.vendor, self.token, self.budget, in_bulk=in_bulk)
        outcome = read_flows(self.connection, reader, self.vendor, deal_ids, on_flow)
        return LoadSummary((outcome.table_load(),), tuple(outcome.sentences()))


def ingest_pipedrive(
    warehouse: Warehouse,
    settings: Settings,
    *,
    full: bool = False,
    since: datetime | None = None,
    overlap: timedelta = OVERLAP,
    allow_shrinking: bool = False,
    on_progress: Callable[[int], None] | None = None,
    on_flow: OnFlow | None = None,
) -> LoadSummary:
    """Bring `raw_pipedrive` up to what the Pipedrive account knows.

    Args:
        warehouse: migrated.
        settings: with the API token, the base URL and the token budget.
        full: whether to read all deals, not only those that have changed. Finds what Pipedrive has
            deleted for ever while nobody looked.
        since: reads at least what has changed since then, with an offset.
        overlap: how far before the last load to look for changes that showed late.
        allow_shrinking: whether more than half of a table's rows may be found to be gone.
        on_progress: called with the number of records read so far, after every page of a list.
        on_flow: called after every flow with how many are done, and of how many.

    Raises:
        SettingsError: when `PIPEDRIVE_API_TOKEN` is not set.
        StoppedTablesError: when tables were not loaded, since their records have changed their
            shape, or since they would shrink too much. The rest has landed. `FlowsBehindError`
            when it is only flows that are not there.
        PipedriveError: when Pipedrive refuses, stays silent or answers nonsense, when what it
            answers cannot land, or when another load is under way.
        WarehouseError: when the database does not answer.
    """
    with open_load(warehouse, settings) as load:
        lists = load_lists(
            load,
            full=full,
            since=since,
            overlap=overlap,
            allow_shrinking=allow_shrinking,
            on_progress=on_progress,
        )
        flows = load.read_flows(_due(load.connection), in_bulk=True, on_flow=on_flow)
    return _whole(lists, flows)


def ingest_pipedrive_deals(
    warehouse: Warehouse,
    settings: Settings,
    deal_ids: Sequence[str],
    *,
    on_flow: OnFlow | None = None,
) -> LoadSummary:
    """Read single deals with their flows, at once and whatever is known of them.

    Args:
        warehouse: migrated.
        settings: as for `ingest_pipedrive`; all tokens of the day may be used.
        deal_ids: in digits.
        on_flow: called after every flow with how many are done, and of how many.

    Raises:
        StoppedTablesError: as of `ingest_pipedrive`; also when Pipedrive has no such deal.
        PipedriveError: as of `ingest_pipedrive`; also when an id is no number.
        SettingsError: when `PIPEDRIVE_API_TOKEN` is not set.
        WarehouseError: when the database does not answer.
    """
    strange = [deal_id for deal_id in deal_ids if not (deal_id.isascii() and deal_id.isdigit())]
    if strange:
        raise PipedriveError("Ids of deals are numbers, as in the address of the deal's page.")
    wanted = sorted(set(deal_ids), key=int)
    with open_load(warehouse, settings) as load:
        source = PipedriveSource(load.vendor, load.token, load.budget, lambda _: None)
        fill_workbench(
            load.warehouse,
            name=SOURCE,
            schema=workbench_of(SCHEMA),
            steps=[source.deals_by_id(wanted)],
        )
        reading = source.reading(DEALS)
        missing = [deal_id for deal_id in wanted if deal_id not in reading.seen]
        landing = Landing(load.connection, load.vendor, SOURCE, load.started_at)
        with load.connection.transaction():
            landing.land(reading, DEALS_PATH, partial(_land_deals, landing, missing))
        deals = landing.told
        found = [deal_id for deal_id in wanted if deal_id in reading.seen and not deals.stopped]
        flows = load.read_flows(found, in_bulk=False, on_flow=on_flow)
    if missing:
        unknown = (
            f"Pipedrive has no deal {' and no deal '.join(missing)}: look up the number in the "
            "address of the deal's page."
        )
        deals = LoadSummary(deals.tables, (*deals.stopped, unknown))
    return _whole(deals, flows)


@contextmanager
def open_load(warehouse: Warehouse, settings: Settings) -> Iterator[OpenLoad]:
    """Be the only load of Pipedrive, and count its tokens.

    Raises:
        SettingsError: when `PIPEDRIVE_API_TOKEN` is not set.
        PipedriveError: when another load is under way, or the database refuses something.
        WarehouseError: when the database does not answer.
    """
    token = settings.require_pipedrive_token()
    vendor = pipedrive_at(settings.pipedrive_base_url)
    with (
        workbench_load(
            warehouse,
            vendor,
            schema=SCHEMA,
            tables=TABLES,
            lock=WarehouseLock.PIPEDRIVE_LOAD.value,
        ) as connection,
        budget_of(warehouse, settings, token) as budget,
    ):
        yield OpenLoad(warehouse, connection, vendor, token, budget, datetime.now(UTC))


@contextmanager
def budget_of(warehouse: Warehouse, settings: Settings, token: str) -> Iterator[TokenBudget]:
    """The account's token budget, counted in this warehouse.

    Raises:
        WarehouseError: when the database does not answer.
    """
    with warehouse.connect(autocommit=True) as connection:
        yield TokenBudget(
            connection,
            account=f"{settings.pipedrive_base_url} {token}",
            daily_tokens=settings.pipedrive_daily_tokens,
            share=settings.pipedrive_token_share,
        )


def load_lists(
    load: OpenLoad,
    *,
    full: bool = False,
    since: datetime | None = None,
    overlap: timedelta = OVERLAP,
    allow_shrinking: bool = False,
    on_progress: Callable[[int], None] | None = None,
) -> LoadSummary:
    """Land all lists; the arguments are those of `ingest_pipedrive`.

    Returns:
        What has landed; a sentence for each table that has not is in `stopped`.

    Raises:
        PipedriveError: see `ingest_pipedrive`.
    """
    read = 0

    def on_page(records: int) -> None:
        nonlocal read
        read += records
        if on_progress is not None:
            on_progress(read)

    source = PipedriveSource(load.vendor, load.token, load.budget, on_page)
    plan = _plan(load.connection, full=full, since=since, overlap=overlap)
    fill_workbench(
        load.warehouse, name=SOURCE, schema=workbench_of(SCHEMA), steps=_steps(source, plan)
    )
    landing = Landing(load.connection, load.vendor, SOURCE, load.started_at, allow_shrinking)
    with load.connection.transaction():
        reading = source.reading(DEALS)
        landing.land(reading, DEALS_PATH, partial(_land_all_deals, landing, plan, reading))
        for each in WHOLE_LISTS:
            landing.land(
                source.reading(each.table), each.path, partial(landing.whole_list, each.table)
            )
    return landing.told


def _whole(lists: LoadSummary, flows: LoadSummary) -> LoadSummary:
    """Both parts of a load as one.

    Raises:
        StoppedTablesError: when one of them has something to tell.
    """
    summary = LoadSummary(lists.tables + flows.tables, lists.stopped + flows.stopped)
    if lists.stopped:
        raise StoppedTablesError(summary)
    if flows.stopped:
        raise FlowsBehindError(summary)
    return summary


@dataclass(frozen=True, slots=True)
class _Plan:
    """How deals are to be read."""

    since: datetime | None
    """From which instant on changes are looked for; None reads all."""
    is_first: bool
    """Whether no load has landed deals before."""
    in_use: frozenset[str]
    """Ids of the landed deals that are neither archived nor deleted."""
    put_away: frozenset[str]
    """Ids of the others, without those of which Pipedrive knows nothing any more."""

    def doubtful(self, reading: PipedriveReading) -> set[str]:
        """Ids that should have come with one of the lists and did not."""
        expected = self.put_away if self.since else self.put_away | self.in_use
        return set(expected - reading.seen)


def _plan(
    connection: Connection[TupleRow],
    *,
    full: bool,
    since: datetime | None,
    overlap: timedelta,
) -> _Plan:
    read_until = connection.execute(
        "select instant from raw_pipedrive.read_until where object_type = 'deals'"
    ).fetchone()
    start: datetime | None = None
    if read_until is not None and not full:
        start = read_until[0] - overlap
        start = start if since is None else min(start, since)
    known = connection.execute(
        "select id, is_archived or is_deleted from raw_pipedrive.deals where missing_since is null"
    ).fetchall()
    return _Plan(
        since=start,
        is_first=read_until is None,
        in_use=frozenset(id_ for id_, is_put_away in known if not is_put_away),
        put_away=frozenset(id_ for id_, is_put_away in known if is_put_away),
    )


def _steps(source: PipedriveSource, plan: _Plan) -> Iterator[list[DltResource]]:
    """What to ask: the lists, then what was put away, then what depends on these.

    In this order a deal that is put away meanwhile is seen as such, and one that is taken out again
    meanwhile is on no list, and asked for.
    """
    yield [
        *source.deals(plan.since),
        *(resource for each in WHOLE_LISTS for resource in source.whole_list(each)),
    ]
    yield source.put_away_deals()
    yield source.deals_by_id(plan.doubtful(source.reading(DEALS)))


def _land_all_deals(landing: Landing, plan: _Plan, reading: PipedriveReading) -> Outcome:
    before = landing.rows(DEALS, _IN_USE)
    missing = sorted(plan.doubtful(reading))
    _note_due_flows(landing.connection, is_first=plan.is_first)
    outcome = _land_deals(landing, missing)
    landing.connection.execute(
        "insert into raw_pipedrive.read_until values ('deals', %s) "
        "on conflict (object_type) do update set instant = excluded.instant",
        [reading.meter.first_answered_at],
    )
    landing.check_shrinking(DEALS, before=before, after=landing.rows(DEALS, _IN_USE))
    return outcome


def _land_deals(landing: Landing, missing: Sequence[str]) -> Outcome:
    landed = merge(landing.connection, DEALS)
    gone = landing.connection.execute(
        "update raw_pipedrive.deals set is_deleted = true, missing_since = now() "
        "where missing_since is null and id = any(%s)",
        [list(missing)],
    ).rowcount
    return Outcome(landed, gone)


def _note_due_flows(connection: Connection[TupleRow], *, is_first: bool) -> None:
    """Let the flows of deals that are new or have changed wait to be read.

    A deal may be moved twice in the second that its time of change is told to. One that was only
    put into the archive has not changed. In the first load all deals are new; of these only the
    open ones.
    """
    connection.execute(
        sql.SQL(
            """
            insert into raw_pipedrive.deal_flow_reads as reads (deal_id, due_since)
            select distinct sent.id, now()
            from {} as sent
            left join raw_pipedrive.deals as landed on sent.id = landed.id
            where
                landed.updated_at < sent.updated_at
                or (
                    landed.updated_at = sent.updated_at
                    and (landed.pipeline_id, landed.stage_id, landed.status)
                    <> (sent.pipeline_id, sent.stage_id, sent.status)
                )
                or (landed.id is null and (sent.status = 'open' or not %s))
            on conflict (deal_id) do update
            set due_since = coalesce(reads.due_since, excluded.due_since)
            """
        ).format(DEALS.source),
        [is_first],
    )


def _due(connection: Connection[TupleRow]) -> list[str]:
    """The deals whose flows wait, the longest first."""
    return [
        deal_id
        for (deal_id,) in connection.execute(
            "select deal_id from raw_pipedrive.deal_flow_reads where due_since is not null "
            "order by due_since, length(deal_id), deal_id"
        )
    ]
