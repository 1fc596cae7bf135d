"""A week's figures for every company, all or nothing, against a HubSpot that remembers.

spec/engagement.md, Publish, fail fast: what is written is told, and the next run finishes the rest.
"""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import pytest

from activation import ExitCode, RunStatus, SyncResult, revert_run, run_rows, run_sync
from activation.ledger import Ledger
from activation.setup import create_properties, missing_properties
from activation.writers.base import Outcome, Usage
from activation.writers.hubspot import HubSpotWriter
from activation.writers.hubspot_client import HubSpotClient
from activation.writers.limits import Quota
from simulators.faults import Fault, RateLimited, Refuse, ServerError, Slow
from simulators.hubspot import DEFAULT_TOKEN, HubspotSimulator, HubspotState
from simulators.serving import serving
from tests.activation.source import ledger_rows
from tests.activation.test_sync_killed import eventually
from tests.activation.weekly import (
    TIERS,
    WEEK,
    WEEKLY,
    figures,
    want,
)
from warehouse.database import Warehouse

BATCHES = "*/batch/update"
READS = "*/batch/read"


@dataclass
class HubSpot:
    """A served account that has the properties of the sync, and runs against it."""

    simulator: HubspotSimulator
    base_url: str
    warehouse: Warehouse

    def run(self) -> SyncResult:
        """One run, with pauses that take no time."""
        with self.writer() as writer:
            return run_sync(self.warehouse, WEEKLY, writer=writer, yes=True)

    @contextmanager
    def writer(self) -> Iterator[HubSpotWriter]:
        """A writer without a quota to speak of."""
        client = HubSpotClient(
            token=DEFAULT_TOKEN,
            base_url=self.base_url,
            limiter=Quota(100_000, 1).limiter(),
            sleep=lambda _: None,
        )
        try:
            yield HubSpotWriter("company", client)
        finally:
            client.close()

    def set_up(self) -> None:
        """Make the properties that are missing, as `millrace sync setup` does."""
        with self.writer() as writer:
            create_properties(missing_properties(WEEKLY, writer), writer)
        self.simulator.calls.clear()

    def lose(self, name: str) -> None:
        """Have no property of that name any more."""
        state = self.simulator.state
        del state.tables["companies"].definitions[name]

    def ranks(self) -> list[str | None]:
        """The rank of each company, in order of its id."""
        return [
            company.properties.get("figure_rank")
            for company in self.simulator.state.tables["companies"]
        ]


def account(companies: int) -> HubspotSimulator:
    state = HubspotState.with_companies(
        [{"hs_object_id": str(1000 + number)} for number in range(1, companies + 1)]
    )
    return HubspotSimulator(state)


@contextmanager
def served(warehouse: Warehouse, companies: int) -> Iterator[HubSpot]:
    simulator = account(companies)
    with serving(simulator) as base_url:
        hubspot = HubSpot(simulator, base_url, warehouse)
        hubspot.set_up()
        want(warehouse, figures(companies))
        yield hubspot


@pytest.fixture
def hubspot(warehouse: Warehouse) -> Iterator[HubSpot]:
    """An account of 250 companies, which take three requests."""
    with served(warehouse, 250) as found:
        yield found


def test_250_companies_take_three_requests_that_write_and_a_second_run_none(
    hubspot: HubSpot,
) -> None:
    result = hubspot.run()
    calls = hubspot.simulator.calls
    assert (result.exit_code, result.written) == (ExitCode.DONE, 250)
    assert [call.inputs for call in calls.to(BATCHES)] == [100, 100, 50]
    assert [call.inputs for call in calls.to(READS)] == [100, 100, 50]
    assert len(calls.to("*/properties/companies", method="GET")) == 2
    assert len(calls) == result.usage.calls
    assert result.usage == Usage(calls=8, describe_calls=2, read_calls=3, write_calls=3)
    assert hubspot.ranks() == [f"{rank} out of 250" for rank in range(1, 251)]

    calls.clear()
    assert hubspot.run().usage == Usage()
    assert len(calls) == 0


def test_requests_grow_by_a_hundredth_of_the_companies(
    hubspot: HubSpot, warehouse: Warehouse
) -> None:
    few = hubspot.run().usage
    with served(warehouse, 2500) as larger:
        forget_what_was_acknowledged(warehouse)
        many = larger.run().usage
    assert many.write_calls == many.read_calls == 2500 / 100
    assert many.describe_calls == few.describe_calls
    assert many.calls - few.calls == 2 * (25 - 3)


def forget_what_was_acknowledged(warehouse: Warehouse) -> None:
    with warehouse.connect() as connection:
        connection.execute("delete from ops.sync_state")


def test_a_week_without_its_property_is_told_and_the_figures_go(hubspot: HubSpot) -> None:
    hubspot.lose(WEEK)
    result = hubspot.run()
    assert (result.written, result.usage.write_calls) == (250, 3)
    assert f"no property {WEEK}" in str(result.message)
    hubspot.simulator.calls.clear()
    assert hubspot.run().counts.unchanged == 250
    assert hubspot.simulator.calls.writes == []

    hubspot.set_up()
    assert hubspot.run().written == 250
    assert hubspot.simulator.calls.records_written == 250
    held = hubspot.simulator.state.record("companies", "1250").properties
    assert held[WEEK] == "2026-03-22"


def test_options_that_are_missing_are_named_and_nothing_is_changed(hubspot: HubSpot) -> None:
    hubspot.simulator.state.set_options("companies", "figure_tier", ["top", TIERS[1]])
    result = hubspot.run()
    assert result.status is RunStatus.FAILED
    assert '"Top 30%", "Bottom 30%"' in str(result.message)
    assert hubspot.simulator.calls.writes == []


