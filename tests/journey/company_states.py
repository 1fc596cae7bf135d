"""Companies as their events tell them until some instant (spec/journey.md, Inputs)."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from ingestion.events.contract import Event

CS_MANAGER = "customer_success_manager"
SALES_MANAGER = "sales_account_manager"
ARR_RANGES = ("1-2000", "2001-8000", "8001+")
"""From the lowest to the highest."""
NEVER = datetime.min.replace(tzinfo=UTC)

_COMPANY_EVENTS = {
    "company_created", "company_updated", "subscription_changed", "payment_received",
    "zoom_meeting_held", "company_inactive", "cs_stage_lock_set", "cs_stage_lock_released",
    "cs_manager_lock_set", "cs_manager_lock_released",
}  # fmt: skip
"""Spec events.md, Company: what the journey knows; visits and people are of other systems."""
_STATE_EVENTS = {"company_created", "company_updated", "subscription_changed"}


@dataclass(frozen=True, slots=True)
class Subscription:
    """What a `subscription_changed` says; mrr in USD a month, exact."""

    since: datetime
    mrr: Decimal
    status: str

    @property
    def is_paying(self) -> bool:
        """Whether money comes in."""
        return self.status in {"active", "past_due"} and self.mrr > 0


@dataclass(frozen=True, slots=True)
class Lock:
    """The lock that was set last; in force until, and not at, `expires_at`."""

    expires_at: datetime
    value: str | None
    """The stage, or the manager, if one is named."""


@dataclass(frozen=True, slots=True)
class Report:
    """A manager whom someone set, or cleared, in the product."""

    event_id: str
    manager: str | None


@dataclass(slots=True)
class CompanyState:
    """A company as its events tell it."""

    company_id: str
    is_known: bool = False
    """Whether an event has told of the company itself, and not of its locks or meetings alone."""
    country: str | None = None
    status: str | None = None
    plan_id: str | None = None
    signup_timestamp: str | None = None
    num_of_employees_range: str | None = None
    hubspot_company_id: str | None = None
    is_test: bool | None = None
    subscriptions: list[Subscription] = field(default_factory=list)
    stage_lock: Lock | None = None
    manager_lock: Lock | None = None
    reports: dict[str, Report] = field(default_factory=dict)
    """The latest one, by the field that it sets."""
    latest_event_at: datetime = NEVER
    """Of the events that can change a decision."""
    events: int = 0
    """How many there are, of any type."""

    @property
    def paying_since(self) -> datetime | None:
        """Start of the current unbroken paying spell."""
        since = None
        for subscription in self.subscriptions:
            since = (since or subscription.since) if subscription.is_paying else None
        return since

    def days_paying(self, as_of: datetime) -> int | None:
        """Whole 24-hour days since `paying_since`."""
        return None if self.paying_since is None else (as_of - self.paying_since).days

    @property
    def arr(self) -> Decimal | None:
        """Twelve times the mrr of the latest subscription, in USD."""
        return 12 * self.subscriptions[-1].mrr if self.subscriptions else None

    @property
    def known_arr_range(self) -> str | None:
        """The range of the last arr above 0; None when there never was one."""
        known = [12 * each.mrr for each in self.subscriptions if each.mrr > 0]
        if not known:
            return None
        return "8001+" if known[-1] > 8000 else "2001-8000" if known[-1] > 2000 else "1-2000"

    @property
    def arr_range(self) -> str:
        """The range in use: the lowest one when none is known."""
        return self.known_arr_range or ARR_RANGES[0]

    @property
    def skip_reason(self) -> str | None:
        """The first condition of Eligible that fails."""
        if self.status is None:
            return "no_status"
        if self.status == "LEAD":
            return "lead"
        if self.signup_timestamp is None:
            return "no_signup_timestamp"
        if self.num_of_employees_range is None:
            return "no_employees_range"
        return "test_company" if self.is_test else None

    def tell(self, event: Event) -> None:
        """Go on by one event, the next in order."""
        data: dict[str, Any] = json.loads(event.data, parse_float=Decimal)
        self.events += 1
        if event.event_type in _STATE_EVENTS:
            self.is_known = True
        if event.event_type in _STATE_EVENTS or "_lock_" in event.event_type:
            self.latest_event_at = event.occurred_at
        match event.event_type:
            case "company_created":
                self.country = data.get("country") or self.country
            case "company_updated":
                self._update(event.event_id, data)
            case "subscription_changed":
                self.plan_id = data["plan_id"]
                mrr = Decimal(data["mrr"])
                self.subscriptions.append(Subscription(event.occurred_at, mrr, data["status"]))
            case "cs_stage_lock_set":
                self.stage_lock = Lock(_instant(data["expires_at"]), data["cs_stage"])
            case "cs_stage_lock_released":
                self.stage_lock = None
            case "cs_manager_lock_set":
                self.manager_lock = Lock(_instant(data["expires_at"]), data.get(CS_MANAGER))
            case "cs_manager_lock_released":
                self.manager_lock = None

    def _update(self, event_id: str, data: dict[str, Any]) -> None:
        """An absent field is unchanged, null clears it."""
        for name in (
            "country",
            "status",
            "plan_id",
            "signup_timestamp",
            "num_of_employees_range",
            "hubspot_company_id",
            "is_test",
        ):
            if name in data:
                setattr(self, name, data[name])
        for name in (CS_MANAGER, SALES_MANAGER):
            if name in data:
                self.reports[name] = Report(event_id, data[name])


def read_states(events: Iterable[Event], as_of: datetime) -> dict[str, CompanyState]:
    """The companies that are known at `as_of`, by company_id.

    An id counts once, of several contents under it the one with the smallest hash (spec events.md,
    Envelope); events follow each other by `occurred_at`, then `event_id` bytewise.
    """
    counting: dict[str, Event] = {}
    for event in events:
        other = counting.setdefault(event.event_id, event)
        if event.content_hash < other.content_hash:
            counting[event.event_id] = event
    states: dict[str, CompanyState] = {}
    for event in sorted(counting.values(), key=lambda e: (e.occurred_at, e.event_id.encode())):
        if event.occurred_at <= as_of and event.event_type in _COMPANY_EVENTS:
            company_id = json.loads(event.data)["company_id"]
            states.setdefault(company_id, CompanyState(company_id)).tell(event)
    return {company_id: state for company_id, state in states.items() if state.is_known}


def in_force(lock: Lock | None, as_of: datetime) -> Lock | None:
    """The lock, if it holds: while `as_of < expires_at`."""
    return lock if lock is not None and as_of < lock.expires_at else None


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text)
