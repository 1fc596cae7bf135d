"""Full loads that are killed: `kill -9`, at any moment."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from random import Random

import pytest

from ingestion.hubspot.landing import ingest_hubspot
from ingestion.hubspot.objects import TABLES
from simulators.clock import StoppedClock
from simulators.hubspot import DEFAULT_TOKEN, HubspotSimulator, HubspotState, Owner
from simulators.hubspot.associations import DEAL_COMPANIES, DEAL_CONTACTS
from tests.ingestion.hubspot.conftest import Account, Serve, settings_for
from tests.ingestion.hubspot.truth import assert_all_has_landed, tables

_LANDING_SECONDS = 1.0
"""About as long as it takes from the last request of a load to its end."""


@pytest.fixture
def full_account(serve: Serve, clock: StoppedClock) -> Account:
    """Records of all kinds, each list with several pages; some archived, some merged."""
    state = HubspotState(owners=[Owner("41", "ada@example.com")], clock=clock)
    for number in range(1, 121):
        state.add("companies", {"hs_object_id": str(number), "name": f"Company {number}"})
        state.add("contacts", {"hs_object_id": str(1_000 + number), "lifecyclestage": "lead"})
        state.add("deals", {"hs_object_id": str(2_000 + number), "dealstage": "contractsent"})
        state.associate(str(1_000 + number), str(number), is_primary=True)
        state.associate(str(2_000 + number), str(number), kind=DEAL_COMPANIES)
        state.associate(str(2_000 + number), str(1_000 + number), kind=DEAL_CONTACTS)
    for number in range(1, 11):
        state.merge("companies", winner=str(number), loser=str(120 - number))
        state.archive("contacts", str(1_000 + number))
    return serve(HubspotSimulator(state))


def load_and_kill(account: Account, *, after_calls: int, seconds: float) -> None:
    """Load in a process of its own, and kill it so long after so many requests."""
    account.simulator.calls.clear()
    environment = {
        **os.environ,
        "MILLRACE_DATABASE_URL": account.warehouse.url,
        "HUBSPOT_BASE_URL": account.base_url,
        "HUBSPOT_ACCESS_TOKEN": DEFAULT_TOKEN,
    }
    with subprocess.Popen(
        [sys.executable, "-m", "cli.main", "ingest", "hubspot", "--full"],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        while len(account.simulator.calls) < after_calls and process.poll() is None:
            time.sleep(0.005)
        with suppress(subprocess.TimeoutExpired):
            process.wait(seconds)
        process.send_signal(signal.SIGKILL)


def empty(account: Account) -> None:
    with account.warehouse.connect() as connection:
        for table in ("raw_hubspot.read_until", *(table.full_name for table in TABLES)):
            connection.execute(f"truncate {table}")


def assert_killed_loads_leave_no_trace(account: Account, *, kills: int) -> None:
    ingest_hubspot(account.warehouse, settings_for(account.base_url))
    undisturbed = tables(account.warehouse)
    nothing: dict[str, list[tuple[object, ...]]] = {name: [] for name in undisturbed}
    calls = len(account.simulator.calls)
    chance = Random("kill -9")  # noqa: S311 - chance, not secrecy
    for _ in range(kills):
        empty(account)

        load_and_kill(
            account,
            after_calls=chance.randint(1, calls),
            seconds=chance.uniform(0, _LANDING_SECONDS),
        )
        assert tables(account.warehouse) in (nothing, undisturbed)
        account.load()

        assert tables(account.warehouse) == undisturbed
    assert_all_has_landed(account.warehouse, account.state)


def test_after_a_load_was_killed_the_next_one_lands_what_an_undisturbed_one_lands(
    full_account: Account,
) -> None:
    assert_killed_loads_leave_no_trace(full_account, kills=2)


@pytest.mark.long
def test_the_same_at_ten_random_moments(full_account: Account) -> None:
    assert_killed_loads_leave_no_trace(full_account, kills=10)
