"""What the HubSpot writer makes of answers, good and bad."""

from __future__ import annotations

import json
import logging
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
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
from activation.writers.base import Option, Outcome, PropertyDescription, RowRequest, ValueKind
from activation.writers.hubspot import HubSpotWriter
from activation.writers.hubspot_client import HubSpotClient
from activation.writers.limits import HUBSPOT, HubSpotLimits, Quota, shared_limiter
from warehouse.hubspot_paths import HubspotPaths

TOKEN = "a-token-of-no-account"
ROWS = [RowRequest("7", {"cs_stage": "cs_success"}), RowRequest("8", {"cs_stage": "cs_sales"})]

Answer = httpx.Response | Exception | Callable[[httpx.Request], httpx.Response]


@dataclass
class Wire:
    """What is answered, in order, and what was asked; the last answer is repeated."""

    answers: Sequence[Answer] = ()
    requests: list[httpx.Request] = field(default_factory=list)
    pauses: list[float] = field(default_factory=list)

    def handle(self, request: httpx.Request) -> httpx.Response:
        """Answer one request."""
        self.requests.append(request)
        answer = self.answers[min(len(self.requests), len(self.answers)) - 1]
        if isinstance(answer, Exception):
            raise answer
        return answer if isinstance(answer, httpx.Response) else answer(request)

    def body(self) -> dict[str, object]:
        """What the latest request said."""
        content: dict[str, object] = json.loads(self.requests[-1].content)
        return content


@pytest.fixture
def wire() -> Wire:
    return Wire()


@pytest.fixture
def client(wire: Wire) -> Iterator[HubSpotClient]:
    client = HubSpotClient(
        token=TOKEN,
        base_url="https://hubspot.example.com",
        sleep=wire.pauses.append,
        transport=httpx.MockTransport(wire.handle),
        limiter=Quota(10_000, 1).limiter(),
    )
    yield client
    client.close()


@pytest.fixture
def writer(client: HubSpotClient) -> HubSpotWriter:
    return HubSpotWriter("company", client)


def written(*keys: str, status: int = 200, **more: object) -> httpx.Response:
    results = [{"id": key, "properties": {}} for key in keys]
    return httpx.Response(status, json={"status": "COMPLETE", "results": results, **more})


def refusal(status: int, message: str = "No.", **more: object) -> httpx.Response:
    body = {"status": "error", "message": message, "correlationId": "corr-1", **more}
    return httpx.Response(status, json=body)


def rate_limited(retry_after: str | None = None, policy: str = "SECONDLY") -> httpx.Response:
    headers = {} if retry_after is None else {"Retry-After": retry_after}
    body = {"message": "You have reached your limit.", "policyName": policy, "requestId": "req-1"}
    return httpx.Response(429, json=body, headers=headers)


def outcomes(writer: HubSpotWriter) -> dict[str, Outcome]:
    return {result.key: result.outcome for result in writer.write(ROWS)}


# What is asked


def test_a_batch_names_record_values_and_trace(wire: Wire, writer: HubSpotWriter) -> None:
    wire.answers = [written("7", "8")]
    assert outcomes(writer) == {"7": Outcome.WRITTEN, "8": Outcome.WRITTEN}
    (request,) = wire.requests
    assert (request.method, request.url.path) == ("POST", "/crm/v3/objects/companies/batch/update")
    assert request.headers["authorization"] == f"Bearer {TOKEN}"
    assert wire.body()["inputs"] == [
        {"id": row.key, "properties": dict(row.values), "objectWriteTraceId": row.key}
        for row in ROWS
    ]


def test_every_request_goes_to_the_version_that_is_set(wire: Wire, client: HubSpotClient) -> None:
    wire.answers = [
        written("7", "8"),
        httpx.Response(200, json={"results": []}),
        httpx.Response(200, json={"results": []}),
    ]
    writer = HubSpotWriter("company", client, HubspotPaths("2026-03"))

    writer.write(ROWS)
    writer.read(["7"], ["cs_stage"])
    writer.describe(["cs_stage"])

    assert [request.url.path for request in wire.requests] == [
        "/crm/objects/2026-03/companies/batch/update",
        "/crm/objects/2026-03/companies/batch/read",
        "/crm/properties/2026-03/companies",
    ]


def test_a_value_to_be_emptied_is_sent_as_the_empty_text(wire: Wire, writer: HubSpotWriter) -> None:
    wire.answers = [written("7")]
    writer.write([RowRequest("7", {"cs_stage": None})])
    assert wire.body()["inputs"] == [
        {"id": "7", "properties": {"cs_stage": ""}, "objectWriteTraceId": "7"}
    ]


