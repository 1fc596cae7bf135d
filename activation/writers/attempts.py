"""Making a request again while that may help, as every writer does it.

spec/activation.md, Engine: write.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TypeVar

import httpx
from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception_type,
    wait_exponential_jitter,
)

from activation.errors import DestinationError, DestinationUnavailableError
from activation.writers.base import Usage
from activation.writers.limits import Patience

logger = logging.getLogger(__name__)

NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)
"""How httpx says that there was no connection, so that nothing can have arrived."""

LONGEST_WAIT = 300.0
"""Seconds that one request waits in all because the vendor asks for it, however often it does."""

_Answer = TypeVar("_Answer")


class TransientError(Exception):
    """This attempt failed and another one may not.

    Args:
        message: what happened; without secrets, values and addresses, for it is logged.
        pause: seconds that the vendor asks to wait.
        request_id: the vendor's id of the request.
        may_have_arrived: whether it may have changed something all the same.
    """

    def __init__(
        self,
        message: str,
        *,
        pause: float | None = None,
        request_id: str | None = None,
        may_have_arrived: bool = False,
    ) -> None:
        super().__init__(message)
        self.pause = pause
        self.request_id = request_id
        self.may_have_arrived = may_have_arrived


def persist(
    attempt: Callable[[], _Answer],
    *,
    vendor: str,
    patience: Patience,
    usage: Usage,
    sleep: Callable[[float], None],
) -> _Answer:
    """What `attempt` returns, after as many repetitions as it takes.

    A vendor that says when to come again is taken at its word for up to `LONGEST_WAIT`; only other
    failures use up attempts.

    Args:
        attempt: makes the request once; a `TransientError` asks for another attempt.
        vendor: whom it goes to, to begin a sentence with.
        patience: how often, and how long in between.
        usage: where repetitions are counted.
        sleep: how to wait, in seconds.

    Raises:
        DestinationUnavailableError: when patience is at its end.
        DestinationError: what else `attempt` raised; it knows of attempts that may have arrived.
    """
    may_have_arrived = False
    failures = 0
    waited = 0.0

    def noted() -> _Answer:
        nonlocal may_have_arrived
        try:
            return attempt()
        except TransientError as error:
            may_have_arrived |= error.may_have_arrived
            if error.pause is not None and error.pause > patience.longest_pause:
                raise DestinationUnavailableError(
                    f"{vendor} asks to wait {error.pause:.0f} seconds: run the sync again after "
                    "that; it goes on where it stopped.",
                    request_id=error.request_id,
                ) from None
            raise

    def is_enough(state: RetryCallState) -> bool:
        nonlocal failures, waited
        asked = _asked(state)
        if asked is None:
            failures += 1
        else:
            waited += max(asked, patience.first_pause)
        return failures >= patience.attempts or waited > LONGEST_WAIT

    def pause(state: RetryCallState) -> float:
        asked = _asked(state)
        if asked is not None:
            return asked
        backoff = wait_exponential_jitter(
            multiplier=patience.first_pause, max=patience.longest_pause
        )
        return backoff(state)

    def note_retry(state: RetryCallState) -> None:
        usage.retries += 1
        if state.attempt_number == 1 and state.outcome is not None:
            logger.warning("%s: %s; trying again", vendor, state.outcome.exception())

    retrying = Retrying(
        stop=is_enough,
        wait=pause,
        retry=retry_if_exception_type(TransientError),
        sleep=sleep,
        before_sleep=note_retry,
        reraise=True,
    )
    try:
        return retrying(noted)
    except TransientError as error:
        raise DestinationUnavailableError(
            f"{vendor} could not be used: {error}. Run the sync again later; it goes on where it "
            "stopped.",
            request_id=error.request_id,
            may_have_arrived=may_have_arrived,
        ) from None
    except DestinationError as error:
        error.may_have_arrived |= may_have_arrived
        raise


def _asked(state: RetryCallState) -> float | None:
    """Seconds that the vendor asked to wait after this attempt; None when it did not."""
    error = state.outcome.exception() if state.outcome else None
    return error.pause if isinstance(error, TransientError) else None


def asked_to_wait(response: httpx.Response) -> float | None:
    """Seconds that the answer asks to wait, from either form of `Retry-After`."""
    said: str | None = response.headers.get("retry-after")
    if said is None:
        return None
    if said.strip().isdecimal():
        return float(said)
    try:
        until = parsedate_to_datetime(said)
    except ValueError:
        return None
    if until.tzinfo is None:
        until = until.replace(tzinfo=UTC)
    return max(0.0, (until - datetime.now(UTC)).total_seconds())
