"""Syncs whose messages are composed: what is declared, checked, sent and kept."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from activation import run_sync
from activation.declaration import Declaration
from activation.engine import plan_sync
from activation.ledger import RunStatus
from activation.messages import COMPOSERS
from activation.messages.composer import Composer, FactsError, Parts
from activation.messages.composing_writer import ComposingWriter
from activation.opening import open_writer
from activation.writers import DESTINATIONS
from activation.writers.base import NewProperty, Outcome, Repeating, RowRequest, Usage, ValueKind
from activation.writers.limits import Quota
from activation.writers.slack import SlackWriter
from activation.writers.slack_client import SlackClient
from cli.sync_shown import show_plan
from simulators.serving import serving
from simulators.slack import DEFAULT_WEBHOOK_PATH, SlackSimulator
from simulators.smtp import MailSimulator
from tests.activation.engagement_weeks import told, week
from tests.activation.memory import MemoryWriter
from tests.activation.models import declare, fill
from tests.activation.source import ledger_rows
from warehouse.database import Warehouse
from warehouse.settings import Settings, get_settings

MESSAGES = {"object": "message", "mode": "message", "batch_size": 1}
SLACK = declare(
    "slack_engagement_summary",
    ["facts"],
    destination="slack",
    composer="engagement_summary",
    **MESSAGES,
)
EMAIL = declare(
    "email_engagement_summary",
    ["to", "facts"],
    destination="email",
    composer="engagement_summary",
    **MESSAGES,
)
SECRET = "quietharbour"


@contextmanager
def slack(simulator: SlackSimulator) -> Iterator[ComposingWriter]:
    with serving(simulator) as base_url:
        settings = Settings(SLACK_WEBHOOK_URL=base_url + DEFAULT_WEBHOOK_PATH)
        client = SlackClient(
            settings.require_slack_webhook(),
            limiter=Quota(10_000, 1).limiter(),
            sleep=lambda _: None,
        )
        composer = COMPOSERS["engagement_summary"]["slack"]
        yield ComposingWriter(SlackWriter(client), composer, console_url=None)
        client.close()


# What is declared


def test_every_composer_makes_all_that_its_destination_needs_but_what_is_personal() -> None:
    for by_destination in COMPOSERS.values():
        for name, composer in by_destination.items():
            destination = DESTINATIONS[name]
            assert destination.required - destination.personal <= composer.makes
            assert not destination.personal & composer.makes
            assert composer.takes not in composer.makes


def test_a_declaration_names_a_composer_of_its_destination_and_what_it_is_composed_of() -> None:
    said = EMAIL.model_dump()
    to, facts = said["fields"]
    assert (
        Declaration.model_validate(said).message_composer
        is COMPOSERS["engagement_summary"]["email"]
    )
    with pytest.raises(ValueError, match="composer: email has engagement_summary"):
        Declaration.model_validate({**said, "composer": "weather"})
    with pytest.raises(ValueError, match="engagement_summary needs the property facts"):
        Declaration.model_validate({**said, "fields": [to]})
    with pytest.raises(ValueError, match="email needs the property to"):
        Declaration.model_validate({**said, "fields": [facts]})
    text = {"column": "words", "property": "text"}
    with pytest.raises(ValueError, match="engagement_summary composes the property text"):
        Declaration.model_validate({**said, "fields": [to, facts, text]})
    with pytest.raises(ValueError, match="composer: hubspot has none"):
        declare("hubspot_company__facts", ["facts"], composer="engagement_summary")


# What the writer does


def lay_out(facts: str, *, console_url: str | None) -> Parts:
    if facts == "bad":
        raise FactsError("the value is no good")
    return {"text": f"{facts} at {console_url}"}


LAID_OUT = Composer("facts", frozenset({"text", "blocks"}), lay_out, preview=str)


class Posts:
    """A `SlackWriter` that keeps what it is asked to post."""

    def __init__(self) -> None:
        self.rows: list[RowRequest] = []
        client = SlackClient(
            Settings(
                SLACK_WEBHOOK_URL="https://hooks.slack.com/services/T0/B0/x"
            ).require_slack_webhook()
        )
        self.slack = SlackWriter(client)
        self.writer = ComposingWriter(self.slack, LAID_OUT, console_url="here")


def test_who_writes_sees_facts_and_the_destination_a_message() -> None:
    memory = MemoryWriter(
        properties=dict(Posts().slack.describe(["text", "blocks"])), repeating=Repeating.ASK
    )
    writer = ComposingWriter(memory, LAID_OUT, console_url="here")

    (result,) = writer.write([RowRequest("k", {"facts": "sun"})])

    assert (result.key, result.outcome) == ("k", Outcome.WRITTEN)
    assert memory.records["k"] == {"text": "sun at here"}
    assert writer.repeating is Repeating.ASK
    assert writer.usage == memory.usage != Usage()
    assert set(writer.describe(["facts", "text", "colour"])) == {"facts"}
    assert writer.describe(["facts"])["facts"].kind is ValueKind.TEXT


def test_what_the_destination_refuses_to_do_it_refuses_through_the_composer() -> None:
    writer = Posts().writer
    with pytest.raises(Exception, match="read back"):
        writer.read(["k"], ["text"])
    with pytest.raises(Exception, match="no list of options"):
        writer.add_options(writer.describe(["facts"])["facts"], ["a"])
    with pytest.raises(Exception, match="A message has no colour"):
        writer.create_property(NewProperty("colour", "Colour", ValueKind.TEXT))


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        ("sun", None),
        ("bad", "facts: the value is no good"),
        (None, "facts: a message needs it"),
        ("s" * 50_000, "text: the value is longer than 40000 characters"),
    ],
)
def test_a_row_fits_when_what_is_composed_of_it_does(facts: str | None, reason: str | None) -> None:
    assert Posts().writer.misfit(RowRequest("k", {"facts": facts})) == reason


# What is sent and kept


def test_a_summary_is_posted_once_and_the_ledger_keeps_its_facts(warehouse: Warehouse) -> None:
    simulator = SlackSimulator(messages_a_second=1000)
    facts = told(week(12))
    fill(warehouse, SLACK, {"2026-03-22/1": {"facts": facts}})
    with slack(simulator) as writer:
        first = run_sync(warehouse, SLACK, writer=writer)
        second = run_sync(warehouse, SLACK, writer=writer)

    (posted,) = simulator.state.messages
    (kept,) = ledger_rows(warehouse, "select payload from ops.sync_state")
    assert (first.status, first.written, second.written) == (RunStatus.DONE, 1, 0)
    assert (posted.text or "").startswith("Customer engagement, Mar 22")
    assert posted.payload["blocks"][0]["type"] == "header"
    assert kept["payload"] == {"facts": facts}


def test_malformed_facts_are_skipped_with_a_sentence_and_the_others_go(
    warehouse: Warehouse,
) -> None:
    simulator = SlackSimulator(messages_a_second=1000)
    bad = told({**week(12), "version": SECRET})
    fill(warehouse, SLACK, {"1": {"facts": bad}, "2": {"facts": told(week(12))}})
    with slack(simulator) as writer:
        result = run_sync(warehouse, SLACK, writer=writer)

    (row,) = ledger_rows(warehouse, "select message from ops.sync_row where outcome = 'skipped'")
    assert (result.written, len(simulator.state.messages)) == (1, 1)
    assert row["message"] == (
        "facts: the value is not a week's engagement (version: Input should be a valid integer, "
        "unable to parse string as an integer)"
    )


def test_mail_goes_out_through_the_settings_and_no_address_is_kept(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    simulator = MailSimulator()
    facts = told(week(12))
    rows = {each: {"to": f"{each}@example.com", "facts": facts} for each in ("ada", "bob")}
    fill(warehouse, EMAIL, {str(number): row for number, row in enumerate(rows.values())})
    with simulator.serving() as place:
        for name, value in {
            "SMTP_HOST": place.host,
            "SMTP_PORT": str(place.port),
            "SMTP_SECURITY": "none",
            "SMTP_FROM": "millrace@example.com",
            "CONSOLE_URL": "https://console.example.com",
        }.items():
            monkeypatch.setenv(name, value)
        get_settings.cache_clear()
        try:
            result = run_sync(warehouse, EMAIL)
        finally:
            monkeypatch.undo()
            get_settings.cache_clear()

    first, second = (kept.message for kept in simulator.mailbox.messages)
    text, related = first.iter_parts()
    page, picture = related.iter_parts()
    assert result.written == 2
    assert [first["To"], second["To"]] == ["ada@example.com", "bob@example.com"]
    assert first["Message-ID"] != second["Message-ID"]
    assert first.get_content_type() == "multipart/alternative"
    assert related.get_content_type() == "multipart/related"
    assert "Console: https://console.example.com" in text.get_content()
    assert 'src="cid:scores"' in page.get_content()
    assert (picture["Content-ID"], picture.get_content_type()) == ("<scores>", "image/png")
    for table in ("sync_row", "sync_state", "sync_outstanding", "sync_run"):
        kept = json.dumps(ledger_rows(warehouse, f"select * from ops.{table}"), default=str)  # noqa: S608 - ours
        assert "ada@" not in kept
        assert "bob@" not in kept


def test_a_sync_without_a_composer_is_opened_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLACK_WEBHOOK_URL", "https://hooks.slack.com/services/T0/B0/x")
    get_settings.cache_clear()
    try:
        plain = declare("slack_alerts", ["text"], destination="slack", **MESSAGES)
        with open_writer(plain) as writer:
            assert isinstance(writer, SlackWriter)
        with open_writer(SLACK) as writer:
            assert isinstance(writer, ComposingWriter)
    finally:
        monkeypatch.undo()
        get_settings.cache_clear()


# What a person sees of it before


def test_a_plan_with_values_shows_the_messages_and_neither_facts_nor_addresses(
    warehouse: Warehouse, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = {"to": "bob@example.com", "facts": told({"version": SECRET})}
    good = {"to": "ada@example.com", "facts": told(week(12))}
    fill(warehouse, EMAIL, {"1": good, "2": bad})

    show_plan(plan_sync(warehouse, EMAIL), EMAIL, values=True)
    with_values = capsys.readouterr().out
    show_plan(plan_sync(warehouse, EMAIL), EMAIL, values=False)
    without = capsys.readouterr().out

    assert "  insert 1: to: (personal) -> (personal)\n" in with_values
    assert "\n       1  Quiet Harbour Dental" in with_values
    assert "It cannot be composed: facts: the value is not a week's engagement" in with_values
    assert "example.com" not in with_values
    assert "{" not in with_values
    assert SECRET not in with_values
    assert "Quiet Harbour" not in without
