"""Checks the raw tables with Great Expectations, and says in sentences what was found.

Importing it takes seconds, which is the library's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing
from datetime import UTC, datetime, timedelta

import great_expectations as gx
import great_expectations.expectations as expect
from great_expectations.core import ExpectationValidationResult
from great_expectations.data_context.types.base import (
    DataContextConfig,
    InMemoryStoreBackendDefaults,
    ProgressBarsConfig,
)
from great_expectations.datasource.fluent import PostgresDatasource
from great_expectations.datasource.fluent.interfaces import Batch
from great_expectations.datasource.fluent.sql_datasource import QueryAsset, TableAsset
from great_expectations.expectations.expectation import Expectation
from sqlalchemy.engine import make_url

from ingestion.expectations.findings import Finding, RawTablesCheck, Verdict
from ingestion.expectations.history import History, history_of
from ingestion.expectations.tables import CHECKED_TABLES, Aspect, CheckedTable
from warehouse.database import Warehouse
from warehouse.settings import Tool

FRESH_WITHIN = timedelta(hours=26)
"""A day, and some time for the load itself."""
REJECTED_SHARE = 0.05
"""Of the rows of the last 24 hours; with more of them broken, somebody should tell the sender."""

_DAY = timedelta(days=1)
_SENTENCE = "sentence"
_NO_VALUES = {"result_format": "BASIC", "partial_unexpected_count": 0}
"""Findings name no value of a record."""


def check_raw_tables(
    warehouse: Warehouse,
    *,
    as_of: datetime | None = None,
    tables: Iterable[CheckedTable] = CHECKED_TABLES,
    on_progress: Callable[[int], None] | None = None,
) -> RawTablesCheck:
    """Look at every aspect of every raw table; nothing is changed.

    Keys and types fail where they are not as expected, since what is built on them would be wrong.
    Freshness, volume and the share of rejected rows are warnings. A table that nothing was ever
    loaded into is skipped.

    Args:
        warehouse: migrated.
        as_of: the moment for which freshness and volume are judged, with an offset; default: now.
        tables: which ones.
        on_progress: called with the number of tables done so far, after each.

    Raises:
        WarehouseError: when the database does not answer.
    """
    moment = as_of or datetime.now(UTC)
    findings: list[Finding] = []
    with closing(_Database(warehouse)) as database, warehouse.connect() as connection:
        for number, table in enumerate(tables, start=1):
            history = history_of(connection, table.loaded_as, moment)
            findings += _findings(database, table, history, moment)
            if on_progress is not None:
                on_progress(number)
    return RawTablesCheck(moment, tuple(findings))


class _Database:
    """The warehouse as Great Expectations sees it: a source for each schema, kept nowhere."""

    def __init__(self, warehouse: Warehouse) -> None:
        self._url = make_url(warehouse.url_for(Tool.SQLALCHEMY))
        stores = InMemoryStoreBackendDefaults(init_temp_docs_sites=False)
        self._context = gx.get_context(
            mode="ephemeral",
            project_config=DataContextConfig(
                store_backend_defaults=stores, analytics_enabled=False
            ),
        )
        self._context.variables.progress_bars = ProgressBarsConfig(globally=False)
        self._sources: dict[str, PostgresDatasource] = {}
        self._assets = 0

    def close(self) -> None:
        """Let go of all connections."""
        for source in self._sources.values():
            source.get_execution_engine().close()
            source.get_engine().dispose()

    def rows_of(self, table: CheckedTable) -> Batch:
        """The rows of a table."""
        source = self._source(table.schema)
        return self._all(source.add_table_asset(self._name(), table_name=table.name))

    def answer(self, query: str) -> Batch:
        """What a query answers."""
        return self._all(self._source("ops").add_query_asset(self._name(), query=query))

    def _source(self, schema: str) -> PostgresDatasource:
        if schema not in self._sources:
            url = self._url.update_query_dict({"options": f"-csearch_path={schema}"})
            self._sources[schema] = self._context.data_sources.add_postgres(
                name=schema, connection_string=url.render_as_string(hide_password=False)
            )
        return self._sources[schema]

    def _name(self) -> str:
        self._assets += 1
        return f"asset {self._assets}"

    @staticmethod
    def _all(asset: TableAsset | QueryAsset) -> Batch:
        return asset.add_batch_definition_whole_table("all rows").get_batch()


def _findings(
    database: _Database, table: CheckedTable, history: History, as_of: datetime
) -> Iterator[Finding]:
    if history.last_load is None:
        for aspect in table.aspects:
            yield Finding(
                table.full_name, aspect, Verdict.SKIPPED, "Nothing has been loaded into it yet."
            )
        return
    for aspect in table.aspects:
        match aspect:
            case Aspect.KEYS:
                yield _keys(database, table)
            case Aspect.TYPES:
                yield _types(database, table)
            case Aspect.FRESHNESS:
                yield _freshness(database, table, as_of)
            case Aspect.VOLUME:
                yield _volume(database, table, history, as_of)
            case Aspect.REJECTED:
                yield _rejected(database, table, as_of)


def _keys(database: _Database, table: CheckedTable) -> Finding:
    unique: Expectation
    if len(table.key) == 1:
        unique = expect.ExpectColumnValuesToBeUnique(column=table.key[0])
    else:
        unique = expect.ExpectCompoundColumnsToBeUnique(column_list=list(table.key))
    broken = _broken(
        database,
        table,
        {
            **{
                f"{column} is null in some rows": expect.ExpectColumnValuesToNotBeNull(
                    column=column
                )
                for column in table.key
            },
            f"rows have the same {', '.join(table.key)}": unique,
        },
    )
    return _finding(table, Aspect.KEYS, broken, f"Each {', '.join(table.key)} is there once.")


def _types(database: _Database, table: CheckedTable) -> Finding:
    broken = _broken(
        database,
        table,
        {
            **{
                f"{column} is not of the type {type_}": expect.ExpectColumnValuesToBeOfType(
                    column=column, type_=type_
                )
                for column, type_ in table.types.items()
            },
            **{
                f"{column} is not always a JSON object": expect.UnexpectedRowsExpectation(
                    unexpected_rows_query=(
                        f"select 1 from {{batch}} where jsonb_typeof({column}) <> 'object' limit 1"  # noqa: S608 - ours
                    )
                )
                for column in table.objects
            },
        },
    )
    return _finding(
        table, Aspect.TYPES, broken, f"All {len(table.types)} columns have their types."
    )


def _freshness(database: _Database, table: CheckedTable, as_of: datetime) -> Finding:
    result = _of_ledger(
        database,
        table,
        "max(finished_at)",
        expect.ExpectColumnMaxToBeBetween(column="value", min_value=as_of - FRESH_WITHIN),
        until=as_of,
    )
    hours = FRESH_WITHIN // timedelta(hours=1)
    return Finding(
        table.full_name,
        Aspect.FRESHNESS,
        Verdict.OK if result.success else Verdict.WARNING,
        f"Loaded within the last {hours} hours."
        if result.success
        else f"Not loaded for more than {hours} hours: see why no load ran, or why it failed.",
    )


def _volume(database: _Database, table: CheckedTable, history: History, as_of: datetime) -> Finding:
    if history.usual_rows is None:
        return Finding(
            table.full_name,
            Aspect.VOLUME,
            Verdict.SKIPPED,
            "There is not enough history yet to say what is usual.",
        )
    result = _of_ledger(
        database,
        table,
        "coalesce(sum(rows_accepted), 0)::bigint",
        expect.ExpectColumnMaxToBeBetween(
            column="value", min_value=history.least, max_value=history.most
        ),
        since=as_of - _DAY,
        until=as_of,
    )
    new_rows = int(_observed(result))
    told = f"{new_rows:,} new rows in 24 hours; {history.usual_rows:,.0f} on a usual day."
    return Finding(
        table.full_name,
        Aspect.VOLUME,
        Verdict.OK if result.success else Verdict.WARNING,
        told if result.success else f"{told} Ask whoever sends them whether that is right.",
    )


def _rejected(database: _Database, table: CheckedTable, as_of: datetime) -> Finding:
    # Not what the ledger has as rejected: a file that is read again has its broken lines again.
    since = f"timestamptz '{as_of - _DAY}'"
    result = _of_ledger(
        database,
        table,
        "coalesce(max(new_rejected) / nullif(max(new_rejected) + sum(rows_accepted), 0), 0)",
        expect.ExpectColumnMaxToBeBetween(column="value", max_value=REJECTED_SHARE),
        since=as_of - _DAY,
        until=as_of,
        beside=(
            "(select count(*)::float as new_rejected from raw_events.rejected_events "  # noqa: S608 - ours
            f"where received_at > {since} and received_at <= timestamptz '{as_of}')"
        ),
    )
    told = f"{_observed(result):.2%} of what is new in the last 24 hours was rejected"
    return Finding(
        table.full_name,
        Aspect.REJECTED,
        Verdict.OK if result.success else Verdict.WARNING,
        f"{told}."
        if result.success
        else f"{told}: raw_events.rejected_events has them with the reasons.",
    )


def _broken(
    database: _Database, table: CheckedTable, expectations: Mapping[str, Expectation]
) -> list[str]:
    """What is wrong with a table: of the given sentences those whose expectation is not met."""
    for sentence, expectation in expectations.items():
        expectation.meta = {_SENTENCE: sentence}
    suite = gx.ExpectationSuite(table.full_name, expectations=list(expectations.values()))
    results = database.rows_of(table).validate(suite, result_format=_NO_VALUES).results
    met = {
        result.expectation_config.meta[_SENTENCE]
        for result in results
        if result.success and result.expectation_config
    }
    return [sentence for sentence in expectations if sentence not in met]


def _of_ledger(
    database: _Database,
    table: CheckedTable,
    value: str,
    expectation: Expectation,
    *,
    until: datetime,
    since: datetime | None = None,
    beside: str | None = None,
) -> ExpectationValidationResult:
    """Whether a value over the ledger's rows of a table, in a while, is as expected.

    Each of these rows has the one row of the query `beside` at its side.
    """
    period = f"finished_at <= timestamptz '{until}'"
    if since is not None:
        period += f" and finished_at > timestamptz '{since}'"
    rows = "ops.load_ledger" if beside is None else f"ops.load_ledger cross join {beside} as beside"
    query = (
        f"select {value} as value from {rows} "  # noqa: S608 - ours
        f"where table_name = '{table.loaded_as}' and {period}"
    )
    return database.answer(query).validate(expectation, result_format=_NO_VALUES)


def _observed(result: ExpectationValidationResult) -> float:
    return float(result.result["observed_value"])


def _finding(table: CheckedTable, aspect: Aspect, broken: list[str], good: str) -> Finding:
    if not broken:
        return Finding(table.full_name, aspect, Verdict.OK, good)
    told = "; ".join(broken)
    return Finding(table.full_name, aspect, Verdict.FAILED, f"{told[0].upper()}{told[1:]}.")
