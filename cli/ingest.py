"""`millrace ingest`: from the sources into the raw schemas."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from activation.declaration import read_back_properties
from activation.errors import ActivationError
from cli.instants import instant
from cli.output import console, print_json, progress
from ingestion.errors import IngestionError
from ingestion.events.files import (
    BrokenEventFilesError,
    EventLoadProgress,
    EventLoadSummary,
    ingest_event_files,
)
from ingestion.events.locations import EventFileError
from ingestion.events.replay import ReplaySummary, replay_rejected
from warehouse.database import open_warehouse
from warehouse.settings import Settings, SettingsError, get_settings

if TYPE_CHECKING:
    from ingestion.api.summary import LoadSummary
    from ingestion.expectations.findings import RawTablesCheck

app = typer.Typer(help="Land what the sources know in the raw schemas.", no_args_is_help=True)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Full = Annotated[
    bool,
    typer.Option("--full", help="Read all, not only what has changed or not landed yet."),
]
Since = Annotated[
    str | None,
    typer.Option(help="RFC 3339 instant: read at least what has changed since."),
]
AllowShrinking = Annotated[
    bool,
    typer.Option(
        "--allow-shrinking", help="Land a table even if more than half of its rows are gone."
    ),
]


@app.command(
    epilog="Example: millrace ingest events --path 'events/*.jsonl.gz'; once the contract knows "
    "more types: millrace ingest events --replay-rejected"
)
def events(
    path: Annotated[
        str | None,
        typer.Option(help="File, folder, glob or fsspec URL; default: EVENTS_PATH."),
    ] = None,
    full: Full = False,
    replay: Annotated[
        bool,
        typer.Option(
            "--replay-rejected",
            help="Land those of the rejected events that keep the contract by now.",
        ),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Land event files, one JSON object per line; what breaks the contract is kept and told.

    Lines that have landed already are recognised and not checked again.
    """
    if replay:
        if path is not None or full:
            raise typer.BadParameter(
                "It reads what is in the warehouse: leave out --path and --full.",
                param_hint="--replay-rejected",
            )
        _replay(as_json=as_json)
        return
    place = path or get_settings().events_path
    if place is None:
        raise SettingsError("Say where the events are: --path, or EVENTS_PATH.")
    outcome = _land_events(place, full=full)
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
def hubspot(
    full: Full = False,
    since: Since = None,
    allow_shrinking: AllowShrinking = False,
    as_json: AsJson = False,
) -> None:
    """Land HubSpot's companies, contacts, deals, their associations and histories, and owners.

    The first load reads everything, later ones what has changed.
    """
    wish = LoadWish(full, instant(since, "--since"), allow_shrinking)
    _show(_land("hubspot", wish), as_json=as_json)


@app.command(
    epilog="Example: millrace ingest pipedrive; one deal with its history, at once: "
    "millrace ingest pipedrive --deal 4711"
)
def pipedrive(
    full: Full = False,
    since: Since = None,
    deal: Annotated[
        list[str] | None,
        typer.Option(help="Read this deal alone, whatever is known of it; may be given again."),
    ] = None,
    allow_shrinking: AllowShrinking = False,
    as_json: AsJson = False,
) -> None:
    """Land Pipedrive's deals, pipelines, stages, users, organizations, and the flows of deals.

    The first load reads all deals and the flows of open ones, later ones what has changed. The
    flows of deals closed before are read by `millrace backfill pipedrive`.
    """
    if deal:
        if full or since or allow_shrinking:
            raise typer.BadParameter("reads nothing but the deals it names.", param_hint="--deal")
        outcome = _landed("pipedrive", partial(_land_pipedrive_deals, deal))
    else:
        outcome = _land("pipedrive", LoadWish(full, instant(since, "--since"), allow_shrinking))
    _show(outcome, as_json=as_json)


@app.command(
    epilog="Example: millrace ingest yobi; an earlier week, while Yobi tells of it: "
    "millrace ingest yobi --as-of 2026-11-01T12:00:00Z"
)
def yobi(
    as_of: Annotated[
        str | None,
        typer.Option(help="RFC 3339 instant: the last week that is over then; default: now."),
    ] = None,
    allow_shrinking: AllowShrinking = False,
    as_json: AsJson = False,
) -> None:
    """Land Yobi's tenants, locations, and what they did in the last whole week, or nothing.

    A week is Sunday to Saturday in JOB_TIMEZONE. Read again, it lands only what has changed since.
    """
    wish = LoadWish(False, None, allow_shrinking, instant(as_of, "--as-of"))
    _show(_land("yobi", wish), as_json=as_json)


