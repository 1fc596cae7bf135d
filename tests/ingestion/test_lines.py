"""Lines of files, whatever is in them."""

from __future__ import annotations

import zlib
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestion.events import lines
from ingestion.events.lines import LineReader, split_lines
from ingestion.events.locations import EventFileError, find_event_files
from tests.ingestion.sending import write_lines


class InPieces(BytesIO):
    """Gives at most so many bytes at a time, as a network does."""

    def __init__(self, content: bytes, piece: int) -> None:
        super().__init__(content)
        self.piece = piece

    def read(self, size: int | None = -1, /) -> bytes:
        """As of a file."""
        assert size is not None
        return super().read(min(size, self.piece))


contents = st.lists(st.sampled_from([b"a", b"b", b"\n", b"\r\n", b"\r", b"\0", b"\xff"])).map(
    b"".join
)


@given(contents, st.integers(1, 5))
def test_lines_end_with_line_feeds_and_nowhere_else(content: bytes, piece: int) -> None:
    expected = [line.removesuffix(b"\r") for line in content.split(b"\n")]
    if not content or content.endswith(b"\n"):
        expected.pop()

    assert list(split_lines(InPieces(content, piece))) == expected


def test_of_a_line_beyond_all_measure_the_beginning_is_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(lines, "MAX_KEPT_BYTES", 4)
    content = b"ab\n" + b"0123456789" * 3 + b"\ncd\n" + b"9876543210"

    assert list(split_lines(InPieces(content, 8))) == [b"ab", b"0123", b"cd", b"9876"]


@pytest.mark.parametrize("name", ["e.jsonl", "e.jsonl.gz", "e.jsonl.zst"])
def test_a_file_is_decompressed_by_its_suffix(tmp_path: Path, name: str) -> None:
    written = [b"%d" % number for number in range(300_000)]
    [file] = find_event_files(write_lines(tmp_path / name, written))
    reader = LineReader(file)

    assert list(reader) == written
    assert reader.stored_bytes_read == file.size


@pytest.mark.parametrize("name", ["e.jsonl", "e.jsonl.gz", "e.jsonl.zst"])
def test_a_file_without_a_line_has_none(tmp_path: Path, name: str) -> None:
    [file] = find_event_files(write_lines(tmp_path / name, []))

    assert list(LineReader(file)) == []


@pytest.mark.parametrize("name", ["e.jsonl.gz", "e.jsonl.zst"])
def test_two_compressed_files_after_one_another_are_one(tmp_path: Path, name: str) -> None:
    path = write_lines(tmp_path / name, [b"1", b"2"])
    path.write_bytes(path.read_bytes() * 2)
    [file] = find_event_files(path)

    assert list(LineReader(file)) == [b"1", b"2", b"1", b"2"]


@pytest.mark.parametrize("name", ["e.jsonl.gz", "e.jsonl.zst"])
@pytest.mark.parametrize("damage", ["cut short", "something else"])
def test_a_damaged_file_is_named_in_a_sentence(tmp_path: Path, name: str, damage: str) -> None:
    path = write_lines(tmp_path / name, [b"%d" % number for number in range(300_000)])
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2] if damage == "cut short" else b"text" * 100)
    [file] = find_event_files(path)

    with pytest.raises(EventFileError, match=f"^{path} cannot be read to its end"):
        list(LineReader(file))


class BreaksOff(InPieces):
    """Fails at its end, as a lost connection does, with an error that is no OSError."""

    def read(self, size: int | None = -1, /) -> bytes:
        """As of a file."""
        if piece := super().read(size):
            return piece
        raise ConnectionLostError


class ConnectionLostError(Exception):
    """Says nothing more."""


@given(contents, st.integers(1, 5))
def test_before_a_break_the_lines_that_have_ended_are_given(content: bytes, piece: int) -> None:
    given_lines: list[bytes] = []
    with pytest.raises(ConnectionLostError):
        given_lines.extend(split_lines(BreaksOff(content, piece)))

    assert given_lines == [line.removesuffix(b"\r") for line in content.split(b"\n")[:-1]]


@pytest.mark.parametrize("compression", [None, "gzip", "zstd"])
def test_any_error_while_reading_is_told_after_the_lines_before_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, compression: str | None
) -> None:
    suffix = {None: "", "gzip": ".gz", "zstd": ".zst"}[compression]
    path = write_lines(tmp_path / f"e.jsonl{suffix}", [b"1", b"22", b"333"])
    [file] = find_event_files(path)
    stored = path.read_bytes() + (b"44" if compression is None else b"")
    monkeypatch.setattr(file.filesystem, "open", lambda *_: BreaksOff(stored, 1000))
    lines_read = iter(LineReader(file))

    assert [next(lines_read) for _ in range(3)] == [b"1", b"22", b"333"]
    with pytest.raises(EventFileError, match=r"to its end \(ConnectionLostError\)\.$"):
        next(lines_read)


@pytest.mark.parametrize("removed", [1, 8, 9, 40])
def test_of_a_compressed_file_that_is_cut_short_no_readable_line_is_lost(
    tmp_path: Path, removed: int
) -> None:
    written = [b"%d" % number for number in range(300_000)]
    path = write_lines(tmp_path / "e.jsonl.gz", written)
    stored = path.read_bytes()[:-removed]
    path.write_bytes(stored)
    [file] = find_event_files(path)
    lines_read = iter(LineReader(file))
    readable = zlib.decompressobj(wbits=31).decompress(stored).split(b"\n")[:-1]

    assert [next(lines_read) for _ in readable] == readable
    with pytest.raises(EventFileError):
        next(lines_read)
