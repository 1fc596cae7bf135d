"""Instants as they are written on the command line."""

from __future__ import annotations

from datetime import datetime

import typer


def instant(text: str | None, option: str) -> datetime | None:
    """The instant that an option names; None where it was not given.

    Raises:
        BadParameter: when it is not RFC 3339 with an offset.
    """
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise typer.BadParameter(
            f"{text!r} is not an RFC 3339 instant, such as 2026-11-01T00:00:00Z.",
            param_hint=option,
        )
    return found
