"""Instants as HubSpot writes them: UTC, to the millisecond, with a Z."""

from __future__ import annotations

from datetime import UTC, datetime


def utc_now() -> datetime:
    """The present, to the millisecond."""
    return to_millisecond(datetime.now(UTC))


def to_millisecond(instant: datetime) -> datetime:
    """`instant` in UTC, without what HubSpot does not keep of it.

    Raises:
        ValueError: when it has no time zone.
    """
    if instant.tzinfo is None:
        raise ValueError(f"{instant} has no time zone: give it one.")
    instant = instant.astimezone(UTC)
    return instant.replace(microsecond=instant.microsecond // 1000 * 1000)


def format_instant(instant: datetime) -> str:
    """`2026-11-01T10:00:00.000Z`. Such texts sort as the instants do."""
    return to_millisecond(instant).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def parse_instant(text: str) -> datetime:
    """The instant that a date, an RFC 3339 time or milliseconds since 1970 mean; no zone is UTC.

    Raises:
        ValueError: when the text is none of these.
    """
    if text.lstrip("-").isdigit():
        try:
            return to_millisecond(datetime.fromtimestamp(int(text) / 1000, UTC))
        except (OverflowError, OSError) as error:
            raise ValueError(f"{text} is no time") from error
    instant = datetime.fromisoformat(text)
    return to_millisecond(instant if instant.tzinfo else instant.replace(tzinfo=UTC))
