"""What a world consists of."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from enum import StrEnum
from typing import TypeAlias

from simulators.world.pricing import Offer

JsonValue: TypeAlias = (
    "str | int | float | Decimal | bool | list[JsonValue] | dict[str, JsonValue] | None"
)
"""What an event's `data` may hold."""


class CompanyKind(StrEnum):
    """What a company is at the end of the world, in one word."""

    UNFINISHED = "unfinished"
    """Started to sign up; something that eligibility needs is missing."""
    LEAD = "lead"
    TRIAL = "trial"
    """On trial, in a demo, or on the free plan after it."""
    SMALL_BUSINESS = "small_business"
    NO_TOUCH = "no_touch"
    """A yearly revenue (ARR) of up to 2,000 USD, or one that is not known."""
    MID_SIZE = "mid_size"
    """An ARR above 2,000 and up to 8,000 USD."""
    LARGE = "large"
    """An ARR above 8,000 USD."""
    CHURNED = "churned"
    TEST = "test"


class Delivery(StrEnum):
    """Why a line is in the stream."""

    FIRST = "first"
    """The event's own line."""
    REPEAT = "repeat"
    """The same line once more."""
    CONFLICT = "conflict"
    """The id of another line with different content."""
    BROKEN = "broken"
    """A failed attempt to send an event, whose own line is in the stream as well."""


class Defect(StrEnum):
    """How a broken line breaks the contract (spec/events.md)."""

    NOT_JSON = "not_json"
    NO_EVENT_ID = "no_event_id"
    EVENT_ID_TOO_LONG = "event_id_too_long"
    UNKNOWN_TYPE = "unknown_type"
    BAD_TIME = "bad_time"
    TIME_WITHOUT_OFFSET = "time_without_offset"
    FAR_FUTURE = "far_future"
    DATA_NOT_AN_OBJECT = "data_not_an_object"
    REQUIRED_FIELD_MISSING = "required_field_missing"
    REQUIRED_FIELD_NULL = "required_field_null"
    REQUIRED_FIELD_OF_WRONG_TYPE = "required_field_of_wrong_type"
    SIGNUP_WITHOUT_OFFSET = "signup_without_offset"
    UNKNOWN_STAGE = "unknown_stage"


@dataclass(frozen=True, slots=True)
class Country:
    """A country that companies of the world come from."""

    code: str
    """ISO 3166 alpha-2."""
    name: str
    region: str
    """As in seeds/reference/country_regions.csv."""
    utc_offset: timedelta
    """Of its clocks; the world knows no daylight saving."""
    weight: int
    """How common it is among the companies."""


@dataclass(frozen=True, slots=True)
class Company:
    """The truth about one company, which events and CRM records tell in part."""

    company_id: str
    name: str
    domain: str
    email: str
    client_id: str
    """Of the browser in which someone signed up."""
    kind: CompanyKind
    story: str
    """Name of the story that its events tell: a function of a module `*_stories`."""
    first_seen_at: datetime
    """When it shows up, in UTC."""
    country: Country | None
    """Where it is; events may say it wrongly or not at all. None: nobody knows."""
    num_of_employees_range: str
    offer: Offer
    """What it buys in the end, if it buys at all."""
    hubspot_company_id: str | None
    """Its record in HubSpot; None for the few that are not there."""
    is_subjectively_onboarded: str | None
    """What someone chose in HubSpot: `yes`, `no`, or nothing."""

    @property
    def utc_offset(self) -> timedelta:
        """Offset of its local time."""
        return self.country.utc_offset if self.country else timedelta(0)


@dataclass(frozen=True, slots=True)
class Event:
    """One event as its sender means it."""

    event_id: str
    event_type: str
    occurred_at: datetime
    """In the offset in which the sender writes it."""
    source: str | None
    data: Mapping[str, JsonValue]
    arrives_at: datetime | None = None
    """When it must arrive; None leaves it to chance."""


