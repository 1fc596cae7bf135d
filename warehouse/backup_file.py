"""What a backup is on disk: one zip file with a manifest and a dump of pg_dump's custom format.

The dump is an ordinary one: `unzip -p FILE warehouse.dump | pg_restore --list` works without
Millrace. The zip's checksum tells a damaged file, and its directory, written last, a torn one.
"""

from __future__ import annotations

import os
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError

_MANIFEST = "manifest.json"
_DUMP = "warehouse.dump"


class NotABackupError(Exception):
    """A file is not a backup that can be put back; the message says why."""


class Manifest(BaseModel):
    """What a backup says of itself."""

    model_config = ConfigDict(frozen=True)

    kind: Literal["millrace backup"] = "millrace backup"
    format: Literal[1] = 1
    """How the file is laid out; another number is a later Millrace's."""
    millrace_version: str
    schema_revision: str
    """The last migration that had run (`ops.schema_version`)."""
    taken_at: AwareDatetime
    """The one moment that the dump shows, by the database's clock."""
    server_version: str
    schemas: tuple[str, ...]
    tables: int
    """How many tables the dump holds."""


@contextmanager
def new_backup(path: Path, manifest: Manifest) -> Iterator[IO[bytes]]:
    """Where to write a dump; at the end of the block it is complete and stands at `path`.

    Until then it lies beside it under the name of a draft, readable by its owner alone. A draft is
    no zip file yet: nothing can take it for a backup.

    Raises:
        OSError: when the folder cannot be written, or the disk is full.
    """
    draft = path.with_name(f"{path.name}.{os.getpid()}.draft")
    try:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            with zipfile.ZipFile(file, "w") as archive:
                archive.writestr(_MANIFEST, manifest.model_dump_json(indent=2) + "\n")
                with archive.open(_DUMP, "w", force_zip64=True) as dump:
                    yield dump
            file.flush()
            os.fsync(file.fileno())
        draft.rename(path)
    finally:
        draft.unlink(missing_ok=True)


def read_manifest(path: Path) -> Manifest:
    """What the backup says of itself.

    Raises:
        NotABackupError: when the file is not there, or is no complete backup of Millrace's.
    """
    with _opened(path) as archive:
        try:
            archive.getinfo(_DUMP)
            return Manifest.model_validate_json(archive.read(_MANIFEST))
        except (KeyError, ValidationError):
            raise NotABackupError(
                f"{path} is not a backup that this Millrace wrote: name a file that "
                "`millrace db backup` made."
            ) from None


@contextmanager
def open_dump(path: Path) -> Iterator[IO[bytes]]:
    """The dump in a backup; reading it to its end checks it.

    Raises:
        NotABackupError: when the file is damaged.
    """
    with _opened(path) as archive, archive.open(_DUMP) as dump:
        yield dump


@contextmanager
def _opened(path: Path) -> Iterator[zipfile.ZipFile]:
    try:
        with zipfile.ZipFile(path) as archive:
            yield archive
    except OSError as error:
        raise NotABackupError(f"{path} cannot be read ({error.strerror}).") from None
    except zipfile.BadZipFile:
        raise NotABackupError(
            f"{path} is not a backup, or a damaged one: name a file that `millrace db backup` made."
        ) from None
