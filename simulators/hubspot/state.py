"""Everything a HubSpot account holds, in memory."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Self

from simulators.clock import Clock
from simulators.hubspot.associations import (
    ASSOCIATION_KINDS,
    CONTACT_COMPANIES,
    Association,
    AssociationKind,
    Associations,
)
from simulators.hubspot.object_types import (
    ACCOUNT_PROPERTIES,
    COMPANIES,
    CONTACTS,
    CREATED_PROPERTY,
    ID_PROPERTY,
    MERGED_PROPERTY,
    OBJECT_TYPES,
    PRIMARY_COMPANY_PROPERTY,
)
from simulators.hubspot.owners import Owner
from simulators.hubspot.properties import (
    InvalidValue,
    InvalidValuesError,
    PropertyDefinition,
    PropertyOption,
    stored_value,
)
from simulators.hubspot.records import ObjectRecord
from simulators.hubspot.tables import ObjectTable
from simulators.hubspot.timestamps import format_instant, parse_instant, to_millisecond, utc_now


class HubspotState:
    """One account: records by object type, property definitions, owners, associations.

    Every method may be called while a simulator serves the state from another thread. Take `lock`
    around several calls that belong together.
    """

    def __init__(self, *, owners: Iterable[Owner] = (), clock: Clock = utc_now) -> None:
        """An account without records; its companies have the properties that Millrace writes."""
        self.lock = threading.RLock()
        self.owners: dict[str, Owner] = {owner.id: owner for owner in owners}
        self.associations = {kind.types: Associations(kind) for kind in ASSOCIATION_KINDS}
        """By the two object types, as in paths."""
        self.tables: dict[str, ObjectTable] = {
            name: ObjectTable(kind) for name, kind in OBJECT_TYPES.items()
        }
        for definition in ACCOUNT_PROPERTIES:
            self.tables[COMPANIES.name].define(definition)
        self._clock = clock

    @classmethod
    def with_companies(
        cls,
        companies: Iterable[Mapping[str, str]],
        *,
        dropdowns: Mapping[str, Sequence[str]] | None = None,
        owners: Iterable[Owner] = (),
        clock: Clock = utc_now,
    ) -> Self:
        """An account with these companies, each given as property values (see `add`).

        `dropdowns` gives company dropdowns their options by property name, the label being the
        value: `{"cs_stage": ["cs_sales", "cs_success"]}`. Those left out stay empty, so that
        nothing can be written to them before options are made.

        Raises:
            InvalidValuesError: when a company has a value that HubSpot would refuse.
        """
        state = cls(owners=owners, clock=clock)
        for name, values in (dropdowns or {}).items():
            state.set_options(COMPANIES.name, name, values)
        for company in companies:
            state.add(COMPANIES.name, company)
        return state

    def now(self) -> datetime:
        """The account's clock, in UTC and to the millisecond."""
        return to_millisecond(self._clock())

    def add(self, object_type: str, values: Mapping[str, str]) -> ObjectRecord:
        """Make a record with these property values.

        `hs_object_id` gives it its id, else it gets the next one; `createdate` and the property of
        the last change say when it was made and last changed, else now.

        Raises:
            InvalidValuesError: when HubSpot would refuse a value; nothing is made.
            ValueError: when the id is taken.
        """
        with self.lock:
            table = self.tables[object_type]
            modified_property = table.kind.modified_property
            fixed = {ID_PROPERTY, CREATED_PROPERTY, modified_property}
            stored = self.validated(
                object_type, {name: value for name, value in values.items() if name not in fixed}
            )
            created_at = self._instant(values.get(CREATED_PROPERTY), self.now())
            updated_at = self._instant(values.get(modified_property), created_at)
            record_id = values.get(ID_PROPERTY) or table.free_id()
            record = ObjectRecord(
                id=record_id,
                properties={
                    **{name: value for name, value in stored.items() if value != ""},
                    **table.kind.calculated(stored),
                    ID_PROPERTY: record_id,
                    CREATED_PROPERTY: format_instant(created_at),
                    modified_property: format_instant(updated_at),
                },
                created_at=created_at,
                updated_at=updated_at,
            )
            table.insert(record)
            return record

    def record(self, object_type: str, record_id: str) -> ObjectRecord:
        """The record as it is, live: later writes show in it.

        Raises:
            KeyError: when there is none.
        """
        with self.lock:
            record = self.tables[object_type].get(record_id)
        if record is None:
            raise KeyError(f"{object_type} has no record {record_id}")
        return record

    def write(self, object_type: str, record_id: str, values: Mapping[str, str]) -> None:
        """Change a record, as a person or another integration would.

        Raises:
            InvalidValuesError: when HubSpot would refuse a value; nothing is written.
            KeyError: when there is no such record.
        """
        with self.lock:
            record = self.record(object_type, record_id)
            self.overwrite(object_type, record, self.validated(object_type, values))

    def archive(self, object_type: str, record_id: str) -> None:
        """Put a record into the recycle bin. The time of its last change stays as it is.

        Raises:
            KeyError: when there is no such record.
        """
        with self.lock:
            self.record(object_type, record_id).archived_at = self.now()

    def restore(self, object_type: str, record_id: str) -> None:
        """Take a record out of the recycle bin. The time of its last change stays as it is.

        Raises:
            KeyError: when there is no such record.
        """
        with self.lock:
            self.record(object_type, record_id).archived_at = None

    def erase(self, object_type: str, record_id: str) -> None:
        """Delete a record for good: nothing will ever be answered of it.

        Raises:
            KeyError: when there is no such record.
        """
        with self.lock:
            self.record(object_type, record_id)
            self.tables[object_type].remove(record_id)
            for associations in self.associations.values():
                associations.forget(object_type, record_id)

    def merge(self, object_type: str, winner: str, loser: str) -> None:
        """Make one record of two, as a person does, and for ever.

        The winner keeps its values, takes those of the loser where it has none, and names the loser
        in `hs_merged_object_ids`; it has the loser's associations, and answers when the loser is
        asked for by its id. The loser lies in the recycle bin.

        Raises:
            KeyError: when there is no such record.
            ValueError: when either is archived, or both are one.
        """
        with self.lock:
            table = self.tables[object_type]
            kept, given_up = self.record(object_type, winner), self.record(object_type, loser)
            if kept is given_up or kept.is_archived or given_up.is_archived:
                raise ValueError("Only two records that are both in use can be merged.")
            inherited = {
                name: value
                for name, value in given_up.properties.items()
                if name not in kept.properties and name != MERGED_PROPERTY
            }
            merged = filter(None, (kept.properties.get(MERGED_PROPERTY), loser))
            self.overwrite(object_type, kept, {**inherited, MERGED_PROPERTY: ";".join(merged)})
            given_up.archived_at = self.now()
            table.merged[loser] = winner
            for associations in self.associations.values():
                associations.move(object_type, loser, winner)
            if object_type == COMPANIES.name:
                for contact in self.tables[CONTACTS.name]:
                    if contact.properties.get(PRIMARY_COMPANY_PROPERTY) == loser:
                        self.overwrite(CONTACTS.name, contact, {PRIMARY_COMPANY_PROPERTY: winner})

    def associate(
        self,
        from_id: str,
        to_id: str,
        *,
        is_primary: bool = False,
        kind: AssociationKind = CONTACT_COMPANIES,
    ) -> None:
        """Say that a record, such as a contact, belongs to another, such as a company.

        Neither record counts as changed by it.

        Raises:
            KeyError: when there are no such records.
        """
        with self.lock:
            self.record(kind.from_type.name, from_id)
            self.record(kind.to_type.name, to_id)
            self.associations[kind.types].put(Association(from_id, to_id, is_primary))

    def dissociate(
        self, from_id: str, to_id: str, *, kind: AssociationKind = CONTACT_COMPANIES
    ) -> None:
        """Say that a record does not belong to another. Neither record counts as changed by it.

        Raises:
            KeyError: when it does not belong to it.
        """
        with self.lock:
            self.associations[kind.types].remove(from_id, to_id)

    def set_options(self, object_type: str, name: str, values: Sequence[str]) -> None:
        """Give a dropdown exactly these options, each labelled with its value.

        Raises:
            InvalidDefinitionError: when the property is not an enumeration, or values repeat.
            KeyError: when there is no such property.
        """
        with self.lock:
            table = self.tables[object_type]
            options = tuple(
                PropertyOption(label=value, value=value, display_order=position)
                for position, value in enumerate(values)
            )
            table.define(replace(table.definitions[name], options=options, updated_at=self.now()))

    def options(self, object_type: str, name: str) -> list[str]:
        """The values that a dropdown allows, in the order of its options.

        Raises:
            KeyError: when there is no such property.
        """
        with self.lock:
            definition = self.tables[object_type].definitions[name]
        return [option.value for option in definition.options]

    def validated(self, object_type: str, values: Mapping[str, str]) -> dict[str, str]:
        """The values as HubSpot would store them. Nothing is written.

        Raises:
            InvalidValuesError: when it would refuse any of them.
        """
        with self.lock:
            definitions = self.tables[object_type].definitions
            stored: dict[str, str] = {}
            problems: list[InvalidValue] = []
            for name, value in values.items():
                result = self._validated(definitions.get(name), name, value)
                if isinstance(result, InvalidValue):
                    problems.append(result)
                else:
                    stored[name] = result
        if problems:
            raise InvalidValuesError(problems)
        return stored

    def overwrite(self, object_type: str, record: ObjectRecord, stored: Mapping[str, str]) -> None:
        """Write values that `validated` has returned.

        Every write moves the time of the last change, also one of the values that are there
        already; a write of no property does nothing.
        """
        if stored:
            with self.lock:
                kind = self.tables[object_type].kind
                record.overwrite(
                    {**stored, **kind.calculated({**record.properties, **stored})},
                    modified_property=kind.modified_property,
                    at=self.now(),
                )

    def _validated(
        self, definition: PropertyDefinition | None, name: str, value: str
    ) -> str | InvalidValue:
        if definition is None:
            return InvalidValue(name, "PROPERTY_DOESNT_EXIST", f'Property "{name}" does not exist')
        if definition.read_only_value:
            return InvalidValue(
                name,
                "READ_ONLY_VALUE",
                f'"{name}" is a read only property; its value cannot be set.',
            )
        return stored_value(definition, value, is_owner=self._is_active_owner)

    def _is_active_owner(self, owner_id: str) -> bool:
        owner = self.owners.get(owner_id)
        return owner is not None and not owner.is_archived

    @staticmethod
    def _instant(text: str | None, default: datetime) -> datetime:
        return parse_instant(text) if text else default
