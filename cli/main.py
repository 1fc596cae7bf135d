"""The command `millrace`, put together (spec/README.md, Commands)."""

from __future__ import annotations

import sys
from importlib.metadata import version
from typing import Annotated

import typer

from cli import backfill, build, db, demo, doctor, explain, ingest, mapping, probe, simulate, sync
from cli.output import report_error

app = typer.Typer(
    name="millrace",
    help="A go-to-market analytics warehouse: land, decide, write back.",
    epilog="Begin with: millrace demo",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(db.app, name="db")
app.add_typer(ingest.app, name="ingest")
app.add_typer(backfill.app, name="backfill")
app.add_typer(probe.app, name="probe")
app.add_typer(sync.app, name="sync")
app.add_typer(mapping.app, name="mapping")
app.add_typer(explain.app, name="explain")
app.add_typer(simulate.app, name="simulate")
app.command(name="build", epilog=build.EXAMPLE)(build.build)
app.command(name="demo", epilog=demo.EXAMPLE)(demo.demo)
app.command(name="doctor", epilog=doctor.EXAMPLE)(doctor.doctor)


@app.callback()
def options(
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,  # noqa: ARG001 - read by main(), which also sees errors of parsing
    show_version: Annotated[
        bool, typer.Option("--version", help="Print the version and end.", is_eager=True)
    ] = False,
) -> None:
    """A go-to-market analytics warehouse: land, decide, write back."""
    if show_version:
        typer.echo(version("millrace"))
        raise typer.Exit


def main() -> None:
    """Entry point: an error becomes one sentence and its exit code, 1 where it names none."""
    try:
        app()
    except Exception as error:  # the outermost edge: nothing above could handle it
        if "--debug" in sys.argv:
            raise
        report_error(error)
        sys.exit(getattr(error, "exit_code", 1))


if __name__ == "__main__":
    main()
