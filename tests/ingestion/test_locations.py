"""What a path means, and what is said of it."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import Path

import fsspec  # type: ignore[import-untyped]
import pytest

from ingestion.events.lines import LineReader
from ingestion.events.locations import EventFileError, find_event_files


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with event files and others."""
    (tmp_path / "2026-01").mkdir()
    for name in [
        "b.jsonl", "a.ndjson", "c.json.gz", "d.jsonl.zst", "2026-01/e.jsonl",
        "notes.txt", "f.gz", "g.jsonl.tmp", "jsonl",
    ]:  # fmt: skip
        (tmp_path / name).write_bytes(b"{}")
    return tmp_path


@pytest.fixture
def bucket() -> Iterator[str]:
    """URL of a folder that is not on disk."""
    filesystem = fsspec.filesystem("memory")
    filesystem.pipe("/bucket/a.jsonl", b"1\n2")
    filesystem.pipe("/bucket/b.jsonl", b"3")
    yield "memory://bucket"
    filesystem.rm("/bucket", recursive=True)


def places(path: str | Path) -> list[str]:
    """The places that a path means."""
    return [file.place for file in find_event_files(path)]


def test_a_folder_means_the_event_files_in_it_by_name(folder: Path) -> None:
    names = ["2026-01/e.jsonl", "a.ndjson", "b.jsonl", "c.json.gz", "d.jsonl.zst"]

    assert places(folder) == [str(folder / name) for name in names]


def test_a_file_may_have_any_name(folder: Path) -> None:
    assert places(folder / "notes.txt") == [str(folder / "notes.txt")]


def test_a_glob_means_the_files_that_match(folder: Path) -> None:
    assert places(f"{folder}/*.jsonl") == [str(folder / "b.jsonl")]
    assert places(f"{folder}/**/*.jsonl") == [
        str(folder / "2026-01/e.jsonl"),
        str(folder / "b.jsonl"),
    ]


def test_a_file_whose_name_looks_like_a_glob_is_itself(tmp_path: Path) -> None:
    path = tmp_path / "events[1].jsonl"
    path.write_bytes(b"{}")

    assert places(path) == [str(path)]


def test_the_place_of_a_file_is_the_same_from_everywhere(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder / "2026-01")

    assert places("../b.jsonl") == places(folder / "b.jsonl") == places(f"file://{folder}/b.jsonl")


def test_a_url_means_what_a_path_means(bucket: str) -> None:
    assert places(bucket) == ["memory:///bucket/a.jsonl", "memory:///bucket/b.jsonl"]
    assert places(f"{bucket}/*a.jsonl") == ["memory:///bucket/a.jsonl"]
    [file] = find_event_files(f"{bucket}/a.jsonl")
    assert list(LineReader(file)) == [b"1", b"2"]


def test_a_file_in_an_archive_is_placed_in_it(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "e.zip", "w") as archive:
        archive.writestr("in/e.jsonl", "1\n2")
    [file] = find_event_files(f"zip://in/*.jsonl::{tmp_path}/e.zip")

    assert file.place == f"zip://in/e.jsonl::{tmp_path}/e.zip"
    assert list(LineReader(file)) == [b"1", b"2"]


@pytest.mark.parametrize("name", ["missing.jsonl", "*.missing", "2026-02"])
def test_a_path_that_means_nothing_is_named_in_a_sentence(folder: Path, name: str) -> None:
    with pytest.raises(EventFileError, match=r"There are no event files at .*: name a "):
        find_event_files(folder / name)


def test_a_folder_without_event_files_is_named_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(EventFileError, match="There are no event files at"):
        find_event_files(tmp_path)


@pytest.mark.parametrize("url", ["carrier-pigeon://loft/e.jsonl", "s3://bucket/e.jsonl"])
def test_a_url_that_needs_a_package_is_named_in_a_sentence(url: str) -> None:
    with pytest.raises(EventFileError, match=f"^{url} cannot be read: "):
        find_event_files(url)


def test_secrets_in_a_url_are_not_repeated() -> None:
    with pytest.raises(EventFileError) as error:
        find_event_files("s3://key:hidden@bucket/e.jsonl")
    assert "hidden" not in str(error.value)
    with pytest.raises(EventFileError) as error:
        find_event_files("http://user:hidden@127.0.0.1:9/e.jsonl?signature=hidden")
    assert "hidden" not in str(error.value)
