"""Where event files lie: a file, a folder, a glob, or any of these behind an fsspec URL."""

from __future__ import annotations

import glob
import os
import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import fsspec  # type: ignore[import-untyped]  # ships no types
from fsspec.implementations.local import LocalFileSystem  # type: ignore[import-untyped]

from ingestion.errors import IngestionError

SUFFIXES = (".jsonl", ".ndjson", ".json")
"""Names that a folder's event files end with, before the suffix of a compression."""
COMPRESSIONS = {".gz": "gzip", ".zst": "zstd"}
"""Suffixes of compressed files, and how pyarrow calls the compression."""

_USER_INFO = re.compile(r"(?<=://)[^/@]*@")
_WEB_QUERY = re.compile(r"(https?://[^?#]*)[?#].*")


class EventFileError(IngestionError):
    """Event files cannot be found or read; the message names the place and says what to do."""


@dataclass(frozen=True, slots=True)
class EventFile:
    """One file of events."""

    filesystem: fsspec.AbstractFileSystem
    path: str
    """As the filesystem knows it."""
    place: str
    """Absolute path, or URL without what may be secret in it (user, password, query)."""
    size: int | None
    """Bytes as stored, compressed or not; None when the filesystem does not tell."""

    @property
    def compression(self) -> str | None:
        """What the name says that the content is compressed with."""
        return COMPRESSIONS.get(PurePosixPath(self.path).suffix)


def find_event_files(path: str | os.PathLike[str]) -> list[EventFile]:
    """The event files that a path means, in the order of their names.

    Args:
        path: a file, whatever its name; a folder, which means all files in it and its subfolders
            that end with `SUFFIXES`, compressed or not; a glob; or an fsspec URL of these.

    Raises:
        EventFileError: when nothing is there, or the kind of URL needs a package.
    """
    given = os.fspath(path)
    try:
        filesystem, root = _locate(given)
        if filesystem.isfile(root):
            found = [root]
        elif filesystem.isdir(root):
            found = [name for name in filesystem.find(root) if _is_event_file(name)]
        elif glob.has_magic(root):
            found = [name for name in filesystem.glob(root) if filesystem.isfile(name)]
        else:
            found = []
    except (ImportError, ValueError, OSError) as error:
        raise EventFileError(f"{_safe(given)} cannot be read: {reason(error)}.") from None
    if not found:
        raise EventFileError(
            f"There are no event files at {_safe(given)}: name a file, a folder with files ending "
            f"in {', '.join(SUFFIXES)} (or these with {', '.join(COMPRESSIONS)}), or a glob."
        )
    archive = given.partition("::")[2] if "://" in given else ""
    return [
        EventFile(filesystem, name, _place(filesystem, name, archive), _size(filesystem, name))
        for name in sorted(found)
    ]


def _locate(given: str) -> tuple[fsspec.AbstractFileSystem, str]:
    if "://" in given:
        filesystem, root = fsspec.url_to_fs(given)
        return filesystem, str(root)
    return LocalFileSystem(), str(Path(given).expanduser().resolve())


def _is_event_file(name: str) -> bool:
    path = PurePosixPath(name)
    return (path.with_suffix("") if path.suffix in COMPRESSIONS else path).suffix in SUFFIXES


def _place(filesystem: fsspec.AbstractFileSystem, name: str, archive: str) -> str:
    if isinstance(filesystem, LocalFileSystem):
        return _safe(name)
    url = filesystem.unstrip_protocol(name)
    return _safe(f"{url}::{archive}" if archive else url)


def _safe(text: str) -> str:
    """A path or URL that may be stored and shown."""
    shown = os.fsencode(text).decode("utf-8", "backslashreplace")
    return _WEB_QUERY.sub(r"\1", _USER_INFO.sub("", shown))


def _size(filesystem: fsspec.AbstractFileSystem, name: str) -> int | None:
    size = filesystem.size(name)
    return int(size) if size is not None else None


def reason(error: Exception) -> str:
    """Why something could not be read, without a full stop, fit to be shown."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return _safe(str(error)).rstrip(".") or type(error).__name__
