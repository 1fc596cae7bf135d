"""Builds that are killed, or meet another one: the log never holds half a decision."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from decisions.dbt_build import build_models
from tests.databases import NAME, copy_of, put_aside
from tests.dbt.conftest import AS_OF, Journey, company
from warehouse.build_lock import BuildInProgressError, build_lock
from warehouse.database import Warehouse, child_environment, drop_database
from warehouse.server import EmbeddedServer

LATER = "2026-04-01T06:00:00Z"
SELECT = ["+company_journey_changes", "+company_journey", "+review_queue", "skipped_companies"]
LOG = (
    "change_id, company_id, field, old_value, new_value, changed_at, rule, assignment_reason, "
    "source_event_id"
)
STATE = {
    "journey.company_change_log": LOG,
    "journey.company_journey": "*",
    "journey.review_queue": "*",
    "core.companies": "*",
}


@dataclass(frozen=True)
class Prepared:
    """A warehouse with one decided day and the events of the next, to be copied."""

    server: EmbeddedServer
    name: str
    folder: Path

    def copy(self) -> Journey:
        return Journey(copy_of(self.server, self.name), self.folder)


@pytest.fixture(scope="module")
def prepared(
    server: EmbeddedServer, _template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Prepared]:
    name = "millrace_prepared"
    journey = Journey(copy_of(server, _template), tmp_path_factory.mktemp("events"))
    journey.land([event for number in range(6) for event in company(f"c{number}")])
    assert journey.build(AS_OF, select=SELECT).is_success
    journey.land(
        [event for number in range(6, 12) for event in company(f"c{number}")]
        + [
            {
                "type": "company_updated",
                "at": "2026-03-31T08:00:00Z",
                "company_id": "c1",
                "status": "CHURNED",
            },
            {
                "type": "company_updated",
                "at": "2026-03-31T08:00:00Z",
                "company_id": "c2",
                "customer_success_manager": "cs.nobody",
            },
            {
                "type": "cs_stage_lock_set",
                "at": "2026-03-31T08:00:00Z",
                "company_id": "c3",
                "cs_stage": "cs_error",
                "expires_at": "2026-06-01T00:00:00Z",
                "set_by": "ops",
            },
        ]
    )
    put_aside(server, name)
    yield Prepared(server, name, journey.folder)
    drop_database(server, name)


@pytest.fixture(scope="module")
def undisturbed(prepared: Prepared) -> dict[str, list[Any]]:
    """What the tables hold when nothing disturbs the second day."""
    journey = prepared.copy()
    assert journey.build(LATER, select=SELECT).is_success
    held = contents(journey)
    drop_database(prepared.server, NAME)
    return held


@pytest.fixture
def second_day(prepared: Prepared) -> Iterator[Journey]:
    yield prepared.copy()
    drop_database(prepared.server, NAME)


def contents(journey: Journey) -> dict[str, list[Any]]:
    with journey.warehouse.connect() as connection:
        return {
            table: connection.execute(f"select {columns} from {table} order by 1").fetchall()  # noqa: S608
            for table, columns in STATE.items()
        }


def kill_build(warehouse: Warehouse, node: str, number: int) -> bool:
    """Whether the build came as far as to be killed."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.dbt.killed_build", LATER, node, str(number)],
        env=child_environment(warehouse),
        check=False,
    )
    assert done.returncode in {0, -signal.SIGKILL}
    return done.returncode != 0


def is_whole(journey: Journey, before: dict[str, list[Any]], after: dict[str, list[Any]]) -> bool:
    """Every table holds the first day or the second, nothing between."""
    return all(rows in (before[table], after[table]) for table, rows in contents(journey).items())


@pytest.mark.parametrize(
    ("node", "number"),
    [
        ("company_change_log", 3),
        pytest.param("company_journey", 3, marks=pytest.mark.long),
    ],
)
def test_a_build_killed_at_a_statement_leaves_no_half_decision(
    second_day: Journey, undisturbed: dict[str, list[Any]], node: str, number: int
) -> None:
    before = contents(second_day)
    assert kill_build(second_day.warehouse, node, number)
    assert is_whole(second_day, before, undisturbed)
    assert second_day.build(LATER, select=SELECT).failures == []
    assert contents(second_day) == undisturbed


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.parametrize(
    "node",
    [
        "companies",
        "int_journey__company_states",
        "int_journey__decisions",
        "company_change_log",
        "company_journey",
        "company_journey_changes",
        "review_queue",
    ],
)
def test_no_statement_of_these_models_is_a_bad_moment_to_die(
    prepared: Prepared, undisturbed: dict[str, list[Any]], node: str
) -> None:
    number, was_killed = 0, True
    while was_killed:
        number += 1
        second_day = prepared.copy()
        before = contents(second_day)
        was_killed = kill_build(second_day.warehouse, node, number)
        assert is_whole(second_day, before, undisturbed), (node, number)
        assert second_day.build(LATER, select=SELECT).failures == []
        assert contents(second_day) == undisturbed, (node, number)
        drop_database(prepared.server, NAME)
    assert number > 3


def test_a_mixture_of_two_builds_decides_nothing(second_day: Journey) -> None:
    """Between this build's models and its decision, another build builds one of them."""
    with second_day.warehouse.connect() as connection:
        connection.execute(
            """
            create function public.interfere() returns trigger language plpgsql as $$
            begin
                update ops.model_build set run_id = 'another' where relation = 'core.companies';
                return null;
            end
            $$
            """
        )
        connection.execute(
            "create trigger interfere after insert or update on ops.model_build for each row "
            "when (new.relation = 'intermediate.int_journey__decisions') "
            "execute function public.interfere()"
        )
    before = contents(second_day)["journey.company_change_log"]
    (failure, *_) = second_day.build(LATER, select=SELECT).failures
    assert failure.name == "company_change_log"
    assert (
        "Another build is at work on the company journey: nothing was written." in failure.message
    )
    assert contents(second_day)["journey.company_change_log"] == before


def test_a_second_build_is_refused_while_one_is_at_work(second_day: Journey) -> None:
    with (
        build_lock(second_day.warehouse),
        pytest.raises(BuildInProgressError, match="build again when it has ended"),
    ):
        build_models(second_day.warehouse, as_of=LATER)
    assert second_day.build(LATER, select=SELECT).is_success


@pytest.mark.long
def test_plain_builds_at_once_leave_one_coherent_log(
    second_day: Journey, undisturbed: dict[str, list[Any]]
) -> None:
    """Neither holds the lock of `millrace build`; each may end well or be refused."""
    never = str(10**6)
    builds = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.dbt.killed_build", as_of, "company_change_log", never],
            env=child_environment(second_day.warehouse),
        )
        for as_of in (LATER, "2026-04-01T07:00:00Z")
    ]
    for build in builds:
        build.wait()
    last = "2026-04-01T08:00:00Z"
    assert second_day.build(last, select=SELECT).failures == []

    def decided(log: list[Any]) -> list[Any]:
        # Company, field, old and new value, rule: when it was decided depends on who came first.
        return sorted((row[1:5] + row[6:7] for row in log), key=str)

    log = contents(second_day)["journey.company_change_log"]
    assert decided(log) == decided(undisturbed["journey.company_change_log"])
