"""JSON read and written without changing a single value (spec/journey.md: mrr is exact).

Numbers with a fraction or an exponent are read as `Decimal`. Writing is canonical: one value has
one text, whoever sent it and however, so that equal contents have equal hashes:

- keys sorted by code point (which is the order of their UTF-8 bytes), no white space, UTF-8;
- numbers in plain decimal notation without needless zeros: `1e2`, `100.0` and `100` are `100`;
- instants in UTC with as many digits of the second as they need, at most six, and `Z`; dates as
  `YYYY-MM-DD`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from json.encoder import encode_basestring
from typing import TypeAlias

JsonValue: TypeAlias = object
"""str, bool, None, int, Decimal, or a list or dict of these; written, also datetime and date."""

MAX_DEPTH = 100
"""Levels of objects and arrays within each other; deeper text is refused."""

_TOO_DEEP = f"the JSON is nested deeper than {MAX_DEPTH} levels"
_TOO_LONG = "a number is too long to be kept exactly"
_MAX_NUMBER_LENGTH = 1_000
_MAX_EXPONENT = 400  # what a double can hold, and some more


class UnusableJsonError(ValueError):
    """The text is no JSON, or JSON that cannot be kept exactly; the message says which."""


def read_json(raw: bytes) -> JsonValue:
    """The value of one JSON text in UTF-8, a byte order mark before it or not.

    A key that an object has twice counts as written last.

    Raises:
        UnusableJsonError: with a sentence that holds nothing of the text.
    """
    try:
        text = raw.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError:
        raise UnusableJsonError("the text is not UTF-8") from None
    try:
        value: JsonValue = _DECODER.decode(text)
        # The cheap look at the text spares most of them the walk through the value.
        if "\\u" in text:
            _refuse_unstorable_text(value)
        if text.count("{") + text.count("[") > MAX_DEPTH:
            _refuse_deep_nesting(value)
    except RecursionError:
        raise UnusableJsonError(_TOO_DEEP) from None
    except json.JSONDecodeError:
        raise UnusableJsonError("the text is not JSON") from None
    except UnusableJsonError:
        raise
    except ValueError:  # Python reads no integer of more than 4,300 digits
        raise UnusableJsonError(_TOO_LONG) from None
    return value


def write_json(value: JsonValue) -> str:
    """The canonical text of a value, as described above."""
    try:
        return _ENCODER.encode(value)
    except _NeedsExactNumbersError:
        return "".join(_pieces(value))


def instant_text(instant: datetime) -> str:
    """An instant with an offset as canonical text in UTC, e.g. `2026-01-31T09:30:00.25Z`."""
    text = instant.astimezone(UTC).replace(tzinfo=None).isoformat()
    return f"{text.rstrip('0') if '.' in text else text}Z"


def number_text(number: int | Decimal) -> str:
    """A number as canonical text: plain decimal notation, no needless zeros."""
    text = format(number, "f") if isinstance(number, Decimal) else str(number)
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


class _NeedsExactNumbersError(Exception):
    """The standard encoder met a Decimal, which it cannot write as a number."""


def _read_fraction(text: str) -> Decimal:
    try:
        number = Decimal(text)
    except InvalidOperation:  # the exponent is beyond what Decimal knows
        raise UnusableJsonError(_TOO_LONG) from None
    if len(text) > _MAX_NUMBER_LENGTH or abs(number.adjusted()) > _MAX_EXPONENT:
        raise UnusableJsonError(_TOO_LONG)
    return number


def _refuse_constant(_: str) -> None:
    raise UnusableJsonError("the text is not JSON")  # NaN and Infinity are Python's, not JSON's


def _write_other(value: object) -> str:
    if isinstance(value, datetime):
        return instant_text(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        raise _NeedsExactNumbersError
    raise TypeError(f"{type(value).__name__} is not a JSON value")


_DECODER = json.JSONDecoder(parse_float=_read_fraction, parse_constant=_refuse_constant)
_ENCODER = json.JSONEncoder(
    sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=_write_other
)


def _pieces(value: JsonValue) -> Iterator[str]:
    if isinstance(value, dict):
        opening = "{"
        for key in sorted(value):
            yield f"{opening}{encode_basestring(key)}:"
            yield from _pieces(value[key])
            opening = ","
        yield "}" if value else "{}"
    elif isinstance(value, list):
        opening = "["
        for item in value:
            yield opening
            yield from _pieces(item)
            opening = ","
        yield "]" if value else "[]"
    elif isinstance(value, Decimal):
        yield number_text(value)
    else:
        yield _ENCODER.encode(value)


def _children(value: JsonValue) -> Iterator[JsonValue]:
    if isinstance(value, dict):
        yield from value.values()
    elif isinstance(value, list):
        yield from value


def _refuse_deep_nesting(value: JsonValue) -> None:
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [
            child
            for parent in level
            for child in _children(parent)
            if isinstance(child, dict | list)
        ]
        if not level:
            return
    raise UnusableJsonError(_TOO_DEEP)


def _refuse_unstorable_text(value: JsonValue) -> None:
    """Refuse what JSON can say and PostgreSQL's text cannot hold."""
    pending = [value]
    while pending:
        current = pending.pop()
        pending.extend(_children(current))
        if isinstance(current, dict):
            pending.extend(current)
        if isinstance(current, str):
            if "\0" in current:
                raise UnusableJsonError("a string holds the character NUL, which cannot be stored")
            try:
                current.encode()
            except UnicodeEncodeError:
                raise UnusableJsonError("a string holds half of a surrogate pair") from None
