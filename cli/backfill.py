"""`millrace backfill`: what happened before Millrace looked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from cli.ingest import show_load
from cli.output import console, print_json, progress
from warehouse.database import open_warehouse
from warehouse.settings import get_settings

if TYPE_CHECKING:
    from ingestion.pipedrive.backfill import BackfillSummary

app = typer.Typer(help="Read what happened before Millrace looked.", no_args_is_help=True)


@app.callback()
def backfill() -> None:
    """Read what happened before Millrace looked."""


@app.command(epilog="Example: millrace backfill pipedrive --days 90; again, to go on")
def pipedrive(
    days: Annotated[
        int, typer.Option(min=1, help="Deals that were won or lost in so many days before now.")
    ] = 90,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Read the flows of closed deals, the latest first, within the day's API tokens.

    What has been read is never read again, so that the same command goes on where it ended. Exit
    code 3 says that flows wait for the next day's tokens or could not be read: run it again.
    """
    # Imported late: dlt takes a second, which no other command should pay.
    from ingestion.pipedrive.backfill import (  # noqa: PLC0415
        UnfinishedBackfillError,
        backfill_pipedrive,
    )

    failure: UnfinishedBackfillError | None = None
    with progress("Reading flows of closed deals") as line:
        try:
            summary = backfill_pipedrive(open_warehouse(), get_settings(), days=days, on_flow=line)
        except UnfinishedBackfillError as error:
            summary, failure = error.summary, error
    if as_json:
        print_json(summary)
    else:
        show_backfill(summary)
    if failure is not None:
        raise failure


def show_backfill(summary: BackfillSummary) -> None:
    """Print what landed, how far it is, and what it has cost."""
    show_load("pipedrive", summary.lists)
    flows = summary.flows
    console.print(
        f"{flows.landed:>8,} rows landed in raw_pipedrive.deal_flow, {flows.known:,} known already "
        f"({flows.calls:,} calls)",
        markup=False,
    )
    console.print(
        f"{summary.done_before + flows.done:,} of {summary.closed:,} closed deals have their flow, "
        f"{flows.done:,} by this run; {summary.tokens:,} API tokens spent",
        markup=False,
    )
