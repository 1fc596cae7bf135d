"""What other rules or people would change: told exactly, and changing nothing."""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from cli.main import app
from cli.simulation_shown import write_moves
from decisions.journey_simulation import simulate_journey
from decisions.proposal import Proposal, RuleVariables, SimulationError
from decisions.simulation_result import JourneySimulation, Leaver
from tests.decisions.conftest import FIRST, SECOND, THIRD, Decided, checksums
from warehouse.settings import get_settings

GRADUATING = RuleVariables(auto_success_ranges=["2001-8000", "8001+"])
FENNEL = "cs.fennel"


def simulated(decided: Decided, proposal: Proposal, **period: int) -> JourneySimulation:
    return simulate_journey(
        decided.journey.warehouse,
        proposal,
        as_of=THIRD,
        history_days=period.get("history_days"),
    )


@pytest.fixture
def command(decided: Decided, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """`millrace simulate journey` on the decided world."""
    monkeypatch.setenv("MILLRACE_DATABASE_URL", decided.journey.warehouse.url)
    get_settings.cache_clear()

    def run(*arguments: str) -> Result:
        as_of = ["--as-of", THIRD.isoformat()]
        return CliRunner().invoke(app, ["simulate", "journey", *as_of, *arguments])

    return run


def test_the_rules_in_force_move_nobody(decided: Decided) -> None:
    before = checksums(decided.journey)
    found = simulated(decided, Proposal())
    assert found.moves == []
    assert found.balances == []
    assert all(load.in_force == load.proposed for load in found.loads)
    assert found.companies == len(decided.held[SECOND.isoformat()]["company_journey"])
    assert checksums(decided.journey) == before


@pytest.mark.long
def test_large_customers_that_graduate_leave_onboarding(decided: Decided) -> None:
    found = simulated(decided, Proposal(variables=GRADUATING))
    (shift,) = found.stage_shifts
    assert (shift.before, shift.after) == ("cs_onboarding", "cs_success")
    assert shift.companies == len(found.moves) > 0
    assert {move.proposed.rule for move in found.moves} == {"success"}
    queued: dict[object, set[object]] = {}
    for row in decided.held[SECOND.isoformat()]["review_queue"]:
        queued.setdefault(row["topic"], set()).add(row["company_id"])
    moved = {move.company_id for move in found.moves}
    assert queued["never_graduates"] <= moved
    assert moved <= queued["never_graduates"] | queued.get("success_outgrown", set())


@pytest.mark.long
def test_a_manager_gains_what_another_loses(decided: Decided) -> None:
    found = simulated(decided, Proposal(variables=GRADUATING))
    gained = {load.username: load.proposed - load.in_force for load in found.loads}
    for username, difference in gained.items():
        to = sum(shift.companies for shift in found.manager_shifts if shift.after == username)
        away = sum(shift.companies for shift in found.manager_shifts if shift.before == username)
        assert difference == to - away, username


def accounted_for(leaver: Leaver) -> int:
    given = sum(leaver.taken_by.values())
    return given + sum(leaver.staying.values()) + len(leaver.without_candidate)


def test_every_company_of_a_leaver_is_accounted_for(decided: Decided) -> None:
    found = simulated(decided, Proposal(leavers=(FENNEL, "cs.sedge")))
    fennel, sedge = found.leavers
    loads = {load.username: load for load in found.loads if load.department == "customer_success"}
    for leaver in (fennel, sedge):
        assert accounted_for(leaver) == leaver.companies > 0
        assert leaver.companies == loads[leaver.username].in_force
    assert fennel.without_candidate  # nobody else serves onboarding in EMEA
    assert set(fennel.without_candidate) >= set(found.newly_without_candidate) - set(
        sedge.without_candidate
    )
    assert sedge.taken_by
    assert FENNEL not in {shift.after for shift in found.manager_shifts}


@pytest.mark.long
def test_who_would_wait_for_a_sales_manager_is_told(command: Callable[..., Result]) -> None:
    """Sales serves cs_sales alone: whoever pays would be listed in the review queue."""
    done = command("--vars", '{"assign_sales_managers": true}')
    (line,) = [line for line in done.stdout.splitlines() if "(no_sales_candidate)" in line]
    assert int(line.split()[0]) > 0


@pytest.mark.long
def test_sales_managers_are_given_where_the_rules_say_so(decided: Decided) -> None:
    found = simulated(decided, Proposal(variables=RuleVariables(assign_sales_managers=True)))
    assert not set(found.newly_without_sales_candidate) & {
        move.company_id for move in found.moves if move.is_other_sales_manager
    }
    assert found.sales_manager_shifts
    assert found.stage_shifts == found.manager_shifts == []
    assert all(move.proposed.sales_reason is not None for move in found.moves)


def test_the_past_under_the_rules_in_force_is_what_happened(decided: Decided) -> None:
    """From before the first real run, at the instants of the real ones."""
    found = simulated(decided, Proposal(), history_days=2)
    assert found.period is not None
    assert found.moves == []
    assert found.changes_anyway == 0
    assert found.period.in_force == found.period.proposed
    assert found.period.real_runs == 2
    assert found.period.start == THIRD - timedelta(days=2)
    log = decided.held[SECOND.isoformat()]["company_change_log"]
    stages = [row for row in log if row["field"] == "cs_stage"]
    assert found.period.in_force.stage_changes == len(stages)
    assert found.period.in_force.load_at_start == {}
    assert sum(found.period.in_force.load_at_end.values()) > 0
    # What was reported and replaced in one run is one change of hands, as for everybody who looks.
    changes = decided.held[SECOND.isoformat()]["company_journey_changes"]
    managers = [
        (row["company_id"], row["old_customer_success_manager"])
        for row in changes
        if row["new_customer_success_manager"] is not None
        and row["new_customer_success_manager"] != row["old_customer_success_manager"]
    ]
    assert sum(found.period.in_force.assignments.values()) == len(managers)
    again = Counter(company_id for company_id, before in managers if before is not None)
    assert found.period.in_force.reassigned == Counter(again.values())


@pytest.mark.long
def test_the_past_begins_with_the_log_as_it_stood(decided: Decided) -> None:
    found = simulated(decided, Proposal(variables=GRADUATING), history_days=1)
    assert found.period is not None
    assert found.period.real_runs == 1
    stood: dict[object, object] = {}
    for row in sorted(
        decided.held[FIRST.isoformat()]["company_change_log"],
        key=lambda row: int(str(row["change_id"])),
    ):
        if row["field"] == "customer_success_manager":
            stood[row["company_id"]] = row["new_value"]
    held = [manager for manager in stood.values() if manager is not None]
    assert found.period.in_force.load_at_start == {name: held.count(name) for name in set(held)}
    assert found.period.proposed.load_at_start == found.period.in_force.load_at_start
    assert {move.proposed.cs_stage for move in found.moves} == {"cs_success"}


def test_every_company_of_somebody_who_left_long_ago_is_told_once(decided: Decided) -> None:
    """Companies that the leaver never had there may have stayed with others, or with nobody."""
    found = simulated(decided, Proposal(leavers=(FENNEL,)), history_days=2)
    (leaver,) = found.leavers
    assert FENNEL not in leaver.taken_by
    assert leaver.without_candidate
    assert accounted_for(leaver) == leaver.companies


def test_nothing_decided_yet_is_told(decided: Decided) -> None:
    with pytest.raises(SimulationError, match="run `millrace build` first"):
        simulate_journey(
            decided.journey.warehouse,
            Proposal(variables=GRADUATING),
            as_of=FIRST - timedelta(days=1),
        )


def test_the_command_tells_a_person_and_writes_the_list(
    command: Callable[..., Result], tmp_path: Path
) -> None:
    listed = tmp_path / "moves.csv"
    done = command("--leaver", FENNEL, "--vars", '{"sticky_success": true}', "--list", str(listed))
    assert done.exit_code == 0, done.stderr
    assert "sticky_success = true; cs.fennel leaves." in done.stdout
    assert "nobody can take (no_candidate)" in done.stdout
    with listed.open() as file:
        moves = list(csv.DictReader(file))
    assert f"{len(moves)} of " in done.stdout


def test_the_command_tells_a_machine_everything(command: Callable[..., Result]) -> None:
    done = command("--vars", GRADUATING.model_dump_json(exclude_none=True), "--json")
    told = json.loads(done.stdout)
    assert len(told["moves"]) == told["stage_shifts"][0]["companies"]
    assert told["moves"][0]["proposed"]["cs_stage"] == "cs_success"
    assert told["period"] is None


def test_a_name_that_a_spreadsheet_would_compute_is_written_as_text(
    decided: Decided, tmp_path: Path
) -> None:
    found = simulated(decided, Proposal(variables=GRADUATING))
    spiked = replace(found.moves[0], name='=HYPERLINK("https://example.com")')
    path = tmp_path / "moves.csv"
    write_moves(replace(found, moves=[spiked]), path)
    with path.open() as file:
        (row,) = csv.DictReader(file)
    assert row["name"] == '\'=HYPERLINK("https://example.com")'


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (["--vars", "sticky"], 1, "The vars are not JSON"),
        (["--vars", "[]"], 1, "The vars are not a JSON object"),
        (["--vars", '{"sticky": true}'], 1, "No rule depends on a var sticky; there are"),
        (["--vars", '{"sticky_success": "yes"}'], 1, 'The var sticky_success cannot be "yes"'),
        (["--vars", '{"auto_success_ranges": ["8000+"]}'], 1, 'cannot be "8000+"'),
        (["--managers", "nowhere.csv"], 1, "nowhere.csv does not exist."),
        (["--leaver", "cs.nobody"], 1, "cs_managers.csv is called cs.nobody"),
        ([], 2, "Nothing is proposed"),
        (["--history", "0", "--leaver", FENNEL], 2, "--history"),
        (["--history", "1000000", "--leaver", FENNEL], 2, "--history"),
        (["--list", "nowhere/moves.csv", "--leaver", FENNEL], 2, "nowhere is no folder"),
    ],
)
def test_wrong_input_is_told_in_a_sentence_and_leaves_nothing(
    decided: Decided,
    command: Callable[..., Result],
    arguments: list[str],
    code: int,
    sentence: str,
) -> None:
    before = checksums(decided.journey)
    done = command(*arguments)
    told = str(done.exception) if code == 1 else " ".join(done.stderr.split())
    assert sentence in told
    assert (done.exit_code, checksums(decided.journey)) == (code, before)


def test_the_vars_of_the_rules_are_those_of_the_project() -> None:
    project = Path("dbt_project.yml").read_text()
    ranges = Path("macros/journey_buckets.sql").read_text()
    for name in RuleVariables.model_fields:
        assert f"\n  {name}: " in project
    assert "['1-2000', '2001-8000', '8001+']" in ranges
