"""What the tests of the ranking rank with."""

from __future__ import annotations

import pytest

from tests.engagement.ranking import Ranking
from warehouse.database import Warehouse


@pytest.fixture
def ranking(warehouse: Warehouse) -> Ranking:
    """An empty warehouse to land customers and tenants in, and to build."""
    return Ranking(warehouse)
