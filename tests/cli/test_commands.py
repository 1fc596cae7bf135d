"""The command `millrace` as a person or a script meets it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from psycopg.conninfo import conninfo_to_dict
from typer.testing import CliRunner

from cli.main import app
from warehouse.database import Warehouse

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def millrace(warehouse: Warehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run `millrace` on a fresh warehouse; gives the finished process."""
    monkeypatch.setenv("MILLRACE_DATABASE_URL", warehouse.url)
    monkeypatch.setenv("MILLRACE_HOME", str(tmp_path / "home"))
    for name in ("HUBSPOT_ACCESS_TOKEN", "PIPEDRIVE_API_TOKEN", "EVENTS_PATH"):
        monkeypatch.setenv(name, "")

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "cli.main", *arguments],
            capture_output=True,
            text=True,
            check=False,
        )

    return run


@pytest.mark.parametrize(
    "command",
    [
        "build",
        "demo",
        "doctor",
        *(f"db {name}" for name in ("start", "stop", "status", "url", "psql", "reset")),
        *(f"db {name}" for name in ("backup", "restore")),
        *(f"ingest {name}" for name in ("events", "hubspot", "pipedrive", "yobi", "check", "all")),
        "backfill pipedrive",
        *(f"probe {name}" for name in ("pipedrive", "yobi")),
        *(f"sync {name}" for name in ("list", "plan", "run", "retry", "status", "setup")),
    ],
)
def test_every_command_has_help_with_an_example(command: str) -> None:
    done = CliRunner().invoke(app, [*command.split(), "--help"])
    assert done.exit_code == 0
    assert "Example: " in done.output


def test_the_url_is_one_line_for_libpq(millrace: Run, warehouse: Warehouse) -> None:
    done = millrace("db", "url")
    assert done.returncode == 0
    assert done.stdout == f"{warehouse.url}\n"


def test_events_land_and_the_summary_is_for_people_or_machines(
    millrace: Run, tmp_path: Path
) -> None:
    good = {
        "event_id": "e1",
        "event_type": "company_created",
        "occurred_at": "2026-03-01T00:00:00Z",
        "data": {"company_id": "c1", "name": "Mill"},
    }
    path = tmp_path / "events.jsonl"
    path.write_text(f"{json.dumps(good)}\nnonsense\n")
    told = millrace("ingest", "events", "--path", str(path))
    assert told.returncode == 0
    assert "2 events read: 1 landed, 0 known already, 1 rejected" in told.stdout
    assert f"{path}:2" in told.stdout
    counted = json.loads(millrace("ingest", "events", "--path", str(path), "--json").stdout)
    assert (counted["read"], counted["accepted"], counted["duplicates"], counted["rejected"]) == (
        2,
        0,
        1,
        1,
    )


@pytest.mark.parametrize(
    ("arguments", "exit_code", "sentence"),
    [
        (["ingest", "events"], 1, "Say where the events are"),
        (["ingest", "events", "--path", "/nowhere/*.jsonl"], 1, "/nowhere"),
        (["ingest", "hubspot"], 1, "HUBSPOT_ACCESS_TOKEN is not set"),
        (["ingest", "yobi"], 1, "YOBI_EMAIL, YOBI_PASSWORD, YOBI_BASE_URL are not set"),
        (["probe", "yobi"], 1, "YOBI_EMAIL, YOBI_PASSWORD, YOBI_BASE_URL are not set"),
        (["sync", "run", "nonsense"], 2, "nonsense"),
        (["sync", "run", "hubspot_company__journey"], 1, "sync_hubspot_company__journey"),
        (["build", "--as-of", "yesterday"], 1, "which is not an RFC 3339 instant"),
    ],
)
def test_an_error_is_one_sentence_without_a_traceback(
    millrace: Run, arguments: list[str], exit_code: int, sentence: str
) -> None:
    done = millrace(*arguments)
    assert done.returncode == exit_code
    assert sentence in done.stderr + done.stdout
    assert "Traceback" not in done.stderr + done.stdout


def test_debug_shows_the_traceback(millrace: Run) -> None:
    assert "Traceback" in millrace("--debug", "ingest", "events").stderr


def test_a_reset_empties_the_warehouse(millrace: Run, warehouse: Warehouse) -> None:
    with warehouse.connect() as connection:
        connection.execute(
            "insert into raw_events.conflicting_duplicates values ('e', 'h', 'g', now())"
        )
    assert millrace("db", "reset", "--yes").returncode == 0
    with warehouse.connect() as connection:
        row = connection.execute(
            "select count(*) from raw_events.conflicting_duplicates"
        ).fetchone()
    assert row == (0,)


def test_a_backup_is_put_back_after_asking(
    millrace: Run, warehouse: Warehouse, tmp_path: Path
) -> None:
    def rows() -> object:
        with warehouse.connect() as connection:
            return connection.execute(
                "select count(*) from raw_events.conflicting_duplicates"
            ).fetchone()

    assert millrace("db", "backup").returncode == 0
    (dated,) = (tmp_path / "home" / "backups").iterdir()
    assert dated.suffix == ".backup"
    named = tmp_path / "mine"
    told = json.loads(millrace("db", "backup", str(named), "--json").stdout)
    assert (told["path"], told["size_bytes"]) == (str(named), named.stat().st_size)
    assert told["manifest"]["server_version"]
    with warehouse.connect() as connection:
        connection.execute(
            "insert into raw_events.conflicting_duplicates values ('e', 'h', 'g', now())"
        )
    asked = millrace("db", "restore", str(named))
    assert (asked.returncode, rows()) == (1, (1,)), "nobody said yes"
    done = millrace("db", "restore", str(named), "--yes")
    assert (done.returncode, rows()) == (0, (0,)), done.stderr
    assert "as it was at" in done.stdout
    assert warehouse.url not in done.stdout + done.stderr


def test_what_is_no_backup_is_one_sentence(millrace: Run, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("nothing of the kind")
    done = millrace("db", "restore", str(tmp_path / "notes.txt"), "--yes")
    assert done.returncode == 1
    assert "is not a backup" in done.stderr
    assert "Traceback" not in done.stderr


def test_who_reads_on_a_server_of_ones_own_is_its_administrators_business(millrace: Run) -> None:
    done = millrace("db", "url", "--read-only")
    assert (done.returncode, done.stdout) == (1, "")
    assert "grant millrace_reader to <login>" in done.stderr


def test_psql_does_not_show_the_password_to_the_whole_machine(
    millrace: Run, warehouse: Warehouse
) -> None:
    done = millrace("db", "psql", "-c", r"\! ps -ww -o args= -p $PPID", "-c", "select 40 + 2")
    assert "bin/psql" in done.stdout
    assert "42" in done.stdout
    assert str(conninfo_to_dict(warehouse.url)["password"]) not in done.stdout


def test_a_server_of_ones_own_is_not_ours_to_stop(millrace: Run) -> None:
    done = millrace("db", "stop")
    assert done.returncode == 2
    assert "not ours to stop" in done.stderr