@dataclass(frozen=True, slots=True)
class ArrivedLine:
    """One line of an event file."""

    arrived_at: datetime
    """When the line shows up, in UTC."""
    line: str
    """JSON text without a line end; not JSON where broken so."""
    event_id: str
    """The event that it is about, also where the text does not say so."""
    delivery: Delivery = Delivery.FIRST
    defect: Defect | None = None
    """For broken lines alone."""


@dataclass(frozen=True, slots=True)
class HubspotCompany:
    """A company record that people keep in HubSpot."""

    hubspot_company_id: str
    properties: Mapping[str, str]
    """By HubSpot's internal names: name, domain, country, is_subjectively_onboarded_."""
    created_at: datetime


@dataclass(frozen=True, slots=True)
class HubspotContact:
    """A person whom people keep in HubSpot."""

    contact_id: str
    properties: Mapping[str, str]
    """By HubSpot's internal names: email, firstname, lastname, lifecyclestage."""
    company_ids: tuple[str, ...]
    """HubSpot companies that the contact is associated with, the primary one first."""
    created_at: datetime


@dataclass(frozen=True, slots=True)
class HubspotDeal:
    """A sale that somebody works, or has worked, on."""

    deal_id: str
    properties: Mapping[str, str]
    """By HubSpot's internal names: dealname, pipeline, dealstage, amount, closedate, ..."""
    company_id: str
    """HubSpot company that it is about."""
    contact_ids: tuple[str, ...]
    """HubSpot contacts of that company."""
    created_at: datetime


@dataclass(frozen=True, slots=True)
class HubspotOwner:
    """A user of the HubSpot account, whom records can belong to."""

    owner_id: str
    email: str


class DealDeed(StrEnum):
    """What people do to a deal."""

    MOVE = "move"
    WIN = "win"
    LOSE = "lose"
    REOPEN = "reopen"
    ARCHIVE = "archive"
    DELETE = "delete"


@dataclass(frozen=True, slots=True)
class DealStep:
    """One deed."""

    at: datetime
    deed: DealDeed
    stage_id: int | None = None
    """Of moves alone: where to."""


@dataclass(frozen=True, slots=True)
class PipedrivePipeline:
    """A pipeline of the Pipedrive account."""

    pipeline_id: int
    name: str


@dataclass(frozen=True, slots=True)
class PipedriveStage:
    """A stage of one of the pipelines."""

    stage_id: int
    pipeline_id: int
    name: str
    is_removed: bool
    """Whether it is no longer there at the end of the world."""


@dataclass(frozen=True, slots=True)
class PipedriveUser:
    """Someone who sells."""

    user_id: int
    name: str
    email: str
    is_active: bool


@dataclass(frozen=True, slots=True)
class PipedriveOrganization:
    """A company as the sales people know it."""

    organization_id: int
    company_id: str
    """Which company it truly is; Pipedrive does not know."""
    name: str
    website: str | None
    owner_id: int
    added_at: datetime


@dataclass(frozen=True, slots=True)
class PipedriveDeal:
    """A deal, and all that happens to it."""

    deal_id: int
    organization_id: int
    owner_id: int
    title: str
    value: int
    story: str
    """Name of the story that its steps tell: a function of `simulators.world.deals`."""
    added_at: datetime
    first_stage_id: int
    steps: tuple[DealStep, ...]
    """In their order; several may happen in one second."""


@dataclass(frozen=True, slots=True)
class ReferredCompany:
    """A company that another one brought; nothing more is known of it than its sign-up."""

    company_id: str
    name: str
    email: str
    referred_by_company_id: str
    """A company of the world, or another referred one."""
    first_seen_at: datetime
    """In UTC."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody at a company to whom emails are sent."""

    person_id: str
    company_id: str
    email: str
    full_name: str
    added_at: datetime
    """In UTC."""
    story: str
    """Name of the story that its events tell: a function of `person_stories`."""


