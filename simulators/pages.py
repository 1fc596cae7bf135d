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
        name = self._format.records
        page, former = json.loads(answer.body), json.loads(before.body)
        return answer.with_json({**page, name: [*former[name], *page[name]]})

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
        found = page.get(self._format.records, page)
        return iter(found if isinstance(found, list) else [found])


def _without(
    parameters: list[tuple[str, str]], names: Collection[str]
) -> Iterator[tuple[str, str]]:
    return ((name, value) for name, value in sorted(parameters) if name not in names)


def _remove(record: Any, names: list[str]) -> None:
    *outer, last = names
    for name in outer:
        record = record.get(name) if isinstance(record, dict) else None
    if isinstance(record, dict):
        record.pop(last, None)
