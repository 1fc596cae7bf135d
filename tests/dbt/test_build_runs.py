"""What `ops.build_run` keeps of the runs that were to decide the journey."""

from __future__ import annotations

import threading
from typing import Any, LiteralString

import pytest
from psycopg import sql

from decisions.dbt_build import BuildError
from tests.dbt.conftest import AS_OF, Journey, company
from warehouse.build_lock import BuildInProgressError, build_lock
from warehouse.locks import WarehouseLock

LATER = "2026-04-01T06:00:00Z"
SELECT = ["+company_journey"]


def runs(journey: Journey) -> list[dict[str, Any]]:
    return journey.rows("ops.build_run", "started_at")


def test_every_run_that_decides_is_on_record_with_its_numbers(journey: Journey) -> None:
    lock = {
        "type": "cs_stage_lock_set",
        "at": "2026-03-30T00:00:00Z",
        "company_id": "c2",
        "cs_stage": "cs_error",
        "expires_at": "2026-06-01T00:00:00Z",
        "set_by": "ops",
    }
    journey.land([*company("c1"), *company("c2"), lock, *company("c3", status="LEAD")])
    with journey.warehouse.connect() as connection:
        connection.execute(
            "insert into ops.build_run (run_id, started_at, outcome, message) values "
            "('old', now() - interval '401 days', 'failed', 'It was long ago.'), "
            "('kept', now() - interval '399 days', 'failed', 'It was not so long ago.')"
        )
    journey.build(AS_OF, select=SELECT)
    journey.build(AS_OF, select=["int_journey__stages+"])
    journey.build(LATER, select=SELECT)
    kept, first, second = runs(journey)  # what decides nothing, for want of its inputs, has no row
    assert kept["run_id"] == "kept"
    assert (first["outcome"], first["message"], first["companies"]) == ("decided", None, 2)
    assert (first["cs_error_companies"], first["log_rows"]) == (1, 4)
    assert (second["companies"], second["log_rows"]) == (2, 0)
    assert first["started_at"] < first["ended_at"] < second["started_at"]
    assert first["journey_seconds"] > 0
    assert first["lock_wait_seconds"] >= 0
    logged = journey.scalar("select min(run_id) from journey.company_change_log")
    assert logged == first["run_id"]


@pytest.mark.long
def test_the_wait_for_another_transaction_is_on_record(journey: Journey) -> None:
    build = threading.Thread(target=journey.build, kwargs={"select": SELECT})
    with journey.warehouse.connect(autocommit=True) as watcher:
        with journey.warehouse.connect() as other, other.transaction():
            other.execute("lock table ops.model_build in share mode")  # dbt stops before its models
            build.start()
            _wait_until(watcher, "relation = 'ops.model_build'::regclass")
            holder = journey.warehouse.connect()
            holder.execute("select pg_advisory_xact_lock(%s)", [WarehouseLock.JOURNEY.value])
        _wait_until(watcher, f"locktype = 'advisory' and objid = {WarehouseLock.JOURNEY.value}")
        (begun,) = watcher.execute("select clock_timestamp()").fetchone() or ()
        (ended,) = watcher.execute("select clock_timestamp()").fetchone() or ()
        holder.rollback()
        holder.close()
        build.join()
    (run,) = runs(journey)
    assert run["outcome"] == "decided"
    assert run["lock_wait_seconds"] > (ended - begun).total_seconds()


def test_a_run_that_was_refused_is_on_record_with_the_sentence(journey: Journey) -> None:
    journey.land(company("c1"))
    fire_when_built(
        journey,
        "intermediate.int_journey__decisions",
        "update ops.model_build set run_id = 'another' where relation = 'core.companies'",
    )
    journey.build(AS_OF, select=SELECT)
    with journey.warehouse.connect() as connection:
        connection.execute(
            "insert into journey.company_change_log "
            "(change_id, company_id, field, changed_at, rule, run_id) "
            "values (1, 'c1', 'cs_stage', %s, 'error', 'another')",
            [LATER],
        )
    with pytest.raises(BuildError):
        journey.build(AS_OF, select=SELECT)
    with build_lock(journey.warehouse), pytest.raises(BuildInProgressError):
        journey.build(AS_OF, select=SELECT)
    recorded = runs(journey)
    assert [run["outcome"] for run in recorded] == ["refused"] * 3
    told = [run["message"] for run in recorded]
    assert told[0].startswith("Another build is at work on the company journey: nothing was")
    assert told[1].startswith(f"as_of is {AS_OF}, but company_change_log already holds decisions")
    assert told[2].startswith("Another build is at work on this warehouse: build again")


@pytest.mark.long
def test_a_run_that_failed_is_on_record_by_the_names_of_what_failed(journey: Journey) -> None:
    fire_when_built(journey, "staging.stg_events__company_created", "raise 'c1 is a secret'")
    journey.build(select=SELECT)
    (run,) = runs(journey)
    assert (run["outcome"], run["companies"]) == ("failed", None)
    assert run["message"] == "Failed: stg_events__company_created. The output of dbt says why."


def fire_when_built(journey: Journey, relation: str, statement: LiteralString) -> None:
    """Run a statement of PL/pgSQL in the transaction that builds a relation."""
    with journey.warehouse.connect() as connection:
        connection.execute(
            sql.SQL(
                """
                create function public.fire() returns trigger language plpgsql as $$
                begin
                    {};
                    return null;
                end
                $$
                """
            ).format(sql.SQL(statement))
        )
        connection.execute(
            sql.SQL(
                "create trigger fire after insert or update on ops.model_build for each row "
                "when (new.relation = {}) execute function public.fire()"
            ).format(relation)
        )


def _wait_until(watcher: Any, condition: str) -> None:
    """Until somebody waits for a lock that the condition on `pg_locks` describes."""
    query = f"select count(*) from pg_locks where not granted and {condition}"  # noqa: S608
    while watcher.execute(query).fetchone() == (0,):
        watcher.execute("select pg_sleep(0.02)")
