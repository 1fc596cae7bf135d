"""A journey to be built: events go in as files, decisions come out of the marts."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from psycopg import sql
from psycopg.rows import dict_row

from decisions.dbt_build import BuildResult, build_models
from ingestion.events.files import ingest_event_files
from warehouse.database import Warehouse

AS_OF = "2026-03-31T06:00:00Z"


@dataclass
class Journey:
    """A warehouse and what a person does with it."""

    warehouse: Warehouse
    folder: Path
    project: Path | None = None
    """A dbt project with reference files of its own; None for the one at hand."""
    _files: int = field(default=0)

    def land(self, events: Sequence[dict[str, Any]]) -> None:
        """Land events: `type`, `at`, and the fields of `data`; ids are given where missing."""
        self._files += 1
        path = self.folder / f"events-{self._files:03}.jsonl"
        lines = []
        for number, event in enumerate(events):
            data = {k: v for k, v in event.items() if k not in {"id", "type", "at"}}
            lines.append(
                json.dumps(
                    {
                        "event_id": event.get("id", f"{self._files}-{number}"),
                        "event_type": event["type"],
                        "occurred_at": event["at"],
                        "data": data,
                    }
                )
            )
        path.write_text("\n".join(lines) + "\n")
        summary = ingest_event_files(self.warehouse, path)
        assert summary.rejected == 0, summary.rejected_by_reason

    def build(
        self,
        as_of: str = AS_OF,
        *,
        select: Sequence[str] = (
            "+company_journey_changes",
            "+company_journey",
            "skipped_companies",
        ),
        full_refresh: bool = False,
    ) -> BuildResult:
        """Build the journey at `as_of`, without dbt's tests: the demo's test runs those."""
        target = Path(os.environ["DBT_TARGET_PATH"])
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("DBT_WRITE_JSON", "false")  # takes a third of a build, and nobody reads it
            if self.project is not None:
                patch.setenv("DBT_TARGET_PATH", str(target.with_name("target-of-project")))
            return build_models(
                self.warehouse,
                project=self.project,
                as_of=as_of,
                select=select,
                full_refresh=full_refresh,
                data_tests=False,
            )

    def use_reference(self, **files: str) -> None:
        """Use these reference files (name without `.csv`, text) in place of the project's own."""
        # In one place for all tests, so that dbt parses it once.
        self.project = Path(os.environ["DBT_TARGET_PATH"]).parent / "project"
        reference = self.project / "seeds" / "reference"
        shutil.rmtree(self.project, ignore_errors=True)
        reference.mkdir(parents=True)
        for each in Path.cwd().iterdir():
            if each.name in {
                "dbt_project.yml",
                "profiles.example.yml",
                "models",
                "macros",
                "tests",
                "snapshots",
            }:
                (self.project / each.name).symlink_to(each)
        for each in Path("seeds/reference").iterdir():
            text = files.get(each.stem) if each.suffix == ".csv" else None
            if text is None:
                (reference / each.name).symlink_to(each.absolute())
            else:
                (reference / each.name).write_text(text)
                # As old as the project's own: dbt reads the rows when it builds, and need not
                # parse the project anew for them.
                written = each.stat().st_mtime_ns
                os.utime(reference / each.name, ns=(written, written))

    def rows(self, table: str, order: str = "1") -> list[dict[str, Any]]:
        """All rows of a table."""
        schema, name = table.split(".")
        query = sql.SQL("select * from {} order by {}").format(
            sql.Identifier(schema, name),
            sql.SQL(order),
        )
        with (
            self.warehouse.connect() as connection,
            connection.cursor(row_factory=dict_row) as cursor,
        ):
            return cursor.execute(query).fetchall()

    def scalar(self, query: str) -> Any:
        """The first value of a query's result."""
        with self.warehouse.connect() as connection:
            row = connection.execute(query).fetchone()
        return None if row is None else row[0]


@pytest.fixture
def journey(warehouse: Warehouse, tmp_path: Path) -> Journey:
    """An empty warehouse to land events in and to build."""
    return Journey(warehouse, tmp_path)


def company(company_id: str, **fields: Any) -> list[dict[str, Any]]:
    """Events of a company that is eligible, and pays 300 USD a month since 20 March."""
    plan = fields.pop("plan_id", "basic")
    return [
        {
            "type": "company_created",
            "at": "2026-03-01T08:00:00Z",
            "company_id": company_id,
            "name": company_id,
            "country": "DE",
        },
        {
            "type": "company_updated",
            "at": "2026-03-01T09:00:00Z",
            "company_id": company_id,
            "status": "PAID",
            "signup_timestamp": "2026-03-01T09:00:00Z",
            "num_of_employees_range": "1-10",
            **fields,
        },
        {
            "type": "subscription_changed",
            "at": "2026-03-20T08:00:00Z",
            "company_id": company_id,
            "plan_id": plan,
            "mrr": 300,
            "status": "active",
        },
    ]
