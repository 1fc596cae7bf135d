"""What the tests of the journey decide with."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.journey.replayed import ReplayedJourney, replayed_journeys
from warehouse.database import Warehouse


@pytest.fixture
def replayed(warehouse: Warehouse, tmp_path: Path) -> Iterator[ReplayedJourney]:
    """The project's models, ready to decide any number of small worlds one after another."""
    with replayed_journeys(warehouse, tmp_path) as journeys:
        yield journeys
