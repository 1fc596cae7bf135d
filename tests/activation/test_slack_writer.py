"""What the Slack writer posts, and what it makes of answers, good and bad."""

from __future__ import annotations

import json
import logging
import traceback
from collections.abc import Iterator

import httpx
import pytest

from activation.declaration import Declaration
from activation.errors import (
    DestinationError,
    DestinationRefusedError,
    DestinationUnavailableError,
    NoAnswerError,
)
from activation.writers import DESTINATIONS
from activation.writers.base import Mode, NewProperty, Outcome, Repeating, RowRequest, ValueKind
from activation.writers.limits import SLACK, Quota, shared_limiter
from activation.writers.slack import SlackWriter, open_slack
from activation.writers.slack_client import SlackClient
from simulators.faults import Cut, Fault, RateLimited, ServerError
from simulators.serving import serving
from simulators.slack import DEFAULT_WEBHOOK_PATH, SlackSimulator
from tests.activation.scripted_wire import Answer, Wire
from warehouse.settings import Settings, SettingsError, SlackWebhook, get_settings

SECRET = "quaintOtter"
WEBHOOK = f"https://hooks.slack.com/services/T0/B0/{SECRET}"
BLOCKS = [{"type": "section", "text": {"type": "mrkdwn", "text": "*Two* tiers moved"}}]
PRIVATE = "what nobody else may read"
ROW = RowRequest("2026-W12", {"text": "Two tiers moved"})


def webhook(url: str = WEBHOOK) -> SlackWebhook:
    return Settings(SLACK_WEBHOOK_URL=url).require_slack_webhook()


def said(status: int, word: str, **headers: str) -> httpx.Response:
    return httpx.Response(status, text=word, headers=headers)


OK = said(200, "ok")


@pytest.fixture
def wire() -> Wire:
    return Wire([OK])


@pytest.fixture
def writer(wire: Wire) -> Iterator[SlackWriter]:
    client = SlackClient(
        webhook(),
        limiter=Quota(10_000, 1).limiter(),
        sleep=wire.pauses.append,
        transport=httpx.MockTransport(wire.handle),
    )
    yield SlackWriter(client)
    client.close()


# What is posted


def test_a_message_is_posted_to_the_webhook_as_json(wire: Wire, writer: SlackWriter) -> None:
    row = RowRequest("k", {"text": "Two tiers moved", "blocks": json.dumps(BLOCKS)})

    (result,) = writer.write([row])

    assert (result.key, result.outcome, result.message) == ("k", Outcome.WRITTEN, None)
    (request,) = wire.requests
    assert (request.method, request.url.host) == ("POST", "hooks.slack.com")
    assert request.extensions["target"] == f"/services/T0/B0/{SECRET}".encode()
    assert request.headers["content-type"] == "application/json"
    assert json.loads(request.content) == {"text": "Two tiers moved", "blocks": BLOCKS}


@pytest.mark.parametrize("blocks", [{}, {"blocks": None}, {"blocks": ""}])
def test_a_message_without_blocks_is_its_text_alone(
    wire: Wire, writer: SlackWriter, blocks: dict[str, str | None]
) -> None:
    writer.write([RowRequest("k", {"text": "<!here> *Two* & more", **blocks})])

    assert json.loads(wire.requests[0].content) == {"text": "<!here> *Two* & more"}


def test_a_message_reaches_a_real_server_at_the_webhooks_path() -> None:
    simulator = SlackSimulator()
    with serving(simulator) as base_url:
        client = SlackClient(webhook(base_url + DEFAULT_WEBHOOK_PATH))
        results = SlackWriter(client).write([ROW])
        client.close()
    assert [result.outcome for result in results] == [Outcome.WRITTEN]
    assert simulator.state.texts == ["Two tiers moved"]
    assert [call.path for call in simulator.calls] == [DEFAULT_WEBHOOK_PATH]


def test_what_a_message_is_made_of_is_known_without_asking(wire: Wire, writer: SlackWriter) -> None:
    described = writer.describe(["text", "blocks", "colour"])

    assert set(described) == {"text", "blocks"}
    assert {each.kind for each in described.values()} == {ValueKind.TEXT}
    assert described["text"].max_length == 40_000
    assert wire.requests == []


