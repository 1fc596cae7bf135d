"""The Slack writer and its simulator, both held to the description of incoming webhooks."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from activation.errors import DestinationRefusedError, NoAnswerError
from activation.messages import COMPOSERS
from activation.messages.composing_writer import ComposingWriter
from activation.writers.base import Outcome, RowRequest
from activation.writers.limits import Quota
from activation.writers.slack import SlackWriter
from activation.writers.slack_client import SlackClient
from simulators.faults import Cut, Fault, Interference, RateLimited, ServerError
from simulators.slack import DEFAULT_WEBHOOK_PATH, SlackSimulator, SlackState, Standing
from tests.activation.engagement_weeks import told, week
from tests.contracts.conftest import OnRecord
from warehouse.settings import Settings

SECTION = {"type": "section", "text": {"type": "mrkdwn", "text": "*Two* tiers moved"}}


@contextmanager
def writing(base_url: str) -> Iterator[SlackWriter]:
    settings = Settings(SLACK_WEBHOOK_URL=base_url + DEFAULT_WEBHOOK_PATH)
    client = SlackClient(
        settings.require_slack_webhook(),
        limiter=Quota(10_000, 1).limiter(),
        sleep=lambda _: None,
    )
    yield SlackWriter(client)
    client.close()


@pytest.fixture
def simulator() -> SlackSimulator:
    return SlackSimulator(messages_a_second=1000)


def message(**values: object) -> list[RowRequest]:
    return [RowRequest("k", {name: str(value) for name, value in values.items()})]


def test_messages_with_and_without_blocks(
    slack_on_record: OnRecord, simulator: SlackSimulator
) -> None:
    with slack_on_record(simulator) as slack, writing(slack.base_url) as writer:
        results = [
            *writer.write(message(text="Größer & *fett*")),
            *writer.write(message(text="Two tiers", blocks=json.dumps([SECTION] * 50))),
        ]
        assert slack.recorder.operations == {"incomingWebhook"}
    assert {result.outcome for result in results} == {Outcome.WRITTEN}
    assert simulator.state.texts == ["Größer & *fett*", "Two tiers"]


@pytest.mark.parametrize(
    "facts",
    [
        week(),
        week(0, anomalies=[], movers=[]),
        week(25_000, names=["<!here> & *Co*" * 30] * 25_000, version=2, restatement_reason="A & B"),
    ],
)
def test_a_composed_message(
    slack_on_record: OnRecord, simulator: SlackSimulator, facts: dict[str, object]
) -> None:
    composer = COMPOSERS["engagement_summary"]["slack"]
    with slack_on_record(simulator) as slack, writing(slack.base_url) as inner:
        writer = ComposingWriter(inner, composer, console_url="https://console.example.com/?a=1&b")
        (row,) = message(facts=told(facts))
        assert writer.misfit(row) is None
        (result,) = writer.write([row])
    assert result.outcome is Outcome.WRITTEN
    assert {block["type"] for block in simulator.state.messages[0].payload["blocks"]} == {
        "header",
        "context",
        "section",
        "divider",
    }


def test_a_message_whose_blocks_slack_does_not_know(
    slack_on_record: OnRecord, simulator: SlackSimulator
) -> None:
    rows = message(text="a", blocks='[{"type": "no_such_block"}]')
    with slack_on_record(simulator) as slack, writing(slack.base_url) as writer:
        assert writer.misfit(rows[0]) is None
        (result,) = writer.write(rows)
    assert result.outcome is Outcome.FAILED
    assert result.message == "Slack does not take the message: invalid_blocks"


@pytest.mark.parametrize("standing", [each for each in Standing if each is not Standing.OK])
def test_a_webhook_that_is_out_of_use(slack_on_record: OnRecord, standing: Standing) -> None:
    simulator = SlackSimulator(SlackState(standing))
    with slack_on_record(simulator) as slack, writing(slack.base_url) as writer:
        with pytest.raises(DestinationRefusedError, match=rf"\({standing}\): (?!check)"):
            writer.write(message(text="a"))
        assert writer.usage.calls == len(simulator.calls) == 1


def test_messages_that_come_too_fast_are_sent_again(slack_on_record: OnRecord) -> None:
    now = 100.0
    simulator = SlackSimulator(seconds=lambda: now)
    simulator.faults.add(Fault(does=RateLimited(retry_after=1), times=2))
    with slack_on_record(simulator) as slack, writing(slack.base_url) as writer:
        (result,) = writer.write(message(text="a"))
    assert result.outcome is Outcome.WRITTEN
    assert writer.usage.retries == 2
    assert simulator.state.texts == ["a"]


@pytest.mark.parametrize("does", [ServerError(status=500, takes_effect=True), Cut()])
def test_a_message_that_nobody_knows_of_is_not_sent_again(
    slack_on_record: OnRecord, simulator: SlackSimulator, does: Interference
) -> None:
    simulator.faults.add(Fault(does=does, times=1))
    with slack_on_record(simulator) as slack, writing(slack.base_url) as writer:
        with pytest.raises(NoAnswerError):
            writer.write(message(text="a"))
        assert writer.usage.calls == len(simulator.calls) == 1
