"""The one interface between the engine and every destination (spec/activation.md, Engine).

A writer knows its vendor: calls, limits, retries, the shape of answers. The engine knows none of
that; it hands over rows and learns what became of each.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Protocol


class Mode(StrEnum):
    """How rows become records (spec/activation.md, Declared, not coded)."""

    UPSERT = "upsert"
    """Records are brought to the row's values; a row that disappears leaves its record alone."""
    MIRROR = "mirror"
    """As upsert; of a row that disappears, the values that the sync wrote are emptied."""
    APPEND = "append"
    """A row is sent once, for good: later changes of it mean nothing."""
    MESSAGE = "message"
    """As append, to people."""

    @property
    def sends_once(self) -> bool:
        """Whether a row that was acknowledged is settled for good."""
        return self in {Mode.APPEND, Mode.MESSAGE}


class Operation(StrEnum):
    """What is done with a row's record."""

    INSERT = "insert"
    """The destination never confirmed the row's key to this sync."""
    UPDATE = "update"
    REMOVE = "remove"
    """The row is gone (mode mirror): the values that this sync wrote are emptied."""


class Repeating(StrEnum):
    """What may be done about a row that was sent and whose answer never came.

    spec/activation.md, Engine: unsure, record.
    """

    READ_BACK = "read_back"
    """Its record can be read: the engine looks before it sends again."""
    HARMLESS = "harmless"
    """The destination knows a row by its key and counts it once: it is sent again."""
    ASK = "ask"
    """Sent again, it would have its effect twice: a person decides (`millrace sync retry`)."""


class Outcome(StrEnum):
    """What became of one row of a request."""

    WRITTEN = "written"
    """The destination confirmed it."""
    FAILED = "failed"
    """The destination refused this row; it holds nothing new of it."""
    REJECTED = "rejected"
    """The request was refused without saying which of its rows is to blame; none was written."""
    UNSURE = "unsure"
    """It was sent and no answer came back; it may have taken effect."""
    CONFIRMED = "confirmed"
    """Read back, it held the values already: the engine sent nothing. No writer answers this."""
    SKIPPED = "skipped"
    """Held back by the engine, for a reason. No writer answers this."""


@dataclass(frozen=True, slots=True)
class RowRequest:
    """One record to be brought to these values."""

    key: str
    values: Mapping[str, str | None]
    """Property and value as text (see `activation.plan`); None empties the property."""
    operation: Operation = Operation.UPDATE


@dataclass(frozen=True, slots=True)
class RowResult:
    """The answer to one `RowRequest`."""

    key: str
    outcome: Outcome
    message: str | None = None
    """The vendor's words when it was not written, without e-mail addresses."""
    request_id: str | None = None
    """The vendor's id of the request, for its support."""


class ValueKind(StrEnum):
    """What a property's values must look like."""

    TEXT = "text"
    NUMBER = "number"
    BOOLEAN = "boolean"
    DATE = "date"
    INSTANT = "instant"
    CHOICE = "choice"
    """One of the options."""
    CHOICES = "choices"
    """Some of the options, joined with `;`."""


CLOSED_LISTS = frozenset({ValueKind.CHOICE, ValueKind.CHOICES})
"""The kinds whose values are options."""


@dataclass(frozen=True, slots=True)
class Option:
    """One value that a property of a closed list takes."""

    value: str
    label: str
    is_hidden: bool = False
    position: int | None = None
    description: str | None = None


@dataclass(frozen=True, slots=True)
class PropertyDescription:
    """A property as the destination describes it now."""

    name: str
    kind: ValueKind
    is_read_only: bool = False
    max_length: int | None = None
    """Characters; None where the vendor names no limit."""
    options: tuple[Option, ...] = ()
    takes_new_options: bool = False
    option_noun: str = "option"
    """What an option is, for sentences: `option`, `owner`."""


@dataclass(frozen=True, slots=True)
class NewProperty:
    """A property that `millrace sync setup` makes."""

    name: str
    """The destination's internal name."""
    label: str
    """What people read there."""
    kind: ValueKind
    options: tuple[str, ...] = ()
    """What a closed list takes from the beginning."""


Records = Mapping[str, Mapping[str, str | None]]
"""Values by key and property, as the destination writes them."""


@dataclass(slots=True)
class Usage:
    """Requests that a writer made so far."""

    calls: int = 0
    """Requests that reached the vendor, repeated ones included."""
    describe_calls: int = 0
    """Those of them that asked what there is to write to: properties, owners."""
    read_calls: int = 0
    """Those of them that read records."""
    write_calls: int = 0
    """Those of them that meant to change something."""
    retries: int = 0
    """Times that a request was made again."""

    def since(self, earlier: Usage) -> Usage:
        """What was added after `earlier`, which is a `copy` of this."""
        return Usage(
            calls=self.calls - earlier.calls,
            describe_calls=self.describe_calls - earlier.describe_calls,
            read_calls=self.read_calls - earlier.read_calls,
            write_calls=self.write_calls - earlier.write_calls,
            retries=self.retries - earlier.retries,
        )

    def copy(self) -> Usage:
        """The numbers as they are now."""
        return replace(self)


class Writer(Protocol):
    """One kind of record in one destination.

    Every method that asks the destination may raise `DestinationRefusedError` (asking again would
    not help) or `DestinationUnavailableError` (the retries are used up); neither is about a single
    row. One that changes something raises `NoAnswerError` when a request was sent and its answer
    did not come (a timeout, a cut connection); unless repeating is `HARMLESS`, no writer repeats
    such a request by itself. A request that was certainly not carried out (no connection, 429) is
    repeated by the writer, within the vendor's limits.
    """

    @property
    def usage(self) -> Usage:
        """Requests made so far, by whoever used this writer."""

    @property
    def repeating(self) -> Repeating:
        """What may be done about a row whose answer never came."""

    def describe(self, properties: Collection[str]) -> Mapping[str, PropertyDescription]:
        """Those of the properties that the destination has. Changes nothing."""

    def misfit(self, row: RowRequest) -> str | None:
        """Why the destination would refuse the row, beyond what `describe` tells.

        None when it would take it. Asks nobody, and names no value.
        """

    def read(self, keys: Sequence[str], properties: Collection[str]) -> Records:
        """The records of these keys as they are now, in one request. Changes nothing.

        Asked only where `repeating` is `READ_BACK`, for at most as many keys as `write` takes rows.
        A record that does not exist is left out; a property without a value is None or left out.
        """

    def add_options(self, description: PropertyDescription, values: Sequence[str]) -> None:
        """Add options to a property that takes new ones; those in `description` stay."""

    def create_property(self, wanted: NewProperty) -> None:
        """Make a property that the destination does not have."""

    def write(self, rows: Sequence[RowRequest]) -> Sequence[RowResult]:
        """Send the rows in one request; exactly one result for each, in any order.

        Rows that a `HARMLESS` or `READ_BACK` destination has already leave it as it is.
        """


class OpenWriter(Protocol):
    """How a destination's writer is made, ready to be used in a `with` statement."""

    def __call__(self, kind: str) -> AbstractContextManager[Writer]:
        """A writer of `kind` (`company`) for the account that the settings name.

        Raises:
            SettingsError: when a credential is missing.
        """
