"""Events about single people (spec/events.md, People)."""

from __future__ import annotations

from typing import ClassVar, Literal

from ingestion.events.fields import Day, Email, EventData, Flag, Id, Instant, Number, Text, Url


class PersonAdded(EventData):
    """A person became known."""

    event_type: ClassVar[str] = "person_added"

    person_id: Id
    company_id: Id
    email: Email
    full_name: Text | None = None


class EmailOpened(EventData):
    """A person opened an email."""

    event_type: ClassVar[str] = "email_opened"

    person_id: Id
    email_id: Id
    campaign_id: Id | None = None


class EmailClicked(EventData):
    """A person followed a link in an email."""

    event_type: ClassVar[str] = "email_clicked"

    person_id: Id
    email_id: Id
    link_url: Url
    campaign_id: Id | None = None
    link_kind: Literal["content", "unsubscribe", "tracking_pixel", "calendar"] | None = None


class EmailReplied(EventData):
    """A person, or a person's mailbox, answered an email."""

    event_type: ClassVar[str] = "email_replied"

    person_id: Id
    email_id: Id
    sentiment: Literal[
        "positive", "neutral", "negative", "unsubscribe", "out_of_office", "auto_reply"
    ]


class EmailBounced(EventData):
    """An email did not reach a person."""

    event_type: ClassVar[str] = "email_bounced"

    person_id: Id
    email_id: Id
    bounce_kind: Literal["hard", "soft"]


class Unsubscribed(EventData):
    """A person wants no more emails."""

    event_type: ClassVar[str] = "unsubscribed"

    person_id: Id


class WebsiteVisited(EventData):
    """A known person visited the web site."""

    event_type: ClassVar[str] = "website_visited"

    person_id: Id
    url: Url | None = None


class ContentDownloaded(EventData):
    """A person downloaded something."""

    event_type: ClassVar[str] = "content_downloaded"

    person_id: Id
    asset: Text | None = None


class WebinarAttended(EventData):
    """A person attended a webinar."""

    event_type: ClassVar[str] = "webinar_attended"

    person_id: Id
    webinar: Text | None = None


class TalentflowMoved(EventData):
    """A person changed the job or the role."""

    event_type: ClassVar[str] = "talentflow_moved"

    person_id: Id
    movement_type: Literal["job_change", "startup", "promotion", "lateral"]
    verified: Flag


class AppointmentBooked(EventData):
    """A person has an appointment at `starts_at`."""

    event_type: ClassVar[str] = "appointment_booked"

    appointment_id: Id
    person_id: Id
    starts_at: Instant
    meeting_type: Literal["intro", "discovery", "demo", "proposal", "close"] | None = None
    booking_source: Text | None = None


class AppointmentUpdated(EventData):
    """Fields of an appointment changed: an absent one did not, and null means "cleared"."""

    event_type: ClassVar[str] = "appointment_updated"
    null_clears: ClassVar[bool] = True

    appointment_id: Id
    starts_at: Instant | None = None
    status: (
        Literal["scheduled", "confirmed", "completed", "no_show", "cancelled", "rescheduled"] | None
    ) = None
    outcome: Literal["positive", "neutral", "negative", "no_decision", "pending"] | None = None


class ClientSigned(EventData):
    """A person signed a contract."""

    event_type: ClassVar[str] = "client_signed"

    client_id: Id
    person_id: Id
    contract_starts_on: Day
    contract_ends_on: Day
    annual_revenue: Number
    contract_status: Literal["signed", "active", "cancelled", "expired"] | None = None
    sales_rep: Text | None = None


class StateOverridden(EventData):
    """Someone put a person into a state by hand."""

    event_type: ClassVar[str] = "state_overridden"

    person_id: Id
    to_state: Text
    reason: Text
    user_id: Id


class StateLocked(EventData):
    """Someone fixed a person's state."""

    event_type: ClassVar[str] = "state_locked"

    person_id: Id
    reason: Text
    user_id: Id


class StateUnlocked(EventData):
    """Someone ended the lock of a person's state."""

    event_type: ClassVar[str] = "state_unlocked"

    person_id: Id
    user_id: Id
