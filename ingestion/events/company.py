"""Events about a company as a whole (spec/events.md, Company)."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from ingestion.events.fields import Email, EventData, Flag, Id, Instant, Number, Text

CsStage = Literal[
    "cs_sbp", "cs_sales", "cs_no_touch", "cs_success", "cs_onboarding", "cs_error"
]  # fmt: skip
"""The six stages (spec/journey.md, CS stage)."""


class CompanyCreated(EventData):
    """A company came to be in the product."""

    event_type: ClassVar[str] = "company_created"

    company_id: Id
    name: Text
    country: Text | None = None
    email: Email | None = None
    client_id: Id | None = None
    referred_by_company_id: Id | None = None


class CompanyUpdated(EventData):
    """Fields of a company changed: an absent one did not, and null means "cleared"."""

    event_type: ClassVar[str] = "company_updated"
    null_clears: ClassVar[bool] = True

    company_id: Id
    name: Text | None = None
    country: Text | None = None
    status: Literal["LEAD", "SIGNUP", "PAID", "CHURNED"] | None = None
    plan_id: Id | None = None
    signup_timestamp: Instant | None = None
    num_of_employees_range: Text | None = None
    sales_account_manager: Text | None = None
    customer_success_manager: Text | None = None
    hubspot_company_id: Id | None = None
    is_test: Flag | None = None


class SubscriptionChanged(EventData):
    """A company's subscription is now this one; `mrr` is in USD a month."""

    event_type: ClassVar[str] = "subscription_changed"

    company_id: Id
    plan_id: Id
    mrr: Annotated[Number, Field(ge=0)]
    status: Literal["active", "trialing", "past_due", "cancelled"]


class PaymentReceived(EventData):
    """A company paid."""

    event_type: ClassVar[str] = "payment_received"

    company_id: Id
    amount: Number
    currency: Text


class ZoomMeetingHeld(EventData):
    """A meeting with a company took place."""

    event_type: ClassVar[str] = "zoom_meeting_held"

    company_id: Id
    meeting_id: Id


class CompanyInactive(EventData):
    """Nobody of a company has used the product for `empty_days` days."""

    event_type: ClassVar[str] = "company_inactive"

    company_id: Id
    empty_days: Number


class CsStageLockSet(EventData):
    """Someone fixed a company's stage until `expires_at`."""

    event_type: ClassVar[str] = "cs_stage_lock_set"

    company_id: Id
    cs_stage: CsStage
    expires_at: Instant
    set_by: Text | None = None
    note: Text | None = None


class CsStageLockReleased(EventData):
    """Someone ended the lock of a company's stage."""

    event_type: ClassVar[str] = "cs_stage_lock_released"

    company_id: Id
    released_by: Text | None = None


class CsManagerLockSet(EventData):
    """Someone fixed a company's manager (the named, else the present one) until `expires_at`."""

    event_type: ClassVar[str] = "cs_manager_lock_set"

    company_id: Id
    expires_at: Instant
    customer_success_manager: Text | None = None
    set_by: Text | None = None
    note: Text | None = None


class CsManagerLockReleased(EventData):
    """Someone ended the lock of a company's manager."""

    event_type: ClassVar[str] = "cs_manager_lock_released"

    company_id: Id
    released_by: Text | None = None
