"""The query parameters that Pipedrive reads, and the pages that they ask for."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, Protocol, TypeVar

from starlette.datastructures import QueryParams

from simulators.pipedrive.errors import invalid_request
from simulators.pipedrive.timestamps import format_v2, parse_rfc3339

MAX_PAGE = 500
DEFAULT_PAGE = 100
MAX_IDS = 100

_SORTS = ("id", "update_time", "add_time")


class Sortable(Protocol):
    """A record that v2 lists."""

    id: int
    add_time: datetime
    update_time: datetime


_T = TypeVar("_T", bound=Sortable)


@dataclass(frozen=True, slots=True)
class Page(Generic[_T]):
    """Some records of a v2 list."""

    records: list[_T]
    next_cursor: str | None


def page_of(records: Iterable[_T], query: QueryParams) -> Page[_T]:
    """The page that the query asks for: `limit` records in their order, behind the `cursor`.

    A cursor names the last record of the page before, so that records that come or go between two
    pages move nothing.

    Raises:
        PipedriveError: a 400, when the query asks for what cannot be.
    """
    sort_by = _one_of(query, "sort_by", _SORTS)
    is_descending = _one_of(query, "sort_direction", ("asc", "desc")) == "desc"
    limit = whole_number(query, "limit", default=DEFAULT_PAGE, least=1, most=MAX_PAGE)

    def place(record: _T) -> tuple[str, int]:
        return (
            ("", record.id) if sort_by == "id" else (format_v2(_time(record, sort_by)), record.id)
        )

    cursor = query.get("cursor")
    behind = None if cursor is None else _read_cursor(cursor)
    found = sorted(
        (
            record
            for record in records
            if behind is None
            or (place(record) < behind if is_descending else place(record) > behind)
        ),
        key=place,
        reverse=is_descending,
    )
    page = found[:limit]
    return Page(page, _cursor(place(page[-1])) if len(found) > limit else None)


def whole_number(query: QueryParams, name: str, *, default: int, least: int, most: int) -> int:
    """A number from `least` to `most`.

    Raises:
        PipedriveError: a 400, when it is something else.
    """
    text = query.get(name, str(default))
    if not (text.isascii() and text.isdigit() and least <= int(text) <= most):
        raise invalid_request(f"Parameter '{name}' must be a number from {least} to {most}")
    return int(text)


def optional_id(query: QueryParams, name: str) -> int | None:
    """An id; None when the parameter is left out.

    Raises:
        PipedriveError: a 400, when it is not a number.
    """
    text = query.get(name)
    if text is None:
        return None
    if not (text.isascii() and text.isdigit()):
        raise invalid_request(f"Parameter '{name}' must be a number")
    return int(text)


def ids(query: QueryParams) -> set[int] | None:
    """The parameter `ids`; None when it is left out.

    Raises:
        PipedriveError: a 400, when they are too many or no numbers.
    """
    text = query.get("ids")
    if text is None:
        return None
    parts = text.split(",")
    if len(parts) > MAX_IDS or not all(part.isascii() and part.isdigit() for part in parts):
        raise invalid_request(f"Parameter 'ids' must be up to {MAX_IDS} numbers with commas")
    return {int(part) for part in parts}


def optional_instant(query: QueryParams, name: str) -> datetime | None:
    """An RFC 3339 instant; None when the parameter is left out.

    Raises:
        PipedriveError: a 400, when it is something else.
    """
    text = query.get(name)
    try:
        return None if text is None else parse_rfc3339(text)
    except ValueError:
        raise invalid_request(f"Parameter '{name}' must be a time in RFC3339 format") from None


def _one_of(query: QueryParams, name: str, allowed: tuple[str, ...]) -> str:
    """A parameter that has one of some values; the first of them when it is left out."""
    text = query.get(name, allowed[0])
    if text not in allowed:
        raise invalid_request(f"Parameter '{name}' must be one of {', '.join(allowed)}")
    return text


def _time(record: Sortable, name: str) -> datetime:
    return record.add_time if name == "add_time" else record.update_time


def _cursor(place: tuple[str, int]) -> str:
    return base64.urlsafe_b64encode(json.dumps(place).encode()).decode()


def _read_cursor(cursor: str) -> tuple[str, int]:
    try:
        text, id_ = json.loads(base64.urlsafe_b64decode(cursor.encode()))
        return str(text), int(id_)
    except (binascii.Error, ValueError, TypeError):
        raise invalid_request("Parameter 'cursor' must be what the page before gave") from None
