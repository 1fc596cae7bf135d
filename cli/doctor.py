"""`millrace doctor`: is everything in place, and if not, what to do."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from activation.declaration import load_declarations
from activation.diagnosis import (
    diagnose_email,
    diagnose_hubspot,
    diagnose_slack,
    diagnose_syncs,
)
from activation.errors import ActivationError
from cli.output import console, print_json
from ingestion.events.locations import EventFileError, find_event_files
from ingestion.pipedrive.diagnosis import diagnose_pipedrive
from warehouse.database import locate_warehouse
from warehouse.diagnosis import Finding, Verdict, diagnose_installation, diagnose_warehouse
from warehouse.settings import Settings, SettingsError, get_settings, parse_database_url

EXAMPLE = "Example: millrace doctor"

_STYLES = {Verdict.OK: "green", Verdict.WARNING: "yellow", Verdict.FAILED: "red"}


def doctor(as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """Check set-up, credentials, versions, disk and clocks, and say what to do; changes nothing."""
    findings = list(diagnose(Path.cwd()))
    if as_json:
        print_json(findings)
    else:
        show(findings)
    if any(finding.verdict is Verdict.FAILED for finding in findings):
        raise typer.Exit(1)


def diagnose(project: Path) -> Iterator[Finding]:
    """Every check, in the order in which one would put things right.

    Args:
        project: the project's root, which is also the working directory.
    """
    yield from diagnose_installation(project)
    try:
        settings = get_settings()
        if settings.database_url is not None:
            parse_database_url(settings.database_url.get_secret_value())
    except SettingsError as error:
        yield Finding("settings", Verdict.FAILED, f"{error} The other checks need this first.")
        return
    yield _settings(settings)
    database = list(diagnose_warehouse(settings, project))
    yield from database
    yield _events(settings)
    yield from diagnose_hubspot(settings)
    yield diagnose_pipedrive(settings)
    yield diagnose_slack(settings)
    yield diagnose_email(settings)
    yield _last_build(project)
    if any(each.check == "schema" and each.verdict is Verdict.OK for each in database):
        yield from _syncs(settings)


def show(findings: list[Finding]) -> None:
    """A table on a terminal, a line for each check elsewhere."""
    if not console.is_terminal:
        for each in findings:
            console.print(f"{each.verdict}: {each.check}: {each.sentence}", markup=False)
        return
    table = Table("", "Check", "", box=None, pad_edge=False)
    for each in findings:
        verdict = Text(each.verdict, style=_STYLES[each.verdict])
        table.add_row(verdict, each.check, Text(each.sentence))
    console.print(table, soft_wrap=False)


def _settings(settings: Settings) -> Finding:
    names = [
        field.alias
        for name, field in Settings.model_fields.items()
        if field.alias and name in settings.model_fields_set
    ]
    told = f"set are {', '.join(names)}" if names else "none is set"
    return Finding("settings", Verdict.OK, f"The settings are valid; {told}.")


def _events(settings: Settings) -> Finding:
    if settings.events_path is None:
        return Finding(
            "events", Verdict.WARNING, "EVENTS_PATH is not set: events land with --path alone."
        )
    try:
        files = find_event_files(settings.events_path)
    except EventFileError as error:
        return Finding("events", Verdict.FAILED, f"EVENTS_PATH: {error}")
    return Finding("events", Verdict.OK, f"EVENTS_PATH names {len(files)} event files.")


def _last_build(project: Path) -> Finding:
    """dbt's own record of its last run in this project, whoever started it."""
    folder = project / os.environ.get("DBT_TARGET_PATH", "target")
    try:
        said = json.loads((folder / "run_results.json").read_text(encoding="utf-8"))
        ended_at = str(said["metadata"]["generated_at"])[:16].replace("T", " ")
        statuses = [str(result["status"]) for result in said["results"]]
    except (OSError, ValueError, KeyError, TypeError):
        return Finding(
            "build", Verdict.WARNING, "dbt has built nothing here yet: run `millrace build`."
        )
    failed = sum(status in {"error", "fail", "runtime error"} for status in statuses)
    told = f"dbt's last run ended {ended_at} UTC"
    if failed:
        return Finding(
            "build",
            Verdict.WARNING,
            f"{told}, and {failed} of {len(statuses)} models and tests failed: `millrace build` "
            "says why.",
        )
    return Finding("build", Verdict.OK, f"{told}; {len(statuses)} models and tests passed.")


def _syncs(settings: Settings) -> Iterator[Finding]:
    try:
        declarations = load_declarations().values()
    except ActivationError as error:
        yield Finding("syncs", Verdict.FAILED, str(error))
        return
    yield from diagnose_syncs(locate_warehouse(settings), declarations)
