"""Limits, faults and persistence of the local Pipedrive."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from simulators.clock import StoppedClock
from simulators.faults import Cut, Fault, HtmlPage, RateLimited, ServerError
from simulators.pipedrive import (
    DAILY_POLICY,
    CustomField,
    PipedriveSimulator,
    PipedriveState,
    RateLimits,
    StateFileError,
    load_state,
    save_state,
)
from tests.simulators.pipedrive.conftest import Pipedrive, Serve

DEALS = "/api/v2/deals"
FLOW = "/v1/deals/1/flow"


class Ticks:
    """A clock that only ever goes on, when it is told to."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize(
    ("path", "cost"),
    [
        (DEALS, 10),
        ("/api/v2/deals/archived", 10),
        (f"{DEALS}/1", 1),
        ("/v1/users", 20),
        ("/v1/users/1", 2),
        ("/v1/users/me", 2),
        (FLOW, 20),
    ],
)
def test_a_list_costs_more_than_a_record_and_v1_more_than_v2(
    serve: Serve, state: PipedriveState, path: str, cost: int
) -> None:
    limits = RateLimits(daily_tokens=1_000)
    pipedrive = serve(PipedriveSimulator(state, limits=limits))

    answer = pipedrive.client.get(path)

    assert answer.headers["x-daily-requests-left"] == str(1_000 - cost)
    assert (limits.tokens_left, pipedrive.simulator.tokens_asked) == (1_000 - cost, cost)


def test_more_than_a_burst_in_two_seconds_is_refused_and_costs_nothing(
    serve: Serve, state: PipedriveState
) -> None:
    ticks = Ticks()
    limits = RateLimits(burst=2, seconds=ticks)
    pipedrive = serve(PipedriveSimulator(state, limits=limits))

    statuses = [pipedrive.client.get(DEALS).status_code for _ in range(3)]
    refused = pipedrive.client.get(DEALS)
    ticks.now = 2.1
    later = pipedrive.client.get(DEALS)

    assert statuses == [200, 200, 429]
    assert (refused.headers["x-ratelimit-remaining"], refused.headers["x-ratelimit-reset"]) == (
        "0",
        "2",
    )
    assert later.status_code == 200
    assert limits.tokens_left == 30_000 - 30


def test_the_tokens_of_a_day_come_back_at_midnight(
    serve: Serve, state: PipedriveState, clock: StoppedClock
) -> None:
    pipedrive = serve(PipedriveSimulator(state, limits=RateLimits(daily_tokens=25)))

    statuses = [pipedrive.client.get(FLOW).status_code for _ in range(2)]
    spent = pipedrive.client.get(FLOW)
    clock.advance(timedelta(hours=12))

    assert statuses == [200, 429]
    assert spent.headers["x-daily-requests-left"] == "0"
    assert spent.headers["x-ratelimit-reset"] == str(12 * 3600)
    assert pipedrive.client.get(FLOW).status_code == 200


def test_who_ignores_refusals_is_shut_out_with_a_page(serve: Serve, state: PipedriveState) -> None:
    limits = RateLimits(daily_tokens=5, patience=3)
    pipedrive = serve(PipedriveSimulator(state, limits=limits))

    answers = [pipedrive.client.get(DEALS) for _ in range(4)]

    assert [answer.status_code for answer in answers] == [429, 429, 429, 403]
    assert answers[-1].headers["content-type"].startswith("text/html")


@pytest.mark.parametrize(
    ("does", "status"),
    [
        (RateLimited(), 429),
        (RateLimited(policy=DAILY_POLICY), 429),
        (ServerError(status=500), 500),
        (HtmlPage(status=502), 502),
    ],
    ids=lambda case: getattr(case, "policy", None) or getattr(case, "kind", None),
)
def test_it_misbehaves_when_told_to(
    pipedrive: Pipedrive, does: RateLimited | ServerError | HtmlPage, status: int
) -> None:
    pipedrive.simulator.faults.add(Fault(does=does, path="/v1/*", times=1))

    answers = [pipedrive.client.get(path) for path in (DEALS, FLOW, FLOW)]

    assert [answer.status_code for answer in answers] == [200, status, 200]


def test_a_cut_connection_has_no_answer(pipedrive: Pipedrive) -> None:
    pipedrive.simulator.faults.add(Fault(does=Cut(), times=1))

    with pytest.raises(httpx.RemoteProtocolError):
        pipedrive.client.get(DEALS)
    assert pipedrive.client.get(DEALS).status_code == 200


def test_a_daily_refusal_says_so_and_another_does_not(pipedrive: Pipedrive) -> None:
    pipedrive.simulator.faults.add(
        Fault(does=RateLimited(policy=DAILY_POLICY), times=1),
        Fault(does=RateLimited(retry_after=1), times=1, skip=1),
    )

    daily, passing = pipedrive.client.get(DEALS), pipedrive.client.get(DEALS)

    assert daily.headers["x-daily-requests-left"] == "0"
    assert passing.headers["x-daily-requests-left"] != "0"
    assert passing.headers["Retry-After"] == "1"


def test_an_account_is_the_same_after_it_was_saved(
    state: PipedriveState, tmp_path: Path, clock: StoppedClock
) -> None:
    state.move(1, 4)
    state.lose(2, "Too dear")
    state.delete(3)
    state.add_organization("One", 1, website="https://one.example.com", custom_fields={"b" * 40: 1})
    state.account.deal_fields.append(CustomField("a" * 40, "Colour"))
    file = tmp_path / "pipedrive.json"

    save_state(state, file)

    assert load_state(file, clock=clock).account == state.account


def test_a_file_that_holds_no_account_is_told(tmp_path: Path) -> None:
    file = tmp_path / "pipedrive.json"
    file.write_text("[]")

    with pytest.raises(StateFileError, match="is not a saved Pipedrive account"):
        load_state(file)
