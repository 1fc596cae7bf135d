"""The journey's own models, run beside the real ones: other rules, other people, other instants.

A replay is one transaction of the database that is never committed. It makes the journey's tables
anew in schemas of its own, fills them with the very SQL that dbt would send, and is rolled back at
the end, whatever ends it: nothing real is changed, nothing is left behind, nobody else sees any of
it, and it sees the raw data of one moment. The database itself refuses to commit it.
"""

from __future__ import annotations

import contextlib
import csv
import uuid
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg
from dbt_common.clients import agate_helper
from psycopg import IsolationLevel, sql
from psycopg.rows import TupleRow, dict_row

from decisions.compiled_journey import (
    JOURNEY,
    CompiledJourney,
    CompiledModel,
    CompiledSeed,
    Kind,
    Relation,
    Variables,
    compile_journey,
)
from warehouse.database import Warehouse

LOG = "journey.company_change_log"
QUEUE = "journey.review_queue"
MANAGERS = "reference.cs_managers"
_NO_INSTANT = "-infinity"
_WORTH_A_TRUNCATE = 50_000
"""So many dead rows take longer to read past than the 20 ms of a TRUNCATE."""


class ReplayError(Exception):
    """What was asked for cannot be replayed; the message says why."""


class Replay:
    """The journey's tables in schemas of their own, as earlier runs of this replay left them.

    Made by `open_replay`. After an error of the database nothing more can be asked of it.
    """

    def __init__(
        self, connection: psycopg.Connection[TupleRow], journey: CompiledJourney, prefix: str
    ) -> None:
        self.connection = connection
        """The replay's transaction. Whatever is written over it is undone at the end, too."""
        self._journey = journey
        self._prefix = prefix
        seeds = [seed.relation for seed in journey.seeds]
        models = [model.relation for model in journey.models]
        self._relations = {relation.name: relation for relation in (*seeds, *models)}
        self._decided_at: datetime | None = None
        self._deleted: Counter[Relation] = Counter()

    @property
    def tables(self) -> Sequence[str]:
        """Names of what the replay makes, such as `journey.company_journey`."""
        return list(self._relations)

    def run(self, as_of: datetime) -> str:
        """Decide once, as `dbt build` would as of that instant, and return the run's id in the log.

        Args:
            as_of: with a time zone; not before the latest decision in the replay's log.

        Raises:
            ReplayError: when it is before, as a build is refused.
        """
        if self._decided_at is not None and as_of < self._decided_at:
            raise ReplayError(
                f"as_of is {as_of.isoformat()}, but the log already holds decisions of "
                f"{self._decided_at.isoformat()}. Decide at that time or later."
            )
        run_id = str(uuid.uuid4())
        for model in self._journey.models:
            self._make(model, as_of, run_id)
        self._decided_at = as_of
        return run_id

    def real_runs(self, until: datetime) -> list[datetime]:
        """When the warehouse's own log was written to, up to that instant, the first first."""
        real = self._real(LOG)
        if real is None:
            return []
        query = sql.SQL("select distinct changed_at from {} where changed_at <= %s order by 1")
        runs = self.connection.execute(query.format(real), [until]).fetchall()
        return [changed_at for (changed_at,) in runs]

    def load_managers(self, path: Path) -> None:
        """Put a file like `seeds/reference/cs_managers.csv` in the place of the one at hand.

        Raises:
            ReplayError: when it cannot be read or a row is wrong; the message names file and rows.
        """
        (seed,) = (seed for seed in self._journey.seeds if seed.relation.name == MANAGERS)
        self._load(seed, path, str(path))
        self._check(seed, str(path))

    def relation(self, table: str) -> sql.Identifier:
        """A table of the replay, to be put into a query over `connection`.

        Args:
            table: as in production, such as `journey.company_journey`.
        """
        relation = self._relations[table]
        return sql.Identifier(relation.schema_in(self._prefix), relation.table)

    def query(self, query: str, **values: object) -> list[dict[str, Any]]:
        """Rows of a query that names tables of the replay so: `{journey.company_journey}`.

        Args:
            query: with `%(name)s` for each of `values`.
            values: by name.
        """
        text = query
        for name in self._relations:
            text = text.replace("{" + name + "}", self.relation(name).as_string(self.connection))
        with self.connection.cursor(row_factory=dict_row) as cursor:
            return cursor.execute(text.encode(), values or None).fetchall()

    def rows(self, table: str, order: str = "1") -> list[dict[str, Any]]:
        """All rows of one of `tables`, in the order of this SQL expression."""
        return self.query(f"select * from {{{table}}} order by {order}")  # noqa: S608 - the caller's

    @contextmanager
    def attempt(self) -> Iterator[None]:
        """A part of the replay that is undone at its end, runs and loaded files included."""
        decided_at = self._decided_at
        with self.connection.transaction(force_rollback=True):
            yield
        self._decided_at = decided_at

    def begin(self, managers: Path | None, log_until: datetime | None) -> None:
        """Make the tables: reference files loaded, the log as it stands, everything else empty.

        Args:
            managers: in place of the project's `cs_managers.csv`.
            log_until: leave out what was decided later; by default nothing.
        """
        for schema in sorted({each.schema_in(self._prefix) for each in self._relations.values()}):
            self._execute(sql.SQL("create schema {}").format(sql.Identifier(schema)))
        for seed in self._journey.seeds:
            self._create(seed.relation, [f'"{column}" text' for column in seed.columns])
        loaded = []
        for seed in self._journey.seeds:
            if managers is not None and seed.relation.name == MANAGERS:
                path, shown = managers, str(managers)
            else:
                path, shown = seed.path, f"seeds/reference/{seed.path.name}"
            self._load(seed, path, shown)
            loaded.append((seed, shown))
        for seed, shown in loaded:  # when all are there, since a check may ask two files
            self._check(seed, shown)
        for model in self._journey.models:  # first, since others read what an earlier run left
            if model.is_table_by_contract:
                self._create(model.relation, model.definitions)
        for model in self._journey.models:
            if not model.is_table_by_contract:
                self._make_empty(model)
        if LOG in self._relations:
            self._copy_state(LOG, "changed_at", log_until)
            self._execute(sql.SQL("analyze {}").format(self.relation(LOG)))
            (last,) = self.query("select max(changed_at) as at from {journey.company_change_log}")
            self._decided_at = last["at"]
        if QUEUE in self._relations:
            self._copy_state(QUEUE, "since", log_until)

    def _make_empty(self, model: CompiledModel) -> None:
        """Give a view, or a table without a contract, the columns that its SELECT has."""
        query = self._sql(model, _NO_INSTANT, "")
        table = self.relation(model.relation.name)
        if model.kind is Kind.VIEW:
            self._execute(sql.SQL("create view {} as {}").format(table, query))
        else:
            create = sql.SQL("create unlogged table {} as {} with no data")
            self._execute(create.format(table, query))

    def _make(self, model: CompiledModel, as_of: datetime, run_id: str) -> None:
        """What dbt does with one model."""
        table = self.relation(model.relation.name)
        select = self._sql(model, as_of.isoformat(), run_id)
        if model.kind is Kind.VIEW:
            self._execute(sql.SQL("create or replace view {} as {}").format(table, select))
            return
        columns = _listed(model.columns)
        insert = sql.SQL("insert into {} select {} from ({}) as made").format(
            table, columns, select
        )
        if model.kind is Kind.REPLACED and model.key is not None:
            # One statement: what it reads of itself are the rows that it replaces.
            insert = sql.SQL(
                "with made as materialized ({select}), "
                "replaced as (delete from {table} where {key} in (select {key} from made)) "
                "insert into {table} select {columns} from made"
            ).format(select=select, table=table, key=sql.Identifier(model.key), columns=columns)
        elif model.kind is Kind.REFILLED and model.reads_itself:
            insert = sql.SQL("with replaced as (delete from {}) {}").format(table, insert)
        elif model.kind is Kind.REFILLED:
            self._empty(model.relation)
        self._execute(insert)

    def _empty(self, relation: Relation) -> None:
        """Remove a table's rows the cheap way: nobody can vacuum what this transaction deletes."""
        table = self.relation(relation.name)
        deleted = self._deleted[relation]
        if deleted > _WORTH_A_TRUNCATE:
            self._execute(sql.SQL("truncate {}").format(table))
            self._deleted[relation] = 0
        else:
            done = self.connection.execute(sql.SQL("delete from {}").format(table))
            self._deleted[relation] = deleted + done.rowcount

    def _load(self, seed: CompiledSeed, path: Path, shown: str) -> None:
        """Fill a seed's table as dbt reads its file."""
        try:
            with path.open(encoding="utf-8-sig", newline="") as file:
                columns = next(csv.reader(file), [])
            if sorted(columns) != sorted(seed.columns):
                raise ReplayError(
                    f"{shown} has the columns {', '.join(columns) or '(none)'}; "
                    f"it needs {', '.join(seed.columns)}."
                )
            loaded = agate_helper.from_csv(str(path), text_columns=seed.columns)
        except FileNotFoundError:
            raise ReplayError(f"{shown} does not exist.") from None
        except (OSError, ValueError, csv.Error) as error:
            raise ReplayError(f"{shown} is no CSV file that can be read: {error}.") from None
        table = self.relation(seed.relation.name)
        self._empty(seed.relation)
        names = sql.SQL(", ").join(map(sql.Identifier, columns))
        into = sql.SQL("copy {} ({}) from stdin").format(table, names)
        with self.connection.cursor() as cursor, cursor.copy(into) as copy:
            for row in loaded.rows:
                copy.write_row(tuple(row))

    def _check(self, seed: CompiledSeed, shown: str) -> None:
        """Refuse the wrong rows that a build refuses, too."""
        wrong = self.query(
            self._journey.sql_of(
                f"select line, problem from ({self._journey.wrong_rows}) as found "  # noqa: S608
                f"where seed = '{seed.relation.table}' order by line limit 20",
                prefix=self._prefix,
                as_of="",
                run_id="",
            )
        )
        if wrong:
            told = "; ".join(f"line {row['line']}: {row['problem']}" for row in wrong)
            raise ReplayError(f"{shown} is wrong in {told}. Nothing of it was loaded.")

    def _copy_state(self, table: str, instant: str, until: datetime | None) -> None:
        """Begin with the rows that the warehouse holds, where it was built before."""
        real = self._real(table)
        if real is None:
            return
        (model,) = (each for each in self._journey.models if each.relation.name == table)
        with self.connection.cursor() as cursor:
            cursor.execute(sql.SQL("select * from {} where false").format(real))
            present = {column.name for column in cursor.description or ()}
        names = sql.SQL(", ").join(
            sql.Identifier(column) for column in model.columns if column in present
        )
        copy = sql.SQL(
            "insert into {} ({}) select {} from {} "
            "where {} <= coalesce(%s::timestamptz, 'infinity')"
        )
        self.connection.execute(
            copy.format(self.relation(table), names, names, real, sql.Identifier(instant)), [until]
        )

    def _real(self, table: str) -> sql.Identifier | None:
        """The warehouse's own table of this name; None where it was never built."""
        relation = self._relations[table]
        found = self.connection.execute(
            "select to_regclass(format('%%I.%%I', %s::text, %s::text)) is not null",
            [relation.schema, relation.table],
        ).fetchone()
        is_built = found is not None and found[0]
        return sql.Identifier(relation.schema, relation.table) if is_built else None

    def _create(self, relation: Relation, definitions: Sequence[str]) -> None:
        columns = sql.SQL(", ".join(definitions))
        self._execute(
            sql.SQL("create unlogged table {} ({})").format(self.relation(relation.name), columns)
        )

    def _sql(self, model: CompiledModel, as_of: str, run_id: str) -> sql.SQL:
        text = self._journey.sql_of(model.sql, prefix=self._prefix, as_of=as_of, run_id=run_id)
        return sql.SQL(text)

    def _execute(self, statement: sql.Composed) -> None:
        self.connection.execute(statement)