def test_a_property_of_another_type_is_named_and_nothing_is_changed(hubspot: HubSpot) -> None:
    definitions = hubspot.simulator.state.tables["companies"].definitions
    definitions["figure_score"] = replace(definitions["figure_rank"], name="figure_score")
    result = hubspot.run()
    assert "figure_score is of the kind text, and only number fits" in str(result.message)
    assert hubspot.simulator.calls.writes == []


# In the middle


@pytest.mark.parametrize(
    ("does", "unsure"),
    [
        (RateLimited(policy="DAILY"), 0),
        (ServerError(), 100),
        (Refuse(record_id="1150", message="Not this one.", whole_batch=True), 0),
    ],
)
def test_a_run_that_stops_in_the_middle_tells_what_is_written(
    hubspot: HubSpot, does: RateLimited | ServerError | Refuse, unsure: int
) -> None:
    skip = 0 if isinstance(does, Refuse) else 1
    hubspot.simulator.faults.add(Fault(does=does, path=BATCHES, skip=skip))
    stopped = hubspot.run()
    message = str(stopped.message)
    assert (stopped.status, stopped.written, stopped.unsure) == (RunStatus.FAILED, 100, unsure)
    first = ", ".join(str(key) for key in range(1001, 1021))
    assert f"100 of 250 rows are written: {first} and 80 more" in message
    assert f"`millrace sync status --run {stopped.run_id}`" in message
    assert "150 are not" in message
    told = run_rows(hubspot.warehouse, str(stopped.run_id))
    written = [row.key for row in told if row.outcome is Outcome.WRITTEN]
    assert written == [str(key) for key in range(1001, 1101)]

    hubspot.simulator.faults.clear()
    hubspot.simulator.calls.clear()
    rest = hubspot.run()
    assert (rest.exit_code, rest.written, rest.usage.write_calls) == (ExitCode.DONE, 150, 2)
    assert hubspot.simulator.calls.records_written == 150


def test_a_run_that_stops_at_its_first_request_says_that_nothing_is_written(
    hubspot: HubSpot,
) -> None:
    hubspot.simulator.faults.add(Fault(does=RateLimited(policy="DAILY"), path=BATCHES))
    assert "None of the 250 rows was written" in str(hubspot.run().message)


def test_a_way_back_that_stops_in_the_middle_says_how_to_go_on(hubspot: HubSpot) -> None:
    run = hubspot.run()
    hubspot.simulator.faults.add(Fault(does=RateLimited(policy="DAILY"), path=BATCHES, skip=1))
    with hubspot.writer() as writer:
        back = revert_run(
            hubspot.warehouse,
            str(run.run_id),
            writer=writer,
            declarations={WEEKLY.name: WEEKLY},
        )
    assert "100 of 250 rows are written: 1001, " in str(back.message)
    assert "150 are not, and `millrace sync revert` tries them again." in str(back.message)


def test_all_keys_are_named_where_they_are_few(warehouse: Warehouse) -> None:
    with served(warehouse, 21) as hubspot:
        refuse = Refuse(record_id="1021", message="Not this one.")
        hubspot.simulator.faults.add(Fault(does=refuse, path=BATCHES))
        message = str(hubspot.run().message)
    named = ", ".join(str(key) for key in range(1001, 1021))
    assert f"20 of 21 rows are written: {named}; 1 are not" in message
    assert "did not take 1021" in message


RUN_ONCE = """
import sys
from activation import run_sync
from activation.writers.hubspot import HubSpotWriter
from activation.writers.hubspot_client import HubSpotClient
from tests.activation.weekly import WEEKLY
from warehouse.database import Warehouse

database, base_url, token = sys.argv[1:]
writer = HubSpotWriter("company", HubSpotClient(token=token, base_url=base_url))
run_sync(Warehouse(database), WEEKLY, writer=writer, yes=True)
"""


def is_free(warehouse: Warehouse) -> bool:
    with warehouse.connect(autocommit=True) as connection:
        return Ledger(connection, WEEKLY).lock()


def test_of_a_run_killed_before_its_third_request_the_next_one_writes_that_alone(
    hubspot: HubSpot, warehouse: Warehouse
) -> None:
    calls = hubspot.simulator.calls
    before_the_third = Fault(does=Slow(seconds=600), path=READS, skip=2, times=1)
    hubspot.simulator.faults.add(before_the_third)
    arguments = [warehouse.url, hubspot.base_url, DEFAULT_TOKEN]
    process = subprocess.Popen([sys.executable, "-c", RUN_ONCE, *arguments])
    try:
        eventually(lambda: any(call.fault for call in calls), "the third batch is read")
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    eventually(lambda: is_free(warehouse), "the server noticed the death")
    assert [call.written for call in calls.to(BATCHES)] == [100, 100]

    calls.clear()
    result = hubspot.run()
    (killed, _) = ledger_rows(
        warehouse, "select run_id, message from ops.sync_run order by started_at"
    )
    assert f"`millrace sync status --run {killed['run_id']}`" in killed["message"]
    assert len(run_rows(warehouse, killed["run_id"])) == 200
    assert [call.inputs for call in calls.writes] == [50]
    assert [call.path for call in calls.writes] == [call.path for call in calls.to(BATCHES)]
    assert (result.exit_code, result.written, result.usage.write_calls) == (ExitCode.DONE, 50, 1)
    assert hubspot.ranks() == [f"{rank} out of 250" for rank in range(1, 251)]
