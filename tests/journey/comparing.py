"""One world decided twice: by the plain implementation and by the project's models."""

from __future__ import annotations

from tests.journey.plain import PlainJourney
from tests.journey.replayed import ReplayedJourney
from tests.journey.tables import differences
from tests.journey.worlds import RandomWorld


def wrong_in(world: RandomWorld, replayed: ReplayedJourney) -> list[str]:
    """What the models get wrong, up to the first run that goes wrong; empty when nothing.

    The last run is repeated, which has to change nothing.
    """
    plain = PlainJourney()
    with replayed.fresh() as journey:
        for number, step in enumerate(world.steps):
            found = journey.run(step)
            wrong = differences(plain.run(world.inputs(number)), found)
            if wrong:
                return [f"run {number + 1}: {each}" for each in wrong]
        repeated = differences(found, journey.run(world.steps[-1]))
        return [f"run {len(world.steps)} again: {each}" for each in repeated]
