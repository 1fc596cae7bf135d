"""Every decision is explained from rows: what it looked at, what else was considered."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.main import app
from decisions.company_explanation import (
    FIELDS,
    CompanyExplanation,
    ExplanationError,
    InputEvent,
    explain_company,
)
from tests.databases import copy_of, put_aside
from tests.dbt.conftest import AS_OF, Journey, company
from warehouse.database import Warehouse, drop_database
from warehouse.server import EmbeddedServer

FIRST = AS_OF
SECOND = "2026-04-20T06:00:00Z"
BETWEEN = "2026-04-10T00:00:00Z"
LAST = "2026-07-01T06:00:00Z"
MANAGERS = (
    "username,department,cs_stage,region,arr_range,lead_intake,is_active,email,hubspot_owner_id\n"
    "cs.ash,customer_success,cs_onboarding,EMEA,2001-8000,1,true,,\n"
    "cs.elm,customer_success,cs_onboarding,EMEA,2001-8000,1,true,,\n"
    "cs.fir,customer_success,cs_onboarding,EMEA,2001-8000,0,true,,\n"
    "cs.oak,customer_success,cs_success,EMEA,2001-8000,1,true,,\n"
)
SELECT = ["+company_journey", "skipped_companies", "+review_queue", "stage_rule_checks",
          "assignment_choices", "+int_journey__input_events"]  # fmt: skip


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


def told(found: CompanyExplanation, name: str) -> InputEvent:
    (event,) = [each for each in found.inputs if each.field == name]
    return event


@pytest.fixture(scope="module")
def built(
    server: EmbeddedServer, _template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Journey]:
    """Six companies after three builds, which tests only read."""
    journey = Journey(copy_of(server, _template), tmp_path_factory.mktemp("explained"))
    journey.use_reference(cs_managers=MANAGERS)
    journey.land(
        [
            *company("c1"),
            *company("c2"),
            *company("c3", hubspot_company_id="900"),
            *company("c4", status="LEAD"),
            *company("c5", status="SIGNUP", plan_id="trial"),
            *company("c6"),
        ]
    )
    assert journey.build(FIRST, select=SELECT).is_success
    journey.land(
        [
            {
                "id": "lock-1",
                "type": "cs_stage_lock_set",
                "at": "2026-04-19T08:00:00Z",
                "company_id": "c1",
                "cs_stage": "cs_success",
                "expires_at": "2026-05-01T00:00:00Z",
                "set_by": "ops",
            },
            {
                "id": "report-1",
                "type": "company_updated",
                "at": "2026-04-19T09:00:00Z",
                "company_id": "c2",
                "customer_success_manager": "cs.ash",
            },
            {  # what is in force already
                "type": "company_updated",
                "at": "2026-04-19T09:00:00Z",
                "company_id": "c3",
                "customer_success_manager": "cs.ash",
            },
            {  # of a time before the first build, which could not know it
                "type": "company_updated",
                "at": "2026-03-30T09:00:00Z",
                "company_id": "c3",
                "num_of_employees_range": "31-100",
            },
            {
                "id": "report-5",
                "type": "company_updated",
                "at": "2026-04-19T09:00:00Z",
                "company_id": "c5",
                "customer_success_manager": "cs.elm",
            },
            {
                "type": "company_updated",
                "at": "2026-04-19T09:00:00Z",
                "company_id": "c6",
                "is_test": True,
            },
        ]
    )
    assert journey.build(SECOND, select=SELECT).is_success
    assert journey.build(LAST, select=SELECT).is_success
    yield Journey(put_aside(server, "millrace_explained"), journey.folder)
    drop_database(server, "millrace_explained")


def test_each_instant_is_explained_by_what_was_looked_at_then(built: Journey) -> None:
    warehouse = built.warehouse

    latest = explain_company(warehouse, "c1")
    assert latest.is_latest
    assert latest.decision is not None
    assert (latest.decision.cs_stage_rule, latest.decision.days_paying) == ("success", 102)
    assert [check.rule for check in latest.rules if check.is_decisive] == ["success"]
    assert [check.rule for check in latest.rules if check.is_match] == ["success", "onboarding"]
    # The stage has been the same since the lock set it; the rule is another one since.
    since = latest.last_change("cs_stage")
    assert since is not None
    assert (since.changed_at, since.rule) == (instant(SECOND), "stage_locked")
    assert (latest.decision.customer_success_manager, latest.decision.assignment_reason) == (
        "cs.oak",
        "kept",
    )

    locked = explain_company(warehouse, "c1", at=instant("2026-06-01T00:00:00Z"))
    assert not locked.is_latest
    assert locked.decision is not None
    assert locked.decision.decided_at == instant(SECOND)
    (lock,) = [check for check in locked.rules if check.rule == "stage_locked"]
    assert (lock.is_match, lock.is_decisive) == (True, True)
    assert lock.why == "a stage lock holds until 2026-05-01 00:00 UTC"
    assert told(locked, "stage_lock").event_id == "lock-1"

    first = explain_company(warehouse, "c1", at=instant(BETWEEN))
    assert first.decision is not None
    assert (first.decision.cs_stage, first.decision.days_paying) == ("cs_onboarding", 10)
    (days,) = [check for check in first.rules if check.rule == "success"]
    assert days.why == (
        "it has paid for 10 days in the range 2001-8000, and more than 90 are asked for"
    )
    assert not [each for each in first.inputs if each.field == "stage_lock"]
    assert {change.changed_at for change in first.history} == {instant(FIRST)}

    before = explain_company(warehouse, "c1", at=instant("2026-03-01T08:30:00Z"))
    assert before.decision is None
    assert before.history == []
    assert told(before, "country").value == "DE"


def test_candidates_are_told_with_what_they_held_when_it_was_the_companys_turn(
    built: Journey,
) -> None:
    turns = {}
    for company_id in ("c1", "c2", "c3"):
        found = explain_company(built.warehouse, company_id, at=instant(BETWEEN))
        (assignment,) = found.assignments
        assert assignment.assignment_reason == "round_robin"
        turns[company_id] = {
            each.username: (each.companies, each.lead_intake, each.is_chosen)
            for each in assignment.candidates
        }
    fir = (0, 0, False)
    assert turns == {
        "c1": {"cs.ash": (0, 1, True), "cs.elm": (0, 1, False), "cs.fir": fir},
        "c2": {"cs.ash": (1, 1, False), "cs.elm": (0, 1, True), "cs.fir": fir},
        "c3": {"cs.ash": (1, 1, True), "cs.elm": (1, 1, False), "cs.fir": fir},
    }


def test_how_the_manager_came_to_be_is_told_in_order_with_its_events(built: Journey) -> None:
    found = explain_company(built.warehouse, "c2", at=instant(SECOND))
    managers = [
        (each.old_value, each.new_value, each.rule, each.assignment_reason, each.source_event_id)
        for each in found.history
        if each.field == "customer_success_manager"
    ]
    assert managers == [
        (None, "cs.elm", "onboarding", "round_robin", None),
        ("cs.elm", "cs.ash", "reported", None, "report-1"),
    ]
    assert found.assignments == []


def test_a_company_that_is_skipped_says_why_and_is_found_by_its_hubspot_record(
    built: Journey,
) -> None:
    skipped = explain_company(built.warehouse, "c4")
    assert (skipped.skip_reason, skipped.decision, skipped.rules) == ("lead", None, [])
    assert explain_company(built.warehouse, "900").company_id == "c3"
    with pytest.raises(ExplanationError, match="No company is known as 'c9'"):
        explain_company(built.warehouse, "c9")


def test_what_is_in_force_is_what_the_log_says_last(built: Journey) -> None:
    log = built.rows("journey.company_change_log", order="change_id")
    for at in (FIRST, BETWEEN, SECOND, "2026-06-01T00:00:00Z", LAST):
        for company_id in ("c1", "c2", "c3", "c4", "c5", "c6"):
            said = dict.fromkeys(FIELDS)
            for row in log:
                if row["company_id"] == company_id and row["changed_at"] <= instant(at):
                    said[row["field"]] = row["new_value"]
            found = explain_company(built.warehouse, company_id, at=instant(at))
            assert found.in_force == said, (company_id, at)


def test_a_manager_who_was_only_reported_is_in_force(built: Journey) -> None:
    found = explain_company(built.warehouse, "c5", at=instant("2026-06-01T00:00:00Z"))
    assert found.decision is not None
    assert found.decision.decided_at == instant(FIRST)  # nothing has been decided otherwise since
    assert found.in_force["customer_success_manager"] == "cs.elm"
    change = found.last_change("customer_success_manager")
    assert change is not None
    assert (change.rule, change.source_event_id) == ("reported", "report-5")


def test_a_report_of_what_is_in_force_leaves_the_choice_behind_it(built: Journey) -> None:
    found = explain_company(built.warehouse, "c3", at=instant("2026-06-01T00:00:00Z"))
    (assignment,) = found.assignments
    assert (assignment.decided_at, assignment.assignment_reason) == (instant(FIRST), "round_robin")


def test_an_event_that_came_in_late_is_no_input_of_earlier_decisions(built: Journey) -> None:
    earlier = explain_company(built.warehouse, "c3", at=instant(BETWEEN))
    assert told(earlier, "num_of_employees_range").value == "1-10"
    assert told(explain_company(built.warehouse, "c3"), "num_of_employees_range").value == "31-100"


def test_before_the_first_build_a_sentence_says_what_to_do(warehouse: Warehouse) -> None:
    with pytest.raises(ExplanationError, match="run `millrace build`"):
        explain_company(warehouse, "c1")


def test_the_command_tells_people_and_machines(
    built: Journey, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("MILLRACE_DATABASE_URL", built.warehouse.url)
    monkeypatch.chdir(tmp_path)
    told_people = CliRunner().invoke(app, ["explain", "company", "c1", "--at", BETWEEN])
    assert told_people.exit_code == 0, told_people.output
    for words in (
        "as of 2026-04-10 00:00 UTC",
        "The last decision that changed something by then was that of 2026-03-31 06:00 UTC.",
        "round_robin: cs.ash held the fewest companies of those who serve (cs_onboarding, EMEA",
        "0, takes none",
    ):
        assert words in told_people.stdout
    skipped = CliRunner().invoke(app, ["explain", "company", "c6", "--at", "2027-01-01T00:00:00Z"])
    lines = [" ".join(line.split()) for line in skipped.stdout.splitlines()]
    assert lines[1:5] == [
        (
            "The latest run decided nothing about it: test_company. "
            "Its stage and managers stay as they were:"
        ),
        "cs_stage cs_onboarding since 2026-03-31 06:00 UTC rule onboarding",
        "customer_success_manager cs.elm since 2026-03-31 06:00 UTC round_robin (rule onboarding)",
        "account_manager cs.elm since 2026-03-31 06:00 UTC its CS manager",
    ]
    later = CliRunner().invoke(app, ["explain", "company", "c1", "--at", "2027-01-01T00:00:00Z"])
    assert "The latest run that looked at it was that of 2026-07-01 06:00 UTC." in later.stdout
    told_machines = CliRunner().invoke(app, ["explain", "company", "c1", "--json"])
    found = json.loads(told_machines.stdout)
    assert found["decision"]["cs_stage"] == "cs_success"
    assert datetime.fromisoformat(found["at"]) == datetime(2026, 7, 1, 6, tzinfo=UTC)
