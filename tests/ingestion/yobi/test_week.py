"""A week is Sunday to Saturday of the job's zone, whatever the clocks do."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from ingestion.yobi.week import Week, periods_for

NEW_YORK = ZoneInfo("America/New_York")


@pytest.mark.parametrize(
    ("as_of", "sunday"),
    [
        ("2026-03-15T10:00:00+00:00", date(2026, 3, 8)),  # a Sunday, 06:00 in New York
        ("2026-03-15T04:00:00+00:00", date(2026, 3, 8)),  # its first instant
        ("2026-03-15T03:59:59.999+00:00", date(2026, 3, 1)),  # still Saturday there
        ("2026-03-21T23:00:00+00:00", date(2026, 3, 8)),
        ("2026-11-08T05:00:00+00:00", date(2026, 11, 1)),  # clocks went back on the 1st
        ("2026-11-08T04:59:00+00:00", date(2026, 10, 25)),
        ("2026-01-01T12:00:00+00:00", date(2025, 12, 21)),
    ],
)
def test_the_week_is_the_last_one_that_is_over_in_the_zone(as_of: str, sunday: date) -> None:
    week = Week.before(datetime.fromisoformat(as_of), NEW_YORK)

    assert (week.first_day, week.last_day) == (sunday, sunday + timedelta(days=6))
    assert week.first_day.strftime("%A") == "Sunday"


@pytest.mark.parametrize(
    ("sunday", "hours"),
    [(date(2026, 3, 8), 167), (date(2026, 11, 1), 169), (date(2026, 6, 7), 168)],
    ids=["clocks forward", "clocks back", "neither"],
)
def test_a_week_has_seven_days_and_not_always_168_hours(sunday: date, hours: int) -> None:
    week = Week(sunday, NEW_YORK)

    assert len(list(week.days)) == 7
    length = week.ends_at + timedelta(milliseconds=1) - week.starts_at
    assert length == timedelta(hours=hours)
    assert week.starts_at.astimezone(NEW_YORK).hour == 0
    ending = week.ends_at.astimezone(NEW_YORK)
    assert (ending.date(), ending.hour, ending.minute, ending.second, ending.microsecond) == (
        week.last_day, 23, 59, 59, 999_000,
    )  # fmt: skip


def test_the_week_of_another_zone_begins_at_another_instant() -> None:
    as_of = datetime(2026, 3, 15, 2, tzinfo=UTC)

    assert Week.before(as_of, ZoneInfo("Asia/Tokyo")).first_day == date(2026, 3, 8)
    assert Week.before(as_of, NEW_YORK).first_day == date(2026, 3, 1)


@pytest.mark.parametrize(
    ("today", "periods"),
    [
        (date(2026, 3, 14), []),
        (date(2026, 3, 15), ["lastWeek", "30days"]),
        (date(2026, 3, 21), ["lastWeek", "30days"]),
        (date(2026, 3, 22), ["30days"]),
        (date(2026, 4, 7), ["30days"]),
        (date(2026, 4, 8), ["90days"]),
        (date(2026, 6, 6), ["90days"]),
        (date(2026, 6, 7), []),
    ],
)
def test_a_week_is_asked_for_as_long_as_a_period_covers_all_of_it(
    today: date, periods: list[str]
) -> None:
    assert periods_for(Week(date(2026, 3, 8), NEW_YORK), today) == periods
