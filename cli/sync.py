"""`millrace sync`: what the warehouse decided, written to the systems that people use."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated

import typer

from activation.declaration import find_declaration, load_declarations
from activation.engine import mark_arrived, plan_sync, retry_failed, revert_run, run_sync, run_syncs
from activation.errors import ExitCode
from activation.result import OnProgress, Progress, SyncResult
from activation.status import run_rows, sync_status
from cli.output import ProgressLine, console, is_person, print_json, progress
from cli.sync_setup import EXAMPLE, setup
from cli.sync_shown import (
    plan_as_json,
    result_as_json,
    show_plan,
    show_result,
    show_rows,
    show_status,
)
from warehouse.database import open_warehouse

app = typer.Typer(
    help="Write decisions to their destinations. Exit codes: 0 done or nothing to do, 1 failed, "
    "2 wrong use, 3 stopped by a guard, 4 finished with failed rows.",
    no_args_is_help=True,
)


class Against(StrEnum):
    """What a plan is compared with."""

    ACKNOWLEDGED = "acknowledged"
    DESTINATION = "destination"


Name = Annotated[str, typer.Argument(help="Name of the sync (millrace sync list).")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Full = Annotated[bool, typer.Option("--full", help="Every row, whatever was acknowledged before.")]
Yes = Annotated[bool, typer.Option("--yes", help="Go on where a guard would stop and ask.")]
Values = Annotated[bool, typer.Option("--values", help="Show a plan's old and new values too.")]
Allow = Annotated[
    list[str] | None, typer.Option("--allow", help="Only these keys (may be repeated).")
]
AgainstWhat = Annotated[
    Against,
    typer.Option(
        "--against",
        help="Compare with what the destination acknowledged, or ask what it holds now.",
    ),
]


@app.command(name="list", epilog="Example: millrace sync list")
def list_syncs(as_json: AsJson = False) -> None:
    """List the declared syncs."""
    declarations = list(load_declarations().values())
    if as_json:
        print_json(declarations)
        return
    for declaration in declarations:
        console.print(
            f"{declaration.name}: {declaration.destination} {declaration.object}, "
            f"{declaration.mode}, {len(declaration.fields)} fields, {declaration.policy}",
            markup=False,
        )


@app.command(epilog="Example: millrace sync plan hubspot_company__journey --values --save")
def plan(
    name: Name,
    full: Full = False,
    against: AgainstWhat = Against.ACKNOWLEDGED,
    allow: Allow = None,
    values: Values = False,
    save: Annotated[
        bool, typer.Option("--save", help="Keep it, to be carried out as it is (run --plan ID).")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show what a run would write now; nothing is sent."""
    declaration = find_declaration(name)
    found = plan_sync(
        open_warehouse(),
        declaration,
        allow=allow,
        full=full,
        against_destination=against is Against.DESTINATION,
        save=save,
    )
    if as_json:
        print_json(plan_as_json(found, declaration, values=values))
    else:
        show_plan(found, declaration, values=values)
    if found.blocked is not None or found.model_errors:
        raise typer.Exit(ExitCode.FAILED)


@app.command(epilog="Example: millrace sync run hubspot_company__journey --dry-run")
def run(
    names: Annotated[
        list[str],
        typer.Argument(
            metavar="NAME...",
            help="Names of syncs; those of the same records share their requests.",
        ),
    ],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Plan and judge, send nothing.")
    ] = False,
    plan_id: Annotated[
        str | None,
        typer.Option("--plan", metavar="ID", help="Carry out a kept plan, unless things moved."),
    ] = None,
    against: AgainstWhat = Against.ACKNOWLEDGED,
    allow: Allow = None,
    full: Full = False,
    yes: Yes = False,
    values: Values = False,
    as_json: AsJson = False,
) -> None:
    """Write what changed since the destination last acknowledged it.

    A person at a terminal is shown the plan first and asked, unless an option says what to do.
    """
    if plan_id is not None and (full or allow or dry_run or against is Against.DESTINATION):
        raise typer.BadParameter("a kept plan runs as it is: leave the other options out")
    if len(names) > 1 and (dry_run or allow or plan_id is not None):
        raise typer.BadParameter("--dry-run, --allow and --plan take one sync at a time")
    declarations = [find_declaration(name) for name in names]
    warehouse = open_warehouse()
    asks = against is Against.DESTINATION
    if not (dry_run or plan_id is not None or yes or as_json) and is_person():
        _ask_first(
            [
                run_sync(
                    warehouse,
                    each,
                    dry_run=True,
                    allow=allow,
                    full=full,
                    against_destination=asks,
                )
                for each in declarations
            ],
            values=values,
        )
    with progress(f"Writing {', '.join(names)}") as line:
        if len(declarations) > 1:
            results = run_syncs(
                warehouse,
                declarations,
                full=full,
                against_destination=asks,
                yes=yes,
                on_progress=_drawing(line),
            )
        else:
            results = (
                run_sync(
                    warehouse,
                    declarations[0],
                    dry_run=dry_run,
                    allow=allow,
                    full=full,
                    against_destination=asks,
                    plan_id=plan_id,
                    yes=yes,
                    on_progress=_drawing(line),
                ),
            )
    _finish(results, values=values, as_json=as_json)


