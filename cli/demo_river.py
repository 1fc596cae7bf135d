"""The demo: two days of a small invented world, from its events to HubSpot and back.

The vendors are local simulators; everything else is what production runs.
"""

from __future__ import annotations

import os
import shutil
import textwrap
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any
from unittest.mock import patch

from psycopg.rows import dict_row
from rich.table import Table

from activation.declaration import find_declaration, read_back_properties
from activation.engine import plan_sync, run_sync
from activation.errors import ExitCode
from activation.result import SyncResult
from cli.demo_vendors import DemoVendors
from cli.explain import show_company
from cli.output import console, progress
from cli.simulation_shown import show_shifts, show_summary
from cli.sync_shown import show_plan
from decisions.company_explanation import explain_company
from decisions.dbt_build import BuildResult, build_models
from decisions.journey_simulation import simulate_journey
from decisions.proposal import Proposal, RuleVariables
from ingestion.api.summary import LoadSummary
from ingestion.events.files import EventLoadSummary, ingest_event_files
from ingestion.hubspot.landing import ingest_hubspot
from ingestion.pipedrive.landing import ingest_pipedrive
from ingestion.yobi.landing import ingest_yobi
from simulators.hubspot import DEFAULT_TOKEN, save_state
from simulators.world import LAST_DAY_START, WORLD_END, World, build_world, write_event_files
from warehouse.database import Warehouse, drop_database, embedded_server, ensure_database
from warehouse.settings import get_settings

DATABASE = "millrace_demo"
SYNC = "hubspot_company__journey"
RANKING = "hubspot_company__engagement"
SUMMARY = "slack_engagement_summary"
WEEK = timedelta(days=7)
SIMULATOR_PORT = 54290
"""Where a person may serve the simulator's state after the demo has ended."""


@dataclass(frozen=True)
class Round:
    """One time through the river."""

    title: str
    until: datetime
    """What has arrived by then is landed, and `as_of` of the build."""
    events: EventLoadSummary
    hubspot: LoadSummary
    pipedrive: LoadSummary
    yobi: LoadSummary
    build: BuildResult
    sync: SyncResult
    ranking: SyncResult
    companies_changed: int
    """Rows of `company_journey_changes` that this run made."""
    seconds: float


class DemoError(Exception):
    """A step of the demo failed; the message says which."""


def run_demo() -> None:
    """Run three rounds on a database and simulator state of the demo's own, and print them.

    Raises:
        DemoError: when a build or a sync did not end well.
    """
    settings = get_settings()
    server = embedded_server(settings)
    folder = settings.home / "demo"
    is_repeated = folder.exists()

    server.start()
    drop_database(server, DATABASE)
    shutil.rmtree(folder, ignore_errors=True)
    warehouse = ensure_database(server, DATABASE)
    warehouse.migrate()
    world = build_world()
    vendors = DemoVendors(world, LAST_DAY_START)
    with (
        vendors.served() as settings_of_vendors,
        _settings_of_the_demo(warehouse, settings_of_vendors),
    ):
        console.print(
            f"Database {DATABASE} and the state of the vendors' simulators were "
            + ("reset; nothing else was touched." if is_repeated else "made anew.")
        )
        rounds = [
            _run_round(title, until, world, vendors, warehouse, folder)
            for title, until in [
                ("first day", LAST_DAY_START),
                ("second day", WORLD_END),
                ("nothing new", WORLD_END + timedelta(minutes=5)),
            ]
        ]
    save_state(vendors.hubspot.state, folder / "hubspot.json")
    _write_environment(folder, warehouse)

    _show_rounds(rounds)
    _show_rejected(rounds)
    _show_decisions(warehouse)
    _show_week(warehouse)
    _explain_one_company(warehouse)
    _try_another_rule(warehouse)
    _show_what_next(folder, warehouse)


def _run_round(
    title: str,
    until: datetime,
    world: World,
    vendors: DemoVendors,
    warehouse: Warehouse,
    folder: Path,
) -> Round:
    started = time.monotonic()
    vendors.live_until(until)
    events_folder = folder / "events"
    write_event_files(world, events_folder, until)
    with progress(f"{title}: landing events") as line:
        events = ingest_event_files(
            warehouse,
            events_folder,
            on_progress=lambda load: line(load.summary.read),
        )
    with progress(f"{title}: landing HubSpot") as line:
        hubspot = ingest_hubspot(
            warehouse,
            get_settings(),
            also_read=read_back_properties("hubspot"),
            on_progress=line,
        )
    with progress(f"{title}: landing Pipedrive") as line:
        pipedrive = ingest_pipedrive(warehouse, get_settings(), on_progress=line)
    with progress(f"{title}: landing Yobi") as line:
        yobi = ingest_yobi(warehouse, get_settings(), as_of=until, on_progress=line)
    if until == LAST_DAY_START:
        # The week before, too: ranks move from one week to the next.
        with progress(f"{title}: landing Yobi's week before") as line:
            ingest_yobi(warehouse, get_settings(), as_of=until - WEEK, on_progress=line)
    with progress(f"{title}: deciding, as of {until:%Y-%m-%d %H:%M} UTC, models and tests") as line:
        build = build_models(warehouse, as_of=until.isoformat(), on_progress=line)
    if not build.is_success:
        raise DemoError(f"The build failed: {build.failures[0].name}: {build.failures[0].message}")
    sync, ranking = (_written(title, name, warehouse) for name in (SYNC, RANKING))
    (changed,) = _query(
        warehouse,
        "select count(*) as companies from journey.company_journey_changes where changed_at = %s",
        until,
    )
    return Round(
        title=title,
        until=until,
        events=events,
        hubspot=hubspot,
        pipedrive=pipedrive,
        yobi=yobi,
        build=build,
        sync=sync,
        ranking=ranking,
        companies_changed=changed["companies"],
        seconds=time.monotonic() - started,
    )


