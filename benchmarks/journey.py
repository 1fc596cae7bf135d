"""`make bench-journey`: the company journey, set-based, beside a runner that takes one at a time.

Everything runs one after another on one embedded PostgreSQL of this run's own. Only figures of one
run can be compared.
"""

from __future__ import annotations

import dataclasses
import json
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import psutil
import typer
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict
from rich.console import Console
from rich.table import Table

from benchmarks.dbt_runs import DbtRun, run_dbt
from benchmarks.journey_world import (
    FIRST_RUN,
    NEXT_RUN,
    SECOND_RUN,
    land_companies,
    land_later_events,
    log_earlier_runs,
    project_with_reference_files,
)
from benchmarks.one_at_a_time import OneAtATime, run_one_at_a_time
from warehouse.database import Warehouse, drop_database, ensure_database
from warehouse.server import EmbeddedServer

ASSIGNMENT = (
    "int_journey__bucket_members",
    "int_journey__stages",
    "int_journey__manager_steps",
    "int_journey__manager_loads",
    "int_journey__round_robin",
    "int_journey__decisions",
    "int_journey__log_entries",
    "company_change_log",
)
"""From the companies' states to the rows of the log, as the runner."""
LOOKED_AT = ("decision_inputs", "assignment_candidates")
"""What the decisions started from, for those who ask why; the runner keeps nothing of it."""
JOURNEY = (
    "+company_journey",
    "+company_journey_changes",
    "+skipped_companies",
    "+cs_bucket_load",
    "+review_queue",
)
"""All that a run of the journey builds."""

_WIDTH = 110
_NEW_EVENTS = 100
_REPEATS = 3
"""First runs beside the runner, of which the one in the middle counts: they take seconds, and what
else the machine does shows."""
_BYTES_PER_COMPANY = 16_000
"""Of disk, with what PostgreSQL keeps to undo and repeat."""
_RUNNER_BAR, _GROWTH_BAR, _RERUN_BAR = 20.0, 12.0, 0.25


@dataclass(frozen=True, slots=True)
class Decided:
    """One size: the first run, the one right after it, and the run after a few new events."""

    companies: int
    events: int
    first: DbtRun
    second: DbtRun
    """Without a new event: for whom the first run logged anything, this one decides again."""
    next: DbtRun
    runner: OneAtATime | None
    """Of the size that it is compared at."""

    @property
    def assignment_seconds(self) -> float:
        """Of the assignment models in the first run."""
        return self.first.seconds_of(ASSIGNMENT)

    @property
    def explained_seconds(self) -> float:
        """The same, with what the decisions looked at."""
        return self.first.seconds_of((*ASSIGNMENT, *LOOKED_AT))

    @property
    def rerun_share(self) -> float:
        """Of the first run's model time, after a few new events."""
        return self.next.seconds / self.first.seconds

    @property
    def second_share(self) -> float:
        """Of the first run's model time, right after it."""
        return self.second.seconds / self.first.seconds


@dataclass(frozen=True, slots=True)
class Bar:
    """One thing that has to hold."""

    name: str
    found: float
    bar: float
    is_at_least: bool = False

    @property
    def holds(self) -> bool:
        """Whether it does."""
        return self.found >= self.bar if self.is_at_least else self.found <= self.bar


