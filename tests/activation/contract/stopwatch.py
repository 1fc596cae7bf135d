"""A time that passes only while somebody waits, for limits on both sides of the wire."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from unittest.mock import patch


class Stopwatch:
    """A clock of nanoseconds, so that adding up short waits loses nothing."""

    def __init__(self) -> None:
        self._now = 1_000_000_000_000

    def nanoseconds(self) -> int:
        """The time, as `time.monotonic_ns` tells it."""
        return self._now

    def seconds(self) -> float:
        """The time, as `time.monotonic` tells it."""
        return self._now / 1_000_000_000

    def sleep(self, seconds: float) -> None:
        """Wait, which takes no time."""
        self._now += round(seconds * 1_000_000_000)

    @contextmanager
    def keeps_quotas(self) -> Iterator[None]:
        """Let limiters go by this time, and wait by it; those of the process begin anew."""
        with (
            patch("pyrate_limiter.clocks.monotonic_ns", self.nanoseconds),
            patch("pyrate_limiter.limiter.sleep", self.sleep),
            patch.dict("activation.writers.limits._shared", clear=True),
        ):
            yield
