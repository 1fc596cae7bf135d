"""`millrace build`: dbt build, with progress and a summary."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from cli.output import console, print_json, progress
from warehouse.database import open_warehouse

if TYPE_CHECKING:
    from decisions.dbt_build import BuildResult

EXAMPLE = "Example: millrace build --as-of 2026-03-31T06:00:00Z"


def build(
    select: Annotated[
        list[str] | None, typer.Option("--select", "-s", help="Only these models (dbt's syntax).")
    ] = None,
    as_of: Annotated[
        str | None, typer.Option(help="Decide as of this instant (RFC 3339); default: now.")
    ] = None,
    full_refresh: Annotated[
        bool, typer.Option("--full-refresh", help="Rebuild incremental models; no state is lost.")
    ] = False,
    unit_tests: Annotated[
        bool, typer.Option("--unit-tests", help="Run the models' unit tests too (for developers).")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Build and test the models (dbt build)."""
    # Imported late: dbt takes seconds, which no other command should pay.
    from decisions.dbt_build import build_models  # noqa: PLC0415

    warehouse = open_warehouse()
    with progress("Building models") as line:
        result = build_models(
            warehouse,
            as_of=as_of,
            select=select,
            full_refresh=full_refresh,
            unit_tests=unit_tests,
            on_progress=line,
        )
    if as_json:
        print_json(result)
    else:
        show(result)
    if not result.is_success:
        raise typer.Exit(1)


def show(result: BuildResult) -> None:
    """Print what was built and, sentence by sentence, what is to be looked at and what failed."""
    console.print(
        f"{result.models} models, {result.seeds} reference files and {result.tests} tests "
        f"passed in {result.seconds:.1f} s"
        + (f"; {result.skipped} skipped" if result.skipped else ""),
        markup=False,
    )
    for warning in result.warnings:
        console.print(f"WARNING {warning.name}: {warning.message}", style="yellow", markup=False)
    for failure in result.failures:
        console.print(f"FAILED {failure.name}: {failure.message}", style="red", markup=False)
