"""Records, and what they were before each write."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from simulators.hubspot.timestamps import format_instant


class RecordVersion(NamedTuple):
    """A record as it is, or as it was at some time."""

    id: str
    properties: dict[str, str]
    """Values by property name; a property without a value is not there."""
    created_at: datetime
    updated_at: datetime
    archived_at: datetime | None


@dataclass(frozen=True, slots=True)
class Revision:
    """One accepted write, told by what it replaced."""

    at: datetime
    replaced: dict[str, str | None]
    """Former values of the properties that the write changed; None where there was none."""
    updated_before: datetime
    """When the record had been written before."""


@dataclass(frozen=True, slots=True)
class PastValue:
    """A value that a property has or had."""

    value: str
    since: datetime


@dataclass(slots=True)
class ObjectRecord:
    """One company, contact or deal."""

    id: str
    """Digits."""
    properties: dict[str, str]
    """Values by property name; a property without a value is not there."""
    created_at: datetime
    updated_at: datetime
    archived_at: datetime | None = None
    revisions: list[Revision] = field(default_factory=list)
    """The accepted writes since the record was made, oldest first; also those that wrote what was
    there already."""

    @property
    def is_archived(self) -> bool:
        """Whether it lies in the recycle bin."""
        return self.archived_at is not None

    def current(self) -> RecordVersion:
        """The record as it is."""
        return RecordVersion(
            self.id, self.properties, self.created_at, self.updated_at, self.archived_at
        )

    def as_of(self, instant: datetime) -> RecordVersion | None:
        """The record as it was at `instant`; None before it was made."""
        if self.created_at > instant:
            return None
        if self.updated_at <= instant:
            return self.current()
        values: dict[str, str | None] = dict(self.properties)
        updated_at = self.updated_at
        for revision in reversed(self.revisions):
            if revision.at <= instant:
                break
            values |= revision.replaced
            updated_at = revision.updated_before
        return RecordVersion(
            self.id,
            {name: value for name, value in values.items() if value is not None},
            self.created_at,
            updated_at,
            self.archived_at,
        )

    def history(self, name: str) -> Iterator[PastValue]:
        """The values of one property, the present one first; cleared is the empty text."""
        value = self.properties.get(name)
        for revision in reversed(self.revisions):
            if name in revision.replaced:
                yield PastValue(value or "", revision.at)
                value = revision.replaced[name]
        if value is not None:
            yield PastValue(value, self.created_at)

    def overwrite(self, values: dict[str, str], *, modified_property: str, at: datetime) -> None:
        """Accept a write of values that have been found valid; an empty text clears."""
        written = {**values, modified_property: format_instant(at)}
        replaced = {
            name: self.properties.get(name)
            for name, value in written.items()
            if self.properties.get(name, "") != value
        }
        self.revisions.append(Revision(at, replaced, self.updated_at))
        # A new dictionary: versions handed out before keep theirs.
        merged = {**self.properties, **written}
        self.properties = {name: value for name, value in merged.items() if value != ""}
        self.updated_at = at
