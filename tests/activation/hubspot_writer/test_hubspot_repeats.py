"""What the HubSpot writer tries again, and what it leaves in doubt."""

from __future__ import annotations

import logging
import traceback
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx
import pytest

from activation.errors import (
    DestinationError,
    DestinationRefusedError,
    DestinationUnavailableError,
    NoAnswerError,
)
from activation.writers.base import NewProperty, Outcome, PropertyDescription, RowRequest, ValueKind
from activation.writers.hubspot import HubSpotWriter
from activation.writers.hubspot_client import HubSpotClient
from activation.writers.limits import HUBSPOT, HubSpotLimits, Quota, shared_limiter
from tests.activation.hubspot_writer.conftest import (
    ROWS,
    TOKEN,
    outcomes,
    rate_limited,
    refusal,
    written,
)
from tests.activation.scripted_wire import Answer, Wire


def test_retry_after_is_obeyed_to_the_second(wire: Wire, writer: HubSpotWriter) -> None:
    wire.answers = [rate_limited("7"), rate_limited("3"), written("7", "8")]
    assert set(outcomes(writer).values()) == {Outcome.WRITTEN}
    assert wire.pauses == [7, 3]
    assert (writer.usage.calls, writer.usage.write_calls, writer.usage.retries) == (3, 3, 2)


def test_retry_after_may_be_a_date(wire: Wire, writer: HubSpotWriter) -> None:
    soon = datetime.now(UTC) + timedelta(seconds=40)
    wire.answers = [rate_limited(format_datetime(soon, usegmt=True)), written("7", "8")]
    writer.write(ROWS)
    assert 0 < wire.pauses[0] <= 40


def test_without_retry_after_the_pauses_double_with_some_jitter(
    wire: Wire, writer: HubSpotWriter
) -> None:
    wire.answers = [rate_limited()] * 4 + [written("7", "8")]
    writer.write(ROWS)
    assert len(wire.pauses) == 4
    for pause, least in zip(wire.pauses, (1, 2, 4, 8), strict=True):
        assert least <= pause <= least + 1
    assert len({pause % 1 for pause in wire.pauses}) > 1


def test_a_longer_pause_than_a_run_makes_ends_it(wire: Wire, writer: HubSpotWriter) -> None:
    wire.answers = [rate_limited("3600")]
    with pytest.raises(DestinationUnavailableError, match="asks to wait 3600 seconds"):
        writer.write(ROWS)
    assert wire.pauses == []


def test_a_used_up_day_is_not_tried_again(wire: Wire, writer: HubSpotWriter) -> None:
    wire.answers = [rate_limited(policy="DAILY")]
    with pytest.raises(DestinationRefusedError, match="daily limit") as caught:
        writer.write(ROWS)
    assert (len(wire.requests), wire.pauses) == (1, [])
    assert caught.value.request_id == "req-1"
    assert not caught.value.may_have_arrived


@pytest.mark.parametrize(
    "trouble",
    [
        refusal(500),
        httpx.Response(502, text="<html>Bad gateway</html>"),
        refusal(503),
        refusal(423),
        httpx.ConnectError("nobody there"),
    ],
)
def test_a_passing_trouble_is_tried_again(
    wire: Wire, writer: HubSpotWriter, trouble: Answer
) -> None:
    wire.answers = [trouble, written("7", "8")]
    assert set(outcomes(writer).values()) == {Outcome.WRITTEN}
    assert writer.usage.retries == 1


@pytest.mark.parametrize(
    ("trouble", "may_have_arrived"),
    [
        (rate_limited(), False),
        (refusal(503), True),
        (httpx.ConnectTimeout("nobody there"), False),
    ],
)
def test_a_lasting_trouble_ends_the_run_and_says_whether_it_may_have_arrived(
    wire: Wire, writer: HubSpotWriter, trouble: Answer, *, may_have_arrived: bool
) -> None:
    wire.answers = [trouble]
    with pytest.raises(DestinationUnavailableError, match="Run the sync again") as caught:
        writer.write(ROWS)
    assert len(wire.requests) == HUBSPOT.attempts
    assert caught.value.may_have_arrived is may_have_arrived


NO_ANSWERS = [
    httpx.ReadTimeout("late"),
    httpx.WriteTimeout("late"),
    httpx.ReadError("cut"),
    httpx.RemoteProtocolError("cut"),
]


@pytest.mark.parametrize("lost", NO_ANSWERS, ids=lambda error: type(error).__name__)
def test_a_write_whose_answer_did_not_come_is_not_repeated(
    wire: Wire, writer: HubSpotWriter, lost: Exception
) -> None:
    wire.answers = [lost]
    with pytest.raises(NoAnswerError, match="Run the sync again later") as caught:
        writer.write(ROWS)
    assert caught.value.may_have_arrived
    assert (len(wire.requests), wire.pauses) == (1, [])
    assert (writer.usage.calls, writer.usage.write_calls, writer.usage.retries) == (1, 1, 0)


@pytest.mark.parametrize("lost", NO_ANSWERS, ids=lambda error: type(error).__name__)
def test_a_question_whose_answer_did_not_come_is_asked_again(
    wire: Wire, writer: HubSpotWriter, lost: Exception
) -> None:
    wire.answers = [lost, httpx.Response(200, json={"results": []})]
    assert writer.read(["7"], ["cs_stage"]) == {}
    assert writer.usage.retries == 1


