"""Property definitions, and which values they let in."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, time
from enum import StrEnum

from simulators.hubspot.timestamps import format_instant, parse_instant


class PropertyType(StrEnum):
    """How HubSpot stores a property."""

    STRING = "string"
    NUMBER = "number"
    DATE = "date"
    DATETIME = "datetime"
    ENUMERATION = "enumeration"
    BOOL = "bool"


class FieldType(StrEnum):
    """How HubSpot shows a property to people."""

    TEXT = "text"
    TEXTAREA = "textarea"
    DATE = "date"
    FILE = "file"
    NUMBER = "number"
    SELECT = "select"
    RADIO = "radio"
    CHECKBOX = "checkbox"
    BOOLEAN_CHECKBOX = "booleancheckbox"
    EQUATION = "calculation_equation"


FIELD_TYPES: dict[PropertyType, frozenset[FieldType]] = {
    PropertyType.STRING: frozenset({FieldType.TEXT, FieldType.TEXTAREA, FieldType.FILE}),
    PropertyType.NUMBER: frozenset({FieldType.NUMBER, FieldType.EQUATION}),
    PropertyType.DATE: frozenset({FieldType.DATE}),
    PropertyType.DATETIME: frozenset({FieldType.DATE}),
    PropertyType.ENUMERATION: frozenset(
        {FieldType.SELECT, FieldType.RADIO, FieldType.CHECKBOX, FieldType.BOOLEAN_CHECKBOX}
    ),
    PropertyType.BOOL: frozenset({FieldType.BOOLEAN_CHECKBOX, FieldType.EQUATION}),
}
"""Which field types go with a type."""


@dataclass(frozen=True, slots=True)
class PropertyOption:
    """One value that an enumeration allows; values differ by case."""

    label: str
    value: str
    display_order: int = -1
    hidden: bool = False
    description: str = ""


@dataclass(frozen=True, slots=True)
class PropertyGroup:
    """A heading under which HubSpot shows properties."""

    name: str
    label: str
    display_order: int = -1


@dataclass(frozen=True, slots=True)
class PropertyDefinition:
    """One property of an object type."""

    name: str
    label: str
    type: PropertyType
    field_type: FieldType
    group_name: str
    description: str = ""
    options: tuple[PropertyOption, ...] = ()
    display_order: int = -1
    hidden: bool = False
    form_field: bool = False
    has_unique_value: bool = False
    hubspot_defined: bool = False
    read_only_value: bool = False
    """True: HubSpot alone sets the value."""
    read_only_definition: bool = False
    """True: nothing but the options can be changed."""
    refers_to_owners: bool = False
    """True: the values are owner ids, and there are no options."""
    created_at: datetime | None = None
    updated_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class InvalidValue:
    """Why a value was not let in, in HubSpot's words."""

    name: str
    code: str
    message: str


class InvalidValuesError(Exception):
    """Values that a record may not have; nothing was written."""

    def __init__(self, problems: list[InvalidValue]) -> None:
        """One problem for each value that was refused."""
        super().__init__("; ".join(problem.message for problem in problems))
        self.problems = problems


def stored_value(
    definition: PropertyDefinition, value: str, *, is_owner: Callable[[str], bool]
) -> str | InvalidValue:
    """How HubSpot stores a value that is written to a property, or why it refuses it.

    Instants are stored as `2026-11-01T10:00:00.000Z`, dates as `2026-11-01`; everything else as
    written. The empty text clears any property.
    """
    if value == "" or definition.type is PropertyType.STRING:
        return value
    problem = _problem(definition, value, is_owner)
    if problem is not None:
        code, message = problem
        return InvalidValue(definition.name, code, message)
    if definition.type is PropertyType.DATETIME:
        return format_instant(parse_instant(value))
    if definition.type is PropertyType.DATE:
        return parse_instant(value).date().isoformat()
    return value


def _problem(
    definition: PropertyDefinition, value: str, is_owner: Callable[[str], bool]
) -> tuple[str, str] | None:
    """Code and message when a value that is not empty is not let in."""
    if value != value.strip():
        return "LEADING_TRAILING_WHITESPACE", f'"{value}" includes leading or trailing whitespace.'
    if definition.refers_to_owners:
        return None if is_owner(value) else ("INVALID_OWNER_ID", f"{value} is not an owner ID.")
    if definition.type is PropertyType.ENUMERATION:
        allowed = [option.value for option in definition.options]
        unknown = [one for one in selected_values(definition, value) if one not in allowed]
        message = f"{'; '.join(unknown)} was not one of the allowed options: [{', '.join(allowed)}]"
        return ("INVALID_OPTION", message) if unknown else None
    is_valid, code, what = _CHECKS[definition.type]
    return None if is_valid(value) else (code, f"{value} was not a valid {what}.")


def selected_values(definition: PropertyDefinition, value: str) -> list[str]:
    """The options that the value of an enumeration names: several only with checkboxes."""
    return value.split(";") if definition.field_type is FieldType.CHECKBOX else [value]


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


def _is_instant(text: str) -> bool:
    try:
        parse_instant(text)
    except ValueError:
        return False
    return True


def _is_date(text: str) -> bool:
    return _is_instant(text) and parse_instant(text).timetz() == time(tzinfo=UTC)


_CHECKS: dict[PropertyType, tuple[Callable[[str], bool], str, str]] = {
    PropertyType.NUMBER: (_is_number, "INVALID_DOUBLE", "number"),
    PropertyType.BOOL: ({"true", "false"}.__contains__, "INVALID_BOOLEAN", "boolean"),
    PropertyType.DATETIME: (_is_instant, "INVALID_LONG", "long"),
    PropertyType.DATE: (_is_date, "INVALID_DATE", "date (midnight UTC)"),
}
"""By type: the test of a value, and what HubSpot says when it fails."""
