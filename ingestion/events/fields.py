"""The kinds of fields that events have, and what happens to a value that does not fit.

spec/events.md, Envelope: text is trimmed and `""` is null; a wrong value rejects the event where
the field is required and becomes null, with a note, where it is optional. Timestamps are stricter:
one without an offset rejects the event wherever it stands, since nobody can tell what it means.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any, ClassVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Strict,
    StringConstraints,
    ValidationError,
    WithJsonSchema,
)
from pydantic_core import ErrorDetails, PydanticCustomError
from rfc3339_validator import validate_rfc3339  # type: ignore[import-untyped]  # ships no types

from ingestion.errors import IngestionError
from ingestion.events.exact_json import JsonValue, number_text

EVENT_ID_LENGTH = 128
"""Characters (spec/events.md, Envelope); ids in `data` may be of any length."""

_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_LEAP_SECOND = re.compile(r"(?<=T\d\d:\d\d):60", re.ASCII)
_MAILBOX = re.compile(r"[^@\s]+@[^@\s]+")
_INSTANT_ERROR = "instant"
_PHRASES = {
    "missing": "is missing",
    "string_type": "is not text",
    "string_too_long": "is longer than {max_length} characters",
    "bool_type": "is neither true nor false",
    "dict_type": "is not an object",
    "literal_error": "is none of {expected}",
    "greater_than_equal": "is below {ge}",
}
"""How pydantic's own errors read; those of this module bring their sentence along."""


class ContractViolation(IngestionError):  # noqa: N818  a verdict on an event, no error
    """An event breaks the contract.

    The message names the fields and what is wrong with them, and holds none of their values: equal
    mistakes give equal sentences, and no personal data gets into logs.
    """


@dataclass(frozen=True, slots=True)
class Note:
    """Something about an accepted event that was not as the contract has it."""

    problem: str
    """What was wrong, e.g. `is not text`; the value became null."""
    sent: JsonValue
    """The value as it was sent."""


class Fields(BaseModel):
    """An object whose fields the contract names; fields that it does not name are kept as sent."""

    model_config = ConfigDict(extra="allow", frozen=True)

    null_clears: ClassVar[bool] = False
    """True: null in an optional field means "cleared", and is told apart from an absent one."""


class EventData(Fields):
    """What the `data` of one type of event holds; every subclass is a type of the contract."""

    event_type: ClassVar[str]


def read_fields(
    kind: type[Fields], sent: Mapping[str, JsonValue], prefix: str = ""
) -> tuple[dict[str, Any], dict[str, Note]]:
    """The fields of an object as the contract wants them, and notes on those that became null.

    Args:
        kind: the fields that are expected.
        sent: the object as it came.
        prefix: what stands before a field's name in sentences and notes, e.g. `data.`.

    Returns:
        Typed values by field name, null ones left out unless `kind.null_clears`; notes by prefixed
        field name.

    Raises:
        ContractViolation: when a required field is missing or wrong, or a timestamp has no offset.
    """
    expected = kind.model_fields
    values: dict[str, object] = {}
    for name, value in sent.items():
        field = expected.get(name)
        tidy = (value.strip() or None) if field and isinstance(value, str) else value
        if field is None or tidy is not None or (kind.null_clears and not field.is_required()):
            values[name] = tidy
    try:
        return _typed(kind, values), {}
    except ValidationError as error:
        details = error.errors(include_url=False, include_input=False)

    wrong = {str(detail["loc"][0]): detail for detail in details}
    fatal = [
        f"{prefix}{name} {_sentence(detail)}"
        for name, detail in wrong.items()
        if expected[name].is_required() or detail["type"] == _INSTANT_ERROR
    ]
    if fatal:
        raise ContractViolation("; ".join(fatal))
    for name in wrong:
        if kind.null_clears:
            values[name] = None
        else:
            del values[name]
    notes = {
        f"{prefix}{name}": Note(_sentence(detail), sent[name]) for name, detail in wrong.items()
    }
    return _typed(kind, values), notes


def _typed(kind: type[Fields], values: Mapping[str, object]) -> dict[str, Any]:
    fields = kind.model_validate(values)
    named = vars(fields)
    return {name: named[name] for name in values if name in named} | (fields.model_extra or {})


def _sentence(detail: ErrorDetails) -> str:
    phrase = _PHRASES.get(detail["type"], detail["msg"])
    return phrase.format(**detail.get("ctx", {})).replace("'", "")


def _id_as_text(value: object) -> object:
    is_number = isinstance(value, int | Decimal) and not isinstance(value, bool)
    return number_text(value) if is_number else value  # type: ignore[arg-type]


def _exact_number(value: object) -> object:
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise PydanticCustomError("number", "is not a number")
    return value


def _instant(value: object) -> datetime:
    if isinstance(value, str):
        # Neither the validator nor datetime knows leap seconds: take the one before, add one.
        written, leap_seconds = _LEAP_SECOND.subn(":59", value.upper())
        try:
            if validate_rfc3339(written):
                instant = datetime.fromisoformat(written).astimezone(UTC)
                if not leap_seconds:
                    return instant
                if (instant.hour, instant.minute) == (23, 59):
                    return instant + timedelta(seconds=1)
        except OverflowError:  # at either end of the calendar UTC lies in another year
            pass
    raise PydanticCustomError(_INSTANT_ERROR, "is not an RFC 3339 timestamp with offset")


def _day(value: object) -> date:
    if isinstance(value, str) and _DAY.fullmatch(value):
        try:
            return date.fromisoformat(value)
        except ValueError:
            pass
    raise PydanticCustomError("day", "is not a date (YYYY-MM-DD)")


def _lower_case_if_email(value: str) -> str:
    return value.lower() if _MAILBOX.fullmatch(value) else value


_TEXT_OR_NUMBER = {"type": ["string", "number"]}
_INSTANT_SCHEMA = {"type": "string", "format": "date-time"}
_DAY_SCHEMA = {"type": "string", "format": "date"}

Text = Annotated[str, Strict()]
EventId = Annotated[
    str,
    StringConstraints(strict=True, max_length=EVENT_ID_LENGTH),
    BeforeValidator(_id_as_text),
    WithJsonSchema({**_TEXT_OR_NUMBER, "maxLength": EVENT_ID_LENGTH}),
]
Id = Annotated[str, Strict(), BeforeValidator(_id_as_text), WithJsonSchema(_TEXT_OR_NUMBER)]
"""The identity of something, or of a click; a JSON number is taken for its text."""
Email = Annotated[str, Strict(), AfterValidator(_lower_case_if_email)]
"""In lower case, except where it is malformed."""
Url = Annotated[str, Strict()]
"""As sent, well formed or not."""
Number = Annotated[Decimal, BeforeValidator(_exact_number)]
"""Exact; a number in quotes is none."""
Instant = Annotated[datetime, BeforeValidator(_instant), WithJsonSchema(_INSTANT_SCHEMA)]
"""RFC 3339 with offset; in UTC, to the microsecond (further digits are cut off).

A leap second (23:59:60 in UTC, whatever the offset it is written with) is read as the second after
it, as PostgreSQL does; at any other time of day there is no second 60.
"""
Day = Annotated[date, BeforeValidator(_day), WithJsonSchema(_DAY_SCHEMA)]
Flag = Annotated[bool, Strict()]
