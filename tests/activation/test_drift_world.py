"""Whatever happens to a HubSpot account: what others changed is found, and nothing else is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import InitVar, dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from activation.drift import DriftFound
from activation.personal import digest
from tests.activation.landed import HOUR, MINUTE, NOON, Ledger

KEYS = ("1", "2")
SPELLINGS: dict[str, list[list[str]]] = {
    "cs_stage": [[""], ["cs_sales"], ["cs_success"]],
    "score": [[""], ["12.50", "12.5", "1.25E+1"], ["13", "13.0"]],
    "since": [
        [""],
        ["2026-03-01T10:00:00+00:00", "2026-03-01T10:00:00.000Z", "1772359200000"],
        ["2026-03-01T10:00:01+00:00", "2026-03-01T11:00:01+01:00"],
    ],
    "is_active": [[""], ["true", "True"], ["false", "FALSE"]],
    "parts": [[""], ["a;b", "b;a"], ["a"]],
    "nickname": [[""], ["Otter"], ["Mole"]],
}
"""By property: what it can mean, and how HubSpot may spell each; the first is ours."""
LATEST_INDEX = timedelta(minutes=10)
"""How late HubSpot's search shows a change at most."""


@dataclass(frozen=True)
class Value:
    """Something that a property can mean, as HubSpot happens to spell it."""

    meaning: int
    spelling: int

    def spelled(self, name: str) -> str:
        """As HubSpot holds it."""
        ways = SPELLINGS[name][self.meaning]
        return ways[self.spelling % len(ways)]

    def ours(self, name: str) -> str | None:
        """As the ledger keeps it."""
        value = SPELLINGS[name][self.meaning][0]
        return digest(value) if name == "nickname" and value else value or None


@dataclass(frozen=True)
class Step:
    """Something that happens a minute after what happened before."""

    key: str
    values: dict[str, Value]


@dataclass(frozen=True)
class Written(Step):
    """A sync writes and HubSpot confirms."""

    sticks: bool
    """Whether HubSpot holds the values then."""


@dataclass(frozen=True)
class ChangedByOthers(Step):
    """Somebody changes the record in HubSpot."""


@dataclass(frozen=True)
class Loaded:
    """Ingestion lands what HubSpot shows, which may be some minutes old; then a run begins."""

    late: int


@dataclass
class World:
    """An account, and what is known of it."""

    ledger: Ledger
    steps: InitVar[Sequence[Written | ChangedByOthers | Loaded]]
    now: datetime = NOON
    versions: dict[str, list[tuple[datetime, dict[str, Value]]]] = field(
        default_factory=lambda: {key: [(NOON - HOUR, {})] for key in KEYS}
    )
    landed: dict[str, datetime] = field(default_factory=dict)
    acknowledged: dict[tuple[str, str], Value] = field(default_factory=dict)

    def __post_init__(self, steps: Sequence[Written | ChangedByOthers | Loaded]) -> None:
        """All of that happens."""
        self.ledger.forget()
        for step in steps:
            self.happen(step)

    def held(self, key: str, at: datetime) -> tuple[datetime, dict[str, Value]]:
        """When a record was changed last until then, and what it held."""
        return [version for version in self.versions[key] if version[0] <= at][-1]

    def happen(self, step: Written | ChangedByOthers | Loaded) -> None:
        """One minute later."""
        self.now += MINUTE
        if isinstance(step, Loaded):
            self.load(timedelta(minutes=step.late))
            return
        if isinstance(step, ChangedByOthers) or step.sticks:
            _, held = self.held(step.key, self.now)
            self.versions[step.key].append((self.now, {**held, **step.values}))
        if isinstance(step, Written):
            self.ledger.acknowledge(
                step.key,
                {name: value.ours(name) for name, value in step.values.items()},
                self.now,
            )
            self.acknowledged |= {(step.key, name): value for name, value in step.values.items()}
            self.ledger.rewritten(step.key, step.values)

    def load(self, late: timedelta) -> None:
        """Land all records as they are shown, and look for drift."""
        for key in KEYS:
            changed_at, held = self.held(key, self.now - late)
            if changed_at >= self.landed.get(key, changed_at):  # never an older version
                self.landed[key] = changed_at
                values = {name: value.spelled(name) for name, value in held.items()}
                self.ledger.land(key, values, changed_at)
        self.ledger.loaded(self.now)
        self.ledger.note()

    def drifted(self) -> set[tuple[str, str]]:
        """Where HubSpot holds something that means anything else than what was acknowledged."""
        empty = Value(0, 0)
        return {
            (key, name)
            for (key, name), wanted in self.acknowledged.items()
            if self.held(key, self.now)[1].get(name, empty).meaning != wanted.meaning
        }


values = st.dictionaries(
    st.sampled_from(sorted(SPELLINGS)), st.builds(Value, st.integers(0, 2), st.integers(0, 2)),
    min_size=1, max_size=3,
)  # fmt: skip
keys = st.sampled_from(KEYS)
steps = st.lists(
    st.one_of(
        st.builds(Written, keys, values, st.integers(0, 4).map(bool)),
        st.builds(ChangedByOthers, keys, values),
        st.builds(Loaded, st.sampled_from([0, 0, 1, 5, LATEST_INDEX // MINUTE])),
    ),
    max_size=12,
)
any_warehouse = settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@any_warehouse
@given(steps=steps)
def test_the_open_drifts_are_what_hubspot_holds_otherwise_whatever_happened(
    ledger: Ledger, steps: Sequence[Written | ChangedByOthers | Loaded]
) -> None:
    world = World(ledger, steps)
    world.now += HOUR
    world.load(late=timedelta())
    assert ledger.found().keys() == world.drifted()
    before = ledger.all_rows()
    assert ledger.note() == DriftFound(open=len(world.drifted()))
    assert ledger.all_rows() == before


@any_warehouse
@given(steps=steps)
def test_nothing_is_ever_found_where_hubspot_holds_what_was_acknowledged(
    ledger: Ledger, steps: Sequence[Written | ChangedByOthers | Loaded]
) -> None:
    undisturbed = [
        replace(step, sticks=True) if isinstance(step, Written) else step
        for step in steps
        if not isinstance(step, ChangedByOthers)
    ]
    world = World(ledger, undisturbed)
    world.now += HOUR
    world.load(late=timedelta())
    assert ledger.all_rows() == []


@any_warehouse
@given(steps=steps, key=keys, change=values)
def test_a_change_by_others_is_found_once_by_the_next_load_that_sees_it(
    ledger: Ledger,
    steps: Sequence[Written | ChangedByOthers | Loaded],
    key: str,
    change: dict[str, Value],
) -> None:
    world = World(ledger, steps)
    world.happen(ChangedByOthers(key, change))
    world.happen(Loaded(0))
    changed = {(key, name) for name in change}
    assert ledger.found().keys() & changed == world.drifted() & changed

    def recorded() -> list[dict[str, Any]]:
        return [row for row in ledger.all_rows() if (row["key"], row["property"]) in changed]

    once = recorded()
    for _ in range(3):
        world.happen(Loaded(0))
    assert recorded() == once
