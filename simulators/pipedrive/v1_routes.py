"""`/v1` and `/api/v1`: what v2 does not have, flows of deals and users."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from simulators.pipedrive.answers import (
    current_user_json,
    flow_page_json,
    single_json,
    user_json,
)
from simulators.pipedrive.errors import not_found
from simulators.pipedrive.queries import DEFAULT_PAGE, MAX_PAGE, whole_number
from simulators.pipedrive.state import PipedriveState

_BASES = ("/v1", "/api/v1")
_FAR = 1_000_000


class V1Routes:
    """The endpoints of v1, on one state."""

    def __init__(self, state: PipedriveState, *, nested_paging: bool) -> None:
        """Read the records of `state`; `nested_paging` is told in `answers.flow_page_json`."""
        self._state = state
        self._nested_paging = nested_paging

    def routes(self) -> list[Route]:
        """For the application's routing table."""
        return [
            route
            for base in _BASES
            for route in (
                Route(f"{base}/deals/{{id:int}}/flow", self.flow),
                Route(f"{base}/users", self.users),
                Route(f"{base}/users/me", self.current_user),
                Route(f"{base}/users/{{id:int}}", self.user),
            )
        ]

    async def flow(self, request: Request) -> Response:
        """What happened to a deal, the latest first.

        `items` names the kinds of items that are wanted. Pages are counted from the start, so that
        whatever happens meanwhile moves everything by one.
        """
        query = request.query_params
        start = whole_number(query, "start", default=0, least=0, most=_FAR)
        limit = whole_number(query, "limit", default=DEFAULT_PAGE, least=1, most=MAX_PAGE)
        kinds = set(query["items"].split(",")) if "items" in query else None
        with self._state.lock:
            deal = self._state.readable_deal(request.path_params["id"])
            if deal is None:
                raise not_found("Deal")
            items = sorted(
                (item for item in deal.flow if kinds is None or item.object in kinds),
                key=lambda item: (item.at, item.id),
                reverse=True,
            )
            return JSONResponse(
                flow_page_json(
                    deal,
                    items[start : start + limit],
                    start=start,
                    limit=limit,
                    has_more=len(items) > start + limit,
                    nested=self._nested_paging,
                )
            )

    async def users(self, _: Request) -> Response:
        """All users, those who have left included, on one page."""
        with self._state.lock:
            users = [user_json(user) for user in self._state.account.users.values()]
        return JSONResponse({"success": True, "data": users})

    async def user(self, request: Request) -> Response:
        """One user."""
        with self._state.lock:
            user = self._state.account.users.get(request.path_params["id"])
        if user is None:
            raise not_found("User")
        return JSONResponse(single_json(user_json(user)))

    async def current_user(self, _: Request) -> Response:
        """The user whose token it is: the first one."""
        with self._state.lock:
            users = sorted(self._state.account.users.values(), key=lambda user: user.id)
        if not users:
            raise not_found("User")
        return JSONResponse(single_json(current_user_json(users[0])))
