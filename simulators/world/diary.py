"""A company's diary: what its story says, written down as events (spec/events.md, Company)."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Literal, TypedDict, Unpack, cast

from simulators.world.calendar import (
    ago,
    following,
    moment_on_last_day,
    working_moment,
    working_moment_between,
)
from simulators.world.model import Company, Event, JsonValue, in_offset

SubscriptionStatus = Literal["active", "trialing", "past_due", "cancelled"]

_SOURCES = {
    "company_created": "product",
    "company_updated": "product",
    "subscription_changed": "billing",
    "payment_received": "billing",
    "zoom_meeting_held": "meetings",
    "company_inactive": "lead-score",
}
_DESK = "cs-desk"
"""Where people set and release locks."""


class CompanyFields(TypedDict, total=False):
    """Fields of `company_updated`: an absent one is unchanged, None clears it."""

    name: str | None
    country: str | None
    status: Literal["LEAD", "SIGNUP", "PAID", "CHURNED"] | None
    plan_id: str | None
    signup_timestamp: datetime | None
    num_of_employees_range: str | None
    sales_account_manager: str | None
    customer_success_manager: str | None
    hubspot_company_id: str | None
    is_test: bool | None


class Diary:
    """Events of one company, written by its story.

    Times of events are in the company's local offset, those of the billing system in UTC.
    """

    def __init__(self, company: Company, stream: Random) -> None:
        self.company = company
        self.stream = stream
        self.events: list[Event] = []

    def around(self, days_ago: float) -> datetime:
        """A moment of the company's working hours about so many days before the end."""
        return working_moment(self.stream, days_ago, self.company.utc_offset)

    def between(self, start: datetime, end: datetime) -> datetime:
        """A moment between two instants, in the company's working hours if these leave a choice."""
        return working_moment_between(self.stream, start, end, self.company.utc_offset)

    def on_last_day(self) -> datetime:
        """A moment of the last 24 hours, another at each call."""
        return moment_on_last_day(self.stream, self.company.utc_offset)

    def soon_after(self, moment: datetime, hours: float = 0.5) -> datetime:
        """A moment at most so many hours later, and at least a minute."""
        return following(self.stream, moment, timedelta(minutes=1), timedelta(hours=hours))

    def created(
        self, at: datetime, *, country: str | None = None, referrer: str | None = None
    ) -> None:
        """The company came to be in the product.

        Args:
            at: when.
            country: what it says of its country.
            referrer: company_id of the company that brought it.
        """
        company = self.company
        data: dict[str, JsonValue] = {
            "company_id": company.company_id,
            "name": company.name if self.stream.random() < 0.9 else f"  {company.name} ",
            "country": country,
            "email": company.email if self.stream.random() < 0.8 else company.email.upper(),
        }
        if self.stream.random() < 0.6:
            data["client_id"] = company.client_id
        if referrer is not None:
            data["referred_by_company_id"] = referrer
        self._write("company_created", at, data)

    def updated(
        self, at: datetime, *, arrives_at: datetime | None = None, **fields: Unpack[CompanyFields]
    ) -> None:
        """Some fields of the company changed."""
        data: dict[str, JsonValue] = {"company_id": self.company.company_id}
        for name, value in fields.items():
            if isinstance(value, datetime):
                data[name] = in_offset(value, self.company.utc_offset).isoformat()
            else:
                data[name] = cast("str | bool | None", value)
        self._write("company_updated", at, data, arrives_at)

    def subscribed(
        self,
        at: datetime,
        plan_id: str,
        mrr: Decimal,
        status: SubscriptionStatus = "active",
        *,
        arrives_at: datetime | None = None,
    ) -> None:
        """The subscription is now this one; `mrr` in USD a month."""
        self._write(
            "subscription_changed",
            at,
            {
                "company_id": self.company.company_id,
                "plan_id": plan_id,
                "mrr": mrr,
                "status": status,
            },
            arrives_at,
        )

    def paid(self, at: datetime, amount: Decimal) -> None:
        """A payment in USD came in."""
        self._write(
            "payment_received",
            at,
            {
                "company_id": self.company.company_id,
                "amount": amount.quantize(Decimal("0.01")),
                "currency": "USD",
            },
        )

    def met(self, at: datetime) -> None:
        """A meeting took place. The sender writes the meeting's id as a number."""
        meeting_id = self.stream.randrange(10**9, 10**10)
        self._write(
            "zoom_meeting_held",
            at,
            {"company_id": self.company.company_id, "meeting_id": meeting_id},
        )

    def inactive(self, at: datetime, empty_days: int) -> None:
        """Nobody of the company has used the product for so many days."""
        self._write(
            "company_inactive",
            at,
            {"company_id": self.company.company_id, "empty_days": empty_days},
        )

    def stage_locked(
        self, at: datetime, stage: str, expires_at: datetime, note: str | None = None
    ) -> None:
        """Someone fixed the stage until `expires_at`."""
        self._write(
            "cs_stage_lock_set",
            at,
            {
                "company_id": self.company.company_id,
                "cs_stage": stage,
                "expires_at": in_offset(expires_at, self.company.utc_offset).isoformat(),
                "set_by": "cs.willow",
                "note": note,
            },
        )

    def stage_lock_released(self, at: datetime) -> None:
        """Someone ended the stage lock."""
        self._write(
            "cs_stage_lock_released",
            at,
            {"company_id": self.company.company_id, "released_by": "cs.willow"},
        )

    def manager_locked(
        self, at: datetime, expires_at: datetime, manager: str | None = None
    ) -> None:
        """Someone fixed the CS manager until `expires_at`: this one, or the present one (None)."""
        data: dict[str, JsonValue] = {
            "company_id": self.company.company_id,
            "expires_at": in_offset(expires_at, self.company.utc_offset).isoformat(),
            "set_by": "cs.willow",
        }
        if manager is not None:
            data["customer_success_manager"] = manager
        self._write("cs_manager_lock_set", at, data)

    def manager_lock_released(self, at: datetime) -> None:
        """Someone ended the manager lock."""
        self._write(
            "cs_manager_lock_released",
            at,
            {"company_id": self.company.company_id, "released_by": None},
        )

    def paid_monthly(self, since: datetime, amount: Decimal, until: datetime | None = None) -> None:
        """A payment every 30 days, the last one before `until` (None: the end of the world)."""
        moment = since + timedelta(minutes=2)
        while moment < (until or ago(hours=1)):
            self.paid(moment, amount)
            moment += timedelta(days=30)

    def _write(
        self,
        event_type: str,
        at: datetime,
        data: dict[str, JsonValue],
        arrives_at: datetime | None = None,
    ) -> None:
        source = _SOURCES.get(event_type, _DESK)
        offset = timedelta(0) if source == "billing" else self.company.utc_offset
        self.events.append(
            Event(
                event_id=f"{self.company.company_id}.{len(self.events) + 1:03d}",
                event_type=event_type,
                occurred_at=in_offset(at, offset),
                source=source if self.stream.random() < 0.97 else None,
                data=data,
                arrives_at=arrives_at,
            )
        )
