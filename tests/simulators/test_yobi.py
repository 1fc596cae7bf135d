"""The local Yobi lets its user in and counts the days of its periods."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx
import pytest

from simulators.clock import StoppedClock
from simulators.faults import Cut, Fault, HtmlPage, RateLimited, ServerError
from simulators.serving import serving
from simulators.yobi import (
    DEFAULT_EMAIL,
    DEFAULT_PASSWORD,
    DailyFigures,
    ListShape,
    Location,
    Metric,
    Tenant,
    YobiSimulator,
    YobiState,
)
from simulators.yobi.periods import days_of

SUNDAY_MORNING = datetime(2026, 3, 15, 10, tzinfo=UTC)
"""06:00 in New York; the week before had the change to summer time."""
CALLS = "/admin/pms/stats/calls-by-tenant"
TASKS = "/admin/dental-tenants/tasks/created"
APPOINTMENTS = "/admin/pms/stats/appointments-by-location"
TENANTS = "/admin/dental-tenants/list"
LOCATIONS = "/admin/pms/locations"


@dataclass(frozen=True)
class Yobi:
    """A Yobi that is being served, its clock, and a client that is logged in."""

    simulator: YobiSimulator
    clock: StoppedClock
    client: httpx.Client

    def results(self, path: str, period: str | None = None) -> Any:
        params = {} if period is None else {"period": period}
        return self.client.get(path, params=params).raise_for_status().json()["results"]


@pytest.fixture
def yobi() -> Iterator[Yobi]:
    """Tenant 1 with two locations and something to do, tenant 2 that does nothing."""
    clock = StoppedClock(SUNDAY_MORNING)
    state = YobiState(
        [Tenant(1, "Quiet Dental", domain="quiet.example.com"), Tenant("t-2", "Still Dental")],
        [Location(11, 1, "North"), Location(12, 1, "South"), Location("l-2", "t-2", "Only")],
        [
            DailyFigures(1, date(2026, 3, 14), calls=5, tasks=2, appointments=3, new_patients=1),
            DailyFigures(
                1, date(2026, 3, 8), calls=1, appointments=1, location_id=12,
                user_email="robot@yobi.example.com",
            ),
            DailyFigures(1, date(2026, 3, 7), calls=100),
            DailyFigures(1, date(2026, 3, 15), calls=1_000),
        ],
        clock=clock,
    )  # fmt: skip
    simulator = YobiSimulator(state)
    with serving(simulator) as base_url, httpx.Client(base_url=base_url) as client:
        client.headers["Authorization"] = f"Bearer {log_in(client).json()['results']['token']}"
        yield Yobi(simulator, clock, client)


def log_in(client: httpx.Client, password: str = DEFAULT_PASSWORD) -> httpx.Response:
    return client.post("/users/login", json={"user": DEFAULT_EMAIL, "password": password})


# Logins


def test_a_login_says_until_when_it_is_good_and_ends_then(yobi: Yobi) -> None:
    until = log_in(yobi.client).json()["results"]["tokenExpirationInstant"]
    assert until == (SUNDAY_MORNING + timedelta(hours=1)).timestamp() * 1000

    yobi.clock.advance(timedelta(minutes=59, seconds=59))
    assert yobi.client.get(TENANTS).status_code == 200
    yobi.clock.advance(timedelta(seconds=1))
    assert yobi.client.get(TENANTS).status_code == 401


def test_a_token_that_was_revoked_is_refused_before_its_time(yobi: Yobi) -> None:
    yobi.simulator.logins.revoke_all()

    assert yobi.client.get(TENANTS).status_code == 401


def test_a_wrong_password_gets_no_token(yobi: Yobi) -> None:
    answer = log_in(yobi.client, "wrong")

    assert answer.status_code == 401
    assert answer.json() == {"success": False, "message": "The user or the password is wrong."}


@pytest.mark.parametrize("body", [b"", b"[]", b'{"user": "a"}'])
def test_a_login_without_user_and_password_is_refused(yobi: Yobi, body: bytes) -> None:
    assert yobi.client.post("/users/login", content=body).status_code == 400


@pytest.mark.parametrize("path", [TENANTS, LOCATIONS, CALLS, TASKS, APPOINTMENTS])
def test_nothing_is_told_to_strangers(yobi: Yobi, path: str) -> None:
    answer = httpx.get(yobi.client.base_url.join(path), params={"period": "7days"})

    assert answer.status_code == 401


# Lists


@pytest.mark.parametrize(
    ("shape", "place"),
    [(ListShape.RESULTS, "results"), (ListShape.NAMED, "tenants"), (ListShape.BARE, None)],
)
def test_tenants_stand_in_one_of_three_places(
    yobi: Yobi, shape: ListShape, place: str | None
) -> None:
    yobi.simulator.habits.lists = shape

    results = yobi.results(TENANTS)

    assert (results if place is None else results[place]) == [
        {"tenant_id": 1, "tenant_name": "Quiet Dental", "domain": "quiet.example.com"},
        {"tenant_id": "t-2", "tenant_name": "Still Dental"},
    ]


def test_locations_name_their_tenants(yobi: Yobi) -> None:
    assert yobi.results(LOCATIONS)["results"][2] == {
        "location_id": "l-2", "tenant_id": "t-2", "name": "Only",
    }  # fmt: skip


# Periods


@pytest.mark.parametrize(
    ("period", "first", "last"),
    [
        ("yesterday", date(2026, 3, 14), date(2026, 3, 14)),
        ("7days", date(2026, 3, 8), date(2026, 3, 14)),
        ("30days", date(2026, 2, 13), date(2026, 3, 14)),
        ("90days", date(2025, 12, 15), date(2026, 3, 14)),
        ("lastWeek", date(2026, 3, 8), date(2026, 3, 14)),
    ],
)
def test_a_period_is_these_days_on_a_sunday(period: str, first: date, last: date) -> None:
    days = days_of(period, date(2026, 3, 15))

    assert (days[0], days[-1]) == (first, last)
    assert len(set(days)) == len(days) == (last - first).days + 1


@pytest.mark.parametrize("today", [date(2026, 3, 15), date(2026, 3, 18), date(2026, 3, 21)])
def test_last_week_ends_on_the_saturday_before_today(today: date) -> None:
    assert days_of("lastWeek", today)[0] == date(2026, 3, 8)
    assert days_of("lastWeek", today)[-1] == date(2026, 3, 14)


def test_days_are_those_of_the_zone(yobi: Yobi) -> None:
    yobi.clock.now = datetime(2026, 3, 15, 3, 59, tzinfo=UTC)  # still Saturday in New York
    assert yobi.results(CALLS, "yesterday")["stats"][0]["total_calls"] == 0

    yobi.clock.advance(timedelta(minutes=1))
    assert yobi.results(CALLS, "yesterday")["stats"][0]["total_calls"] == 5


@pytest.mark.parametrize("period", ["lastWeek", "14days", ""])
def test_a_period_that_there_is_not_is_refused(yobi: Yobi, period: str) -> None:
    assert yobi.client.get(CALLS, params={"period": period}).status_code == 400


def test_last_week_is_there_for_the_metrics_that_have_it(yobi: Yobi) -> None:
    yobi.simulator.habits.has_last_week = {Metric.CALLS}

    assert yobi.results(CALLS, "lastWeek")["stats"][0]["total_calls"] == 6
    assert yobi.client.get(TASKS, params={"period": "lastWeek"}).status_code == 400


# Figures


def test_figures_are_totals_with_a_trend_of_the_days_on_which_something_was_done(
    yobi: Yobi,
) -> None:
    assert yobi.results(CALLS, "7days")["stats"] == [
        {
            "tenant_id": 1,
            "total_calls": 6,
            "trend": [
                {"date": "2026-03-08", "total_calls": 1},
                {"date": "2026-03-14", "total_calls": 5},
            ],
        },
        {"tenant_id": "t-2", "total_calls": 0, "trend": []},
    ]
    assert yobi.results(TASKS, "7days")["by_tenant"][0] == {
        "tenant_id": 1,
        "total": {"created": 2},
        "trend": [{"date": "2026-03-14", "created": 2}],
    }
    north, south, other = yobi.results(APPOINTMENTS, "7days")["locations"]
    assert north == {
        "location_id": 11,
        "tenant_id": 1,
        "appointment_count": 3,
        "new_patients": 1,
        "trend": [{"date": "2026-03-14", "appointment_count": 3, "new_patients": 1}],
    }
    assert (south["appointment_count"], other["appointment_count"]) == (1, 0)


def test_a_trend_may_have_its_quiet_days_too(yobi: Yobi) -> None:
    yobi.simulator.habits.tells_zero_days = True

    assert len(yobi.results(CALLS, "30days")["stats"][1]["trend"]) == 30


def test_a_metric_may_come_without_a_trend_or_without_some_tenants(yobi: Yobi) -> None:
    habits = yobi.simulator.habits
    habits.has_trend = {Metric.CALLS, Metric.TASKS}
    habits.left_out = {Metric.CALLS: {"t-2"}}
    habits.without_trend = {Metric.TASKS: {1}}

    assert [each["tenant_id"] for each in yobi.results(CALLS, "7days")["stats"]] == [1]
    first, second = yobi.results(TASKS, "7days")["by_tenant"]
    assert ("trend" in first, "trend" in second) == (False, True)
    assert all("trend" not in each for each in yobi.results(APPOINTMENTS, "7days")["locations"])


def test_figures_may_be_broken_down_by_user(yobi: Yobi) -> None:
    yobi.simulator.habits.has_users = {Metric.CALLS}

    assert yobi.results(CALLS, "7days")["stats"][0]["by_user"] == [
        {
            "email": "frontdesk@example.com",
            "total_calls": 5,
            "trend": [{"date": "2026-03-14", "total_calls": 5}],
        },
        {
            "email": "robot@yobi.example.com",
            "total_calls": 1,
            "trend": [{"date": "2026-03-08", "total_calls": 1}],
        },
    ]


# Misbehaviour


def test_it_misbehaves_when_it_is_told_to(yobi: Yobi) -> None:
    for number, does in enumerate(
        (RateLimited(retry_after=3), ServerError(status=502), HtmlPage(), Cut())
    ):
        yobi.simulator.faults.add(Fault(does=does, path=TENANTS, skip=number, times=1))

    limited = yobi.client.get(TENANTS)
    assert (limited.status_code, limited.headers["Retry-After"]) == (429, "3")
    failed = yobi.client.get(TENANTS)
    assert (failed.status_code, failed.json()["success"]) == (502, False)
    assert yobi.client.get(TENANTS).headers["Content-Type"].startswith("text/html")
    with pytest.raises(httpx.RemoteProtocolError):
        yobi.client.get(TENANTS)
    assert yobi.client.get(TENANTS).status_code == 200


def test_every_call_is_on_its_log(yobi: Yobi) -> None:
    yobi.simulator.calls.clear()
    yobi.results(CALLS, "7days")
    yobi.client.get("/nowhere")

    assert [(call.path, call.query, call.status) for call in yobi.simulator.calls] == [
        (CALLS, "period=7days", 200),
        ("/nowhere", "", 404),
    ]