def bench(
    companies: Annotated[
        int, typer.Option(help="How many companies there are at most.")
    ] = 1_000_000,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Measure the journey with a tenth of so many companies, and with all."""
    progress = Console(stderr=True)
    with tempfile.TemporaryDirectory(prefix="millrace-bench-") as name:
        folder = Path(name)
        folder.chmod(0o755)  # the server may run under another account
        _check_room(folder, companies)
        project = project_with_reference_files(folder)
        server = EmbeddedServer(folder / "home")
        server.start()
        try:
            few = _measure(server, project, companies // 10, progress, with_runner=True)
            many = _measure(server, project, companies, progress, with_runner=False)
        finally:
            server.stop()
    if as_json:
        sizes = [dataclasses.asdict(each) | {"runner": None} for each in (few, many)]
        bars = [dataclasses.asdict(bar) | {"holds": bar.holds} for bar in _bars(few, many)]
        print(json.dumps({"sizes": sizes, "bars": bars}, indent=2))
    else:
        _show(few, many, Console(width=_WIDTH))


def _check_room(folder: Path, companies: int) -> None:
    free = psutil.disk_usage(str(folder)).free
    if free < companies * _BYTES_PER_COMPANY:
        needed = companies * _BYTES_PER_COMPANY / 2**30
        raise SystemExit(
            f"{folder.parent} has less than {needed:.0f} GB left: take fewer companies."
        )


def _measure(
    server: EmbeddedServer, project: Path, companies: int, progress: Console, *, with_runner: bool
) -> Decided:
    landed = ensure_database(server, f"companies_{companies}")
    landed.migrate()
    with progress.status(f"Landing the events of {companies:,} companies"):
        run_dbt(landed, project, ["cs_managers"], as_of=FIRST_RUN)  # makes the log, too
        events = land_companies(landed, companies)
        log_earlier_runs(landed)
        _settle(landed)
    firsts: list[DbtRun] = []
    with progress.status(f"Deciding about {companies:,} companies"):
        for warehouse in _copies(server, landed, _REPEATS if with_runner else 1):
            firsts.append(run_dbt(warehouse, project, JOURNEY, as_of=FIRST_RUN))
    first = sorted(firsts, key=lambda run: run.seconds_of(ASSIGNMENT))[len(firsts) // 2]
    runner = None
    if with_runner:
        with progress.status("Deciding about the same companies one at a time"):
            runner = run_one_at_a_time(warehouse, FIRST_RUN)
            _compare(warehouse, runner)
    _settle(warehouse)
    with progress.status("Deciding again"):
        second = run_dbt(warehouse, project, JOURNEY, as_of=SECOND_RUN)
    land_later_events(warehouse, _NEW_EVENTS)
    _settle(warehouse)
    with progress.status(f"Deciding again after {_NEW_EVENTS} events"):
        later = run_dbt(warehouse, project, JOURNEY, as_of=NEXT_RUN)
    return Decided(companies, events, first, second, later, runner)


def _copies(server: EmbeddedServer, landed: Warehouse, wanted: int) -> Iterator[Warehouse]:
    """So many databases in which nothing is decided yet; the last is `landed` itself."""
    name = conninfo_to_dict(landed.url)["dbname"]
    for number in range(1, wanted):
        copied = f"{name}_{number}"
        with ensure_database(server, "postgres").connect(autocommit=True) as connection:
            connection.execute(
                sql.SQL("create database {} template {} strategy file_copy").format(
                    sql.Identifier(copied), sql.Identifier(str(name))
                )
            )
        yield ensure_database(server, copied)
        drop_database(server, copied)
    yield landed


def _settle(warehouse: Warehouse) -> None:
    with warehouse.connect(autocommit=True) as connection:
        connection.execute("vacuum (analyze)")  # as autovacuum has done by the next hourly run
        connection.execute("checkpoint")  # what comes begins with nothing left to write


def _compare(warehouse: Warehouse, runner: OneAtATime) -> None:
    """Both ways have to come to the same managers."""
    with warehouse.connect() as connection:
        decided: dict[str, str | None] = dict(
            connection.execute(
                "select company_id, customer_success_manager from journey.company_journey"
            ).fetchall()
        )
    differing = [
        company_id
        for company_id, manager in runner.managers.items()
        if decided[company_id] != manager
    ]
    if differing:
        raise AssertionError(
            f"Both ways differ about {len(differing)} companies, for example {differing[0]}."
        )


def _bars(few: Decided, many: Decided) -> list[Bar]:
    assert few.runner is not None  # noqa: S101  the smaller size is the one with the runner
    return [
        Bar(
            f"times as fast as one at a time, {few.companies:,} companies",
            few.runner.seconds / few.assignment_seconds,
            _RUNNER_BAR,
            is_at_least=True,
        ),
        Bar(
            f"times the time for {many.companies:,} companies",
            many.assignment_seconds / few.assignment_seconds,
            _GROWTH_BAR,
        ),
        Bar(
            f"of the first run after {_NEW_EVENTS} events, {many.companies:,} companies",
            many.rerun_share,
            _RERUN_BAR,
        ),
    ]


def _show(few: Decided, many: Decided, console: Console) -> None:
    table = Table(title="Seconds of each model, built one at a time", show_footer=True)
    table.add_column("model", footer="all models\ndbt itself")
    for size in (few, many):
        for name, run in zip(("first run", "second", "100 events"), _runs(size), strict=True):
            table.add_column(
                f"{size.companies:,}\n{name}",
                justify="right",
                footer=f"{run.seconds:.1f}\n{run.other_seconds:.1f}",
            )
    runs = (*_runs(few), *_runs(many))
    for model in many.first.model_seconds:
        seconds = [run.model_seconds[model] for run in runs]
        if max(seconds) >= 0.1:
            marked = f"{model} *" if model in ASSIGNMENT else model
            table.add_row(marked, *(f"{each:.2f}" for each in seconds))
    console.print(table)
    console.print("* the assignment models; views, and what took less than 0.1 s, are left out")
    if few.runner is not None:
        console.print(
            f"One at a time, {len(few.runner.managers):,} companies: {few.runner.seconds:.1f} s; "
            f"the assignment models: {few.assignment_seconds:.2f} s, "
            f"{few.explained_seconds:.2f} s with what they looked at. "
            "Both give every company to the same manager."
        )
    console.print(
        f"{many.second_share:.2f} of the first run right after it, {many.companies:,} companies: "
        "it decides again about those for whom the first one logged anything."
    )
    for bar in _bars(few, many):
        sign = "at least" if bar.is_at_least else "at most"
        verdict = "holds" if bar.holds else "DOES NOT HOLD"
        console.print(f"{bar.found:.2f} {bar.name} (bar: {sign} {bar.bar:g}): {verdict}")


def _runs(size: Decided) -> tuple[DbtRun, DbtRun, DbtRun]:
    return size.first, size.second, size.next


if __name__ == "__main__":
    typer.run(bench)
