"""What dbt itself makes of small worlds, and what it promises about the log (spec/journey.md)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from decisions.dbt_build import BuildError
from tests.journey.built import BuiltJourney, copy_of_project
from tests.journey.plain import PlainJourney
from tests.journey.replayed import replayed_journeys
from tests.journey.tables import differences
from tests.journey.worlds import random_world
from warehouse.backup import take_backup
from warehouse.database import Warehouse
from warehouse.restore import restore_backup


@pytest.fixture
def built(warehouse: Warehouse, tmp_path: Path) -> BuiltJourney:
    """An empty warehouse and a project to build in it."""
    return BuiltJourney(warehouse, copy_of_project(tmp_path))


@pytest.mark.long
@pytest.mark.parametrize("seed", [0, 3, 10, 13, 18, 21])
def test_dbt_decides_a_random_world_as_the_replay_does_and_as_the_rules_read(
    built: BuiltJourney, seed: int, tmp_path: Path
) -> None:
    world, plain = random_world(seed), PlainJourney()
    with replayed_journeys(built.warehouse, tmp_path) as replayed, replayed.fresh() as journey:
        replays = [journey.run(step) for step in world.steps]
    for number, step in enumerate(world.steps):
        tables = built.run(step)
        assert differences(plain.run(world.inputs(number)), tables) == []
        assert differences(tables, replays[number]) == []


@pytest.mark.long
def test_no_further_build_of_a_decided_instant_changes_or_repeats_the_log(
    built: BuiltJourney,
) -> None:
    step, *_ = random_world(4).steps
    decided = built.run(step)
    assert decided.company_change_log

    assert built.build(step) == decided
    assert built.build(step, full_refresh=True) == decided
    with pytest.raises(BuildError, match="already holds decisions of"):
        built.build(replace(step, as_of=step.as_of - timedelta(microseconds=1)), full_refresh=True)
    assert built.tables() == decided


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_a_restored_warehouse_goes_on_as_if_it_had_never_stopped(
    built: BuiltJourney, tmp_path: Path
) -> None:
    first, *later = random_world(21).steps
    decided = built.run(first)
    backup = take_backup(built.warehouse, tmp_path / "warehouse.backup").path
    went_on = [built.run(step) for step in later]

    restore_backup(built.warehouse, backup)
    assert built.tables() == decided
    built.use(first)
    assert built.build(first) == decided
    with pytest.raises(BuildError, match="already holds decisions of"):
        built.build(replace(first, as_of=first.as_of - timedelta(microseconds=1)))
    assert built.tables() == decided
    assert [built.run(step) for step in later] == went_on
