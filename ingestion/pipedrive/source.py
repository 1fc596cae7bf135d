"""What is asked of Pipedrive's API, list by list, as dlt's REST configuration says it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

from dlt.extract import DltResource
from dlt.sources.rest_api.typing import Endpoint, PaginatorConfig

from ingestion.api.contract import ApiRecord
from ingestion.api.errors import Vendor
from ingestion.api.streams import ApiStreams, Page, Reading, Record, Row
from ingestion.pipedrive.errors import is_limit_of_the_moment
from ingestion.pipedrive.limits import PAGE_SIZE, TokenBudget
from ingestion.pipedrive.objects import (
    ARCHIVED_DEALS_PATH,
    DEALS,
    DEALS_PATH,
    WholeList,
)
from ingestion.pipedrive.paging import ByIds
from ingestion.pipedrive.records import (
    DealRecord,
    OrganizationRecord,
    PipelineRecord,
    StageRecord,
    UserRecord,
)

_KINDS: dict[str, type[ApiRecord]] = {
    "pipelines": PipelineRecord,
    "stages": StageRecord,
    "users": UserRecord,
    "organizations": OrganizationRecord,
}
_BY_CURSOR: PaginatorConfig = {
    "type": "cursor",
    "cursor_path": "additional_data.next_cursor",
    "cursor_param": "cursor",
}
_DATA = "data"


@dataclass(slots=True)
class PipedriveReading(Reading):
    """What one load has read for one table so far."""

    seen: set[str] = field(default_factory=set)
    """Ids of the records that came."""


class PipedriveSource(ApiStreams[PipedriveReading]):
    """The lists of one account, for one load.

    Deals are read in the order of their ids: one that changes while it is read keeps its place, and
    is found by the next load, which goes back to the beginning of this one.
    """

    def __init__(
        self, vendor: Vendor, token: str, budget: TokenBudget, on_page: Callable[[int], None]
    ) -> None:
        """Read the account of a token.

        Args:
            vendor: see `errors.pipedrive_at`.
            token: of a user who sees all deals.
            budget: which the lists are paid from.
            on_page: called with the number of records of each page.
        """
        super().__init__(
            vendor,
            auth={
                "type": "api_key",
                "name": "x-api-token",
                "api_key": token,
                "location": "header",
            },
            wait=budget.wait,
            is_limit_of_the_moment=is_limit_of_the_moment,
            reading=PipedriveReading,
            on_page=on_page,
        )
        self._budget = budget

    def deals(self, since: datetime | None) -> list[DltResource]:
        """The deals that are neither archived nor deleted: those changed `since`, or all."""
        changed: dict[str, str] = {}
        if since is not None:
            changed = {"updated_since": since.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")}
        return self._deals("in_use", [_page_by_page(DEALS_PATH, changed)])

    def put_away_deals(self) -> list[DltResource]:
        """All archived and all deleted deals.

        Whether archiving a deal counts as a change is not documented, so that no `updated_since`
        can be relied on. Of deleted ones, those of 30 days are told.
        """
        return self._deals(
            "put_away",
            [
                _page_by_page(ARCHIVED_DEALS_PATH, {}),
                _page_by_page(DEALS_PATH, {"status": "deleted"}),
                _page_by_page(ARCHIVED_DEALS_PATH, {"status": "deleted"}),
            ],
        )

    def deals_by_id(self, ids: Collection[str]) -> list[DltResource]:
        """The deals of these ids, wherever they are; those there are not simply do not come."""
        endpoints: list[Endpoint] = [
            {
                "path": path,
                "paginator": ByIds(sorted(ids, key=int), {"limit": str(PAGE_SIZE), **status}),
            }
            for path in (DEALS_PATH, ARCHIVED_DEALS_PATH)
            for status in ({}, {"status": "deleted"})
        ]
        return self._deals("by_id", endpoints) if ids else []

    def whole_list(self, wanted: WholeList) -> list[DltResource]:
        """All records of a list."""
        endpoint: Endpoint = (
            _page_by_page(wanted.path, {})
            if wanted.is_paged
            else {"path": wanted.path, "paginator": "single_page"}
        )
        return self.resources(
            wanted.table,
            "all",
            [endpoint],
            records_at=_DATA,
            kind=_KINDS[wanted.name],
            rows_of=_list_rows,
            note=self._note,
        )

    def _deals(self, name: str, endpoints: list[Endpoint]) -> list[DltResource]:
        return self.resources(
            DEALS,
            name,
            endpoints,
            records_at=_DATA,
            kind=DealRecord,
            rows_of=_deal_rows,
            note=self._note,
        )

    def _note(self, reading: PipedriveReading, page: Page) -> None:
        self._budget.hear(page.response)
        reading.seen.update(str(record.get("id")) for record in page.records)


def _page_by_page(path: str, params: dict[str, str]) -> Endpoint:
    return {
        "path": path,
        "params": {"limit": PAGE_SIZE, "sort_by": "id", **params},
        "paginator": _BY_CURSOR,
    }


def _deal_rows(deal: DealRecord, sent: Record) -> Iterator[Row]:
    yield {
        "id": str(deal.id),
        "pipeline_id": str(deal.pipeline_id),
        "stage_id": str(deal.stage_id),
        "status": deal.status,
        "is_archived": deal.is_archived,
        "is_deleted": deal.is_deleted,
        "added_at": deal.add_time,
        "updated_at": deal.update_time,
        "closed_at": deal.closed_at,
        "record": sent,
    }


def _list_rows(record: ApiRecord, sent: Record) -> Iterator[Row]:  # noqa: ARG001 - the id is what counts
    yield {"id": str(sent["id"]), "archived": False, "record": sent}
