"""The project's models deciding small worlds, many of them, without dbt's start-up for each run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from decisions.compiled_journey import compile_journey
from decisions.replay import Replay, open_replay
from tests.journey.inputs import Rules
from tests.journey.landing import land_step, write_managers
from tests.journey.reading import read_tables
from tests.journey.tables import Tables
from tests.journey.worlds import Step
from warehouse.database import Warehouse


class ReplayedJourney:
    """A journey whose runs are a replay's; made by `replayed_journeys`."""

    def __init__(self, warehouse: Warehouse, replay: Replay, folder: Path) -> None:
        self._warehouse = warehouse
        self._replay = replay
        self._folder = folder

    @contextmanager
    def fresh(self) -> Iterator[ReplayedJourney]:
        """A journey without a past; at the end of the block what was landed and decided is gone."""
        with self._replay.attempt():
            yield self

    def run(self, step: Step) -> Tables:
        """Land what is new, and decide."""
        land_step(self._replay.connection, step)
        replay = self._under(step.rules)
        replay.load_managers(write_managers(self._folder / "cs_managers.csv", step.managers))
        replay.run(step.as_of)
        return read_tables(self._replay.connection, f"{self._replay._prefix}journey")

    def _under(self, rules: Rules) -> Replay:
        """The same replay, its models compiled under these rules."""
        journey = compile_journey(self._warehouse, variables=rules.as_vars())
        return Replay(self._replay.connection, journey, self._replay._prefix)


@contextmanager
def replayed_journeys(warehouse: Warehouse, folder: Path) -> Iterator[ReplayedJourney]:
    """Open a replay for small worlds on an empty warehouse."""
    with open_replay(warehouse, sees_news=True) as replay:
        yield ReplayedJourney(warehouse, replay, folder)
