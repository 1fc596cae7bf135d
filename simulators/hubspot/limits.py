"""HubSpot's rate limits: how many requests it answers in a while."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from pyrate_limiter import InMemoryBucket, Rate, RateItem

_DAY = 86_400
_SEARCH_POLICY = "SECONDLY"


@dataclass(frozen=True, slots=True)
class RateLimit:
    """At most `requests` in any `seconds` seconds."""

    policy: str
    """HubSpot's `policyName` in the 429."""
    requests: int
    seconds: int


class RateLimits:
    """The limits of one account and app.

    A search counts against all of them, every other request against all but the search limit; a
    request that is turned away counts against none.
    """

    def __init__(
        self,
        *,
        general: int = 100,
        search: int = 5,
        daily: int = 250_000,
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        """Allow `general` requests in 10 seconds, `search` in one, `daily` in 24 hours.

        The defaults are those of the smallest plan. `seconds` is a clock that only ever goes on,
        unlike that of the account.
        """
        self._seconds = seconds
        self._windows = [
            _Window(RateLimit("DAILY", daily, _DAY)),
            _Window(RateLimit("TEN_SECONDLY_ROLLING", general, 10)),
            _Window(RateLimit(_SEARCH_POLICY, search, 1)),
        ]

    def admit(self, *, is_search: bool) -> RateLimit | None:
        """Count a request that has come in; the limit that it would exceed, if any."""
        now = int(self._seconds() * 1000)
        concerned = [
            window for window in self._windows if is_search or window.limit.policy != _SEARCH_POLICY
        ]
        for window in concerned:
            if window.room(now) < 1:
                return window.limit
        for window in concerned:
            window.count(now)
        return None

    def headers(self) -> dict[str, str]:
        """What HubSpot tells of its limits with every answer but those of the search."""
        now = int(self._seconds() * 1000)
        daily, general, _ = self._windows
        return {
            "X-HubSpot-RateLimit-Daily": str(daily.limit.requests),
            "X-HubSpot-RateLimit-Daily-Remaining": str(daily.room(now)),
            "X-HubSpot-RateLimit-Interval-Milliseconds": str(general.limit.seconds * 1000),
            "X-HubSpot-RateLimit-Max": str(general.limit.requests),
            "X-HubSpot-RateLimit-Remaining": str(general.room(now)),
        }


class _Window:
    """The requests that still count against one limit."""

    def __init__(self, limit: RateLimit) -> None:
        self.limit = limit
        self._recent = InMemoryBucket([Rate(limit.requests, limit.seconds * 1000)])

    def room(self, now: int) -> int:
        """How many more requests there may be; `now` in milliseconds."""
        self._recent.leak(now)
        return self.limit.requests - self._recent.count()

    def count(self, now: int) -> None:
        """Note a request; `now` in milliseconds."""
        self._recent.put(RateItem(self.limit.policy, now))
