"""Records: `/crm/v3/objects/{objectType}`, for every object type alike."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from itertools import islice

from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from simulators.calls import call_of
from simulators.faults import FaultPlan
from simulators.hubspot.answers import (
    BatchProblem,
    InputKey,
    Json,
    Selection,
    batch_response,
    context_of,
    page_json,
    record_json,
    record_with_history_json,
)
from simulators.hubspot.bodies import (
    BatchRead,
    BatchUpdate,
    Search,
    SingleUpdate,
    UpdateInput,
    parse,
)
from simulators.hubspot.errors import invalid_request, not_found
from simulators.hubspot.object_types import ID_PROPERTY
from simulators.hubspot.paths import OBJECTS_PATH
from simulators.hubspot.properties import InvalidValue, InvalidValuesError
from simulators.hubspot.queries import flag, id_after, names, whole_number
from simulators.hubspot.records import ObjectRecord
from simulators.hubspot.search import search
from simulators.hubspot.state import HubspotState
from simulators.hubspot.tables import ObjectTable

_MAX_PAGE = 100
_MAX_PAGE_WITH_HISTORY = 50
_MAX_SEARCH_BODY = 3_000


class ObjectRoutes:
    """The endpoints of records, on one state."""

    def __init__(
        self, state: HubspotState, faults: FaultPlan, search_delay: timedelta, search_cap: int
    ) -> None:
        """`search_delay` is how long it takes until a search sees what has changed.

        `search_cap` is how many results of one search can be paged through.
        """
        self._state = state
        self._faults = faults
        self._search_delay = search_delay
        self._search_cap = search_cap

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
        """The records in the order of their ids: those in use, or the archived ones."""
        query = request.query_params
        selection = _selection(query)
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
            records = (record for record in table.after(after) if record.is_archived is archived)
            page = list(islice(records, limit))
            has_more = next(records, None) is not None
            results = [record_with_history_json(record, table.kind, selection) for record in page]
        return JSONResponse(
            page_json(
                results,
                after=page[-1].id if has_more else None,
                path=request.url.path,
                query={name: query.getlist(name) for name in query},
            )
        )

    async def read(self, request: Request) -> Response:
        """One record, by id or by the value of a unique property."""
        query = request.query_params
        archived = flag(query, "archived")
        with self._state.lock:
            table = self._table(request)
            record = _find(table, request.path_params["record_id"], query.get("idProperty"))
            if record is None or record.is_archived is not archived:
                raise not_found()
            answer = record_with_history_json(record, table.kind, _selection(query))
        return JSONResponse(answer)

    async def search(self, request: Request) -> Response:
        """Records that match filters; see `simulators.hubspot.search`."""
        body = await request.body()
        if len(body.decode(errors="replace")) > _MAX_SEARCH_BODY:
            raise invalid_request(f"A search is at most {_MAX_SEARCH_BODY:,} characters long.")
        wanted = parse(Search, body)
        with self._state.lock:
            table = self._table(request)
            found = search(
                table,
                wanted,
                indexed_at=self._state.now() - self._search_delay,
                most=self._search_cap,
            )
        selection = Selection(wanted.properties)
        answer: Json = {
            "total": found.total,
            "results": [record_json(version, table.kind, selection) for version in found.results],
        }
        if found.after is not None:
            answer["paging"] = {"next": {"after": found.after}}
        return JSONResponse(answer)

    async def batch_read(self, request: Request) -> Response:
        """Up to 100 records by id, 50 with histories; 207 when some do not exist."""
        wanted = parse(BatchRead, await request.body())
        if wanted.properties_with_history and len(wanted.inputs) > _MAX_PAGE_WITH_HISTORY:
            raise invalid_request(
                f"With propertiesWithHistory a batch has at most {_MAX_PAGE_WITH_HISTORY} inputs."
            )
        archived = flag(request.query_params, "archived")
        selection = Selection(wanted.properties, wanted.properties_with_history)
        results: list[Json] = []
        missing: list[InputKey] = []
        with self._state.lock:
            table = self._table(request)
            for wanted_input in wanted.inputs:
                record = _find(table, wanted_input.id, wanted.id_property)
                if record is None or record.is_archived is not archived:
                    missing.append(InputKey(wanted_input.id))
                else:
                    results.append(record_with_history_json(record, table.kind, selection))
            now = self._state.now()
        return batch_response(results, _not_found(table, missing), now=now)

    async def batch_update(self, request: Request) -> Response:
        """Change up to 100 records.

        With one value that is not valid none is changed (400); an id that does not exist, or a
        record that is refused, fails alone (207).
        """
        wanted = parse(BatchUpdate, await request.body())
        results: list[Json] = []
        missing: list[InputKey] = []
        refused: list[BatchProblem] = []
        with self._state.lock:
            table = self._table(request)
            _forbid_repeated([update.id for update in wanted.inputs])
            writes = self._validated(table, wanted.inputs)
            refusals = self._refusals(request, [update.id for update in wanted.inputs])
            for update, stored in zip(wanted.inputs, writes, strict=True):
                key = InputKey(update.id, update.object_write_trace_id)
                record = _find(table, update.id, update.id_property)
                if record is None or record.is_archived:
                    missing.append(key)
                elif update.id in refusals:
                    refused.append(
                        BatchProblem("VALIDATION_ERROR", refusals[update.id], context_of([key]))
                    )
                else:
                    self._overwrite(request, table, record, stored)
                    answer = record_json(record.current(), table.kind, Selection(tuple(stored)))
                    if update.object_write_trace_id is not None:
                        answer["objectWriteTraceId"] = update.object_write_trace_id
                    results.append(answer)
            now = self._state.now()
        return batch_response(results, [*_not_found(table, missing), *refused], now=now)

    async def update(self, request: Request) -> Response:
        """Change one record, found by id or by the value of a unique property."""
        wanted = parse(SingleUpdate, await request.body())
        record_id = request.path_params["record_id"]
        with self._state.lock:
            table = self._table(request)
            stored = self._state.validated(table.kind.name, wanted.properties)
            record = _find(table, record_id, request.query_params.get("idProperty"))
            if record is None or record.is_archived:
                raise not_found()
            for message in self._refusals(request, [record_id]).values():
                raise invalid_request(message)
            self._overwrite(request, table, record, stored)
            answer = record_json(record.current(), table.kind, Selection(tuple(stored)))
        return JSONResponse(answer)

    def _table(self, request: Request) -> ObjectTable:
        return table_of(self._state, request.path_params["object_type"])

    def _validated(
        self, table: ObjectTable, updates: Sequence[UpdateInput]
    ) -> list[dict[str, str]]:
        """What is to be stored for each update.

        Raises:
            InvalidValuesError: for all updates together, when any value is not valid.
        """
        writes: list[dict[str, str]] = []
        problems: list[InvalidValue] = []
        for update in updates:
            try:
                writes.append(self._state.validated(table.kind.name, update.properties))
            except InvalidValuesError as error:
                problems.extend(error.problems)
        if problems:
            raise InvalidValuesError(problems)
        return writes

    def _refusals(self, request: Request, record_ids: Sequence[str]) -> dict[str, str]:
        """The records that may not be written, with the message for each.

        Raises:
            HubspotError: a 400, when one of them spoils the whole batch.
        """
        refusals = self._faults.refusals(request.method, call_of(request.scope).path, record_ids)
        if refusals:
            call_of(request.scope).fault = "refuse"
        for refusal in refusals:
            if refusal.whole_batch:
                raise invalid_request(refusal.message)
        return {refusal.record_id: refusal.message for refusal in refusals}

    def _overwrite(
        self, request: Request, table: ObjectTable, record: ObjectRecord, stored: dict[str, str]
    ) -> None:
        self._state.overwrite(table.kind.name, record, stored)
        call_of(request.scope).written += 1


def table_of(state: HubspotState, object_type: str) -> ObjectTable:
    """The table that a path names.

    Raises:
        HubspotError: a 400, when there is no such object type.
    """
    table = state.tables.get(object_type)
    if table is None:
        raise invalid_request(f"Unable to infer object type from: {object_type}")
    return table


def _selection(query: QueryParams) -> Selection:
    return Selection(names(query, "properties"), names(query, "propertiesWithHistory"))


def _find(table: ObjectTable, key: str, id_property: str | None) -> ObjectRecord | None:
    """The record that answers to this id, or the one with this value of a unique property.

    Raises:
        HubspotError: a 400, when the property is not unique.
    """
    if id_property is None or id_property == ID_PROPERTY:
        return table.survivor(key)
    definition = table.definitions.get(id_property)
    if definition is None or not definition.has_unique_value:
        raise invalid_request(f"Unable to perform read or update by non-unique {id_property}.")
    return next((record for record in table if record.properties.get(id_property) == key), None)


def _forbid_repeated(record_ids: Sequence[str]) -> None:
    repeated = sorted(id_ for id_, count in Counter(record_ids).items() if count > 1)
    if repeated:
        raise invalid_request(
            f"Duplicate IDs found in batch input: [{', '.join(repeated)}]. IDs must be unique"
        )


def _not_found(table: ObjectTable, missing: Sequence[InputKey]) -> list[BatchProblem]:
    """One problem for all the ids together, as HubSpot tells it."""
    if not missing:
        return []
    return [
        BatchProblem(
            "OBJECT_NOT_FOUND",
            f"Could not get some {table.kind.singular} objects, they may be deleted or not exist. "
            "Check that ids are valid.",
            context_of(missing),
        )
    ]
