"""`millrace sync`: what the warehouse decided, written to the systems that people use."""

from __future__ import annotations

from typing import Annotated

import typer

from activation.declaration import find_declaration, load_declarations
from activation.engine import retry_failed, run_sync
from activation.errors import ExitCode
from activation.plan import Plan, plan_sync
from activation.result import OnProgress, Progress, SyncResult
from activation.status import sync_status
from cli.output import ProgressLine, console, print_json, progress
from warehouse.database import open_warehouse

app = typer.Typer(
    help="Write decisions to their destinations. Exit codes: 0 done or nothing to do, 1 failed, "
    "2 wrong use, 3 stopped by a guard, 4 finished with failed rows.",
    no_args_is_help=True,
)

Name = Annotated[str, typer.Argument(help="Name of the sync (millrace sync list).")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Full = Annotated[bool, typer.Option("--full", help="Every row, whatever was acknowledged before.")]
Yes = Annotated[bool, typer.Option("--yes", help="Go on where a guard would stop and ask.")]
Allow = Annotated[
    list[str] | None, typer.Option("--allow", help="Only these keys (may be repeated).")
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
            f"{len(declaration.fields)} fields, {declaration.policy}",
            markup=False,
        )


@app.command(epilog="Example: millrace sync plan hubspot_company__journey --values")
def plan(
    name: Name,
    full: Full = False,
    allow: Allow = None,
    values: Annotated[bool, typer.Option("--values", help="Show the values too.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show what a run would write now; nothing is sent or recorded."""
    found = plan_sync(open_warehouse(), find_declaration(name), allow=allow, full=full)
    if as_json:
        print_json(
            {
                "counts": found.counts,
                "keys": [row.key for row in found.rows],
                "errors": found.model_errors,
            }
        )
    else:
        show_plan(found, values=values)
        for sentence in found.model_errors:
            console.print(f"  {sentence}", style="red", markup=False)
    if found.model_errors:
        raise typer.Exit(ExitCode.FAILED)


@app.command(epilog="Example: millrace sync run hubspot_company__journey --dry-run")
def run(
    name: Name,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Plan and judge, send nothing.")
    ] = False,
    allow: Allow = None,
    full: Full = False,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Write what changed since the destination last acknowledged it."""
    with progress(f"Writing {name}") as line:
        result = run_sync(
            open_warehouse(),
            find_declaration(name),
            dry_run=dry_run,
            allow=allow,
            full=full,
            yes=yes,
            on_progress=_drawing(line),
        )
    _finish(result, as_json=as_json)


@app.command(epilog="Example: millrace sync retry hubspot_company__journey")
def retry(name: Name, allow: Allow = None, yes: Yes = False, as_json: AsJson = False) -> None:
    """Send only the rows that failed before, parked ones included."""
    with progress(f"Retrying {name}") as line:
        result = retry_failed(
            open_warehouse(),
            find_declaration(name),
            allow=allow,
            yes=yes,
            on_progress=_drawing(line),
        )
    _finish(result, as_json=as_json)


@app.command(epilog="Example: millrace sync status")
def status(as_json: AsJson = False) -> None:
    """Show where each sync stands: its last run, and the rows that failed or are parked."""
    found = sync_status(open_warehouse(), load_declarations().values())
    if as_json:
        print_json(found)
        return
    for each in found:
        last = each.last_run
        console.print(
            f"{each.declaration.name}: {each.acknowledged:,} acknowledged, {each.failed} failed, "
            f"{each.parked} parked, {each.skipped} skipped; "
            + (
                "never ran"
                if last is None
                else f"last run {last.started_at:%Y-%m-%d %H:%M} {last.status}"
            ),
            markup=False,
        )
        for reason, rows in each.skipped_by_reason.items():
            console.print(f"  {rows:,} skipped: {reason}", markup=False)
        for row in each.outstanding:
            console.print(f"  {row.status} {row.key}: {row.message}", markup=False)


def show_plan(found: Plan, *, values: bool) -> None:
    """Print counts, keys and, when asked, values of a plan."""
    counts = found.counts
    console.print(
        f"{found.sync}: {counts.inserts} to insert, {counts.updates} to update, "
        f"{counts.unchanged} unchanged, {counts.skipped} skipped, {counts.parked} parked",
        markup=False,
    )
    if found.doubtful:
        console.print(
            f"  {found.doubtful} of them are read back first, and sent only where a value is "
            "missing: what their records hold is not known.",
            markup=False,
        )
    for row in found.rows:
        told = ", ".join(
            f"{field} = {value}" if values else field for field, value in row.changes.items()
        )
        console.print(f"  {row.operation} {row.key}: {told}", markup=False)


def show_result(result: SyncResult) -> None:
    """Print what a run did."""
    confirmed = f"{result.confirmed} confirmed, " if result.confirmed else ""
    console.print(
        f"{result.sync}: {result.written} written, {confirmed}{result.failed} failed, "
        f"{result.skipped} skipped, {result.counts.unchanged} unchanged; "
        f"{result.usage.calls} calls, {result.usage.write_calls} of them writing",
        markup=False,
    )
    for field, options in result.options_added.items():
        console.print(f"  {len(options)} options added to {field}", markup=False)
    if result.message:
        console.print(f"  {result.message}", markup=False)


def _finish(result: SyncResult, *, as_json: bool) -> None:
    if as_json:
        print_json(result)
    else:
        if result.plan is not None:
            show_plan(result.plan, values=False)
        show_result(result)
    raise typer.Exit(result.exit_code)


def _drawing(line: ProgressLine) -> OnProgress:
    def draw(step: Progress) -> None:
        line(step.settled, step.total)

    return draw