@app.command(name="all", epilog="Example: millrace ingest all --json")
def everything(
    full: Full = False,
    since: Since = None,
    allow_shrinking: AllowShrinking = False,
    as_json: AsJson = False,
) -> None:
    """Land every source that is set up: events by EVENTS_PATH, the vendors by their logins.

    A source that fails does not keep the others from landing.
    """
    settings = get_settings()
    wish = LoadWish(full, instant(since, "--since"), allow_shrinking)
    set_up = [name for name, source in API_SOURCES.items() if source.is_set_up(settings)]
    if settings.events_path is None and not set_up:
        raise SettingsError(
            "No source is set up: set EVENTS_PATH, HUBSPOT_ACCESS_TOKEN, PIPEDRIVE_API_TOKEN or "
            "YOBI_EMAIL."
        )
    landed: dict[str, EventLoadSummary | LoadSummary | None] = dict.fromkeys(
        ("events", *API_SOURCES)
    )
    failures: dict[str, str] = {}
    if settings.events_path is not None:
        events_outcome = _land_events(settings.events_path, full=full)
        landed["events"] = events_outcome.summary
        if events_outcome.error is not None:
            failures["events"] = str(events_outcome.error)
        if events_outcome.summary is not None and not as_json:
            show_events(events_outcome.summary)
    for name in set_up:
        outcome = _land(name, wish)
        landed[name] = outcome.summary
        if outcome.error is not None:
            failures[name] = str(outcome.error)
        if outcome.summary is not None and not as_json:
            show_load(name, outcome.summary)
    if as_json:
        print_json({**landed, "failures": failures})
    if failures:
        told = " ".join(f"{source}: {sentence}" for source, sentence in failures.items())
        raise IngestionError(f"Not everything has landed. {told}")


