"""The time by which a simulator lives."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

Clock = Callable[[], datetime]
"""Tells the time: a datetime with its zone."""


class StoppedClock:
    """A clock that goes on only when it is told to, so that tests and the demo know the time."""

    def __init__(self, now: datetime) -> None:
        """Stop at `now`, which has a time zone."""
        self.now = now

    def __call__(self) -> datetime:
        """The time it was set to."""
        return self.now

    def advance(self, by: timedelta) -> None:
        """Move on."""
        self.now += by
