"""Whatever ends a request or a run, no row has its effect twice and none is lost in silence.

spec/activation.md, Engine: record, unsure.
"""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator

import pytest

from activation import ExitCode
from activation.ledger import Ledger
from activation.writers.base import Repeating
from tests.activation.contract.case import Case, VendorCase
from tests.activation.contract.cases import VENDORS
from tests.activation.contract.runs import Sync
from tests.activation.contract.wire import Ending, Moment, Trouble
from tests.activation.memory import Killed
from tests.activation.source import forget
from warehouse.database import Warehouse


def broken_runs(
    warehouse: Warehouse, case: Case, moment: Moment, ending: Ending
) -> Iterator[tuple[Sync, list[str]]]:
    """A new sync after each run that went wrong: at its first request, at its second, to its last.

    Yields:
        The sync, and the keys that its model has.
    """
    keys = list(case.keys[: case.declaration.batch_size + 1])
    for number in itertools.count(1):
        forget(warehouse)
        case.begin()
        sync = Sync(warehouse, case)
        sync.want({key: case.row(key, 1) for key in keys})
        case.wire.expect(Trouble(number, moment, ending))
        try:
            sync.run()
        except Killed:
            assert ending is Ending.KILLED
        if not case.wire.has_struck:
            assert number > 2, "more than one request was made"
            return
        case.wire.expect(None)
        yield sync, keys


@pytest.mark.parametrize("ending", Ending)
@pytest.mark.parametrize("moment", Moment)
def test_whatever_request_a_run_breaks_at_each_row_has_its_effect_once(
    warehouse: Warehouse, case: Case, moment: Moment, ending: Ending
) -> None:
    broken = 0
    for sync, keys in broken_runs(warehouse, case, moment, ending):
        broken += 1
        if case.repeating is Repeating.ASK:
            leave_doubtful_rows_to_a_person(sync, keys)
        else:
            assert sync.run().exit_code is ExitCode.DONE
            assert sync.outstanding() == {}
        assert case.arrivals() == Counter(keys), f"request {broken}"
        assert all(case.holds(key, 1) for key in keys)
        case.wire.expect(None)
        assert sync.run().counts.to_write == 0
        assert case.wire.requests == 0
    assert broken


def leave_doubtful_rows_to_a_person(sync: Sync, keys: list[str]) -> None:
    """Nothing goes twice by itself; who looks what arrived sends the rest, and it goes once."""
    sync.run()
    arrived, doubtful = sync.case.arrivals(), sync.outstanding()
    assert max(arrived.values(), default=0) <= 1
    assert arrived.keys() | doubtful.keys() == set(keys), "none is lost in silence"
    assert set(doubtful.values()) <= {"unsure"}
    assert len(doubtful) <= 1, "only the open one is in doubt"
    assert sync.run().counts.to_write == 0, "nothing in doubt goes by itself"
    missing = doubtful.keys() - arrived.keys()
    assert sync.retry(allow=missing).written == len(missing)
    assert sync.outstanding().keys() == doubtful.keys() - missing


# A process that is really killed, with a writer that it has opened by its settings

RUN_ONCE = """
import sys
from activation import Declaration, run_sync
from warehouse.database import Warehouse

database, declaration = sys.stdin.read().splitlines()
run_sync(Warehouse(database), Declaration.model_validate_json(declaration), yes=True)
"""


@pytest.mark.long
@pytest.mark.parametrize("_served", VENDORS, indirect=True)
def test_what_a_killed_process_has_left_the_next_run_completes(
    warehouse: Warehouse, case: Case
) -> None:
    assert isinstance(case, VendorCase)
    sync = Sync(warehouse, case)
    keys = list(case.keys[: case.declaration.batch_size + 1])
    sync.want({key: case.row(key, 1) for key in keys})
    case.hang(write=2)
    with subprocess.Popen(
        [sys.executable, "-c", RUN_ONCE],
        stdin=subprocess.PIPE,
        env={**os.environ, **case.environment()},
        text=True,
    ) as process:
        try:
            assert process.stdin is not None
            process.stdin.write(f"{warehouse.url}\n{case.declaration.model_dump_json()}\n")
            process.stdin.close()
            eventually(case.is_hanging, "the second write came in")
        finally:
            process.kill()
    eventually(lambda: is_free(sync), "the server noticed the death")
    case.recover()

    if case.repeating is Repeating.ASK:
        leave_doubtful_rows_to_a_person(sync, keys)
        assert sync.outstanding() == {keys[-1]: "unsure"}
    else:
        assert sync.run().exit_code is ExitCode.DONE
        assert sync.outstanding() == {}
    assert case.arrivals() == Counter(keys)


def eventually(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain until {what}"
        time.sleep(0.02)


def is_free(sync: Sync) -> bool:
    with sync.warehouse.connect(autocommit=True) as connection:
        return Ledger(connection, sync.case.declaration).lock()
