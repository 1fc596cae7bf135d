"""Yobi's figures of a week into `raw_yobi`, with their rows in the ledger.

What a week was
---------------
Asked for is the last week that is over at `as_of` (`week`), metric by metric: as `lastWeek`, which
may not exist, else as the days of a longer period. All rows of one metric that were read at once
are a version of it (`read_at`). A later load that reads the same is no new version, it moves
`last_read_at` of `raw_yobi.week_readings`; one that reads anything else is, so that what was
published of a week can always be told from what is known of it now. The latest version counts.

Of which tenants a version does not know the metric stands in `raw_yobi.missing_metrics`: they are
on the list of tenants and absent from the answer, or have no trend where one is needed. Nothing
stands for what is missing, no zero either.

All or nothing
--------------
A load that cannot read all three metrics as they must be read lands nothing at all: a week of which
two metrics are new is worse than none (spec/engagement.md, Publish, fail fast).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from zoneinfo import ZoneInfo

from dlt.extract import DltResource
from psycopg import Connection, sql
from psycopg.rows import TupleRow

from ingestion.api.load import Landing, Outcome, StoppedTablesError, workbench_load
from ingestion.api.summary import LoadSummary
from ingestion.pipeline import fill_workbench
from ingestion.workbench import merge, workbench_of
from ingestion.yobi.errors import YobiError, yobi_at
from ingestion.yobi.objects import (
    LOCATIONS,
    LOCATIONS_PATH,
    METRICS,
    SCHEMA,
    TABLES,
    TENANTS,
    TENANTS_PATH,
    Metric,
)
from ingestion.yobi.source import Wish, YobiReading, YobiSource
from ingestion.yobi.week import Week, periods_for
from warehouse.database import Warehouse
from warehouse.locks import WarehouseLock
from warehouse.settings import Settings

SOURCE = "yobi"


def ingest_yobi(
    warehouse: Warehouse,
    settings: Settings,
    *,
    as_of: datetime | None = None,
    allow_shrinking: bool = False,
    on_progress: Callable[[int], None] | None = None,
) -> LoadSummary:
    """Bring `raw_yobi` up to what Yobi knows of its tenants, and of the last whole week.

    Everything lands in one transaction, or nothing does.

    Args:
        warehouse: migrated.
        settings: with Yobi's address and login, the zone of the job, and the internal domains.
        as_of: the last week that is over then is read, as long as Yobi still tells of it; with an
            offset. None: now, by Yobi's clock.
        allow_shrinking: whether more than half of the tenants or locations may be found to be gone.
        on_progress: called with the number of entries read so far, after every answer.

    Raises:
        SettingsError: when the login or the address is not set.
        YobiError: when Yobi refuses, stays silent or answers otherwise than a week needs, when a
            list would shrink too much, or when another load is under way.
        WarehouseError: when the database does not answer.
    """
    started_at = datetime.now(UTC)
    login = settings.require_yobi_login()
    vendor = yobi_at(login.base_url)
    read = 0

    def on_page(entries: int) -> None:
        nonlocal read
        read += entries
        if on_progress is not None:
            on_progress(read)

    source = YobiSource(vendor, login, on_page)
    with workbench_load(
        warehouse, vendor, schema=SCHEMA, tables=TABLES, lock=WarehouseLock.YOBI_LOAD
    ) as connection:
        source.auth.log_in()
        now, zone = source.auth.now, ZoneInfo(settings.job_timezone)
        week = Week.before(as_of or now, zone)
        periods = periods_for(week, now.astimezone(zone).date())
        if not periods:
            raise YobiError.about_a_week_untold(week)
        wish = Wish(week, started_at, settings.internal_yobi_domains)
        fill_workbench(
            warehouse,
            name=SOURCE,
            schema=workbench_of(SCHEMA),
            steps=_steps(source, periods, wish),
        )
        _check_contracts(source)
        landing = Landing(connection, vendor, SOURCE, started_at, allow_shrinking)
        try:
            with connection.transaction():
                _land(landing, source, wish)
                summary = landing.summary()
        except StoppedTablesError as error:
            raise YobiError(str(error)) from None
    return replace(summary, notes=tuple(_notes(source, wish)))


def _notes(source: YobiSource, wish: Wish) -> Iterator[str]:
    """What a person should know of a load that has landed."""
    untold = [
        metric.name for metric in METRICS if not source.reading(metric.table).has_user_figures
    ]
    if wish.internal_domains and untold:
        yield (
            f"INTERNAL_YOBI_USER_EMAIL_DOMAINS is without effect on {' and '.join(untold)}, which "
            "Yobi does not break down by user."
        )


def _steps(source: YobiSource, periods: list[str], wish: Wish) -> Iterator[list[DltResource]]:
    """What to ask: the lists and the first period, then the next one where that was refused.

    Raises:
        YobiError: when no period is left.
    """
    lists = [*source.tenants(), *source.locations()]
    for period in periods:
        waiting = [m for m in METRICS if source.reading(m.table).period is None]
        yield [
            *lists,
            *(each for metric in waiting for each in source.metric(metric, period, wish)),
        ]
        lists = []
    for metric in METRICS:
        if source.reading(metric.table).period is None:
            raise YobiError(
                f"Yobi does not know the period {periods[-1]} at /{metric.path}, and no other "
                f"tells of the week {wish.week}; nothing was loaded."
            )


def _check_contracts(source: YobiSource) -> None:
    """See that every entry of every answer was what it must be.

    Raises:
        YobiError: with the endpoint and the field.
    """
    paths = {TENANTS.name: TENANTS_PATH, LOCATIONS.name: LOCATIONS_PATH}
    paths |= {metric.table.name: metric.path for metric in METRICS}
    for name, reading in source.readings.items():
        if reading.changed is not None:
            raise YobiError.about_a_change(paths[name], reading.changed)


def _land(landing: Landing, source: YobiSource, wish: Wish) -> None:
    """Land all tables, in the transaction that is open."""
    for table, path in ((TENANTS, TENANTS_PATH), (LOCATIONS, LOCATIONS_PATH)):
        landing.land(source.reading(table), path, partial(landing.whole_list, table))
    tenants = source.reading(TENANTS).tenants
    for metric in METRICS:
        reading = source.reading(metric.table)
        version = _Version(landing.connection, metric, reading, wish, tenants)
        landing.land(reading, metric.path, version.land)


class _Version:
    """What was read of one metric, as a version of the week."""

    def __init__(
        self,
        connection: Connection[TupleRow],
        metric: Metric,
        reading: YobiReading,
        wish: Wish,
        tenants: set[str],
    ) -> None:
        self._connection = connection
        self._metric = metric
        self._reading = reading
        self._wish = wish
        self._missing = {
            **dict.fromkeys(tenants - reading.tenants, "absent"),
            **dict.fromkeys(reading.without_trend, "without_trend"),
        }

    def land(self) -> Outcome:
        """Land the version if it says anything else than the latest one."""
        incomplete = self._reading.entries_without_trend
        latest = self._latest()
        if latest is not None and self._says_the_same_as(latest):
            self._connection.execute(
                "update raw_yobi.week_readings set last_read_at = %s "
                "where week_start = %s and metric = %s and read_at = %s",
                [self._wish.read_at, *self._key, latest],
            )
            return Outcome(landed=0, incomplete=incomplete)
        self._connection.execute(
            "insert into raw_yobi.week_readings (week_start, metric, read_at, last_read_at, "
            "week_end, time_zone, period, has_user_figures, internal_domains) "
            "values (%s, %s, %s, %s, %s, %s, %s, %s, %s)",
            [
                *self._key,
                self._wish.read_at,
                self._wish.read_at,
                self._wish.week.last_day,
                *self._manner,
            ],
        )
        with self._connection.cursor() as cursor:
            cursor.executemany(
                "insert into raw_yobi.missing_metrics (week_start, metric, read_at, tenant_id, "
                "reason) values (%s, %s, %s, %s, %s)",
                [
                    (*self._key, self._wish.read_at, tenant_id, reason)
                    for tenant_id, reason in sorted(self._missing.items())
                ],
            )
        return Outcome(landed=merge(self._connection, self._metric.table), incomplete=incomplete)

    @property
    def _key(self) -> tuple[object, ...]:
        """Of which week and metric this is a version."""
        return self._wish.week.first_day, self._metric.name

    @property
    def _manner(self) -> tuple[object, ...]:
        """How the week was read."""
        return (
            self._wish.week.zone.key,
            self._reading.period,
            self._reading.has_user_figures,
            sorted(self._wish.internal_domains),
        )

    def _latest(self) -> datetime | None:
        """Which version counts so far."""
        found = self._connection.execute(
            "select max(read_at) from raw_yobi.week_readings where week_start = %s and metric = %s",
            self._key,
        ).fetchone()
        return found[0] if found else None

    def _says_the_same_as(self, read_at: datetime) -> bool:
        """Whether another version was read in the same manner, and says the same."""
        version = [*self._key, read_at]
        manner = self._connection.execute(
            "select time_zone, period, has_user_figures, internal_domains "
            "from raw_yobi.week_readings where week_start = %s and metric = %s and read_at = %s",
            version,
        ).fetchone()
        missing: dict[str, str] = dict(
            self._connection.execute(
                "select tenant_id, reason from raw_yobi.missing_metrics "
                "where week_start = %s and metric = %s and read_at = %s",
                version,
            ).fetchall()
        )
        if manner != self._manner or missing != self._missing:
            return False
        table = self._metric.table
        columns = sql.SQL(", ").join(
            sql.Identifier(name) for name in table.columns if name != "read_at"
        )
        differing = self._connection.execute(
            sql.SQL(
                """
                with now as (select {columns} from {source}),
                former as (
                    select {columns} from {target} where week_start = %s and read_at = %s
                )
                (table now except table former) union all (table former except table now)
                limit 1
                """
            ).format(columns=columns, source=table.source, target=table.target),
            [self._wish.week.first_day, read_at],
        ).fetchone()
        return differing is None