def _listed(columns: Sequence[str]) -> sql.Composable:
    """The columns by name, where a contract gives their order."""
    return sql.SQL(", ").join(map(sql.Identifier, columns)) if columns else sql.SQL("*")


@contextmanager
def open_replay(
    warehouse: Warehouse,
    *,
    project: Path | None = None,
    variables: Variables | None = None,
    managers: Path | None = None,
    log_until: datetime | None = None,
    models: Sequence[str] = JOURNEY,
    beside: Replay | None = None,
    sees_news: bool = False,
) -> Iterator[Replay]:
    """Open a replay; at the end of the block everything that it did is undone.

    Compiling takes seconds the first time and nothing afterwards, while the project's files and the
    variables stay as they are; a run takes as long as its SQL.

    Args:
        warehouse: migrated; whether it was ever built does not matter.
        project: root of the dbt project; by default the working directory.
        variables: dbt vars in place of those in `dbt_project.yml`, without `as_of`.
        managers: a file in place of the project's `seeds/reference/cs_managers.csv`.
        log_until: begin with the log as it stood then; by default with all of it.
        models: marts to make, with everything upstream of them.
        beside: another replay, whose transaction this one shares: both see the same raw data, and
            this one is undone with that one.
        sees_news: whether each run sees what has been landed meanwhile, too.

    Raises:
        BuildError: when dbt cannot compile the project.
        ReplayError: when a reference file is missing or wrong.
    """
    journey = compile_journey(warehouse, project=project, variables=variables, models=models)
    prefix = f"simulation_{uuid.uuid4().hex[:8]}_"
    with contextlib.ExitStack() as stack:
        if beside is None:
            connection = stack.enter_context(_undone(warehouse, sees_news=sees_news))
        else:
            connection = beside.connection
        replay = Replay(connection, journey, prefix)
        replay.begin(managers, log_until)
        yield replay


@contextmanager
def _undone(warehouse: Warehouse, *, sees_news: bool) -> Iterator[psycopg.Connection[TupleRow]]:
    """A transaction that ends with a rollback; the database refuses every attempt to commit it."""
    with contextlib.closing(warehouse.connect()) as connection:
        connection.isolation_level = (
            IsolationLevel.READ_COMMITTED if sees_news else IsolationLevel.REPEATABLE_READ
        )
        connection.prepare_threshold = None  # a plan for empty tables is none for full ones
        # A foreign key that is looked at when the transaction commits, and does not hold.
        connection.execute(
            "create temporary table only_rolled_back (id integer primary key, "
            "after integer references only_rolled_back deferrable initially deferred)"
        )
        connection.execute("insert into only_rolled_back values (1, 2)")
        # As the models' own hook `join_whole_tables` says; nothing gathers statistics in here.
        connection.execute("set local enable_nestloop = off")
        try:
            yield connection
        finally:
            connection.rollback()
