"""Checks what goes over the wire against a vendor's API description (OpenAPI).

`Recorder` stands in front of any ASGI application, such as a simulator, and checks each request
that comes in and each answer that goes out. The fixture `hubspot_on_record` puts it to use:

    def test_the_reader_keeps_to_the_description(hubspot_on_record: OnRecord) -> None:
        with hubspot_on_record(HubspotSimulator()) as hubspot:
            read_companies(base_url=hubspot.base_url)
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from urllib.parse import parse_qsl, urljoin, urlsplit

import yaml
from openapi_core import Config, OpenAPI
from openapi_core.datatypes import RequestParameters
from openapi_core.exceptions import OpenAPIError
from openapi_core.templating.paths import APICallPathFinder
from openapi_core.templating.paths.exceptions import PathError
from openapi_core.validation.exceptions import ValidationError
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from werkzeug.datastructures import Headers, ImmutableMultiDict

from simulators.calls import call_of
from simulators.gateway import CONTROL_PATH

_METHODS = ("get", "post", "put", "patch", "delete")


@dataclass
class RecordedRequest:
    """A request, in the form in which openapi-core takes it."""

    method: str
    host_url: str
    path: str
    headers: Headers
    query: ImmutableMultiDict[str, str]
    body: bytes | None
    parameters: RequestParameters = field(init=False)

    def __post_init__(self) -> None:
        """Sort the parameters by where they stand."""
        self.parameters = RequestParameters(query=self.query, header=self.headers)

    @property
    def content_type(self) -> str:
        """As sent."""
        return self.headers.get("content-type", "")


@dataclass
class RecordedResponse:
    """An answer, in the form in which openapi-core takes it."""

    status_code: int
    headers: Headers
    data: bytes

    @property
    def content_type(self) -> str:
        """As sent."""
        return self.headers.get("content-type", "")


@dataclass(frozen=True)
class Likeness:
    """An operation that is like a described one, but for its path."""

    path: str
    method: str
    """In small letters."""
    to_path: str
    """Of the one that is described."""


class Description:
    """One vendor's API description.

    It is taken at its word and no further: a field or query parameter that it does not name is a
    violation, wherever it does not itself allow for others. An object of which it names no field at
    all may have any.
    """

    def __init__(
        self,
        path: Path,
        *,
        server_errors: str | None = None,
        like: Mapping[str, Likeness] = MappingProxyType({}),
        moved: Callable[[str], str] = str,
    ) -> None:
        """Read the description at `path`.

        `server_errors` names the schema of the description that answers 500 to 599 follow, where
        the description says so but lists none of them. `like` gives operations that the vendor has
        and the description leaves out, by the ids that they are to have here. `moved` says where
        each path is really found.
        """
        content = yaml.load(path.read_text(), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 - both loaders are safe
        items = {moved(path): item for path, item in content["paths"].items()}
        for operation_id, likeness in like.items():
            model = items[moved(likeness.to_path)][likeness.method]
            item = items.setdefault(moved(likeness.path), {})
            item[likeness.method] = {**model, "operationId": operation_id}
        content["paths"] = items
        operations = {
            operation["operationId"]: operation
            for path_item in content["paths"].values()
            for method, operation in path_item.items()
            if method in _METHODS
        }
        if server_errors is not None:
            schema = {"$ref": f"#/components/schemas/{server_errors}"}
            for operation in operations.values():
                operation["responses"]["5XX"] = {
                    "description": "The vendor failed",
                    "content": {"application/json": {"schema": schema}},
                }
        _open_objects_without_fields(content.get("components", {}).get("schemas", {}))
        self.operations = frozenset(operations)
        """The operation ids."""
        server = urlsplit(content["servers"][0]["url"])
        self.host_url = f"{server.scheme}://{server.netloc}"
        """The vendor's own host, which the description calls by name."""
        self._openapi = OpenAPI.from_dict(
            content, config=Config(additional_properties_default_policy="forbid")
        )
        self._paths = APICallPathFinder(self._openapi.spec)

    def operation(self, request: RecordedRequest) -> str | None:
        """Id of the operation that a request asks for; None when there is none such."""
        try:
            found = self._paths.find(request.method, urljoin(self.host_url, request.path))
        except PathError:
            return None
        return str((found.operation / "operationId").read_str())

    def request_violations(self, request: RecordedRequest) -> list[str]:
        """What is wrong with a request, in words."""
        violations = [_words(error) for error in self._openapi.iter_request_errors(request)]
        return violations or [
            f"Query parameter error: {name} is not described"
            for name in sorted(set(request.query) - self._query_parameters(request))
        ]

    def response_violations(
        self, request: RecordedRequest, response: RecordedResponse
    ) -> list[str]:
        """What is wrong with the answer to a request, in words."""
        return [_words(error) for error in self._openapi.iter_response_errors(request, response)]

    def _query_parameters(self, request: RecordedRequest) -> set[str]:
        found = self._paths.find(request.method, urljoin(self.host_url, request.path))
        return {
            (parameter / "name").read_str()
            for holder in (found.path, found.operation)
            if "parameters" in holder
            for parameter in holder / "parameters"
            if (parameter / "in").read_str() == "query"
        }


