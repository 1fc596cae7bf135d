"""HubSpot's records into `raw_hubspot`, with their rows in the ledger.

How far a load goes back
------------------------
A record's first load reads all of its kind, from the list. Later ones search for those that were
changed since a little before the last load *began*, by HubSpot's own clock (the `Date` of its first
answer), which stands in `raw_hubspot.read_until`. Not since the latest change that was seen: a load
takes a while, and a record that is read early and changed before the end of the load is older than
the latest change. And not by our clock, which may be ahead of HubSpot's.

The little before is `SEARCH_OVERLAP`: HubSpot's search sees a change some time after it was made.
A change made before a load began, and visible only after it, is found by the next one as long as it
took no longer than the overlap to show. What is read again is merged by id, and never puts an older
version over a later one. Should HubSpot once be later than that, `since` reads again from there.

A load of a kind of records of which more is asked for than the last time reads all of them again.

What is gone
------------
No search finds archived records, so their list is read every time. A record that should be on one
of the lists and is on neither is asked for by its id: a restored one is found so, which the search
need not do, since restoring is no change. One of which HubSpot says that it does not exist counts
as archived from then on, and so does one that was merged into another (see `merged`). Rows are
never deleted, but for associations: these have no life of their own, and are read for all contacts
and deals every time, since they come and go without a change of either record.

What was
--------
The history of some properties is read for the records that have changed, that are new, or that have
been archived since. HubSpot forgets all but the latest values; here they stay.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import psycopg
from dlt.extract import DltResource
from dlt.pipeline.exceptions import PipelineStepFailed
from psycopg import Connection, sql
from psycopg.rows import TupleRow

from ingestion.hubspot.errors import HubspotError, explained
from ingestion.hubspot.merged import find_merged_ids, give_up_merged
from ingestion.hubspot.objects import (
    ASSOCIATION_TYPES,
    CRM_OBJECTS,
    MERGED_IDS,
    OWNERS,
    PROPERTY_DEFINITIONS,
    PROPERTY_HISTORY,
    SCHEMA,
    TABLES,
    AssociationType,
    CrmObject,
)
from ingestion.hubspot.source import HubspotSource, Reading
from ingestion.ledger import Load, record
from ingestion.pipeline import fill_workbench
from ingestion.workbench import (
    RawTable,
    clear_away,
    merge,
    not_in_workbench,
    set_up,
    workbench_of,
)
from warehouse.database import Warehouse
from warehouse.locks import WarehouseLock
from warehouse.settings import Settings

SOURCE = "hubspot"
SEARCH_OVERLAP = timedelta(minutes=10)
"""How much later than it was made a change may show in HubSpot's search."""

_LOCK_TIMEOUT = "10s"


@dataclass(frozen=True, slots=True)
class TableLoad:
    """What a load has done to one table: `read = landed + known + incomplete`."""

    table: str
    """Without its schema."""
    read: int
    """Rows that came."""
    landed: int
    """Rows that are new or say something else now."""
    known: int
    """Rows that said what was known already, or less."""
    incomplete: int
    """Associations of records of which HubSpot did not tell all; these records keep theirs."""
    gone: int
    """Rows found to be no longer there: archived now, or, of associations, removed."""
    calls: int
    """Requests made, repeated ones included."""


@dataclass(frozen=True, slots=True)
class HubspotLoadSummary:
    """What a load of HubSpot has done."""

    tables: tuple[TableLoad, ...]
    """All tables of `raw_hubspot`, in a fixed order."""

    @property
    def records(self) -> int:
        """Rows that are new or say something else now."""
        return sum(table.landed for table in self.tables)

    @property
    def calls(self) -> int:
        """Requests made, repeated ones included."""
        return sum(table.calls for table in self.tables)

    def of(self, table: str) -> TableLoad:
        """What was done to a table of this name, such as `companies`."""
        return next(each for each in self.tables if each.table == table)


