"""The graph: everything is there by itself, under one name, connected from raw to sync."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
import yaml

from activation import load_declarations
from tests.orchestration.conftest import River

JOURNEY = dg.AssetKey(["sync", "hubspot_company__journey"])


@pytest.fixture
def graph(river: River) -> dg.AssetGraph:
    return river.definitions.resolve_asset_graph()


