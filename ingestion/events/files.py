"""The file door: event files into the raw tables, batch by batch."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import chain
from typing import NamedTuple

from psycopg import Connection
from psycopg.rows import TupleRow

from ingestion.events.batches import EventBatch
from ingestion.events.columns import read_events
from ingestion.events.landed_lines import (
    LandedLines,
    LinesDigest,
    landed_before,
    rejected_among,
    remember,
)
from ingestion.events.landing import SOURCE, TABLE, LandingCounts, land
from ingestion.events.lines import LineReader
from ingestion.events.locations import EventFile, EventFileError, find_event_files
from ingestion.ledger import Load, record
from warehouse.database import Warehouse

BATCH_LINES = 20_000
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
    recognised: int = 0
    """Those of them that had landed already and were not checked again."""
    accepted: int = 0
    """Events that were not known before."""
    duplicates: int = 0
    """Events whose id was known already."""
    conflicting: int = 0
    """Those of the duplicates that say something else than what was known."""
    rejected: int = 0
    rejected_by_reason: Counter[str] = field(default_factory=Counter)
    first_rejected: list[RejectedExample] = field(default_factory=list)
    """The first `EXAMPLES` of those that were checked."""


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
    full: bool = False,
    on_progress: Callable[[EventLoadProgress], None] | None = None,
    batch_lines: int = BATCH_LINES,
) -> EventLoadSummary:
    """Load event files: one JSON object per line, in UTF-8; blank lines do not count.

    Every batch of lines lands in a transaction of its own (see `land`), with how far the file has
    landed; the next batch is read meanwhile. Loading a file again changes nothing that has landed.
    Its lines that have landed are recognised by their checksum as long as they are the same, and
    are not checked again: a load that was stopped goes on at its batch, and of a file that grows
    only what is new is checked. They are accounted for as known already, or as rejected.

    A file that breaks off (a compressed file cut short, a read that fails) does not stop the load.
    Its lines that ended before the break land; the line in which it broke off does not, not even
    as rejected, since nobody sent it like that. When a file that was cut short is whole again and
    is loaded again, that line and the rest land, and the raw tables are what the intact file would
    have made of them. Only an uncompressed file that was cut short cannot be told from an intact
    one whose last line has no line feed: there the last line counts.

    Args:
        warehouse: migrated.
        path: as in `find_event_files`.
        full: check every line, also those that have landed already.
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
    with warehouse.connect() as connection, ThreadPoolExecutor(max_workers=1) as thread:
        landed = {} if full else landed_before(connection, [file.place for file in files])
        for file in files:
            reading = _Reading(file, batch_lines)
            if file.place in landed and reading.recognise(landed[file.place]):
                _add_recognised(summary, connection, reading)
            before = len(broken)
            pending: _Pending | None = None
            for batch in chain(_readable(reading, broken), [None]):
                if pending is not None:
                    _add(summary, pending.batch, pending.landing.result())
                    if on_progress is not None:
                        bytes_read = bytes_before + pending.stored_bytes_read
                        on_progress(EventLoadProgress(file.place, bytes_read, bytes_total, summary))
                if batch is not None:
                    landing = thread.submit(_land, connection, batch, file.place, reading.landed)
                    pending = _Pending(batch, landing, reading.stored_bytes_read)
            bytes_before += reading.stored_bytes_read
            summary.files += len(broken) == before
    if broken:
        raise BrokenEventFilesError(broken, summary)
    return summary


class _Reading:
    """One file on its way in: its batches, and how far it has landed when they have.

    Attributes:
        landed: the lines given so far, without one that has no end yet.
    """

    def __init__(self, file: EventFile, batch_lines: int) -> None:
        self.place = file.place
        self._file = file
        self._batch_lines = batch_lines
        self._begin()

    def _begin(self) -> None:
        self._reader = LineReader(self._file)
        self._digest = LinesDigest()
        self.landed = self._digest.landed

    @property
    def stored_bytes_read(self) -> int:
        """How far into the file reading has come."""
        return self._reader.stored_bytes_read

    def recognise(self, landed: LandedLines) -> bool:
        """Pass over the lines that have landed; when they differ, False and back to the start."""
        while (missing := landed.lines - self._digest.landed.lines) > 0:
            try:
                lines = self._reader.take(min(missing, self._batch_lines), BATCH_BYTES)
            except EventFileError:
                break
            if not lines:
                break
            self._digest.add(lines, sum(map(_is_text, lines)))
        self.landed = self._digest.landed
        if self.landed != landed:
            self._begin()
        return self.landed == landed

    def batches(self) -> Iterator[EventBatch]:
        """The rest of the file.

        Raises:
            EventFileError: when it breaks off, after the batches before.
        """
        before = self._digest.landed.lines
        while lines := self._reader.take(self._batch_lines, BATCH_BYTES):
            received_at = datetime.now(UTC)
            numbers = [at for at, line in enumerate(lines, before + 1) if _is_text(line)]
            if self._reader.has_open_end:
                # What stands there may be the beginning of a line: the next load reads it again.
                self._digest.add(lines[:-1], len(numbers) - _is_text(lines[-1]))
            else:
                self._digest.add(lines, len(numbers))
            self.landed = self._digest.landed
            if numbers:
                yield read_events(
                    [lines[at - before - 1] for at in numbers],
                    [f"{self.place}:{at}" for at in numbers],
                    f"{self.place}:{numbers[0]}-{numbers[-1]}",
                    received_at,
                )
            before += len(lines)


class _Pending(NamedTuple):
    """A batch that is landing."""

    batch: EventBatch
    landing: Future[LandingCounts]
    stored_bytes_read: int


def _land(
    connection: Connection[TupleRow], batch: EventBatch, place: str, landed: LandedLines
) -> LandingCounts:
    with connection.transaction():
        counts = land(connection, batch)
        remember(connection, place, landed)
    return counts


def _readable(reading: _Reading, broken: list[EventFileError]) -> Iterator[EventBatch]:
    """The batches up to the end of the file, or to where it breaks, which is noted in `broken`."""
    try:
        yield from reading.batches()
    except EventFileError as error:
        broken.append(error)


def _is_text(line: bytes) -> bool:
    """Whether there is anything in a line."""
    return line[:1] == b"{" or bool(line.removeprefix(_BYTE_ORDER_MARK).strip())


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


def _add_recognised(
    summary: EventLoadSummary, connection: Connection[TupleRow], reading: _Reading
) -> None:
    """Account for lines that have landed before: each is known already, or rejected."""
    landed = reading.landed
    started_at = datetime.now(UTC)
    with connection.transaction():
        rejected = rejected_among(connection, reading.place, landed)
        duplicates = landed.texts - rejected.total()
        record(
            connection,
            Load(
                source=SOURCE,
                table_name=TABLE,
                place=f"{reading.place}:1-{landed.lines}",
                rows_read=landed.texts,
                rows_accepted=0,
                rows_rejected=rejected.total(),
                rows_duplicate=duplicates,
                started_at=started_at,
            ),
        )
    summary.recognised += landed.texts
    summary.read += landed.texts
    summary.duplicates += duplicates
    summary.rejected += rejected.total()
    summary.rejected_by_reason.update(rejected)