def ingest_hubspot(
    warehouse: Warehouse,
    settings: Settings,
    *,
    full: bool = False,
    since: datetime | None = None,
    overlap: timedelta = SEARCH_OVERLAP,
    on_progress: Callable[[int], None] | None = None,
) -> HubspotLoadSummary:
    """Bring `raw_hubspot` up to what the HubSpot account knows.

    Everything that a load reads lands in one transaction: when it fails, or dies, the tables are as
    they were before.

    Args:
        warehouse: migrated.
        settings: with the access token and the base URL.
        full: whether to read all records, not only those that have changed. Finds what HubSpot has
            deleted for ever.
        since: reads at least what has changed since then, with an offset.
        overlap: how far before the last load to look for changes that showed late.
        on_progress: called with the number of results read so far, after every page.

    Raises:
        SettingsError: when `HUBSPOT_ACCESS_TOKEN` is not set.
        HubspotError: when HubSpot refuses, stays silent or answers nonsense, when what it answers
            cannot land, or when another load is under way.
        WarehouseError: when the database does not answer.
    """
    started_at = datetime.now(UTC)
    token = settings.require_hubspot_token()
    base_url = settings.hubspot_base_url
    read = 0

    def on_page(results: int) -> None:
        nonlocal read
        read += results
        if on_progress is not None:
            on_progress(read)

    source = HubspotSource(base_url, settings.hubspot_paths, token, on_page)
    with warehouse.connect(autocommit=True) as connection:
        _be_alone(connection)
        try:
            set_up(connection, SCHEMA, TABLES)
            plans = [
                _plan(connection, crm_object, full=full, since=since, overlap=overlap)
                for crm_object in CRM_OBJECTS
            ]
            fill_workbench(
                warehouse, name=SOURCE, schema=workbench_of(SCHEMA), steps=_steps(source, plans)
            )
            with connection.transaction():
                return HubspotLoadSummary(tuple(_land(connection, source, started_at)))
        except (PipelineStepFailed, psycopg.Error) as error:
            raise explained(error, base_url) from error
        finally:
            # A database that is gone says so in the error above; the next load clears away.
            with suppress(psycopg.Error):
                clear_away(connection, SCHEMA)


@dataclass(frozen=True, slots=True)
class _Plan:
    """How one kind of records is to be read."""

    crm_object: CrmObject
    since: datetime | None
    """From which instant on changes are searched for; None reads all."""
    in_use: set[str]
    """Ids of the landed records that are not archived."""
    archived: set[str]
    """Ids of those that are, without those of which HubSpot knows nothing any more."""

    def doubtful(self, reading: Reading) -> set[str]:
        """Ids that should have come from one of the two lists and did not."""
        expected = self.archived if self.since else self.archived | self.in_use
        return expected - reading.in_use - reading.archived


def _be_alone(connection: Connection[TupleRow]) -> None:
    """Take the lock of a load; it is held until the connection is closed.

    Raises:
        HubspotError: when another load has it.
    """
    connection.execute(f"set lock_timeout = '{_LOCK_TIMEOUT}'")
    try:
        connection.execute("select pg_advisory_lock(%s)", [WarehouseLock.HUBSPOT_LOAD.value])
    except psycopg.errors.LockNotAvailable:
        raise HubspotError(
            "Another load of HubSpot is under way in this database: wait until it has ended."
        ) from None
    connection.execute("reset lock_timeout")


def _plan(
    connection: Connection[TupleRow],
    crm_object: CrmObject,
    *,
    full: bool,
    since: datetime | None,
    overlap: timedelta,
) -> _Plan:
    read_until = connection.execute(
        "select instant from raw_hubspot.read_until where object_type = %s and asked_for @> %s",
        [crm_object.name, sorted(crm_object.asked_for)],
    ).fetchone()
    start: datetime | None = None
    if read_until is not None and not full:
        start = read_until[0] - overlap
        start = start if since is None else min(start, since)
    known = connection.execute(
        sql.SQL("select id, archived from {} where missing_since is null").format(
            crm_object.table.target
        )
    ).fetchall()
    return _Plan(
        crm_object,
        start,
        in_use={id_ for id_, archived in known if not archived},
        archived={id_ for id_, archived in known if archived},
    )


def _steps(source: HubspotSource, plans: Sequence[_Plan]) -> Iterator[list[DltResource]]:
    """What to ask: the records, then the archived ones, then what depends on these.

    In this order a record that is archived meanwhile is seen as such, and one that is restored
    meanwhile is on neither list.
    """
    yield [
        *(each for plan in plans for each in source.records(plan.crm_object, plan.since)),
        *source.owners(),
        *source.property_definitions(CRM_OBJECTS),
    ]
    yield [each for plan in plans for each in source.archived_records(plan.crm_object)]

    doubtful: dict[str, set[str]] = {}
    to_associate: dict[str, set[str]] = {}
    histories: list[DltResource] = []
    for plan in plans:
        name = plan.crm_object.name
        reading = source.reading(plan.crm_object.table)
        doubtful[name] = plan.doubtful(reading)
        to_associate[name] = (plan.in_use | reading.in_use | doubtful[name]) - reading.archived
        read_anew = (reading.in_use | doubtful[name]) - reading.archived
        archived_since = reading.archived - plan.archived
        histories += source.histories(plan.crm_object, read_anew)
        histories += source.histories(plan.crm_object, archived_since, archived=True)
    yield [
        *(
            each
            for plan in plans
            for each in source.records_by_id(plan.crm_object, doubtful[plan.crm_object.name])
        ),
        *histories,
        *(
            each
            for kind in ASSOCIATION_TYPES
            for each in source.associations(kind, to_associate[kind.from_object.name])
        ),
    ]


