"""Records: `/crm/v3/objects/{objectType}`, for every object type alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from simulators.calls import call_of
from simulators.faults import FaultPlan, Refuse
from simulators.hubspot.answers import (
    BatchProblem,
    Json,
    Selection,
    batch_response,
    page_json,
    record_json,
    record_with_history_json,
)
from simulators.hubspot.bodies import BatchRead, BatchUpdate, Search, SingleUpdate, parse
from simulators.hubspot.errors import HubspotError, invalid_request, not_found
from simulators.hubspot.object_types import ID_PROPERTY
from simulators.hubspot.queries import flag, id_after, names, whole_number
from simulators.hubspot.records import ObjectRecord
from simulators.hubspot.search import search
from simulators.hubspot.state import HubspotState, ObjectTable

OBJECTS_PATH = "/crm/v3/objects"

_MAX_PAGE = 100
_MAX_PAGE_WITH_HISTORY = 50
_MAX_SEARCH_BODY = 3_000


@dataclass(frozen=True)
class _Write:
    """One input of a batch update, as far as it can be carried out."""

    record: ObjectRecord
    stored: dict[str, str]
    trace_id: str | None


class ObjectRoutes:
    """The endpoints of records, on one state."""

    def __init__(self, state: HubspotState, faults: FaultPlan, search_delay: timedelta) -> None:
        """`search_delay` is how long it takes until a search sees what has changed."""
        self._state = state
        self._faults = faults
        self._search_delay = search_delay

    def routes(self) -> list[Route]:
        """For the application's routing table."""
        base = f"{OBJECTS_PATH}/{{object_type}}"
        return [
            Route(base, self.list_page, methods=["GET"]),
            Route(f"{base}/search", self.search, methods=["POST"]),
            Route(f"{base}/batch/read", self.batch_read, methods=["POST"]),
            Route(f"{base}/batch/update", self.batch_update, methods=["POST"]),
            Route(f"{base}/{{record_id}}", self.read, methods=["GET"]),
            Route(f"{base}/{{record_id}}", self.update, methods=["PATCH"]),
        ]

    async def list_page(self, request: Request) -> Response:
        """All records in the order of their ids, or all archived ones."""
        query = request.query_params
        selection = _selection(request)
        limit = whole_number(
            query,
            "limit",
            default=10,
            most=_MAX_PAGE_WITH_HISTORY if selection.with_history else _MAX_PAGE,
        )
        archived = flag(query, "archived")
        after = id_after(query)
        with self._state.lock:
            table = self._table(request)
            records = [
                record for record in table.after(after) if (record.archived_at is not None) == archived
            ]
            page = records[:limit]
            results = [record_with_history_json(record, table.kind, selection) for record in page]
        return JSONResponse(
            page_json(
                results,
                after=page[-1].id if len(records) > limit else None,
                path=request.url.path,
                query={name: query.getlist(name) for name in query},
            )
        )

    async def read(self, request: Request) -> Response:
        """One record, by id or by the value of a unique property."""
        archived = flag(request.query_params, "archived")
        with self._state.lock:
            table = self._table(request)
            record = self._found(
                table, request.path_params["record_id"], request.query_params.get("idProperty")
            )
            if (record.archived_at is not None) != archived:
                raise not_found()
            return JSONResponse(
                record_with_history_json(record, table.kind, _selection(request))
            )

    async def search(self, request: Request) -> Response:
        """Records that match filters; see `simulators.hubspot.search`."""
        body = await request.body()
        if len(body.decode(errors="replace")) > _MAX_SEARCH_BODY:
            raise invalid_request(f"A search is at most {_MAX_SEARCH_BODY:,} characters long.")
        wanted = parse(Search, body)
        with self._state.lock:
            table = self._table(request)
            found = search(table, wanted, indexed_at=self._state.now() - self._search_delay)
            answer: Json = {
                "total": found.total,
                "results": [
                    record_json(version, table.kind, Selection(wanted.properties))
                    for version in found.results
                ],
            }
        if found.after is not None:
            answer["paging"] = {"next": {"after": found.after}}
        return JSONResponse(answer)

    async def batch_read(self, request: Request) -> Response:
        """Up to 100 records by id; 207 when some do not exist."""
        wanted = parse(BatchRead, await request.body())
        archived = flag(request.query_params, "archived")
        selection = Selection(wanted.properties, wanted.properties_with_history)
        results: list[Json] = []
        missing: list[str] = []
        with self._state.lock:
            table = self._table(request)
            for input_ in wanted.inputs:
                record = self._find(table, input_.id, wanted.id_property)
                if record is None or (record.archived_at is not None) != archived:
                    missing.append(input_.id)
                else:
                    results.append(record_with_history_json(record, table.kind, selection))
            now = self._state.now()
        return batch_response(results, _missing(table, missing, []), now=now)

    async def batch_update(self, request: Request) -> Response:
        """Change up to 100 records. One value that is not valid, and none is changed (400); an id
        that does not exist fails alone (207)."""
        wanted = parse(BatchUpdate, await request.body())
        writes: list[_Write] = []
        missing: list[str] = []
        untraced: list[str] = []
        with self._state.lock:
            table = self._table(request)
            _refuse_repeated([input_.id for input_ in wanted.inputs])
            for input_ in wanted.inputs:
                stored = self._state.validated(table.kind.name, input_.properties)
                record = self._find(table, input_.id, input_.id_property)
                if record is None or record.archived_at is not None:
                    missing.append(input_.id)
                    untraced.extend([input_.object_write_trace_id or ""])
                else:
                    writes.append(_Write(record, stored, input_.object_write_trace_id))
            refusals = self._refusals(request, [write.record for write in writes])
            ...
