"""The records and the property definitions of one object type."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterator

from simulators.hubspot.object_types import ObjectType
from simulators.hubspot.properties import (
    FIELD_TYPES,
    PropertyDefinition,
    PropertyGroup,
    PropertyType,
)
from simulators.hubspot.records import ObjectRecord

_FIRST_ID = 1001


class InvalidDefinitionError(Exception):
    """A property definition that HubSpot does not accept; the message says why."""


class ObjectTable:
    """All records of one object type, and its properties."""

    def __init__(self, kind: ObjectType) -> None:
        """No records yet; HubSpot's own properties."""
        self.kind = kind
        self.groups: dict[str, PropertyGroup] = {kind.group.name: kind.group}
        self.definitions: dict[str, PropertyDefinition] = {
            definition.name: definition for definition in kind.properties
        }
        self.merged: dict[str, str] = {}
        """By the id of a record that was merged into another: the id of that other one."""
        self._records: dict[int, ObjectRecord] = {}
        self._ids: list[int] = []

    def __iter__(self) -> Iterator[ObjectRecord]:
        """The records in the order of their ids, archived ones included."""
        return (self._records[id_] for id_ in self._ids)

    def __len__(self) -> int:
        """How many records there are, archived ones included."""
        return len(self._ids)

    def after(self, record_id: int) -> Iterator[ObjectRecord]:
        """The records whose id is greater, in the order of their ids."""
        start = bisect_right(self._ids, record_id)
        return (self._records[self._ids[index]] for index in range(start, len(self._ids)))

    def get(self, record_id: str) -> ObjectRecord | None:
        """The record with this id, archived or not."""
        if not (record_id.isascii() and record_id.isdigit()):
            return None
        return self._records.get(int(record_id))

    def survivor(self, record_id: str) -> ObjectRecord | None:
        """The record that answers to this id: it may be another one, since they were merged."""
        while record_id in self.merged:
            record_id = self.merged[record_id]
        return self.get(record_id)

    def free_id(self) -> str:
        """An id above all others."""
        return str(self._ids[-1] + 1 if self._ids else _FIRST_ID)

    def insert(self, record: ObjectRecord) -> None:
        """Take in a record.

        Raises:
            ValueError: when its id is taken or not a number.
        """
        id_ = int(record.id)
        if id_ in self._records:
            raise ValueError(f"{self.kind.name} has a record {record.id} already.")
        self._records[id_] = record
        insort(self._ids, id_)

    def remove(self, record_id: str) -> None:
        """Take a record out for good.

        Raises:
            KeyError: when there is none with this id.
        """
        id_ = int(record_id)
        del self._records[id_]
        del self._ids[bisect_left(self._ids, id_)]

    def define(self, definition: PropertyDefinition) -> None:
        """Add a property, or put a new definition in the place of the old one.

        Raises:
            InvalidDefinitionError: when HubSpot would not accept it.
        """
        if definition.group_name not in self.groups:
            raise InvalidDefinitionError(
                f"Property group {definition.group_name} does not exist on {self.kind.name}."
            )
        if definition.field_type not in FIELD_TYPES[definition.type]:
            raise InvalidDefinitionError(
                f"fieldType {definition.field_type} is not possible with type {definition.type}."
            )
        values = [option.value for option in definition.options]
        if definition.type is PropertyType.BOOL:
            if sorted(values) != ["false", "true"]:
                raise InvalidDefinitionError("Boolean properties have the options true and false.")
        elif values and definition.type is not PropertyType.ENUMERATION:
            raise InvalidDefinitionError(f"A property of type {definition.type} has no options.")
        for what, texts in (
            ("values", values),
            ("labels", [option.label for option in definition.options]),
        ):
            if len(set(texts)) < len(texts):
                raise InvalidDefinitionError(
                    f"Property {definition.name} has options with equal {what}."
                )
        self.definitions[definition.name] = definition
