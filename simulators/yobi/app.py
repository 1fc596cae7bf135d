"""The local Yobi as one ASGI application."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Sequence
from datetime import date

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from simulators.calls import CallLog
from simulators.faults import ChangeRecord, FaultPlan, RateLimited, ServerError
from simulators.gateway import Gateway, RequestSummary
from simulators.pages import PageFormat
from simulators.yobi.answers import (
    Json,
    appointments_json,
    calls_json,
    entries_json,
    location_json,
    tasks_json,
    tenant_json,
)
from simulators.yobi.errors import rate_limited, refused
from simulators.yobi.habits import Habits
from simulators.yobi.logins import Logins, in_milliseconds
from simulators.yobi.periods import DAYS_OF, LAST_WEEK, days_of
from simulators.yobi.state import Metric, YobiState

DEFAULT_EMAIL = "warehouse@example.com"
DEFAULT_PASSWORD = "local-yobi-password"
"""It opens nothing but this simulator."""

LOGIN_PATH = "/users/login"
TENANTS_PATH = "/admin/dental-tenants/list"
LOCATIONS_PATH = "/admin/pms/locations"
METRIC_PATHS = {
    Metric.CALLS: "/admin/pms/stats/calls-by-tenant",
    Metric.TASKS: "/admin/dental-tenants/tasks/created",
    Metric.APPOINTMENTS: "/admin/pms/stats/appointments-by-location",
}
_ANSWERS: dict[Metric, Callable[[YobiState, Habits, Sequence[date]], Json]] = {
    Metric.CALLS: calls_json,
    Metric.TASKS: tasks_json,
    Metric.APPOINTMENTS: appointments_json,
}


class YobiSimulator:
    """A Yobi that answers over HTTP: an ASGI application (`observed-api.yaml` describes it).

    `state` holds what it knows, `habits` how it answers, `logins` whom it has let in, `calls` what
    it was asked, `faults` what it has been told to do wrong; all may be read and changed while it
    is being served (`simulators.serving.serving`).
    """

    def __init__(
        self,
        state: YobiState | None = None,
        *,
        habits: Habits | None = None,
        email: str = DEFAULT_EMAIL,
        password: str = DEFAULT_PASSWORD,
    ) -> None:
        """Serve `state`, or a Yobi without tenants."""
        self.state = state or YobiState()
        self.habits = habits or Habits()
        self.logins = Logins(email, password)
        self.calls = CallLog()
        self.faults = FaultPlan()
        self._gateway = Gateway(
            self._endpoints(),
            vendor=_Yobi(self.state),
            calls=self.calls,
            faults=self.faults,
            clock=self.state.now,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request.

        Raises:
            ConnectionCutError: when a fault says that there is to be no answer.
        """
        await self._gateway(scope, receive, send)

    def _endpoints(self) -> Starlette:
        routes = [
            Route(LOGIN_PATH, self._log_in, methods=["POST"]),
            Route(TENANTS_PATH, self._for_users(self._tenants), methods=["GET"]),
            Route(LOCATIONS_PATH, self._for_users(self._locations), methods=["GET"]),
            *(
                Route(path, self._for_users(self._figures(metric)), methods=["GET"])
                for metric, path in METRIC_PATHS.items()
            ),
        ]
        return Starlette(routes=routes, exception_handlers={HTTPException: _refuse})

    async def _log_in(self, request: Request) -> Response:
        try:
            sent = json.loads(await request.body())
        except ValueError:
            sent = None
        if not isinstance(sent, dict) or not {"user", "password"} <= sent.keys():
            return refused(400, "user and password are required.")
        expires_at = self.state.now() + self.habits.token_lifetime
        token = self.logins.log_in(sent["user"], sent["password"], until=expires_at)
        if token is None:
            return refused(401, "The user or the password is wrong.")
        return JSONResponse(
            {
                "success": True,
                "results": {
                    "token": token,
                    "tokenExpirationInstant": in_milliseconds(expires_at),
                },
            }
        )

    def _for_users(
        self, endpoint: Callable[[Request], Response]
    ) -> Callable[[Request], Awaitable[Response]]:
        """The endpoint for those who are logged in; 401 for all others."""

        async def guarded(request: Request) -> Response:
            scheme, _, token = request.headers.get("Authorization", "").partition(" ")
            if scheme.lower() != "bearer" or not self.logins.is_good(token, self.state.now()):
                return refused(401, "The token is not valid.")
            with self.state.lock:
                return endpoint(request)

        return guarded

    def _tenants(self, _: Request) -> Response:
        entries = [tenant_json(tenant) for tenant in self.state.tenants]
        return JSONResponse(entries_json(self.habits.lists, "tenants", entries))

    def _locations(self, _: Request) -> Response:
        entries = [location_json(location) for location in self.state.locations]
        return JSONResponse(entries_json(self.habits.lists, "locations", entries))

    def _figures(self, metric: Metric) -> Callable[[Request], Response]:
        def endpoint(request: Request) -> Response:
            period = request.query_params.get("period", "")
            known = [*DAYS_OF, *([LAST_WEEK] if metric in self.habits.has_last_week else [])]
            if period not in known:
                return refused(400, f"period must be one of {', '.join(known)}.")
            days = days_of(period, self.state.today())
            return JSONResponse(_ANSWERS[metric](self.state, self.habits, days))

        return endpoint


class _Yobi:
    """How Yobi looks to the gateway."""

    page_format = PageFormat(
        records="results",
        paging_parameters=frozenset(),
        also_at=tuple(
            f"results.{name}" for name in ("results", "tenants", "stats", "by_tenant", "locations")
        ),
    )

    def __init__(self, state: YobiState) -> None:
        self._state = state

    def summarize(self, method: str, path: str, body: bytes) -> RequestSummary:  # noqa: ARG002 - nothing is ever written
        return RequestSummary(is_write=False, inputs=0)

    def rate_limited(self, fault: RateLimited) -> Response:
        return rate_limited(retry_after=fault.retry_after)

    def failed(self, fault: ServerError) -> Response:
        return refused(fault.status, "Something went wrong.")

    def expired(self) -> Response:
        return refused(401, "The token has expired.")

    def change(self, fault: ChangeRecord) -> None:
        self._state.change(fault.table, fault.record_id, fault.values)


async def _refuse(request: Request, error: Exception) -> Response:  # noqa: ARG001 - Starlette's signature
    if not isinstance(error, HTTPException):
        raise error
    return refused(error.status_code, error.detail)