def _ask_first(rehearsed: Sequence[SyncResult], *, values: bool) -> None:
    """Show what a run would write, and end here unless there is something, and it is wanted."""
    would_write = any(each.counts.to_write for each in rehearsed)
    if not would_write or any(each.exit_code is not ExitCode.DONE for each in rehearsed):
        _finish(rehearsed, values=values, as_json=False)
    for each in rehearsed:
        if each.plan is not None:
            show_plan(each.plan, find_declaration(each.sync), values=values)
    if not typer.confirm("Write this now?", default=False):
        console.print("Nothing was written.")
        raise typer.Exit


@app.command(epilog="Example: millrace sync retry hubspot_company__journey")
def retry(
    name: Name,
    allow: Allow = None,
    arrived: Annotated[
        list[str] | None,
        typer.Option(
            "--arrived",
            metavar="KEY",
            help="Send nothing: this message, sent without an answer, has arrived (may be "
            "repeated).",
        ),
    ] = None,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Send only the rows that failed before, parked and put-back ones included."""
    if arrived:
        told = mark_arrived(open_warehouse(), find_declaration(name), arrived)
        _finish([told], values=False, as_json=as_json)
    with progress(f"Retrying {name}") as line:
        result = retry_failed(
            open_warehouse(),
            find_declaration(name),
            allow=allow,
            yes=yes,
            on_progress=_drawing(line),
        )
    _finish([result], values=False, as_json=as_json)


@app.command(epilog="Example: millrace sync revert 20261121T180000000000-ab12cd --dry-run")
def revert(
    run_id: Annotated[
        str, typer.Argument(metavar="RUN", help="Id of the run (millrace sync status).")
    ],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would be put back, send nothing.")
    ] = False,
    yes: Yes = False,
    values: Values = False,
    as_json: AsJson = False,
) -> None:
    """Put back the values that records held before a run, unless somebody changed them since."""
    with progress(f"Putting back {run_id}") as line:
        result = revert_run(
            open_warehouse(), run_id, dry_run=dry_run, yes=yes, on_progress=_drawing(line)
        )
    _finish([result], values=values, as_json=as_json)


@app.command(epilog="Example: millrace sync status")
def status(
    run_id: Annotated[
        str | None,
        typer.Option("--run", metavar="RUN", help="Show what became of each row of this run."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show where each sync stands: its last run, drift, and rows that failed or are parked."""
    if run_id is not None:
        rows = run_rows(open_warehouse(), run_id)
        if as_json:
            print_json(rows)
        else:
            show_rows(rows)
        return
    found = sync_status(open_warehouse(), load_declarations().values())
    if as_json:
        print_json(found)
        return
    for each in found:
        show_status(each)


def _finish(results: Sequence[SyncResult], *, values: bool, as_json: bool) -> None:
    """Show the results, and end with the worst exit code."""
    if as_json:
        told = [result_as_json(result) for result in results]
        print_json(told[0] if len(told) == 1 else told)
    else:
        for result in results:
            if result.plan is not None:
                show_plan(result.plan, find_declaration(result.sync), values=values)
            show_result(result)
    codes = {result.exit_code for result in results}
    worst = (ExitCode.FAILED, ExitCode.STOPPED, ExitCode.FAILED_ROWS)
    raise typer.Exit(next((code for code in worst if code in codes), ExitCode.DONE))


def _drawing(line: ProgressLine) -> OnProgress:
    def draw(step: Progress) -> None:
        line(step.settled, step.total)

    return draw


app.command(epilog=EXAMPLE)(setup)
