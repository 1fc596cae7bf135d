"""A sync that the models hold up sends nothing and asks nobody (spec/engagement.md, Publish)."""

from __future__ import annotations

import pytest

from activation import ExitCode, RunStatus, plan_sync, retry_failed, revert_run, run_sync
from activation.errors import BlockedError, SourceError
from tests.activation.source import ledger_rows
from tests.activation.weekly import (
    WEEKLY,
    block,
    destination,
    figures,
    remove_blockers,
    want,
    weekly,
)
from warehouse.database import Warehouse

MISSING = ("missing_metrics", "Three companies lack figures: run `millrace ingest` again.")
LATE = ("week_not_read", "The week is not read to its end: wait until Sunday.")


def test_a_run_that_is_held_up_asks_nobody_and_names_every_reason(warehouse: Warehouse) -> None:
    want(warehouse, figures(3), [LATE, MISSING])
    writer = destination()
    result = run_sync(warehouse, WEEKLY, writer=writer, yes=True, full=True)
    assert (result.status, result.exit_code) == (RunStatus.FAILED, ExitCode.FAILED)
    assert result.message == (
        "Nothing is sent, as activation.publication_blockers has reasons not to: "
        "missing_metrics: Three companies lack figures: run `millrace ingest` again; "
        "week_not_read: The week is not read to its end: wait until Sunday."
    )
    assert writer.usage.calls == 0
    (recorded,) = ledger_rows(warehouse, "select status, message from ops.sync_run")
    assert recorded == {"status": "failed", "message": result.message}


def test_the_first_five_reasons_are_told_and_the_rest_is_counted(warehouse: Warehouse) -> None:
    want(warehouse, figures(1), [(f"cause_{number}", "Mend it.") for number in range(8)])
    message = str(run_sync(warehouse, WEEKLY, writer=destination()).message)
    assert [number for number in range(8) if f"cause_{number}: Mend it;" in message] == [*range(5)]
    assert "and 3 more in activation.publication_blockers" in message


def test_a_run_is_held_up_even_where_it_had_nothing_to_write(warehouse: Warehouse) -> None:
    want(warehouse, figures(2))
    assert run_sync(warehouse, WEEKLY, writer=destination()).exit_code is ExitCode.DONE
    block(warehouse, [LATE])
    assert plan_sync(warehouse, WEEKLY).counts.to_write == 0
    assert run_sync(warehouse, WEEKLY).exit_code is ExitCode.FAILED
    assert retry_failed(warehouse, WEEKLY).exit_code is ExitCode.FAILED


def test_a_plan_and_a_dry_run_tell_what_would_go_and_why_it_may_not(warehouse: Warehouse) -> None:
    want(warehouse, figures(2), [LATE])
    writer = destination()
    plan = plan_sync(warehouse, WEEKLY, writer=writer, against_destination=True)
    assert plan.counts.to_write == 2
    assert "week_not_read: The week is not read to its end" in str(plan.blocked)
    dry = run_sync(warehouse, WEEKLY, writer=writer, dry_run=True, yes=True)
    assert (dry.exit_code, dry.message) == (ExitCode.FAILED, plan.blocked)
    assert writer.usage.calls == 0


def test_no_plan_is_kept_of_a_sync_that_is_held_up(warehouse: Warehouse) -> None:
    want(warehouse, figures(2), [LATE])
    with pytest.raises(BlockedError, match="week_not_read"):
        plan_sync(warehouse, WEEKLY, writer=destination(), save=True)
    assert ledger_rows(warehouse, "select plan_id from ops.sync_plan") == []


def test_a_kept_plan_waits_until_nothing_holds_the_sync_up(warehouse: Warehouse) -> None:
    want(warehouse, figures(2))
    writer = destination()
    plan = plan_sync(warehouse, WEEKLY, writer=writer, save=True)
    block(warehouse, [LATE])
    held_up = run_sync(warehouse, WEEKLY, writer=writer, plan_id=plan.plan_id)
    assert (held_up.exit_code, writer.requests) == (ExitCode.FAILED, [])
    block(warehouse, [])
    assert run_sync(warehouse, WEEKLY, writer=writer, plan_id=plan.plan_id).written == 2


def test_what_was_written_is_taken_back_all_the_same(warehouse: Warehouse) -> None:
    want(warehouse, figures(2))
    writer = destination(records={"1001": {"figure_rank": "7 out of 9"}, "1002": {}})
    run = run_sync(warehouse, WEEKLY, writer=writer)
    block(warehouse, [LATE])
    taken_back = revert_run(
        warehouse, str(run.run_id), writer=writer, declarations={WEEKLY.name: WEEKLY}
    )
    assert taken_back.exit_code is ExitCode.DONE
    assert writer.records["1001"]["figure_rank"] == "7 out of 9"


def test_a_relation_that_is_not_built_fails_the_run_and_says_so(warehouse: Warehouse) -> None:
    want(warehouse, figures(2))
    remove_blockers(warehouse)
    writer = destination()
    result = run_sync(warehouse, WEEKLY, writer=writer)
    assert (result.status, writer.usage.calls) == (RunStatus.FAILED, 0)
    assert "no activation.publication_blockers" in str(result.message)
    assert "`millrace build`" in str(result.message)
    with pytest.raises(SourceError, match="millrace build"):
        plan_sync(warehouse, WEEKLY)


def test_a_relation_without_the_columns_is_named(warehouse: Warehouse) -> None:
    want(warehouse, figures(2))
    declaration = weekly(blocked_by="ops.sync_run")
    with pytest.raises(SourceError, match=r"ops\.sync_run must have the columns cause and details"):
        plan_sync(warehouse, declaration)