def test_new_options_are_sent_behind_the_existing_ones_as_they_are(
    wire: Wire, writer: HubSpotWriter
) -> None:
    wire.answers = [httpx.Response(200, json={})]
    existing = (
        Option("b", "Second letter", position=4, description="Kept."),
        Option("a", "First letter", is_hidden=True, position=2),
    )
    description = PropertyDescription(
        "cs_stage", ValueKind.CHOICE, options=existing, takes_new_options=True
    )
    writer.add_options(description, ["c", "d"])
    (request,) = wire.requests
    assert (request.method, request.url.path) == ("PATCH", "/crm/v3/properties/companies/cs_stage")
    assert wire.body() == {
        "options": [
            {
                "value": "b",
                "label": "Second letter",
                "hidden": False,
                "displayOrder": 4,
                "description": "Kept.",
            },
            {"value": "a", "label": "First letter", "hidden": True, "displayOrder": 2},
            {"value": "c", "label": "c", "hidden": False, "displayOrder": 5},
            {"value": "d", "label": "d", "hidden": False, "displayOrder": 6},
        ]
    }


def test_refused_options_are_a_sentence_that_names_the_property(
    wire: Wire, writer: HubSpotWriter
) -> None:
    wire.answers = [refusal(400, "Labels must differ.")]
    description = PropertyDescription("cs_stage", ValueKind.CHOICE, takes_new_options=True)
    with pytest.raises(DestinationRefusedError, match=r"cs_stage: Labels must differ\."):
        writer.add_options(description, ["c"])


def test_owners_are_read_page_by_page_and_only_when_a_property_names_one(
    wire: Wire, writer: HubSpotWriter
) -> None:
    properties = {
        "results": [
            {"name": "cs_stage", "type": "enumeration", "fieldType": "select", "options": []},
            {"name": "hubspot_owner_id", "type": "enumeration", "externalOptions": True},
        ]
    }
    wire.answers = [
        httpx.Response(200, json=properties),
        httpx.Response(200, json={"results": [{"id": "41"}], "paging": {"next": {"after": "x"}}}),
        httpx.Response(200, json={"results": [{"id": "42"}]}),
    ]
    described = writer.describe(["cs_stage", "hubspot_owner_id", "missing"])
    owner = described["hubspot_owner_id"]
    assert set(described) == {"cs_stage", "hubspot_owner_id"}
    assert [option.value for option in owner.options] == ["41", "42"]
    assert not owner.takes_new_options
    assert wire.requests[-1].url.params["after"] == "x"
    wire.answers, wire.requests = wire.answers[:1], []
    writer.describe(["cs_stage"])
    assert len(wire.requests) == 1


@pytest.mark.parametrize(
    ("said", "kind", "read_only", "takes_options"),
    [
        ({"type": "string"}, ValueKind.TEXT, False, True),
        ({"type": "number"}, ValueKind.NUMBER, False, True),
        ({"type": "bool"}, ValueKind.BOOLEAN, False, True),
        ({"type": "date"}, ValueKind.DATE, False, True),
        ({"type": "datetime"}, ValueKind.INSTANT, False, True),
        ({"type": "enumeration", "fieldType": "select"}, ValueKind.CHOICE, False, True),
        ({"type": "enumeration", "fieldType": "checkbox"}, ValueKind.CHOICES, False, True),
        ({"type": "enumeration", "externalOptions": True}, ValueKind.CHOICE, False, False),
        ({"type": "string", "calculated": True}, ValueKind.TEXT, True, True),
        (
            {"type": "enumeration", "modificationMetadata": {"readOnlyOptions": True}},
            ValueKind.CHOICE,
            False,
            False,
        ),
        (
            {"type": "string", "modificationMetadata": {"readOnlyValue": True}},
            ValueKind.TEXT,
            True,
            True,
        ),
    ],
)
def test_a_property_is_described_as_hubspot_says(
    wire: Wire,
    writer: HubSpotWriter,
    said: dict[str, object],
    kind: ValueKind,
    *,
    read_only: bool,
    takes_options: bool,
) -> None:
    wire.answers = [httpx.Response(200, json={"results": [{"name": "p", **said}]})]
    described = writer.describe(["p"])["p"]
    assert (described.kind, described.is_read_only) == (kind, read_only)
    assert described.takes_new_options is takes_options
    assert described.max_length == HUBSPOT.text_length


