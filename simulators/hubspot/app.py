"""The local HubSpot as one ASGI application."""

from __future__ import annotations

import hmac
import json
from collections.abc import Iterable
from datetime import timedelta
from uuid import uuid4

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from simulators.calls import CallLog
from simulators.faults import ChangeRecord, FaultPlan, RateLimited, ServerError
from simulators.gateway import Gateway, RequestSummary
from simulators.hubspot.association_routes import AssociationRoutes
from simulators.hubspot.errors import (
    HubspotError,
    expired,
    invalid_request,
    invalid_values,
    missing_scopes,
    not_found,
    rate_limited,
    server_error,
    unauthenticated,
)
from simulators.hubspot.limits import RateLimits
from simulators.hubspot.object_routes import ObjectRoutes
from simulators.hubspot.owner_routes import OwnerRoutes
from simulators.hubspot.paths import OBJECTS_PATH, by_version
from simulators.hubspot.properties import InvalidValuesError
from simulators.hubspot.property_routes import PropertyRoutes
from simulators.hubspot.scopes import needed_scopes
from simulators.hubspot.search import MAX_RESULTS
from simulators.hubspot.state import HubspotState
from simulators.hubspot.tables import InvalidDefinitionError
from simulators.pages import PageFormat

DEFAULT_TOKEN = "local-hubspot-token"
"""It opens nothing but this simulator."""


class HubspotSimulator:
    """A HubSpot account that answers over HTTP: an ASGI application.

    It answers as HubSpot does, credentials, batch sizes and validation included. `state` holds what
    the account knows, `calls` what it was asked, `faults` what it has been told to do wrong,
    `missing_scopes` what its token may not do; all four may be read and changed while it is being
    served (`simulators.serving.serving`).
    """

    def __init__(
        self,
        state: HubspotState | None = None,
        *,
        access_token: str = DEFAULT_TOKEN,
        limits: RateLimits | None = None,
        search_delay: timedelta = timedelta(0),
        search_cap: int = MAX_RESULTS,
        association_page: int = 100,
        missing_scopes: Iterable[str] = (),
    ) -> None:
        """Serve `state`, or a new account without records.

        Without `limits` it takes any number of requests. A search sees a change `search_delay`
        after it was made, by the state's clock, and one can page through `search_cap` of its
        results. A contact's associations come `association_page` at once.
        """
        self.state = state or HubspotState()
        self.access_token = access_token
        self.calls = CallLog()
        self.faults = FaultPlan()
        self._limits = limits
        self.missing_scopes = set(missing_scopes)
        self._endpoints = _endpoints(
            self.state,
            ObjectRoutes(self.state, self.faults, search_delay, search_cap),
            AssociationRoutes(self.state, self.faults, association_page),
        )
        self._gateway = Gateway(
            self._answer,
            vendor=_Hubspot(self.state),
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

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Credentials, then limits, then the endpoint, whichever form its address has."""
        scope = {**scope, "path": by_version(scope["path"])}
        request = Request(scope)
        send = _identified(send)
        refused = self._unauthenticated(request.headers.get("Authorization", ""))
        lacking = needed_scopes(request.method, request.url.path) & self.missing_scopes
        if refused is None and lacking:
            refused = missing_scopes(lacking)
        if refused is not None:
            await refused.response()(scope, receive, send)
            return
        if self._limits is None:
            await self._endpoints(scope, receive, send)
            return
        is_search = request.url.path.endswith("/search")
        exceeded = self._limits.admit(is_search=is_search)
        if exceeded is not None:
            await rate_limited(exceeded.policy)(scope, receive, send)
            return
        told = {} if is_search else self._limits.headers()

        async def with_limits(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [
                    *message["headers"],
                    *((name.lower().encode(), value.encode()) for name, value in told.items()),
                ]
            await send(message)

        await self._endpoints(scope, receive, with_limits)

    def _unauthenticated(self, authorization: str) -> HubspotError | None:
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer" or not token:
            return unauthenticated(has_token=False)
        if not hmac.compare_digest(token.encode(), self.access_token.encode()):
            return unauthenticated(has_token=True)
        return None


class _Hubspot:
    """How HubSpot looks to the gateway."""

    page_format = PageFormat(records="results", paging_parameters=frozenset({"after"}))

    def __init__(self, state: HubspotState) -> None:
        self._state = state

    def summarize(self, method: str, path: str, body: bytes) -> RequestSummary:
        is_batch = "/batch/" in path
        is_read = method == "GET" or path.endswith(("/search", "/batch/read"))
        if is_batch:
            inputs = _number_of_inputs(body)
        else:
            is_record = by_version(path).startswith(f"{OBJECTS_PATH}/")
            inputs = int(method == "PATCH" and is_record)
        return RequestSummary(is_write=not is_read, inputs=inputs)

    def rate_limited(self, fault: RateLimited) -> Response:
        return rate_limited(fault.policy, retry_after=fault.retry_after)

    def failed(self, fault: ServerError) -> Response:
        return server_error(fault.status)

    def expired(self) -> Response:
        return expired().response()

    def change(self, fault: ChangeRecord) -> None:
        values = {name: str(value) for name, value in fault.values.items()}
        self._state.write(fault.table, fault.record_id, values)


def _identified(send: Send) -> Send:
    """Give successes an id in their headers; errors have one in what they say."""

    async def with_identity(message: Message) -> None:
        if message["type"] == "http.response.start" and message["status"] < 400:
            identity = (b"x-hubspot-correlation-id", str(uuid4()).encode())
            message["headers"] = [*message["headers"], identity]
        await send(message)

    return with_identity


def _number_of_inputs(body: bytes) -> int:
    try:
        inputs = json.loads(body)["inputs"]
        return len(inputs)
    except (ValueError, KeyError, TypeError):
        return 0


def _endpoints(
    state: HubspotState, objects: ObjectRoutes, associations: AssociationRoutes
) -> Starlette:
    app = Starlette(
        routes=[
            *objects.routes(),
            *associations.routes(),
            *PropertyRoutes(state).routes(),
            *OwnerRoutes(state).routes(),
        ],
        exception_handlers={
            HubspotError: _refuse,
            InvalidValuesError: _refuse,
            InvalidDefinitionError: _refuse,
            HTTPException: _refuse,
        },
    )
    app.router.redirect_slashes = False
    return app


async def _refuse(request: Request, error: Exception) -> Response:
    match error:
        case HubspotError():
            return error.response()
        case InvalidValuesError():
            return invalid_values(error).response()
        case InvalidDefinitionError():
            return invalid_request(str(error)).response()
        case HTTPException(status_code=404):
            return not_found().response()
        case HTTPException():
            return HubspotError(
                error.status_code, "VALIDATION_ERROR", f"{request.method} is not possible here."
            ).response()
        case _:
            raise error