def test_new_options_and_properties_are_not_made_twice(wire: Wire, writer: HubSpotWriter) -> None:
    wire.answers = [httpx.ReadTimeout("late")]
    with pytest.raises(NoAnswerError):
        writer.create_property(NewProperty("first_touch", "First touch", ValueKind.TEXT))
    with pytest.raises(NoAnswerError):
        writer.add_options(PropertyDescription("cs_stage", ValueKind.CHOICE), ["cs_success"])
    assert len(wire.requests) == 2


def test_one_failure_of_hubspots_is_enough_for_doubt(wire: Wire, writer: HubSpotWriter) -> None:
    wire.answers = [refusal(503), rate_limited(policy="DAILY")]
    with pytest.raises(DestinationRefusedError) as caught:
        writer.write(ROWS)
    assert caught.value.may_have_arrived


def test_a_read_never_leaves_doubt(wire: Wire, writer: HubSpotWriter) -> None:
    wire.answers = [httpx.ReadTimeout("late")]
    with pytest.raises(DestinationUnavailableError) as caught:
        writer.describe(["cs_stage"])
    assert not caught.value.may_have_arrived


def test_a_request_that_found_nobody_is_no_call(wire: Wire, writer: HubSpotWriter) -> None:
    wire.answers = [httpx.ConnectError("nobody there"), written("7", "8")]
    writer.write(ROWS)
    assert (writer.usage.calls, writer.usage.retries) == (1, 1)


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (refusal(401), "does not accept the access token"),
        (refusal(403, "Missing scopes."), r"does not allow this \(Missing scopes\.\)"),
        (httpx.Response(302), "answered 302 to POST /crm/v3/objects/companies/batch/update"),
        (httpx.Response(200, text="<html>"), "could not be read"),
        (httpx.Response(200, json={"results": [{"name": "no id"}]}), "could not be read"),
    ],
)
def test_an_answer_that_no_repetition_mends_ends_the_run_with_a_sentence(
    wire: Wire, writer: HubSpotWriter, answer: httpx.Response, sentence: str
) -> None:
    wire.answers = [answer]
    with pytest.raises(DestinationError, match=sentence):
        writer.write(ROWS)
    assert len(wire.requests) == 1


# Secrets and quotas


@pytest.mark.parametrize(
    "answers",
    [
        [refusal(401)],
        [refusal(403)],
        [rate_limited("1"), httpx.ReadTimeout("late"), httpx.Response(200, text=TOKEN)],
        [refusal(500)],
    ],
)
def test_neither_token_nor_values_are_logged_or_raised(
    wire: Wire, writer: HubSpotWriter, caplog: pytest.LogCaptureFixture, answers: list[Answer]
) -> None:
    caplog.set_level(logging.DEBUG)
    wire.answers = answers
    with pytest.raises(DestinationError) as caught:
        writer.write([RowRequest("7", {"cs_stage": "a private value"})])
    said = caplog.text + str(caught.value) + repr(caught.value)
    assert TOKEN not in said
    assert "a private value" not in said


def test_a_request_that_is_repeated_is_logged_once(
    wire: Wire, writer: HubSpotWriter, caplog: pytest.LogCaptureFixture
) -> None:
    wire.answers = [refusal(503), refusal(503), refusal(503), written("7", "8")]
    writer.write(ROWS)
    logged = [each for each in caplog.records if each.name.startswith("activation")]
    assert [each.getMessage() for each in logged] == ["HubSpot: No. (503); trying again"]


def test_all_users_of_an_account_share_its_quota_and_other_accounts_do_not() -> None:
    first = shared_limiter("an account", Quota(2, 600))
    second = shared_limiter("an account", Quota(2, 600))
    other = shared_limiter("another account", Quota(2, 600))
    taken = [limiter.try_acquire("hubspot", blocking=False) for limiter in (first, second, first)]
    assert taken == [True, True, False]
    assert other.try_acquire("hubspot", blocking=False)


def test_two_clients_of_an_account_keep_one_quota_together(wire: Wire) -> None:
    wire.answers = [written("7", "8")]
    limits = HubSpotLimits(quota=Quota(3, 600))
    with ExitStack() as stack:
        clients = [
            HubSpotClient(
                token="one-account",
                base_url="https://hubspot.example.com",
                limits=limits,
                transport=httpx.MockTransport(wire.handle),
            )
            for _ in range(2)
        ]
        for client in clients:
            stack.callback(client.close)
            HubSpotWriter("company", client).write(ROWS)
        quota = shared_limiter("https://hubspot.example.com one-account", limits.quota)
        left = [quota.try_acquire("hubspot", blocking=False) for _ in range(2)]
    assert left == [True, False]


@pytest.mark.parametrize(
    "token", ["quaint-ß-otter", "quaint otter", "quaint-otter\n", "quaint-otter\0"]
)
def test_a_token_that_no_header_can_carry_is_refused_with_a_sentence_that_does_not_quote_it(
    token: str,
) -> None:
    with pytest.raises(DestinationRefusedError, match="Copy it again") as caught:
        HubSpotClient(token=token, base_url="https://hubspot.example.com")
    said = "".join(traceback.format_exception(caught.value))
    assert "HUBSPOT_ACCESS_TOKEN" in said
    assert all(part not in said for part in ("quaint", "ß", "otter"))
