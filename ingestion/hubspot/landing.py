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
So does one that asks for more properties than a search has room for.

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
been archived since. HubSpot forgets all but the latest values; here they stay. When no histories
could be landed, the next load reads all records again.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from types import MappingProxyType

from dlt.extract import DltResource
from psycopg import Connection, sql
from psycopg.rows import TupleRow

from ingestion.api.load import Landing, Outcome, workbench_load
from ingestion.api.summary import LoadSummary
from ingestion.hubspot.errors import hubspot_at
from ingestion.hubspot.merged import find_merged_ids, give_up_merged
from ingestion.hubspot.objects import (
    ASSOCIATION_TYPES,
    COMPANIES,
    MERGED_IDS,
    OWNERS,
    PROPERTY_DEFINITIONS,
    PROPERTY_HISTORY,
    SCHEMA,
    TABLES,
    AssociationType,
    CrmObject,
    crm_objects_reading,
)
from ingestion.hubspot.paging import ChangedSince
from ingestion.hubspot.source import HubspotReading, HubspotSource
from ingestion.pipeline import fill_workbench
from ingestion.workbench import RawTable, merge, not_in_workbench, workbench_of
from warehouse.database import Warehouse
from warehouse.locks import WarehouseLock
from warehouse.settings import Settings

SOURCE = "hubspot"
SEARCH_OVERLAP = timedelta(minutes=10)
"""How much later than it was made a change may show in HubSpot's search."""