def _written(title: str, name: str, warehouse: Warehouse) -> SyncResult:
    declaration = find_declaration(name)
    with progress(f"{title}: writing {name}, rows") as line:
        result = run_sync(
            warehouse,
            declaration,
            on_progress=lambda step: line(step.settled, step.total),
        )
    if result.exit_code is not ExitCode.DONE:
        raise DemoError(f"The sync {name} did not end well: {result.message}")
    return result


@contextmanager
def _settings_of_the_demo(warehouse: Warehouse, vendors: Mapping[str, str]) -> Iterator[None]:
    """The settings of this process, pointed at the demo's database and vendors."""
    with patch.dict(os.environ, {"MILLRACE_DATABASE_URL": warehouse.url, **vendors}):
        get_settings.cache_clear()
        try:
            yield
        finally:
            get_settings.cache_clear()


def _write_environment(folder: Path, warehouse: Warehouse) -> None:
    path = folder / "env"
    path.touch(mode=0o600)
    path.write_text(
        f"export MILLRACE_DATABASE_URL='{warehouse.url}'\n"
        f"export HUBSPOT_BASE_URL='http://127.0.0.1:{SIMULATOR_PORT}'\n"
        f"export HUBSPOT_ACCESS_TOKEN='{DEFAULT_TOKEN}'\n"
    )


def _query(warehouse: Warehouse, query: str, *values: object) -> list[dict[str, Any]]:
    with warehouse.connect() as connection, connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(query, values).fetchall()


def _show_rounds(rounds: list[Round]) -> None:
    table = Table("", *(each.title for each in rounds), box=None, pad_edge=False, show_edge=False)
    for column in table.columns[1:]:
        column.justify = "right"
    rows: list[tuple[str, list[object]]] = [
        ("decided as of (UTC)", [f"{each.until:%d %b %H:%M}" for each in rounds]),
        ("events landed", [each.events.accepted for each in rounds]),
        ("  known already", [each.events.duplicates for each in rounds]),
        ("  rejected, new ones", _new(each.events.rejected for each in rounds)),
        ("HubSpot companies landed", [each.hubspot.of("companies").landed for each in rounds]),
        ("  contacts", [each.hubspot.of("contacts").landed for each in rounds]),
        ("Pipedrive deals landed", [each.pipedrive.of("deals").landed for each in rounds]),
        ("  changes in their flows", [each.pipedrive.of("deal_flow").landed for each in rounds]),
        ("Yobi rows landed", [each.yobi.records for each in rounds]),
        ("models and tests passed", [each.build.models + each.build.tests for each in rounds]),
        ("companies that changed", [each.companies_changed for each in rounds]),
        ("rows written to HubSpot", [each.sync.written for each in rounds]),
        ("  held back (millrace sync status)", [each.sync.counts.skipped for each in rounds]),
        ("  HubSpot calls that took", [each.sync.usage.calls for each in rounds]),
        ("customers' ranks written", [each.ranking.written for each in rounds]),
        ("  calls of HubSpot for these", [each.ranking.usage.calls for each in rounds]),
        ("seconds", [f"{each.seconds:.0f}" for each in rounds]),
    ]
    for title, values in rows:
        table.add_row(title, *(f"{v:,}" if isinstance(v, int) else str(v) for v in values))
    console.print()
    console.print(table)


def _new(totals: Iterable[int]) -> list[object]:
    """What each round added; every round reads the day's file from its first line."""
    return [after - before for before, after in pairwise([0, *totals])]


def _show_rejected(rounds: list[Round]) -> None:
    reasons: Counter[str] = Counter()
    for each in rounds:
        reasons = max(reasons, each.events.rejected_by_reason, key=lambda counted: counted.total())
    console.print("\nRejected events, kept in raw_events.rejected_events:", style="bold")
    # A line may end between two reasons, not inside one.
    told = [
        "\N{NO-BREAK SPACE}".join(f"{n} {reason}".split()) for reason, n in reasons.most_common()
    ]
    lines = textwrap.fill("; ".join(told), 110, break_long_words=False)
    console.print(textwrap.indent(lines.replace("\N{NO-BREAK SPACE}", " "), "  "), markup=False)