def test_a_sent_message_is_a_persons_to_send_again(writer: SlackWriter) -> None:
    assert writer.repeating is Repeating.ASK
    with pytest.raises(DestinationRefusedError, match="read back"):
        writer.read(["k"], ["text"])
    with pytest.raises(DestinationRefusedError, match="no list of options"):
        writer.add_options(writer.describe(["text"])["text"], ["a"])
    with pytest.raises(DestinationRefusedError, match="no colour: name one of blocks, text"):
        writer.create_property(NewProperty("colour", "Colour", ValueKind.TEXT))


# What does not fit


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"text": "a"}, None),
        ({"text": "a", "blocks": json.dumps(BLOCKS * 50)}, None),
        ({"blocks": json.dumps(BLOCKS)}, "text: a message needs it"),
        ({"text": None}, "text: a message needs it"),
        ({"text": " \n"}, "text: a message needs it"),
        ({"text": "a", "blocks": json.dumps(BLOCKS * 51)}, "blocks: the value is not JSON"),
        ({"text": "a", "blocks": "[]"}, "blocks: the value is not JSON"),
        ({"text": "a", "blocks": '{"type": "divider"}'}, "blocks: the value is not JSON"),
        ({"text": "a", "blocks": '["private"]'}, "blocks: the value is not JSON"),
        ({"text": "a", "blocks": '[{"text": "private"}]'}, "blocks: the value is not JSON"),
        ({"text": "a", "blocks": '[{"type": 1}]'}, "blocks: the value is not JSON"),
        ({"text": "a", "blocks": '[{"type": "private"'}, "blocks: the value is not JSON"),
        ({"text": "a", "blocks": '[{"type": "a", "n": NaN}]'}, "blocks: the value is not JSON"),
        ({"text": "a", "blocks": '[{"type": "a", "n": 1e999}]'}, "blocks: the value is not JSON"),
        ({"text": "a", "blocks": "[" * 9000}, "blocks: the value is not JSON"),
    ],
)
def test_what_is_no_message_is_told_without_quoting_it(
    writer: SlackWriter, values: dict[str, str | None], reason: str | None
) -> None:
    misfit = writer.misfit(RowRequest("k", values))

    assert (misfit or "").startswith(reason or "")
    assert (misfit is None) == (reason is None)
    assert "private" not in (misfit or "")


def test_a_declaration_names_a_text_and_sends_one_message_at_a_time() -> None:
    said = {
        "name": "slack_alerts",
        "description": "Alerts.",
        "destination": "slack",
        "object": "message",
        "mode": "message",
        "key": "alert_id",
        "policy": "row_by_row",
        "batch_size": 1,
        "fields": [{"column": "message", "property": "text"}],
    }
    assert Declaration.model_validate(said).mode is Mode.MESSAGE
    with pytest.raises(ValueError, match="slack needs the property text"):
        Declaration.model_validate({**said, "fields": [{"column": "b", "property": "blocks"}]})
    with pytest.raises(ValueError, match="at most 1 rows"):
        Declaration.model_validate({**said, "batch_size": 2})
    with pytest.raises(ValueError, match="slack takes message"):
        Declaration.model_validate({**said, "mode": "upsert"})


# What Slack says


@pytest.mark.parametrize("word", ["invalid_payload", "invalid_blocks", "no_text"])
def test_a_message_that_slack_does_not_take_is_a_failed_row(
    wire: Wire, writer: SlackWriter, word: str
) -> None:
    wire.answers = [said(400, f"{word}\n")]

    (result,) = writer.write([ROW])

    assert result.outcome is Outcome.FAILED
    assert result.message == f"Slack does not take the message: {word}"
    assert writer.usage.retries == 0