def ingest_hubspot(
    warehouse: Warehouse,
    settings: Settings,
    *,
    full: bool = False,
    since: datetime | None = None,
    overlap: timedelta = SEARCH_OVERLAP,
    allow_shrinking: bool = False,
    also_read: Mapping[str, Collection[str]] = MappingProxyType({}),
    on_progress: Callable[[int], None] | None = None,
) -> LoadSummary:
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
        allow_shrinking: whether more than half of a table's rows may be found to be gone.
        also_read: further properties, by kind of record as in paths (`companies`), such as those
            that syncs write. One that the account does not have is passed over.
        on_progress: called with the number of results read so far, after every page.

    Raises:
        SettingsError: when `HUBSPOT_ACCESS_TOKEN` is not set.
        StoppedTablesError: when tables were not loaded, since their records have changed their
            shape, or since they would shrink too much; the others have landed.
        HubspotError: when HubSpot refuses, stays silent or answers nonsense, when what it answers
            cannot land, or when another load is under way.
        WarehouseError: when the database does not answer.
    """
    started_at = datetime.now(UTC)
    token = settings.require_hubspot_token()
    vendor = hubspot_at(settings.hubspot_base_url)
    read = 0

    def on_page(results: int) -> None:
        nonlocal read
        read += results
        if on_progress is not None:
            on_progress(read)

    source = HubspotSource(vendor, settings.hubspot_paths, token, on_page)
    with workbench_load(
        warehouse, vendor, schema=SCHEMA, tables=TABLES, lock=WarehouseLock.HUBSPOT_LOAD
    ) as connection:
        # Filters may look at any property.
        filtered = {each.property for each in settings.company_filters}
        also_read = {**also_read, COMPANIES.name: filtered.union(also_read.get(COMPANIES.name, ()))}
        plans = [
            _plan(connection, crm_object, full=full, since=since, overlap=overlap)
            for crm_object in crm_objects_reading(also_read)
        ]
        fill_workbench(
            warehouse, name=SOURCE, schema=workbench_of(SCHEMA), steps=_steps(source, plans)
        )
        landing = Landing(connection, vendor, SOURCE, started_at, allow_shrinking)
        with connection.transaction():
            _land(landing, source, [plan.crm_object for plan in plans])
    return landing.summary()


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

    def doubtful(self, reading: HubspotReading) -> set[str]:
        """Ids that should have come from one of the two lists and did not."""
        expected = self.archived if self.since else self.archived | self.in_use
        return expected - reading.in_use - reading.archived


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
        changed_since = read_until[0] - overlap
        changed_since = changed_since if since is None else min(changed_since, since)
        start = changed_since if ChangedSince(crm_object, changed_since).is_possible else None
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
        *source.property_definitions([plan.crm_object for plan in plans]),
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
        archived_since = reading.archived - (plan.archived if plan.since else set())
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


def _land(landing: Landing, source: HubspotSource, crm_objects: Sequence[CrmObject]) -> None:
    """Land all tables, in the transaction that is open."""
    paths = source.paths
    merged_ids: dict[str, set[str]] = {}
    for crm_object in crm_objects:
        merged_ids[crm_object.name] = set()
        landing.land(
            source.reading(crm_object.table),
            paths.objects(crm_object.name),
            partial(_land_records, landing, source, crm_object, merged_ids[crm_object.name]),
        )
    for table, path in ((OWNERS, paths.owners), (PROPERTY_DEFINITIONS, paths.all_properties)):
        landing.land(source.reading(table), path, partial(landing.whole_list, table))
    for kind in ASSOCIATION_TYPES:
        from_object = kind.from_object
        reading = source.reading(kind.table)
        # A record that is no more has no associations, and nobody could be asked for them.
        no_more = source.reading(from_object.table).missing | merged_ids[from_object.name]
        landing.land(
            reading,
            paths.associations(from_object.name, kind.to_object.name),
            partial(_land_associations, landing, kind, reading.answered | no_more),
        )
    source.reading(MERGED_IDS).rows = sum(map(len, merged_ids.values()))
    for table in (PROPERTY_HISTORY, MERGED_IDS):
        landing.land(source.reading(table), paths.all_objects, partial(_land_more, landing, table))


def _land_records(
    landing: Landing, source: HubspotSource, crm_object: CrmObject, merged_ids: set[str]
) -> Outcome:
    """Land records; `merged_ids` receives the ids of those that were merged into others."""
    connection, table = landing.connection, crm_object.table
    reading = source.reading(table)
    landed = merge(connection, table)
    missing = connection.execute(
        sql.SQL(
            "update {} set archived = true, missing_since = now() "
            "where missing_since is null and id = any(%s)"
        ).format(table.target),
        [list(reading.missing)],
    ).rowcount
    merged_ids |= find_merged_ids(connection, crm_object)
    given_up = give_up_merged(connection, crm_object, merged_ids, reading.passed_over)
    histories_land = source.reading(PROPERTY_HISTORY).changed is None
    connection.execute(
        "insert into raw_hubspot.read_until (object_type, instant, asked_for) values (%s, %s, %s) "
        "on conflict (object_type) do update "
        "set instant = excluded.instant, asked_for = excluded.asked_for",
        [
            crm_object.name,
            reading.meter.first_answered_at,
            sorted(crm_object.asked_for) if histories_land else [],
        ],
    )
    return Outcome(landed, missing + given_up)


def _land_more(landing: Landing, table: RawTable) -> Outcome:
    """Land a table that only ever grows."""
    return Outcome(merge(landing.connection, table))


def _land_associations(landing: Landing, kind: AssociationType, answered: set[str]) -> Outcome:
    """Put what came in the place of what was known, for the records that were answered for."""
    table, connection = kind.table, landing.connection
    is_answered = sql.SQL("{} = any({})").format(
        sql.Identifier(kind.from_column), sql.Literal(sorted(answered))
    )
    before = landing.rows(table)
    incomplete = connection.execute(
        sql.SQL("select count(*) from {} where not ({})").format(table.source, is_answered)
    ).fetchone()
    gone = connection.execute(
        sql.SQL("delete from {} where {} and {}").format(
            table.target, is_answered, not_in_workbench(table)
        )
    ).rowcount
    landed = merge(connection, table, only=is_answered)
    landing.check_shrinking(table, before=before, after=landing.rows(table))
    return Outcome(landed, gone, incomplete[0] if incomplete else 0)
