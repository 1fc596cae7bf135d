"""Making a world that fails as small as it can be and still fail."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from tests.journey.worlds import RandomWorld


def smallest(world: RandomWorld, fails: Callable[[RandomWorld], bool]) -> RandomWorld:
    """A world of which nothing can be left out any more.

    Args:
        world: one that fails.
        fails: whether a world still does.
    """
    while (smaller := next((each for each in _smaller(world) if fails(each)), None)) is not None:
        world = smaller
    return world


def _smaller(world: RandomWorld) -> Iterator[RandomWorld]:
    """The same world without one thing; what leaves out most comes first."""
    steps = world.steps
    for number in range(len(steps) - 1, 0, -1):
        yield RandomWorld(steps[:number])
    for number in range(len(steps) - 1):
        later = replace(
            steps[number + 1], arrived=steps[number].arrived + steps[number + 1].arrived
        )
        yield RandomWorld((*steps[:number], later, *steps[number + 2 :]))
    for company_id in sorted({e.data["company_id"] for step in steps for e in step.arrived}):
        yield RandomWorld(
            tuple(
                replace(
                    step,
                    arrived=tuple(e for e in step.arrived if e.data["company_id"] != company_id),
                )
                for step in steps
            )
        )
    for name in ("arrived", "managers", "hubspot", "merged_into"):
        for number, step in enumerate(steps):
            things = getattr(step, name)
            for place in range(len(things)):
                without = replace(step, **{name: things[:place] + things[place + 1 :]})
                yield RandomWorld((*steps[:number], without, *steps[number + 1 :]))
