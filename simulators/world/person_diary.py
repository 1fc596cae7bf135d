"""A person's diary: what its story says, written down as events (spec/events.md, People)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Literal

from simulators.world.calendar import LAST_MOMENT
from simulators.world.model import Event, JsonValue, Person

Sentiment = Literal["positive", "neutral", "negative", "unsubscribe", "out_of_office", "auto_reply"]
MeetingStatus = Literal[
    "scheduled", "confirmed", "completed", "no_show", "cancelled", "rescheduled"
]
Outcome = Literal["positive", "neutral", "negative", "no_decision", "pending"]

_SOURCES = {
    "person_added": "crm",
    "email_opened": "mailer",
    "email_clicked": "mailer",
    "email_replied": "mailer",
    "email_bounced": "mailer",
    "unsubscribed": "mailer",
    "website_visited": "web",
    "content_downloaded": "web",
    "webinar_attended": "webinars",
    "talentflow_moved": "talentflow",
    "appointment_booked": "calendar",
    "appointment_updated": "calendar",
    "client_signed": "contracts",
}
_DESK = "revops-desk"
"""Where people override and lock states."""
_SITE = "https://www.millrace.example.com"


@dataclass(frozen=True, slots=True)
class PersonStory:
    """A life that a person of the world may live, as far as the funnels care."""

    name: str
    days: float
    """How many days it takes, at least."""
    weight: int
    """How often it is lived beside the one time that every story is; 0: never again."""


class PersonDiary:
    """Events of one person, written by its story. Days are counted from when it was added.

    What would happen after the end of the world does not happen.
    """

    def __init__(self, person: Person, stream: Random) -> None:
        self.person = person
        self.stream = stream
        self.events: list[Event] = []
        self._emails = 0

    def added(self) -> None:
        """The person became known."""
        person = self.person
        data: dict[str, JsonValue] = {
            "company_id": person.company_id,
            "email": person.email if self.stream.random() < 0.9 else person.email.upper(),
        }
        if self.stream.random() < 0.9:
            data["full_name"] = person.full_name
        self._write("person_added", 0, data)

    def email(self) -> str:
        """Id of one more email that is sent to the person."""
        self._emails += 1
        return f"em-{self.person.person_id}-{self._emails}"

    def opened(self, day: float, email_id: str | None = None) -> None:
        """The person opened an email; None: a new one."""
        campaign = f"cmp-{self.stream.randrange(1, 9)}"
        self._write(
            "email_opened", day, {"email_id": email_id or self.email(), "campaign_id": campaign}
        )

    def clicked(
        self,
        day: float,
        link: str = "/pricing",
        *,
        kind: Literal["content", "unsubscribe", "tracking_pixel", "calendar"] | None = "content",
    ) -> None:
        """The person followed a link of a new email."""
        data: dict[str, JsonValue] = {"email_id": self.email(), "link_url": f"{_SITE}{link}"}
        if kind is not None:
            data["link_kind"] = kind
        self._write("email_clicked", day, data)

    def replied(self, day: float, sentiment: Sentiment) -> None:
        """The person, or its mailbox, answered a new email."""
        self._write("email_replied", day, {"email_id": self.email(), "sentiment": sentiment})

    def bounced(self, day: float, kind: Literal["hard", "soft"]) -> None:
        """A new email did not reach the person."""
        self._write("email_bounced", day, {"email_id": self.email(), "bounce_kind": kind})

    def unsubscribed(self, day: float) -> None:
        """The person wants no more emails."""
        self._write("unsubscribed", day, {})

    def visited(self, day: float, page: str = "/pricing") -> None:
        """The person visited the web site."""
        self._write("website_visited", day, {"url": f"{_SITE}{page}"})

    def downloaded(self, day: float, asset: str = "Rota handbook") -> None:
        """The person downloaded something."""
        self._write("content_downloaded", day, {"asset": asset})

    def attended(self, day: float, webinar: str = "Shifts without tears") -> None:
        """The person attended a webinar."""
        self._write("webinar_attended", day, {"webinar": webinar})

    def moved(
        self,
        day: float,
        movement: Literal["job_change", "startup", "promotion", "lateral"],
        *,
        verified: bool = True,
    ) -> None:
        """The person changed the job or the role."""
        self._write("talentflow_moved", day, {"movement_type": movement, "verified": verified})

    def booked(
        self,
        day: float,
        starts: float,
        meeting: Literal["intro", "discovery", "demo", "proposal", "close"] = "demo",
    ) -> str:
        """The person has an appointment from the day `starts` on. Returns its id."""
        appointment_id = f"ap-{self.person.person_id}-{len(self.events) + 1}"
        self._write(
            "appointment_booked",
            day,
            {
                "starts_at": self._starts_at(starts),
                "meeting_type": meeting,
                "booking_source": "calendar page",
            },
            subject=("appointment_id", appointment_id),
        )
        return appointment_id

    def meeting(
        self,
        day: float,
        appointment_id: str,
        *,
        status: MeetingStatus | None = None,
        outcome: Outcome | None = None,
        starts: float | None = None,
    ) -> None:
        """Something of an appointment changed."""
        data: dict[str, JsonValue] = {}
        if starts is not None:
            data["starts_at"] = self._starts_at(starts)
        if status is not None:
            data["status"] = status
        if outcome is not None:
            data["outcome"] = outcome
        self._write(
            "appointment_updated", day, data, subject=("appointment_id", appointment_id), alone=True
        )

    def signed(
        self,
        day: float,
        annual_revenue: int,
        *,
        contract: str = "1",
        status: Literal["signed", "active", "cancelled", "expired"] = "signed",
        days: int = 365,
    ) -> None:
        """The person signed a contract that begins a week later, or what it says has changed."""
        starts_on = self._day(7)
        ends_on = starts_on + timedelta(days=days)
        self._write(
            "client_signed",
            day,
            {
                "contract_starts_on": starts_on.isoformat(),
                "contract_ends_on": ends_on.isoformat(),
                "annual_revenue": annual_revenue,
                "contract_status": status,
                "sales_rep": "sales.ebro",
            },
            subject=("client_id", f"cl-{self.person.person_id}-{contract}"),
        )

    def overridden(self, day: float, to_state: str, reason: str) -> None:
        """Someone put the person into a state by hand."""
        self._write(
            "state_overridden",
            day,
            {"to_state": to_state, "reason": reason, "user_id": "revops.heron"},
        )

    def locked(self, day: float, reason: str = "Under legal review") -> None:
        """Someone fixed the person's state."""
        self._write("state_locked", day, {"reason": reason, "user_id": "revops.heron"})

    def unlocked(self, day: float) -> None:
        """Someone ended the lock."""
        self._write("state_unlocked", day, {"user_id": "revops.heron"})

    def _at(self, day: float) -> datetime:
        moment = self.person.added_at + timedelta(days=day)
        return moment.replace(microsecond=0).astimezone(UTC)

    def _day(self, day: float) -> date:
        return self._at(day).date()

    def _starts_at(self, day: float) -> str:
        full_hour = self._at(day).replace(minute=0, second=0)
        return full_hour.isoformat().replace("+00:00", "Z")

    def _write(
        self,
        event_type: str,
        day: float,
        data: dict[str, JsonValue],
        *,
        subject: tuple[str, str] | None = None,
        alone: bool = False,
    ) -> None:
        """Note an event of this day, unless the world has ended by then.

        Args:
            event_type: of the contract.
            day: when, in days since the person was added.
            data: its fields, without the person.
            subject: name and value of the id that the event is about; None: the person.
            alone: whether the event names nothing but its subject.
        """
        at = self._at(day)
        if at > LAST_MOMENT:
            return
        person: dict[str, JsonValue] = {"person_id": self.person.person_id}
        named: dict[str, JsonValue] = person if subject is None else {subject[0]: subject[1]}
        self.events.append(
            Event(
                event_id=f"p.{self.person.person_id}.{len(self.events) + 1:03d}",
                event_type=event_type,
                occurred_at=at,
                source=_SOURCES.get(event_type, _DESK),
                data={**named, **({} if alone else person), **data},
            )
        )
