"""What ingestion would have landed of HubSpot's companies, and what syncs would have had confirmed.

Times are a test's own: nothing here looks at a clock.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from psycopg.types.json import Jsonb

from activation import Declaration
from activation.declaration import FieldDeclaration
from activation.drift import Drift, DriftFound, note_drift, open_drift
from activation.writers.base import ValueKind
from tests.activation.source import JOURNEY, ledger_rows
from warehouse.database import Warehouse

NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)

DECLARATION = Declaration.model_validate(
    {
        **JOURNEY.model_dump(exclude={"fields"}),
        "fields": [
            FieldDeclaration(column="stage", property="cs_stage"),
            FieldDeclaration(column="score", property="score", kind=ValueKind.NUMBER),
            FieldDeclaration(column="since", property="since", kind=ValueKind.INSTANT),
            FieldDeclaration(column="first", property="first_day", kind=ValueKind.DATE),
            FieldDeclaration(column="is_active", property="is_active", kind=ValueKind.BOOLEAN),
            FieldDeclaration(column="parts", property="parts", kind=ValueKind.CHOICES),
            FieldDeclaration(column="nickname", property="nickname", is_personal=True),
            FieldDeclaration(
                column="size", property="size", kind=ValueKind.NUMBER, is_personal=True
            ),
        ],
    }
)
"""A sync with a field of each kind."""


@dataclass(frozen=True)
class Ledger:
    """The tables that are compared, and what comes of it."""

    warehouse: Warehouse

    def forget(self) -> None:
        """Empty them."""
        with self.warehouse.connect() as connection:
            connection.execute(
                "truncate ops.sync_run, ops.sync_row, ops.sync_state, ops.sync_outstanding, "
                "ops.sync_drift, raw_hubspot.companies, raw_hubspot.merged_ids, "
                "raw_hubspot.property_history, raw_hubspot.read_until cascade"
            )

    def acknowledge(self, key: str, values: Mapping[str, str | None], at: datetime = NOON) -> None:
        """HubSpot confirms these values, beside those that it had confirmed before."""
        with self.warehouse.connect() as connection:
            connection.execute(
                """
                insert into ops.sync_state as state (sync, key, hash, payload, acknowledged_at)
                values (%(sync)s, %(key)s, '', %(payload)s, %(at)s)
                on conflict (sync, key) do update
                set payload = state.payload || excluded.payload,
                    acknowledged_at = excluded.acknowledged_at
                """,
                {
                    "sync": DECLARATION.name,
                    "key": key,
                    "payload": Jsonb(dict(values)),
                    "at": at,
                },
            )

    def land(
        self, key: str, values: Mapping[str, str | None], at: datetime, *, archived: bool = False
    ) -> None:
        """A company as it was when it was changed last, `at`."""
        with self.warehouse.connect() as connection:
            connection.execute(
                """
                insert into raw_hubspot.companies (
                    id, archived, created_at, updated_at, properties, _dlt_load_id, _dlt_id
                )
                values (%s, %s, %s, %s, %s, '1', '1')
                on conflict (id) do update
                set archived = excluded.archived,
                    updated_at = excluded.updated_at,
                    properties = excluded.properties
                """,
                [key, archived, NOON, at, Jsonb(dict(values))],
            )

    def loaded(self, at: datetime, asked_for: Iterable[str] = DECLARATION.properties) -> None:
        """A load that began `at` has ended."""
        with self.warehouse.connect() as connection:
            connection.execute(
                "insert into raw_hubspot.read_until values ('companies', %s, %s) "
                "on conflict (object_type) do update "
                "set instant = excluded.instant, asked_for = excluded.asked_for",
                [at, sorted(asked_for)],
            )

    def merged(self, loser: str, winner: str) -> None:
        """One company became another."""
        with self.warehouse.connect() as connection:
            connection.execute(
                "insert into raw_hubspot.merged_ids values ('companies', %s, %s, '1', '1')",
                [loser, winner],
            )

    def changed_by(
        self, key: str, name: str, value: str, at: datetime, source: str, label: str | None = None
    ) -> None:
        """HubSpot's history of a property has an entry."""
        with self.warehouse.connect() as connection:
            connection.execute(
                """
                insert into raw_hubspot.property_history (
                    object_type, record_id, property, changed_at, value, source_type, source_label,
                    updated_by_user_id, _dlt_load_id, _dlt_id
                )
                values ('companies', %s, %s, %s, %s, %s, %s, 4711, '1', '1')
                """,
                [key, name, at, value, source, label],
            )

    def ran(
        self,
        key: str,
        *,
        changes: Mapping[str, str | None],
        before: Mapping[str, str | None] | None,
        outcome: str = "written",
        status: str = "done",
        at: datetime = NOON,
        run_id: str = "run",
    ) -> None:
        """A run has sent a row."""
        with self.warehouse.connect() as connection:
            connection.execute(
                "insert into ops.sync_run (run_id, sync, scope, status, started_at, finished_at) "
                "values (%s, %s, 'changes', %s, %s, %s)",
                [run_id, DECLARATION.name, status, at, at],
            )
            connection.execute(
                "insert into ops.sync_row (run_id, key, operation, outcome, recorded_at, changes, "
                "before) values (%s, %s, 'update', %s, %s, %s, %s)",
                [
                    run_id,
                    key,
                    outcome,
                    at,
                    Jsonb(dict(changes)),
                    None if before is None else Jsonb(dict(before)),
                ],
            )

    def note(self, declaration: Declaration = DECLARATION) -> DriftFound:
        """What the engine does at the beginning of a run."""
        with self.warehouse.connect(autocommit=True) as connection:
            return note_drift(connection, declaration)

    def open(self, declaration: Declaration = DECLARATION) -> tuple[Drift, ...]:
        """The open drifts."""
        with self.warehouse.connect() as connection:
            return open_drift(connection, declaration)

    def found(self) -> dict[tuple[str, str], str | None]:
        """What was found instead, by key and property, of the open drifts."""
        return {(each.key, each.property): each.found for each in self.open()}

    def all_rows(self) -> list[dict[str, Any]]:
        """Every drift that was ever recorded."""
        return ledger_rows(self.warehouse, "select * from ops.sync_drift order by drift_id")

    def resolutions(self) -> list[str | None]:
        """Of all of them."""
        return [row["resolution"] for row in self.all_rows()]
