"""What the contract suite has to know of each writer, and nothing else.

The suite (`test_contract_*.py`) holds for every writer what spec/activation.md, Engine, promises of
all. A new writer needs one more `Case`, in a file of its own, and a line in `cases.CASES`.

A case stands in front of a simulated destination on 127.0.0.1. Its rows have a key and a version:
the model's content is made of both, and so is what is looked for at the destination.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import ClassVar

from activation import Declaration
from activation.writers.base import (
    Repeating,
    Writer,
)
from activation.writers.limits import Quota
from tests.activation.contract.stopwatch import Stopwatch
from tests.activation.contract.wire import Wire

Row = Mapping[str, str | None]
"""Property and value, as the model wants it."""

SECRET = "stubbornHeron"
"""Part of every credential."""
PERSONAL = "quaintotter"
"""Part of every personal value."""
VALUE = "quietharbour"
"""Part of every value that is no personal one."""
WHY_REFUSED = "Not in this season"
"""What a destination says of a row that it refuses, where it says more than a word."""

PARK_AFTER = 2
MANY = Quota(100_000, 1)


@dataclass(frozen=True, slots=True)
class Calls:
    """What a vendor's own log counts."""

    all: int
    writes: int


class Case(ABC):
    """One writer, and the destination that it writes to."""

    keys: ClassVar[Sequence[str]] = ("1001", "1002", "1003", "1004", "1005")
    repeating: ClassVar[Repeating] = Repeating.READ_BACK
    declaration: Declaration
    """A sync whose rows take several requests, and which parks after `PARK_AFTER` refusals."""
    sends_request_ids: ClassVar[bool] = True
    """Whether the vendor gives a refusal an id."""
    reason: ClassVar[str] = WHY_REFUSED
    """What a refused row's message says."""

    def __init__(self) -> None:
        self.wire = Wire()
        self.pauses: list[float] = []
        """Seconds that the writer waited between attempts, which took no time."""
        self._refused: set[str] = set()

    @abstractmethod
    def served(self) -> AbstractContextManager[object]:
        """Have the destination listen, for the length of a `with` block."""

    @abstractmethod
    def begin(self) -> None:
        """Have a destination that has never heard of us, with nothing wrong."""

    @abstractmethod
    def writer(self) -> AbstractContextManager[Writer]:
        """The writer over the wire: limits as real, but a wide quota, and waiting takes no time."""

    @abstractmethod
    def row(self, key: str, version: int) -> Row:
        """What the model wants of a record, with the tell-tale parts in it."""

    @abstractmethod
    def arrivals(self) -> Counter[str]:
        """How often each key had its effect: writes of a record, messages to people."""

    @abstractmethod
    def holds(self, key: str, version: int) -> bool:
        """Whether the record has these values, or such a message has arrived."""

    @abstractmethod
    def _tell(self) -> None:
        """Let the destination refuse the keys in `_refused`, and nothing else be wrong."""

    @abstractmethod
    def calls(self) -> Calls:
        """What the vendor's log counts since `begin`."""

    def refuse(self, key: str) -> None:
        """Let the destination refuse everything about a key, until `accept`."""
        self._refused.add(key)
        self._tell()

    def accept(self, key: str) -> None:
        """Take back `refuse`."""
        self._refused.discard(key)
        self._tell()

    def recover(self) -> None:
        """Let nothing be wrong any more."""
        self._refused.clear()
        self._tell()

    def rows(self, version: int = 1) -> dict[str, Row]:
        """All keys in one version."""
        return {key: self.row(key, version) for key in self.keys}


class VendorCase(Case):
    """A case whose destination is a vendor's, and so can fail as vendors do."""

    @abstractmethod
    def be_busy(self, times: int, *, seconds: int | None = None) -> None:
        """Turn the next requests away with "not now"; a `LimitedCase` says how long to wait."""

    @abstractmethod
    def break_down(self) -> None:
        """Fail at the next request that means to change something, and do nothing."""

    @abstractmethod
    def hang(self, write: int) -> None:
        """Carry out the write of this number from now, and leave it without an answer."""

    @abstractmethod
    def is_hanging(self) -> bool:
        """Whether such a request is waiting for its answer."""

    @abstractmethod
    def environment(self) -> Mapping[str, str]:
        """The settings by which the project itself opens this writer."""


class LimitedCase(VendorCase):
    """A case whose vendor turns away who asks too often."""

    @abstractmethod
    def begin_with_limits(self, stopwatch: Stopwatch) -> Sequence[str]:
        """As `begin`, with the vendor's real limits, whose time is the stopwatch's.

        Returns:
            Keys that take more requests than the limits allow at once, each by itself.
        """

    @abstractmethod
    def limited_writer(self, stopwatch: Stopwatch) -> AbstractContextManager[Writer]:
        """The writer with the limiter that the process shares; it waits by the stopwatch."""

    @property
    @abstractmethod
    def quota(self) -> Quota:
        """What the writer's own limits say."""

    @abstractmethod
    def statuses(self) -> Sequence[int | None]:
        """The HTTP statuses that were answered, in order."""
