"""How one request follows another where HubSpot's answer does not simply name the next page."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from dlt.sources.helpers.rest_client.paginators import BasePaginator
from requests import Request, Response

from ingestion.hubspot.errors import HubspotError
from ingestion.hubspot.limits import (
    ASSOCIATION_BATCH_SIZE,
    BATCH_SIZE,
    HISTORY_BATCH_SIZE,
    SEARCH_LENGTH,
    SEARCH_PAGE_SIZE,
)
from ingestion.hubspot.objects import CrmObject


class ChangedSince(BasePaginator):
    """The pages of a search for records that were changed at an instant or later.

    Every page is a search of its own, for ids greater than the last one seen, in the order of the
    ids. HubSpot gives no more than 10,000 results of one search; here nobody ever pages within
    one. Nor can a record slip through, as it could with offsets, when another leaves the results
    while they are read; one that changes meanwhile is still to come, or is found by the next load.
    """

    def __init__(self, crm_object: CrmObject, since: datetime) -> None:
        super().__init__()
        self._object = crm_object
        self._since = since
        self._last_id = 0

    @property
    def is_possible(self) -> bool:
        """Whether HubSpot takes a search that asks for so many properties."""
        longest_id = len(str(2**63))
        return len(json.dumps(self._body())) + longest_id <= SEARCH_LENGTH

    def init_request(self, request: Request) -> None:
        """The first search."""
        request.json = self._body()

    def update_state(self, response: Response, data: list[Any] | None = None) -> None:
        """Go on behind the last record, if HubSpot has more.

        Raises:
            HubspotError: when the records do not come in the order of their ids.
        """
        self._has_next_page = bool(data) and "next" in response.json().get("paging", {})
        if any("id" not in record for record in data or ()):
            self._has_next_page = False  # the contract of the records stops the table
            return
        ids = [int(record["id"]) for record in data or ()]
        if ids != sorted(ids) or (ids and ids[0] <= self._last_id):
            raise HubspotError(
                f"HubSpot's search of {self._object.name} does not give them in the order of their "
                "ids, by which it is paged: read them with --full."
            )
        self._last_id = ids[-1] if ids else self._last_id

    def update_request(self, request: Request) -> None:
        """The next search."""
        request.json = self._body()

    def _body(self) -> dict[str, Any]:
        changed_at = int(self._since.timestamp() * 1000)
        return {
            "filterGroups": [
                {
                    "filters": [
                        _filter(self._object.modified_property, "GTE", changed_at),
                        _filter("hs_object_id", "GT", self._last_id),
                    ]
                }
            ],
            "sorts": [{"propertyName": "hs_object_id", "direction": "ASCENDING"}],
            "properties": list(self._object.properties),
            "limit": SEARCH_PAGE_SIZE,
        }


class ByIds(BasePaginator):
    """Records that are asked for by id, as many at once as HubSpot allows."""

    def __init__(
        self, ids: Iterable[str], properties: Sequence[str], with_history: Sequence[str] = ()
    ) -> None:
        super().__init__()
        self._waiting = deque(ids)
        self._properties = list(properties)
        self._with_history = list(with_history)

    def init_request(self, request: Request) -> None:
        """The first ids."""
        self.update_request(request)

    def update_state(self, response: Response, data: list[Any] | None = None) -> None:  # noqa: ARG002 - what was asked for is asked for once
        """Go on as long as ids are waiting."""
        self._has_next_page = bool(self._waiting)

    def update_request(self, request: Request) -> None:
        """The next ids."""
        most = HISTORY_BATCH_SIZE if self._with_history else BATCH_SIZE
        request.json = {
            "inputs": [{"id": id_} for id_ in _take(self._waiting, most)],
            "properties": self._properties,
            "propertiesWithHistory": self._with_history,
        }


class AssociationsOf(BasePaginator):
    """The associations of records: many records at once, and each as often as it has pages."""

    def __init__(self, ids: Iterable[str]) -> None:
        super().__init__()
        self._waiting: deque[dict[str, str]] = deque({"id": id_} for id_ in ids)

    def init_request(self, request: Request) -> None:
        """The first records."""
        self.update_request(request)

    def update_state(self, response: Response, data: list[Any] | None = None) -> None:  # noqa: ARG002 - dlt's signature
        """Ask again for the records that have more, each with the `after` that it was given."""
        for result in data or ():
            after = next_page(result)
            if after is not None and "from" in result:
                self._waiting.append({"id": result["from"]["id"], "after": after})
        self._has_next_page = bool(self._waiting)

    def update_request(self, request: Request) -> None:
        """The next records."""
        request.json = {"inputs": _take(self._waiting, ASSOCIATION_BATCH_SIZE)}


def next_page(answer: dict[str, Any]) -> str | None:
    """The `after` of the next page of a list, or of one record's associations; None on the last."""
    after = answer.get("paging", {}).get("next", {}).get("after")
    return None if after is None else str(after)


def _take(waiting: deque[Any], most: int) -> list[Any]:
    return [waiting.popleft() for _ in range(min(most, len(waiting)))]


def _filter(name: str, operator: str, value: int) -> dict[str, str]:
    return {"propertyName": name, "operator": operator, "value": str(value)}
