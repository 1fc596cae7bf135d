"""The shapes of HubSpot's answers, as far as Millrace reads them.

HubSpot may leave fields out and add others, so that only what is indispensable is required.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

import httpx
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from activation.errors import DestinationUnavailableError
from activation.writers.base import Outcome, RowResult
from activation.writers.wording import without_addresses


class Answer(BaseModel):
    """Part of an answer. Fields are HubSpot's, spelled our way."""

    model_config = ConfigDict(extra="ignore", alias_generator=to_camel, populate_by_name=True)


class PropertyOption(Answer):
    """One option of an enumeration; also what is sent to make one."""

    label: str
    value: str
    hidden: bool = False
    display_order: int | None = None
    description: str | None = None


class Modification(Answer):
    """What may be changed about a property."""

    read_only_value: bool = False
    read_only_options: bool = False


class Property(Answer):
    """A property of a kind of record."""

    name: str
    type: str
    field_type: str = ""
    options: list[PropertyOption] = []
    external_options: bool = False
    calculated: bool = False
    referenced_object_type: str | None = None
    modification_metadata: Modification = Field(default_factory=Modification)

    @property
    def names_an_owner(self) -> bool:
        """Whether its values are ids of the account's owners."""
        return self.name == "hubspot_owner_id" or self.referenced_object_type == "OWNER"


class PropertyList(Answer):
    """Every property of a kind of record; not paged."""

    results: list[Property]


class Owner(Answer):
    """A user whom records can belong to."""

    id: str


class NextPage(Answer):
    """Where the next page begins."""

    after: str


class Paging(Answer):
    """Whether there is more."""

    next: NextPage | None = None


class OwnerPage(Answer):
    """One page of owners."""

    results: list[Owner]
    paging: Paging | None = None


class Record(Answer):
    """A record with the properties that were asked for."""

    id: str
    properties: dict[str, str | None] = {}


class RecordList(Answer):
    """The answer to a batch read: those that exist; what is said of the others is not needed."""

    results: list[Record] = []


class WrittenRecord(Answer):
    """A record that a batch update wrote."""

    id: str
    object_write_trace_id: str | None = None


class ErrorDetail(Answer):
    """One thing that was wrong."""

    message: str = ""


class RecordError(Answer):
    """What was wrong with one record, or some, of a batch (207)."""

    message: str = ""
    context: dict[str, Any] = {}
    errors: list[ErrorDetail] = []

    @property
    def blamed(self) -> set[str]:
        """Whom it is about: trace ids of the request, or else record ids; empty when silent."""
        for name in ("objectWriteTraceId", "ids", "id"):
            found = self.context.get(name)
            if found:
                return set(map(str, found)) if isinstance(found, list) else {str(found)}
        return set()

    @property
    def text(self) -> str:
        """HubSpot's words."""
        return _worded(self.message, self.errors)


class BatchAnswer(Answer):
    """The answer to a batch update: 200 with results alone, 207 with errors besides."""

    results: list[WrittenRecord] = []
    errors: list[RecordError] = []

    def row_results(self, keys: Sequence[str], request_id: str | None) -> list[RowResult]:
        """One result for each key of the request; trace ids and record ids are keys."""
        wanted = set(keys)
        found: dict[str, RowResult] = {}
        nameless: list[str] = []
        for error in self.errors:
            to_blame = wanted & error.blamed
            if not to_blame:
                nameless.append(error.text)
            for key in to_blame:
                found[key] = RowResult(key, Outcome.FAILED, error.text, request_id)
        for written in self.results:
            # A record that was merged into another answers with that one's id and our trace id.
            for key in wanted & {written.id, written.object_write_trace_id or written.id}:
                found[key] = RowResult(key, Outcome.WRITTEN, request_id=request_id)
        # HubSpot sometimes answers 207 and says nothing of a record that does not exist.
        message = "; ".join(nameless) or "HubSpot confirmed nothing for this record."
        for key in wanted - found.keys():
            found[key] = refused(keys, key, message, request_id)
        return [found[key] for key in keys]


class Refusal(Answer):
    """An error answer, or what can be said of one that is not HubSpot's own."""

    status_code: int = 0
    message: str = ""
    category: str | None = None
    policy_name: str | None = None
    correlation_id: str | None = None
    request_id: str | None = None
    errors: list[ErrorDetail] = []

    @classmethod
    def of(cls, response: httpx.Response) -> Refusal:
        """What the response says; it may be HTML from something in between."""
        try:
            said = cls.model_validate_json(response.content)
        except ValidationError:
            said = cls()
        identity = said.correlation_id or said.request_id or request_id(response)
        return said.model_copy(update={"status_code": response.status_code, "request_id": identity})

    @property
    def text(self) -> str:
        """HubSpot's words, or the bare status."""
        return _worded(self.message, self.errors) or f"HTTP {self.status_code}"


_Model = TypeVar("_Model", bound=Answer)


def read(model: type[_Model], response: httpx.Response) -> _Model:
    """The body of a success.

    Raises:
        DestinationUnavailableError: when it is not what HubSpot would say.
    """
    try:
        return model.model_validate_json(response.content)
    except ValidationError:  # whose text quotes the body
        raise DestinationUnavailableError(
            f"HubSpot's answer to {response.request.method} {response.request.url.path} could not "
            "be read: check HUBSPOT_BASE_URL.",
            request_id=request_id(response),
            may_have_arrived=response.request.method != "GET",
        ) from None


def request_id(response: httpx.Response) -> str | None:
    """HubSpot's id of the request, from the headers."""
    found: str | None = response.headers.get("x-hubspot-correlation-id")
    return found


def refused(keys: Sequence[str], key: str, message: str, identity: str | None) -> RowResult:
    """The result for a row of a refused request: of one row alone there is no doubt whose fault."""
    outcome = Outcome.FAILED if len(keys) == 1 else Outcome.REJECTED
    return RowResult(key, outcome, message, identity)


def _worded(message: str, details: Sequence[ErrorDetail]) -> str:
    """A message with its details, cut to size, without e-mail addresses."""
    further = [each.message for each in details if each.message and each.message not in message]
    text = ": ".join(part for part in (message, "; ".join(further)) if part)
    return without_addresses(text)
