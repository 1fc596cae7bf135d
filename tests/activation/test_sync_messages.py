"""Rows that are sent once, to destinations that cannot be asked (Slack, email)."""

from __future__ import annotations

from typing import Any

import pytest

from activation import (
    ExitCode,
    RunStatus,
    mark_arrived,
    plan_sync,
    retry_failed,
    revert_run,
    run_sync,
)
from activation.errors import DestinationUnavailableError, NoAnswerError, RevertError
from activation.writers import DESTINATIONS
from activation.writers.base import PropertyDescription, Repeating, ValueKind
from tests.activation.memory import MemoryWriter
from tests.activation.models import declare, fill
from tests.activation.source import ledger_rows
from warehouse.database import Warehouse

NAME = "slack_tests"
MESSAGES = declare(
    NAME, ["text"], destination="slack", object="message", mode="message", batch_size=1
)
THREE = {key: {"text": f"hello {key}"} for key in "123"}


def account(**more: Any) -> MemoryWriter:
    properties = {"text": PropertyDescription("text", ValueKind.TEXT)}
    return MemoryWriter(properties=properties, repeating=Repeating.ASK, **more)


def outstanding(warehouse: Warehouse) -> dict[str, str]:
    found = ledger_rows(
        warehouse, "select key, status from ops.sync_outstanding where parked_at is not null"
    )
    return {row["key"]: row["status"] for row in found}


def test_a_message_is_sent_once_whatever_becomes_of_its_row(warehouse: Warehouse) -> None:
    fill(warehouse, MESSAGES, THREE)
    writer = account()
    run_sync(warehouse, MESSAGES, writer=writer, yes=True)
    fill(warehouse, MESSAGES, {**THREE, "2": {"text": "other words"}, "4": {"text": "new"}})
    run_sync(warehouse, MESSAGES, writer=writer, yes=True)
    run_sync(warehouse, MESSAGES, writer=writer, full=True, yes=True)
    assert writer.sent == ["1", "2", "3", "4"]
    assert writer.reads == []


def test_a_message_whose_answer_never_came_waits_for_a_person(warehouse: Warehouse) -> None:
    fill(warehouse, MESSAGES, THREE)
    writer = account(failures={2: NoAnswerError("Slack did not answer.")})
    result = run_sync(warehouse, MESSAGES, writer=writer, yes=True)
    assert (result.status, result.written, result.unsure) == (RunStatus.FAILED, 1, 1)
    second = run_sync(warehouse, MESSAGES, writer=writer, yes=True)
    assert (second.written, second.counts.parked) == (1, 1)
    assert outstanding(warehouse) == {"2": "unsure"}
    assert retry_failed(warehouse, MESSAGES, writer=writer).written == 1


def test_a_message_that_a_person_saw_arrive_is_settled_without_sending(
    warehouse: Warehouse,
) -> None:
    fill(warehouse, MESSAGES, THREE)
    writer = account(failures={2: NoAnswerError("Slack did not answer.")})
    run_sync(warehouse, MESSAGES, writer=writer, yes=True)
    result = mark_arrived(warehouse, MESSAGES, ["2", "3", "none"])
    assert (result.confirmed, result.exit_code) == (1, ExitCode.DONE)
    assert outstanding(warehouse) == {}
    run_sync(warehouse, MESSAGES, writer=writer, yes=True)
    assert writer.applied == ["1", "3"]


def test_a_message_that_was_certainly_not_sent_goes_with_the_next_run(
    warehouse: Warehouse,
) -> None:
    fill(warehouse, MESSAGES, THREE)
    writer = account(failures={2: DestinationUnavailableError("Slack is away.")})
    assert run_sync(warehouse, MESSAGES, writer=writer, yes=True).unsure == 0
    assert outstanding(warehouse) == {}
    assert run_sync(warehouse, MESSAGES, writer=writer, yes=True).exit_code is ExitCode.DONE
    assert sorted(writer.applied) == ["1", "2", "3"]


def test_after_a_restore_messages_that_may_have_gone_out_are_held_back(
    warehouse: Warehouse,
) -> None:
    sync = declare(
        NAME, ["text"], destination="slack", object="message", mode="message", batch_size=1,
    )  # fmt: skip
    fill(warehouse, sync, {"1": {"text": "old"}})
    writer = account()
    run_sync(warehouse, sync, writer=writer, yes=True)
    with warehouse.connect() as connection:  # the ledger forgets what was sent after the backup
        connection.execute("truncate ops.sync_state, ops.sync_row, ops.sync_run cascade")
        connection.execute(
            "insert into ops.restore (restored_at, taken_at, millrace_version, schema_revision) "
            "values (clock_timestamp(), now(), '0', '0012')"
        )
    result = run_sync(warehouse, sync, writer=writer, yes=True)
    assert (result.written, result.counts.parked) == (0, 1)
    assert outstanding(warehouse) == {"1": "unsure"}


def test_messages_are_neither_compared_nor_taken_back(warehouse: Warehouse) -> None:
    fill(warehouse, MESSAGES, THREE)
    result = run_sync(warehouse, MESSAGES, writer=account(), yes=True)
    with pytest.raises(RevertError, match="cannot be taken back"):
        revert_run(warehouse, str(result.run_id), declarations={NAME: MESSAGES})


def test_a_platform_that_knows_its_rows_is_sent_the_open_batch_again(
    warehouse: Warehouse,
) -> None:
    appended = declare("hubspot_company__conversions", ["text"], mode="upsert", batch_size=2)
    fill(warehouse, appended, THREE)
    writer = account(failures={1: NoAnswerError("No answer.")})
    writer.repeating = Repeating.HARMLESS
    result = run_sync(warehouse, appended, writer=writer, yes=True)
    assert (result.written, writer.requests) == (3, [["1", "2"], ["1", "2"], ["3"]])
    assert plan_sync(warehouse, appended).counts.to_write == 0
    assert DESTINATIONS["slack"].max_batch_size == 1


def test_a_message_in_doubt_stays_so_while_the_model_skips_it(warehouse: Warehouse) -> None:
    fill(warehouse, MESSAGES, {"1": {"text": "hello"}})
    writer = account(failures={1: NoAnswerError("No answer.")})
    run_sync(warehouse, MESSAGES, writer=writer, yes=True)
    fill(warehouse, MESSAGES, {"1": {"text": "hello", "skip_reason": "muted"}})
    run_sync(warehouse, MESSAGES, writer=writer, yes=True)
    assert outstanding(warehouse) == {"1": "unsure"}
    fill(warehouse, MESSAGES, {"1": {"text": "hello"}})
    run_sync(warehouse, MESSAGES, writer=writer, yes=True)
    assert writer.sent == ["1"]
