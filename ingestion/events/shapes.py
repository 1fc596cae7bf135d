"""What the data of an event looks like when it needs little or no change to be canonical.

The fast path (`ingestion.events.columns`) decides once per shape - a type of event, the names of
its fields, and what kind of JSON value each holds - instead of once per event. Everything here is
derived from the classes of the contract; what has no simple answer has no shape, and is left to
`contract.read_event`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cache, lru_cache
from types import NoneType, UnionType
from typing import Any, Literal, TypeAlias, Union, get_args, get_origin, get_type_hints

from pydantic import TypeAdapter, ValidationError

from ingestion.events.contract import EVENT_TYPES
from ingestion.events.exact_json import instant_text
from ingestion.events.fields import EventData, Flag, Id, Text, Url

Rewrite: TypeAlias = Callable[[Any], object]
"""From a value as orjson reads it to the value that orjson writes canonically.

Raises `NoSimpleAnswerError` (or pydantic's ValidationError, where the value is wrong).
"""

_KEPT_SHAPES = 1_000
_SMALLEST_PLAIN_FRACTION = 1e-4
"""Closer to zero orjson writes numbers with an exponent."""
_AS_SENT: Mapping[object, type] = {Text: str, Id: str, Url: str, Flag: bool}
"""Kinds of fields whose values of this type are right as they are (once trimmed)."""


class NoSimpleAnswerError(ValueError):
    """Only `contract.read_event` can say what becomes of this event."""


@dataclass(frozen=True, slots=True)
class Shape:
    """What makes data of one shape canonical, but for the order of keys."""

    nulls: tuple[str, ...]
    """Fields that are null, which is the same as absent."""
    rewrites: tuple[tuple[str, Rewrite], ...]
    """Fields whose values have to be looked at one by one."""

    def tidy(self, data: dict[str, Any]) -> None:
        """Make data of this shape canonical, in place.

        Text that is not trimmed stays as it is, and is for the caller to find.

        Raises:
            NoSimpleAnswerError: when only `contract.read_event` can tell; the data may be changed
                in part.
        """
        for name in self.nulls:
            del data[name]
        try:
            for name, rewrite in self.rewrites:
                data[name] = rewrite(data[name])
        except ValidationError:
            raise NoSimpleAnswerError from None


@lru_cache(maxsize=_KEPT_SHAPES)
def shape_of(event_type: str, names: tuple[str, ...], kinds: tuple[type, ...]) -> Shape | None:
    """The shape of data with these fields; None where every event has to be read on its own.

    Args:
        event_type: any text.
        names: the keys of `data`.
        kinds: what orjson made of their values, in the same order.
    """
    kind = EVENT_TYPES.get(event_type)
    if kind is None or not _required(kind) <= set(names):
        return None
    rewrites_of = _rewrites(kind)
    nulls: list[str] = []
    rewrites: list[tuple[str, Rewrite]] = []
    for name, sent in zip(names, kinds, strict=True):
        if name not in rewrites_of:
            if sent in {float, list, dict}:
                rewrites.append((name, _exact))
        elif sent is NoneType:
            if name in _required(kind):
                return None
            if not kind.null_clears:
                nulls.append(name)
        else:
            rewrite = rewrites_of[name](sent)
            if rewrite is not None:
                rewrites.append((name, rewrite))
    return Shape(tuple(nulls), tuple(rewrites))


@cache
def _required(kind: type[EventData]) -> frozenset[str]:
    return frozenset(name for name, field in kind.model_fields.items() if field.is_required())


@cache
def _rewrites(kind: type[EventData]) -> Mapping[str, Callable[[type], Rewrite | None]]:
    """By field name: from the type of a value to what is to be done with it, None for nothing."""
    hints = get_type_hints(kind, include_extras=True)
    return {name: _rewrites_of_field(hints[name]) for name in kind.model_fields}


def _rewrites_of_field(annotation: Any) -> Callable[[type], Rewrite | None]:
    [expected] = _without_null(annotation)
    if get_origin(expected) is Literal:
        rewrite = _chosen_from(frozenset(get_args(expected)))
    else:
        rewrite = _validated(TypeAdapter(expected))
    right = _AS_SENT.get(expected)
    return lambda sent: None if sent is right else rewrite


def _without_null(annotation: Any) -> list[Any]:
    is_union = get_origin(annotation) in {Union, UnionType}
    parts = get_args(annotation) if is_union else (annotation,)
    return [part for part in parts if part is not NoneType]


def _chosen_from(choices: frozenset[str]) -> Rewrite:
    def rewrite(value: Any) -> object:
        if type(value) is not str or value not in choices:
            raise NoSimpleAnswerError
        return value

    return rewrite


def _validated(adapter: TypeAdapter[Any]) -> Rewrite:
    """What the contract itself says of a value."""

    def rewrite(value: Any) -> object:
        given = Decimal(repr(value)) if type(value) is float else value
        return _writable(adapter.validate_python(given))

    return rewrite


def _writable(value: object) -> object:
    if isinstance(value, datetime):
        return instant_text(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else _plain(float(value))
    return value


def _plain(number: float) -> float:
    if abs(number) < _SMALLEST_PLAIN_FRACTION:
        raise NoSimpleAnswerError
    return number


def _exact(value: Any) -> object:
    """A value that the contract does not name: as sent, numbers in their canonical spelling."""
    if type(value) is float:
        return int(value) if value.is_integer() else _plain(value)
    if type(value) is list:
        return [_exact(item) for item in value]
    if type(value) is dict:
        return {key: _exact(item) for key, item in value.items()}
    return value