def _show_decisions(warehouse: Warehouse) -> None:
    stages = _query(
        warehouse,
        "select cs_stage, cs_stage_rule, count(*) as companies from journey.company_journey "
        "group by cs_stage, cs_stage_rule order by cs_stage, companies desc",
    )
    reasons = _query(
        warehouse,
        "select assignment_reason, count(*) as companies from journey.company_change_log "
        "where field = 'customer_success_manager' and assignment_reason is not null "
        "group by assignment_reason order by companies desc",
    )
    kept = _query(
        warehouse,
        "select assignment_reason, count(*) as companies from journey.company_journey "
        "group by assignment_reason order by companies desc",
    )
    skipped = _query(
        warehouse,
        "select reason, count(*) as companies from journey.skipped_companies "
        "group by reason order by companies desc",
    )
    by_stage: dict[str, list[str]] = {}
    for row in stages:
        by_stage.setdefault(row["cs_stage"], []).append(
            f"{row['companies']} by {row['cs_stage_rule']}"
        )
    console.print("\nCompanies by stage and the rule that put them there:", style="bold")
    for stage, told in by_stage.items():
        console.print(f"  {stage:<14} {', '.join(told)}", markup=False)
    for title, rows, name in [
        ("Not decided", skipped, "reason"),
        ("Managers, last run", kept, "assignment_reason"),
        ("Managers given", reasons, "assignment_reason"),
    ]:
        told_all = ", ".join(f"{row['companies']} {row[name]}" for row in rows)
        console.print(f"{title + ':':<19} {told_all}", markup=False)
    console.print(
        "  kept: still serves the bucket (stage, region, ARR range). round_robin: the one with\n"
        "  the fewest companies in it. no_candidate: nobody serves it. left_to_sales, churn_kept:\n"
        "  nobody new is assigned.",
        style="dim",
    )


def _show_week(warehouse: Warehouse) -> None:
    """The summary of the week that was published, as Slack would be sent it."""
    console.print(
        f"\nCustomers by their week in the product (millrace sync plan {SUMMARY} --values):",
        style="bold",
    )
    declaration = find_declaration(SUMMARY)
    show_plan(plan_sync(warehouse, declaration), declaration, values=True)


def _explain_one_company(warehouse: Warehouse) -> None:
    """One that changed hands on the last day, as `millrace explain company` tells it."""
    (row,) = _query(
        warehouse,
        """
        select j.company_id
        from journey.company_change_log as l
        inner join journey.company_journey as j on l.company_id = j.company_id
        where l.field = 'customer_success_manager' and l.changed_at = %s
            and l.old_value is not null and l.new_value = j.customer_success_manager
            and l.assignment_reason in ('round_robin', 'history')
        order by j.cs_stage_rule = 'success' desc, j.company_id
        limit 1
        """,
        WORLD_END,
    )
    console.print(f"\nOne of them (millrace explain company {row['company_id']}):", style="bold")
    show_company(explain_company(warehouse, row["company_id"]))


def _try_another_rule(warehouse: Warehouse) -> None:
    """What if large customers graduated too, as `millrace simulate journey` tells it."""
    variables = '{"auto_success_ranges": ["2001-8000", "8001+"]}'
    proposal = Proposal(variables=RuleVariables.from_json(variables))
    with progress("What if: deciding under both sets of rules") as line:
        found = simulate_journey(
            warehouse, proposal, as_of=WORLD_END + timedelta(minutes=10), on_progress=line
        )
    console.print(f"\nWhat if (millrace simulate journey --vars '{variables}'):", style="bold")
    show_summary(found, proposal)
    show_shifts(found)


def _show_what_next(folder: Path, warehouse: Warehouse) -> None:
    shown, port = os.path.relpath(folder), SIMULATOR_PORT
    console.print("\nWhat to do next:", style="bold")
    for line in [
        f"source {shown}/env    # the demo's database and HubSpot, for the commands below",
        '.venv/bin/millrace db psql -c "select * from journey.company_journey limit 5"',
        ".venv/bin/dbt show --select company_journey_changes",
        f".venv/bin/python -m simulators.hubspot --port {port} --state {shown}/hubspot.json &",
        f".venv/bin/millrace sync run {SYNC} --full --yes",
        "kill %1                      # stop the simulator; its state is kept",
    ]:
        console.print(f"  {line}", markup=False)
    console.print(
        f"Left running: the embedded PostgreSQL at {warehouse.safe_url} "
        "(stop it: .venv/bin/millrace db stop). The simulator has ended.",
        markup=False,
    )
