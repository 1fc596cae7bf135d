"""What is read of Yobi: tenants, locations, metrics, and the raw tables (spec/engagement.md)."""

from __future__ import annotations

from dataclasses import dataclass, field

from ingestion.api.contract import ApiRecord
from ingestion.workbench import ColumnType, RawTable
from ingestion.yobi.records import LocationAppointments, TenantCalls, TenantTasks

SCHEMA = "raw_yobi"

TENANTS_PATH = "admin/dental-tenants/list"
LOCATIONS_PATH = "admin/pms/locations"

TENANTS = RawTable(
    schema=SCHEMA,
    name="tenants",
    key=("tenant_id",),
    columns={
        "tenant_id": "text",
        "name": "text",
        "domain": "text",
        "website": "text",
        "archived": "bool",
        "more": "json",
    },
    nullable=frozenset({"domain", "website", "more"}),
)
LOCATIONS = RawTable(
    schema=SCHEMA,
    name="locations",
    key=("location_id",),
    columns={
        "location_id": "text",
        "tenant_id": "text",
        "name": "text",
        "archived": "bool",
        "more": "json",
    },
    nullable=frozenset({"name", "more"}),
)


@dataclass(frozen=True, slots=True)
class Metric:
    """Something that Yobi counts, at an endpoint of its own."""

    name: str
    """As in `raw_yobi.week_readings`."""
    path: str
    records_at: str
    """Where an answer has its entries."""
    kind: type[ApiRecord]
    """What an entry must look like: a `MetricRecord`."""
    subject: str
    """The field of an entry that says what it is about, and the column that keeps it."""
    figures: dict[str, str]
    """The columns of the figures, each with that of its internal part."""
    table_name: str
    parameters: dict[str, str] = field(default_factory=dict)
    """Of every request, beside the period."""

    @property
    def table(self) -> RawTable:
        """Where its figures land: one row per entry and day, or one for the whole week."""
        columns: dict[str, ColumnType] = {
            "read_at": "timestamp",
            "week_start": "date",
            "first_day": "date",
            "last_day": "date",
            self.subject: "text",
            "tenant_id": "text",
        }
        for figure, internal in self.figures.items():
            columns |= {figure: "bigint", internal: "bigint"}
        return RawTable(
            schema=SCHEMA,
            name=self.table_name,
            key=("week_start", "read_at", self.subject, "first_day"),
            columns=columns,
        )


CALLS = Metric(
    name="calls",
    path="admin/pms/stats/calls-by-tenant",
    records_at="results.stats",
    kind=TenantCalls,
    subject="tenant_id",
    figures={"total_calls": "internal_calls"},
    table_name="calls_by_tenant",
    parameters={"include_non_integrated": "true"},
)
TASKS = Metric(
    name="tasks",
    path="admin/dental-tenants/tasks/created",
    records_at="results.by_tenant",
    kind=TenantTasks,
    subject="tenant_id",
    figures={"created": "internal_created"},
    table_name="tasks_by_tenant",
)
APPOINTMENTS = Metric(
    name="appointments",
    path="admin/pms/stats/appointments-by-location",
    records_at="results.locations",
    kind=LocationAppointments,
    subject="location_id",
    figures={
        "appointment_count": "internal_appointment_count",
        "new_patients": "internal_new_patients",
    },
    table_name="appointments_by_location",
)
METRICS = (CALLS, TASKS, APPOINTMENTS)

TABLES = (TENANTS, LOCATIONS, *(metric.table for metric in METRICS))
"""Those that rows of answers land in, in the order in which they are told of."""
WEEK_READINGS = "week_readings"
"""What was read of which week, and how; a row in `SCHEMA` for every version."""
MISSING_METRICS = "missing_metrics"
"""Of which tenants a version does not know the metric."""