@pytest.mark.parametrize(
    ("status", "word", "advice"),
    [
        (403, "action_prohibited", "ask an administrator"),
        (403, "invalid_token", "make a new incoming webhook"),
        (404, "channel_not_found", "its channel is gone"),
        (404, "no_service", "make a new incoming webhook"),
        (404, "no_active_hooks", "make a new incoming webhook"),
        (404, "no_team", "its workspace is gone"),
        (410, "channel_is_archived", "unarchive the channel"),
        (404, "<html>quaintOtter</html>", r"\(HTTP 404\): check SLACK_WEBHOOK_URL"),
        (302, "", "answered 302: check SLACK_WEBHOOK_URL"),
    ],
)
def test_a_webhook_that_slack_does_not_take_ends_the_run_and_says_what_to_do(
    wire: Wire, writer: SlackWriter, status: int, word: str, advice: str
) -> None:
    wire.answers = [said(status, word)]

    with pytest.raises(DestinationRefusedError, match=advice) as caught:
        writer.write([ROW])

    assert not caught.value.may_have_arrived
    assert len(wire.requests) == 1


def test_too_fast_a_message_waits_as_long_as_slack_asks(wire: Wire, writer: SlackWriter) -> None:
    wire.answers = [said(429, "rate_limited", **{"Retry-After": "7"}), said(429, ""), OK]

    (result,) = writer.write([ROW])

    assert result.outcome is Outcome.WRITTEN
    assert wire.pauses[0] == 7
    assert 2 <= wire.pauses[1] <= 3
    assert (writer.usage.calls, writer.usage.write_calls, writer.usage.retries) == (3, 3, 2)


def test_a_longer_wait_than_a_run_makes_ends_it(wire: Wire, writer: SlackWriter) -> None:
    wire.answers = [said(429, "rate_limited", **{"Retry-After": "3600"})]
    with pytest.raises(DestinationUnavailableError, match="asks to wait 3600 seconds") as caught:
        writer.write([ROW])
    assert wire.pauses == []
    assert not caught.value.may_have_arrived


@pytest.mark.parametrize(
    "trouble",
    [
        httpx.ConnectError("nobody there"),
        httpx.ConnectTimeout("nobody there"),
        httpx.ProxyError("no way through"),
    ],
)
def test_a_message_that_found_nobody_is_sent_again(
    wire: Wire, writer: SlackWriter, trouble: Exception
) -> None:
    wire.answers = [trouble, OK]
    (result,) = writer.write([ROW])
    assert result.outcome is Outcome.WRITTEN
    assert (writer.usage.calls, writer.usage.retries) == (1, 1)


def test_who_is_never_there_is_left_alone_until_the_next_run(
    wire: Wire, writer: SlackWriter
) -> None:
    wire.answers = [httpx.ConnectError("nobody there")]
    with pytest.raises(DestinationUnavailableError, match="Run the sync again later") as caught:
        writer.write([ROW])
    assert len(wire.requests) == SLACK.attempts
    assert not caught.value.may_have_arrived
    assert writer.usage.calls == 0


@pytest.mark.parametrize(
    ("trouble", "told"),
    [
        (httpx.ReadTimeout("late"), "no answer, ReadTimeout"),
        (httpx.WriteTimeout("late"), "no answer, WriteTimeout"),
        (httpx.RemoteProtocolError("cut"), "no answer, RemoteProtocolError"),
        (said(500, "rollup_error"), "rollup_error"),
        (said(503, "<html>Bad gateway</html>"), "HTTP 503"),
        (said(408, ""), "HTTP 408"),
        (said(200, "<html>Log in</html>"), "HTTP 200"),
    ],
)
def test_a_message_that_nobody_knows_of_is_not_sent_again(
    wire: Wire, writer: SlackWriter, trouble: Answer, told: str
) -> None:
    wire.answers = [trouble]

    with pytest.raises(NoAnswerError, match=told) as caught:
        writer.write([ROW])

    assert "millrace sync retry" in str(caught.value)
    assert caught.value.may_have_arrived
    assert len(wire.requests) == 1
    assert (writer.usage.calls, writer.usage.retries) == (1, 0)


