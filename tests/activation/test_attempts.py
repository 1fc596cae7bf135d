"""How often a request is made again, and how long is waited in between."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from activation.errors import DestinationUnavailableError
from activation.writers.attempts import LONGEST_WAIT, TransientError, persist
from activation.writers.base import Usage
from activation.writers.limits import Patience

PATIENCE = Patience(attempts=3, first_pause=1.0, longest_pause=60.0)


def ask(answers: Iterator[TransientError | str]) -> tuple[str, list[float], Usage]:
    """What comes of asking somebody who gives these answers, the pauses, and the usage."""
    pauses: list[float] = []
    usage = Usage()

    def attempt() -> str:
        answer = next(answers)
        if isinstance(answer, TransientError):
            raise answer
        return answer

    answer = persist(attempt, vendor="Vendor", patience=PATIENCE, usage=usage, sleep=pauses.append)
    return answer, pauses, usage


def busy(seconds: float | None) -> TransientError:
    return TransientError("busy", pause=seconds)


def test_who_says_when_to_come_again_is_asked_again_then_however_often() -> None:
    answer, pauses, usage = ask(iter([*[busy(1)] * 20, "here"]))
    assert (answer, pauses, usage.retries) == ("here", [1] * 20, 20)


def test_it_ends_when_the_waits_add_up_to_too_much() -> None:
    answers = iter([busy(50)] * 100)
    with pytest.raises(DestinationUnavailableError, match="busy"):
        ask(answers)
    assert len(list(answers)) == 100 - (LONGEST_WAIT // 50 + 1)


def test_a_wait_of_no_time_does_not_go_on_for_ever() -> None:
    with pytest.raises(DestinationUnavailableError):
        ask(iter(lambda: busy(0), "never"))


def test_other_failures_use_attempts_up_whatever_comes_in_between() -> None:
    with pytest.raises(DestinationUnavailableError):
        ask(iter([busy(None), busy(1), busy(None), busy(1), busy(None), "too late"]))
    answer, _, usage = ask(iter([busy(None), busy(1), busy(None), "in time"]))
    assert (answer, usage.retries) == ("in time", 3)
