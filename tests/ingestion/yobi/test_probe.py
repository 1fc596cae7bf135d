"""The probe says what a load would find, and writes nothing."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from psycopg import sql

from ingestion.hubspot.objects import COMPANIES, CONTACTS
from ingestion.yobi.errors import YobiError
from ingestion.yobi.probe import MappingFinding, YobiProbe, normal_domain, probe_yobi
from simulators.faults import Fault, MissingField, ServerError
from simulators.yobi import Metric, Tenant
from tests.ingestion.yobi.conftest import SATURDAY, SUNDAY, SUNDAY_MORNING, Yobi, settings_for

CALLS = "/admin/pms/stats/calls-by-tenant"


def probe(yobi: Yobi, **settings: str) -> YobiProbe:
    return probe_yobi(settings_for(yobi.base_url, **settings), yobi.warehouse)


def put_customers(yobi: Yobi, **properties_by_id: dict[str, str]) -> None:
    """Land companies of HubSpot's, each with a contact that is a customer; ids are `id_7`."""
    at = datetime(2026, 1, 1, tzinfo=UTC)
    statement = sql.SQL(
        "insert into {} (id, archived, created_at, updated_at, properties, _dlt_load_id, _dlt_id) "
        "values (%s, false, %s, %s, %s, 'load', %s)"
    )
    associate = (
        "insert into raw_hubspot.contact_company_associations "
        "values (%s, %s, 'HUBSPOT_DEFINED', 1, null, 'load', %s)"
    )
    with yobi.warehouse.connect() as connection:
        for name, properties in properties_by_id.items():
            id_ = name.removeprefix("id_")
            stage = {"lifecyclestage": properties.pop("lifecyclestage", "customer")}
            for crm_object, values in ((COMPANIES, properties), (CONTACTS, stage)):
                connection.execute(
                    statement.format(crm_object.table.target),
                    [id_, at, at, json.dumps(values), id_],
                )
            connection.execute(associate, [id_, id_, id_])


def test_a_probe_tells_of_every_endpoint_and_of_the_week(yobi: Yobi) -> None:
    yobi.simulator.habits.has_last_week = {Metric.TASKS}
    yobi.simulator.habits.has_users = {Metric.CALLS}
    yobi.simulator.habits.without_trend = {Metric.CALLS: {1}}
    yobi.simulator.habits.left_out = {Metric.TASKS: {2, 3}}

    found = probe(yobi)

    assert (found.week_start, found.week_end, found.time_zone) == (
        SUNDAY, SATURDAY, "America/New_York",
    )  # fmt: skip
    assert found.token_expires_at == SUNDAY_MORNING + timedelta(hours=1)
    assert (found.tenants, found.tenants_with_domain) == (3, 2)
    assert [
        (each.path.rpartition("/")[2], each.period, each.entries, each.tenants_covered)
        for each in found.endpoints
    ] == [
        ("list", None, 3, None),
        ("locations", None, 4, None),
        ("calls-by-tenant", "30days", 3, 2),
        ("created", "lastWeek", 1, 1),
        ("appointments-by-location", "30days", 4, 3),
    ]
    assert [each.has_last_week for each in found.endpoints] == [None, None, False, True, False]
    assert [each.has_user_figures for each in found.endpoints] == [None, None, True, False, False]
    assert found.problems == ()
    assert found.mapping is None


def test_a_probe_writes_nothing(yobi: Yobi) -> None:
    probe(yobi)

    assert all(not rows for rows in yobi.everything())
    assert yobi.rows("select count(*) from ops.load_ledger") == [(0,)]
    assert yobi.rows("select to_regnamespace('raw_yobi_staging')::text") == [(None,)]


def test_every_endpoint_is_tried_whatever_the_others_answer(yobi: Yobi) -> None:
    yobi.simulator.faults.add(
        Fault(does=MissingField(field="new_patients"), path="*appointments-by-location"),
        Fault(does=ServerError(status=500), path="*/locations"),
    )
    yobi.simulator.habits.has_trend = frozenset(Metric) - {Metric.CALLS}

    found = probe(yobi)

    locations, calls, appointments = found.problems
    assert "answered 500 again and again" in locations
    assert f"{CALLS}?period=30days has one number for the whole period in total_calls" in calls
    assert "new_patients is missing" in appointments
    tasks = found.endpoints[3]
    assert (tasks.problem, tasks.tenants_covered) == (None, 3)


def test_who_cannot_log_in_probes_nothing_else(yobi: Yobi) -> None:
    with pytest.raises(YobiError, match=r"^Yobi does not accept the login"):
        probe(yobi, YOBI_PASSWORD="wrong")

    assert len(yobi.simulator.calls) == 1


def test_customers_are_mapped_by_their_exact_domain(yobi: Yobi) -> None:
    yobi.state.tenants += [
        Tenant(4, "Quiet Dental (old)", domain="QUIET.example.com"),
        Tenant(5, "Five", domain="five.example.com"),
    ]
    put_customers(
        yobi,
        id_1={"domain": "quiet.example.com"},  # two tenants
        id_2={"domain": "loud.example.com"},  # as a website with scheme and www.
        id_3={"domain": "five.example.com"},
        id_4={"domain": "www.five.example.com"},  # the same tenant as company 3
        id_5={"domain": "nobody.example.com"},
        id_6={"name": "No Domain"},
        id_7={"domain": "five.example.com", "is_internal_test": "true"},
        id_8={"domain": "five.example.com", "customer_status": "churned"},
        id_9={"domain": "five.example.com", "lifecyclestage": "lead"},
    )

    mapping = probe(yobi).mapping

    assert mapping == MappingFinding(
        customers=6, with_domain=5, matched=4, ambiguous=1, shared_tenants=1
    )
    assert mapping.coverage == pytest.approx(4 / 6)


@pytest.mark.parametrize(
    ("typed", "domain"),
    [
        ("quiet.example.com", "quiet.example.com"),
        (" WWW.Quiet.Example.com ", "quiet.example.com"),
        ("https://www.quiet.example.com/about?x=1", "quiet.example.com"),
        ("http://quiet.example.com:8080/start", "quiet.example.com"),
        ("quiet.example.com/", "quiet.example.com"),
        ("www.example.com", "example.com"),
        ("", None),
        (None, None),
        ("https://", None),
        ("http://[broken", None),
    ],
)
def test_a_domain_is_compared_without_scheme_www_path_port_and_case(
    typed: str | None, domain: str | None
) -> None:
    assert normal_domain(typed) == domain
