"""spec/events.md, Envelope: what an event needs, and what happens to what it brings."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from ingestion.events.contract import MAX_EVENT_BYTES, Event, read_event
from ingestion.events.fields import ContractViolation
from tests.ingestion.sending import LEFT_OUT, RECEIVED_AT, event, event_with_data, text


def read(sent: object) -> Event:
    """What the contract makes of something sent as JSON."""
    return read_event(text(sent), RECEIVED_AT)


def rejection(raw: bytes) -> str:
    """Why a text is rejected."""
    with pytest.raises(ContractViolation) as violation:
        read_event(raw, RECEIVED_AT)
    return str(violation.value)


def subscription(mrr: str) -> bytes:
    """An event with this number, written exactly so."""
    return text(event()).replace(b'"mrr": 100', f'"mrr": {mrr}'.encode())


# The envelope


def test_a_good_event_is_read() -> None:
    assert read(event()) == Event(
        event_id="event-1",
        content_hash=read(event()).content_hash,
        event_type="subscription_changed",
        occurred_at=datetime(2026, 2, 3, 4, 5, 6, tzinfo=UTC),
        source="billing",
        data='{"company_id":"c-1","mrr":100,"plan_id":"pro","status":"active"}',
        notes=None,
    )


@pytest.mark.parametrize("name", ["event_id", "event_type", "occurred_at", "data"])
@pytest.mark.parametrize("absence", [LEFT_OUT, None, "", " \t"])
def test_the_envelope_needs_every_required_field(name: str, absence: object) -> None:
    assert rejection(text(event(**{name: absence}))) == f"{name} is missing"


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("event_id", True, "event_id is not text"),
        ("event_id", ["event-1"], "event_id is not text"),
        ("event_id", "x" * 129, "event_id is longer than 128 characters"),
        ("event_id", 10**128, "event_id is longer than 128 characters"),
        ("event_type", 7, "event_type is not text"),
        ("event_type", "Session_Started", "event_type is unknown"),
        ("data", "{}", "data is not an object"),
        ("data", [{}], "data is not an object"),
    ],
)
def test_a_wrong_value_in_the_envelope_rejects_the_event(
    name: str, value: object, reason: str
) -> None:
    assert rejection(text(event(**{name: value}))) == reason


def test_everything_wrong_is_named_at_once() -> None:
    assert rejection(text(event(event_id=None, data=[]))) == (
        "event_id is missing; data is not an object"
    )


def test_a_reason_holds_no_value() -> None:
    secret = "someone@example.com"
    reasons = [
        rejection(secret.encode()),
        rejection(text(event(event_type=secret))),
        rejection(text(event(occurred_at=secret))),
        rejection(text(event_with_data("company_created", {"company_id": [secret]}))),
        rejection(text(event_with_data("email_bounced", {"bounce_kind": secret}))),
    ]
    assert not any("someone" in reason for reason in reasons)


@pytest.mark.parametrize("event_id", ["x", "x" * 128, f"  {'ü' * 128}  ", 12345])
def test_an_event_id_has_1_to_128_characters_after_trimming(event_id: object) -> None:
    assert read(event(event_id=event_id)).event_id == str(event_id).strip()


@pytest.mark.parametrize("source", [LEFT_OUT, None, "", "  "])
def test_without_a_source_it_is_unknown(source: object) -> None:
    assert read(event(source=source)).source == "unknown"


def test_a_source_of_the_wrong_type_is_unknown_and_noted() -> None:
    sent = read(event(source=5))
    assert sent.source == "unknown"
    assert sent.notes == '{"source":{"problem":"is not text","sent":5}}'


def test_received_at_is_never_taken_from_the_sender() -> None:
    sent = read(event(received_at="2020-01-01T00:00:00Z"))
    assert sent.notes == (
        '{"received_at":{"problem":"is no field of the envelope","sent":"2020-01-01T00:00:00Z"}}'
    )
    assert sent._replace(notes=None) == read(event())


# When it happened


@pytest.mark.parametrize(
    ("occurred_at", "in_utc"),
    [
        ("2026-01-31T23:30:00-01:00", datetime(2026, 2, 1, 0, 30, tzinfo=UTC)),
        ("2026-01-31t23:30:00z", datetime(2026, 1, 31, 23, 30, tzinfo=UTC)),
        (" 2026-01-31T23:30:00+00:00 ", datetime(2026, 1, 31, 23, 30, tzinfo=UTC)),
        ("2024-02-29T00:00:00.5Z", datetime(2024, 2, 29, 0, 0, 0, 500_000, tzinfo=UTC)),
        ("2026-01-31T23:30:00.1234567899Z", datetime(2026, 1, 31, 23, 30, 0, 123456, tzinfo=UTC)),
        ("0001-01-01T00:00:00Z", datetime(1, 1, 1, tzinfo=UTC)),
    ],
)
def test_occurred_at_is_an_instant(occurred_at: str, in_utc: datetime) -> None:
    assert read(event(occurred_at=occurred_at)).occurred_at == in_utc


@pytest.mark.parametrize(
    "occurred_at",
    [
        "yesterday",
        "2026-01-31",
        "2026-01-31T23:30:00",
        "2026-01-31T23:30Z",
        "2026-01-31 23:30:00Z",
        "2026-01-31T22:59:60Z",
        "2026-01-31T24:00:00Z",
        "2026-01-31T23:30:00+24:00",
        "2026-01-31T23:30:00 Europe/Berlin",
        "2026-02-29T00:00:00Z",
        "2026-13-01T00:00:00Z",
        "20260131T233000Z",
        "0000-01-01T00:00:00Z",
        "0001-01-01T00:00:00+01:00",
        "٢٠٢٦-01-31T23:30:00Z",
        1769902200,
        True,
    ],
)
def test_anything_else_is_no_occurred_at(occurred_at: object) -> None:
    reason = rejection(text(event(occurred_at=occurred_at)))
    assert reason == "occurred_at is not an RFC 3339 timestamp with offset"


def test_an_event_may_be_24_hours_ahead_and_no_more() -> None:
    at_most = RECEIVED_AT + timedelta(hours=24)
    beyond = at_most + timedelta(microseconds=1)

    assert read(event(occurred_at=at_most.isoformat())).occurred_at == at_most
    assert rejection(text(event(occurred_at=beyond.isoformat()))) == (
        "occurred_at is more than 24 hours after received_at"
    )


# Values in data


def test_text_is_trimmed_and_emails_are_in_lower_case() -> None:
    data = {"company_id": " c-1\n", "name": " Ärzte & Co ", "email": " Some.One@Example.COM "}
    assert json.loads(read(event_with_data("company_created", data)).data) == {
        "company_id": "c-1",
        "name": "Ärzte & Co",
        "email": "some.one@example.com",
    }


@pytest.mark.parametrize("nothing", [LEFT_OUT, None, "", "   "])
def test_absent_null_and_blank_are_the_same(nothing: object) -> None:
    data = {"company_id": "c-1", "name": "Acme", "country": nothing}
    sent = event_with_data(
        "company_created", {name: value for name, value in data.items() if value is not LEFT_OUT}
    )
    assert read(sent).data == '{"company_id":"c-1","name":"Acme"}'
    assert read(sent).notes is None


@pytest.mark.parametrize("event_type", ["company_updated", "appointment_updated"])
def test_in_an_update_null_clears_and_absent_does_not(event_type: str) -> None:
    key = "company_id" if event_type == "company_updated" else "appointment_id"

    assert json.loads(read(event_with_data(event_type, {key: "1", "status": None})).data) == {
        key: "1",
        "status": None,
    }
    assert json.loads(read(event_with_data(event_type, {key: "1", "status": " "})).data) == {
        key: "1",
        "status": None,
    }
    assert json.loads(read(event_with_data(event_type, {key: "1"})).data) == {key: "1"}


@pytest.mark.parametrize(
    ("sent", "kept"), [(7, "7"), ("7", "7"), (7.0, "7"), (1.5, "1.5"), (10**40, "1" + "0" * 40)]
)
def test_a_number_is_taken_for_an_id(sent: object, kept: str) -> None:
    assert json.loads(read(event_with_data("unsubscribed", {"person_id": sent})).data) == {
        "person_id": kept
    }


def test_a_boolean_is_no_id() -> None:
    reason = rejection(text(event_with_data("unsubscribed", {"person_id": True})))
    assert reason == "data.person_id is not text"


def test_malformed_urls_and_emails_are_kept_as_sent() -> None:
    data = {"person_id": "p", "email_id": "e", "link_url": "htp:/Not A Url"}
    assert json.loads(read(event_with_data("email_clicked", data)).data) == data
    data = {"contact_id": "c", "email": "Some One <SOME at example>"}
    assert json.loads(read(event_with_data("contact_created", data)).data) == data


def test_unknown_fields_of_data_are_kept_as_sent() -> None:
    data = {
        "person_id": "p",
        "extra": {"Deep": [" x ", "", None, True]},
        "other": "",
        "model_": None,
    }
    sent = read(event_with_data("unsubscribed", data))
    assert json.loads(sent.data) == data
    assert sent.notes is None


def test_an_unknown_status_is_null_and_noted() -> None:
    sent = read(event_with_data("company_updated", {"company_id": "c", "status": "LOST"}))
    assert sent.data == '{"company_id":"c","status":null}'
    assert sent.notes == (
        '{"data.status":{"problem":"is none of LEAD, SIGNUP, PAID or CHURNED","sent":"LOST"}}'
    )


@pytest.mark.parametrize("cs_stage", ["cs_vip", "CS_SALES", 4])
def test_a_stage_outside_the_six_rejects_the_event(cs_stage: object) -> None:
    data = {"company_id": "c", "cs_stage": cs_stage, "expires_at": "2026-09-01T00:00:00Z"}
    assert rejection(text(event_with_data("cs_stage_lock_set", data))) == (
        "data.cs_stage is none of "
        "cs_sbp, cs_sales, cs_no_touch, cs_success, cs_onboarding or cs_error"
    )


@pytest.mark.parametrize("value", ["2026-01-31T10:00:00", "soon", "2026-01-31", 1769902200])
def test_a_timestamp_without_offset_rejects_the_event_even_where_it_is_optional(
    value: object,
) -> None:
    data = {"company_id": "c-1", "signup_timestamp": value}
    assert rejection(text(event_with_data("company_updated", data))) == (
        "data.signup_timestamp is not an RFC 3339 timestamp with offset"
    )


def test_a_timestamp_in_data_is_kept_in_utc() -> None:
    data = {"company_id": "c-1", "signup_timestamp": "2026-01-31T23:30:00.120-01:30"}
    assert json.loads(read(event_with_data("company_updated", data)).data) == {
        "company_id": "c-1",
        "signup_timestamp": "2026-02-01T01:00:00.12Z",
    }


@pytest.mark.parametrize("value", ["2026-02-29", "20260228", "2026-W09-6", "28.02.2026", 20260228])
def test_a_date_is_written_year_month_day(value: object) -> None:
    data = {"client_id": "1", "person_id": "p", "contract_starts_on": "2026-02-28"}
    data |= {"contract_ends_on": value, "annual_revenue": 1}  # type: ignore[dict-item]
    assert rejection(text(event_with_data("client_signed", data))) == (
        "data.contract_ends_on is not a date (YYYY-MM-DD)"
    )


@pytest.mark.parametrize("flag", ["true", 1, 0, "yes"])
def test_a_flag_is_true_or_false(flag: object) -> None:
    data = {"person_id": "p", "movement_type": "startup", "verified": flag}
    assert rejection(text(event_with_data("talentflow_moved", data))) == (
        "data.verified is neither true nor false"
    )


# Numbers


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("166.666666", "166.666666"),
        ("166.67", "166.67"),
        ("0.1234567890123456789012345678901234567890", "0.123456789012345678901234567890123456789"),
        ("100.0", "100"),
        ("1e2", "100"),
        ("1.5E-3", "0.0015"),
        ("0", "0"),
        ("-0", "0"),
        ("-0.0", "0"),
        ("123456789012345678901234567890.5", "123456789012345678901234567890.5"),
    ],
)
def test_mrr_is_exact(written: str, kept: str) -> None:
    data = read_event(subscription(written), RECEIVED_AT).data
    assert json.loads(data, parse_float=Decimal, parse_int=Decimal)["mrr"] == Decimal(kept)
    assert f'"mrr":{kept},' in data


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        ("-0.01", "data.mrr is below 0"),
        ("null", "data.mrr is missing"),
        ('"100"', "data.mrr is not a number"),
        ("true", "data.mrr is not a number"),
        ("NaN", "the text is not JSON"),
        ("Infinity", "the text is not JSON"),
        ("1e401", "a number is too long to be kept exactly"),
        ("1e-401", "a number is too long to be kept exactly"),
        ("1e999999999999999999999", "a number is too long to be kept exactly"),
        ("9" * 5000, "a number is too long to be kept exactly"),
        ("0." + "9" * 5000, "a number is too long to be kept exactly"),
    ],
)
def test_what_is_no_exact_amount_rejects_the_event(written: str, reason: str) -> None:
    assert rejection(subscription(written)) == reason


# Texts that are no events


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"not json", "the text is not JSON"),
        (b"{'event_id': 'x'}", "the text is not JSON"),
        (text(event())[:-1], "the text is not JSON"),
        (text(event()) * 2, "the text is not JSON"),
        (b"\0", "the text is not JSON"),
        (b"[]", "the text is not a JSON object"),
        (b'"event"', "the text is not a JSON object"),
        (b"null", "the text is not a JSON object"),
        (b"\xff\xfe{}", "the text is not UTF-8"),
        (json.dumps(event()).encode("utf-16"), "the text is not UTF-8"),
        (b'{"a":"\\u0000"}', "a string holds the character NUL, which cannot be stored"),
        (b'{"a":{"\\u0000":1}}', "a string holds the character NUL, which cannot be stored"),
        (b'{"a":["\\ud800"]}', "a string holds half of a surrogate pair"),
        (b"[" * 1_000_000, "the JSON is nested deeper than 100 levels"),
        (b"[" * 101 + b"]" * 101, "the JSON is nested deeper than 100 levels"),
        (b" " * (MAX_EVENT_BYTES + 1), f"the text is longer than {MAX_EVENT_BYTES} bytes"),
    ],
)
def test_a_text_that_cannot_be_an_event_is_rejected(raw: bytes, reason: str) -> None:
    assert rejection(raw) == reason


def test_what_looks_like_an_escape_and_is_none_is_accepted() -> None:
    data = {"person_id": "p", "note": "\\u0000", "emoji": "\U0001f600"}
    assert json.loads(read(event_with_data("unsubscribed", data)).data) == data


def test_nesting_up_to_the_limit_is_accepted() -> None:
    deep: object = []
    for _ in range(97):
        deep = [deep]
    assert read(event_with_data("unsubscribed", {"person_id": "p", "deep": deep}))


def test_of_a_key_given_twice_the_last_counts() -> None:
    raw = text(event()).replace(b'"event_id"', b'"event_id": "first", "event_id"')
    assert read_event(raw, RECEIVED_AT).event_id == "event-1"


def test_a_byte_order_mark_does_not_matter() -> None:
    assert read_event(b"\xef\xbb\xbf" + text(event()), RECEIVED_AT) == read(event())


# The content


def test_the_same_content_in_another_spelling_has_the_same_hash() -> None:
    raw = (
        b'{"data":{"status":" active","mrr":1.000E2,"plan_id":"pro","company_id":"c-1"},'
        b'"occurred_at":"2026-02-03T05:05:06.000+01:00","source":"other","event_id":"event-2",'
        b'"event_type":"subscription_changed"}'
    )
    assert read_event(raw, RECEIVED_AT).content_hash == read(event()).content_hash


def test_another_content_has_another_hash() -> None:
    hashes = {
        read(sent).content_hash
        for sent in [
            event(),
            event(occurred_at="2026-02-03T04:05:06.000001Z"),
            event_with_data("zoom_meeting_held", {"company_id": "c-1", "meeting_id": "m"}),
            event_with_data("zoom_meeting_held", {"company_id": "c-1", "meeting_id": "M"}),
        ]
    }
    assert len(hashes) == 4


def test_the_hash_is_the_documented_one() -> None:
    # printf '%s' '{"data":{"person_id":"p"},"event_type":"unsubscribed",
    #               "occurred_at":"2026-02-03T04:05:06Z"}' | sha256sum   (on one line)
    assert read(event_with_data("unsubscribed", {"person_id": "p"})).content_hash == (
        "cd925c6fefaad77a0b7ef2ad4e38f1f483c0a51a28e7e20b4922c67892b0a999"
    )


@pytest.mark.parametrize("written", ["2016-12-31T23:59:60Z", "2017-01-01T05:29:60+05:30"])
def test_a_leap_second_is_read_as_the_second_after_it(written: str) -> None:
    read = read_event(text(event(occurred_at=written)), datetime(2026, 1, 1, tzinfo=UTC))
    assert read.occurred_at == datetime(2017, 1, 1, tzinfo=UTC)
