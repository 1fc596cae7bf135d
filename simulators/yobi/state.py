"""What the local Yobi knows: tenants, their locations, and the figures of each day."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from simulators.clock import Clock

Id = int | str
"""An id as Yobi writes it into its answers: a number or text."""


class Metric(StrEnum):
    """What Yobi counts, each at an endpoint of its own."""

    CALLS = "calls"
    TASKS = "tasks"
    APPOINTMENTS = "appointments"
    """With the new patients among them."""


@dataclass(frozen=True, slots=True)
class Tenant:
    """A customer of Yobi's."""

    tenant_id: Id
    name: str
    domain: str | None = None
    """As somebody typed it; None leaves the field out of answers."""
    website: str | None = None
    """The same; some tenants have this field in place of the other."""


@dataclass(frozen=True, slots=True)
class Location:
    """A place where a tenant receives patients."""

    location_id: Id
    tenant_id: Id
    name: str


@dataclass(frozen=True, slots=True)
class DailyFigures:
    """What one user of a tenant did on one local day; several of them add up."""

    tenant_id: Id
    day: date
    calls: int = 0
    tasks: int = 0
    appointments: int = 0
    new_patients: int = 0
    """Those of the appointments that new patients have."""
    location_id: Id | None = None
    """Where the appointments are; None: at the tenant's first location."""
    user_email: str = "frontdesk@example.com"


class YobiState:
    """Everything that the local Yobi knows; it may be changed while it is being served."""

    def __init__(
        self,
        tenants: Iterable[Tenant] = (),
        locations: Iterable[Location] = (),
        figures: Iterable[DailyFigures] = (),
        *,
        zone: ZoneInfo | None = None,
        clock: Clock = lambda: datetime.now(UTC),
    ) -> None:
        """Know these tenants.

        `zone` is the one whose days are counted, by default that of New York; `clock` says which
        day it is.
        """
        self.lock = threading.RLock()
        self.tenants = list(tenants)
        self.locations = list(locations)
        self.figures = list(figures)
        self.zone = zone or ZoneInfo("America/New_York")
        self._clock = clock

    def now(self) -> datetime:
        """Yobi's clock, in UTC."""
        return self._clock().astimezone(UTC)

    def today(self) -> date:
        """The local day."""
        return self._clock().astimezone(self.zone).date()

    def change(self, table: str, record_id: str, values: Mapping[str, Any]) -> None:
        """Change a tenant or a location (`tenants`, `locations`), as somebody at Yobi would.

        Raises:
            KeyError: when there is no such record.
        """
        known: dict[str, list[Any]] = {"tenants": self.tenants, "locations": self.locations}
        with self.lock:
            records = known[table]
            for number, record in enumerate(records):
                its_id = record.tenant_id if table == "tenants" else record.location_id
                if str(its_id) == record_id:
                    records[number] = replace(record, **values)
                    return
        raise KeyError(f"{table} has no record {record_id}")

    def location_of(self, figures: DailyFigures) -> Id | None:
        """Where the appointments of these figures are; None when the tenant has no location."""
        if figures.location_id is not None:
            return figures.location_id
        return next(
            (each.location_id for each in self.locations if each.tenant_id == figures.tenant_id),
            None,
        )
