"""`millrace ingest`: from the sources into the raw schemas."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from cli.output import console, print_json, progress
from ingestion.events.files import EventLoadProgress, EventLoadSummary, ingest_event_files
from warehouse.database import open_warehouse
from warehouse.settings import SettingsError, get_settings

if TYPE_CHECKING:
    from ingestion.hubspot.landing import HubspotLoadSummary

app = typer.Typer(help="Land what the sources know in the raw schemas.", no_args_is_help=True)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command(epilog="Example: millrace ingest events --path 'events/*.jsonl.gz'")
def events(
    path: Annotated[
        str | None,
        typer.Option(help="File, folder, glob or fsspec URL; default: EVENTS_PATH."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Land event files, one JSON object per line; what breaks the contract is kept and told."""
    place = path or get_settings().events_path
    if place is None:
        raise SettingsError("Say where the events are: --path, or EVENTS_PATH.")
    with progress("Landing events", counts=False) as line:

        def draw(load: EventLoadProgress) -> None:
            line(load.bytes_read, load.bytes_total)

        summary = ingest_event_files(open_warehouse(), place, on_progress=draw)
    if as_json:
        print_json(summary)
    else:
        show_events(summary)


@app.command(epilog="Example: millrace ingest hubspot")
def hubspot(as_json: AsJson = False) -> None:
    """Land HubSpot's companies."""
    # Imported late: dlt takes a second, which no other command should pay.
    from ingestion.hubspot.landing import ingest_hubspot  # noqa: PLC0415

    with progress("Landing HubSpot") as line:
        summary = ingest_hubspot(open_warehouse(), get_settings(), on_progress=line)
    if as_json:
        print_json(summary)
    else:
        show_hubspot(summary)


@app.command(name="all", epilog="Example: millrace ingest all")
def everything() -> None:
    """Land every source that is set up: events when EVENTS_PATH is, HubSpot when its token is."""
    settings = get_settings()
    if settings.events_path is None and settings.hubspot_access_token is None:
        raise SettingsError("No source is set up: set EVENTS_PATH or HUBSPOT_ACCESS_TOKEN.")
    if settings.events_path is not None:
        events()
    if settings.hubspot_access_token is not None:
        hubspot()


def show_events(summary: EventLoadSummary) -> None:
    """Print what landed and, by reason, what did not."""
    console.print(
        f"{summary.read:,} events read: {summary.accepted:,} landed, "
        f"{summary.duplicates:,} known already, {summary.rejected:,} rejected",
        markup=False,
    )
    if summary.conflicting:
        console.print(
            f"  {summary.conflicting:>6,} of those known say something else under the same id "
            "(raw_events.conflicting_duplicates)",
            markup=False,
        )
    for reason, count in summary.rejected_by_reason.most_common():
        console.print(f"  {count:>6,} rejected: {reason}", markup=False)
    for example in summary.first_rejected[:3]:
        console.print(f"    {example.place}: {example.reason}", markup=False)


def show_hubspot(summary: HubspotLoadSummary) -> None:
    """Print what HubSpot gave and what it took."""
    console.print(f"{summary.records:,} HubSpot companies landed in {summary.calls} calls")
