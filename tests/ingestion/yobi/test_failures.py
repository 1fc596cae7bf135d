"""A load of Yobi when something goes wrong: nothing lands, and it is said in one sentence."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest
from starlette.responses import JSONResponse
from starlette.types import Receive, Scope, Send

from ingestion.api import load
from ingestion.yobi.errors import YobiError
from ingestion.yobi.landing import ingest_yobi
from simulators.faults import (
    ChangeRecord,
    Cut,
    DuplicatePage,
    Fault,
    HtmlPage,
    Interference,
    MissingField,
    RateLimited,
    ServerError,
    Slow,
)
from simulators.serving import serving
from simulators.yobi import DEFAULT_EMAIL, DEFAULT_PASSWORD, DailyFigures, Metric, YobiSimulator
from tests.ingestion.yobi.conftest import SATURDAY, Yobi, settings_for
from warehouse.database import Warehouse

LOGIN = "/users/login"
TENANTS = "/admin/dental-tenants/list"
LOCATIONS = "/admin/pms/locations"
CALLS = "/admin/pms/stats/calls-by-tenant"
TASKS = "/admin/dental-tenants/tasks/created"
APPOINTMENTS = "/admin/pms/stats/appointments-by-location"
STREAMS = (TENANTS, LOCATIONS, CALLS, TASKS, APPOINTMENTS)


def readings(yobi: Yobi) -> list[tuple[object, ...]]:
    """How many versions of which metric have landed."""
    return yobi.rows("select metric, count(*) from raw_yobi.week_readings group by 1 order by 1")


@pytest.mark.parametrize(
    "does",
    [
        RateLimited(),
        RateLimited(retry_after=0),
        ServerError(status=502),
        HtmlPage(),
        Cut(),
        Slow(seconds=0.01),
    ],
    ids=lambda does: does.kind,
)
def test_a_bad_moment_in_any_stream_is_overcome(yobi: Yobi, does: Interference) -> None:
    yobi.simulator.faults.add(*(Fault(does=does, path=path, times=1) for path in STREAMS))

    summary = yobi.load()

    hit = sorted(call.path for call in yobi.simulator.calls if call.fault)
    assert hit == sorted(STREAMS)
    assert readings(yobi) == [("appointments", 1), ("calls", 1), ("tasks", 1)]
    assert summary.of("calls_by_tenant").read == 21


@pytest.mark.parametrize(
    ("does", "sentence"),
    [
        (ServerError(status=500), "answered 500 again and again"),
        (RateLimited(), "answered 429 again and again"),
        (HtmlPage(status=200), "answered with something else than Yobi's records"),
        (Cut(), "Yobi does not answer at"),
    ],
    ids=lambda case: None if isinstance(case, str) else case.kind,
)
def test_any_stream_that_fails_leaves_all_tables_as_they_were(
    yobi: Yobi, does: Interference, sentence: str
) -> None:
    yobi.load()
    before = yobi.everything()
    yobi.state.figures.append(DailyFigures(1, SATURDAY, calls=1, tasks=1, appointments=1))
    for path in STREAMS:
        yobi.simulator.faults.add(Fault(does=does, path=path))

        with pytest.raises(YobiError, match=sentence):
            yobi.load()

        assert {call.path for call in yobi.simulator.calls if call.fault} == {path}
        assert yobi.everything() == before
        assert yobi.rows("select to_regnamespace('raw_yobi_staging')::text") == [(None,)]
        yobi.simulator.faults.clear()

    yobi.load()
    assert readings(yobi) == [("appointments", 2), ("calls", 2), ("tasks", 2)]


@pytest.mark.parametrize(
    ("path", "field"),
    [
        (TENANTS, "tenant_id"),
        (TENANTS, "tenant_name"),
        (LOCATIONS, "location_id"),
        (LOCATIONS, "tenant_id"),
        (CALLS, "tenant_id"),
        (CALLS, "total_calls"),
        (CALLS, "trend.date"),
        (CALLS, "trend.total_calls"),
        (TASKS, "total"),
        (TASKS, "total.created"),
        (TASKS, "trend.created"),
        (APPOINTMENTS, "location_id"),
        (APPOINTMENTS, "appointment_count"),
        (APPOINTMENTS, "new_patients"),
        (APPOINTMENTS, "trend.new_patients"),
    ],
)
def test_a_missing_field_is_an_error_that_names_it_and_no_zero(
    yobi: Yobi, path: str, field: str
) -> None:
    yobi.simulator.faults.add(Fault(does=MissingField(field=field), path=path))

    with pytest.raises(YobiError) as error:
        yobi.load()

    assert str(error.value) == (
        f"Yobi's answer to {path} is not what it was: {field} is missing; nothing was loaded."
    )
    assert all(not rows for rows in yobi.everything())
    yobi.simulator.faults.clear()
    yobi.load()
    assert len(readings(yobi)) == 3


@pytest.mark.parametrize(
    ("metric", "path", "fields"),
    [
        (Metric.CALLS, CALLS, "total_calls"),
        (Metric.TASKS, TASKS, "created"),
        (Metric.APPOINTMENTS, APPOINTMENTS, "appointment_count and new_patients"),
    ],
)
def test_one_number_for_another_window_than_the_week_names_endpoint_and_field(
    yobi: Yobi, metric: Metric, path: str, fields: str
) -> None:
    yobi.simulator.habits.has_trend = frozenset(Metric) - {metric}

    with pytest.raises(YobiError) as error:
        yobi.load()

    assert str(error.value) == (
        f"Yobi's answer to {path}?period=30days has one number for the whole period in {fields} "
        "and no trend by day, which does not tell of the week 2026-03-08 to 2026-03-14; nothing "
        "was loaded: ask Yobi for lastWeek or for a trend at this endpoint."
    )
    assert all(not rows for rows in yobi.everything())


def test_a_last_week_that_is_another_week_is_not_believed(yobi: Yobi) -> None:
    yobi.simulator.habits.has_last_week = frozenset(Metric)
    yobi.clock.now = datetime(2026, 3, 15, 3, tzinfo=UTC)  # Saturday evening in New York

    with pytest.raises(
        YobiError, match=r"period=lastWeek cannot be read: trend\.date has days outside the week"
    ):
        yobi.load(settings=settings_for(yobi.base_url, JOB_TIMEZONE="UTC"))

    assert all(not rows for rows in yobi.everything())


def test_entries_that_come_twice_and_say_the_same_count_once(yobi: Yobi) -> None:
    yobi.simulator.faults.add(*(Fault(does=DuplicatePage(), path=path) for path in STREAMS))
    yobi.load()
    before = yobi.everything()[:5]

    summary = yobi.load()

    assert yobi.everything()[:5] == before
    calls = summary.of("calls_by_tenant")
    assert (calls.read, calls.landed, calls.known) == (42, 0, 42)
    tenants = summary.of("tenants")
    assert (tenants.read, tenants.landed, tenants.known) == (6, 0, 6)


def test_entries_that_come_twice_with_other_figures_are_not_believed(yobi: Yobi) -> None:
    yobi.simulator.faults.add(Fault(does=DuplicatePage(), path=CALLS))
    yobi.load()
    before = yobi.everything()
    yobi.state.figures.append(DailyFigures(2, SATURDAY, calls=100))

    with pytest.raises(YobiError, match="tenant_id comes twice, with different figures"):
        yobi.load()
    assert yobi.everything() == before

    yobi.simulator.faults.clear()
    assert yobi.load().of("calls_by_tenant").landed == 21


def test_a_tenant_that_is_renamed_while_it_is_read_is_told_by_the_next_load(yobi: Yobi) -> None:
    rename = ChangeRecord(table="tenants", record_id="1", values={"name": "Quieter Dental"})
    yobi.simulator.faults.add(Fault(does=rename, path=TENANTS, times=1))

    yobi.load()
    name = "select name from raw_yobi.tenants where tenant_id = '1'"
    assert yobi.rows(name) == [("Quiet Dental",)]

    assert yobi.load().of("tenants").landed == 1
    assert yobi.rows(name) == [("Quieter Dental",)]


class Instead:
    """A Yobi that gives one path an answer of ours; it has no `lastWeek`."""

    def __init__(self, simulator: YobiSimulator, path: str, status: int, body: object) -> None:
        self._simulator = simulator
        self._path = path
        self._answer = JSONResponse(body, status)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_ours = (
            scope["type"] == "http"
            and scope["path"] == self._path
            and b"lastWeek" not in scope["query_string"]
        )
        await (self._answer if is_ours else self._simulator)(scope, receive, send)


@contextmanager
def answering(yobi: Yobi, path: str, body: object, status: int = 200) -> Iterator[str]:
    with serving(Instead(yobi.simulator, path, status, body)) as base_url:
        yield base_url


def calls_of(**trend_day: object) -> dict[str, object]:
    """An answer about calls, with one day in the trend of its only tenant."""
    return {"results": {"stats": [{"tenant_id": 1, "total_calls": 1, "trend": [trend_day]}]}}


@pytest.mark.parametrize(
    ("path", "body", "sentence"),
    [
        (LOGIN, {"success": True}, "/users/login is not what it was: the record is not an object"),
        (LOGIN, {"success": False}, "answers the login without success: check YOBI_EMAIL"),
        (TENANTS, {"success": True, "results": {"more": []}}, "something else than Yobi's records"),
        (CALLS, {"success": True, "results": {}}, "something else than Yobi's records"),
        (TENANTS, {"results": ["x"]}, "the record is not an object"),
        (TENANTS, {"results": [{"tenant_id": None, "tenant_name": "A"}]},
         "tenant_id is neither text nor a whole number"),
        (CALLS, calls_of(date="15/03/2026", total_calls=1), "trend.date is not a date"),
        (CALLS, calls_of(date="2026-03-14T00:00:00Z", total_calls=1), "trend.date is not a date"),
        (CALLS, calls_of(date="2026-03-14", total_calls="1"),
         "trend.total_calls is not a whole number"),
        (CALLS, calls_of(date="2026-03-14", total_calls=None),
         "trend.total_calls is not a whole number"),
        (CALLS, calls_of(date="2026-03-14", total_calls=-1), "trend.total_calls is less than 0"),
        (CALLS,
         {"results": {"stats": [{"tenant_id": 1, "total_calls": 2, "trend": [
             {"date": "2026-03-14", "total_calls": 1}, {"date": "2026-03-14", "total_calls": 1},
         ]}]}},
         "trend.date has a day twice"),
        (CALLS,
         {"results": {"stats": [{"tenant_id": 1, "total_calls": 2, "trend": [],
          "by_user": [{"email": "a@yobi.example.com", "total_calls": 2}]}]}},
         "by_user.trend is missing"),
    ],
)  # fmt: skip
def test_an_answer_that_is_not_what_it_was_is_one_sentence(
    yobi: Yobi, path: str, body: object, sentence: str
) -> None:
    with answering(yobi, path, body) as base_url:
        settings = settings_for(base_url, INTERNAL_YOBI_USER_EMAIL_DOMAINS="yobi.example.com")
        with pytest.raises(YobiError, match=sentence):
            yobi.load(settings=settings)

    assert all(not rows for rows in yobi.everything())


def test_a_user_who_may_not_see_all_tenants_is_told_so(yobi: Yobi) -> None:
    with (
        answering(yobi, TASKS, {"success": False, "message": "no"}, 403) as base_url,
        pytest.raises(YobiError, match=rf"^The user of YOBI_EMAIL may not read {TASKS}: "),
    ):
        yobi.load(settings=settings_for(base_url))


def test_a_period_that_yobi_does_not_know_either_is_one_sentence(yobi: Yobi) -> None:
    with (
        answering(yobi, TASKS, {"success": False, "message": "no"}, 400) as base_url,
        pytest.raises(YobiError, match=f"answered 400 to {TASKS}: check YOBI_BASE_URL"),
    ):
        yobi.load(settings=settings_for(base_url))


def test_nobody_there_is_one_sentence(warehouse: Warehouse) -> None:
    with pytest.raises(YobiError, match=r"^Yobi does not answer at http://127\.0\.0\.1:9 "):
        ingest_yobi(warehouse, settings_for("http://127.0.0.1:9"))


def test_a_second_load_at_the_same_time_is_turned_away(
    yobi: Yobi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(load, "_LOCK_TIMEOUT", "1ms")
    turned_away: set[str] = set()

    def load_too(_: int) -> None:
        with pytest.raises(YobiError) as error:
            ingest_yobi(yobi.warehouse, settings_for(yobi.base_url))
        turned_away.add(str(error.value))

    yobi.load(on_progress=load_too)

    assert turned_away == {
        "Another load of Yobi is under way in this database: wait until it has ended."
    }
    assert len(readings(yobi)) == 3


def test_a_load_that_is_killed_leaves_nothing_and_the_next_completes(yobi: Yobi) -> None:
    yobi.simulator.faults.add(Fault(does=Slow(seconds=600), path=APPOINTMENTS, times=1))
    environment = {
        **os.environ,
        "MILLRACE_DATABASE_URL": yobi.warehouse.url,
        "YOBI_BASE_URL": yobi.base_url,
        "YOBI_EMAIL": DEFAULT_EMAIL,
        "YOBI_PASSWORD": DEFAULT_PASSWORD,
        "JOB_TIMEZONE": "America/New_York",
    }
    with subprocess.Popen(
        [sys.executable, "-m", "cli.main", "ingest", "yobi"],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        while not yobi.simulator.calls.to(APPOINTMENTS):
            assert process.poll() is None
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
    assert all(not rows for rows in yobi.everything())

    yobi.load()
    assert len(readings(yobi)) == 3
    assert yobi.rows("select to_regnamespace('raw_yobi_staging')::text") == [(None,)]
