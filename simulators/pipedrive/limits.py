"""Pipedrive's limits: requests in two seconds, tokens in a day."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from pyrate_limiter import InMemoryBucket, Rate, RateItem

_WINDOW_SECONDS = 2


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a request is turned away."""

    headers: dict[str, str]
    """Of the 429."""
    is_shut_out: bool
    """Whether so many 429s were ignored that a 403 page is answered instead."""


class RateLimits:
    """The limits of one token.

    A request that is turned away costs no tokens. Tokens come back at midnight UTC by the account's
    clock.
    """

    def __init__(
        self,
        *,
        burst: int = 20,
        daily_tokens: int = 30_000,
        patience: int = 20,
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        """Allow `burst` requests in two seconds and `daily_tokens` in a day.

        The defaults are those of the smallest plan with one seat. After `patience` 429s without a
        request between them that was let in, the answer is a 403. `seconds` is a clock that only
        ever goes on, unlike that of the account.
        """
        self.daily_tokens = daily_tokens
        self.tokens_left = daily_tokens
        """May be set: others use up tokens of the same account."""
        self._burst = burst
        self._patience = patience
        self._seconds = seconds
        self._recent = InMemoryBucket([Rate(burst, _WINDOW_SECONDS * 1000)])
        self._day: date | None = None
        self._refused = 0

    def admit(self, cost: int, now: datetime) -> Refusal | None:
        """Count a request of so many tokens that comes in `now`; why it may not, if so."""
        if self._day is not None and now.date() > self._day:
            self.tokens_left = self.daily_tokens
        self._day = now.date()
        moment = int(self._seconds() * 1000)
        self._recent.leak(moment)
        if self.tokens_left < cost:
            return self._refusal(_seconds_to_midnight(now), tokens_left=0)
        if self._recent.count() >= self._burst:
            return self._refusal(_WINDOW_SECONDS, tokens_left=self.tokens_left)
        self._recent.put(RateItem("request", moment))
        self.tokens_left -= cost
        self._refused = 0
        return None

    def headers(self) -> dict[str, str]:
        """What Pipedrive tells of its limits with every answer."""
        self._recent.leak(int(self._seconds() * 1000))
        return limit_headers(
            limit=self._burst,
            remaining=self._burst - self._recent.count(),
            reset=_WINDOW_SECONDS,
            tokens_left=self.tokens_left,
        )

    def _refusal(self, reset: int, *, tokens_left: int) -> Refusal:
        self._refused += 1
        return Refusal(
            limit_headers(limit=self._burst, remaining=0, reset=reset, tokens_left=tokens_left),
            is_shut_out=self._refused > self._patience,
        )


def limit_headers(*, limit: int, remaining: int, reset: int, tokens_left: int) -> dict[str, str]:
    """The headers by which Pipedrive tells of its limits; `reset` in seconds from now."""
    return {
        "x-ratelimit-limit": str(limit),
        "x-ratelimit-remaining": str(remaining),
        "x-ratelimit-reset": str(reset),
        "x-daily-requests-left": str(tokens_left),
    }


def token_cost(path: str) -> int:
    """How many tokens a GET of this path costs: lists more than single records, v1 more than v2."""
    is_single = path.rsplit("/", 1)[-1].isdigit() or path.endswith("/users/me")
    if "/v2/" in path:
        return 1 if is_single else 10
    return 2 if is_single else 20


def _seconds_to_midnight(now: datetime) -> int:
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    return int((midnight - now).total_seconds())
