"""The journey sync against a HubSpot that remembers, and that can be told to misbehave."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest

from activation import Declaration, ExitCode, RunStatus, SyncResult, run_sync, sync_status
from activation.writers.hubspot import HubSpotWriter
from activation.writers.hubspot_client import HubSpotClient
from activation.writers.limits import HUBSPOT, Quota
from simulators.faults import Cut, Fault, HtmlPage, RateLimited, Refuse, ServerError, Slow
from simulators.hubspot import DEFAULT_TOKEN, HubspotSimulator, HubspotState, Owner
from simulators.serving import serving
from tests.activation.source import JOURNEY, Row, build, declared, ledger_rows, rows
from warehouse.database import Warehouse
from warehouse.settings import get_settings

BATCHES = "*/batch/update"


@dataclass
class HubSpot:
    """A served account, and runs of the journey sync against it."""

    simulator: HubspotSimulator
    base_url: str
    warehouse: Warehouse

    def sync(
        self,
        declaration: Declaration = JOURNEY,
        *,
        full: bool = False,
        answer_timeout: float = HUBSPOT.answer_timeout,
    ) -> SyncResult:
        """One run, with pauses that take no time."""
        client = HubSpotClient(
            token=DEFAULT_TOKEN,
            base_url=self.base_url,
            limits=replace(HUBSPOT, answer_timeout=answer_timeout),
            limiter=Quota(10_000, 1).limiter(),
            sleep=lambda _: None,
        )
        writer = HubSpotWriter("company", client)
        try:
            return run_sync(self.warehouse, declaration, writer=writer, full=full, yes=True)
        finally:
            client.close()

    def holds(self, row: Row) -> bool:
        """Whether the company has all the row's values."""
        held = self.simulator.state.record("companies", str(row.key)).properties
        return {name: held.get(name) for name in row.values} == row.values

    def failed_rows(self) -> list[dict[str, object]]:
        """What the ledger says of refused rows."""
        return ledger_rows(
            self.warehouse,
            "select key, message, request_id from ops.sync_row where outcome = 'failed'",
        )


@pytest.fixture
def hubspot(warehouse: Warehouse) -> Iterator[HubSpot]:
    state = HubspotState.with_companies(
        [{"hs_object_id": str(row.key)} for row in rows(25)],
        owners=[
            Owner("41", "first@example.com"),
            Owner("42", "second@example.com"),
            Owner("43", "left@example.com", is_archived=True),
        ],
    )
    simulator = HubspotSimulator(state)
    with serving(simulator) as base_url:
        yield HubSpot(simulator, base_url, warehouse)


def test_companies_end_up_as_the_model_says_and_a_second_run_is_silent(hubspot: HubSpot) -> None:
    content = [*rows(20), Row("1021", owner="42", stage="cs_success", sales="seller_1")]
    build(hubspot.warehouse, content)
    first = hubspot.sync()
    assert all(hubspot.holds(row) for row in content)
    assert (first.written, first.exit_code) == (21, ExitCode.DONE)
    assert first.usage.calls == len(hubspot.simulator.calls)
    assert first.usage.write_calls == len(hubspot.simulator.calls.writes)
    assert len(hubspot.simulator.calls.to(BATCHES)) == 1
    hubspot.simulator.calls.clear()
    assert hubspot.sync().exit_code is ExitCode.DONE
    assert len(hubspot.simulator.calls) == 0


