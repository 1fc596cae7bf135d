"""`millrace db`: the database, embedded or any other."""

from __future__ import annotations

import os
import subprocess
from typing import Annotated

import typer

from cli.output import console, print_json
from warehouse.database import child_environment, embedded_server, locate_warehouse, open_warehouse
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
def url() -> None:
    """Print the database's libpq URL, password included, on one line."""
    typer.echo(locate_warehouse().url)


@app.command(epilog='Example: millrace db psql -c "select * from journey.company_journey limit 5"')
def psql(
    commands: Annotated[
        list[str] | None, typer.Option("-c", help="Run this SQL and end (may be repeated).")
    ] = None,
) -> None:
    """Open psql on the database."""
    warehouse = locate_warehouse()
    arguments = [str(programs_folder() / "psql"), warehouse.url]
    if commands:
        arguments += ["-X", "-v", "ON_ERROR_STOP=1"]
        arguments += [part for command in commands for part in ("-c", command)]
    environment = {**child_environment(warehouse), "PAGER": os.environ.get("PAGER", "")}
    raise typer.Exit(subprocess.run(arguments, env=environment, check=False).returncode)


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
