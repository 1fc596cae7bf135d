"""`millrace doctor`: each check fails where it should, and says what to do."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from types import SimpleNamespace

import httpx
import pytest
from typer.testing import CliRunner

from activation.declaration import find_declaration
from activation.diagnosis import (
    diagnose_email,
    diagnose_hubspot,
    diagnose_slack,
    diagnose_syncs,
)
from cli.doctor import diagnose
from cli.main import app
from simulators.smtp import MailSimulator, Security, make_certificate
from warehouse.build_lock import build_lock
from warehouse.database import Warehouse
from warehouse.diagnosis import (
    Finding,
    Verdict,
    clock_finding,
    diagnose_installation,
    diagnose_warehouse,
)
from warehouse.locks import WarehouseLock
from warehouse.profile import EXAMPLE, write_profile
from warehouse.settings import Settings, get_settings

TOKEN = "pat-secret-4711"
JOURNEY = find_declaration("hubspot_company__journey")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project's root with nothing but the example profile."""
    (tmp_path / "project").mkdir()
    shutil.copy(EXAMPLE, tmp_path / "project")
    return tmp_path / "project"


@pytest.fixture
def settings(
    warehouse: Warehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Settings]:
    """Settings of a fresh warehouse; no source is set up."""
    monkeypatch.setenv("MILLRACE_DATABASE_URL", warehouse.url)
    monkeypatch.setenv("MILLRACE_HOME", str(tmp_path / "home"))
    for name in (
        "HUBSPOT_ACCESS_TOKEN",
        "EVENTS_PATH",
        "HUBSPOT_BASE_URL",
        "SLACK_WEBHOOK_URL",
        "SMTP_HOST",
    ):
        monkeypatch.setenv(name, "")
    get_settings.cache_clear()
    yield get_settings()
    get_settings.cache_clear()


def the(check: str, findings: Iterable[Finding]) -> tuple[Verdict, str]:
    """Verdict and sentence of one check."""
    (found,) = [each for each in findings if each.check == check]
    return found.verdict, found.sentence


