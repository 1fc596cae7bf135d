"""Whoever reads a mart keeps it: views, grants and the table itself survive every rebuild."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
import yaml
from psycopg import sql
from psycopg.rows import TupleRow

from decisions.dbt_build import build_models
from tests.dbt.conftest import AS_OF, Journey, company
from warehouse.database import Warehouse

SCHEMAS = ["activation_health", "core", "journey", "journey_health", "history", "reference"]
RELATIONS = """
    select schemaname, tablename from pg_tables where schemaname = any(%(schemas)s)
    union all
    select schemaname, viewname from pg_views where schemaname = any(%(schemas)s)
    order by 1, 2
"""


@contextmanager
def reader(warehouse: Warehouse) -> Iterator[psycopg.Connection[TupleRow]]:
    """A connection that may do what the read-only role may."""
    with warehouse.connect(autocommit=True) as connection:
        connection.execute("set role millrace_reader")
        yield connection


def relations(warehouse: Warehouse, schemas: list[str]) -> list[tuple[str, str]]:
    with warehouse.connect() as connection:
        return connection.execute(RELATIONS, {"schemas": schemas}).fetchall()


def read_all(warehouse: Warehouse, names: list[tuple[str, str]]) -> None:
    with reader(warehouse) as connection:
        for schema, name in names:
            connection.execute(
                sql.SQL("select count(*) from {}").format(sql.Identifier(schema, name))
            )


@pytest.mark.parametrize(
    "is_alone",
    [
        pytest.param(False, id="all at once"),
        pytest.param(True, id="each alone", marks=[pytest.mark.long, pytest.mark.timeout(1800)]),
    ],
)
def test_the_read_only_role_reads_every_mart_and_its_own_views_after_each_rebuild(
    journey: Journey, is_alone: bool
) -> None:
    journey.land(company("c1"))
    assert build_models(journey.warehouse, as_of=AS_OF, data_tests=False).is_success
    marts = relations(journey.warehouse, SCHEMAS)
    assert ("journey", "review_queue") in marts
    with journey.warehouse.connect() as connection:
        connection.execute("create schema bi")
        for schema, name in marts:
            connection.execute(
                sql.SQL("create view {} as select * from {}").format(
                    sql.Identifier("bi", f"{schema}_{name}"), sql.Identifier(schema, name)
                )
            )
        connection.execute("grant usage on schema bi to millrace_reader")
        connection.execute("grant select on all tables in schema bi to millrace_reader")
    everything = relations(journey.warehouse, [*SCHEMAS, "bi"])
    read_all(journey.warehouse, everything)
    selections = [
        f"path:snapshots/{name}.yml" if schema == "history" else name for schema, name in marts
    ]
    for select in [[each] for each in selections] if is_alone else [selections]:
        assert build_models(
            journey.warehouse, as_of=AS_OF, select=select, full_refresh=True, data_tests=False
        ).is_success
        assert relations(journey.warehouse, [*SCHEMAS, "bi"]) == everything, select
        read_all(journey.warehouse, everything)


@pytest.mark.long
def test_a_rebuild_leaves_what_an_administrator_granted(journey: Journey) -> None:
    build_models(journey.warehouse, as_of=AS_OF, data_tests=False)
    with journey.warehouse.connect() as connection:
        connection.execute("grant select on journey.company_change_log to public")
        connection.execute("grant select on core.companies to public")
    build_models(journey.warehouse, as_of=AS_OF, data_tests=False)
    open_to_all = journey.scalar(
        "select array_agg(relname order by relname) from pg_class "
        "cross join aclexplode(relacl) as acl where acl.grantee = 0 and relnamespace in "
        "('journey'::regnamespace, 'core'::regnamespace)"
    )
    assert open_to_all == ["companies", "company_change_log"]


def test_the_read_only_role_writes_nothing_and_sees_no_raw_records(journey: Journey) -> None:
    build_models(journey.warehouse, as_of=AS_OF, data_tests=False)
    with reader(journey.warehouse) as connection:
        for statement in (
            "delete from journey.company_change_log",
            "select * from raw_events.events",
            "create table core.mine (a int)",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement)


def test_a_reader_in_the_middle_of_a_rebuild_sees_the_old_rows(journey: Journey) -> None:
    """The rebuild waits for nobody who reads, and nobody who reads waits for it."""
    journey.land(company("c1"))
    journey.build()
    with journey.warehouse.connect() as connection:
        connection.execute("set transaction isolation level repeatable read")
        before = connection.execute("select company_id from core.companies").fetchall()
        journey.land(company("c2"))
        assert journey.build().is_success
        assert connection.execute("select company_id from core.companies").fetchall() == before
    assert len(journey.rows("core.companies")) == 2


@pytest.mark.long
def test_a_changed_contract_alters_the_table_and_keeps_its_readers(
    journey: Journey, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Other tests share what dbt has parsed; a model that is another one must not be found there.
    monkeypatch.setenv("DBT_TARGET_PATH", str(journey.folder / "target"))
    journey.use_reference()
    assert journey.project is not None
    models = journey.project / "models"
    original = models.resolve()
    models.unlink()
    skipped = models / "marts" / "journey"
    _copy_tree(original, models)
    sql_file, yaml_file = skipped / "skipped_companies.sql", skipped / "skipped_companies.yml"
    sql_file.write_text(_skipped_companies("decided_at"))
    journey.land(company("c1", status="LEAD"))
    assert journey.build().is_success
    with journey.warehouse.connect() as connection:
        connection.execute(
            "create view public.bi as select company_id from journey.skipped_companies"
        )

    sql_file.write_text(_skipped_companies("1 as weight, cast(decided_at as date) as decided_at"))
    shape = yaml.safe_load(yaml_file.read_text())
    columns = {column["name"]: column for column in shape["models"][0]["columns"]}
    columns["decided_at"]["data_type"] = "date"
    shape["models"][0]["columns"].append(
        {"name": "weight", "data_type": "integer", "constraints": [{"type": "not_null"}]}
    )
    yaml_file.write_text(yaml.safe_dump(shape))
    oid = journey.scalar("select 'journey.skipped_companies'::regclass::oid")
    assert journey.build().failures == []
    (row,) = journey.rows("journey.skipped_companies")
    assert row["weight"] == 1
    assert str(row["decided_at"]) == "2026-03-31"
    assert journey.scalar("select 'journey.skipped_companies'::regclass::oid") == oid
    assert journey.scalar("select company_id from public.bi") == "c1"
    assert (
        journey.scalar(
            "select count(*) from pg_attribute "
            "where attrelid = 'journey.skipped_companies'::regclass "
            "and attname in ('weight', 'decided_at') and attnotnull"
        )
        == 2
    )


def _skipped_companies(columns: str) -> str:
    """A model that is a table, which `skipped_companies` itself is not."""
    return (
        f"select company_id, skip_reason as reason, {columns}\n"
        "from {{ ref('int_journey__current_decisions') }} where skip_reason is not null\n"
    )


def _copy_tree(source: Path, target: Path) -> None:
    for path in source.rglob("*"):
        if path.is_file():
            copied = target / path.relative_to(source)
            copied.parent.mkdir(parents=True, exist_ok=True)
            copied.write_text(path.read_text())
