"""A file's lines, decompressed, however long they are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol

import pyarrow as pa

from ingestion.events.locations import EventFile, EventFileError, reason

MAX_KEPT_BYTES = 64 * 2**20
"""Of a longer line only its beginning is given; the rest stays in the file."""

_CHUNK = 2**18


class Readable(Protocol):
    """Something with bytes in it."""

    def read(self, size: int, /) -> bytes:
        """Up to `size` bytes, none at the end."""


def split_lines(stream: Readable) -> Iterator[bytes]:
    r"""The lines of a stream without what ends them (`\n` or `\r\n`), empty ones included.

    One chunk of the stream and one line are in memory, at most. The last line needs no end where
    the stream ends; where reading fails, what was read of an unfinished line is not given.
    """
    begun = bytearray()  # a line whose end has not been read yet
    while chunk := stream.read(_CHUNK):
        *ended, rest = chunk.split(b"\n")
        if ended:
            begun += ended[0][: MAX_KEPT_BYTES - len(begun)]
            yield bytes(begun).removesuffix(b"\r")
            begun.clear()
            for line in ended[1:]:
                yield line.removesuffix(b"\r")
        begun += rest[: MAX_KEPT_BYTES - len(begun)]
    if begun:
        yield bytes(begun).removesuffix(b"\r")


class LineReader:
    """Reads one event file from its beginning to its end.

    Args:
        file: decompressed by its suffix.
    """

    def __init__(self, file: EventFile) -> None:
        self.file = file
        self.stored_bytes_read = 0
        """How far into the file reading has come; it runs ahead of the lines given."""
        self.has_open_end = False
        """The line given last has no line feed: the file may still be growing."""
        self._lines = self._read()

    def __iter__(self) -> Iterator[bytes]:
        """The lines that have not been given yet, as `split_lines` gives them.

        Raises:
            EventFileError: when the file cannot be opened or not be read to its end; every line
                that ended before the break has been given.
        """
        return self._lines

    def take(self, max_lines: int, max_bytes: int) -> list[bytes]:
        """The next lines, none at the end: the one that reaches a limit is the last of them.

        Raises:
            EventFileError: as iterating, once the lines before the break have been taken.
        """
        taken: list[bytes] = []
        size = 0
        try:
            for line in self._lines:
                taken.append(line)
                size += len(line)
                if len(taken) >= max_lines or size >= max_bytes:
                    break
        except EventFileError as error:
            if not taken:
                raise
            self._lines = _failing(error)
        return taken

    def _read(self) -> Iterator[bytes]:
        try:
            with self.file.filesystem.open(self.file.path, "rb") as stored:
                content = _Watched(_decompressed(stored, self.file.compression))
                for line in split_lines(content):
                    if content.has_moved:
                        content.has_moved = False
                        self.stored_bytes_read = stored.tell()
                        self.has_open_end = content.is_at_end and not content.ends_with_line_feed
                    yield line
        except Exception as error:  # every filesystem has errors of its own
            raise EventFileError(
                f"{self.file.place} cannot be read to its end ({reason(error)})."
            ) from None


def _failing(error: EventFileError) -> Iterator[bytes]:
    raise error
    yield


class _Watched:
    """A stream that tells where it stands."""

    def __init__(self, stream: Readable) -> None:
        self._stream = stream
        self.has_moved = False
        self.is_at_end = False
        self.ends_with_line_feed = True

    def read(self, size: int, /) -> bytes:
        """As of a file."""
        chunk = self._stream.read(size)
        self.has_moved = True
        if chunk:
            self.ends_with_line_feed = chunk.endswith(b"\n")
        else:
            self.is_at_end = True
        return chunk


class _Decompressed:
    """A compressed stream that gives all lines before a break, and fails only then."""

    def __init__(self, stored: Any, compression: str) -> None:
        self._stream = pa.CompressedInputStream(pa.PythonFile(stored, "r"), compression)
        self._failure: Exception | None = None

    def read(self, size: int, /) -> bytes:
        """As of a file."""
        if self._failure is not None:
            raise self._failure
        buffer = bytearray(size)
        try:
            filled = self._stream.readinto(buffer)
        except Exception as error:
            # How much came before the failure is not told. The rest of the buffer is zeros,
            # though, so that whatever stands before a line feed did come.
            filled = buffer.rfind(b"\n") + 1
            if not filled:
                raise
            self._failure = error
        return bytes(buffer[:filled])


def _decompressed(stored: Any, compression: str | None) -> Readable:
    return stored if compression is None else _Decompressed(stored, compression)
