"""The local Slack as one ASGI application."""

from __future__ import annotations

import time
from collections.abc import Callable

from pyrate_limiter import InMemoryBucket, Rate, RateItem
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from simulators.calls import CallLog, call_of
from simulators.faults import ChangeRecord, FaultPlan, RateLimited, ServerError
from simulators.gateway import Gateway, RequestSummary
from simulators.pages import PageFormat
from simulators.slack.payloads import TEXT_LENGTH, PayloadError, read_payload
from simulators.slack.state import Posted, SlackState, Standing

DEFAULT_WEBHOOK_PATH = "/services/T00000000/B00000000/localSlackWebhook"
"""It opens nothing but this simulator."""


class SlackSimulator:
    """A Slack that takes messages over HTTP: an ASGI application.

    `state` holds what was posted, `calls` what it was asked, `faults` what it has been told to do
    wrong; all may be read and changed while it is being served (`simulators.serving.serving`).
    """

    def __init__(
        self,
        state: SlackState | None = None,
        *,
        path: str = DEFAULT_WEBHOOK_PATH,
        messages_a_second: int = 1,
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        """Serve `state`, or an empty channel, behind the webhook at `path`.

        `seconds` is a clock that only ever goes on: faster messages than `messages_a_second` are
        turned away with 429.
        """
        self.state = state or SlackState()
        self.calls = CallLog()
        self.faults = FaultPlan()
        self._path = path
        self._seconds = seconds
        self._most = messages_a_second
        self._recent = InMemoryBucket([Rate(messages_a_second, 1000)])
        route = Route("/services/{team}/{bot}/{token}", self._post, methods=["POST"])
        self._gateway = Gateway(
            Starlette(routes=[route]),
            vendor=_Slack(),
            calls=self.calls,
            faults=self.faults,
            clock=self.state.clock,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request.

        Raises:
            ConnectionCutError: when a fault says that there is to be no answer.
        """
        await self._gateway(scope, receive, send)

    async def _post(self, request: Request) -> Response:
        if request.url.path != self._path:
            return _said(Standing.NO_SERVICE)
        if not self._is_in_time():
            return _rate_limited(1)
        if self.state.standing is not Standing.OK:
            return _said(self.state.standing)
        try:
            payload = read_payload(await request.body())
        except PayloadError as error:
            return PlainTextResponse(str(error), 400)
        text = payload.get("text")
        for beginning, word in self.state.refused.items():
            if text is not None and text.startswith(beginning):
                return PlainTextResponse(word, 400)
        posted = Posted(self.state.clock(), text[:TEXT_LENGTH] if text else None, payload)
        with self.state.lock:
            self.state.messages.append(posted)
        call_of(request.scope).written += 1
        return _said(Standing.OK)

    def _is_in_time(self) -> bool:
        now = int(self._seconds() * 1000)
        self._recent.leak(now)
        if self._recent.count() >= self._most:
            return False
        self._recent.put(RateItem("message", now))
        return True


class _Slack:
    """How Slack looks to the gateway."""

    page_format = PageFormat(records="", paging_parameters=frozenset())

    def summarize(self, method: str, path: str, body: bytes) -> RequestSummary:  # noqa: ARG002 - there is one request
        return RequestSummary(is_write=method == "POST", inputs=1)

    def rate_limited(self, fault: RateLimited) -> Response:
        return _rate_limited(fault.retry_after)

    def failed(self, fault: ServerError) -> Response:
        return PlainTextResponse("rollup_error", fault.status)

    def expired(self) -> Response:
        return _said(Standing.INVALID_TOKEN)

    def change(self, fault: ChangeRecord) -> None:
        raise KeyError(fault.table)


def _said(standing: Standing) -> PlainTextResponse:
    return PlainTextResponse(standing.value, standing.status)


def _rate_limited(retry_after: int | None) -> PlainTextResponse:
    headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
    return PlainTextResponse("rate_limited", 429, headers)
