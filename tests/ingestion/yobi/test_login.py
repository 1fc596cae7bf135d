"""A load is logged in as long as it lasts, and says in a sentence when it cannot be."""

from __future__ import annotations

import logging
import traceback
from datetime import timedelta

import pytest

from ingestion.yobi.errors import YobiError
from ingestion.yobi.landing import ingest_yobi
from simulators.faults import (
    Cut,
    ExpiredToken,
    Fault,
    HtmlPage,
    Interference,
    Meanwhile,
    MissingField,
    RateLimited,
    ServerError,
)
from simulators.yobi import DEFAULT_PASSWORD
from tests.ingestion.yobi.conftest import Yobi, settings_for
from warehouse.settings import SettingsError

LOGIN = "/users/login"
TENANTS = "/admin/dental-tenants/list"
CALLS = "/admin/pms/stats/calls-by-tenant"


def logins(yobi: Yobi) -> int:
    """How often the last load logged in, or tried to."""
    return len(yobi.simulator.calls.to(LOGIN))


def landed(yobi: Yobi) -> bool:
    return yobi.rows("select count(*) from raw_yobi.week_readings") == [(3,)]


def test_one_login_is_enough_for_a_load_that_ends_in_time(yobi: Yobi) -> None:
    yobi.load()

    assert logins(yobi) == 1
    assert next(iter(yobi.simulator.calls)).path == LOGIN


@pytest.mark.parametrize(
    ("passed", "times"),
    [
        (timedelta(minutes=54, seconds=30), 1),
        (timedelta(minutes=55), 2),
        (timedelta(minutes=59), 2),
        (timedelta(hours=3), 2),
    ],
)
def test_a_token_is_renewed_five_minutes_before_it_expires(
    yobi: Yobi, passed: timedelta, times: int
) -> None:
    later = Meanwhile(happens=lambda: yobi.clock.advance(passed))
    yobi.simulator.faults.add(Fault(does=later, path=TENANTS, times=1))

    yobi.load()

    assert logins(yobi) == times
    assert {call.status for call in yobi.simulator.calls} == {200, 400}  # 400: no lastWeek
    assert landed(yobi)


def test_a_token_that_yobi_forgets_in_the_middle_of_a_load_is_replaced(yobi: Yobi) -> None:
    forget = Meanwhile(happens=yobi.simulator.logins.revoke_all)
    yobi.simulator.faults.add(Fault(does=forget, path=TENANTS, times=1))

    yobi.load()

    assert logins(yobi) == 2
    assert [call.status for call in yobi.simulator.calls].count(401) == 1
    assert landed(yobi)


def test_a_token_that_is_refused_early_is_renewed_once(yobi: Yobi) -> None:
    yobi.simulator.faults.add(Fault(does=ExpiredToken(), path=CALLS, times=1))

    yobi.load()

    assert logins(yobi) == 2
    assert landed(yobi)


def test_a_token_that_is_refused_again_is_one_sentence(yobi: Yobi) -> None:
    yobi.simulator.faults.add(Fault(does=ExpiredToken(), path=CALLS))

    with pytest.raises(
        YobiError, match=rf"^Yobi refuses a token at {CALLS} that it has just given: "
    ):
        yobi.load()

    assert logins(yobi) == 2
    assert len(yobi.simulator.calls.to(CALLS)) == 2
    assert not landed(yobi)
    yobi.simulator.faults.clear()
    yobi.load()
    assert landed(yobi)


def test_a_wrong_password_is_one_sentence_without_the_password(
    yobi: Yobi, caplog: pytest.LogCaptureFixture
) -> None:
    settings = settings_for(yobi.base_url, YOBI_PASSWORD="not-the-password")

    with caplog.at_level(logging.DEBUG), pytest.raises(YobiError) as error:
        yobi.load(settings=settings)

    assert str(error.value) == (
        "Yobi does not accept the login: check YOBI_EMAIL and YOBI_PASSWORD, which must be those "
        "of an administrator."
    )
    assert len(yobi.simulator.calls) == 1
    told = "".join(traceback.format_exception(error.value)) + caplog.text + repr(settings)
    assert "not-the-password" not in told


def test_neither_password_nor_token_is_ever_told(
    yobi: Yobi, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    yobi.simulator.faults.add(Fault(does=ExpiredToken(), path=CALLS, skip=1))

    with caplog.at_level(logging.DEBUG), pytest.raises(YobiError) as error:
        yobi.load()

    printed = "".join(capfd.readouterr())
    told = "".join(traceback.format_exception(error.value)) + caplog.text + printed
    assert yobi.simulator.logins.given
    for secret in (DEFAULT_PASSWORD, *yobi.simulator.logins.given):
        assert secret not in told


@pytest.mark.parametrize(
    "does",
    [RateLimited(retry_after=0), ServerError(status=502), HtmlPage(), Cut()],
    ids=lambda does: does.kind,
)
def test_a_bad_moment_of_the_login_is_repeated(yobi: Yobi, does: Interference) -> None:
    yobi.simulator.faults.add(Fault(does=does, path=LOGIN, times=1))

    yobi.load()

    assert logins(yobi) == 2
    assert landed(yobi)


@pytest.mark.parametrize(
    ("does", "sentence"),
    [
        (HtmlPage(status=200), "answered with something else than Yobi's records"),
        (ServerError(status=500), "answered 500 again and again"),
        (Cut(), "Yobi does not answer at"),
        (
            MissingField(field="token"),
            "answer to /users/login is not what it was: token is missing",
        ),
        (MissingField(field="tokenExpirationInstant"), "tokenExpirationInstant is missing"),
    ],
    ids=lambda case: None if isinstance(case, str) else case.kind,
)
def test_a_login_that_fails_is_one_sentence(yobi: Yobi, does: Interference, sentence: str) -> None:
    yobi.simulator.faults.add(Fault(does=does, path=LOGIN))

    with pytest.raises(YobiError, match=sentence):
        yobi.load()

    assert {call.path for call in yobi.simulator.calls} == {LOGIN}


@pytest.mark.parametrize(
    ("missing", "sentence"),
    [
        (["YOBI_EMAIL"], "^YOBI_EMAIL is not set"),
        (["YOBI_PASSWORD"], "^YOBI_PASSWORD is not set"),
        (["YOBI_BASE_URL"], "^YOBI_BASE_URL is not set"),
        (["YOBI_EMAIL", "YOBI_BASE_URL"], "^YOBI_EMAIL, YOBI_BASE_URL are not set"),
    ],
)
def test_without_a_login_or_an_address_nothing_is_asked(
    yobi: Yobi, missing: list[str], sentence: str
) -> None:
    settings = settings_for(yobi.base_url, **dict.fromkeys(missing))

    with pytest.raises(SettingsError, match=sentence):
        ingest_yobi(yobi.warehouse, settings)

    assert len(yobi.simulator.calls) == 0
