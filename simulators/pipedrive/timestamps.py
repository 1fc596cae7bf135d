"""Instants as Pipedrive writes them: UTC, to the second, in one way in v2 and in another in v1."""

from __future__ import annotations

from datetime import UTC, datetime


def utc_now() -> datetime:
    """The present, to the second."""
    return to_second(datetime.now(UTC))


def to_second(instant: datetime) -> datetime:
    """`instant` in UTC, without what Pipedrive does not keep of it.

    Raises:
        ValueError: when it has no time zone.
    """
    if instant.tzinfo is None:
        raise ValueError(f"{instant} has no time zone: give it one.")
    return instant.astimezone(UTC).replace(microsecond=0)


def format_v2(instant: datetime) -> str:
    """`2026-11-01T10:00:00Z`. Such texts sort as the instants do."""
    return to_second(instant).isoformat().replace("+00:00", "Z")


def format_v1(instant: datetime) -> str:
    """`2026-11-01 10:00:00`, which is UTC without saying so."""
    return to_second(instant).strftime("%Y-%m-%d %H:%M:%S")


def parse_rfc3339(text: str) -> datetime:
    """The instant that a query parameter of v2 means.

    Raises:
        ValueError: when it is not RFC 3339 with an offset.
    """
    return to_second(datetime.fromisoformat(text))
