"""`make bench-activation`: what a sync costs, beside drt and beside plain SQL.

Everything runs one after another on one embedded PostgreSQL of this run's own, against local
HubSpot accounts. Only figures of one run can be compared.
"""

from __future__ import annotations

import dataclasses
import json
import platform
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Annotated, TypeVar

import typer
from rich.console import Console
from rich.table import Table

from benchmarks.contest import Trial, trials
from benchmarks.planning import Planning, measure_planning
from benchmarks.sync_tools import Drt, DrtEnvironment, Millrace, SyncTool
from benchmarks.volumes import Volume, volumes
from warehouse.database import ensure_database
from warehouse.server import EmbeddedServer
from warehouse.settings import get_settings

_WIDTH = 130
_PLAN_BAR = 4
_SHARE = 5
"""One company in so many has changed."""
_T = TypeVar("_T")
_NOTES = """\
Both tools are commands in processes of their own; seconds include their start. drt is set up to
send each company once: a column tells it which rows changed (Millrace compares), it updates without
trying to create, keeps its ledger of deliveries in PostgreSQL, and makes as many attempts per
request as Millrace; it paces itself only where HubSpot's limits are in force. HubSpot's address is
a constant in its code: sitecustomize.py sets another one before its command begins, and does
nothing else. "missing" are companies without their new values after the first command that ended
by itself, and at the end; "twice" are those that were written more than once."""


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much of everything."""

    rows: int
    companies: int
    changed: int
    with_limits: bool


@dataclass(frozen=True, slots=True)
class Findings:
    """All that one run measured."""

    versions: dict[str, str]
    planning: Planning
    volumes: Sequence[Volume]
    trials: Sequence[Trial]


def bench(
    rows: Annotated[int, typer.Option(help="Rows of the plan that is measured.")] = 1_000_000,
    companies: Annotated[int, typer.Option(help="Companies of the largest account.")] = 100_000,
    changed: Annotated[int, typer.Option(help="Companies that both tools write.")] = 2_000,
    with_limits: Annotated[
        bool, typer.Option(help="Also with HubSpot's limits in force, where drt takes minutes.")
    ] = True,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Measure plans, volumes, and Millrace beside drt."""
    progress = Console(stderr=True)
    drt = DrtEnvironment(get_settings().home.resolve() / "benchmarks" / "drt")
    with progress.status("Installing drt"):
        drt.install()
    with tempfile.TemporaryDirectory(prefix="millrace-bench-") as name:
        folder = Path(name)
        folder.chmod(0o755)  # the server may run under another account
        server = EmbeddedServer(folder / "home")
        server.start()
        try:
            findings = _measure(
                server, folder, drt, Sizes(rows, companies, changed, with_limits), progress
            )
        finally:
            server.stop()
    if as_json:
        print(json.dumps(dataclasses.asdict(findings), indent=2))
    else:
        _show(findings, Console(width=_WIDTH))


def _measure(
    server: EmbeddedServer, folder: Path, drt: DrtEnvironment, sizes: Sizes, progress: Console
) -> Findings:
    warehouse = ensure_database(server, "millrace")
    warehouse.migrate()
    millrace = Millrace(folder / "millrace", warehouse)
    rival = Drt(folder / "drt", ensure_database(server, "by_drt"), drt)
    with warehouse.connect() as connection:
        postgres = str(connection.info.parameter_status("server_version"))
    with progress.status(f"Planning {sizes.rows:,} rows"):
        planning = measure_planning(warehouse, sizes.rows)
    return Findings(
        versions={
            "Millrace": millrace.version,
            "drt": rival.version,
            "PostgreSQL": postgres,
            "Python": platform.python_version(),
        },
        planning=planning,
        volumes=list(_told(volumes(millrace, sizes.companies), progress)),
        trials=[
            trial for tool in (millrace, rival) for trial in _told(_trials(tool, sizes), progress)
        ],
    )


def _trials(tool: SyncTool, sizes: Sizes) -> Iterator[Trial]:
    return trials(tool, _SHARE * sizes.changed, sizes.changed, with_limits=sizes.with_limits)


def _told(found: Iterator[_T], progress: Console) -> Iterator[_T]:
    """The same, with a line for each that is done: it takes minutes."""
    for each in found:
        progress.print(repr(each), style="dim", highlight=False, markup=False, soft_wrap=True)
        yield each


def _show(findings: Findings, console: Console) -> None:
    planning = findings.planning
    console.print(
        ", ".join(f"{name} {version}" for name, version in findings.versions.items()), style="dim"
    )
    console.print()
    console.print(
        f"Plan of {planning.rows:,} rows, {planning.changed:,} changed: "
        f"{median(planning.plan_seconds):.2f} s; the join in SQL: "
        f"{median(planning.join_seconds):.2f} s; ratio {planning.ratio:.1f} "
        f"(bar: at most {_PLAN_BAR}). "
        f"All: {_seconds(planning.plan_seconds)} and {_seconds(planning.join_seconds)}.",
        highlight=False,
    )
    console.print(_volumes_table(findings.volumes))
    console.print(_trials_table(findings.trials))
    console.print(_NOTES, style="dim", highlight=False)


def _seconds(measured: Sequence[float]) -> str:
    return ", ".join(f"{seconds:.2f}" for seconds in measured)


def _volumes_table(found: Sequence[Volume]) -> Table:
    table = Table(title="millrace sync run, HubSpot's rate limits in force")
    for heading in ["companies", "changed", "requests", "seconds", "peak MB"]:
        table.add_column(heading, justify="right")
    for each in found:
        table.add_row(
            f"{each.companies:,}",
            f"{each.changed:,}",
            f"{sum(each.requests.values()):,}",
            f"{each.seconds:.1f}",
            f"{each.peak_megabytes:.0f}",
        )
    return table


def _trials_table(found: Sequence[Trial]) -> Table:
    table = Table(title="The same account, the same changes")
    for heading in ["situation", "tool"]:
        table.add_column(heading)
    for heading in [
        "changed", "exit codes", "seconds", "requests", "per row", "missing", "twice", "MB",
    ]:  # fmt: skip
        table.add_column(heading, justify="right")
    table.add_column("requests by kind")
    for situation in dict.fromkeys(each.situation for each in found):
        for each in found:
            if each.situation == situation:
                table.add_row(*_trial_cells(each))
        table.add_section()
    return table


def _trial_cells(each: Trial) -> list[str]:
    return [
        each.situation,
        each.tool,
        f"{each.rows:,}",
        _exit_codes(each.exit_codes),
        f"{each.seconds:.1f}",
        f"{sum(each.requests.values()):,}",
        f"{each.requests_per_row:.3f}" if each.rows else "",
        f"{each.missing_after_first:,}, {each.missing:,}",
        f"{each.written_twice:,}",
        f"{each.peak_megabytes:.0f}",
        ", ".join(f"{kind} {count:,}" for kind, count in sorted(each.requests.items())),
    ]


def _exit_codes(codes: Sequence[int]) -> str:
    return " ".join("killed" if code < 0 else str(code) for code in codes)


if __name__ == "__main__":
    typer.run(bench)
