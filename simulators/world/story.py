"""What a story is: a company's life, told into its diary."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import inf
from types import ModuleType

from simulators.world.diary import Diary
from simulators.world.model import CompanyKind

Tell = Callable[[Diary], None]


@dataclass(frozen=True, slots=True)
class Story:
    """A life that a company of the world may live."""

    name: str
    tell: Tell
    kind: CompanyKind
    """What the company is in the end."""
    oldest: float
    """The company showed up so many days before the end at the most,"""
    youngest: float
    """and so many at least."""
    arr_range: str
    """What the company buys, if it does, is in this range."""
    region: str | None
    """AMER, EMEA or APAC; None: any."""
    has_country: bool
    """False: nobody knows where the company is."""
    in_hubspot: bool | None
    """Whether HubSpot has a record of it; None leaves it to chance."""
    onboarded: str | None
    """What someone chose in HubSpot for `is_subjectively_onboarded_`: `yes`, `no`, or nothing."""


def story(
    kind: CompanyKind,
    *,
    oldest: float = inf,
    youngest: float = 3,
    arr_range: str = "1-2000",
    region: str | None = None,
    has_country: bool = True,
    in_hubspot: bool | None = None,
    onboarded: str | None = None,
) -> Callable[[Tell], Story]:
    """Make a story of a function that writes a diary; the function's name is the story's."""

    def made(tell: Tell) -> Story:
        return Story(
            name=tell.__name__,
            tell=tell,
            kind=kind,
            oldest=oldest,
            youngest=youngest,
            arr_range=arr_range,
            region=region,
            has_country=has_country,
            in_hubspot=in_hubspot if onboarded is None else True,
            onboarded=onboarded,
        )

    return made


def stories_of(module: ModuleType) -> tuple[Story, ...]:
    """The stories that a module tells, in its order."""
    return tuple(value for value in vars(module).values() if isinstance(value, Story))
