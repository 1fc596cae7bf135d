"""Owners: `/crm/v3/owners`."""

from __future__ import annotations

from itertools import islice

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from simulators.hubspot.answers import owner_json, page_json
from simulators.hubspot.errors import invalid_request, not_found
from simulators.hubspot.paths import OWNERS_PATH
from simulators.hubspot.queries import flag, id_after, whole_number
from simulators.hubspot.state import HubspotState

_MAX_PAGE = 500


class OwnerRoutes:
    """The endpoints of owners, on one state."""

    def __init__(self, state: HubspotState) -> None:
        """Read the owners of `state`."""
        self._state = state

    def routes(self) -> list[Route]:
        """For the application's routing table."""
        return [
            Route(OWNERS_PATH, self.list_page, methods=["GET"]),
            Route(f"{OWNERS_PATH}/", self.list_page, methods=["GET"]),
            Route(f"{OWNERS_PATH}/{{owner_id}}", self.read, methods=["GET"]),
        ]

    async def list_page(self, request: Request) -> Response:
        """The owners in the order of their ids, or those with an e-mail address."""
        query = request.query_params
        limit = whole_number(query, "limit", default=100, most=_MAX_PAGE)
        archived = flag(query, "archived")
        after = id_after(query)
        email = query.get("email", "").lower()
        with self._state.lock:
            ordered = sorted(self._state.owners.values(), key=lambda owner: int(owner.id))
        owners = (
            owner
            for owner in ordered
            if int(owner.id) > after
            and owner.is_archived is archived
            and email in ("", owner.email.lower())
        )
        page = list(islice(owners, limit))
        has_more = next(owners, None) is not None
        return JSONResponse(
            page_json(
                [owner_json(owner) for owner in page],
                after=page[-1].id if has_more else None,
                path=request.url.path,
                query={name: query.getlist(name) for name in query},
            )
        )

    async def read(self, request: Request) -> Response:
        """One owner, by owner id or user id."""
        key = request.path_params["owner_id"]
        archived = flag(request.query_params, "archived")
        id_property = request.query_params.get("idProperty", "id")
        if id_property not in {"id", "userId"}:
            raise invalid_request(f"idProperty must be id or userId, not {id_property}.")
        with self._state.lock:
            for owner in self._state.owners.values():
                owner_key = owner.id if id_property == "id" else str(owner.user)
                if owner_key == key and owner.is_archived is archived:
                    return JSONResponse(owner_json(owner))
        raise not_found(f"No owner with {id_property} {key}.")
