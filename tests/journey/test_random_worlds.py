"""In random small worlds the models decide as the plain reading of the rules does."""

from __future__ import annotations

import pytest

from tests.journey.comparing import wrong_in
from tests.journey.replayed import ReplayedJourney
from tests.journey.shrinking import smallest
from tests.journey.worlds import random_world

BATCH = 25


def test_the_models_decide_some_random_worlds_as_the_rules_read(replayed: ReplayedJourney) -> None:
    check(replayed, range(6))


@pytest.mark.long
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("first", range(1000, 1500, BATCH))
def test_the_models_decide_random_worlds_as_the_rules_read(
    replayed: ReplayedJourney, first: int
) -> None:
    check(replayed, range(first, first + BATCH))


def check(replayed: ReplayedJourney, seeds: range) -> None:
    """Fail with the smallest world that is decided otherwise."""
    for seed in seeds:
        world = random_world(seed)
        if wrong_in(world, replayed):
            least = smallest(world, lambda each: bool(wrong_in(each, replayed)))
            told = "\n".join(wrong_in(least, replayed))
            pytest.fail(f"World {seed}, made smaller:\n{least.told()}\n{told}", pytrace=False)
