"""What BI and alerts read of the ledger: what its runs really left there, and no values."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest

from activation import SyncResult, find_declaration, run_sync
from activation.ledger import RunStatus
from activation.writers import DESTINATIONS
from activation.writers.base import Mode, PropertyDescription, ValueKind
from decisions.dbt_build import build_models, parse_project
from tests.activation.memory import MemoryWriter
from tests.activation.source import Row, build, declared
from tests.dbt.conftest import AS_OF, Journey
from warehouse.database import Warehouse, drop_database, ensure_database
from warehouse.server import EmbeddedServer
from warehouse.settings import get_settings

HEALTH = ["path:models/intermediate/activation_health", "path:models/marts/activation_health"]
VALUE = "value-of-a-record"


@pytest.fixture(scope="module")
def _built(server: EmbeddedServer) -> Iterator[Warehouse]:
    """A warehouse in which everything that reads the ledger has been built once."""
    name = f"millrace_health_{secrets.token_hex(4)}"
    warehouse = ensure_database(server, name)
    warehouse.migrate()
    result = build_models(
        warehouse,
        as_of=AS_OF,
        select=["+sync_slack_alerts", "+sync_email_alerts", "+path:models/marts/activation_health"],
        data_tests=False,
    )
    assert result.failures == []
    yield warehouse
    drop_database(server, name)


@pytest.fixture
def journey(_built: Warehouse, tmp_path: Path) -> Journey:
    """That warehouse with an empty ledger: the alerts are views, so none is there."""
    found = Journey(_built, tmp_path)
    with _built.connect() as connection:
        connection.execute(
            "truncate ops.sync_run, ops.sync_row, ops.sync_state, ops.sync_outstanding, "
            "ops.sync_drift, reference.alert_recipients cascade"
        )
    return found


def build_health(journey: Journey) -> None:
    """Build the marts of the ledger anew."""
    assert journey.build(select=HEALTH).failures == []


def write(journey: Journey, *, refused: set[str], rows: int = 3) -> SyncResult:
    """A run of the journey's sync that parks a row at its second refusal."""
    build(journey.warehouse, [Row(str(number), stage=VALUE) for number in range(1, rows + 1)])
    writer = MemoryWriter(refused=refused)
    return run_sync(journey.warehouse, declared(park_after=2), writer=writer, yes=True)


def ledger(journey: Journey, statement: str, *values: object) -> None:
    with journey.warehouse.connect() as connection:
        connection.execute(statement, values)


def failed_run(journey: Journey, run_id: str, sync: str, message: str = "It broke off.") -> None:
    ledger(
        journey,
        "insert into ops.sync_run (run_id, sync, scope, status, message, started_at, finished_at)"
        " values (%s, %s, 'changes', 'failed', %s, now(), now())",
        run_id,
        sync,
        message,
    )


def found_drift(journey: Journey) -> None:
    ledger(
        journey,
        "insert into ops.sync_drift (sync, key, property, kind, acknowledged, acknowledged_at, "
        "found, found_at) values ('hubspot_company__journey', '1', 'cs_stage', 'changed', "
        "%s, now(), %s, now())",
        VALUE,
        VALUE,
    )


def told(journey: Journey) -> dict[str, str]:
    """The alerts for Slack by their id, as they are at this moment."""
    rows = journey.rows("activation.sync_slack_alerts")
    return {row["alert_id"]: row["text"] for row in rows}


def test_the_marts_tell_what_the_runs_did_without_a_value(journey: Journey) -> None:
    first = write(journey, refused={"2"})
    second = write(journey, refused={"2", "3"})
    third = write(journey, refused={"2"}, rows=4)
    found_drift(journey)
    build_health(journey)

    runs = {row["run_id"]: row for row in journey.rows("activation_health.sync_runs")}
    assert runs.keys() == {first.run_id, second.run_id, third.run_id}
    one = runs[first.run_id]
    assert (one["destination"], one["status"]) == ("hubspot", "done_with_failures")
    assert (one["rows_written"], one["rows_failed"], one["rows_tried"]) == (2, 1, 3)
    assert round(float(one["success_rate"]), 3) == 0.667
    assert one["calls"] == first.usage.calls
    assert float(one["calls_per_changed_row"]) == first.usage.calls / 2
    assert one["duration_seconds"] > 0
    assert not one["is_revert"]

    (spell,) = journey.rows("activation_health.sync_failing_rows")
    assert (spell["key"], spell["attempts"], spell["is_parked"]) == ("2", 2, True)
    assert (spell["resolution"], spell["last_message"]) == (None, "2 cannot be changed.")
    days = journey.rows("activation_health.sync_daily")
    assert sum(day["runs"] for day in days) == 3
    assert sum(day["rows_written"] for day in days) == 3
    assert len(journey.rows("activation_health.sync_drift")) == 1

    for table in ("sync_runs", "sync_daily", "sync_failing_rows", "sync_drift"):
        assert VALUE not in str(journey.rows(f"activation_health.{table}"))
    topics = {alert.split(":")[0] for alert in told(journey)}
    assert topics == {"parked", "drift"}
    assert VALUE not in str(told(journey))