def test_the_settings_alone_are_enough_to_reach_hubspot(
    hubspot: HubSpot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HUBSPOT_ACCESS_TOKEN", DEFAULT_TOKEN)
    monkeypatch.setenv("HUBSPOT_BASE_URL", hubspot.base_url)
    get_settings.cache_clear()
    build(hubspot.warehouse, rows(2))
    assert run_sync(hubspot.warehouse, JOURNEY).written == 2
    get_settings.cache_clear()


def test_a_wrong_token_is_a_sentence_and_changes_nothing(hubspot: HubSpot) -> None:
    hubspot.simulator.access_token = "another"
    build(hubspot.warehouse, rows(2))
    result = hubspot.sync()
    assert result.exit_code is ExitCode.FAILED
    assert "does not accept the access token" in str(result.message)
    assert DEFAULT_TOKEN not in repr(result)
    assert hubspot.simulator.calls.records_written == 0


def test_a_dropdown_gets_the_complete_list_in_its_old_order(hubspot: HubSpot) -> None:
    state = hubspot.simulator.state
    state.set_options("companies", "cs_stage", ["cs_sbp", "cs_sales", "retired"])
    build(hubspot.warehouse, [Row("1001", stage="cs_success"), Row("1002", stage="cs_onboarding")])
    result = hubspot.sync()
    assert state.options("companies", "cs_stage") == [
        "cs_sbp", "cs_sales", "retired", "cs_onboarding", "cs_success",
    ]  # fmt: skip
    assert result.options_added["cs_stage"] == ("cs_onboarding", "cs_success")
    assert len(hubspot.simulator.calls.to("*/properties/companies/cs_stage", method="PATCH")) == 1


@pytest.mark.parametrize("owner", ["4711", "43"])
def test_a_row_with_an_unknown_or_former_owner_is_skipped(hubspot: HubSpot, owner: str) -> None:
    build(hubspot.warehouse, [Row("1001"), Row("1002", owner=owner)])
    result = hubspot.sync()
    assert (result.written, result.skipped, result.exit_code) == (1, 1, ExitCode.DONE)
    assert hubspot.holds(Row("1001"))
    assert "cs_stage" not in hubspot.simulator.state.record("companies", "1002").properties
    assert [call.inputs for call in hubspot.simulator.calls.to(BATCHES)] == [1]


def test_a_null_owner_leaves_the_owner_that_someone_chose(hubspot: HubSpot) -> None:
    hubspot.simulator.state.write("companies", "1001", {"hubspot_owner_id": "42"})
    build(hubspot.warehouse, [Row("1001", owner=None, manager=None)])
    hubspot.sync(full=True)
    held = hubspot.simulator.state.record("companies", "1001").properties
    assert held["hubspot_owner_id"] == "42"
    assert held["cs_stage"] == "cs_onboarding"


def test_a_company_that_hubspot_does_not_have_fails_alone(hubspot: HubSpot) -> None:
    build(hubspot.warehouse, [*rows(3), Row("999999")])
    result = hubspot.sync()
    assert (result.written, result.failed) == (3, 1)
    (row,) = hubspot.failed_rows()
    assert row["key"] == "999999"
    assert "Could not get some" in str(row["message"])


def test_429_on_every_fifth_request_and_one_refused_company_cost_that_company_alone(
    hubspot: HubSpot,
) -> None:
    build(hubspot.warehouse, rows(25))
    hubspot.simulator.faults.add(
        Fault(does=RateLimited(), every=5),
        Fault(does=Refuse(record_id="1013", message="This company cannot be changed.")),
    )
    result = hubspot.sync(declared(batch_size=2))
    assert (result.status, result.exit_code) == (
        RunStatus.DONE_WITH_FAILURES,
        ExitCode.FAILED_ROWS,
    )
    assert [row.key for row in rows(25) if not hubspot.holds(row)] == ["1013"]
    (row,) = hubspot.failed_rows()
    assert (row["key"], row["message"]) == ("1013", "This company cannot be changed.")
    assert result.usage.retries == len(
        [call for call in hubspot.simulator.calls if call.status == 429]
    )
    assert result.usage.retries >= 3
    assert result.usage.calls == len(hubspot.simulator.calls)

    hubspot.simulator.calls.clear()
    assert hubspot.sync(declared(batch_size=2)).exit_code is ExitCode.FAILED_ROWS
    assert {call.inputs for call in hubspot.simulator.calls.to(BATCHES)} == {1}
    assert hubspot.simulator.calls.records_written == 0

    hubspot.simulator.faults.clear()
    assert hubspot.sync(declared(batch_size=2)).exit_code is ExitCode.DONE
    assert hubspot.holds(rows(25)[12])


def test_a_rejected_batch_is_split_until_the_refused_company_stands_alone(
    hubspot: HubSpot,
) -> None:
    build(hubspot.warehouse, rows(16))
    hubspot.simulator.faults.add(
        Fault(does=Refuse(record_id="1011", message="Not this one.", whole_batch=True))
    )
    result = hubspot.sync()
    assert [row.key for row in rows(16) if not hubspot.holds(row)] == ["1011"]
    (row,) = hubspot.failed_rows()
    assert (row["key"], "Not this one." in str(row["message"])) == ("1011", True)
    assert row["request_id"]
    assert len(hubspot.simulator.calls.to(BATCHES)) == 1 + 2 * 4
    assert (result.written, result.exit_code) == (15, ExitCode.FAILED_ROWS)


@pytest.mark.parametrize(
    "fault",
    [
        RateLimited(retry_after=1),
        RateLimited(),
        ServerError(),
        ServerError(takes_effect=True),
        HtmlPage(),
        Cut(),
        Cut(takes_effect=True),
    ],
)
@pytest.mark.parametrize("path", ["*/properties/companies", "*/owners", BATCHES])
def test_a_passing_fault_is_survived(
    hubspot: HubSpot,
    path: str,
    fault: RateLimited | ServerError | HtmlPage | Cut,
) -> None:
    build(hubspot.warehouse, rows(6))
    hubspot.simulator.faults.add(Fault(does=fault, path=path, times=2))
    result = hubspot.sync(declared(batch_size=3))
    assert all(hubspot.holds(row) for row in rows(6))
    arrived = path == BATCHES and fault == Cut(takes_effect=True)  # which is seen by reading back
    assert (result.exit_code, result.usage.retries) == (ExitCode.DONE, 0 if arrived else 2)
    assert result.usage.calls == len(hubspot.simulator.calls)


def test_what_an_answer_that_comes_too_late_would_have_said_is_read_back(hubspot: HubSpot) -> None:
    build(hubspot.warehouse, rows(4))
    hubspot.simulator.faults.add(Fault(does=Slow(seconds=600), path=BATCHES, times=1))
    result = hubspot.sync(declared(batch_size=2), answer_timeout=0.5)
    assert all(hubspot.holds(row) for row in rows(4))
    assert (result.exit_code, result.written, result.usage.retries) == (ExitCode.DONE, 4, 0)
    assert hubspot.simulator.calls.records_written == 4


@pytest.mark.parametrize("fault", [RateLimited(), ServerError(), Cut()])
def test_a_lasting_fault_ends_the_run_and_the_next_one_goes_on(
    hubspot: HubSpot, fault: RateLimited | ServerError | Cut
) -> None:
    build(hubspot.warehouse, rows(6))
    hubspot.simulator.faults.add(Fault(does=fault, path=BATCHES, skip=1))
    result = hubspot.sync(declared(batch_size=2))
    assert (result.status, result.exit_code) == (RunStatus.FAILED, ExitCode.FAILED)
    assert result.written == 2
    hubspot.simulator.faults.clear()
    hubspot.simulator.calls.clear()
    assert hubspot.sync(declared(batch_size=2)).exit_code is ExitCode.DONE
    assert hubspot.simulator.calls.records_written == 4, "what arrived is not sent again"
    assert all(hubspot.holds(row) for row in rows(6))
    assert sync_status(hubspot.warehouse, [JOURNEY])[0].outstanding == ()


def test_a_used_up_day_ends_the_run_at_once(hubspot: HubSpot) -> None:
    build(hubspot.warehouse, rows(6))
    hubspot.simulator.faults.add(Fault(does=RateLimited(policy="DAILY"), path=BATCHES, skip=1))
    result = hubspot.sync(declared(batch_size=2))
    assert (result.written, result.usage.retries) == (2, 0)
    assert result.exit_code is ExitCode.FAILED
    assert "daily limit" in str(result.message)
    assert len(hubspot.simulator.calls.to(BATCHES)) == 2
