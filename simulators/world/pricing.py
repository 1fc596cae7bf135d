"""What the plans cost: so much for the first 30 people, and so much for each further one."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from random import Random

FREE = Decimal(0)

_INCLUDED_SEATS = 30
_EMPLOYEE_RANGES = (
    (10, "1-10"),
    (30, "11-30"),
    (100, "31-100"),
    (300, "101-300"),
    (1000, "301-1000"),
)


@dataclass(frozen=True, slots=True)
class Offer:
    """A paid plan for a number of people."""

    plan_id: str
    seats: int
    mrr: Decimal
    """USD a month; a plan paid by the year has a twelfth of its price, to the sixth digit."""

    @property
    def arr_range(self) -> str:
        """The range of a year's revenue (spec/journey.md, Inputs)."""
        yearly = self.mrr * 12
        return "8001+" if yearly > 8000 else "2001-8000" if yearly > 2000 else "1-2000"


_BASE_AND_SEAT = {
    "basic": (Decimal(29), Decimal("0.5")),
    "advanced": (Decimal(49), Decimal("1.5")),
    "expert": (Decimal(99), Decimal(3)),
    "enterprise": (Decimal(190), Decimal("3.6")),
}
_SEATS = {
    "1-2000": (("basic", 5, 240), ("basic", 5, 90), ("advanced", 10, 95), ("expert", 8, 48)),
    "2001-8000": (("advanced", 130, 400), ("expert", 70, 200), ("enterprise", 60, 150)),
    "8001+": (("advanced", 620, 900), ("expert", 290, 600), ("enterprise", 230, 1500)),
}
"""By ARR range: plans and the seats with which they are in it, billed by the month or the year."""


def draw_offer(stream: Random, arr_range: str) -> Offer:
    """What a company of this ARR range (`1-2000`, `2001-8000`, `8001+`) might have bought."""
    plan_id, fewest, most = stream.choice(_SEATS[arr_range])
    return _priced(plan_id, stream.randint(fewest, most), by_year=stream.random() < 0.3)


def draw_smaller_offer(stream: Random, offer: Offer) -> Offer:
    """What the company might have had before it grew: fewer people, the same ARR range."""
    fewest = min(few for plan, few, _ in _SEATS[offer.arr_range] if plan == offer.plan_id)
    return _priced(offer.plan_id, stream.randint(fewest, offer.seats), by_year=False)


def employees_range(seats: int) -> str:
    """The range that a company of so many people gives for its number of employees."""
    return next((label for most, label in _EMPLOYEE_RANGES if seats <= most), "1001+")


def _priced(plan_id: str, seats: int, *, by_year: bool) -> Offer:
    base, per_seat = _BASE_AND_SEAT[plan_id]
    monthly = base + per_seat * max(0, seats - _INCLUDED_SEATS)
    if by_year:
        yearly = (monthly * 12 * Decimal("0.82")).quantize(Decimal(1))
        return Offer(plan_id, seats, (yearly / 12).quantize(Decimal("0.000001")))
    return Offer(plan_id, seats, monthly.quantize(Decimal("0.01")))
