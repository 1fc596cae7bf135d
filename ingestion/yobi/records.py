"""What Yobi's answers must look like (spec/engagement.md, Yobi API): a missing field is an error.

Every metric has totals for the period that was asked, and may have a trend by day; both may be
broken down by user.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Protocol

from pydantic import Field

from ingestion.api.contract import AnyId, ApiRecord, LocalDate

Count = Annotated[int, Field(ge=0)]
Counts = Mapping[str, int]
"""Figures by the names of their columns."""


class Login(ApiRecord):
    """What a login gives."""

    token: str
    expires_at_ms: int = Field(alias="tokenExpirationInstant")
    """In milliseconds since 1970."""


class Tenant(ApiRecord):
    """A customer of Yobi's."""

    tenant_id: AnyId
    tenant_name: str
    domain: str | None = None
    website: str | None = None


class Location(ApiRecord):
    """A place of a tenant."""

    location_id: AnyId
    tenant_id: AnyId
    name: str | None


class Day(Protocol):
    """One day of a trend."""

    @property
    def date(self) -> LocalDate:
        """Of the zone whose days Yobi counts."""

    @property
    def counts(self) -> Counts:
        """The figures of the day."""


class Told(Protocol):
    """Figures of a period, and perhaps of its days."""

    @property
    def counts(self) -> Counts:
        """The figures of the whole period."""

    @property
    def trend(self) -> Sequence[Day] | None:
        """The days on which anything was counted; None where there is no trend."""


class OfUser(Told, Protocol):
    """What one user did."""

    @property
    def email(self) -> str:
        """Whose address tells whether it is one of Yobi's own people."""


class MetricRecord(Told, Protocol):
    """One entry of an answer about a metric: a tenant, or one of its locations."""

    @property
    def tenant_id(self) -> str:
        """Whose figures these are."""

    @property
    def by_user(self) -> Sequence[OfUser] | None:
        """The same figures user by user; None where Yobi does not tell users apart."""


class _Calls(ApiRecord):
    total_calls: Count

    @property
    def counts(self) -> Counts:
        return {"total_calls": self.total_calls}


class _CallDay(_Calls):
    date: LocalDate


class _UserCalls(_Calls):
    email: str
    trend: list[_CallDay] | None = None


class TenantCalls(_Calls):
    """Calls of a tenant."""

    tenant_id: AnyId
    trend: list[_CallDay] | None = None
    by_user: list[_UserCalls] | None = None


class _Tasks(ApiRecord):
    created: Count

    @property
    def counts(self) -> Counts:
        return {"created": self.created}


class _TaskDay(_Tasks):
    date: LocalDate


class _TaskTotal(ApiRecord):
    total: _Tasks

    @property
    def counts(self) -> Counts:
        return self.total.counts


class _UserTasks(_TaskTotal):
    email: str
    trend: list[_TaskDay] | None = None


class TenantTasks(_TaskTotal):
    """Tasks that were created at a tenant."""

    tenant_id: AnyId
    trend: list[_TaskDay] | None = None
    by_user: list[_UserTasks] | None = None


class _Appointments(ApiRecord):
    appointment_count: Count
    new_patients: Count

    @property
    def counts(self) -> Counts:
        return {"appointment_count": self.appointment_count, "new_patients": self.new_patients}


class _AppointmentDay(_Appointments):
    date: LocalDate


class _UserAppointments(_Appointments):
    email: str
    trend: list[_AppointmentDay] | None = None


class LocationAppointments(_Appointments):
    """Appointments that were booked at a location."""

    location_id: AnyId
    tenant_id: AnyId
    trend: list[_AppointmentDay] | None = None
    by_user: list[_UserAppointments] | None = None
