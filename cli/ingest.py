"""`millrace ingest`: from the sources into the raw schemas."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from cli.output import console, print_json, progress
from ingestion.errors import IngestionError
from ingestion.events.files import (
    BrokenEventFilesError,
    EventLoadProgress,
    EventLoadSummary,
    ingest_event_files,
)
from ingestion.events.locations import EventFileError
from warehouse.database import open_warehouse
from warehouse.settings import SettingsError, get_settings

if TYPE_CHECKING:
    from ingestion.hubspot.landing import HubspotLoadSummary

app = typer.Typer(help="Land what the sources know in the raw schemas.", no_args_is_help=True)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Full = Annotated[
    bool,
    typer.Option("--full", help="Read all records of HubSpot, not only those that have changed."),
]
Since = Annotated[
    str | None,
    typer.Option(help="RFC 3339 instant: read from HubSpot at least what has changed since."),
]


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
    outcome = _land_events(place)
    if as_json:
        print_json(outcome.summary)
    elif outcome.summary is not None:
        show_events(outcome.summary)
    if outcome.error is not None:
        raise outcome.error


@app.command(
    epilog="Example: millrace ingest hubspot; after a while without it: "
    "millrace ingest hubspot --since 2026-11-01T00:00:00Z"
)
def hubspot(full: Full = False, since: Since = None, as_json: AsJson = False) -> None:
    """Land HubSpot's companies, contacts, deals, their associations and histories, and owners.

    The first load reads everything, later ones what has changed.
    """
    summary = _land_hubspot(full=full, since=_instant(since))
    if as_json:
        print_json(summary)
    else:
        show_hubspot(summary)


@app.command(name="all", epilog="Example: millrace ingest all --json")
def everything(full: Full = False, since: Since = None, as_json: AsJson = False) -> None:
    """Land every source that is set up: events when EVENTS_PATH is, HubSpot when its token is.

    A source that fails does not keep the others from landing.
    """
    settings = get_settings()
    if settings.events_path is None and settings.hubspot_access_token is None:
        raise SettingsError("No source is set up: set EVENTS_PATH or HUBSPOT_ACCESS_TOKEN.")
    instant = _instant(since)
    events_outcome: _EventsOutcome | None = None
    hubspot_summary: HubspotLoadSummary | None = None
    failures: dict[str, str] = {}
    if settings.events_path is not None:
        events_outcome = _land_events(settings.events_path)
        if events_outcome.error is not None:
            failures["events"] = str(events_outcome.error)
        if events_outcome.summary is not None and not as_json:
            show_events(events_outcome.summary)
    if settings.hubspot_access_token is not None:
        try:
            hubspot_summary = _land_hubspot(full=full, since=instant)
        except IngestionError as error:
            failures["hubspot"] = str(error)
        else:
            if not as_json:
                show_hubspot(hubspot_summary)
    if as_json:
        print_json(
            {
                "events": events_outcome.summary if events_outcome else None,
                "hubspot": hubspot_summary,
                "failures": failures,
            }
        )
    if failures:
        told = " ".join(f"{source}: {sentence}" for source, sentence in failures.items())
        raise IngestionError(f"Not everything has landed. {told}")


@dataclass(frozen=True, slots=True)
class _EventsOutcome:
    """What landed, and what went wrong: at least one of them."""

    summary: EventLoadSummary | None
    error: EventFileError | None


def _land_events(place: str) -> _EventsOutcome:
    with progress("Landing events", counts=False) as line:

        def draw(load: EventLoadProgress) -> None:
            line(load.bytes_read, load.bytes_total)

        try:
            return _EventsOutcome(
                ingest_event_files(open_warehouse(), place, on_progress=draw), None
            )
        except BrokenEventFilesError as error:
            return _EventsOutcome(error.summary, error)
        except EventFileError as error:
            return _EventsOutcome(None, error)


def _land_hubspot(*, full: bool, since: datetime | None) -> HubspotLoadSummary:
    # Imported late: dlt takes a second, which no other command should pay.
    from ingestion.hubspot.landing import ingest_hubspot  # noqa: PLC0415

    with progress("Landing HubSpot") as line:
        return ingest_hubspot(
            open_warehouse(), get_settings(), full=full, since=since, on_progress=line
        )


def _instant(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        instant = None
    if instant is None or instant.tzinfo is None:
        raise typer.BadParameter(
            f"{text!r} is not an RFC 3339 instant, such as 2026-11-01T00:00:00Z.",
            param_hint="--since",
        )
    return instant


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
    """Print, table by table, what landed and what it took."""
    for table in summary.tables:
        console.print(
            f"{table.landed:>8,} rows landed in raw_hubspot.{table.table}, "
            f"{table.known:,} known already"
            + (f", {table.gone:,} gone" if table.gone else "")
            + (f", {table.incomplete:,} told in part and left" if table.incomplete else "")
            + f" ({table.calls:,} calls)",
            markup=False,
        )
