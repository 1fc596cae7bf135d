"""A warehouse in which small worlds of customers land and are ranked."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from psycopg.rows import dict_row

from decisions.dbt_build import BuildResult, build_models
from tests.engagement.customers import Landed, land
from warehouse.database import Warehouse

NEW_YORK = ZoneInfo("America/New_York")
MODELS = ("+path:models/marts/engagement", "tenant_mapping_history")


def sunday_after(first_day: date) -> datetime:
    """When the week that begins so is ranked: on the Sunday after it, at six in New York."""
    return datetime.combine(first_day + timedelta(days=7), time(6), NEW_YORK)


@dataclass
class Ranking:
    """What a person does with it."""

    warehouse: Warehouse

    def land(self, landed: Landed) -> None:
        """Let the vendors have said this and nothing else."""
        with self.warehouse.connect() as connection:
            land(connection, landed)

    def build(
        self,
        first_day: date,
        *,
        later: timedelta = timedelta(0),
        select: Sequence[str] = MODELS,
        full_refresh: bool = False,
        data_tests: bool = False,
        project: Path | None = None,
    ) -> BuildResult:
        """Build right after the week that begins so, or `later`."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("DBT_WRITE_JSON", "false")  # takes a third of a build, and nobody reads it
            if project is not None:
                target = Path(os.environ["DBT_TARGET_PATH"])
                patch.setenv("DBT_TARGET_PATH", str(target.with_name("target-of-project")))
            return build_models(
                self.warehouse,
                project=project,
                as_of=(sunday_after(first_day) + later).isoformat(),
                select=select,
                full_refresh=full_refresh,
                data_tests=data_tests,
            )

    def rows(self, query: str) -> list[dict[str, Any]]:
        """The rows of a query."""
        with (
            self.warehouse.connect() as connection,
            connection.cursor(row_factory=dict_row) as cursor,
        ):
            return cursor.execute(query).fetchall()
