"""A destination in memory: a `Writer` whose records, answers and end a test decides."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from activation.errors import DestinationError
from activation.writers.base import (
    NewProperty,
    Option,
    Outcome,
    PropertyDescription,
    Records,
    Repeating,
    RowRequest,
    RowResult,
    Usage,
    ValueKind,
)

DROPDOWNS = ("salesaccountmanager", "customersuccessmanager", "account_manager", "cs_stage")


class Killed(BaseException):
    """The process is gone: nothing after it runs."""


def company_properties() -> dict[str, PropertyDescription]:
    """What HubSpot describes of the journey's properties: four empty dropdowns, two owners."""
    described = {
        name: PropertyDescription(name, ValueKind.CHOICE, takes_new_options=True)
        for name in DROPDOWNS
    }
    described["hubspot_owner_id"] = PropertyDescription(
        "hubspot_owner_id",
        ValueKind.CHOICE,
        options=(Option("41", "41"), Option("42", "42")),
        option_noun="owner",
    )
    return described


@dataclass
class MemoryWriter:
    """Records by key, and every request that came in."""

    properties: dict[str, PropertyDescription] = field(default_factory=company_properties)
    records: dict[str, dict[str, str | None]] = field(default_factory=dict)
    requests: list[list[str]] = field(default_factory=list)
    """Keys of each write request, refused ones included."""
    applied: list[str] = field(default_factory=list)
    """Keys in the order in which they were really written."""
    reads: list[list[str]] = field(default_factory=list)
    """Keys of each request to read records."""
    open_when_killed: list[list[str]] = field(default_factory=list)
    """Keys of the write requests whose answer the dying process never saw."""
    option_lists: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)
    """Property and complete list, for each time that options were made."""
    refused: set[str] = field(default_factory=set)
    """Keys that are refused one by one, beside the good rows of the same request."""
    poisonous: set[str] = field(default_factory=set)
    """Keys that make a whole request be refused, without a word of who is to blame."""
    refused_values: set[str] = field(default_factory=set)
    """Values for which a row is refused, as with `refused`."""
    poisonous_values: set[str] = field(default_factory=set)
    """Values for which a whole request is refused, as with `poisonous`."""
    failures: dict[int, DestinationError] = field(default_factory=dict)
    """What is raised instead of an answer to the write request of that number, from 1."""
    dies_before: int | None = None
    """The process ends before its request of this number, of whatever kind, has any effect."""
    dies_after: int | None = None
    """The process ends when its request of this number has taken effect."""
    repeating: Repeating = Repeating.READ_BACK
    created: list[NewProperty] = field(default_factory=list)
    """Properties that were made."""
    misfits: dict[str, str] = field(default_factory=dict)
    """Keys that the destination is known to refuse, and why."""
    usage: Usage = field(default_factory=Usage)

    def misfit(self, row: RowRequest) -> str | None:
        """As the test said."""
        return self.misfits.get(row.key)

    def create_property(self, wanted: NewProperty) -> None:
        """Have it from now on."""
        self._arrive(is_write=True)
        self.created.append(wanted)
        options = tuple(Option(value, value) for value in wanted.options)
        self.properties[wanted.name] = PropertyDescription(
            wanted.name, wanted.kind, options=options
        )
        self._answer()

    def describe(self, properties: Collection[str]) -> Mapping[str, PropertyDescription]:
        """The described properties that there are."""
        self._arrive(is_write=False)
        self.usage.describe_calls += 1
        self._answer()
        return {name: self.properties[name] for name in properties if name in self.properties}

    def read(self, keys: Sequence[str], properties: Collection[str]) -> Records:
        """What the records hold; one that was never written does not exist."""
        self._arrive(is_write=False)
        self.usage.read_calls += 1
        self.reads.append(list(keys))
        found = {
            key: {name: self.records[key].get(name) for name in properties}
            for key in keys
            if key in self.records
        }
        self._answer()
        return found

    def add_options(self, description: PropertyDescription, values: Sequence[str]) -> None:
        """Note the complete list."""
        self._arrive(is_write=True)
        options = (*description.options, *(Option(value, value) for value in values))
        self.properties[description.name] = PropertyDescription(
            description.name, description.kind, options=options, takes_new_options=True
        )
        self.option_lists.append((description.name, tuple(option.value for option in options)))
        self._answer()

    def write(self, rows: Sequence[RowRequest]) -> Sequence[RowResult]:
        """Keep the values, or fail as the test said."""
        keys = [row.key for row in rows]
        self._arrive(is_write=True)
        self.requests.append(keys)
        number = len(self.requests)
        if number in self.failures:
            raise self.failures[number]
        answers = self._answers(rows)
        self._answer(keys)
        return answers

    def _answers(self, rows: Sequence[RowRequest]) -> list[RowResult]:
        poisonous = {row.key for row in rows if self.poisonous_values & set(row.values.values())}
        if (self.poisonous & {row.key for row in rows}) | poisonous:
            outcome = Outcome.FAILED if len(rows) == 1 else Outcome.REJECTED
            return [
                RowResult(row.key, outcome, "Something in this batch is wrong.", "request-400")
                for row in rows
            ]
        answers = []
        for row in rows:
            if row.key in self.refused or self.refused_values & set(row.values.values()):
                answers.append(
                    RowResult(row.key, Outcome.FAILED, f"{row.key} cannot be changed.", "request-9")
                )
            else:
                self.records.setdefault(row.key, {}).update(row.values)
                self.applied.append(row.key)
                answers.append(RowResult(row.key, Outcome.WRITTEN, request_id="request-1"))
        return answers

    def _arrive(self, *, is_write: bool) -> None:
        if self.usage.calls + 1 == self.dies_before:
            raise Killed
        self.usage.calls += 1
        self.usage.write_calls += is_write

    def _answer(self, keys: Sequence[str] = ()) -> None:
        if self.usage.calls == self.dies_after:
            self.open_when_killed.append(list(keys))
            raise Killed

    @property
    def sent(self) -> list[str]:
        """Every key that was sent, in order, repeated ones repeatedly."""
        return [key for request in self.requests for key in request]

    def holds(self, keys: Iterable[str]) -> bool:
        """Whether there is a record for each of the keys, and no other."""
        return set(self.records) == set(keys)
