"""dlt's REST resources into the tables of a workbench: what every source says the same way."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from dlt.extract import DltResource
from dlt.sources.rest_api import rest_api_resources
from dlt.sources.rest_api.typing import AuthConfig, Endpoint, ProcessingSteps, RESTAPIConfig
from requests import Response

from ingestion.api.contract import ApiRecord, RecordChangedError, read_record
from ingestion.api.errors import Vendor
from ingestion.api.session import RequestMeter, Wait, session_through
from ingestion.workbench import RawTable

Row = dict[str, Any]
"""A row of a raw table, by column."""
Record = dict[str, Any]
"""One entry of an answer, as the vendor gave it."""
Kind = TypeVar("Kind", bound=ApiRecord)


@dataclass(slots=True)
class Reading:
    """What one load has read for one table so far."""

    table: RawTable
    meter: RequestMeter
    rows: int = 0
    """Rows that came, those that came again included."""
    fields: set[str] = field(default_factory=set)
    """Names of all fields of the records that came."""
    changed: str | None = None
    """How the first record that broke its contract did so; the table is not to be landed then."""


Known = TypeVar("Known", bound=Reading)


@dataclass(frozen=True, slots=True)
class Page:
    """One answer."""

    body: Any
    records: list[Record]
    response: Response


class ApiStreams(Generic[Known]):
    """The streams of one account, for one load. Nothing is asked before dlt draws from a resource.

    Args:
        vendor: who is asked.
        auth: as dlt's REST configuration says it.
        wait: keeps to the vendor's limits.
        is_limit_of_the_moment: see `session_through`.
        reading: makes what is known of a table that is being read.
        on_page: called with the number of records of each page.
    """

    def __init__(
        self,
        vendor: Vendor,
        *,
        auth: AuthConfig,
        wait: Wait,
        is_limit_of_the_moment: Callable[[Response], bool],
        reading: Callable[[RawTable, RequestMeter], Known],
        on_page: Callable[[int], None],
    ) -> None:
        self.vendor = vendor
        self.readings: dict[str, Known] = {}
        """By table, those for which anything was to be read."""
        self._auth = auth
        self._wait = wait
        self._is_limit_of_the_moment = is_limit_of_the_moment
        self._make_reading = reading
        self._on_page = on_page

    def reading(self, table: RawTable) -> Known:
        """What has been read for a table so far."""
        if table.name not in self.readings:
            self.readings[table.name] = self._make_reading(table, RequestMeter(self._wait))
        return self.readings[table.name]

    def resources(
        self,
        table: RawTable,
        name: str,
        endpoints: Sequence[Endpoint],
        *,
        records_at: str | tuple[str, ...],
        kind: type[Kind],
        rows_of: Callable[[Kind, Record], Iterator[Row]],
        note: Callable[[Known, Page], None] | None = None,
        null_is_none: bool = False,
    ) -> list[DltResource]:
        """Resources that read endpoints into one table of the workbench.

        Args:
            table: where the rows go.
            name: tells the resources of a table apart.
            endpoints: what is asked, in its order.
            records_at: where in an answer the list of records is, e.g. `results`; of several places
                the first that has one.
            kind: the contract of the records.
            rows_of: the rows that one record makes; it is given twice: read, and as it came.
            note: what is remembered of an answer.
            null_is_none: whether null stands for an empty list.
        """
        reading = self.reading(table)
        places = (records_at,) if isinstance(records_at, str) else records_at

        def records(body: Any) -> Iterator[Record]:
            yield from records_of(body, places, null_is_none=null_is_none) or ()

        def look_at_page(response: Response, *_: object, **__: object) -> Response:
            body = response.json()
            found = records_of(body, places, null_is_none=null_is_none)
            if found is None:
                raise self.vendor.not_understood()
            page = Page(body, found, response)
            if note is not None:
                note(reading, page)
            self._on_page(len(page.records))
            return response

        def rows(record: Record) -> Iterator[Row]:
            if reading.changed is not None:
                return
            try:
                read = read_record(kind, record)
            except RecordChangedError as change:
                reading.changed = str(change)
                return
            reading.fields.update(record)
            for row in rows_of(read, record):
                reading.rows += 1
                yield row

        steps: list[ProcessingSteps] = [{"yield_map": rows}]
        if not isinstance(records_at, str):
            steps.insert(0, {"yield_map": records})

        def looked_at(endpoint: Endpoint) -> Endpoint:
            return {
                "data_selector": records_at if isinstance(records_at, str) else "$",
                **endpoint,
                "response_actions": [
                    {"status_code": 200, "action": look_at_page},
                    {"status_code": 207, "action": look_at_page},
                    *(endpoint.get("response_actions") or ()),
                ],
            }

        config: RESTAPIConfig = {
            "client": {
                "base_url": self.vendor.base_url,
                "auth": self._auth,
                "session": session_through(
                    reading.meter, is_limit_of_the_moment=self._is_limit_of_the_moment
                ),
            },
            "resource_defaults": {
                "table_name": table.name,
                "write_disposition": "append",
                "max_table_nesting": 0,
                "columns": {
                    column: {"data_type": data_type, "nullable": column in table.nullable}
                    for column, data_type in table.columns.items()
                },
            },
            "resources": [
                {
                    "name": f"{table.name}_{name}_{number}",
                    "endpoint": looked_at(endpoint),
                    "processing_steps": steps,
                }
                for number, endpoint in enumerate(endpoints)
            ],
        }
        return rest_api_resources(config)


def records_of(
    body: Any, places: Sequence[str], *, null_is_none: bool = False
) -> list[Record] | None:
    """The records of an answer, from the first of the places that has any; None without one."""
    for place in places:
        found = body
        for key in place.split("."):
            found = found[key] if isinstance(found, dict) and key in found else ...
        if found is None and null_is_none:
            return []
        if isinstance(found, list):
            return found
    return None
