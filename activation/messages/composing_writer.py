"""A writer that composes each message before another one sends it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache

from activation.messages.composer import Composer, FactsError, Parts
from activation.preflight import misfits
from activation.writers.base import (
    NewProperty,
    PropertyDescription,
    Records,
    Repeating,
    RowRequest,
    RowResult,
    Usage,
    ValueKind,
    Writer,
)

_AT_ONCE = 4
"""Messages that are remembered: each recipient of a summary gets the same one."""


class ComposingWriter:
    """A `Writer` whose rows hold facts where the destination's hold a message.

    Whoever uses it sees the row as the model has it, so that the ledger keeps the facts.

    Args:
        writer: of the destination; stays the caller's to close.
        composer: makes the messages.
        console_url: where people look at the warehouse; None leaves links out.
    """

    def __init__(self, writer: Writer, composer: Composer, *, console_url: str | None) -> None:
        self._writer = writer
        self._takes = composer.takes
        self._made = writer.describe(composer.makes)

        @lru_cache(maxsize=_AT_ONCE)
        def composed(facts: str) -> Parts:
            return composer.compose(facts, console_url=console_url)

        self._compose = composed

    @property
    def usage(self) -> Usage:
        """Requests made so far, by whoever used the destination's writer."""
        return self._writer.usage

    @property
    def repeating(self) -> Repeating:
        """As the destination has it."""
        return self._writer.repeating

    def describe(self, properties: Collection[str]) -> Mapping[str, PropertyDescription]:
        """See `Writer.describe`: what a row holds, not what is made of it."""
        described = dict(
            self._writer.describe([name for name in properties if name not in self._made])
        )
        if self._takes in properties:
            described[self._takes] = PropertyDescription(self._takes, ValueKind.TEXT)
        return described

    def misfit(self, row: RowRequest) -> str | None:
        """See `Writer.misfit`. Facts that no message can be composed of are one."""
        try:
            whole = self._composed(row)
        except FactsError as error:
            return f"{self._takes}: {error}"
        made = {name: whole.values[name] for name in self._made if name in whole.values}
        return misfits(made, self._made) or self._writer.misfit(whole)

    def read(self, keys: Sequence[str], properties: Collection[str]) -> Records:
        """See `Writer.read`."""
        return self._writer.read(keys, properties)

    def add_options(self, description: PropertyDescription, values: Sequence[str]) -> None:
        """See `Writer.add_options`."""
        self._writer.add_options(description, values)

    def create_property(self, wanted: NewProperty) -> None:
        """See `Writer.create_property`."""
        self._writer.create_property(wanted)

    def write(self, rows: Sequence[RowRequest]) -> Sequence[RowResult]:
        """See `Writer.write`. Rows that are no misfits."""
        return self._writer.write([self._composed(row) for row in rows])

    def _composed(self, row: RowRequest) -> RowRequest:
        given = {name: value for name, value in row.values.items() if name != self._takes}
        facts = row.values.get(self._takes)
        if facts is None:
            raise FactsError("a message needs it")
        return replace(row, values={**given, **self._compose(facts)})
