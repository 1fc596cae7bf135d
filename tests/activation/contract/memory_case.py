"""The writer in memory, the reference of the contract."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from activation.errors import DestinationUnavailableError, NoAnswerError
from activation.writers.base import (
    Outcome,
    PropertyDescription,
    Repeating,
    RowRequest,
    RowResult,
    ValueKind,
    Writer,
)
from tests.activation.contract.case import (
    PARK_AFTER,
    VALUE,
    Calls,
    Case,
    Row,
)
from tests.activation.contract.wire import Ending, Moment, Wire
from tests.activation.memory import Killed, MemoryWriter
from tests.activation.models import declare


class _WiredMemory(MemoryWriter):
    """A `MemoryWriter` over a wire."""

    wire: Wire
    _is_write = False

    def _arrive(self, *, is_write: bool) -> None:
        self._is_write = is_write
        self.wire.sends()
        self._suffer(Moment.BEFORE)
        super()._arrive(is_write=is_write)

    def _answers(self, rows: Sequence[RowRequest]) -> list[RowResult]:
        if self.repeating is not Repeating.HARMLESS:
            return super()._answers(rows)
        known = [row for row in rows if self.records.get(row.key) == row.values]
        told = [RowResult(row.key, Outcome.WRITTEN) for row in known]
        return told + super()._answers([row for row in rows if row not in known])

    def _answer(self, keys: Sequence[str] = ()) -> None:
        super()._answer(keys)
        self._suffer(Moment.AFTER)

    def _suffer(self, moment: Moment) -> None:
        if self.wire.strikes(moment, Ending.KILLED):
            raise Killed
        if self.wire.strikes(moment, Ending.LOST):
            raise NoAnswerError("Lost.") if self._is_write else DestinationUnavailableError("Lost.")


class MemoryCase(Case):
    """The writer in memory, which shows what is asked of the others."""

    reason = "cannot be changed"

    def __init__(self, repeating: Repeating) -> None:
        super().__init__()
        self.repeating = repeating  # type: ignore[misc]
        more = (
            {"destination": "slack", "object": "message", "mode": "message", "batch_size": 1}
            if repeating is Repeating.ASK
            else {"batch_size": 2}
        )
        name = "slack_memory" if repeating is Repeating.ASK else f"hubspot_company__{repeating}"
        self.declaration = declare(name, ["text"], park_after=PARK_AFTER, **more)

    @contextmanager
    def served(self) -> Iterator[None]:
        yield

    def begin(self) -> None:
        properties = {"text": PropertyDescription("text", ValueKind.TEXT)}
        self._refused.clear()
        self._writer = _WiredMemory(properties=properties, repeating=self.repeating)
        self._writer.wire = self.wire

    @contextmanager
    def writer(self) -> Iterator[Writer]:
        yield self._writer

    def row(self, key: str, version: int) -> Row:
        return {"text": f"{VALUE} {key} {version}"}

    def arrivals(self) -> Counter[str]:
        return Counter(self._writer.applied)

    def holds(self, key: str, version: int) -> bool:
        return self._writer.records.get(key) == self.row(key, version)

    def _tell(self) -> None:
        self._writer.refused = set(self._refused)

    def calls(self) -> Calls:
        return Calls(self._writer.usage.calls, self._writer.usage.write_calls)
