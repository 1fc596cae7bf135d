"""The file door: event files into the raw tables, batch by batch."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import chain

from ingestion.events.contract import read_event
from ingestion.events.fields import ContractViolation
from ingestion.events.landing import (
    AcceptedEvent,
    EventBatch,
    LandingCounts,
    RejectedEvent,
    land,
    readable_text,
)
from ingestion.events.lines import LineReader
from ingestion.events.locations import EventFile, EventFileError, find_event_files
from warehouse.database import Warehouse

BATCH_LINES = 10_000
BATCH_BYTES = 16 * 2**20
"""A batch ends with the line that reaches this, so that long lines do not fill the memory."""
EXAMPLES = 10
"""Rejected events that a summary names."""

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class RejectedExample:
    """Where a rejected event is, and why it was rejected; none of its values."""

    place: str
    reason: str


@dataclass(slots=True)
class EventLoadSummary:
    """What a load has done so far: `read = accepted + duplicates + rejected`."""

    files: int = 0
    """Files read to their end."""
    read: int = 0
    """Lines that were not blank."""
    accepted: int = 0
    """Events that were not known before."""
    duplicates: int = 0
    """Events whose id was known already."""
    conflicting: int = 0
    """Those of the duplicates that say something else than what was known."""
    rejected: int = 0
    rejected_by_reason: Counter[str] = field(default_factory=Counter)
    first_rejected: list[RejectedExample] = field(default_factory=list)
    """The first `EXAMPLES` of them."""


@dataclass(frozen=True, slots=True)
class EventLoadProgress:
    """How far a load has come; given after every batch that has landed."""

    place: str
    """The file that is being read."""
    bytes_read: int
    """Of all files, as stored."""
    bytes_total: int | None
    """Of all files; None where a filesystem does not tell sizes."""
    summary: EventLoadSummary
    """So far; the same object every time."""


class BrokenEventFilesError(EventFileError):
    """Some files could not be read to their end; the message names each and why.

    Attributes:
        summary: what has landed all the same, from these files and the others.
    """

    def __init__(self, broken: Sequence[EventFileError], summary: EventLoadSummary) -> None:
        super().__init__(
            f"{' '.join(map(str, broken))} Whatever else could be read has landed: put right "
            "what is broken and load it again."
        )
        self.summary = summary


def ingest_event_files(
    warehouse: Warehouse,
    path: str | os.PathLike[str],
    *,
    on_progress: Callable[[EventLoadProgress], None] | None = None,
    batch_lines: int = BATCH_LINES,
) -> EventLoadSummary:
    """Load event files: one JSON object per line, in UTF-8; blank lines do not count.

    Every batch of lines lands in a transaction of its own (see `land`). Loading a file again
    changes nothing that has landed.

    A file that breaks off (a compressed file cut short, a read that fails) does not stop the load.
    Its lines that ended before the break land; the line in which it broke off does not, not even
    as rejected, since nobody sent it like that. When a file that was cut short is whole again and
    is loaded again, that line and the rest land, and the raw tables are what the intact file would
    have made of them. Only an uncompressed file that was cut short cannot be told from an intact
    one whose last line has no line feed: there the last line counts.

    Args:
        warehouse: migrated.
        path: as in `find_event_files`.
        on_progress: called after every batch.
        batch_lines: lines that land together.

    Raises:
        BrokenEventFilesError: when files cannot be read to their end, after everything else has
            landed.
        EventFileError: when there is no such file; nothing has landed.
        WarehouseError: when the database does not answer.
    """
    files = find_event_files(path)
    sizes = [file.size for file in files]
    bytes_total = None if None in sizes else sum(size for size in sizes if size is not None)
    bytes_before = 0
    summary = EventLoadSummary()
    broken: list[EventFileError] = []
    with warehouse.connect() as connection:
        for file in files:
            reader = LineReader(file)
            before = len(broken)
            for batch in _batches(file, _readable_lines(reader, broken), batch_lines):
                _add(summary, batch, land(connection, batch))
                if on_progress is not None:
                    bytes_read = bytes_before + reader.stored_bytes_read
                    on_progress(EventLoadProgress(file.place, bytes_read, bytes_total, summary))
            bytes_before += reader.stored_bytes_read
            summary.files += len(broken) == before
    if broken:
        raise BrokenEventFilesError(broken, summary)
    return summary


def _readable_lines(reader: LineReader, broken: list[EventFileError]) -> Iterator[bytes]:
    """The lines up to the end of the file, or to where it breaks, which is noted in `broken`."""
    try:
        yield from reader
    except EventFileError as error:
        broken.append(error)


def _batches(file: EventFile, lines: Iterator[bytes], batch_lines: int) -> Iterator[EventBatch]:
    numbered = (
        (number, line)
        for number, line in enumerate(lines, start=1)
        if line.removeprefix(_BYTE_ORDER_MARK).strip()
    )
    for first in numbered:
        yield _read_batch(file, chain([first], numbered), batch_lines)


def _read_batch(
    file: EventFile, numbered: Iterator[tuple[int, bytes]], batch_lines: int
) -> EventBatch:
    received_at = datetime.now(UTC)
    accepted: list[AcceptedEvent] = []
    rejected: list[RejectedEvent] = []
    numbers: list[int] = []
    size = 0
    for number, line in numbered:
        place = f"{file.place}:{number}"
        try:
            accepted.append(AcceptedEvent(read_event(line, received_at), place))
        except ContractViolation as violation:
            rejected.append(RejectedEvent(place, str(violation), readable_text(line)))
        numbers.append(number)
        size += len(line)
        if len(numbers) == batch_lines or size >= BATCH_BYTES:
            break
    return EventBatch(f"{file.place}:{numbers[0]}-{numbers[-1]}", received_at, accepted, rejected)


def _add(summary: EventLoadSummary, batch: EventBatch, counts: LandingCounts) -> None:
    summary.read += counts.read
    summary.accepted += counts.accepted
    summary.duplicates += counts.duplicate
    summary.conflicting += counts.conflicting
    summary.rejected += counts.rejected
    summary.rejected_by_reason.update(text.reason for text in batch.rejected)
    room = EXAMPLES - len(summary.first_rejected)
    summary.first_rejected += [
        RejectedExample(text.place, text.reason) for text in batch.rejected[:room]
    ]