def test_a_cut_and_a_server_error_of_a_real_server_are_doubts() -> None:
    simulator = SlackSimulator(messages_a_second=100)
    simulator.faults.add(
        Fault(does=Cut(takes_effect=True), times=1),
        Fault(does=ServerError(status=500, takes_effect=True), skip=1, times=1),
        Fault(does=RateLimited(), skip=2, times=1),
    )
    with serving(simulator) as base_url:
        client = SlackClient(
            webhook(base_url + DEFAULT_WEBHOOK_PATH),
            limiter=Quota(10_000, 1).limiter(),
            sleep=lambda _: None,
        )
        writer = SlackWriter(client)
        for _ in range(2):
            with pytest.raises(NoAnswerError):
                writer.write([ROW])
        writer.write([ROW])
        client.close()
    assert simulator.state.texts == ["Two tiers moved"] * 3
    assert len(simulator.calls) == writer.usage.calls == 4


# The quota


def test_all_users_of_a_webhook_share_a_message_a_second() -> None:
    posted = httpx.MockTransport(lambda _: OK)
    client = SlackClient(webhook(f"{WEBHOOK}2"), transport=posted)
    SlackWriter(client).write([ROW])
    client.close()

    shared = shared_limiter(f"{WEBHOOK}2", SLACK.quota)
    other = shared_limiter(f"{WEBHOOK}3", SLACK.quota)

    assert SLACK.quota == Quota(1, 1)
    assert not shared.try_acquire("slack", blocking=False)
    assert other.try_acquire("slack", blocking=False)


# The secret


@pytest.mark.parametrize(
    "answers",
    [
        [OK],
        [said(400, "no_text")],
        [said(404, "no_service")],
        [said(404, WEBHOOK)],
        [said(429, SECRET), httpx.ReadTimeout("late")],
        [httpx.ConnectError("nobody there")],
        [said(500, "rollup_error")],
        [said(200, SECRET)],
    ],
)
def test_neither_the_webhook_nor_the_message_is_logged_or_raised(
    wire: Wire, writer: SlackWriter, caplog: pytest.LogCaptureFixture, answers: list[Answer]
) -> None:
    caplog.set_level(logging.DEBUG)
    wire.answers = answers
    told = repr(webhook()) + repr(writer)
    try:
        told += repr(writer.write([RowRequest("k", {"text": PRIVATE})]))
    except DestinationError as error:
        told += repr(error) + "".join(traceback.format_exception(error))
    for secret in (SECRET, PRIVATE):
        assert secret not in caplog.text + told


def test_the_webhook_is_not_logged_on_its_way_to_a_real_server(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    with serving(SlackSimulator()) as base_url:
        client = SlackClient(webhook(base_url + DEFAULT_WEBHOOK_PATH))
        SlackWriter(client).write([ROW])
        client.close()
    assert f"HTTP Request: POST {base_url}/ " in caplog.text
    assert "localSlackWebhook" not in caplog.text


# The setting


@pytest.mark.parametrize(
    "url",
    [
        "quaintOtter",
        "https://hooks.slack.com/services/T0/quaintOtter",
        "https://hooks.slack.com/workflows/T0/B0/quaintOtter",
        "https://hooks.slack.com/services/T0/B0/quaintOtter?a=b",
        "https://hooks.slack.com/services/T0/B0/quaintÖtter",
        "https://user:quaintOtter@hooks.slack.com/services/T0/B0/x",
        "ftp://hooks.slack.com/services/T0/B0/quaintOtter",
    ],
)
def test_what_is_no_webhook_is_refused_with_a_sentence_that_does_not_quote_it(url: str) -> None:
    with pytest.raises(SettingsError, match="SLACK_WEBHOOK_URL is not an incoming") as caught:
        webhook(url)
    assert "quaint" not in str(caught.value)


def test_a_webhook_may_have_blanks_around_it() -> None:
    assert webhook(f" {WEBHOOK}\n") == webhook()


def test_the_writer_is_opened_from_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    assert DESTINATIONS["slack"].open_writer is open_slack
    try:
        monkeypatch.setenv("SLACK_WEBHOOK_URL", "")
        get_settings.cache_clear()
        with (
            pytest.raises(SettingsError, match="SLACK_WEBHOOK_URL is not set"),
            open_slack("message"),
        ):
            pass
        monkeypatch.setenv("SLACK_WEBHOOK_URL", WEBHOOK)
        get_settings.cache_clear()
        with open_slack("message") as writer:
            assert writer.misfit(ROW) is None
    finally:
        get_settings.cache_clear()
