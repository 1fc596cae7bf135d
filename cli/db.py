"""`millrace db`: the database, embedded or any other."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Annotated

import typer

from cli.output import console, print_json, progress
from warehouse.backup import default_path, take_backup
from warehouse.database import (
    embedded_server,
    locate_warehouse,
    open_warehouse,
    start_warehouse,
)
from warehouse.programs import target_of
from warehouse.readers import reader_url
from warehouse.restore import checked_manifest, restore_backup
from warehouse.server import programs_folder
from warehouse.settings import get_settings

app = typer.Typer(
    help="The database: embedded, or any by MILLRACE_DATABASE_URL.", no_args_is_help=True
)


@app.command(epilog="Example: millrace db start")
def start() -> None:
    """Start the embedded server (created at the first start) and bring the schema up to date."""
    warehouse = open_warehouse()
    console.print(f"The database is ready: {warehouse.safe_url}", markup=False)


@app.command(epilog="Example: millrace db stop")
def stop() -> None:
    """Stop the embedded server; nothing committed is lost."""
    settings = get_settings()
    if embedded_server(settings).stop():
        console.print("The embedded server is stopped.")
    elif settings.database_url is None:
        console.print("It was not running.")
    else:
        raise typer.BadParameter(
            "the embedded server does not run, and the one of MILLRACE_DATABASE_URL is "
            "not ours to stop.",
            param_hint="db stop",
        )


@app.command(epilog="Example: millrace db status --json")
def status(as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """Say where the database is and whether it answers; exit code 1 when it does not."""
    settings = get_settings()
    if settings.database_url is None:
        server = embedded_server(settings).status()
        if not server.is_running:
            if as_json:
                print_json({"kind": "embedded", "is_running": False})
            else:
                console.print("The embedded server is not running: millrace db start")
            raise typer.Exit(1)
    warehouse = locate_warehouse(settings)
    with warehouse.connect() as connection:
        ((version, size),) = connection.execute(
            "select current_setting('server_version'), pg_database_size(current_database())"
        )
    kind = "embedded" if settings.database_url is None else "external"
    if as_json:
        print_json(
            {
                "kind": kind,
                "is_running": True,
                "url": warehouse.safe_url,
                "version": version,
                "size_bytes": size,
            }
        )
    else:
        console.print(
            f"{kind} PostgreSQL {version} at {warehouse.safe_url}, {size / 2**20:,.0f} MB",
            markup=False,
        )


@app.command(epilog='Example: psql "$(millrace db url)"')
def url(
    read_only: Annotated[
        bool, typer.Option("--read-only", help="For BI tools: the role that only reads.")
    ] = False,
) -> None:
    """Print the database's libpq URL, password included, on one line."""
    typer.echo(reader_url(get_settings()) if read_only else locate_warehouse().url)


@app.command(epilog='Example: millrace db psql -c "select * from journey.company_journey limit 5"')
def psql(
    commands: Annotated[
        list[str] | None, typer.Option("-c", help="Run this SQL and end (may be repeated).")
    ] = None,
) -> None:
    """Open psql on the database."""
    warehouse = locate_warehouse()
    target = target_of(warehouse)
    arguments = [str(programs_folder() / "psql"), target.conninfo]
    if commands:
        arguments += ["-X", "-v", "ON_ERROR_STOP=1"]
        arguments += [part for command in commands for part in ("-c", command)]
    environment = {**target.environment, "PAGER": os.environ.get("PAGER", "")}
    raise typer.Exit(subprocess.run(arguments, env=environment, check=False).returncode)


@app.command(epilog="Example: millrace db backup")
def backup(
    path: Annotated[
        Path | None,
        typer.Argument(help="New file, or a folder for a dated one; default: MILLRACE_HOME."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Write all that Millrace keeps in the database to one file; work may go on meanwhile."""
    settings = get_settings()
    folder = settings.home / "backups" if path is None else path
    place = default_path(folder) if path is None or path.is_dir() else path
    warehouse = start_warehouse(settings)
    with progress("Backing up tables") as line:
        taken = take_backup(warehouse, place, on_table=line)
    if as_json:
        print_json(taken)
    else:
        console.print(
            f"{taken.path}: {taken.manifest.tables} tables, {taken.size_bytes / 2**20:,.1f} MB, "
            f"as of {taken.manifest.taken_at:%Y-%m-%d %H:%M:%S} UTC",
            markup=False,
        )


@app.command(
    epilog="Example: millrace db restore .millrace/backups/millrace-2026-03-31T060000Z.backup"
)
def restore(
    path: Annotated[Path, typer.Argument(help="A file that millrace db backup made.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    cascade: Annotated[
        bool,
        typer.Option("--cascade", help="Other people's views on our tables may be removed."),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Put a backup back, all of it or nothing: what came after it is gone from the database."""
    manifest = checked_manifest(path)
    warehouse = start_warehouse()
    if not yes:
        typer.confirm(
            f"Replace all of Millrace's data and state in {warehouse.safe_url} by what it was at "
            f"{manifest.taken_at:%Y-%m-%d %H:%M:%S} UTC?",
            abort=True,
        )
    with progress("Putting tables back") as line:
        restored = restore_backup(warehouse, path, cascade=cascade, on_table=line)
    if as_json:
        print_json(restored)
        return
    console.print(
        f"The database is as it was at {manifest.taken_at:%Y-%m-%d %H:%M:%S} UTC: "
        f"{warehouse.safe_url}",
        markup=False,
    )
    for name in restored.removed:
        console.print(f"  removed: {name}", markup=False)
    for role in restored.roles_left_out:
        console.print(f"  not granted again: the rights of {role}, not a role here", markup=False)
    console.print(
        "  Land what has come since (millrace ingest) and build; then syncs send only what the "
        "destinations lack.",
        markup=False,
    )


@app.command(epilog="Example: millrace db reset --yes")
def reset(
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Remove everything that Millrace keeps in the database, the change log included."""
    warehouse = open_warehouse()
    if not yes:
        typer.confirm(
            f"Remove all of Millrace's data and state from {warehouse.safe_url}?", abort=True
        )
    warehouse.reset()
    console.print(f"The database is empty again: {warehouse.safe_url}", markup=False)
