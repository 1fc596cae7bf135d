"""The world's events as files that an event source can read."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path

from simulators.world.model import World


def write_event_files(
    world: World, folder: Path, until: datetime, after: datetime | None = None
) -> list[Path]:
    """Write what has arrived into one file a day, `events-YYYY-MM-DD.jsonl` (days in UTC).

    A file holds all of its day up to `until`, so a day's file grows like a sender's log does: a
    line keeps its number, and writing day by day leaves the same bytes as writing all at once.

    Args:
        world: whose events.
        folder: made if missing; other files in it stay.
        until: the last moment of arrival that counts.
        after: write only the files that got lines after this moment; None writes all.

    Returns:
        The files written, oldest first.
    """
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    arrivals = world.arrivals(None, until)
    for day, lines in groupby(arrivals, key=lambda line: line.arrived_at.astimezone(UTC).date()):
        arrived = list(lines)
        if after is not None and arrived[-1].arrived_at <= after:
            continue
        path = folder / f"events-{day.isoformat()}.jsonl"
        text = "".join(f"{line.line}\n" for line in arrived)
        path.write_text(text, encoding="utf-8", newline="\n")
        paths.append(path)
    return paths
