"""The local Slack keeps to the description of Slack's incoming webhooks."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import httpx
import pytest

from simulators.faults import Fault, HtmlPage, Interference, RateLimited, ServerError
from simulators.serving import serving
from simulators.slack import DEFAULT_WEBHOOK_PATH, SlackSimulator, SlackState, Standing
from tests.contracts.conftest import OnRecord
from tests.contracts.openapi import Description

SECTION = {"type": "section", "text": {"type": "mrkdwn", "text": "*Two* tiers moved"}}
RIGHT: dict[str, dict[str, Any]] = {
    "text": {"text": "Two tiers moved"},
    "blocks": {"blocks": [SECTION, {"type": "divider"}]},
    "both": {"text": "Two tiers moved", "blocks": [SECTION]},
    "attachments": {"attachments": [{"text": "Two tiers moved"}]},
    "options": {"text": "a", "unfurl_links": False, "icon_emoji": ":wave:", "username": "Millrace"},
}
WRONG: dict[str, tuple[Any, str]] = {
    "no object": ([], "invalid_payload"),
    "another field": ({"text": "a", "colour": "red"}, "invalid_payload"),
    "another type": ({"text": 1}, "invalid_payload"),
    "nothing": ({}, "no_text"),
    "51 blocks": ({"blocks": [SECTION] * 51}, "invalid_blocks"),
    "a block without a type": ({"blocks": [{"text": "a"}]}, "invalid_blocks"),
}


@pytest.fixture
def simulator() -> SlackSimulator:
    return SlackSimulator(messages_a_second=1000)


def post(base_url: str, content: object, path: str = DEFAULT_WEBHOOK_PATH) -> httpx.Response:
    return httpx.post(base_url + path, json=content)


def test_there_is_one_operation(slack_description: Description) -> None:
    assert slack_description.operations == {"incomingWebhook"}


@pytest.mark.parametrize("content", RIGHT.values(), ids=list(RIGHT))
def test_a_right_message_is_posted_rightly(
    slack_on_record: OnRecord, simulator: SlackSimulator, content: dict[str, Any]
) -> None:
    with slack_on_record(simulator) as slack:
        answer = post(slack.base_url, content)

        assert (answer.status_code, answer.text) == (HTTPStatus.OK, "ok")
        assert slack.recorder.operations == {"incomingWebhook"}
    assert [message.payload for message in simulator.state.messages] == [content]


@pytest.mark.parametrize(("content", "word"), WRONG.values(), ids=list(WRONG))
def test_a_wrong_message_is_refused_rightly(
    slack_on_record: OnRecord, simulator: SlackSimulator, content: object, word: str
) -> None:
    with slack_on_record(simulator) as slack, slack.recorder.wrong_on_purpose():
        answer = post(slack.base_url, content)

        assert (answer.status_code, answer.text) == (HTTPStatus.BAD_REQUEST, word)
        assert slack.recorder.exchanges[-1].operation == "incomingWebhook"
    assert simulator.state.messages == []


@pytest.mark.parametrize("content", [content for content, _ in WRONG.values()], ids=list(WRONG))
def test_what_the_simulator_refuses_the_description_does_not_allow(
    slack_on_record: OnRecord, simulator: SlackSimulator, content: object
) -> None:
    with (
        pytest.raises(AssertionError, match="request:"),
        slack_on_record(simulator) as slack,
    ):
        post(slack.base_url, content)


@pytest.mark.parametrize("standing", [each for each in Standing if each is not Standing.OK])
def test_a_webhook_that_is_out_of_use_answers_rightly(
    slack_on_record: OnRecord, standing: Standing
) -> None:
    with slack_on_record(SlackSimulator(SlackState(standing))) as slack:
        answer = post(slack.base_url, {"text": "a"})

        assert (answer.status_code, answer.text) == (standing.status, standing.value)


def test_another_webhook_is_unknown(slack_on_record: OnRecord, simulator: SlackSimulator) -> None:
    with slack_on_record(simulator) as slack:
        answer = post(slack.base_url, {"text": "a"}, "/services/T1/B1/another")

        assert (answer.status_code, answer.text) == (HTTPStatus.NOT_FOUND, "no_service")


def test_a_message_a_second_is_enough(slack_on_record: OnRecord) -> None:
    now = 100.0
    simulator = SlackSimulator(seconds=lambda: now)
    with slack_on_record(simulator) as slack:
        answers = [post(slack.base_url, {"text": text}) for text in ("a", "b")]
        now += 1.001
        answers.append(post(slack.base_url, {"text": "c"}))

    assert [answer.status_code for answer in answers] == [200, 429, 200]
    assert answers[1].headers["Retry-After"] == "1"
    assert simulator.state.texts == ["a", "c"]


@pytest.mark.parametrize(
    ("does", "status"),
    [
        (RateLimited(retry_after=30), HTTPStatus.TOO_MANY_REQUESTS),
        (ServerError(status=500), HTTPStatus.INTERNAL_SERVER_ERROR),
        (HtmlPage(status=502), HTTPStatus.BAD_GATEWAY),
    ],
)
def test_it_fails_rightly(
    slack_on_record: OnRecord, simulator: SlackSimulator, does: Interference, status: HTTPStatus
) -> None:
    simulator.faults.add(Fault(does=does))
    with slack_on_record(simulator) as slack:
        assert post(slack.base_url, {"text": "a"}).status_code == status
    assert simulator.state.messages == []


def test_a_text_that_is_too_long_is_cut_off(simulator: SlackSimulator) -> None:
    with serving(simulator) as base_url:
        post(base_url, {"text": "a" * 40_001})
    assert simulator.state.texts == ["a" * 40_000]
