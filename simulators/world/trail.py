"""A trail: what browsers, phones and callers leave behind on their way to a sign-up."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random

from simulators.world.calendar import LAST_MOMENT
from simulators.world.model import Event, JsonValue
from simulators.world.origins import (
    PAGES,
    SITE,
    Parameters,
    call_fields,
    draw_origin,
    mobile_fields,
    session_fields,
)

_SOURCES = {
    "session_started": "web",
    "event_hit": "web",
    "form_submitted": "forms",
    "mobile_event_hit": "mobile",
    "mobile_app_signup": "mobile",
    "call_tracked": "calls",
    "contact_created": "crm",
    "company_created": "product",
    "signup": "product",
}
_DEVICES = (
    ("desktop", "Chrome", "Windows"),
    ("desktop", "Safari", "macOS"),
    ("mobile", "Safari", "iOS"),
    ("mobile", "Chrome", "Android"),
    ("tablet", "Safari", "iPadOS"),
)


class Trail:
    """Events of the web, the phone and the mobile app, as they happen to one company or stranger.

    Times of events are in UTC, and never after the last moment of the world.
    """

    def __init__(self, name: str, stream: Random) -> None:
        """A trail of this name, from which its events have their ids."""
        self.name = name
        self.stream = stream
        self.events: list[Event] = []

    def session(
        self,
        at: datetime,
        client_id: str,
        *,
        country: str | None = None,
        parameters: Parameters | None = None,
        hits: int | None = None,
    ) -> str:
        """A visit to the web site. Returns its session_id.

        Now and then the start of a session is lost on the way, or told twice.

        Args:
            at: when it starts.
            client_id: of the browser.
            country: code of the country that the browser's address seems to be in.
            parameters: where it comes from; None leaves it to chance.
            hits: how many pages are seen; None leaves it to chance.
        """
        stream = self.stream
        session_id = f"s-{stream.getrandbits(64):016x}"
        device_type, browser, os = stream.choice(_DEVICES)
        told = session_fields(stream, draw_origin(stream) if parameters is None else parameters)
        data: dict[str, JsonValue] = {
            "session_id": session_id,
            "client_id": client_id,
            **told,
            "country": country,
            "device_type": device_type,
            "browser": browser,
            "os": os,
        }
        if stream.random() < 0.7:
            data["ad_consent"] = stream.random() < 0.8
        hits = stream.choice((1, 1, 2, 2, 3, 4)) if hits is None else hits
        chance = stream.random()
        if chance >= 0.03 or hits == 0:
            self._write("session_started", at, data)
        if chance > 0.99:
            self._write("session_started", at + timedelta(seconds=2), {**data, "browser": "other"})
        for number in range(hits):
            hit: dict[str, JsonValue] = {"session_id": session_id, "client_id": client_id}
            hit["url"] = told["landing_url"] if number == 0 else SITE + stream.choice(PAGES)
            hit["name"] = "page_view" if number == 0 else stream.choice(("page_view", "cta_click"))
            self._write("event_hit", at + timedelta(seconds=3 + 47 * number), hit)
        return session_id

    def form(
        self,
        at: datetime,
        email: str,
        *,
        kind: str,
        client_id: str | None = None,
        session_id: str | None = None,
        company_name: str | None = None,
    ) -> None:
        """Somebody filled in a form; `kind` is `lead` or `marketing_site`."""
        data: dict[str, JsonValue] = {"submission_id": f"f-{self.stream.getrandbits(48):012x}"}
        if client_id is not None:
            data["client_id"] = client_id
        if session_id is not None:
            data["session_id"] = session_id
        data["email"] = email
        data["form_name"] = "Book a demo" if kind == "lead" else "Get the rota template"
        data["form_kind"] = kind
        if company_name is not None:
            data["company_name"] = company_name
        self._write("form_submitted", at, data)

    def call(self, at: datetime, *, email: str | None, client_id: str | None) -> None:
        """Somebody called the number that the web site showed."""
        data: dict[str, JsonValue] = {"call_id": f"c-{self.stream.getrandbits(48):012x}"}
        if client_id is not None:
            data["client_id"] = client_id
        if email is not None:
            data["email"] = email
        data["phone"] = f"+1555010{self.stream.randrange(10_000):04d}"
        self._write("call_tracked", at, {**data, **call_fields(draw_origin(self.stream))})

    def mobile_hit(
        self, at: datetime, device_id: str, parameters: Parameters, client_id: str | None = None
    ) -> None:
        """Something happened in the mobile app; mostly nothing is known of where it came from."""
        data: dict[str, JsonValue] = {"device_id": device_id}
        if client_id is not None:
            data["client_id"] = client_id
        data["name"] = self.stream.choice(("first_open", "screen_view", "tour_done"))
        self._write("mobile_event_hit", at, {**data, **mobile_fields(parameters)})

    def mobile_signup(
        self,
        at: datetime,
        device_id: str,
        *,
        company_id: str,
        email: str | None,
        client_id: str | None,
        parameters: Parameters,
    ) -> None:
        """A company signed up in the mobile app."""
        data: dict[str, JsonValue] = {"device_id": device_id, "company_id": company_id}
        if email is not None:
            data["email"] = email
        if client_id is not None:
            data["client_id"] = client_id
        data["user_id"] = f"u-{company_id}"
        self._write("mobile_app_signup", at, {**data, **mobile_fields(parameters)})

    def contact(
        self,
        at: datetime,
        contact_id: str,
        email: str,
        *,
        client_id: str | None = None,
        company_id: str | None = None,
    ) -> None:
        """A contact was made in the CRM."""
        data: dict[str, JsonValue] = {"contact_id": contact_id, "email": email}
        if client_id is not None:
            data["client_id"] = client_id
        if company_id is not None:
            data["company_id"] = company_id
        self._write("contact_created", at, data)

    def signup(
        self, at: datetime, company_id: str, *, email: str | None, client_id: str | None
    ) -> None:
        """A company signed up."""
        data: dict[str, JsonValue] = {"company_id": company_id}
        if client_id is not None:
            data["client_id"] = client_id
        if email is not None:
            data["email"] = email
        data["user_id"] = f"u-{company_id}"
        self._write("signup", at, data)

    def referred(self, at: datetime, company_id: str, name: str, *, by: str) -> None:
        """A company came to be in the product because the company `by` brought it."""
        self._write(
            "company_created",
            at,
            {"company_id": company_id, "name": name, "referred_by_company_id": by},
        )

    def _write(self, event_type: str, at: datetime, data: dict[str, JsonValue]) -> None:
        self.events.append(
            Event(
                event_id=f"{self.name}.{len(self.events) + 1:03d}",
                event_type=event_type,
                occurred_at=min(at, LAST_MOMENT).astimezone(UTC).replace(microsecond=0),
                source=_SOURCES[event_type] if self.stream.random() < 0.97 else None,
                data=data,
            )
        )
