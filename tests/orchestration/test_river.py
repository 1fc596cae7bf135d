"""The river as Dagster runs it: land, decide, write back; and when it must not."""

from __future__ import annotations

from simulators.hubspot import HubspotSimulator
from tests.orchestration.conftest import River, failure_of


def test_a_run_lands_decides_and_writes_and_the_next_one_writes_nothing(
    river: River, hubspot: HubspotSimulator
) -> None:
    first = river.run("river")
    assert first.success
    assert hubspot.state.record("companies", "1001").properties["cs_stage"] == "cs_onboarding"
    assert hubspot.calls.records_written == 2