@app.command(epilog="Example: millrace ingest check --report raw-tables.html")
def check(
    report: Annotated[
        Path | None, typer.Option(help="Write what was found as a page of HTML.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Look at the raw tables: keys, types, freshness, volume, share of rejected rows.

    Exits with 1 when what is built on a table would be wrong.
    """
    # Imported late: Great Expectations takes seconds, which no other command should pay.
    from ingestion.expectations.check import check_raw_tables  # noqa: PLC0415
    from ingestion.expectations.report import write_report  # noqa: PLC0415

    with progress("Checking raw tables") as line:
        checked = check_raw_tables(open_warehouse(), on_progress=line)
    if report is not None:
        write_report(checked, report)
    if as_json:
        print_json(checked)
    else:
        show_check(checked)
    failed = sum(finding.verdict.value == "failed" for finding in checked.findings)
    if failed:
        raise IngestionError(
            f"{failed} check{'s' if failed > 1 else ''} failed: see above what is wrong with the "
            "raw tables before building on them."
        )


@dataclass(frozen=True, slots=True)
class LoadWish:
    """How a source is to be read over its API."""

    full: bool
    since: datetime | None
    allow_shrinking: bool
    as_of: datetime | None = None
    """Of sources that are read week by week: the last week that is over then; None: now."""


@dataclass(frozen=True, slots=True)
class ApiSource:
    """A source that is read over an API."""

    title: str
    """As its vendor writes it."""
    is_set_up: Callable[[Settings], bool]
    load: Callable[[LoadWish, Callable[[int], None]], LoadSummary]
    """Given what is wished, and whom to tell of progress."""


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What landed of a source, and what went wrong: at least one of them."""

    source: str
    summary: LoadSummary | None
    error: IngestionError | ActivationError | None


def _land_hubspot(wish: LoadWish, on_progress: Callable[[int], None]) -> LoadSummary:
    # Imported late: dlt takes a second, which no other command should pay.
    from ingestion.hubspot.landing import ingest_hubspot  # noqa: PLC0415

    return ingest_hubspot(
        open_warehouse(),
        get_settings(),
        full=wish.full,
        since=wish.since,
        allow_shrinking=wish.allow_shrinking,
        also_read=read_back_properties("hubspot"),
        on_progress=on_progress,
    )


def _land_pipedrive(wish: LoadWish, on_progress: Callable[[int], None]) -> LoadSummary:
    from ingestion.pipedrive.landing import ingest_pipedrive  # noqa: PLC0415 - see _land_hubspot

    records = 0

    def on_records(read: int) -> None:
        nonlocal records
        records = read
        on_progress(read)

    return ingest_pipedrive(
        open_warehouse(),
        get_settings(),
        full=wish.full,
        since=wish.since,
        allow_shrinking=wish.allow_shrinking,
        on_progress=on_records,
        on_flow=lambda done, _: on_progress(records + done),
    )


def _land_pipedrive_deals(
    deal_ids: Sequence[str], on_progress: Callable[[int], None]
) -> LoadSummary:
    from ingestion.pipedrive.landing import ingest_pipedrive_deals  # noqa: PLC0415 - as above

    return ingest_pipedrive_deals(
        open_warehouse(), get_settings(), deal_ids, on_flow=lambda done, _: on_progress(done)
    )


def _land_yobi(wish: LoadWish, on_progress: Callable[[int], None]) -> LoadSummary:
    from ingestion.yobi.landing import ingest_yobi  # noqa: PLC0415 - see _land_hubspot

    return ingest_yobi(
        open_warehouse(),
        get_settings(),
        as_of=wish.as_of,
        allow_shrinking=wish.allow_shrinking,
        on_progress=on_progress,
    )


API_SOURCES: Mapping[str, ApiSource] = MappingProxyType(
    {
        "hubspot": ApiSource(
            "HubSpot", lambda settings: settings.hubspot_access_token is not None, _land_hubspot
        ),
        "pipedrive": ApiSource(
            "Pipedrive",
            lambda settings: settings.pipedrive_api_token is not None,
            _land_pipedrive,
        ),
        "yobi": ApiSource("Yobi", lambda settings: settings.yobi_email is not None, _land_yobi),
    }
)
"""All of them, by the name of their command; they are landed in this order."""


def _land(name: str, wish: LoadWish) -> _Outcome:
    return _landed(name, lambda on_progress: API_SOURCES[name].load(wish, on_progress))


def _landed(name: str, load: Callable[[Callable[[int], None]], LoadSummary]) -> _Outcome:
    from ingestion.api.load import StoppedTablesError  # noqa: PLC0415 - see _land_hubspot

    source = API_SOURCES[name]
    with progress(f"Landing {source.title}") as line:
        try:
            return _Outcome(name, load(line), None)
        except StoppedTablesError as error:
            return _Outcome(name, error.summary, error)
        except (IngestionError, ActivationError) as error:  # or a sync's file, see _land_hubspot
            return _Outcome(name, None, error)


def _show(outcome: _Outcome, *, as_json: bool) -> None:
    """Print what landed, then fail if something did not.

    Raises:
        IngestionError: what went wrong.
        ActivationError: when a sync's file is wrong, by which it is known what to read.
    """
    if outcome.summary is not None and as_json:
        print_json(outcome.summary)
    elif outcome.summary is not None:
        show_load(outcome.source, outcome.summary)
    if outcome.error is not None:
        raise outcome.error


@dataclass(frozen=True, slots=True)
class _EventsOutcome:
    """What landed, and what went wrong: at least one of them."""

    summary: EventLoadSummary | None
    error: EventFileError | None


def _land_events(place: str, *, full: bool) -> _EventsOutcome:
    with progress("Landing events", counts=False) as line:

        def draw(load: EventLoadProgress) -> None:
            line(load.bytes_read, load.bytes_total)

        try:
            return _EventsOutcome(
                ingest_event_files(open_warehouse(), place, full=full, on_progress=draw), None
            )
        except BrokenEventFilesError as error:
            return _EventsOutcome(error.summary, error)
        except EventFileError as error:
            return _EventsOutcome(None, error)


def _replay(*, as_json: bool) -> None:
    with progress("Reading rejected events again") as line:
        summary = replay_rejected(
            open_warehouse(), on_progress=lambda so_far: line(so_far.read, None)
        )
    if as_json:
        print_json(summary)
    else:
        show_replay(summary)


def show_events(summary: EventLoadSummary) -> None:
    """Print what landed and, by reason, what did not."""
    console.print(
        f"{summary.read:,} events read: {summary.accepted:,} landed, "
        f"{summary.duplicates:,} known already, {summary.rejected:,} rejected",
        markup=False,
    )
    if summary.recognised:
        console.print(
            f"  {summary.recognised:>6,} of them had landed before and were not checked again "
            "(--full checks all)",
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


_STYLES = {"ok": "green", "warning": "yellow", "failed": "red", "skipped": "dim"}


def show_check(checked: RawTablesCheck) -> None:
    """Print a line for each finding."""
    for finding in checked.findings:
        verdict = finding.verdict.value
        line = Text.assemble(
            (f"{verdict:>8}", _STYLES[verdict]),
            f"  {finding.table}, {finding.aspect.value}: {finding.sentence}",
        )
        console.print(line, soft_wrap=True)


def show_replay(summary: ReplaySummary) -> None:
    """Print what became of the rejected events, and by reason what still is rejected."""
    console.print(
        f"{summary.read:,} rejected events read again: {summary.accepted:,} landed, "
        f"{summary.duplicates:,} known already, {summary.rejected:,} still rejected",
        markup=False,
    )
    for reason, count in summary.rejected_by_reason.most_common():
        console.print(f"  {count:>6,} rejected: {reason}", markup=False)


def show_load(source: str, summary: LoadSummary) -> None:
    """Print, table by table, what landed and what it took."""
    for table in summary.tables:
        console.print(
            f"{table.landed:>8,} rows landed in raw_{source}.{table.table}, "
            f"{table.known:,} known already"
            + (f", {table.gone:,} gone" if table.gone else "")
            + (f", {table.incomplete:,} told in part and left" if table.incomplete else "")
            + f" ({table.calls:,} calls)",
            markup=False,
        )
        if table.new_fields:
            console.print(
                f"         new fields in raw_{source}.{table.table}: {', '.join(table.new_fields)}",
                markup=False,
            )
    for note in summary.notes:
        console.print(f"         {note}", markup=False)
