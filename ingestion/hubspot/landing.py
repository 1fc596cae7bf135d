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

What is gone
------------
No search finds archived records, so their list is read every time. A record that should be on one
of the lists and is on neither is asked for by its id: a restored one is found so, which the search
need not do, since restoring is no change. One of which HubSpot says that it does not exist counts
as archived from then on. Rows are never deleted, but for associations: these have no life of their
own, and are read for all contacts every time, since they come and go without a change of either
record.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial

from dlt.extract import DltResource
from psycopg import Connection, sql
from psycopg.rows import TupleRow

from ingestion.api.load import Landing, Outcome, workbench_load
from ingestion.api.summary import LoadSummary
from ingestion.hubspot.errors import hubspot_at
from ingestion.hubspot.objects import (
    ASSOCIATION_TYPES,
    CRM_OBJECTS,
    OWNERS,
    OWNERS_PATH,
    PROPERTIES_PATH,
    PROPERTY_DEFINITIONS,
    SCHEMA,
    TABLES,
    AssociationType,
    CrmObject,
)
from ingestion.hubspot.source import HubspotReading, HubspotSource
from ingestion.pipeline import fill_workbench
from ingestion.workbench import merge, not_in_workbench, workbench_of
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
    on_progress: Callable[[int], None] | None = None,
) -> LoadSummary:
    """Bring `raw_hubspot` up to what the HubSpot account knows.

    Everything that a load reads lands in one transaction: when it fails, or dies, the tables are as
    they were before.

    Args:
        warehouse: migrated.
        settings: with the access token and the base URL.
        full: whether to read all records, not only those that have changed. Finds what HubSpot has
            deleted for ever; needed once after the list of properties to read has grown.
        since: reads at least what has changed since then, with an offset.
        overlap: how far before the last load to look for changes that showed late.
        allow_shrinking: whether more than half of a table's rows may be found to be gone.
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

    source = HubspotSource(vendor, token, on_page)
    with workbench_load(
        warehouse, vendor, schema=SCHEMA, tables=TABLES, lock=WarehouseLock.HUBSPOT_LOAD
    ) as connection:
        plans = [
            _plan(connection, crm_object, full=full, since=since, overlap=overlap)
            for crm_object in CRM_OBJECTS
        ]
        fill_workbench(
            warehouse, name=SOURCE, schema=workbench_of(SCHEMA), steps=_steps(source, plans)
        )
        landing = Landing(connection, vendor, SOURCE, started_at, allow_shrinking)
        with connection.transaction():
            _land(landing, source)
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
        "select instant from raw_hubspot.read_until where object_type = %s", [crm_object.name]
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
    for plan in plans:
        name = plan.crm_object.name
        reading = source.reading(plan.crm_object.table)
        doubtful[name] = plan.doubtful(reading)
        to_associate[name] = (plan.in_use | reading.in_use | doubtful[name]) - reading.archived
    yield [
        *(
            each
            for plan in plans
            for each in source.records_by_id(plan.crm_object, doubtful[plan.crm_object.name])
        ),
        *(
            each
            for kind in ASSOCIATION_TYPES
            for each in source.associations(kind, to_associate[kind.from_object.name])
        ),
    ]


def _land(landing: Landing, source: HubspotSource) -> None:
    """Land all tables, in the transaction that is open."""
    for crm_object in CRM_OBJECTS:
        reading = source.reading(crm_object.table)
        landing.land(reading, crm_object.path, partial(_land_records, landing, crm_object, reading))
    for table, path in ((OWNERS, OWNERS_PATH), (PROPERTY_DEFINITIONS, PROPERTIES_PATH)):
        landing.land(source.reading(table), path, partial(landing.whole_list, table))
    for kind in ASSOCIATION_TYPES:
        reading = source.reading(kind.table)
        # A record that is no more has no associations, and nobody could be asked for them.
        answered = reading.answered | source.reading(kind.from_object.table).missing
        landing.land(reading, kind.path, partial(_land_associations, landing, kind, answered))


def _land_records(landing: Landing, crm_object: CrmObject, reading: HubspotReading) -> Outcome:
    table = crm_object.table
    landed = merge(landing.connection, table)
    gone = landing.connection.execute(
        sql.SQL(
            "update {} set archived = true, missing_since = now() "
            "where missing_since is null and id = any(%s)"
        ).format(table.target),
        [list(reading.missing)],
    ).rowcount
    landing.connection.execute(
        "insert into raw_hubspot.read_until values (%s, %s) "
        "on conflict (object_type) do update set instant = excluded.instant",
        [crm_object.name, reading.meter.first_answered_at],
    )
    return Outcome(landed, gone)


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
