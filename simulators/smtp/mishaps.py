"""What the local mail server can be told to do wrong, and when."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from enum import StrEnum


class Stage(StrEnum):
    """The steps of handing a message over at which something can go wrong."""

    EHLO = "ehlo"
    MAIL = "mail"
    RCPT = "rcpt"
    DATA = "data"
    """The announcement of the text."""
    MESSAGE = "message"
    """The whole message, with the end of its text."""


@dataclass(frozen=True, slots=True)
class Mishap:
    """One thing to do wrong.

    `Mishap(Stage.RCPT, "550 5.1.1 No such user", address="ada@example.com")` refuses one recipient;
    `Mishap(Stage.MESSAGE, "451 4.7.1 Try again later", times=1)` greylists one message;
    `Mishap(Stage.MESSAGE, takes_effect=True, times=1)` keeps a message and hangs up.
    """

    stage: Stage
    reply: str | None = None
    """What is answered instead; None hangs up without a word."""
    address: str | None = None
    """With `RCPT`, whom alone it is about; None is everybody."""
    takes_effect: bool = False
    """With `MESSAGE`, whether it is kept all the same."""
    delay: float = 0
    """Seconds until it is done."""
    times: int | None = None
    """After how many times it is over; None is never."""


class MishapPlan:
    """The mishaps that the server has been told, each with its own count. Thread-safe."""

    def __init__(self) -> None:
        """Nothing goes wrong yet."""
        self._lock = threading.Lock()
        self._due: list[tuple[Mishap, int]] = []

    def add(self, *mishaps: Mishap) -> None:
        """Tell more, after those already told; of several that are due, the first is done."""
        with self._lock:
            self._due.extend((mishap, 0) for mishap in mishaps)

    def at(self, stage: Stage, address: str | None = None) -> Mishap | None:
        """What goes wrong now. Ask once for each step: it counts."""
        with self._lock:
            for number, (mishap, done) in enumerate(self._due):
                concerned = mishap.stage is stage and mishap.address in (None, address)
                if concerned and done != mishap.times:
                    self._due[number] = (mishap, done + 1)
                    return mishap
        return None
