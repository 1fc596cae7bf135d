"""Where the companies are."""

from __future__ import annotations

from datetime import timedelta
from random import Random

from simulators.world.model import Country


def _country(code: str, name: str, region: str, hours: float, weight: int) -> Country:
    return Country(code, name, region, timedelta(hours=hours), weight)


COUNTRIES = (
    _country("US", "United States", "AMER", -6, 34),
    _country("CA", "Canada", "AMER", -5, 7),
    _country("MX", "Mexico", "AMER", -6, 4),
    _country("BR", "Brazil", "AMER", -3, 4),
    _country("CL", "Chile", "AMER", -4, 2),
    _country("CO", "Colombia", "AMER", -5, 2),
    _country("GB", "United Kingdom", "EMEA", 0, 10),
    _country("DE", "Germany", "EMEA", 1, 6),
    _country("FR", "France", "EMEA", 1, 4),
    _country("NL", "Netherlands", "EMEA", 1, 3),
    _country("ES", "Spain", "EMEA", 1, 3),
    _country("SE", "Sweden", "EMEA", 1, 2),
    _country("PL", "Poland", "EMEA", 1, 2),
    _country("IL", "Israel", "EMEA", 2, 3),
    _country("ZA", "South Africa", "EMEA", 2, 3),
    _country("AE", "United Arab Emirates", "EMEA", 4, 2),
    _country("AU", "Australia", "APAC", 10, 8),
    _country("NZ", "New Zealand", "APAC", 12, 2),
    _country("SG", "Singapore", "APAC", 8, 2),
    _country("IN", "India", "APAC", 5.5, 4),
    _country("PH", "Philippines", "APAC", 8, 2),
    _country("JP", "Japan", "APAC", 9, 2),
)


def draw_country(stream: Random, region: str | None = None) -> Country:
    """A country, the common ones more often.

    Args:
        stream: where chance comes from.
        region: AMER, EMEA or APAC; None for any.
    """
    possible = [country for country in COUNTRIES if region in (None, country.region)]
    return stream.choices(possible, [country.weight for country in possible])[0]
