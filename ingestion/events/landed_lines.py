"""How far event files have landed (`ops.event_file`), so that loads go on where the last one ended.

What is remembered of a file is how many of its lines have landed and a checksum of just these
lines: never its size or time, which may stay the same while the content changes. Whether a file
begins with what has landed is seen by reading it, which takes a fraction of checking it. The row
is written in the transaction in which the lines land.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from psycopg import Connection
from psycopg.rows import TupleRow

INDEXED_PLACE = 600
"""Characters of a place that the index of rejected events holds (migration 0011)."""


@dataclass(frozen=True, slots=True)
class LandedLines:
    """The first lines of a file, all of which have landed."""

    lines: int
    """How many; each of them was ended by a line feed."""
    texts: int
    """Those of them that were not blank, and therefore are in the raw tables."""
    checksum: str
    """BLAKE2b (256 bits, in hexadecimal digits) of the lines as `LineReader` gives them, each with
    a line feed."""


class LinesDigest:
    """Follows the lines of a file from its beginning."""

    def __init__(self) -> None:
        self._checksum = hashlib.blake2b(digest_size=32)
        self._lines = 0
        self._texts = 0

    def add(self, lines: Sequence[bytes], texts: int) -> None:
        """Add the next lines, of which so many are not blank."""
        if lines:
            self._checksum.update(b"\n".join(lines))
            self._checksum.update(b"\n")
        self._lines += len(lines)
        self._texts += texts

    @property
    def landed(self) -> LandedLines:
        """The lines so far, as they are to be remembered once they have landed."""
        return LandedLines(self._lines, self._texts, self._checksum.hexdigest())


def landed_before(
    connection: Connection[TupleRow], places: Iterable[str]
) -> dict[str, LandedLines]:
    """What has landed of these files; of others nothing is known."""
    by_key = {_key(place): place for place in places}
    with connection.transaction():
        found = connection.execute(
            "select place_sha256, lines, texts, checksum from ops.event_file "
            "where place_sha256 = any(%s)",
            [list(by_key)],
        ).fetchall()
    return {
        by_key[key]: LandedLines(lines, texts, checksum) for key, lines, texts, checksum in found
    }


def remember(connection: Connection[TupleRow], place: str, landed: LandedLines) -> None:
    """Write down what has landed of a file, in the transaction that is open and lands it."""
    connection.execute(
        """
        insert into ops.event_file (place_sha256, place, lines, texts, checksum, landed_at)
        values (%s, %s, %s, %s, %s, clock_timestamp())
        on conflict (place_sha256) do update set
            lines = excluded.lines,
            texts = excluded.texts,
            checksum = excluded.checksum,
            landed_at = excluded.landed_at
        """,
        [_key(place), place, landed.lines, landed.texts, landed.checksum],
    )


def rejected_among(
    connection: Connection[TupleRow], place: str, landed: LandedLines
) -> Counter[str]:
    """How many of these lines of a file are rejected at present, by reason."""
    prefix = f"{place}:"
    indexed = prefix[:INDEXED_PLACE]
    found = connection.execute(
        """
        select reason, count(*)
        from (
            select distinct on (line) line, reason
            from (
                select substr(source_place, length(%(prefix)s) + 1) as line, reason, received_at
                from raw_events.rejected_events
                where
                    left(source_place, %(indexed_length)s) collate "C" >= %(indexed)s
                    and left(source_place, %(indexed_length)s) collate "C" <= %(last)s
                    and starts_with(source_place, %(prefix)s)
            ) as of_file
            where line ~ '^[0-9]{1,18}$' and line::bigint <= %(lines)s
            order by line, received_at desc
        ) as of_lines
        group by reason
        """,
        {
            "prefix": prefix,
            "indexed": indexed,
            "indexed_length": INDEXED_PLACE,
            "last": f"{indexed}\U0010ffff",
            "lines": landed.lines,
        },
    ).fetchall()
    return Counter(dict(found))


def _key(place: str) -> str:
    return hashlib.sha256(place.encode()).hexdigest()
