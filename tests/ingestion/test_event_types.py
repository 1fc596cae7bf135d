"""spec/events.md, Types: every type with its fields, and what is required of them."""

from __future__ import annotations

import json
from itertools import chain
from typing import Literal, get_args, get_origin

import pytest

from ingestion.events.contract import EVENT_TYPES, Event, read_event
from ingestion.events.fields import ContractViolation
from tests.ingestion.sending import RECEIVED_AT, event_with_data, text

# The tables of the specification: `?` = may be absent or null.
SPECIFIED = {
    "session_started": (
        "session_id, client_id, landing_url?, referrer?, utm_source?, utm_medium?, utm_campaign?, "
        "utm_term?, utm_content?, gclid?, wbraid?, gbraid?, fbclid?, fbp?, msclkid?, li_fat_id?, "
        "country?, region?, city?, device_type?, browser?, os?, ad_consent?"
    ),
    "event_hit": "session_id, client_id, url?, name?",
    "form_submitted": (
        "submission_id, client_id?, session_id?, email, form_name, form_kind, phone?, company_name?"
    ),
    "mobile_event_hit": (
        "device_id, client_id?, name?, utm_source?, utm_medium?, utm_campaign?, gclid?, fbclid?"
    ),
    "mobile_app_signup": (
        "device_id, client_id?, email?, company_id?, user_id?, utm_source?, utm_medium?, "
        "utm_campaign?, gclid?, fbclid?"
    ),
    "call_tracked": (
        "call_id, client_id?, email?, phone?, utm_source?, utm_medium?, utm_campaign?, gclid?"
    ),
    "contact_created": "contact_id, email, client_id?, company_id?",
    "signup": "company_id, client_id?, email?, user_id?",
    "company_created": "company_id, name, country?, email?, client_id?, referred_by_company_id?",
    "company_updated": (
        "company_id, name?, country?, status?, plan_id?, signup_timestamp?, "
        "num_of_employees_range?, sales_account_manager?, customer_success_manager?, "
        "hubspot_company_id?, is_test?"
    ),
    "subscription_changed": "company_id, plan_id, mrr, status",
    "payment_received": "company_id, amount, currency",
    "zoom_meeting_held": "company_id, meeting_id",
    "company_inactive": "company_id, empty_days",
    "cs_stage_lock_set": "company_id, cs_stage, expires_at, set_by?, note?",
    "cs_stage_lock_released": "company_id, released_by?",
    "cs_manager_lock_set": "company_id, expires_at, customer_success_manager?, set_by?, note?",
    "cs_manager_lock_released": "company_id, released_by?",
    "person_added": "person_id, company_id, email, full_name?",
    "email_opened": "person_id, email_id, campaign_id?",
    "email_clicked": "person_id, email_id, link_url, campaign_id?, link_kind?",
    "email_replied": "person_id, email_id, sentiment",
    "email_bounced": "person_id, email_id, bounce_kind",
    "unsubscribed": "person_id",
    "website_visited": "person_id, url?",
    "content_downloaded": "person_id, asset?",
    "webinar_attended": "person_id, webinar?",
    "talentflow_moved": "person_id, movement_type, verified",
    "appointment_booked": "appointment_id, person_id, starts_at, meeting_type?, booking_source?",
    "appointment_updated": "appointment_id, starts_at?, status?, outcome?",
    "client_signed": (
        "client_id, person_id, contract_starts_on, contract_ends_on, annual_revenue, "
        "contract_status?, sales_rep?"
    ),
    "state_overridden": "person_id, to_state, reason, user_id",
    "state_locked": "person_id, reason, user_id",
    "state_unlocked": "person_id, user_id",
}
CHOICES = {
    ("form_submitted", "form_kind"): "lead marketing_site",
    ("company_updated", "status"): "LEAD SIGNUP PAID CHURNED",
    ("subscription_changed", "status"): "active trialing past_due cancelled",
    ("cs_stage_lock_set", "cs_stage"): (
        "cs_sbp cs_sales cs_no_touch cs_success cs_onboarding cs_error"
    ),
    ("email_clicked", "link_kind"): "content unsubscribe tracking_pixel calendar",
    ("email_replied", "sentiment"): (
        "positive neutral negative unsubscribe out_of_office auto_reply"
    ),
    ("email_bounced", "bounce_kind"): "hard soft",
    ("talentflow_moved", "movement_type"): "job_change startup promotion lateral",
    ("appointment_booked", "meeting_type"): "intro discovery demo proposal close",
    ("appointment_updated", "status"): (
        "scheduled confirmed completed no_show cancelled rescheduled"
    ),
    ("appointment_updated", "outcome"): "positive neutral negative no_decision pending",
    ("client_signed", "contract_status"): "signed active cancelled expired",
}
NUMBERS = {"mrr", "amount", "annual_revenue", "empty_days"}
FLAGS = {"ad_consent", "is_test", "verified"}
EVERY_TYPE = sorted(SPECIFIED)


