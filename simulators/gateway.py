"""What stands in front of every simulated vendor: the call log, the faults, the control paths.

Control paths are the simulator's own and ask for no credentials:

- `GET /_simulator/calls`: `{"calls": [...]}`, the log, oldest first; `DELETE` clears it.
- `GET /_simulator/faults`: `{"faults": [...]}`, the faults told; `POST` of the same shape tells
  more, `DELETE` makes the vendor behave again.
"""

from __future__ import annotations

from asyncio import sleep
from dataclasses import dataclass
from email.utils import format_datetime
from typing import Protocol

from pydantic import BaseModel, TypeAdapter, ValidationError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from simulators.calls import Call, CallLog, attach
from simulators.clock import Clock
from simulators.faults import (
    ChangeRecord,
    Cut,
    DuplicatePage,
    ExpiredToken,
    Fault,
    FaultPlan,
    HtmlPage,
    Interference,
    Meanwhile,
    MissingField,
    RateLimited,
    ServerError,
    Slow,
)
from simulators.pages import Answer, PageFormat, Pages

CONTROL_PATH = "/_simulator"

_PAGE = (
    "<!DOCTYPE html><html><head><title>One moment</title></head>"
    "<body><h1>The service is not available</h1></body></html>"
)
_CALLS = TypeAdapter(list[Call])


class ConnectionCutError(Exception):
    """The connection is to be closed without (further) answer."""


@dataclass(frozen=True)
class RequestSummary:
    """What the log says of a request before it is handled."""

    is_write: bool
    inputs: int


class Vendor(Protocol):
    """How one vendor looks from outside."""

    @property
    def page_format(self) -> PageFormat:
        """Where its answers have their records, and how the next page is asked for."""

    def summarize(self, method: str, path: str, body: bytes) -> RequestSummary:
        """Whether the request writes, and how many records it names."""

    def rate_limited(self, fault: RateLimited) -> Response:
        """The vendor's own 429."""

    def failed(self, fault: ServerError) -> Response:
        """The vendor's own 5xx."""

    def expired(self) -> Response:
        """The vendor's own 401 for a token whose time is over."""

    def change(self, fault: ChangeRecord) -> None:
        """Change a record as a person would.

        Raises:
            KeyError: when there is no such table or record.
        """


class Gateway:
    """An ASGI application in front of a vendor's: logs each request and does the faults to it.

    Every answer has the vendor's time in its `Date`.
    """

    def __init__(
        self, app: ASGIApp, *, vendor: Vendor, calls: CallLog, faults: FaultPlan, clock: Clock
    ) -> None:
        """Stand in front of `app`, which sees only requests that no fault keeps from it."""
        self._app = app
        self._vendor = vendor
        self._calls = calls
        self._faults = faults
        self._clock = clock
        self._pages = Pages(vendor.page_format)
        self._control = _control(calls, faults)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request.

        Raises:
            ConnectionCutError: when a fault says so.
        """
        if scope["type"] != "http" or scope["path"].startswith(f"{CONTROL_PATH}/"):
            await self._control(scope, receive, send)
            return
        request = Request(scope, receive)
        body = await request.body()
        method, path = request.method, request.url.path
        summary = self._vendor.summarize(method, path, body)
        call = self._calls.open(
            at=self._clock(),
            method=method,
            path=path,
            query=request.url.query,
            is_write=summary.is_write,
            inputs=summary.inputs,
        )
        attach(call, scope)

        async def replay() -> Message:
            return {"type": "http.request", "body": body, "more_body": False}

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                call.status = message["status"]
                now = format_datetime(self._clock(), usegmt=True)
                message["headers"] = [*message["headers"], (b"date", now.encode())]
            await send(message)

        fault = self._faults.interference(method, path)
        call.fault = fault.kind if fault else None
        match fault:
            case None if not self._faults.keeps_pages(method, path):
                await self._app(scope, replay, answer)
            case RateLimited():
                await self._vendor.rate_limited(fault)(scope, replay, answer)
            case ExpiredToken():
                await self._vendor.expired()(scope, replay, answer)
            case ServerError() | HtmlPage() | Cut():
                if fault.takes_effect:
                    await self._carry_out(scope, replay)
                if isinstance(fault, Cut):
                    raise ConnectionCutError
                response = (
                    HTMLResponse(_PAGE, fault.status)
                    if isinstance(fault, HtmlPage)
                    else self._vendor.failed(fault)
                )
                await response(scope, replay, answer)
            case _:
                answered = await self._carry_out(scope, replay)
                told = await self._spoiled(fault, request, answered)
                for message in told.messages:
                    await answer(message)

    async def _carry_out(self, scope: Scope, receive: Receive) -> Answer:
        """Let the vendor handle the request, and keep its answer."""
        messages: list[Message] = []

        async def keep(message: Message) -> None:
            messages.append(message)

        await self._app(scope, receive, keep)
        return Answer(tuple(messages))

    async def _spoiled(
        self, fault: Interference | None, request: Request, answered: Answer
    ) -> Answer:
        """What is answered in the place of the vendor's answer, and what happens meanwhile."""
        asked = (request.method, request.url.path, request.url.query)
        told = answered
        match fault:
            case Slow():
                await sleep(fault.seconds)
            case MissingField():
                told = self._pages.incomplete(fault, answered)
            case DuplicatePage():
                told = self._pages.duplicated(fault, *asked, answered)
            case ChangeRecord():
                self._vendor.change(fault)
            case Meanwhile():
                fault.happens()
        if self._faults.keeps_pages(request.method, request.url.path):
            self._pages.keep(*asked, answered)
        return told


class _FaultList(BaseModel):
    faults: list[Fault]


def _control(calls: CallLog, faults: FaultPlan) -> Starlette:
    async def show_calls(_: Request) -> Response:
        return JSONResponse({"calls": _CALLS.dump_python(list(calls), mode="json")})

    async def clear_calls(_: Request) -> Response:
        calls.clear()
        return Response(status_code=204)

    async def show_faults(_: Request) -> Response:
        return JSONResponse(_FaultList(faults=list(faults.faults)).model_dump(mode="json"))

    async def tell_faults(request: Request) -> Response:
        try:
            told = _FaultList.model_validate_json(await request.body())
        except ValidationError as error:
            return JSONResponse({"message": str(error)}, 400)
        faults.add(*told.faults)
        return await show_faults(request)

    async def clear_faults(_: Request) -> Response:
        faults.clear()
        return Response(status_code=204)

    return Starlette(
        routes=[
            Route(f"{CONTROL_PATH}/calls", show_calls, methods=["GET"]),
            Route(f"{CONTROL_PATH}/calls", clear_calls, methods=["DELETE"]),
            Route(f"{CONTROL_PATH}/faults", show_faults, methods=["GET"]),
            Route(f"{CONTROL_PATH}/faults", tell_faults, methods=["POST"]),
            Route(f"{CONTROL_PATH}/faults", clear_faults, methods=["DELETE"]),
        ]
    )
