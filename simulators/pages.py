"""Pages of records that are answered otherwise than the vendor would."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from starlette.types import Message

from simulators.faults import DuplicatePage, MissingField


@dataclass(frozen=True, slots=True)
class PageFormat:
    """How a vendor's pages of records look."""

    records: str
    """Where an answer has its records: a list of objects, or one object."""
    paging_parameters: frozenset[str]
    """Query parameters that say which page is wanted and nothing else."""
    also_at: tuple[str, ...] = ()
    """Further places, looked at first, with dots between the names of objects that lie in each
    other: `results.stats`."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A complete answer of the vendor's."""

    messages: tuple[Message, ...]
    """Its start, then its body in one or several parts."""

    @property
    def is_success(self) -> bool:
        """Whether the vendor did what it was asked."""
        return 200 <= int(self.messages[0]["status"]) < 300

    @property
    def body(self) -> bytes:
        """All of it."""
        return b"".join(message.get("body", b"") for message in self.messages[1:])

    def with_json(self, content: object) -> Answer:
        """The same answer with another body."""
        body = json.dumps(content).encode()
        start = self.messages[0]
        headers = [
            (name, str(len(body)).encode() if name.lower() == b"content-length" else value)
            for name, value in start["headers"]
        ]
        return Answer(({**start, "headers": headers}, {"type": "http.response.body", "body": body}))


class Pages:
    """The pages that a vendor has answered, and how they are spoiled."""

    def __init__(self, format_: PageFormat) -> None:
        """No page has been answered yet."""
        self._format = format_
        self._last: dict[tuple[object, ...], Answer] = {}

    def keep(self, method: str, path: str, query: str, answer: Answer) -> None:
        """Remember a page; it is then the page before."""
        if answer.is_success:
            self._last[self._list_of(method, path, query)] = answer

    def duplicated(
        self, fault: DuplicatePage, method: str, path: str, query: str, answer: Answer
    ) -> Answer:
        """A page with records of the one before."""
        before = self._last.get(self._list_of(method, path, query))
        if before is None or not answer.is_success:
            return answer
        if fault.in_its_place:
            return before
        page, former = json.loads(answer.body), json.loads(before.body)
        self._place(page)[:0] = self._place(former)
        return answer.with_json(page)

    def incomplete(self, fault: MissingField, answer: Answer) -> Answer:
        """A page, or an answer about one record, without a field."""
        if not answer.is_success:
            return answer
        page = json.loads(answer.body)
        for record in self._records(page):
            _remove(record, fault.field.split("."))
        return answer.with_json(page)

    def _list_of(self, method: str, path: str, query: str) -> tuple[object, ...]:
        """What a request has in common with those for the other pages of its list."""
        parameters = parse_qsl(query, keep_blank_values=True)
        return (method, path, *_without(parameters, self._format.paging_parameters))

    def _records(self, page: dict[str, Any]) -> Iterator[Any]:
        """The records of an answer; one that has no place for them is a record itself."""
        found = self._place(page)
        return iter(found if isinstance(found, list) else [found])

    def _place(self, page: dict[str, Any]) -> Any:
        """What stands where the records are; the answer itself where there is no such place."""
        for place in (*self._format.also_at, self._format.records):
            found: Any = page
            for name in place.split("."):
                found = found.get(name) if isinstance(found, dict) else None
            if found is not None:
                return found
        return page


def _without(
    parameters: list[tuple[str, str]], names: Collection[str]
) -> Iterator[tuple[str, str]]:
    return ((name, value) for name, value in sorted(parameters) if name not in names)


def _remove(record: Any, names: list[str]) -> None:
    """Take a field out of an object, or out of each object of a list."""
    if isinstance(record, list):
        for each in record:
            _remove(each, names)
    elif isinstance(record, dict) and len(names) > 1:
        _remove(record.get(names[0]), names[1:])
    elif isinstance(record, dict):
        record.pop(names[0], None)