def fields(event_type: str) -> dict[str, bool]:
    """The fields of a type as specified, and whether they are required."""
    names = SPECIFIED[event_type].split(", ")
    return {name.removesuffix("?"): not name.endswith("?") for name in names}


def good_value(event_type: str, name: str) -> object:
    """Something that this field may hold, already as the contract wants it."""
    if (event_type, name) in CHOICES:
        return CHOICES[event_type, name].split()[-1]
    if name in NUMBERS:
        return 12
    if name in FLAGS:
        return True
    if name.endswith("_at") or name == "signup_timestamp":
        return "2026-02-28T23:59:59.5Z"
    if name.endswith("_on"):
        return "2026-02-28"
    return "someone@example.com" if name == "email" else f"some {name}"


def full(event_type: str) -> dict[str, object]:
    """Data with every field."""
    return {name: good_value(event_type, name) for name in fields(event_type)}


def minimal(event_type: str) -> dict[str, object]:
    """Data with the required fields only."""
    return {
        name: good_value(event_type, name)
        for name, is_required in fields(event_type).items()
        if is_required
    }


def read(event_type: str, data: dict[str, object]) -> Event:
    """What the contract makes of it."""
    return read_event(text(event_with_data(event_type, data)), RECEIVED_AT)


def test_the_contract_has_exactly_the_specified_types() -> None:
    assert set(EVENT_TYPES) == set(SPECIFIED)


@pytest.mark.parametrize("event_type", EVERY_TYPE)
def test_a_type_has_exactly_the_specified_fields(event_type: str) -> None:
    contract = {
        name: field.is_required() for name, field in EVENT_TYPES[event_type].model_fields.items()
    }
    assert contract == fields(event_type)


def test_a_choice_is_among_the_specified_values() -> None:
    contract = {
        (event_type, name): " ".join(choices)
        for event_type, kind in EVENT_TYPES.items()
        for name, field in kind.model_fields.items()
        if (choices := choices_of(field.annotation))
    }
    assert contract == CHOICES


def choices_of(annotation: object) -> tuple[str, ...]:
    """The values of the Literal in a type, if there is one."""
    if get_origin(annotation) is Literal:
        return get_args(annotation)
    return tuple(chain.from_iterable(choices_of(part) for part in get_args(annotation)))


@pytest.mark.parametrize("event_type", EVERY_TYPE)
def test_a_full_event_arrives_unchanged(event_type: str) -> None:
    event = read(event_type, full(event_type))

    assert json.loads(event.data) == full(event_type)
    assert event.notes is None


@pytest.mark.parametrize("event_type", EVERY_TYPE)
def test_a_minimal_event_is_accepted(event_type: str) -> None:
    assert json.loads(read(event_type, minimal(event_type)).data) == minimal(event_type)


@pytest.mark.parametrize(
    ("event_type", "name"),
    [(event_type, name) for event_type in EVERY_TYPE for name in minimal(event_type)],
)
@pytest.mark.parametrize("absence", ["absent", "null", "blank"])
def test_a_required_field_must_be_there(event_type: str, name: str, absence: str) -> None:
    data = full(event_type)
    match absence:
        case "absent":
            del data[name]
        case "null":
            data[name] = None
        case "blank":
            data[name] = "  "

    with pytest.raises(ContractViolation) as violation:
        read(event_type, data)

    assert str(violation.value) == f"data.{name} is missing"


@pytest.mark.parametrize(
    ("event_type", "name"),
    [(event_type, name) for event_type in EVERY_TYPE for name in minimal(event_type)],
)
def test_a_required_field_of_the_wrong_type_rejects_the_event(event_type: str, name: str) -> None:
    with pytest.raises(ContractViolation, match=f"^data.{name} is "):
        read(event_type, full(event_type) | {name: ["not", "this"]})


@pytest.mark.parametrize(
    ("event_type", "name"),
    [
        (event_type, name)
        for event_type in EVERY_TYPE
        for name, is_required in fields(event_type).items()
        if not is_required and not name.endswith("_at") and name != "signup_timestamp"
    ],
)
def test_an_optional_field_of_the_wrong_type_becomes_null_and_is_noted(
    event_type: str, name: str
) -> None:
    event = read(event_type, full(event_type) | {name: ["not", "this"]})

    assert json.loads(event.data).get(name) is None
    assert event.notes is not None
    note = json.loads(event.notes)[f"data.{name}"]
    assert note["sent"] == ["not", "this"]
    assert note["problem"].startswith("is ")
