"""The local Yobi keeps to the description that was observed of Yobi's API."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from http import HTTPStatus

import httpx
import pytest

from simulators.clock import StoppedClock
from simulators.faults import Fault, HtmlPage, Interference, RateLimited, ServerError
from simulators.yobi import (
    DEFAULT_EMAIL,
    DEFAULT_PASSWORD,
    DailyFigures,
    Habits,
    ListShape,
    Location,
    Metric,
    Tenant,
    YobiSimulator,
    YobiState,
)
from tests.contracts.conftest import OnRecord, RecordedVendor
from tests.contracts.openapi import Description

ALL = frozenset(Metric)
CREDENTIALS = {"user": DEFAULT_EMAIL, "password": DEFAULT_PASSWORD}
READS = {
    "listTenants": "/admin/dental-tenants/list",
    "listLocations": "/admin/pms/locations",
    "callsByTenant": "/admin/pms/stats/calls-by-tenant?period=30days&include_non_integrated=true",
    "tasksCreated": "/admin/dental-tenants/tasks/created?period=7days",
    "appointmentsByLocation": "/admin/pms/stats/appointments-by-location?period=yesterday",
}
"""A right request for every operation but the login, by operation id."""


@pytest.fixture
def simulator() -> YobiSimulator:
    """Two tenants, one of them busy yesterday."""
    return YobiSimulator(
        YobiState(
            [
                Tenant(1, "Quiet Dental", domain="quiet.example.com"),
                Tenant("t-2", "Still Dental", website="https://still.example.com/"),
            ],
            [Location(11, 1, "North"), Location("l-2", "t-2", "Only")],
            [DailyFigures(1, date(2026, 3, 14), calls=5, tasks=2, appointments=3, new_patients=1)],
            clock=StoppedClock(datetime(2026, 3, 15, 10, tzinfo=UTC)),
        )
    )


@contextmanager
def logged_in(yobi: RecordedVendor) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=yobi.base_url) as client:
        answer = client.post("/users/login", json=CREDENTIALS).raise_for_status()
        client.headers["Authorization"] = f"Bearer {answer.json()['results']['token']}"
        yield client


def test_there_is_an_example_of_every_operation(yobi_description: Description) -> None:
    assert READS.keys() | {"logIn"} == yobi_description.operations


@pytest.mark.parametrize(
    "habits",
    [
        Habits(),
        Habits(lists=ListShape.NAMED, tells_zero_days=True, has_users=ALL),
        Habits(lists=ListShape.BARE, has_trend=frozenset(), has_users=ALL),
    ],
    ids=["as seen", "with users and quiet days", "without trends"],
)
def test_every_operation_answers_a_right_request_rightly(
    yobi_on_record: OnRecord, simulator: YobiSimulator, habits: Habits
) -> None:
    simulator.habits = habits

    with yobi_on_record(simulator) as yobi, logged_in(yobi) as client:
        assert {client.get(path).status_code for path in READS.values()} == {HTTPStatus.OK}
        assert yobi.recorder.operations == READS.keys() | {"logIn"}


@pytest.mark.parametrize("has_last_week", [ALL, frozenset()])
def test_last_week_is_answered_or_refused_rightly(
    yobi_on_record: OnRecord, simulator: YobiSimulator, has_last_week: frozenset[Metric]
) -> None:
    simulator.habits.has_last_week = has_last_week

    with yobi_on_record(simulator) as yobi, logged_in(yobi) as client:
        answer = client.get("/admin/dental-tenants/tasks/created?period=lastWeek")

        assert answer.status_code == (HTTPStatus.OK if has_last_week else HTTPStatus.BAD_REQUEST)


def test_strangers_are_turned_away_rightly(
    yobi_on_record: OnRecord, simulator: YobiSimulator
) -> None:
    with yobi_on_record(simulator) as yobi, httpx.Client(base_url=yobi.base_url) as client:
        wrong = client.post("/users/login", json={**CREDENTIALS, "password": "wrong"})
        with yobi.recorder.wrong_on_purpose():
            empty = client.post("/users/login", json={})
            statuses = {client.get(path).status_code for path in READS.values()}

        assert wrong.status_code == HTTPStatus.UNAUTHORIZED
        assert empty.status_code == HTTPStatus.BAD_REQUEST
        assert statuses == {HTTPStatus.UNAUTHORIZED}


@pytest.mark.parametrize(
    ("does", "status"),
    [
        (RateLimited(retry_after=1), HTTPStatus.TOO_MANY_REQUESTS),
        (ServerError(status=500), HTTPStatus.INTERNAL_SERVER_ERROR),
        (HtmlPage(status=502), HTTPStatus.BAD_GATEWAY),
    ],
)
def test_every_operation_fails_rightly(
    yobi_on_record: OnRecord, simulator: YobiSimulator, does: Interference, status: HTTPStatus
) -> None:
    with yobi_on_record(simulator) as yobi, logged_in(yobi) as client:
        simulator.faults.add(Fault(does=does))

        statuses = {client.get(path).status_code for path in READS.values()}
        statuses.add(client.post("/users/login", json=CREDENTIALS).status_code)

        assert statuses == {status}
