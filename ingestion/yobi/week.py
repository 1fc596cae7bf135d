"""The week that is counted: Sunday to Saturday in the job's zone (spec/engagement.md, Window).

A week is seven local days, whatever the clocks do: the one in which they go forward has an hour
less, and Yobi counts by local dates.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Week:
    """Seven local days."""

    first_day: date
    """A Sunday."""
    zone: ZoneInfo

    @classmethod
    def before(cls, as_of: datetime, zone: ZoneInfo) -> Week:
        """The last week that is over at `as_of`, which has an offset."""
        today = as_of.astimezone(zone).date()
        this_sunday = today - timedelta(days=today.isoweekday() % 7)
        return cls(this_sunday - timedelta(days=7), zone)

    @property
    def last_day(self) -> date:
        """The Saturday."""
        return self.first_day + timedelta(days=6)

    @property
    def days(self) -> Iterator[date]:
        """All seven, from the Sunday on."""
        return (self.first_day + timedelta(days=number) for number in range(7))

    @property
    def starts_at(self) -> datetime:
        """The Sunday's first instant, in UTC."""
        return self._midnight(self.first_day)

    @property
    def ends_at(self) -> datetime:
        """The Saturday's last millisecond, in UTC."""
        return self._midnight(self.last_day + _DAY) - timedelta(milliseconds=1)

    def __contains__(self, day: date) -> bool:
        """Whether a local day is one of the seven."""
        return self.first_day <= day <= self.last_day

    def __str__(self) -> str:
        """For people: `2026-03-08 to 2026-03-14`."""
        return f"{self.first_day} to {self.last_day}"

    def _midnight(self, day: date) -> datetime:
        return datetime.combine(day, time(), self.zone).astimezone(UTC)


LAST_WEEK = "lastWeek"
_DAYS_BACK = {"30days": 30, "90days": 90}
"""Periods that end with yesterday, the shorter one first."""


def periods_for(week: Week, today: date) -> list[str]:
    """What to ask Yobi for a week, in this order; nothing when it does not tell of it (any more).

    `lastWeek` is Yobi's own last whole week, and may not exist.

    Args:
        week: the one that is wanted.
        today: the local day by Yobi's clock.
    """
    is_over = week.last_day < today
    is_last = is_over and today - week.last_day <= timedelta(days=7)
    covering = [
        period
        for period, days in _DAYS_BACK.items()
        if is_over and week.first_day >= today - timedelta(days=days)
    ]
    return [*([LAST_WEEK] if is_last else []), *covering[:1]]
