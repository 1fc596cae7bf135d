"""A load of HubSpot when something goes wrong: nothing lands, and it is said in one sentence."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from typing import NamedTuple

import pytest

from ingestion.api import load as loading
from ingestion.api.load import StoppedTablesError
from ingestion.hubspot import landing
from ingestion.hubspot.errors import HubspotError
from ingestion.hubspot.landing import ingest_hubspot
from ingestion.hubspot.objects import TABLES
from simulators.faults import Cut, Fault, HtmlPage, Interference, RateLimited, ServerError, Slow
from simulators.hubspot import DEFAULT_TOKEN
from tests.ingestion.hubspot.answering import NEXT_PAGE, answering, company
from tests.ingestion.hubspot.conftest import Account, settings_for
from tests.ingestion.raw_tables import Rows
from warehouse.database import Warehouse
from warehouse.settings import SettingsError

STREAMS = (
    "/crm/v3/objects/companies",
    "/crm/v3/objects/companies/search",
    "/crm/v3/objects/companies/batch/read",
    "/crm/v3/objects/contacts",
    "/crm/v3/objects/contacts/search",
    "/crm/v3/owners",
    "/crm/v3/properties/companies",
    "/crm/v3/properties/contacts",
    "/crm/v4/associations/contacts/companies/batch/read",
)
"""Every path that a later load asks, when a company has been restored."""


def everything(account: Account) -> list[Rows]:
    """All that has landed."""
    return [
        account.rows(f"select * from raw_hubspot.{table} order by 1, 2")  # noqa: S608 - ours
        for table in ("read_until", *(table.name for table in TABLES))
    ]


def change_everything(account: Account) -> None:
    """Give every stream something new to read."""
    account.state.write("companies", "1", {"name": "Another name"})
    account.state.write("contacts", "11", {"firstname": "Ada"})
    account.state.restore("companies", "2")
    account.state.associate("11", "3")
    account.state.set_options("companies", "cs_stage", ["cs_sales"])


def changed(account: Account) -> tuple[object, ...]:
    """What `change_everything` changes, as landed."""
    return (
        account.names()["1"],
        account.archived(),
        len(account.associations()),
        account.rows("select properties ->> 'firstname' from raw_hubspot.contacts where id = '11'"),
    )


@pytest.fixture
def old_account(account: Account) -> Account:
    """The account when it has been loaded and everything in it has changed since."""
    account.state.archive("companies", "2")
    account.load()
    change_everything(account)
    return account


def test_without_a_token_nothing_is_asked(account: Account) -> None:
    with pytest.raises(SettingsError, match="HUBSPOT_ACCESS_TOKEN is not set"):
        ingest_hubspot(account.warehouse, settings_for(account.base_url, token=None))
    assert len(account.simulator.calls) == 0


def test_a_wrong_token_is_one_sentence(account: Account) -> None:
    with pytest.raises(HubspotError, match=r"^HubSpot does not accept the access token: ") as error:
        ingest_hubspot(account.warehouse, settings_for(account.base_url, token="wrong"))

    assert "wrong" not in str(error.value)
    assert len(account.simulator.calls) == 1


@pytest.mark.parametrize(
    ("missing", "told"),
    [
        (["crm.objects.companies.read"], "crm.objects.companies.read"),
        (["crm.objects.contacts.read"], "crm.objects.contacts.read"),
        (["crm.objects.owners.read"], "crm.objects.owners.read"),
        (["crm.schemas.companies.read"], "crm.schemas.companies.read"),
        (["crm.schemas.contacts.read"], "crm.schemas.contacts.read"),
    ],
    ids=lambda case: None if isinstance(case, list) else case,
)
def test_a_missing_scope_is_named(account: Account, missing: list[str], told: str) -> None:
    account.simulator.missing_scopes.update(missing)

    with pytest.raises(HubspotError, match=f"give the private app the scope {told}\\.$"):
        account.load()

    account.simulator.missing_scopes.clear()
    assert account.load().of("companies").landed == 3


def test_nobody_there_is_one_sentence(warehouse: Warehouse) -> None:
    with pytest.raises(HubspotError, match=r"^HubSpot does not answer at http://127\.0\.0\.1:9 "):
        ingest_hubspot(warehouse, settings_for("http://127.0.0.1:9"))


@pytest.mark.parametrize(
    "does",
    [RateLimited(), RateLimited(retry_after=0), ServerError(status=502), HtmlPage(), Cut()],
    ids=lambda does: does.kind,
)
def test_a_bad_moment_in_any_stream_is_repeated(old_account: Account, does: Interference) -> None:
    old_account.simulator.faults.add(*(Fault(does=does, path=path, times=1) for path in STREAMS))

    old_account.load_later()

    calls = old_account.simulator.calls
    assert sorted(call.path for call in calls if call.fault) == sorted(STREAMS)
    assert changed(old_account) == ("Another name", [], 5, [("Ada",)])


def test_any_stream_that_fails_leaves_all_tables_as_they_were(old_account: Account) -> None:
    before = everything(old_account)
    for path in STREAMS:
        old_account.simulator.faults.add(Fault(does=ServerError(status=500), path=path))

        with pytest.raises(HubspotError, match="answered 500 again and again"):
            old_account.load_later()

        failed = {call.path for call in old_account.simulator.calls if call.fault}
        assert failed == {path}
        assert everything(old_account) == before
        assert old_account.rows("select to_regnamespace('raw_hubspot_staging')::text") == [(None,)]
        old_account.simulator.faults.clear()

    old_account.load_later()
    assert changed(old_account) == ("Another name", [], 5, [("Ada",)])


class BadDay(NamedTuple):
    """Something that HubSpot does all day, what is said of it, and after how many requests."""

    does: Fault
    sentence: str
    calls: int


@pytest.mark.parametrize(
    "day",
    [
        BadDay(Fault(does=RateLimited(policy="DAILY"), skip=1), "daily limit .* is used up", 2),
        BadDay(Fault(does=RateLimited(), skip=1), "answered 429 again and again", 6),
        BadDay(Fault(does=ServerError(status=500)), "answered 500 again and again", 5),
        BadDay(Fault(does=HtmlPage(status=200), skip=2), "something else than HubSpot's", 3),
        BadDay(Fault(does=HtmlPage(status=404), skip=2), "answered 404 to /crm/", 3),
        BadDay(Fault(does=Cut()), "does not answer", 5),
    ],
    ids=lambda day: day.sentence,
)
def test_a_bad_day_is_one_sentence(account: Account, day: BadDay) -> None:
    account.simulator.faults.add(day.does)

    with pytest.raises(HubspotError, match=day.sentence):
        account.load()

    assert len(account.simulator.calls) == day.calls
    assert account.names() == {}


def test_a_load_that_dies_while_it_lands_leaves_all_tables_as_they_were(
    old_account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = everything(old_account)

    def die(*_: object) -> None:
        raise RuntimeError("dead")

    with monkeypatch.context() as patch:
        patch.setattr(landing, "_land_associations", die)
        with pytest.raises(RuntimeError, match="dead"):
            old_account.load_later()
    assert everything(old_account) == before

    old_account.load_later()
    assert changed(old_account) == ("Another name", [], 5, [("Ada",)])


def test_a_load_that_is_killed_leaves_all_tables_as_they_were_and_the_next_completes(
    old_account: Account,
) -> None:
    before = everything(old_account)
    path = STREAMS[-1]
    old_account.simulator.faults.add(Fault(does=Slow(seconds=600), path=path, times=1))
    old_account.simulator.calls.clear()
    environment = {
        **os.environ,
        "MILLRACE_DATABASE_URL": old_account.warehouse.url,
        "HUBSPOT_BASE_URL": old_account.base_url,
        "HUBSPOT_ACCESS_TOKEN": DEFAULT_TOKEN,
    }
    with subprocess.Popen(
        [sys.executable, "-m", "cli.main", "ingest", "hubspot"],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        while not old_account.simulator.calls.to(path):
            assert process.poll() is None
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
    assert everything(old_account) == before

    old_account.load_later()
    assert changed(old_account) == ("Another name", [], 5, [("Ada",)])
    assert old_account.rows("select to_regnamespace('raw_hubspot_staging')::text") == [(None,)]


def test_a_second_load_at_the_same_time_is_turned_away(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loading, "_LOCK_TIMEOUT", "1ms")
    turned_away: list[str] = []

    def load_too(_: int) -> None:
        with pytest.raises(HubspotError) as error:
            ingest_hubspot(account.warehouse, settings_for(account.base_url))
        turned_away.append(str(error.value))

    account.load(on_progress=load_too)

    assert set(turned_away) == {
        "Another load of HubSpot is under way in this database: wait until it has ended."
    }
    assert len(account.names()) == 3


def test_of_a_record_that_comes_twice_the_later_version_stays(warehouse: Warehouse) -> None:
    later, earlier = (
        company("later", "2026-03-02T00:00:00Z"),
        company("earlier", "2026-03-01T00:00:00Z"),
    )
    pages = ({"results": [later], "paging": NEXT_PAGE}, {"results": [earlier]})

    with answering(*pages) as base_url:
        summary = ingest_hubspot(warehouse, settings_for(base_url))

    companies = summary.of("companies")
    assert (companies.read, companies.landed, companies.known) == (2, 1, 1)
    with warehouse.connect() as connection:
        names = connection.execute(
            "select properties ->> 'name' from raw_hubspot.companies"
        ).fetchall()
    assert names == [("later",)]


@pytest.mark.parametrize("answer", [{}, [], {"results": None}, "maintenance"])
def test_an_answer_that_is_no_page_is_one_sentence(warehouse: Warehouse, answer: object) -> None:
    with (
        answering(answer) as base_url,
        pytest.raises(HubspotError, match="something else than HubSpot's records"),
    ):
        ingest_hubspot(warehouse, settings_for(base_url))


def test_a_record_that_cannot_be_landed_is_one_sentence(warehouse: Warehouse) -> None:
    with (
        answering({"results": [{"properties": {"name": "nobody"}}]}) as base_url,
        pytest.raises(StoppedTablesError, match="changed what it answers: id is missing") as error,
    ):
        ingest_hubspot(warehouse, settings_for(base_url))
    assert "nobody" not in str(error.value)


def test_a_search_out_of_order_is_not_followed(warehouse: Warehouse) -> None:
    page = {"results": [company("any", "2026-03-01T00:00:00Z", "5")], "paging": NEXT_PAGE}
    empty: dict[str, object] = {"results": []}

    with answering(empty, empty, page, page) as base_url:
        ingest_hubspot(warehouse, settings_for(base_url))
        with pytest.raises(HubspotError, match="not give them in the order of their ids"):
            ingest_hubspot(warehouse, settings_for(base_url))
