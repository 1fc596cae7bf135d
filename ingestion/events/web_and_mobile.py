"""Events of web sites, forms, calls and the mobile app (spec/events.md, Web and mobile)."""

from __future__ import annotations

from typing import ClassVar, Literal

from ingestion.events.fields import Email, EventData, Flag, Id, Text, Url


class SessionStarted(EventData):
    """A visit to a web site began."""

    event_type: ClassVar[str] = "session_started"

    session_id: Id
    client_id: Id
    landing_url: Url | None = None
    referrer: Url | None = None
    utm_source: Text | None = None
    utm_medium: Text | None = None
    utm_campaign: Text | None = None
    utm_term: Text | None = None
    utm_content: Text | None = None
    gclid: Id | None = None
    wbraid: Id | None = None
    gbraid: Id | None = None
    fbclid: Id | None = None
    fbp: Id | None = None
    msclkid: Id | None = None
    li_fat_id: Id | None = None
    country: Text | None = None
    region: Text | None = None
    city: Text | None = None
    device_type: Text | None = None
    browser: Text | None = None
    os: Text | None = None
    ad_consent: Flag | None = None


class EventHit(EventData):
    """Something happened during a visit: a page was seen, a button pressed."""

    event_type: ClassVar[str] = "event_hit"

    session_id: Id
    client_id: Id
    url: Url | None = None
    name: Text | None = None


class FormSubmitted(EventData):
    """Someone filled in a form."""

    event_type: ClassVar[str] = "form_submitted"

    submission_id: Id
    client_id: Id | None = None
    session_id: Id | None = None
    email: Email
    form_name: Text
    form_kind: Literal["lead", "marketing_site"]
    phone: Text | None = None
    company_name: Text | None = None


class MobileEventHit(EventData):
    """Something happened in the mobile app."""

    event_type: ClassVar[str] = "mobile_event_hit"

    device_id: Id
    client_id: Id | None = None
    name: Text | None = None
    utm_source: Text | None = None
    utm_medium: Text | None = None
    utm_campaign: Text | None = None
    gclid: Id | None = None
    fbclid: Id | None = None


class MobileAppSignup(EventData):
    """Someone signed up in the mobile app."""

    event_type: ClassVar[str] = "mobile_app_signup"

    device_id: Id
    client_id: Id | None = None
    email: Email | None = None
    company_id: Id | None = None
    user_id: Id | None = None
    utm_source: Text | None = None
    utm_medium: Text | None = None
    utm_campaign: Text | None = None
    gclid: Id | None = None
    fbclid: Id | None = None


class CallTracked(EventData):
    """A phone call came in over a tracked number."""

    event_type: ClassVar[str] = "call_tracked"

    call_id: Id
    client_id: Id | None = None
    email: Email | None = None
    phone: Text | None = None
    utm_source: Text | None = None
    utm_medium: Text | None = None
    utm_campaign: Text | None = None
    gclid: Id | None = None


class ContactCreated(EventData):
    """A contact was made in the CRM."""

    event_type: ClassVar[str] = "contact_created"

    contact_id: Id
    email: Email
    client_id: Id | None = None
    company_id: Id | None = None


class Signup(EventData):
    """A company signed up."""

    event_type: ClassVar[str] = "signup"

    company_id: Id
    client_id: Id | None = None
    email: Email | None = None
    user_id: Id | None = None
