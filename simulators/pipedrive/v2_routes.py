"""`/api/v2`: deals, pipelines, stages, organizations, persons, and the fields that they have."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar

from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from simulators.pipedrive.answers import (
    Json,
    deal_json,
    field_json,
    organization_json,
    page_json,
    person_json,
    pipeline_json,
    single_json,
    stage_json,
)
from simulators.pipedrive.errors import invalid_request, not_found
from simulators.pipedrive.queries import (
    Sortable,
    ids,
    optional_id,
    optional_instant,
    page_of,
)
from simulators.pipedrive.records import Deal, DealStatus
from simulators.pipedrive.state import PipedriveState

BASE = "/api/v2"

_T = TypeVar("_T", bound=Sortable)


class V2Routes:
    """The endpoints of v2, on one state."""

    def __init__(self, state: PipedriveState) -> None:
        """Read the records of `state`."""
        self._state = state

    def routes(self) -> list[Route]:
        """For the application's routing table."""
        return [
            Route(f"{BASE}/deals", self.deals),
            Route(f"{BASE}/deals/archived", self.archived_deals),
            Route(f"{BASE}/deals/{{id:int}}", self.deal),
            Route(f"{BASE}/pipelines", self.pipelines),
            Route(f"{BASE}/pipelines/{{id:int}}", self.pipeline),
            Route(f"{BASE}/stages", self.stages),
            Route(f"{BASE}/stages/{{id:int}}", self.stage),
            Route(f"{BASE}/organizations", self.organizations),
            Route(f"{BASE}/organizations/{{id:int}}", self.organization),
            Route(f"{BASE}/persons", self.persons),
            Route(f"{BASE}/persons/{{id:int}}", self.person),
            Route(f"{BASE}/dealFields", self.deal_fields),
            Route(f"{BASE}/organizationFields", self.organization_fields),
        ]

    async def deals(self, request: Request) -> Response:
        """Deals that are not in the archive; deleted ones only when asked for."""
        return self._deals(request, is_archived=False)

    async def archived_deals(self, request: Request) -> Response:
        """Deals that are in the archive; deleted ones only when asked for."""
        return self._deals(request, is_archived=True)

    async def deal(self, request: Request) -> Response:
        """One deal, be it in the archive or in the recycle bin."""
        with self._state.lock:
            deal = self._state.readable_deal(request.path_params["id"])
            if deal is None:
                raise not_found("Deal")
            return JSONResponse(single_json(deal_json(deal)))

    async def pipelines(self, request: Request) -> Response:
        """All pipelines."""
        return self._page(self._state.account.pipelines.values(), request, pipeline_json)

    async def pipeline(self, request: Request) -> Response:
        """One pipeline."""
        return self._single("Pipeline", self._state.account.pipelines, request, pipeline_json)

    async def stages(self, request: Request) -> Response:
        """The stages of one pipeline or of all."""
        pipeline_id = optional_id(request.query_params, "pipeline_id")
        return self._page(
            (
                stage
                for stage in self._state.account.stages.values()
                if pipeline_id in (None, stage.pipeline_id)
            ),
            request,
            stage_json,
        )

    async def stage(self, request: Request) -> Response:
        """One stage."""
        return self._single("Stage", self._state.account.stages, request, stage_json)

    async def organizations(self, request: Request) -> Response:
        """Organizations that are not deleted."""
        return self._page(
            (
                organization
                for organization in self._state.account.organizations.values()
                if not organization.is_deleted
                and _is_wanted(organization, request.query_params)
                and _has(organization.owner_id, request.query_params, "owner_id")
            ),
            request,
            organization_json,
        )

    async def organization(self, request: Request) -> Response:
        """One organization, be it deleted."""
        return self._single(
            "Organization", self._state.account.organizations, request, organization_json
        )

    async def persons(self, request: Request) -> Response:
        """Persons that are not deleted."""
        return self._page(
            (
                person
                for person in self._state.account.persons.values()
                if not person.is_deleted
                and _is_wanted(person, request.query_params)
                and _has(person.org_id, request.query_params, "org_id")
            ),
            request,
            person_json,
        )

    async def person(self, request: Request) -> Response:
        """One person."""
        return self._single("Person", self._state.account.persons, request, person_json)

    async def deal_fields(self, _: Request) -> Response:
        """The custom fields of deals."""
        with self._state.lock:
            fields = [field_json(field) for field in self._state.account.deal_fields]
        return JSONResponse(page_json(fields, None))

    async def organization_fields(self, _: Request) -> Response:
        """The custom fields of organizations."""
        with self._state.lock:
            fields = [field_json(field) for field in self._state.account.organization_fields]
        return JSONResponse(page_json(fields, None))

    def _deals(self, request: Request, *, is_archived: bool) -> Response:
        query = request.query_params
        statuses = _statuses(query)
        return self._page(
            (
                deal
                for deal in self._state.account.deals.values()
                if deal.is_archived is is_archived
                and self._state.is_readable(deal)
                and _has_status(deal, statuses)
                and _is_wanted(deal, query)
                and _has(deal.owner_id, query, "owner_id")
                and _has(deal.org_id, query, "org_id")
                and _has(deal.pipeline_id, query, "pipeline_id")
                and _has(deal.stage_id, query, "stage_id")
            ),
            request,
            deal_json,
        )

    def _page(
        self, records: Iterable[_T], request: Request, as_json: Callable[[_T], Json]
    ) -> Response:
        with self._state.lock:
            page = page_of(records, request.query_params)
            return JSONResponse(
                page_json([as_json(record) for record in page.records], page.next_cursor)
            )

    def _single(
        self,
        what: str,
        records: Mapping[int, _T],
        request: Request,
        as_json: Callable[[_T], Json],
    ) -> Response:
        with self._state.lock:
            record = records.get(request.path_params["id"])
            if record is None:
                raise not_found(what)
            return JSONResponse(single_json(as_json(record)))


def _is_wanted(record: Sortable, query: QueryParams) -> bool:
    """Whether a record is among the ids and in the span that a query names."""
    wanted_ids = ids(query)
    since = optional_instant(query, "updated_since")
    until = optional_instant(query, "updated_until")
    return (
        (wanted_ids is None or record.id in wanted_ids)
        and (since is None or record.update_time >= since)
        and (until is None or record.update_time < until)
    )


def _has(value: int | None, query: QueryParams, name: str) -> bool:
    wanted = optional_id(query, name)
    return wanted is None or wanted == value


def _statuses(query: QueryParams) -> set[DealStatus] | None:
    text = query.get("status")
    try:
        return None if text is None else {DealStatus(one) for one in text.split(",")}
    except ValueError:
        raise invalid_request("Parameter 'status' must be open, won, lost or deleted") from None


def _has_status(deal: Deal, statuses: set[DealStatus] | None) -> bool:
    """Whether a deal has one of these statuses; None is any but deleted."""
    return not deal.is_deleted if statuses is None else deal.shown_status in statuses
