"""Which local days a `period` means."""

from __future__ import annotations

from datetime import date, timedelta

LAST_WEEK = "lastWeek"
DAYS_OF = {"yesterday": 1, "7days": 7, "30days": 30, "90days": 90}
"""So many days, the last of which is yesterday."""


def days_of(period: str, today: date) -> list[date]:
    """The days of a period, oldest first; `lastWeek` is the last whole week from Sunday on.

    Raises:
        KeyError: when there is no such period.
    """
    if period == LAST_WEEK:
        this_sunday = today - timedelta(days=today.isoweekday() % 7)
        return [this_sunday - timedelta(days=back) for back in range(7, 0, -1)]
    return [today - timedelta(days=back) for back in range(DAYS_OF[period], 0, -1)]