class TenantKind(StrEnum):
    """How a tenant of Yobi's can be found to be a company of HubSpot's (spec/engagement.md)."""

    SAME_DOMAIN = "same_domain"
    """By its domain, letter by letter."""
    OTHERWISE_WRITTEN = "otherwise_written"
    """By its domain, once scheme, `www.`, path, port and case are gone."""
    NAME_ALONE = "name_alone"
    """By its name, once case, punctuation and legal form are gone; it tells no domain."""
    ONE_OF_TWO = "one_of_two"
    """By its domain, which another tenant has as well."""
    SHARED = "shared"
    """By the domain of one company, and by the name of another one."""
    STRANGER = "stranger"
    """Not at all: Yobi alone knows it."""


@dataclass(frozen=True, slots=True)
class YobiTenant:
    """A customer as Yobi knows it."""

    tenant_id: int
    name: str
    kind: TenantKind
    company_ids: tuple[str, ...]
    """The companies that it is, or is taken for; none of a stranger."""
    domain: str | None
    """As somebody typed it."""
    website: str | None
    """The same; where this field is used, the other is not."""
    pattern: str
    """How its weeks go: `steady`, `silent` (never anything), or `dropping` (by far less in the last
    whole week than before)."""


@dataclass(frozen=True, slots=True)
class YobiLocation:
    """A place where a tenant receives patients."""

    location_id: int
    tenant_id: int
    name: str


@dataclass(frozen=True, slots=True)
class YobiDay:
    """What one user of a tenant did on one day."""

    tenant_id: int
    location_id: int
    """Where the appointments are."""
    day: date
    """In the zone of New York."""
    user_email: str
    calls: int
    tasks: int
    appointments: int
    new_patients: int
    """Those of the appointments that new patients have."""


@dataclass(frozen=True, slots=True)
class Yobi:
    """What Yobi knows of the world."""

    tenants: tuple[YobiTenant, ...]
    locations: tuple[YobiLocation, ...]
    days: tuple[YobiDay, ...]


@dataclass(frozen=True, slots=True)
class World:
    """Some companies over some months: everything that a vendor or a file would know of them."""

    seed: int
    started_at: datetime
    ended_at: datetime
    companies: tuple[Company, ...]
    """In the order in which they showed up."""
    events: tuple[ArrivedLine, ...]
    """In order of arrival; none arrives after `ended_at`."""
    hubspot_companies: tuple[HubspotCompany, ...]
    hubspot_owners: tuple[HubspotOwner, ...]
    hubspot_contacts: tuple[HubspotContact, ...]
    hubspot_deals: tuple[HubspotDeal, ...]
    pipedrive_users: tuple[PipedriveUser, ...]
    pipedrive_pipelines: tuple[PipedrivePipeline, ...]
    pipedrive_stages: tuple[PipedriveStage, ...]
    pipedrive_organizations: tuple[PipedriveOrganization, ...]
    pipedrive_deals: tuple[PipedriveDeal, ...]
    referred_companies: tuple[ReferredCompany, ...]
    """Beside `companies`: they have events, and no story."""
    people: tuple[Person, ...]
    yobi: Yobi
    _arrivals: tuple[datetime, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_arrivals", tuple(event.arrived_at for event in self.events))

    def arrivals(
        self, arrived_after: datetime | None, arrived_until: datetime
    ) -> tuple[ArrivedLine, ...]:
        """What arrived after one instant (None: from the start) and up to, including, another."""
        first = 0 if arrived_after is None else bisect_right(self._arrivals, arrived_after)
        return self.events[first : bisect_right(self._arrivals, arrived_until)]

    def lines(self, arrived_after: datetime | None, arrived_until: datetime) -> list[str]:
        """The text of these arrivals, in their order, without line ends."""
        return [event.line for event in self.arrivals(arrived_after, arrived_until)]

    def company_of(self, story: str) -> Company:
        """The first company that lives this story.

        Raises:
            LookupError: when no company does.
        """
        for company in self.companies:
            if company.story == story:
                return company
        raise LookupError(f"No company of this world lives the story {story}.")


def in_offset(instant: datetime, offset: timedelta) -> datetime:
    """The same instant as a clock with this offset shows it."""
    return instant.astimezone(timezone(offset))
