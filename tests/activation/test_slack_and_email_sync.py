"""Syncs to a local Slack and a local mail server: each message once, whatever is answered."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from activation import SyncResult, retry_failed, run_sync
from activation.ledger import RunStatus
from activation.writers.base import Writer
from activation.writers.email import EmailWriter
from activation.writers.email_server import MailServer
from activation.writers.limits import Quota
from activation.writers.slack import SlackWriter
from activation.writers.slack_client import SlackClient
from simulators.faults import Cut, Fault
from simulators.serving import serving
from simulators.slack import DEFAULT_WEBHOOK_PATH, SlackSimulator
from simulators.smtp import MailSimulator, Mishap, Stage
from tests.activation.models import declare, fill
from tests.activation.source import ledger_rows
from warehouse.database import Warehouse
from warehouse.settings import Settings

MESSAGES = {"object": "message", "mode": "message", "batch_size": 1}
SLACK = declare("slack_alerts", ["text"], destination="slack", **MESSAGES)
EMAIL = declare("email_alerts", ["to", "subject", "text"], destination="email", **MESSAGES)


@contextmanager
def slack(simulator: SlackSimulator) -> Iterator[Writer]:
    with serving(simulator) as base_url:
        settings = Settings(SLACK_WEBHOOK_URL=base_url + DEFAULT_WEBHOOK_PATH)
        client = SlackClient(
            settings.require_slack_webhook(),
            limiter=Quota(10_000, 1).limiter(),
            sleep=lambda _: None,
        )
        yield SlackWriter(client)
        client.close()


@contextmanager
def email(simulator: MailSimulator) -> Iterator[Writer]:
    with simulator.serving() as place:
        settings = Settings.model_validate(
            {
                "SMTP_HOST": place.host,
                "SMTP_PORT": place.port,
                "SMTP_SECURITY": "none",
                "SMTP_FROM": "millrace@example.com",
            }
        )
        server = MailServer(settings.require_smtp(), sleep=lambda _: None)
        yield EmailWriter(server)
        server.close()


def status(result: SyncResult) -> tuple[RunStatus, int]:
    return result.status, result.written


def test_a_message_is_sent_once_whatever_becomes_of_its_row(warehouse: Warehouse) -> None:
    simulator = SlackSimulator(messages_a_second=1000)
    with slack(simulator) as writer:
        fill(warehouse, SLACK, {"1": {"text": "one"}, "2": {"text": "two"}})
        first = run_sync(warehouse, SLACK, writer=writer)
        fill(warehouse, SLACK, {"2": {"text": "two, again"}, "3": {"text": "three"}})
        second = run_sync(warehouse, SLACK, writer=writer)
        third = run_sync(warehouse, SLACK, writer=writer)

    assert status(first) == (RunStatus.DONE, 2)
    assert status(second) == (RunStatus.DONE, 1)
    assert status(third) == (RunStatus.DONE, 0)
    assert simulator.state.texts == ["one", "two", "three"]
    assert (first.usage.calls, second.usage.calls, third.usage.calls) == (2, 1, 0)


def test_a_message_whose_answer_was_lost_waits_for_a_person(warehouse: Warehouse) -> None:
    simulator = SlackSimulator(messages_a_second=1000)
    simulator.faults.add(Fault(does=Cut(takes_effect=True), times=1))
    with slack(simulator) as writer:
        fill(warehouse, SLACK, {"1": {"text": "one"}, "2": {"text": "two"}})
        lost = run_sync(warehouse, SLACK, writer=writer)
        after = run_sync(warehouse, SLACK, writer=writer)
        assert simulator.state.texts == ["one", "two"]

        again = retry_failed(warehouse, SLACK, writer=writer)
        run_sync(warehouse, SLACK, writer=writer)

    assert (lost.status, lost.unsure) == (RunStatus.FAILED, 1)
    assert "look for it in the channel" in (lost.message or "")
    assert (after.written, again.written) == (1, 1)
    assert simulator.state.texts == ["one", "two", "one"]


def test_mail_goes_to_whoever_can_get_it_and_the_ledger_knows_no_address(
    warehouse: Warehouse,
) -> None:
    simulator = MailSimulator()
    simulator.mishaps.add(
        Mishap(Stage.RCPT, "550 5.1.1 No bob@example.com", address="bob@example.com")
    )
    said = {"subject": "Two tiers moved", "text": "Quiet Harbour is in tier 1."}
    messages = {
        "1": {"to": "ada@example.com", **said},
        "2": {"to": "ada@example.com, bob@example.com", **said},
        "3": {"to": "bob@example.com", **said},
        "4": {"to": "nobody at example.com", **said},
    }
    fill(warehouse, EMAIL, messages)
    with email(simulator) as writer:
        first = run_sync(warehouse, EMAIL, writer=writer)
        sent = [kept.recipients for kept in simulator.mailbox.messages]
        second = run_sync(warehouse, EMAIL, writer=writer)

    recorded = {
        row["key"]: (row["outcome"], row["message"])
        for row in ledger_rows(
            warehouse, "select * from ops.sync_row where run_id = %s", first.run_id
        )
    }
    assert sent == [("ada@example.com",)] * 2
    assert recorded == {
        "1": ("written", None),
        "2": ("written", "1 of 2 recipients was refused: 550 5.1.1 No (address)"),
        "3": ("failed", "The mail server does not take the message: 550 5.1.1 No (address)"),
        "4": ("skipped", "to: the value must be e-mail addresses with commas between them"),
    }
    assert len(simulator.mailbox.messages) == 2
    assert second.written == 0
    for table in ("sync_row", "sync_state", "sync_outstanding", "sync_run"):
        text = str(ledger_rows(warehouse, f"select * from ops.{table}"))  # noqa: S608 - ours
        assert "ada" not in text
        assert "bob" not in text
