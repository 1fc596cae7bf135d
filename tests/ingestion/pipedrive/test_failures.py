"""A load of Pipedrive when something goes wrong: one sentence, and made good by the next."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from datetime import timedelta
from typing import NamedTuple

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from ingestion.api import load as api_load
from ingestion.pipedrive import landing
from ingestion.pipedrive.errors import PipedriveError, pipedrive_at
from ingestion.pipedrive.flows import FlowReader
from ingestion.pipedrive.landing import budget_of, ingest_pipedrive
from simulators.faults import (
    ChangeRecord,
    Cut,
    DuplicatePage,
    ExpiredToken,
    Fault,
    HtmlPage,
    Interference,
    Meanwhile,
    MissingField,
    RateLimited,
    ServerError,
    Slow,
)
from simulators.pipedrive import DEFAULT_TOKEN, PipedriveSimulator, PipedriveState
from simulators.serving import serving
from tests.ingestion.pipedrive.conftest import (
    LEAD,
    ORDERED,
    QUOTED,
    Account,
    Serve,
    settings_for,
)
from warehouse.database import Warehouse
from warehouse.settings import SettingsError

DEALS = "/api/v2/deals"
FLOW = "/v1/deals/1/flow"
LISTS = (
    DEALS,
    "/api/v2/deals/archived",
    "/api/v2/pipelines",
    "/api/v2/stages",
    "/v1/users",
    "/api/v2/organizations",
)


@pytest.fixture
def old_account(account: Account) -> Account:
    """The account when it has been loaded and everything in it has changed since."""
    account.load()
    account.clock.advance(timedelta(hours=1))
    account.state.move(1, ORDERED)
    account.state.reopen(2)
    account.state.archive(3)
    account.state.rename_organization(1, "Another name")
    account.state.add_stage(1, "Negotiation")
    account.state.add_user("Bo Fern", "bo@example.com")
    account.state.add_pipeline("Counter")
    return account


def is_up_to_date(account: Account) -> bool:
    """Whether all that `old_account` has changed has landed."""
    return (
        account.landed_deals() == account.true_deals()
        and account.landed_flow() == account.true_flow(1, 2, 4)
        and account.due() == []
        and account.rows("select record ->> 'name' from raw_pipedrive.organizations")
        == [("Another name",)]
    )


def test_without_a_token_nothing_is_asked(account: Account) -> None:
    with pytest.raises(SettingsError, match="PIPEDRIVE_API_TOKEN is not set"):
        ingest_pipedrive(account.warehouse, settings_for(account.base_url, token=None))
    assert len(account.simulator.calls) == 0


def test_a_wrong_token_is_one_sentence(account: Account) -> None:
    with pytest.raises(
        PipedriveError, match=r"^Pipedrive does not accept the API token: "
    ) as error:
        ingest_pipedrive(account.warehouse, settings_for(account.base_url, token="wrong"))

    assert "wrong" not in str(error.value)
    assert len(account.simulator.calls) == 1


def test_nobody_there_is_one_sentence(warehouse: Warehouse) -> None:
    with pytest.raises(
        PipedriveError, match=r"^Pipedrive does not answer at http://127\.0\.0\.1:9"
    ):
        ingest_pipedrive(warehouse, settings_for("http://127.0.0.1:9"))


@pytest.mark.parametrize(
    "does",
    [
        RateLimited(retry_after=0),
        ServerError(status=502),
        HtmlPage(),
        Cut(),
    ],
    ids=lambda does: does.kind,
)
def test_a_bad_moment_anywhere_is_repeated(old_account: Account, does: Interference) -> None:
    paths = (*LISTS, FLOW)
    old_account.simulator.faults.add(*(Fault(does=does, path=path, times=1) for path in paths))

    old_account.load()

    faulted = [call.path for call in old_account.simulator.calls if call.fault]
    assert sorted(faulted) == sorted(paths)
    assert is_up_to_date(old_account)
    old_account.check_ledger()


def test_any_list_that_fails_leaves_all_tables_as_they_were(old_account: Account) -> None:
    before = old_account.everything()
    for path in LISTS:
        old_account.simulator.faults.add(Fault(does=ServerError(status=500), path=path))

        with pytest.raises(PipedriveError, match="answered 500 again and again"):
            old_account.load()

        assert old_account.everything() == before
        assert old_account.rows("select to_regnamespace('raw_pipedrive_staging')::text") == [
            (None,)
        ]
        old_account.simulator.faults.clear()

    old_account.load()
    assert is_up_to_date(old_account)


class BadDay(NamedTuple):
    """Something that Pipedrive does all day, what is said of it, and after how many requests."""

    does: Fault
    sentence: str
    calls: int


@pytest.mark.parametrize(
    "day",
    [
        BadDay(Fault(does=RateLimited(policy="DAILY"), skip=1), "tokens of today are used up", 2),
        BadDay(Fault(does=RateLimited(), skip=1), "answered 429 again and again", 6),
        BadDay(Fault(does=ServerError(status=500)), "answered 500 again and again", 5),
        BadDay(Fault(does=HtmlPage(status=200), skip=2), "something else than Pipedrive's rec", 3),
        BadDay(Fault(does=HtmlPage(status=404), skip=2), "answered 404 to /", 3),
        BadDay(Fault(does=HtmlPage(status=403), skip=2), "has shut this machine out", 3),
        BadDay(Fault(does=ExpiredToken(), skip=2), "does not accept the API token", 3),
        BadDay(Fault(does=Cut()), "does not answer", 5),
    ],
    ids=lambda day: day.sentence,
)
def test_a_bad_day_is_one_sentence(account: Account, day: BadDay) -> None:
    account.simulator.faults.add(day.does)

    with pytest.raises(PipedriveError, match=day.sentence):
        account.load()

    assert len(account.simulator.calls) == day.calls
    assert account.landed_deals() == []


# Flows


@pytest.mark.parametrize(
    ("does", "why"),
    [
        (ServerError(status=500), "answered 500 again and again"),
        (HtmlPage(status=200), "something else than Pipedrive's records"),
        (MissingField(field="data.log_time"), "log_time is missing"),
    ],
    ids=lambda case: getattr(case, "kind", None),
)
def test_a_flow_that_cannot_be_read_loses_no_other_and_is_read_by_the_next_load(
    old_account: Account, does: Interference, why: str
) -> None:
    old_account.simulator.faults.add(Fault(does=does, path=FLOW))

    stopped = old_account.load_with_trouble()

    assert "1 of 2 flows of deals could not be read" in str(stopped)
    assert why in str(stopped)
    assert old_account.due() == ["1"]
    assert old_account.landed_deals() == old_account.true_deals()
    [(failure,)] = old_account.rows(
        "select failure from raw_pipedrive.deal_flow_reads where deal_id = '1'"
    )
    assert why in str(failure)
    assert set(old_account.true_flow(2)) <= set(old_account.landed_flow())

    old_account.simulator.faults.clear()
    old_account.load_later()
    assert is_up_to_date(old_account)
    assert old_account.rows(
        "select deal_id from raw_pipedrive.deal_flow_reads where failure is not null"
    ) == []  # fmt: skip


def test_when_no_flow_is_answered_the_others_are_not_asked_for(
    serve: Serve, state: PipedriveState
) -> None:
    for number in range(6):
        state.add_deal(f"More {number}", LEAD, 1)
    account = serve(PipedriveSimulator(state))
    account.simulator.faults.add(Fault(does=Cut(), path="/v1/deals/*"))

    with pytest.raises(PipedriveError, match="does not answer"):
        account.load()

    assert len(set(account.flows_asked())) == 3
    assert len(account.due()) == 8
    account.simulator.faults.clear()
    account.load_later()
    assert account.landed_flow() == account.true_flow(1, 4, 5, 6, 7, 8, 9, 10)


def test_a_token_that_expires_between_flows_ends_the_load_and_keeps_what_has_landed(
    old_account: Account,
) -> None:
    old_account.simulator.faults.add(Fault(does=ExpiredToken(), path="/v1/deals/*", skip=1))

    with pytest.raises(PipedriveError, match="does not accept the API token"):
        old_account.load()

    assert len(old_account.flows_asked()) == 2
    assert len(old_account.due()) == 1
    old_account.simulator.faults.clear()
    old_account.load_later()
    assert is_up_to_date(old_account)


@pytest.mark.parametrize("in_its_place", [False, True])
def test_a_page_that_comes_twice_changes_nothing(
    serve: Serve, state: PipedriveState, monkeypatch: pytest.MonkeyPatch, in_its_place: bool
) -> None:
    monkeypatch.setattr("ingestion.pipedrive.source.PAGE_SIZE", 2)
    monkeypatch.setattr("ingestion.pipedrive.flows.PAGE_SIZE", 2)
    for stage in (ORDERED, QUOTED, ORDERED, LEAD):
        state.move(1, stage)
    account = serve(PipedriveSimulator(state))
    does = DuplicatePage(in_its_place=in_its_place)
    account.simulator.faults.add(
        Fault(does=does, path=DEALS, skip=1, times=1), Fault(does=does, path=FLOW, skip=1, times=1)
    )

    summary = account.load()

    assert sum(call.fault is not None for call in account.simulator.calls) == 2
    assert account.landed_deals() == account.true_deals()
    assert account.landed_flow() == account.true_flow(1, 4)
    assert (summary.of("deals").landed, summary.of("deals").known) == (4, 2)
    assert summary.of("deal_flow").known == 2
    account.check_ledger()


def test_a_page_of_a_flow_that_comes_again_and_again_is_given_up(warehouse: Warehouse) -> None:
    change = {
        "id": 11,
        "field_key": "value",
        "old_value": "1",
        "new_value": "2",
        "log_time": "2026-11-01 12:00:00",
    }
    page = {
        "data": [{"object": "dealChange", "data": change}],
        "additional_data": {"start": 0, "limit": 1, "more_items_in_collection": True},
    }

    async def flow(_: Request) -> Response:
        return JSONResponse(page)

    with serving(Starlette(routes=[Route(FLOW, flow)])) as base_url:
        vendor = pipedrive_at(base_url)
        with budget_of(warehouse, settings_for(base_url), DEFAULT_TOKEN) as budget:
            reader = FlowReader(vendor, DEFAULT_TOKEN, budget, in_bulk=True)
            with pytest.raises(PipedriveError, match="something else than Pipedrive's records"):
                reader.changes("1")
    assert reader.calls < 10


def test_a_deal_that_changes_while_it_is_read_is_read_again_by_the_next_load(
    serve: Serve, state: PipedriveState, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingestion.pipedrive.source.PAGE_SIZE", 2)
    account = serve(PipedriveSimulator(state))
    change = ChangeRecord(table="deals", record_id="1", values={"stage_id": ORDERED})
    account.simulator.faults.add(Fault(does=change, path=DEALS, times=1))
    account.clock.advance(timedelta(hours=1))

    account.load()
    # The list was read before the change, the flow after it.
    assert account.landed_deals()[0][2] == str(QUOTED)
    assert account.landed_flow() == account.true_flow(1, 4)

    account.load()
    assert account.landed_deals() == account.true_deals()
    assert account.due() == []


def test_what_happens_between_the_pages_of_a_flow_is_not_lost(
    serve: Serve, state: PipedriveState, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingestion.pipedrive.flows.PAGE_SIZE", 1)
    account = serve(PipedriveSimulator(state))
    account.clock.advance(timedelta(hours=1))
    account.simulator.faults.add(
        Fault(does=Meanwhile(happens=lambda: state.move(1, ORDERED)), path=FLOW, times=1)
    )

    account.load()
    account.load_later()

    assert account.landed_flow() == account.true_flow(1, 4)


def test_a_change_that_becomes_another_is_put_aside_and_told_once(account: Account) -> None:
    account.load()
    before = account.landed_flow()
    deal = account.state.deal(1)
    landed = deal.flow[1]
    deal.flow[1] = type(landed)(
        landed.id, 1, landed.object, landed.at, 1, "stage_id", str(LEAD), str(ORDERED)
    )
    account.clock.advance(timedelta(hours=1))
    account.state.set_value(1, 9)

    stopped = account.load_with_trouble()

    assert "1 changes of deals say something else than they did before" in str(stopped)
    assert stopped.summary.of("deal_flow").incomplete == 1
    assert account.landed_flow()[:-1] == before
    assert account.rows(
        "select deal_id, item ->> 'new_value' from raw_pipedrive.deal_flow_contradictions"
    ) == [("1", str(ORDERED))]
    account.check_ledger()
    account.state.set_value(1, 10)
    account.load_later()
    account.check_ledger()


# Contracts and guards


@pytest.mark.parametrize(
    ("path", "field", "table"),
    [
        (DEALS, "close_time", "deals"),
        ("/api/v2/stages", "pipeline_id", "stages"),
    ],
)
def test_a_field_that_is_missing_stops_its_table_and_no_other(
    old_account: Account, path: str, field: str, table: str
) -> None:
    before = old_account.rows(f"select * from raw_pipedrive.{table} order by 1")  # noqa: S608 - ours
    old_account.simulator.faults.add(Fault(does=MissingField(field=field), path=path))

    stopped = old_account.load_with_trouble()

    assert str(stopped).startswith(f"raw_pipedrive.{table} was not loaded")
    assert f"{field} is missing" in str(stopped)
    landed = {each.table for each in stopped.summary.tables}
    assert landed == {
        "deals", "pipelines", "stages", "users", "organizations", "deal_flow"
    } - {table}  # fmt: skip
    assert old_account.rows(f"select * from raw_pipedrive.{table} order by 1") == before  # noqa: S608 - ours

    old_account.simulator.faults.clear()
    old_account.load_later()
    assert is_up_to_date(old_account)


def test_a_custom_field_that_is_new_arrives_with_the_record(account: Account) -> None:
    account.load()
    key = "a" * 40
    account.clock.advance(timedelta(hours=1))
    account.state.add_deal("New", LEAD, 1, custom_fields={key: "red"})

    account.load()

    assert account.rows(
        "select record -> 'custom_fields' ->> repeat('a', 40) from raw_pipedrive.deals "
        "where id = '5'"
    ) == [("red",)]


def test_a_list_that_has_lost_most_of_its_rows_is_not_landed_without_a_word(
    account: Account,
) -> None:
    account.load()
    for stage in (QUOTED, LEAD):
        for deal in account.state.account.deals.values():
            deal.stage_id = ORDERED
        account.state.remove_stage(stage)
    account.state.remove_stage(4)

    stopped = account.load_with_trouble()

    assert "raw_pipedrive.stages was not loaded, since of its 4 rows only 1" in str(stopped)
    assert account.rows("select count(*) from raw_pipedrive.stages where archived") == [(0,)]
    account.load_later(allow_shrinking=True)
    assert account.rows("select count(*) from raw_pipedrive.stages where archived") == [(3,)]


# Death


def test_a_load_that_dies_while_it_lands_leaves_all_tables_as_they_were(
    old_account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = old_account.everything()

    def die(*_: object, **__: object) -> None:
        raise RuntimeError("dead")

    with monkeypatch.context() as patch:
        patch.setattr(landing, "_land_deals", die)
        with pytest.raises(RuntimeError, match="dead"):
            old_account.load()
    assert old_account.everything() == before

    old_account.load()
    assert is_up_to_date(old_account)


@pytest.mark.parametrize("path", ["/api/v2/deals/archived", "/v1/deals/2/flow"])
def test_a_load_that_is_killed_is_made_good_by_the_next(old_account: Account, path: str) -> None:
    old_account.simulator.faults.add(Fault(does=Slow(seconds=600), path=path, times=1))
    old_account.simulator.calls.clear()
    environment = {
        **os.environ,
        "MILLRACE_DATABASE_URL": old_account.warehouse.url,
        "PIPEDRIVE_BASE_URL": old_account.base_url,
        "PIPEDRIVE_API_TOKEN": DEFAULT_TOKEN,
    }
    with subprocess.Popen(
        [sys.executable, "-m", "cli.main", "ingest", "pipedrive"],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        while not old_account.simulator.calls.to(path):
            assert process.poll() is None
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
    old_account.check_ledger()

    old_account.load()

    assert is_up_to_date(old_account)
    assert old_account.rows("select to_regnamespace('raw_pipedrive_staging')::text") == [(None,)]
    old_account.check_ledger()


def test_a_second_load_at_the_same_time_is_turned_away(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api_load, "_LOCK_TIMEOUT", "1ms")
    turned_away: list[str] = []

    def load_too(_: int) -> None:
        with pytest.raises(PipedriveError) as error:
            ingest_pipedrive(account.warehouse, account.settings())
        turned_away.append(str(error.value))

    account.load(on_progress=load_too)

    assert set(turned_away) == {
        "Another load of Pipedrive is under way in this database: wait until it has ended."
    }
    assert account.landed_deals() == account.true_deals()
