"""Whenever a run ends without a word, the next one goes on (spec/activation.md, Engine: record)."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from activation import ExitCode, run_sync
from activation.ledger import Ledger
from activation.writers.hubspot import HubSpotWriter
from activation.writers.hubspot_client import HubSpotClient
from simulators.faults import Fault, Slow
from simulators.hubspot import DEFAULT_TOKEN, HubspotSimulator, HubspotState, Owner
from simulators.serving import serving
from tests.activation.memory import Killed, MemoryWriter
from tests.activation.source import JOURNEY, Row, build, declared, forget, ledger_rows, rows
from warehouse.database import Warehouse

STAGES = ("cs_sales", "cs_onboarding", "cs_success")

content = st.lists(st.sampled_from(STAGES), min_size=1, max_size=9).map(
    lambda stages: [
        Row(str(1000 + number), stage=stage) for number, stage in enumerate(stages, start=1)
    ]
)
some_keys = st.sets(st.sampled_from([str(1000 + number) for number in range(1, 10)]), max_size=2)
deaths = st.lists(
    st.tuples(st.sampled_from(["before", "after", "recorded"]), st.integers(1, 8)),
    min_size=1,
    max_size=3,
)


def run_until(
    warehouse: Warehouse, writer: MemoryWriter, batch_size: int, moment: str, number: int
) -> None:
    """One run that dies at that request, or at that recorded batch, unless it ends earlier."""
    writer.dies_before = writer.usage.calls + number if moment == "before" else None
    writer.dies_after = writer.usage.calls + number if moment == "after" else None
    recorded = 0

    def die(_: object) -> None:
        nonlocal recorded
        recorded += 1
        if moment == "recorded" and recorded == number:
            raise Killed

    try:
        run_sync(
            warehouse, declared(batch_size=batch_size), writer=writer, yes=True, on_progress=die
        )
    except Killed:
        pass
    finally:
        writer.dies_before = writer.dies_after = None


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    before=st.none() | content,
    wanted=content,
    batch_size=st.integers(1, 4),
    refused=some_keys,
    poisonous=some_keys,
    deaths=deaths,
)
def test_killed_at_any_request_a_sync_ends_with_each_row_written_once(
    *,
    warehouse: Warehouse,
    before: list[Row] | None,
    wanted: list[Row],
    batch_size: int,
    refused: set[str],
    poisonous: set[str],
    deaths: list[tuple[str, int]],
) -> None:
    forget(warehouse)
    writer = MemoryWriter()
    if before is not None:
        build(warehouse, before)
        run_sync(warehouse, JOURNEY, writer=writer, yes=True)
    build(warehouse, wanted)
    writer.applied.clear()
    writer.refused, writer.poisonous = refused, poisonous
    expected = {str(row.key): row.values for row in before or []}
    to_write = {
        str(row.key)
        for row in wanted
        if expected.get(str(row.key)) != row.values and row.key not in refused | poisonous
    }
    expected |= {str(row.key): row.values for row in wanted if row.key not in refused | poisonous}

    for moment, number in deaths:
        run_until(warehouse, writer, batch_size, moment, number)
    final = run_sync(warehouse, declared(batch_size=batch_size), writer=writer, yes=True)

    bad = {str(row.key) for row in wanted} & (refused | poisonous)
    still_to_write = {key for key in bad if not acknowledged_as_wanted(warehouse, key, wanted)}
    assert final.failed == len(still_to_write)
    assert final.exit_code is (ExitCode.FAILED_ROWS if still_to_write else ExitCode.DONE)
    assert writer.records == expected
    assert acknowledged(warehouse) == expected
    assert Counter(writer.applied) == Counter(to_write), "read back, nothing is written twice"

    writer.requests.clear()
    run_sync(warehouse, declared(batch_size=batch_size), writer=writer, yes=True)
    assert set(writer.sent) == still_to_write


def acknowledged(warehouse: Warehouse) -> dict[str, dict[str, str]]:
    found = ledger_rows(warehouse, "select key, payload from ops.sync_state")
    return {row["key"]: row["payload"] for row in found}


def acknowledged_as_wanted(warehouse: Warehouse, key: str, wanted: list[Row]) -> bool:
    return acknowledged(warehouse).get(key) == next(row.values for row in wanted if row.key == key)


# A process that is really killed

RUN_ONCE = """
import sys
from activation import run_sync
from activation.writers.hubspot import HubSpotWriter
from activation.writers.hubspot_client import HubSpotClient
from tests.activation.source import declared
from warehouse.database import Warehouse

database, base_url, token = sys.argv[1:]
client = HubSpotClient(token=token, base_url=base_url)
result = run_sync(
    Warehouse(database), declared(batch_size=3), writer=HubSpotWriter("company", client), yes=True
)
sys.exit(result.exit_code)
"""


def eventually(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain until {what}"
        time.sleep(0.02)


def is_free(warehouse: Warehouse) -> bool:
    with warehouse.connect(autocommit=True) as connection:
        return Ledger(connection, JOURNEY).lock()


@pytest.mark.parametrize(
    ("method", "number", "rows_open"),
    # each batch is one POST that reads and one that writes
    [
        ("GET", 1, 0),
        ("PATCH", 2, 0),
        ("POST", 1, 0),
        ("POST", 2, 3),
        ("POST", 6, 3),
        ("POST", 8, 1),
    ],
)
def test_a_killed_process_leaves_a_sync_that_the_next_run_completes(
    warehouse: Warehouse, method: str, number: int, rows_open: int
) -> None:
    wanted = [replace(row, stage=STAGES[place % 3]) for place, row in enumerate(rows(10))]
    build(warehouse, wanted)
    state = HubspotState.with_companies(
        [{"hs_object_id": str(row.key)} for row in wanted],
        owners=[Owner("41", "owner@example.com")],
    )
    simulator = HubspotSimulator(state)
    simulator.faults.add(
        Fault(does=Slow(seconds=600), method=method, skip=number - 1, times=1)
    )  # carried out, but not answered while the process lives
    with serving(simulator) as base_url:
        arguments = [warehouse.url, base_url, DEFAULT_TOKEN]
        process = subprocess.Popen([sys.executable, "-c", RUN_ONCE, *arguments])
        try:
            eventually(
                lambda: any(call.fault for call in simulator.calls), f"{method} {number} came in"
            )
        finally:
            process.send_signal(signal.SIGKILL)
            process.wait()
        eventually(lambda: is_free(warehouse), "the server noticed the death")
        client = HubSpotClient(token=DEFAULT_TOKEN, base_url=base_url)
        writer = HubSpotWriter("company", client)
        result = run_sync(warehouse, declared(batch_size=3), writer=writer, yes=True)
        client.close()

    assert result.exit_code is ExitCode.DONE
    for row in wanted:
        held = state.record("companies", str(row.key)).properties
        assert {name: held[name] for name in row.values} == row.values
    assert simulator.calls.records_written == len(wanted), "the open batch is not repeated"
    assert result.confirmed == rows_open
    statuses = ledger_rows(warehouse, "select status from ops.sync_run order by started_at")
    assert [row["status"] for row in statuses] == ["interrupted", "done"]
