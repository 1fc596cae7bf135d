"""How one request follows another where Pipedrive's answer does not simply name the next page."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import Any

from dlt.sources.helpers.rest_client.paginators import BasePaginator
from requests import Request, Response

from ingestion.pipedrive.limits import BATCH_SIZE


class ByIds(BasePaginator):
    """Deals that are asked for by id, as many at once as Pipedrive allows."""

    def __init__(self, ids: Iterable[str], params: dict[str, str]) -> None:
        super().__init__()
        self._params = params
        self._waiting = deque(ids)

    def init_request(self, request: Request) -> None:
        """The first ids."""
        self.update_request(request)

    def update_state(self, response: Response, data: list[Any] | None = None) -> None:  # noqa: ARG002 - what was asked for is asked for once
        """Go on as long as ids are waiting."""
        self._has_next_page = bool(self._waiting)

    def update_request(self, request: Request) -> None:
        """The next ids."""
        batch = [self._waiting.popleft() for _ in range(min(len(self._waiting), BATCH_SIZE))]
        request.params = {**self._params, "ids": ",".join(batch)}


def next_start(body: dict[str, Any], asked: int, items: int) -> int | None:
    """Where the next page of a v1 list begins; None behind the last one.

    An answer says itself where it begins and how far it goes: it may be the page before once more,
    which leads to the page that was asked for, or have items of that page beside its own.

    Args:
        body: the answer, in which paging is told in `additional_data`, as the API's description has
            it, or in `additional_data.pagination`, as it is often seen.
        asked: from where on the page was asked for.
        items: how many it has; a page without any is the last, whatever it says.
    """
    additional = body.get("additional_data") or {}
    paging = additional.get("pagination") or additional
    if not items or not paging.get("more_items_in_collection"):
        return None
    start, limit = paging.get("start"), paging.get("limit")
    return (start if isinstance(start, int) else asked) + (
        limit if isinstance(limit, int) and limit > 0 else items
    )