def test_a_wrong_python_is_told(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert the("python", diagnose_installation(project))[0] is Verdict.OK
    monkeypatch.setattr("warehouse.diagnosis.PYTHON", (3, 99))
    verdict, sentence = the("python", diagnose_installation(project))
    assert verdict is Verdict.FAILED
    assert "make setup PYTHON=python3.99" in sentence


def test_packages_that_are_not_those_of_the_lock_are_named(project: Path) -> None:
    assert the("packages", diagnose_installation(project))[0] is Verdict.WARNING
    (project / "requirements.lock").write_text(
        "httpx==0.0.1 \\\n    --hash=sha256:00\n    # via httpx==9\nno-such-package[extra]==2\n"
    )
    verdict, sentence = the("packages", diagnose_installation(project))
    assert verdict is Verdict.FAILED
    assert sentence.startswith("2 packages")
    assert "httpx 0.0.1 (" in sentence
    assert "no-such-package 2 (missing)" in sentence
    assert "make setup" in sentence
    assert the("packages", diagnose_installation(Path.cwd()))[0] is Verdict.OK


@pytest.mark.usefixtures("settings")
def test_a_wrong_setting_is_named_without_its_value(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, sentence = the("settings", diagnose(project))
    assert "MILLRACE_DATABASE_URL, MILLRACE_HOME" in sentence
    for name, value in [
        ("HUBSPOT_BASE_URL", "ftp://secret.example.com"),
        ("MILLRACE_DATABASE_URL", "mysql://ann:secret@db.example.com/gtm"),
    ]:
        with monkeypatch.context() as patch:
            patch.setenv(name, value)
            get_settings.cache_clear()
            verdict, sentence = the("settings", diagnose(project))
        assert (verdict, name in sentence) == (Verdict.FAILED, True)
        assert "secret" not in sentence


def test_a_database_that_does_not_answer_is_told_without_the_password(
    project: Path, tmp_path: Path
) -> None:
    gone = Settings(
        MILLRACE_DATABASE_URL="postgresql://ann:secret@127.0.0.1:1/gtm", MILLRACE_HOME=tmp_path
    )
    verdict, sentence = the("database", diagnose_warehouse(gone, project))
    assert verdict is Verdict.FAILED
    assert "check MILLRACE_DATABASE_URL" in sentence
    assert "secret" not in sentence


def test_an_embedded_server_that_does_not_run_is_not_started(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MILLRACE_DATABASE_URL", "")
    home = tmp_path / "home"
    findings = list(diagnose_warehouse(Settings(MILLRACE_HOME=home), project))
    verdict, sentence = the("database", findings)
    assert (verdict, "millrace db start" in sentence) == (Verdict.FAILED, True)
    assert not home.exists()


def test_an_old_server_is_told(
    settings: Settings, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("warehouse.diagnosis.OLDEST_SERVER", 99)
    verdict, sentence = the("database", diagnose_warehouse(settings, project))
    assert verdict is Verdict.FAILED
    assert "needs 99 or later" in sentence


@pytest.mark.parametrize(
    ("change", "advice"),
    [
        ("update ops.schema_version set version_num = '0003'", "millrace db start"),
        ("drop table ops.schema_version", "millrace db start"),
        ("update ops.schema_version set version_num = '9999'", "update Millrace"),
    ],
)
def test_a_schema_of_another_revision_is_told(
    settings: Settings, project: Path, warehouse: Warehouse, change: str, advice: str
) -> None:
    assert the("schema", diagnose_warehouse(settings, project))[0] is Verdict.OK
    with warehouse.connect() as connection:
        connection.execute(change.encode())
    findings = list(diagnose_warehouse(settings, project))
    verdict, sentence = the("schema", findings)
    assert (verdict, advice in sentence) == (Verdict.FAILED, True)
    assert not [each for each in findings if each.check == "loads"]


def test_a_profile_of_another_database_is_told(
    settings: Settings, project: Path, warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    verdict, sentence = the("profile", diagnose_warehouse(settings, project))
    assert (verdict, "millrace db start" in sentence) == (Verdict.FAILED, True)
    monkeypatch.setenv("MILLRACE_DATABASE_URL", "")  # as where .env alone names the database
    write_profile(project, warehouse.url)
    assert the("profile", diagnose_warehouse(settings, project))[0] is Verdict.OK
    write_profile(project, "postgresql://ann:p@db.example.com/gtm")
    assert the("profile", diagnose_warehouse(settings, project))[0] is Verdict.FAILED
    monkeypatch.setenv("MILLRACE_DATABASE_URL", warehouse.url)
    assert the("profile", diagnose_warehouse(settings, project))[0] is Verdict.OK
    (project / "profiles.yml").write_text("millrace: {target: mine}\n")
    verdict, sentence = the("profile", diagnose_warehouse(settings, project))
    assert (verdict, "millrace db url" in sentence) == (Verdict.WARNING, True)


@pytest.mark.parametrize(
    ("free", "verdict", "advice"),
    [
        (2**20, Verdict.FAILED, "make room before the next build"),
        (2 * 2**30, Verdict.WARNING, "make room soon"),
        (2**40, Verdict.OK, "free"),
    ],
)
def test_a_full_disk_is_told(
    project: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    free: int,
    verdict: Verdict,
    advice: str,
) -> None:
    monkeypatch.setenv("MILLRACE_DATABASE_URL", "")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=free))
    findings = list(diagnose_warehouse(Settings(MILLRACE_HOME=tmp_path / "home"), project))
    for check in ("disk, home", "disk, database"):
        found, sentence = the(check, findings)
        assert (found, advice in sentence) == (verdict, True)


def test_the_reading_role_is_looked_for(
    settings: Settings, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert the("reader", diagnose_warehouse(settings, project))[0] is Verdict.OK
    monkeypatch.setattr("warehouse.diagnosis.READER", "nobody_reads")
    verdict, sentence = the("reader", diagnose_warehouse(settings, project))
    assert verdict is Verdict.WARNING
    assert "`create role nobody_reads nologin`" in sentence


@pytest.mark.parametrize("seconds", [-90, 90])
def test_a_clock_that_is_wrong_is_told(seconds: int) -> None:
    now = datetime.now(UTC)
    late = clock_finding("clock", now + timedelta(seconds=seconds), now, now)
    assert (late.verdict, "90 seconds apart" in late.sentence) == (Verdict.FAILED, True)
    assert clock_finding("clock", now + timedelta(seconds=2), now, now).verdict is Verdict.OK
    asked = now - timedelta(seconds=90)
    assert clock_finding("clock", asked, asked, now).verdict is Verdict.OK


def test_the_database_clock_is_compared(settings: Settings, project: Path) -> None:
    assert the("clock, database", diagnose_warehouse(settings, project))[0] is Verdict.OK


def hubspot(status: int, path: str = "", *, minutes_ahead: int = 0) -> httpx.MockTransport:
    """A HubSpot that answers so to paths that contain `path`, and well to others."""

    def answer(request: httpx.Request) -> httpx.Response:
        date = datetime.now(UTC) + timedelta(minutes=minutes_ahead)
        return httpx.Response(
            status if path in request.url.path else 200,
            json={"results": [], "message": "no"},
            headers={"Date": format_datetime(date, usegmt=True)},
        )

    return httpx.MockTransport(answer)


@pytest.mark.parametrize(
    ("transport", "verdict", "told"),
    [
        (hubspot(200), Verdict.OK, "accepts the token"),
        (hubspot(401), Verdict.FAILED, "put a valid one into HUBSPOT_ACCESS_TOKEN"),
        (hubspot(403, "/owners"), Verdict.FAILED, "lacks crm.objects.owners.read: give"),
        (
            hubspot(403, "/objects/companies"),
            Verdict.FAILED,
            "lacks crm.objects.companies.read: give",
        ),
        (hubspot(503), Verdict.FAILED, "HubSpot could not be used"),
        (hubspot(404), Verdict.FAILED, "check HUBSPOT_BASE_URL"),
    ],
)
def test_hubspots_token_and_scopes_are_tried(
    transport: httpx.MockTransport, verdict: Verdict, told: str
) -> None:
    settings = Settings(HUBSPOT_ACCESS_TOKEN=TOKEN)
    findings = list(diagnose_hubspot(settings, transport=transport))
    found, sentence = the("hubspot", findings)
    assert (found, told in sentence) == (verdict, True), sentence
    assert TOKEN not in repr(findings)


def test_a_token_that_is_none_is_told_without_being_quoted() -> None:
    settings = Settings(HUBSPOT_ACCESS_TOKEN="two words")
    verdict, sentence = the("hubspot", diagnose_hubspot(settings))
    assert (verdict, "Copy it again" in sentence) == (Verdict.FAILED, True)
    assert "two words" not in sentence


def test_hubspots_clock_is_compared() -> None:
    settings = Settings(HUBSPOT_ACCESS_TOKEN=TOKEN)
    right = diagnose_hubspot(settings, transport=hubspot(200))
    assert the("clock, hubspot", right)[0] is Verdict.OK
    wrong = diagnose_hubspot(settings, transport=hubspot(200, minutes_ahead=10))
    assert the("clock, hubspot", wrong)[0] is Verdict.FAILED


def test_slacks_webhook_is_looked_at_and_nothing_is_posted() -> None:
    path = "/services/T0/B0/quaintOtter"
    right = diagnose_slack(Settings(SLACK_WEBHOOK_URL=f"https://hooks.slack.com{path}"))
    assert (right.verdict, "only a message" in right.sentence) == (Verdict.OK, True)
    wrong = diagnose_slack(Settings(SLACK_WEBHOOK_URL=path))
    assert (wrong.verdict, "copy it again" in wrong.sentence) == (Verdict.FAILED, True)
    assert "quaintOtter" not in repr([right, wrong])


@pytest.mark.parametrize(
    ("security", "login", "changes", "verdict", "told"),
    [
        (Security.TLS, True, {}, Verdict.OK, "answers, encrypted, and accepts the login"),
        (Security.STARTTLS, True, {}, Verdict.OK, "answers, encrypted, and accepts the login"),
        (Security.NONE, False, {}, Verdict.OK, "answers and asks for no login"),
        (Security.NONE, True, {}, Verdict.WARNING, "set SMTP_SECURITY to starttls or tls"),
        (Security.TLS, True, {"SMTP_PASSWORD": "wrong"}, Verdict.FAILED, "SMTP_PASSWORD"),
        (Security.NONE, False, {"SMTP_SECURITY": "starttls"}, Verdict.FAILED, "SMTP_SECURITY"),
        (Security.NONE, False, {"SMTP_FROM": None}, Verdict.FAILED, "SMTP_FROM is not set"),
        (Security.NONE, False, {"SMTP_PORT": "1"}, Verdict.FAILED, "check SMTP_HOST and SMTP_PORT"),
    ],
)
def test_the_mail_server_is_tried_and_handed_nothing(
    security: Security,
    changes: dict[str, str | None],
    verdict: Verdict,
    told: str,
    *,
    login: bool,
) -> None:
    certificate = make_certificate()
    simulator = MailSimulator(
        security=security,
        certificate=certificate.server,
        login=("millrace", "quaint-otter") if login else None,
    )
    with simulator.serving() as place:
        values = {
            "SMTP_HOST": place.host,
            "SMTP_PORT": str(place.port),
            "SMTP_SECURITY": security.value,
            "SMTP_FROM": "millrace@example.com",
            "SMTP_USERNAME": "millrace" if login else None,
            "SMTP_PASSWORD": "quaint-otter" if login else None,
        }
        settings = Settings.model_validate({**values, **changes})
        found = diagnose_email(settings, tls=certificate.client)
    assert (found.verdict, told in found.sentence) == (verdict, True), found.sentence
    assert "quaint-otter" not in repr(found)
    assert simulator.mailbox.handed_over == 0


@pytest.mark.usefixtures("settings")
def test_sources_that_are_not_set_up_or_not_there_are_told(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    findings = list(diagnose(project))
    assert the("hubspot", findings)[0] is Verdict.WARNING
    assert the("slack", findings)[0] is Verdict.WARNING
    assert the("email", findings)[0] is Verdict.WARNING
    assert "EVENTS_PATH is not set" in the("events", findings)[1]
    monkeypatch.setenv("EVENTS_PATH", str(tmp_path / "nowhere"))
    get_settings.cache_clear()
    verdict, sentence = the("events", diagnose(project))
    assert (verdict, "There are no event files" in sentence) == (Verdict.FAILED, True)
    (tmp_path / "nowhere").mkdir()
    (tmp_path / "nowhere" / "a.jsonl").touch()
    assert the("events", diagnose(project))[0] is Verdict.OK


def test_the_last_load_of_each_source_is_told(
    settings: Settings, project: Path, warehouse: Warehouse
) -> None:
    verdict, sentence = the("loads", diagnose_warehouse(settings, project))
    assert (verdict, "millrace ingest" in sentence) == (Verdict.WARNING, True)
    with warehouse.connect() as connection:
        connection.execute(
            "insert into ops.load_ledger (source, table_name, place, rows_read, rows_accepted, "
            "rows_rejected, rows_duplicate, started_at, finished_at) values "
            "('events', 't', 'p', 0, 0, 0, 0, '2026-03-01Z', '2026-03-01 10:00Z'), "
            "('events', 't', 'p', 0, 0, 0, 0, '2026-03-02Z', '2026-03-02 10:00Z')"
        )
    verdict, sentence = the("loads", diagnose_warehouse(settings, project))
    assert (verdict, sentence) == (Verdict.OK, "Last landed (UTC): events 2026-03-02 10:00.")


@pytest.mark.usefixtures("settings")
def test_a_build_that_failed_is_told(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DBT_TARGET_PATH", raising=False)
    assert "millrace build" in the("build", diagnose(project))[1]
    (project / "target").mkdir()

    def built(*statuses: str) -> tuple[Verdict, str]:
        (project / "target" / "run_results.json").write_text(
            json.dumps(
                {
                    "metadata": {"generated_at": "2026-03-31T06:00:00.123Z"},
                    "results": [{"status": status} for status in statuses],
                }
            )
        )
        return the("build", diagnose(project))

    assert built("success", "pass")[0] is Verdict.OK
    verdict, sentence = built("success", "fail", "error")
    assert verdict is Verdict.WARNING
    assert "2026-03-31 06:00 UTC, and 2 of 3" in sentence


def test_refused_rows_of_a_sync_are_told(warehouse: Warehouse) -> None:
    check = f"sync {JOURNEY.name}"
    assert the(check, diagnose_syncs(warehouse, [JOURNEY])) == (Verdict.OK, "It never ran.")
    with warehouse.connect() as connection:
        connection.execute(
            "insert into ops.sync_run (run_id, sync, scope, status, started_at) "
            "values ('r', %s, 'changes', 'failed', '2026-03-01 10:00Z')",
            [JOURNEY.name],
        )
    verdict, sentence = the(check, diagnose_syncs(warehouse, [JOURNEY]))
    assert (verdict, "millrace sync run" in sentence) == (Verdict.WARNING, True)
    with warehouse.connect() as connection:
        connection.execute(
            "insert into ops.sync_outstanding (sync, key, status, run_id, first_seen_at, "
            "last_seen_at) values (%s, '1001', 'failed', 'r', now(), now())",
            [JOURNEY.name],
        )
    verdict, sentence = the(check, diagnose_syncs(warehouse, [JOURNEY]))
    assert verdict is Verdict.WARNING
    assert "1 rows were refused" in sentence
    assert "millrace sync retry" in sentence


def test_what_is_at_work_is_told(settings: Settings, project: Path, warehouse: Warehouse) -> None:
    assert "Nothing" in the("locks", diagnose_warehouse(settings, project))[1]
    with build_lock(warehouse), warehouse.connect() as other:
        other.execute("select pg_advisory_lock_shared(%s)", [WarehouseLock.DESTINATIONS.value])
        _, sentence = the("locks", diagnose_warehouse(settings, project))
        assert "a build" in sentence
        assert "a sync" in sentence
        other.execute("select pg_advisory_unlock_all()")
        other.execute("select pg_advisory_lock(%s)", [WarehouseLock.DESTINATIONS.value])
        assert "a restore" in the("locks", diagnose_warehouse(settings, project))[1]


@pytest.mark.usefixtures("settings")
def test_the_exit_code_is_that_of_the_worst_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "cli.doctor.diagnose", lambda _: [Finding("loads", Verdict.WARNING, "[b] Land something.")]
    )
    plain = CliRunner().invoke(app, ["doctor"])
    assert (plain.exit_code, plain.output) == (0, "warning: loads: [b] Land something.\n")
    monkeypatch.setattr(
        "cli.doctor.diagnose", lambda _: [Finding("disk", Verdict.FAILED, "Make room.")]
    )
    told = CliRunner().invoke(app, ["doctor", "--json"])
    assert told.exit_code == 1
    assert json.loads(told.output) == [
        {"check": "disk", "verdict": "failed", "sentence": "Make room."}
    ]
