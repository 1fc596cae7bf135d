"""What HubSpot and Yobi know in a small world of customers, and how it lands."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta

from psycopg import Connection, sql
from psycopg.rows import TupleRow
from psycopg.types.json import Jsonb

READ_AT = datetime(2026, 4, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Company:
    """A company of HubSpot's, with its contacts."""

    company_id: str
    name: str | None = None
    domain: str | None = None
    properties: dict[str, str] = field(default_factory=dict)
    emails: tuple[str, ...] = ("front@mail.example.com",)
    """One contact each, whose lifecycle stage is customer."""
    other_emails: tuple[str, ...] = ()
    """One contact each, of another lifecycle stage."""
    is_archived: bool = False


@dataclass(frozen=True)
class Tenant:
    """A tenant of Yobi's."""

    tenant_id: str
    name: str = "?"
    domain: str | None = None
    website: str | None = None
    is_archived: bool = False


@dataclass(frozen=True)
class Figures:
    """What a tenant did in a week; None where Yobi does not tell."""

    total_calls: int | None = 0
    tasks_created: int | None = 0
    total_appointments: int | None = 0
    new_patient_appointments: int | None = 0
    """Known when the appointments are."""


@dataclass(frozen=True)
class Landed:
    """All that has landed at a time."""

    companies: tuple[Company, ...] = ()
    tenants: tuple[Tenant, ...] = ()
    weeks: dict[date, dict[str, Figures]] = field(default_factory=dict)
    """By first day and tenant; a tenant that is not there is missing in all metrics."""

    def with_week(self, first_day: date, figures: dict[str, Figures]) -> Landed:
        """The same, and a week more."""
        return replace(self, weeks={**self.weeks, first_day: figures})


def land(connection: Connection[TupleRow], landed: Landed) -> None:
    """Let the raw tables hold this and nothing else."""
    with connection.transaction(), connection.cursor() as cursor:
        for table in (
            "raw_hubspot.companies",
            "raw_hubspot.contacts",
            "raw_hubspot.contact_company_associations",
            "raw_yobi.tenants",
            "raw_yobi.calls_by_tenant",
            "raw_yobi.tasks_by_tenant",
            "raw_yobi.appointments_by_location",
            "raw_yobi.missing_metrics",
            "raw_yobi.week_readings",
        ):
            schema, name = table.split(".")
            cursor.execute(sql.SQL("delete from {}").format(sql.Identifier(schema, name)))
        contact_id = 0
        for company in landed.companies:
            properties = {"name": company.name, "domain": company.domain, **company.properties}
            cursor.execute(
                "insert into raw_hubspot.companies (id, archived, created_at, updated_at, "
                "properties, _dlt_load_id, _dlt_id) values (%s, %s, now(), now(), %s, 'l', %s)",
                [
                    company.company_id,
                    company.is_archived,
                    Jsonb({key: value for key, value in properties.items() if value is not None}),
                    company.company_id,
                ],
            )
            contacts = [(email, "customer") for email in company.emails]
            contacts += [(email, "opportunity") for email in company.other_emails]
            for email, stage in contacts:
                contact_id += 1
                cursor.execute(
                    "insert into raw_hubspot.contacts (id, archived, created_at, updated_at, "
                    "properties, _dlt_load_id, _dlt_id) "
                    "values (%s, false, now(), now(), %s, 'l', %s)",
                    [
                        str(contact_id),
                        Jsonb({"email": email, "lifecyclestage": stage}),
                        str(contact_id),
                    ],
                )
                cursor.execute(
                    "insert into raw_hubspot.contact_company_associations (contact_id, company_id, "
                    "category, type_id, _dlt_load_id, _dlt_id) "
                    "values (%s, %s, 'HUBSPOT_DEFINED', 279, 'l', %s)",
                    [str(contact_id), company.company_id, str(contact_id)],
                )
        for tenant in landed.tenants:
            cursor.execute(
                "insert into raw_yobi.tenants (tenant_id, name, domain, website, archived, "
                "_dlt_load_id, _dlt_id) values (%s, %s, %s, %s, %s, 'l', %s)",
                [
                    tenant.tenant_id,
                    tenant.name,
                    tenant.domain,
                    tenant.website,
                    tenant.is_archived,
                    tenant.tenant_id,
                ],
            )
        for first_day, figures in landed.weeks.items():
            _land_week(connection, landed, first_day, figures)


def _land_week(
    connection: Connection[TupleRow], landed: Landed, first_day: date, figures: dict[str, Figures]
) -> None:
    last_day = first_day + timedelta(days=6)
    listed = {tenant.tenant_id for tenant in landed.tenants if not tenant.is_archived}
    with connection.cursor() as cursor:
        for metric in ("calls", "tasks", "appointments"):
            cursor.execute(
                "insert into raw_yobi.week_readings values "
                "(%s, %s, %s, %s, %s, 'America/New_York', 'lastWeek', false, '{}')",
                [first_day, metric, READ_AT, READ_AT, last_day],
            )
        for tenant_id in sorted(listed | set(figures)):
            told = figures.get(tenant_id, Figures(None, None, None, None))
            span = [READ_AT, first_day, first_day, last_day, tenant_id]
            if told.total_calls is None:
                _miss(cursor.connection, first_day, "calls", tenant_id)
            else:
                cursor.execute(
                    "insert into raw_yobi.calls_by_tenant values (%s, %s, %s, %s, %s, %s, 0, "
                    "'l', %s)",
                    [*span, told.total_calls, tenant_id],
                )
            if told.tasks_created is None:
                _miss(cursor.connection, first_day, "tasks", tenant_id)
            else:
                cursor.execute(
                    "insert into raw_yobi.tasks_by_tenant values (%s, %s, %s, %s, %s, %s, 0, "
                    "'l', %s)",
                    [*span, told.tasks_created, tenant_id],
                )
            if told.total_appointments is None:
                _miss(cursor.connection, first_day, "appointments", tenant_id)
            else:
                cursor.execute(
                    "insert into raw_yobi.appointments_by_location values (%s, %s, %s, %s, %s, "
                    "%s, %s, %s, 0, 0, 'l', %s)",
                    [
                        READ_AT,
                        first_day,
                        first_day,
                        last_day,
                        f"{tenant_id}-1",
                        tenant_id,
                        told.total_appointments,
                        told.new_patient_appointments or 0,
                        tenant_id,
                    ],
                )


def _miss(connection: Connection[TupleRow], first_day: date, metric: str, tenant_id: str) -> None:
    connection.execute(
        "insert into raw_yobi.missing_metrics values (%s, %s, %s, %s, 'absent')",
        [first_day, metric, READ_AT, tenant_id],
    )