def _land(
    connection: Connection[TupleRow], source: HubspotSource, started_at: datetime
) -> Iterator[TableLoad]:
    """Land all tables, in the transaction that is open; gives what was done to each."""

    def account(reading: Reading, path: str, outcome: _Outcome) -> TableLoad:
        known = reading.rows - outcome.landed - outcome.incomplete
        record(
            connection,
            Load(
                source=SOURCE,
                table_name=reading.table.full_name,
                place=f"{source.base_url}/{path}",
                rows_read=reading.rows,
                rows_accepted=outcome.landed,
                rows_rejected=outcome.incomplete,
                rows_duplicate=known,
                started_at=started_at,
            ),
        )
        return TableLoad(
            table=reading.table.name,
            read=reading.rows,
            landed=outcome.landed,
            known=known,
            incomplete=outcome.incomplete,
            gone=outcome.gone,
            calls=reading.meter.calls,
        )

    paths = source.paths
    merged_ids: dict[str, set[str]] = {}
    for crm_object in CRM_OBJECTS:
        reading = source.reading(crm_object.table)
        outcome = _land_records(connection, crm_object, reading)
        merged = find_merged_ids(connection, crm_object)
        merged_ids[crm_object.name] = merged
        given_up = give_up_merged(connection, crm_object, merged, reading.passed_over)
        outcome = replace(outcome, gone=outcome.gone + given_up)
        yield account(reading, paths.objects(crm_object.name), outcome)
    for table, path in ((OWNERS, paths.owners), (PROPERTY_DEFINITIONS, paths.all_properties)):
        yield account(source.reading(table), path, _land_whole_list(connection, table))
    for kind in ASSOCIATION_TYPES:
        reading = source.reading(kind.table)
        # A record that is no more has no associations, and nobody could be asked for them.
        no_more = source.reading(kind.from_object.table).missing | merged_ids[kind.from_object.name]
        answered = reading.answered | no_more
        path = paths.associations(kind.from_object.name, kind.to_object.name)
        yield account(reading, path, _land_associations(connection, kind, answered))
    source.reading(MERGED_IDS).rows = sum(map(len, merged_ids.values()))
    for table in (PROPERTY_HISTORY, MERGED_IDS):
        outcome = _Outcome(landed=merge(connection, table), gone=0)
        yield account(source.reading(table), paths.all_objects, outcome)


@dataclass(frozen=True, slots=True)
class _Outcome:
    """See `TableLoad`."""

    landed: int
    gone: int
    incomplete: int = 0


def _land_records(
    connection: Connection[TupleRow], crm_object: CrmObject, reading: Reading
) -> _Outcome:
    table = crm_object.table
    landed = merge(connection, table)
    gone = connection.execute(
        sql.SQL(
            "update {} set archived = true, missing_since = now() "
            "where missing_since is null and id = any(%s)"
        ).format(table.target),
        [list(reading.missing)],
    ).rowcount
    connection.execute(
        "insert into raw_hubspot.read_until (object_type, instant, asked_for) values (%s, %s, %s) "
        "on conflict (object_type) do update "
        "set instant = excluded.instant, asked_for = excluded.asked_for",
        [crm_object.name, reading.meter.first_answered_at, sorted(crm_object.asked_for)],
    )
    return _Outcome(landed, gone)


def _land_whole_list(connection: Connection[TupleRow], table: RawTable) -> _Outcome:
    """Land a table that is read completely every time: who does not come any more is archived."""
    landed = merge(connection, table)
    gone = connection.execute(
        sql.SQL("update {} set archived = true where not archived and {}").format(
            table.target, not_in_workbench(table)
        )
    ).rowcount
    return _Outcome(landed, gone)


def _land_associations(
    connection: Connection[TupleRow], kind: AssociationType, answered: set[str]
) -> _Outcome:
    """Put what came in the place of what was known, for the records that were answered for."""
    table = kind.table
    is_answered = sql.SQL("{} = any({})").format(
        sql.Identifier(kind.from_column), sql.Literal(sorted(answered))
    )
    incomplete = connection.execute(
        sql.SQL("select count(*) from {} where not ({})").format(table.source, is_answered)
    ).fetchone()
    gone = connection.execute(
        sql.SQL("delete from {} where {} and {}").format(
            table.target, is_answered, not_in_workbench(table)
        )
    ).rowcount
    landed = merge(connection, table, only=is_answered)
    return _Outcome(landed, gone, incomplete[0] if incomplete else 0)
