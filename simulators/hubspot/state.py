"""Everything a HubSpot account holds, in memory."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Self

from simulators.clock import Clock
from simulators.hubspot.associations import Association, Associations
from simulators.hubspot.object_types import (
    ACCOUNT_PROPERTIES,
    COMPANIES,
    CONTACTS,
    CREATED_PROPERTY,
    ID_PROPERTY,
    OBJECT_TYPES,
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
        self.associations = Associations()
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
            if object_type == CONTACTS.name:
                self.associations.forget_contact(record_id)
            elif object_type == COMPANIES.name:
                self.associations.forget_company(record_id)

    def associate(self, contact_id: str, company_id: str, *, is_primary: bool = False) -> None:
        """Say that a contact belongs to a company. Neither record counts as changed by it.

        Raises:
            KeyError: when there is no such contact or company.
        """
        with self.lock:
            self.record(CONTACTS.name, contact_id)
            self.record(COMPANIES.name, company_id)
            self.associations.put(Association(contact_id, company_id, is_primary))

    def dissociate(self, contact_id: str, company_id: str) -> None:
        """Say that a contact does not belong to a company. Neither record counts as changed by it.

        Raises:
            KeyError: when it does not belong to it.
        """
        with self.lock:
            self.associations.remove(contact_id, company_id)

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
                record.overwrite(
                    dict(stored),
                    modified_property=self.tables[object_type].kind.modified_property,
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
