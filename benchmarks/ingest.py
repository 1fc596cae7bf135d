"""`make bench-ingest`: how fast events land, beside plain COPY and dlt's JSON path.

All ways run one after another on one embedded PostgreSQL of this run's own, each in a database and
a process of its own. Only figures of one run can be compared.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import psutil
import typer
from rich.console import Console
from rich.table import Table

from benchmarks.session_events import write_sessions
from benchmarks.ways_in import COPIED, Run
from warehouse.database import Warehouse, ensure_database
from warehouse.server import EmbeddedServer

_WIDTH = 110


@dataclass(frozen=True, slots=True)
class Measured:
    """A way, taken once."""

    name: str
    run: Run
    server_seconds: float
    """CPU time of PostgreSQL meanwhile."""

    @property
    def rows_per_second(self) -> float:
        """Lines read, or rows written, in a second."""
        return self.run.rows / self.run.seconds

    @property
    def busiest(self) -> str:
        """What bounds this way: the process that was at work longest, and for how much of it."""
        is_server = self.server_seconds > self.run.client_seconds
        busy = max(self.server_seconds, self.run.client_seconds) / self.run.seconds
        return f"{'PostgreSQL' if is_server else 'the loader'}, {min(busy, 1):.0%}"


def bench(
    events: Annotated[int, typer.Option(help="How many lines Millrace reads.")] = 1_000_000,
    sample: Annotated[int, typer.Option(help="How many of them dlt reads.")] = 100_000,
) -> None:
    """Compare the ways in."""
    console = Console(width=_WIDTH)
    with tempfile.TemporaryDirectory(prefix="millrace-bench-") as name:
        folder = Path(name)
        folder.chmod(0o755)  # the server may run under another account
        server = EmbeddedServer(folder / "home")
        server.start()
        try:
            measured = _measure(server, folder, events, min(sample, events))
        finally:
            server.stop()
    console.print(_table(measured, events, sample))


def _measure(server: EmbeddedServer, folder: Path, events: int, sample: int) -> list[Measured]:
    everything, some, ready = (
        folder / "sessions.jsonl",
        folder / "sample.jsonl",
        folder / "sessions.copy",
    )
    write_sessions(everything, events)
    write_sessions(some, sample, broken_every=None)  # dlt stops at a broken line
    warehouse = ensure_database(server, "millrace")
    warehouse.migrate()
    plain = ensure_database(server, "plain")
    by_dlt = ensure_database(server, "by_dlt")

    fresh = _take(server, "Millrace, fresh", "millrace", warehouse, everything)
    again = _take(server, "Millrace, all duplicates", "millrace", warehouse, everything)
    _prepare_plain_copy(warehouse, plain, ready)
    copied = _take(server, "plain COPY", "copy", plain, ready)
    loaded = _take(server, "dlt, JSON lines", "dlt", by_dlt, some)
    return [copied, fresh, again, loaded]


def _prepare_plain_copy(warehouse: Warehouse, plain: Warehouse, path: Path) -> None:
    with warehouse.connect() as connection, path.open("wb") as file:
        with connection.cursor().copy(f"copy raw_events.events ({COPIED}) to stdout") as rows:
            for row in rows:
                file.write(row)
        found = connection.execute(
            """
            select string_agg(format('%I %s', attname, format_type(atttypid, atttypmod)), ', ')
            from pg_attribute
            where attrelid = 'raw_events.events'::regclass and attnum > 0 and not attisdropped
            """
        ).fetchone()
    columns = found[0] if found else ""
    with plain.connect() as connection:
        connection.execute(f"create table plain ({columns})")


def _take(server: EmbeddedServer, name: str, way: str, target: Warehouse, path: Path) -> Measured:
    with target.connect(autocommit=True) as connection:
        connection.execute("checkpoint")  # each begins with nothing left to write
    before = _server_seconds(server)
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.ways_in", way, target.url, str(path)],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    run = Run(**json.loads(done.stdout.splitlines()[-1]))
    return Measured(name, run, _server_seconds(server) - before)


def _server_seconds(server: EmbeddedServer) -> float:
    """CPU time of the server so far, with that of its processes that have ended."""
    postmaster = psutil.Process(server.status().pid)
    at_work = postmaster.children()
    times = postmaster.cpu_times()
    seconds = times.user + times.system + times.children_user + times.children_system
    for process in at_work:
        with contextlib.suppress(psutil.NoSuchProcess):  # it has just ended
            times = process.cpu_times()
            seconds += times.user + times.system
    return seconds


def _table(measured: list[Measured], events: int, sample: int) -> Table:
    plain = measured[0].rows_per_second
    slowest = measured[-1].rows_per_second
    table = Table(
        title=f"{events:,} lines, of which 0.1 % are broken; {sample:,} good ones for dlt",
        caption="CPU s of the loader and of PostgreSQL per million rows; memory of the loader",
    )
    for heading in [
        "way",
        "rows/s",
        "of COPY",
        "of dlt",
        "CPU s",
        "server's",
        "peak MB",
        "busiest",
    ]:
        table.add_column(heading, justify="left" if heading in {"way", "busiest"} else "right")
    for each in measured:
        per_million = 1_000_000 / each.run.rows
        table.add_row(
            each.name,
            f"{each.rows_per_second:,.0f}",
            f"{each.rows_per_second / plain:.0%}",
            f"{each.rows_per_second / slowest:.1f}x",
            f"{each.run.client_seconds * per_million:.1f}",
            f"{each.server_seconds * per_million:.1f}",
            f"{each.run.peak_megabytes:,.0f}",
            each.busiest,
        )
    return table


if __name__ == "__main__":
    typer.run(bench)
