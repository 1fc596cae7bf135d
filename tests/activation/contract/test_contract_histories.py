"""Whatever happens in whatever order, in the end all is there, once, or on record.

spec/activation.md, opening sentence: only what changed, nothing twice, nothing lost, every row
accounted for.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import LiteralString

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import sql

from activation.writers.base import Repeating
from tests.activation.contract.case import Case, VendorCase
from tests.activation.contract.cases import CASES
from tests.activation.contract.runs import Sync
from tests.activation.contract.wire import Ending, Moment, Trouble
from tests.activation.memory import Killed
from tests.activation.source import forget
from warehouse.database import Warehouse

KEYS = ("1001", "1002", "1003", "1004")
_BACKED_UP = ("sync_run", "sync_row", "sync_state", "sync_outstanding", "sync_drift")


@dataclass
class History:
    """A sync, what its model wants, and what has happened so far."""

    sync: Sync
    wanted: dict[str, int] = field(default_factory=dict)
    """Version by key."""
    wishes: Counter[str] = field(default_factory=Counter)
    """How often the model has wanted something else of a key."""
    was_restored: bool = False

    def want(self, versions: dict[str, int]) -> None:
        """Let the model want these versions of these keys, beside what it wants already."""
        self.wishes.update(key for key in versions if versions[key] != self.wanted.get(key))
        self.wanted |= versions
        case = self.sync.case
        self.sync.want({key: case.row(key, version) for key, version in self.wanted.items()})

    def run(self, trouble: Trouble | None = None) -> None:
        """One run, and perhaps the end of it."""
        self.sync.case.wire.expect(trouble)
        with suppress(Killed):
            self.sync.run()
        self.sync.case.wire.expect(None)

    def back_up(self) -> None:
        """Keep the ledger as it is."""
        with self.sync.warehouse.connect() as connection:
            connection.execute("drop schema if exists backup cascade; create schema backup")
            for table in _BACKED_UP:
                connection.execute(_of(table, "create table {kept} as table {ledger}"))

    def restore(self) -> None:
        """Put the ledger back as it was kept last, if it was."""
        with self.sync.warehouse.connect() as connection:
            (kept,) = connection.execute("select to_regnamespace('backup')").fetchone() or (None,)
            if kept is None:
                return
            for table in reversed(_BACKED_UP):
                connection.execute(_of(table, "delete from {ledger}"))
            for table in _BACKED_UP:
                connection.execute(
                    _of(table, "insert into {ledger} overriding system value table {kept}")
                )
            connection.execute(
                "insert into ops.restore (restored_at, taken_at, millrace_version, schema_revision)"
                " values (clock_timestamp(), now(), '0', '0012')"
            )
        self.was_restored = True


def _of(table: str, statement: LiteralString) -> sql.Composed:
    places = {"ledger": sql.Identifier("ops", table), "kept": sql.Identifier("backup", table)}
    return sql.SQL(statement).format(**places)


Step = Callable[[History], None]


def of_a_vendor(happens: Callable[[VendorCase], None]) -> Step:
    def step(history: History) -> None:
        if isinstance(history.sync.case, VendorCase):
            happens(history.sync.case)

    return step


keys = st.sampled_from(KEYS)
troubles = st.builds(
    Trouble,
    request=st.integers(1, 12),
    moment=st.sampled_from(Moment),
    ending=st.sampled_from(Ending),
)
contents = st.dictionaries(keys, st.integers(1, 3), min_size=1)
steps = st.one_of(
    contents.map(lambda content: lambda history: history.want(content)),
    troubles.map(lambda trouble: lambda history: history.run(trouble)),
    st.just(History.run),
    keys.map(lambda key: lambda history: history.sync.case.refuse(key)),
    keys.map(lambda key: lambda history: history.sync.case.accept(key)),
    st.integers(1, 8).map(lambda times: of_a_vendor(lambda case: case.be_busy(times, seconds=1))),
    st.just(of_a_vendor(lambda case: case.break_down())),
    st.just(History.back_up),
    st.just(History.restore),
)
histories = st.tuples(contents, st.lists(steps, min_size=2, max_size=10))


def follow(warehouse: Warehouse, case: Case, content: dict[str, int], steps: list[Step]) -> History:
    """Let it all happen, and then nothing bad any more."""
    forget(warehouse)
    with warehouse.connect() as connection:
        connection.execute("drop schema if exists backup cascade")
    case.begin()
    history = History(Sync(warehouse, case))
    history.want(content)
    for step in steps:
        step(history)
    case.recover()
    return history


def all_is_well_in_the_end(history: History) -> None:
    sync, case, wanted = history.sync, history.sync.case, history.wanted
    if case.repeating is Repeating.ASK:
        sync.run()
        arrived = case.arrivals()
        assert max(arrived.values(), default=0) <= 1, "nothing goes twice by itself"
        missing = wanted.keys() - arrived.keys()
        assert missing <= sync.outstanding().keys(), "none is lost in silence"
        assert sync.retry(allow=missing).written == len(missing)
        assert case.arrivals() == Counter(wanted.keys())
    else:
        sync.run(full=history.was_restored)
        sync.retry()
        assert sync.outstanding() == {}
        assert [key for key, version in wanted.items() if not case.holds(key, version)] == []
        if not history.was_restored:
            assert case.arrivals() <= history.wishes, "no wish is fulfilled twice"
    case.wire.expect(None)
    assert sync.run().counts.to_write == 0
    assert case.wire.requests == 0


def searched(examples: int) -> Callable[[Callable[..., None]], Callable[..., None]]:
    return settings(
        max_examples=examples,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture],
    )


@searched(4)
@given(history=histories)
def test_in_the_end_all_is_there_once_or_on_record(
    warehouse: Warehouse, case: Case, history: tuple[dict[str, int], list[Step]]
) -> None:
    all_is_well_in_the_end(follow(warehouse, case, *history))


@pytest.mark.long
@pytest.mark.timeout(1800)
@searched(150)
@given(history=histories)
def test_in_the_end_all_is_there_once_or_on_record_in_many_histories(
    warehouse: Warehouse, case: Case, history: tuple[dict[str, int], list[Step]]
) -> None:
    all_is_well_in_the_end(follow(warehouse, case, *history))


def test_every_key_of_a_history_is_one_of_every_case() -> None:
    assert all(set(KEYS) <= set(make().keys) for make in CASES.values())
