"""When things happen: working hours, quiet weekends, bursts of sign-ups, the last day."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from random import Random

from simulators.world.streams import random_stream

WORLD_END = datetime(2026, 3, 31, 6, tzinfo=UTC)
"""The world's present. It is fixed: no clock has a say in what a world holds."""
LAST_DAY_START = WORLD_END - timedelta(days=1)
LAST_MOMENT = WORLD_END - timedelta(minutes=20)
"""Nothing happens later, so that whatever is sent promptly arrives before the end."""

_WEEKDAY_WEIGHTS = (1.0, 1.3, 1.25, 1.1, 0.8, 0.12, 0.15)
_CAMPAIGNS = 6
_CAMPAIGN_FACTOR = 4.0


def ago(*, days: float = 0, hours: float = 0) -> datetime:
    """The instant so long before the end of the world, to the second."""
    return WORLD_END - timedelta(days=days, hours=hours)


def local_working_time(stream: Random, day: date, utc_offset: timedelta) -> datetime:
    """A moment of the working hours of this local day, in UTC."""
    hour = min(max(stream.gauss(13.2, 2.6), 7.0), 20.5)
    seconds = int(hour * 3600) + stream.randrange(60)
    return _off_the_hour(
        datetime.combine(day, time(), UTC) + timedelta(seconds=seconds) - utc_offset
    )


def working_moment(stream: Random, days_ago: float, utc_offset: timedelta) -> datetime:
    """A moment of working hours about so many days before the end; on a Friday, if a weekend."""
    day = ago(days=days_ago).date()
    if day.weekday() > 4:
        day -= timedelta(days=day.weekday() - 4)
    return local_working_time(stream, day, utc_offset)


def working_moment_between(
    stream: Random, start: datetime, end: datetime, utc_offset: timedelta
) -> datetime:
    """A moment between two instants, in working hours unless these leave little choice."""
    somewhere = start + timedelta(seconds=int((end - start).total_seconds() * stream.random()))
    moment = local_working_time(stream, somewhere.date(), utc_offset)
    return moment if start <= moment <= end else _off_the_hour(somewhere)


def moment_on_last_day(stream: Random, utc_offset: timedelta) -> datetime:
    """A moment of the last 24 hours, in working hours where possible."""
    earliest = LAST_DAY_START + timedelta(minutes=15)
    return working_moment_between(stream, earliest, LAST_MOMENT, utc_offset)


def following(
    stream: Random, moment: datetime, shortest: timedelta, longest: timedelta
) -> datetime:
    """A moment so long after another, but not after the last moment."""
    seconds = stream.uniform(shortest.total_seconds(), longest.total_seconds())
    return min(_off_the_hour(moment + timedelta(seconds=int(seconds))), LAST_MOMENT)


class SignUpCalendar:
    """How many people sign up on which day: weekdays, and a few campaigns."""

    def __init__(self, seed: int, days: int) -> None:
        stream = random_stream(seed, "campaigns")
        self.started_at = ago(days=days)
        """Nothing happens before."""
        self._days = [
            (self.started_at + timedelta(days=number)).date() for number in range(1, days + 1)
        ]
        weekdays = [day for day in self._days if day.weekday() < 5]
        campaigns = set(stream.sample(weekdays, _CAMPAIGNS))
        self._weights = {
            day: _WEEKDAY_WEIGHTS[day.weekday()] * (_CAMPAIGN_FACTOR if day in campaigns else 1.0)
            for day in self._days
        }

    def draw(
        self, stream: Random, oldest: float, youngest: float, utc_offset: timedelta
    ) -> datetime:
        """A moment of signing up between so many days before the end, in UTC.

        Args:
            stream: where chance comes from.
            oldest: days before the end at the most; cut to the world's days.
            youngest: days before the end at least.
            utc_offset: of the local time.
        """
        first = max(ago(days=min(oldest, len(self._days))), self.started_at)
        last = min(ago(days=youngest), LAST_MOMENT)
        days = [day for day in self._days if first.date() <= day <= last.date()]
        day = stream.choices(days, [self._weights[day] for day in days])[0]
        moment = local_working_time(stream, day, utc_offset)
        if first <= moment <= last:
            return moment
        return working_moment_between(stream, first, last, utc_offset)


def _off_the_hour(moment: datetime) -> datetime:
    """Not within the ten minutes after the hour at which the world ends.

    Whole days are counted from such moments; none may become full just after the end.
    """
    end = WORLD_END.time()
    if moment.hour == end.hour and moment.minute < 10:
        return moment + timedelta(minutes=15)
    return moment
