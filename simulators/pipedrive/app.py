"""The local Pipedrive as one ASGI application."""

from __future__ import annotations

import hmac

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from simulators.calls import CallLog
from simulators.faults import ChangeRecord, FaultPlan, RateLimited, ServerError
from simulators.gateway import Gateway, RequestSummary
from simulators.pages import PageFormat
from simulators.pipedrive.errors import (
    PipedriveError,
    not_found,
    rate_limited,
    server_error,
    shut_out,
    unauthenticated,
)
from simulators.pipedrive.limits import RateLimits, limit_headers, token_cost
from simulators.pipedrive.state import PipedriveState
from simulators.pipedrive.v1_routes import V1Routes
from simulators.pipedrive.v2_routes import V2Routes

DEFAULT_TOKEN = "local-pipedrive-token"
"""It opens nothing but this simulator."""
DAILY_POLICY = "DAILY"
"""`RateLimited(policy=DAILY_POLICY)` says that the tokens of the day are spent."""


class PipedriveSimulator:
    """A Pipedrive account that answers over HTTP: an ASGI application.

    It answers as Pipedrive does, credentials, costs and limits included. `state` holds what the
    account knows, `calls` what it was asked, `faults` what it has been told to do wrong, `limits`
    what it still lets through; all may be read and changed while it is being served
    (`simulators.serving.serving`).
    """

    def __init__(
        self,
        state: PipedriveState | None = None,
        *,
        api_token: str = DEFAULT_TOKEN,
        limits: RateLimits | None = None,
        nested_paging: bool = False,
    ) -> None:
        """Serve `state`, or a new account without records.

        Without `limits` it takes any number of requests. `nested_paging` says how pages of v1
        name the next one (`answers.flow_page_json`).
        """
        self.state = state or PipedriveState()
        self.api_token = api_token
        self.limits = limits
        self.calls = CallLog()
        self.faults = FaultPlan()
        self._endpoints = Starlette(
            routes=[
                *V2Routes(self.state).routes(),
                *V1Routes(self.state, nested_paging=nested_paging).routes(),
            ],
            exception_handlers={PipedriveError: _refuse, HTTPException: _refuse},
        )
        self._endpoints.router.redirect_slashes = False
        self._gateway = Gateway(
            self._answer,
            vendor=_Pipedrive(self.state),
            calls=self.calls,
            faults=self.faults,
            clock=self.state.now,
        )

    @property
    def tokens_asked(self) -> int:
        """What all calls so far cost, those that were turned away included."""
        return sum(token_cost(call.path) for call in self.calls)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request.

        Raises:
            ConnectionCutError: when a fault says that there is to be no answer.
        """
        await self._gateway(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Credentials, then limits, then the endpoint."""
        request = Request(scope)
        token = request.headers.get("x-api-token", "")
        if not hmac.compare_digest(token.encode(), self.api_token.encode()):
            await unauthenticated().response()(scope, receive, send)
            return
        if self.limits is None:
            await self._endpoints(scope, receive, send)
            return
        refusal = self.limits.admit(token_cost(request.url.path), self.state.now())
        if refusal is not None:
            answer = shut_out() if refusal.is_shut_out else rate_limited(refusal.headers)
            await answer(scope, receive, send)
            return
        told = self.limits.headers()

        async def with_limits(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [
                    *message["headers"],
                    *((name.encode(), value.encode()) for name, value in told.items()),
                ]
            await send(message)

        await self._endpoints(scope, receive, with_limits)


class _Pipedrive:
    """How Pipedrive looks to the gateway."""

    page_format = PageFormat(records="data", paging_parameters=frozenset({"cursor", "start"}))

    def __init__(self, state: PipedriveState) -> None:
        self._state = state

    def summarize(self, method: str, path: str, body: bytes) -> RequestSummary:  # noqa: ARG002 - the gateway's signature
        return RequestSummary(is_write=method != "GET", inputs=0)

    def rate_limited(self, fault: RateLimited) -> Response:
        is_daily = fault.policy == DAILY_POLICY
        headers = limit_headers(
            limit=20,
            remaining=0,
            reset=3_600 if is_daily else fault.retry_after or 0,
            tokens_left=0 if is_daily else 10_000,
        )
        if fault.retry_after is not None:
            headers["Retry-After"] = str(fault.retry_after)
        return rate_limited(headers)

    def failed(self, fault: ServerError) -> Response:
        return server_error(fault.status)

    def expired(self) -> Response:
        return unauthenticated().response()

    def change(self, fault: ChangeRecord) -> None:
        self._state.change(fault.table, int(fault.record_id), fault.values)


async def _refuse(_: Request, error: Exception) -> Response:
    match error:
        case PipedriveError():
            return error.response()
        case HTTPException(status_code=404):
            return not_found("Path").response()
        case HTTPException():
            return PipedriveError(error.status_code, "Method not possible here").response()
        case _:
            raise error
