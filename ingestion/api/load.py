"""A load of a source, from its lock to its last table.

Everything that a load reads is on the workbench before the first table is landed, and all tables
land in one transaction with their rows in the ledger: a load that dies leaves them as they were.
One table may be stopped while the others land: when its records have changed their shape, or when
most of its rows would be gone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime

import psycopg
from dlt.pipeline.exceptions import PipelineStepFailed
from psycopg import Connection, sql
from psycopg.rows import TupleRow

from ingestion.api.errors import SourceError, Vendor
from ingestion.api.streams import Reading
from ingestion.api.summary import LoadSummary, TableLoad
from ingestion.ledger import Load, record
from ingestion.workbench import RawTable, clear_away, merge, not_in_workbench, set_up
from warehouse.database import Warehouse

_LOCK_TIMEOUT = "10s"
_ALL = sql.SQL("true")
_PRESENT = sql.SQL("not archived")


class StoppedTablesError(SourceError):
    """Some tables could not be loaded and are as they were before; the others have landed.

    Attributes:
        summary: what has landed, and a sentence for each table that has not.
    """

    def __init__(self, summary: LoadSummary) -> None:
        super().__init__(" ".join(summary.stopped))
        self.summary = summary


@dataclass(frozen=True, slots=True)
class Outcome:
    """See `TableLoad`."""

    landed: int
    gone: int = 0
    incomplete: int = 0


@contextmanager
def workbench_load(
    warehouse: Warehouse, vendor: Vendor, *, schema: str, tables: Iterable[RawTable], lock: int
) -> Iterator[Connection[TupleRow]]:
    """Be the only load of a source, with an empty workbench that is cleared away in the end.

    Yields:
        A connection in autocommit, which holds the lock.

    Raises:
        SourceError: the vendor's, when another load is under way, or for whatever else dlt, the
            vendor or the database refuse meanwhile.
    """
    with warehouse.connect(autocommit=True) as connection:
        _be_alone(connection, vendor, lock)
        try:
            set_up(connection, schema, tables)
            yield connection
        except (PipelineStepFailed, psycopg.Error) as error:
            raise vendor.explained(error) from error
        finally:
            # A database that is gone says so in the error above; the next load clears away.
            with suppress(psycopg.Error):
                clear_away(connection, schema)


def _be_alone(connection: Connection[TupleRow], vendor: Vendor, lock: int) -> None:
    connection.execute(f"set lock_timeout = '{_LOCK_TIMEOUT}'")
    try:
        connection.execute("select pg_advisory_lock(%s)", [lock])
    except psycopg.errors.LockNotAvailable:
        raise vendor.error(
            f"Another load of {vendor.name} is under way in this database: wait until it has ended."
        ) from None
    connection.execute("reset lock_timeout")


@dataclass(slots=True)
class Landing:
    """Lands the tables of a load, one after the other, in the transaction that is open."""

    connection: Connection[TupleRow]
    vendor: Vendor
    source: str
    """As in the ledger."""
    started_at: datetime
    """Of the load, with an offset."""
    allow_shrinking: bool = False
    """Whether more than half of a table may be found to be gone."""
    _done: list[TableLoad] = field(default_factory=list)
    _stopped: list[str] = field(default_factory=list)

    def land(self, reading: Reading, path: str, how: Callable[[], Outcome]) -> None:
        """Land a table, or stop it and leave it as it is.

        Args:
            reading: what was read for it.
            path: where the vendor was asked, without the base URL.
            how: lands it.
        """
        table = reading.table
        if reading.changed is not None:
            self._stopped.append(
                f"{table.full_name} was not loaded, since {self.vendor.name} changed what it "
                f"answers: {reading.changed}; the table is as it was before."
            )
            return
        try:
            with self.connection.transaction():
                outcome = how()
                new_fields = self._note_fields(reading)
                done = TableLoad(
                    table=table.name,
                    read=reading.rows,
                    landed=outcome.landed,
                    known=reading.rows - outcome.landed - outcome.incomplete,
                    incomplete=outcome.incomplete,
                    gone=outcome.gone,
                    calls=reading.meter.calls,
                    new_fields=new_fields,
                )
                record(
                    self.connection,
                    Load(
                        source=self.source,
                        table_name=table.full_name,
                        place=f"{self.vendor.base_url}/{path}",
                        rows_read=done.read,
                        rows_accepted=done.landed,
                        rows_rejected=done.incomplete,
                        rows_duplicate=done.known,
                        started_at=self.started_at,
                    ),
                )
        except _ShrinkingError as error:
            self._stopped.append(str(error))
        else:
            self._done.append(done)

    def whole_list(self, table: RawTable) -> Outcome:
        """Land a table that is read completely every time: who does not come any more is archived.

        Raises:
            _ShrinkingError: when that would be more than half; `land` knows what to do.
        """
        before = self.rows(table, _PRESENT)
        landed = merge(self.connection, table)
        gone = self.connection.execute(
            sql.SQL("update {} set archived = true where {} and {}").format(
                table.target, _PRESENT, not_in_workbench(table)
            )
        ).rowcount
        came = sql.SQL("not ({})").format(not_in_workbench(table))
        self.check_shrinking(table, before=before, after=self.rows(table, came))
        return Outcome(landed, gone)

    def rows(self, table: RawTable, condition: sql.Composable = _ALL) -> int:
        """How many rows of a table keep a condition."""
        counted = self.connection.execute(
            sql.SQL("select count(*) from {} where {}").format(table.target, condition)
        ).fetchone()
        return int(counted[0]) if counted else 0

    def check_shrinking(self, table: RawTable, *, before: int, after: int) -> None:
        """Refuse to lose more than half of a table's rows, unless that is allowed.

        Raises:
            _ShrinkingError: `land` knows what to do.
        """
        if after * 2 < before and not self.allow_shrinking:
            raise _ShrinkingError(
                f"{table.full_name} was not loaded, since of its {before:,} rows only {after:,} "
                f"would be left: see whether {self.vendor.name} really has no more, then run it "
                "again with --allow-shrinking."
            )

    @property
    def told(self) -> LoadSummary:
        """What has been done so far, and what was stopped."""
        return LoadSummary(tuple(self._done), tuple(self._stopped))

    def summary(self) -> LoadSummary:
        """What has been done.

        Raises:
            StoppedTablesError: when a table was stopped. Ask after the transaction has ended, so
                that the others have landed.
        """
        if self._stopped:
            raise StoppedTablesError(self.told)
        return self.told

    def _note_fields(self, reading: Reading) -> tuple[str, ...]:
        """Write down the fields that came; gives those that are new, if not all are."""
        table = reading.table.full_name
        known = {
            name
            for (name,) in self.connection.execute(
                "select field from ops.source_field where table_name = %s", [table]
            )
        }
        new = sorted(reading.fields - known)
        self.connection.execute(
            "insert into ops.source_field (table_name, field, first_seen_at) "
            "select %s, unnest(%s::text[]), %s",
            [table, new, datetime.now(UTC)],
        )
        return tuple(new) if known else ()


class _ShrinkingError(Exception):
    """A table would lose most of its rows."""