# What became of each row


@pytest.mark.parametrize(
    "context", [{"objectWriteTraceId": ["8"]}, {"ids": ["8"]}, {"objectWriteTraceId": "8"}]
)
def test_a_207_names_the_rows_that_failed(
    wire: Wire, writer: HubSpotWriter, context: dict[str, object]
) -> None:
    error = {"message": "Not possible.", "context": context, "errors": [{"message": "Too old."}]}
    response = written("7", status=207, numErrors=1, errors=[error])
    response.headers["x-hubspot-correlation-id"] = "corr-7"
    wire.answers = [response]
    good, bad = writer.write(ROWS)
    assert good.outcome is Outcome.WRITTEN
    assert (bad.outcome, bad.message) == (Outcome.FAILED, "Not possible.: Too old.")
    assert bad.request_id == "corr-7"


def test_an_error_that_names_another_record_blames_none_of_the_rows(
    wire: Wire, writer: HubSpotWriter
) -> None:
    error = {"message": "Taken.", "context": {"existingId": ["7"]}}
    wire.answers = [written(status=207, errors=[error])]
    assert set(outcomes(writer).values()) == {Outcome.REJECTED}


def test_a_row_that_a_207_passes_over_is_to_be_tried_by_itself(
    wire: Wire, writer: HubSpotWriter
) -> None:
    wire.answers = [written("7", status=207)]
    assert outcomes(writer) == {"7": Outcome.WRITTEN, "8": Outcome.REJECTED}
    wire.answers, wire.requests = [written(status=207)], []
    (alone,) = writer.write(ROWS[1:])
    assert (alone.outcome, alone.message) == (
        Outcome.FAILED,
        "HubSpot confirmed nothing for this record.",
    )


def test_a_record_that_was_merged_is_known_by_its_trace(wire: Wire, writer: HubSpotWriter) -> None:
    results = [{"id": "900", "objectWriteTraceId": "7"}, {"id": "8", "objectWriteTraceId": "8"}]
    wire.answers = [httpx.Response(200, json={"results": results})]
    assert outcomes(writer) == {"7": Outcome.WRITTEN, "8": Outcome.WRITTEN}


@pytest.mark.parametrize("status", [400, 409, 413, 422])
def test_a_refused_batch_leaves_open_whose_fault_it_was(
    wire: Wire, writer: HubSpotWriter, status: int
) -> None:
    wire.answers = [refusal(status, "Property values were not valid.")]
    assert set(outcomes(writer).values()) == {Outcome.REJECTED}
    (alone,) = writer.write(ROWS[:1])
    assert alone.outcome is Outcome.FAILED
    assert (alone.message, alone.request_id) == ("Property values were not valid.", "corr-1")
    assert writer.usage.retries == 0


def test_a_404_of_a_record_is_a_refusal_and_any_other_ends_the_run(
    wire: Wire, writer: HubSpotWriter
) -> None:
    wire.answers = [refusal(404, category="OBJECT_NOT_FOUND")]
    assert set(outcomes(writer).values()) == {Outcome.REJECTED}
    wire.answers = [httpx.Response(404, text="<html>")]
    with pytest.raises(DestinationRefusedError, match=r"404 .*check HUBSPOT_BASE_URL"):
        writer.write(ROWS)


def test_e_mail_addresses_are_cut_out_of_a_message(wire: Wire, writer: HubSpotWriter) -> None:
    wire.answers = [refusal(400, 'The value "jo.doe@mail.example.com" is taken.')]
    (alone,) = writer.write(ROWS[:1])
    assert alone.message == 'The value "(address)" is taken.'


# What is tried again


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


@pytest.mark.parametrize(
    "trouble",
    [httpx.ReadTimeout("late"), httpx.ReadError("cut"), httpx.RemoteProtocolError("cut")],
)
def test_a_write_whose_answer_never_came_is_not_made_again(
    wire: Wire, writer: HubSpotWriter, trouble: Exception
) -> None:
    wire.answers = [trouble, written("7", "8")]
    with pytest.raises(NoAnswerError) as caught:
        writer.write(ROWS)
    assert caught.value.may_have_arrived
    assert (len(wire.requests), writer.usage.calls, writer.usage.retries) == (1, 1, 0)


def test_one_server_error_is_enough_for_doubt(wire: Wire, writer: HubSpotWriter) -> None:
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
