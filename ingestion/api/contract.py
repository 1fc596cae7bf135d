"""What the records of a vendor must look like, so that a change of its API is seen when it comes.

A record's class names the fields that Millrace relies on, with their types. Further fields are no
mistake: they arrive with the rest of the record, and a load says which of them are new. A field
that is missing, or whose type has changed, stops its table, and no other: rows that mean something
else than those before them are worse than rows of yesterday.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import date
from typing import Annotated, Any, TypeVar

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Strict, ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError

_NO_INSTANT = "is not a time with an offset"
_NO_DATE = "is not a date"
_PHRASES = {
    "missing": "is missing",
    "string_type": "is not text",
    "int_type": "is not a whole number",
    "greater_than_equal": "is less than {ge}",
    "float_type": "is not a number",
    "bool_type": "is neither true nor false",
    "dict_type": "is not an object",
    "model_type": "is not an object",
    "list_type": "is not a list",
    "literal_error": "is none of {expected}",
    "instant": _NO_INSTANT,
    "local_date": _NO_DATE,
    "text_or_number": "is neither text nor a whole number",
    "timezone_aware": _NO_INSTANT,
    "datetime_parsing": _NO_INSTANT,
    "datetime_from_date_parsing": _NO_INSTANT,
}


Kind = TypeVar("Kind", bound="ApiRecord")


class RecordChangedError(Exception):
    """A record is not what the contract says; the message has names of fields and no values."""


class ApiRecord(BaseModel):
    """One entry of an answer; every subclass is the contract of one kind of record.

    A field without a default must be there; `| None` allows null. Types are strict: a number in
    quotes is text.
    """

    model_config = ConfigDict(extra="allow", frozen=True, strict=True)

    @property
    def more(self) -> dict[str, Any]:
        """The fields that the contract does not name, as they came."""
        return self.model_extra or {}


def read_record(kind: type[Kind], sent: object) -> Kind:
    """One entry of an answer, held to its contract.

    Raises:
        RecordChangedError: when a field is missing or of another type.
    """
    try:
        return kind.model_validate(sent)
    except ValidationError as error:
        problems = error.errors(include_url=False, include_input=False)
        raise RecordChangedError("; ".join(dict.fromkeys(map(_sentence, problems)))) from None


def _sentence(problem: ErrorDetails) -> str:
    # The names of fields, and of those in them; no place in a list tells anything.
    field = ".".join(part for part in problem["loc"][:3] if isinstance(part, str)) or "the record"
    phrase = _PHRASES.get(problem["type"], "is not what it was")
    return f"{field} {phrase.format(**problem.get('ctx', {}))}"


def _only_text(value: object) -> object:
    if not isinstance(value, str):
        raise PydanticCustomError("instant", _NO_INSTANT)
    return value


Instant = Annotated[AwareDatetime, Strict(False), BeforeValidator(_only_text)]
"""Written as RFC 3339."""


def _date(value: object) -> date:
    if isinstance(value, str) and len(value) == len("2026-03-01"):
        with suppress(ValueError):
            return date.fromisoformat(value)
    raise PydanticCustomError("local_date", _NO_DATE)


LocalDate = Annotated[date, BeforeValidator(_date)]
"""Written as `YYYY-MM-DD`; of whose days, the vendor's description says."""


def _text(value: object) -> str:
    if isinstance(value, str) or (isinstance(value, int) and not isinstance(value, bool)):
        return str(value)
    raise PydanticCustomError("text_or_number", "is neither text nor a whole number")


AnyId = Annotated[str, BeforeValidator(_text)]
"""An id that may come as a number; it is text from here on."""
