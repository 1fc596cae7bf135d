"""The log of the requests that a simulator has received."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from fnmatch import fnmatchcase

from starlette.types import Scope

_SCOPE_KEY = "simulator.call"


@dataclass(slots=True)
class Call:
    """One request, and what became of it."""

    number: int
    """1 for the first request since the log was last cleared."""
    at: datetime
    """When it came in, by the simulator's clock (UTC)."""
    method: str
    path: str
    query: str
    """The query as sent, without the question mark."""
    is_write: bool
    """Whether it asks for a change (a search or batch read by POST does not)."""
    inputs: int
    """How many records it names to be read or written; 0 when it names none."""
    status: int | None = None
    """HTTP status answered; None when the connection was cut, or while it is still open."""
    written: int = 0
    """How many records the request really wrote, whatever was answered."""
    fault: str | None = None
    """Kind of the fault that was done to it, if any."""


class CallLog:
    """Every request in the order of arrival, those that a fault kept from the vendor included."""

    def __init__(self) -> None:
        """An empty log."""
        self._calls: list[Call] = []

    def __iter__(self) -> Iterator[Call]:
        """The calls, oldest first."""
        return iter(tuple(self._calls))

    def __len__(self) -> int:
        """How many calls there were."""
        return len(self._calls)

    @property
    def reads(self) -> list[Call]:
        """The calls that ask for no change."""
        return [call for call in self if not call.is_write]

    @property
    def writes(self) -> list[Call]:
        """The calls that ask for a change, whether or not it was made."""
        return [call for call in self if call.is_write]

    @property
    def records_written(self) -> int:
        """How many records were really written, over all calls."""
        return sum(call.written for call in self)

    def to(self, path: str, *, method: str | None = None) -> list[Call]:
        """The calls to paths of this pattern (`*` also matches slashes), oldest first."""
        return [
            call for call in self if fnmatchcase(call.path, path) and method in (None, call.method)
        ]

    def open(
        self, *, at: datetime, method: str, path: str, query: str, is_write: bool, inputs: int
    ) -> Call:
        """Note that a request has come in; the caller fills in what becomes of it."""
        call = Call(
            number=len(self._calls) + 1,
            at=at,
            method=method,
            path=path,
            query=query,
            is_write=is_write,
            inputs=inputs,
        )
        self._calls.append(call)
        return call

    def clear(self) -> None:
        """Forget all calls."""
        self._calls.clear()


def attach(call: Call, scope: Scope) -> None:
    """Let everything that handles this request find its entry in the log."""
    scope[_SCOPE_KEY] = call


def call_of(scope: Scope) -> Call:
    """The log entry of the request that is being handled.

    Raises:
        KeyError: when the request did not come through a `Gateway`.
    """
    call: Call = scope[_SCOPE_KEY]
    return call
