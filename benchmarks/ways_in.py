"""The ways of events into PostgreSQL that are compared, each run in a process of its own.

Run: `python -m benchmarks.ways_in WAY DATABASE_URL FILE`; it prints a `Run` as JSON.
"""

from __future__ import annotations

import json
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from warehouse.database import Warehouse

COPIED = "event_id, content_hash, event_type, occurred_at, received_at, source, source_place, data"
"""The columns that plain COPY writes; of notes there are none."""


@dataclass(frozen=True, slots=True)
class Run:
    """What one way took for one file."""

    rows: int
    seconds: float
    """From before the file was opened until everything was committed."""
    client_seconds: float
    """CPU time of the loading process meanwhile."""
    peak_megabytes: float
    """Memory that the loading process held at most, the interpreter and its libraries included."""


def millrace(database_url: str, path: Path) -> int:
    """Check, deduplicate, reject, account for: what `millrace ingest events` does."""
    from ingestion.events.files import ingest_event_files  # noqa: PLC0415  not in the others' memory

    return ingest_event_files(Warehouse(database_url), path, full=True).read


def plain_copy(database_url: str, path: Path) -> int:
    """The same columns, ready in COPY's format, into a table without an index."""
    rows = 0
    with (
        Warehouse(database_url).connect() as connection,
        path.open("rb") as file,
        connection.cursor() as cursor,
        cursor.copy(f"copy plain ({COPIED}) from stdin") as copy,
    ):
        while chunk := file.read(2**20):
            rows += chunk.count(b"\n")  # COPY's text format has no other line feeds
            copy.write(chunk)
    return rows


def dlt_json(database_url: str, path: Path) -> int:
    """dlt's reader of JSON lines into its PostgreSQL destination, as they are out of the box."""
    import dlt  # noqa: PLC0415  as above
    from dlt.sources.filesystem import filesystem, read_jsonl  # noqa: PLC0415

    with tempfile.TemporaryDirectory() as folder:
        pipeline = dlt.pipeline(
            "sessions",
            pipelines_dir=folder,
            destination=dlt.destinations.postgres(database_url),
            dataset_name="by_dlt",
        )
        files = filesystem(path.parent.as_uri(), file_glob=path.name)
        pipeline.run((files | read_jsonl()).with_name("sessions"))
    with Warehouse(database_url).connect() as connection:
        counted = connection.execute("select count(*) from by_dlt.sessions").fetchone()
    return int(counted[0]) if counted else 0


WAYS: Mapping[str, Callable[[str, Path], int]] = {
    "millrace": millrace,
    "copy": plain_copy,
    "dlt": dlt_json,
}


def main() -> None:
    """Take one way once."""
    way, database_url, path = sys.argv[1:]
    started, cpu = time.perf_counter(), time.process_time()
    rows = WAYS[way](database_url, Path(path))
    run = Run(
        rows,
        time.perf_counter() - started,
        time.process_time() - cpu,
        resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    )
    print(json.dumps(asdict(run)))


if __name__ == "__main__":
    main()