def test_every_destination_is_known_by_the_names_of_its_syncs(journey: Journey) -> None:
    for name in DESTINATIONS:
        failed_run(journey, name, f"{name}_something")
        ledger(
            journey,
            "insert into ops.sync_outstanding (sync, key, status, run_id, first_seen_at, "
            "last_seen_at) values (%s, 'k', 'unsure', %s, now(), now())",
            f"{name}_something",
            name,
        )
    # A message without an answer waits for a person, and nothing else does.
    to_people = {name for name, each in DESTINATIONS.items() if Mode.MESSAGE in each.modes}
    assert {alert.split(":")[1] for alert in told(journey) if alert.startswith("unsure:")} == {
        f"{name}_something" for name in to_people
    }
    build_health(journey)
    runs = journey.rows("activation_health.sync_runs")
    assert {row["run_id"]: row["destination"] for row in runs} == {
        name: name for name in DESTINATIONS
    }


def test_what_happens_after_the_build_is_told_at_once(journey: Journey) -> None:
    assert told(journey) == {}
    failed_run(journey, "r1", "hubspot_company__journey", "The token is <wrong>.")
    assert told(journey) == {
        "run:hubspot_company__journey:r1": (
            "*hubspot_company__journey failed*\nThe token is &lt;wrong&gt;.\nRun r1."
        )
    }
    assert journey.rows("activation.sync_email_alerts") == []


def test_an_alert_is_sent_once(journey: Journey) -> None:
    failed_run(journey, "r1", "hubspot_company__journey")
    slack = find_declaration("slack_alerts")
    writer = MemoryWriter({"text": PropertyDescription("text", ValueKind.TEXT)})
    run_sync(journey.warehouse, slack, writer=writer)
    run_sync(journey.warehouse, slack, writer=writer)
    assert writer.sent == ["run:hubspot_company__journey:r1"]


def test_an_alert_fails_without_its_credential_and_no_alert_needs_none(
    journey: Journey, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLACK_WEBHOOK_URL", "")
    get_settings.cache_clear()
    for name in ("slack_alerts", "email_alerts"):
        assert run_sync(journey.warehouse, find_declaration(name)).status is RunStatus.DONE
    failed_run(journey, "r1", "hubspot_company__journey")
    result = run_sync(journey.warehouse, find_declaration("slack_alerts"))
    get_settings.cache_clear()
    assert result.status is RunStatus.FAILED
    assert "SLACK_WEBHOOK_URL is not set" in str(result.message)


def test_recipients_are_written_to_and_a_wrong_one_stops_the_build(journey: Journey) -> None:
    failed_run(journey, "r1", "hubspot_company__journey")
    journey.use_reference(
        alert_recipients="email,topics\nAsh@example.com,run; parked\nelm@example.com,review\n"
    )
    assert journey.build(select=["alert_recipients"]).failures == []
    (message,) = journey.rows("activation.sync_email_alerts")
    assert message["recipient"] == "ash@example.com"
    assert message["subject"] == "hubspot_company__journey failed"
    assert "ash" not in message["message_id"]

    assert journey.project is not None
    (journey.project / "seeds/reference/alert_recipients.csv").write_text(
        "email,topics\nnobody,*\nash@example.com,runs\nASH@example.com,*\n"
    )
    (failure,) = journey.build(select=["alert_recipients"]).failures
    assert "line 2: email is not an address" in failure.message
    assert "line 3: topics is 'runs'" in failure.message
    assert "line 4: the row repeats an email" in failure.message
    assert len(journey.rows("activation.sync_email_alerts")) == 1


def test_a_view_that_is_built_again_keeps_the_views_on_it(journey: Journey) -> None:
    failed_run(journey, "r1", "hubspot_company__journey")
    parents = ["stg_ops__sync_runs", "alert_recipients", "stg_reference__alert_recipients"]
    assert journey.build(select=parents, full_refresh=True).failures == []
    assert len(told(journey)) == 1
    assert journey.rows("activation.sync_email_alerts") == []


def test_a_view_with_other_columns_is_made_anew_with_those_on_it(journey: Journey) -> None:
    ledger(journey, "drop view staging.stg_ops__sync_runs cascade")
    ledger(journey, "create view staging.stg_ops__sync_runs as select 1 as run_id")
    ledger(journey, "create view public.bi as select run_id from staging.stg_ops__sync_runs")
    after = "stg_ops__sync_runs+"
    selected = [f"{after},path:models/marts/activation_health", f"{after},+sync_email_alerts"]
    assert journey.build(select=[*selected, "sync_slack_alerts"]).failures == []
    failed_run(journey, "r1", "hubspot_company__journey")
    assert len(told(journey)) == 1
    assert journey.scalar("select to_regclass('public.bi')") is None


def test_every_column_of_the_ledger_is_described(journey: Journey) -> None:
    sources = [each for each in parse_project(Path.cwd()).sources.values() if each.schema == "ops"]
    with journey.warehouse.connect() as connection:
        for source in sources:
            found = connection.execute(
                "select column_name::text from information_schema.columns "
                "where table_schema = 'ops' and table_name = %s",
                [source.name],
            ).fetchall()
            assert {name for (name,) in found} == set(source.columns), source.name
            assert all(column.description for column in source.columns.values())
