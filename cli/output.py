"""What the commands print: progress bars on a terminal, plain lines elsewhere, JSON when asked."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields, is_dataclass
from datetime import datetime
from typing import Any, Protocol

from pydantic import BaseModel
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)

console = Console(highlight=False, soft_wrap=True)
"""Results go here (stdout)."""
wide = Console(highlight=False, width=300)
"""For tables that stay as wide as they are: a terminal wraps them, a pipe keeps their lines."""
messages = Console(stderr=True, highlight=False, soft_wrap=True)
"""Progress and errors go here (stderr), so that stdout can be piped."""


def is_person() -> bool:
    """Whether somebody sits at a terminal who reads what is shown and can be asked."""
    return sys.stdin.isatty() and sys.stdout.isatty()


class ProgressLine(Protocol):
    """One running piece of work, as the reader sees it."""

    def __call__(self, done: int, total: int | None = None) -> None:
        """Say how far it is: `done` of `total`, in whatever the title counts."""


@contextmanager
def progress(title: str, *, counts: bool = True) -> Iterator[ProgressLine]:
    """Show the progress of one piece of work: a bar on a terminal, else one line at its end.

    Args:
        title: what is being done.
        counts: whether the number at the end tells a reader something.
    """
    last_done = 0
    if messages.is_terminal:
        with Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=messages,
            transient=True,
        ) as bars:
            task = bars.add_task(title, total=None)

            def draw(done: int, total: int | None = None) -> None:
                bars.update(task, completed=done, total=total)

            yield draw
        return

    def remember(done: int, total: int | None = None) -> None:  # noqa: ARG001 - see ProgressLine
        nonlocal last_done
        last_done = done

    yield remember
    messages.print(f"{title}: {last_done:,}" if counts else f"{title}: done", markup=False)


def print_json(value: object) -> None:
    """Print a result for a machine: one JSON document on stdout."""
    sys.stdout.write(json.dumps(_plain(value), indent=2) + "\n")


def report_error(error: BaseException) -> None:
    """Print an error as one sentence on stderr."""
    text = str(error).strip() or type(error).__name__
    messages.print(f"millrace: {text}", style="red", markup=False)


def _plain(value: object) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(item) for item in value]
    if isinstance(value, datetime):
        return value.isoformat()
    is_json = value is None or isinstance(value, bool | int | float | str)
    return value if is_json else str(value)