def _open_objects_without_fields(described: object) -> None:
    """Say of every schema of an object that names no fields that it allows for all."""
    if isinstance(described, list):
        for part in described:
            _open_objects_without_fields(part)
    elif isinstance(described, dict):
        if described.get("type") == "object" and not {
            "properties",
            "additionalProperties",
            "allOf",
        } & set(described):
            described["additionalProperties"] = True
        for part in list(described.values()):
            _open_objects_without_fields(part)


def _words(error: Exception) -> str:
    if not isinstance(error, OpenAPIError):
        raise error
    details = error.details["schema_errors"] if isinstance(error, ValidationError) else []
    places = [f"{'.'.join(map(str, one['path'])) or 'body'}: {one['message']}" for one in details]
    return f"{type(error).__name__}: {'; '.join(places)}" if places else str(error)


@dataclass(frozen=True)
class Exchange:
    """One request and its answer, checked."""

    method: str
    path: str
    operation: str | None
    """Id of the operation in the description; None when the request fits none."""
    status: int | None
    """Status answered; None when the connection was cut."""
    request_violations: list[str]
    """Empty also for a request that was wrong on purpose."""
    response_violations: list[str]

    @property
    def violations(self) -> list[str]:
        """All that is wrong, each with the request it belongs to."""
        where = f"{self.method} {self.path} -> {self.status}"
        return [
            *(f"{where}: request: {violation}" for violation in self.request_violations),
            *(f"{where}: answer: {violation}" for violation in self.response_violations),
        ]


class Recorder:
    """An ASGI application that passes everything on to another and checks what goes by.

    The control paths of a simulator are no part of the vendor and are not checked; nor is the page
    of a simulated proxy that answers in the vendor's place.
    """

    def __init__(self, app: ASGIApp, description: Description) -> None:
        """Stand in front of `app`, which is to keep to `description`."""
        self.exchanges: list[Exchange] = []
        """Everything that has gone by, in the order in which the answers ended."""
        self._app = app
        self._description = description
        self._on_purpose = False

    @property
    def violations(self) -> list[str]:
        """All that was wrong so far, in words."""
        return [violation for exchange in self.exchanges for violation in exchange.violations]

    @property
    def operations(self) -> set[str]:
        """Ids of the operations that have been asked for."""
        return {one.operation for one in self.exchanges if one.operation is not None}

    @contextmanager
    def wrong_on_purpose(self) -> Iterator[None]:
        """Within this block requests may break the description; answers still may not."""
        self._on_purpose = True
        try:
            yield
        finally:
            self._on_purpose = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request on, and check it and its answer."""
        if scope["type"] != "http" or scope["path"].startswith(f"{CONTROL_PATH}/"):
            await self._app(scope, receive, send)
            return
        received = bytearray()
        answered = bytearray()
        headers = Headers()
        status: int | None = None
        is_noted = False

        async def listen() -> Message:
            message = await receive()
            received.extend(message.get("body", b""))
            return message

        def note() -> None:
            nonlocal is_noted
            is_noted = True
            request = RecordedRequest(
                method=scope["method"].lower(),
                host_url=self._description.host_url,
                path=scope["path"],
                headers=Headers(_decoded(scope["headers"])),
                query=ImmutableMultiDict(
                    parse_qsl(scope["query_string"].decode(), keep_blank_values=True)
                ),
                body=bytes(received) or None,
            )
            response = RecordedResponse(status, headers, bytes(answered)) if status else None
            self.exchanges.append(self._checked(request, response, is_page=_is_page(scope)))

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers.extend(_decoded(message["headers"]))
            else:
                answered.extend(message.get("body", b""))
                if not message.get("more_body", False):
                    note()  # before it is sent, so that whoever has the answer finds the record
            await send(message)

        try:
            await self._app(scope, listen, answer)
        finally:
            if not is_noted:
                note()

    def _checked(
        self, request: RecordedRequest, response: RecordedResponse | None, *, is_page: bool
    ) -> Exchange:
        return Exchange(
            method=request.method.upper(),
            path=request.path,
            operation=self._description.operation(request),
            status=response.status_code if response else None,
            request_violations=(
                [] if self._on_purpose else self._description.request_violations(request)
            ),
            response_violations=(
                self._description.response_violations(request, response)
                if response and not is_page
                else []
            ),
        )


def _decoded(headers: list[tuple[bytes, bytes]]) -> list[tuple[str, str]]:
    return [(name.decode("latin-1"), value.decode("latin-1")) for name, value in headers]


def _is_page(scope: Scope) -> bool:
    try:
        return call_of(scope).fault == "html_page"
    except KeyError:
        return False
