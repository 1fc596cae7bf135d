"""What is asked of HubSpot's API, stream by stream, as dlt's REST configuration says it."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from dlt.extract import DltResource
from dlt.sources.rest_api import rest_api_resources
from dlt.sources.rest_api.typing import Endpoint, PaginatorConfig, RESTAPIConfig
from requests import Response

from ingestion.hubspot.errors import HubspotError
from ingestion.hubspot.limits import PAGE_SIZE, limits_of
from ingestion.hubspot.objects import (
    OWNERS,
    PROPERTY_DEFINITIONS,
    PROPERTY_HISTORY,
    AssociationType,
    CrmObject,
)
from ingestion.hubspot.paging import AssociationsOf, ByIds, ChangedSince, next_page
from ingestion.hubspot.session import RequestMeter, session_through
from ingestion.workbench import RawTable
from warehouse.hubspot_paths import HubspotPaths

Row = dict[str, Any]
"""A row of a raw table, by column."""
Record = dict[str, Any]
"""One entry of `results`, as HubSpot gave it."""

_NONE_FOUND = "crm.associations.NO_ASSOCIATIONS_FOUND"


@dataclass(slots=True)
class Reading:
    """What one load has read for one table so far."""

    table: RawTable
    meter: RequestMeter
    rows: int = 0
    """Rows that came, those that came again included."""
    in_use: set[str] = field(default_factory=set)
    """Ids of the records that came and are not archived; of CRM records alone."""
    archived: set[str] = field(default_factory=set)
    """Ids of the records that came from the list of archived ones; of CRM records alone."""
    missing: set[str] = field(default_factory=set)
    """Ids that were asked for and of which HubSpot says that there are no such records."""
    passed_over: set[str] = field(default_factory=set)
    """Ids that were asked for and to which no record and no error came; where a record was merged
    into another, that other one came."""
    answered: set[str] = field(default_factory=set)
    """Ids of the records whose associations came completely, be there any or none."""


@dataclass(frozen=True, slots=True)
class _Answer:
    """A page, or the answer to a batch."""

    results: list[Record]
    errors: list[Record]
    """Why some of a batch failed; empty when nothing did."""
    asked: list[str]
    """The ids of a batch."""

    @property
    def ids(self) -> Iterator[str]:
        """Of the records that came."""
        return (_told(result, "id")[0] for result in self.results)

    @property
    def from_ids(self) -> list[str]:
        """Of the records whose associations came."""
        return [_told(_told(result, "from")[0], "id")[0] for result in self.results]


class HubspotSource:
    """The streams of one account, for one load.

    Pages of lists follow by `after`: the link in an answer names HubSpot's own host, whatever
    `base_url` is. Nothing is asked before dlt draws from a resource.
    """

    def __init__(
        self, base_url: str, paths: HubspotPaths, token: str, on_page: Callable[[int], None]
    ) -> None:
        """Read the account of a token.

        Args:
            base_url: of the API, without a slash at its end.
            paths: the addresses below it.
            token: of a private app with the scopes that `errors.scopes_for` tells.
            on_page: called with the number of rows of each page.
        """
        self.base_url = base_url
        self.paths = paths
        self.readings: dict[str, Reading] = {}
        """By table, those for which anything was to be read."""
        self._token = token
        self._on_page = on_page
        self._limits = limits_of(f"{base_url} {token}")

    @property
    def calls(self) -> int:
        """Requests made so far, repeated ones included."""
        return sum(reading.meter.calls for reading in self.readings.values())

    def reading(self, table: RawTable) -> Reading:
        """What has been read for a table so far."""
        if table.name not in self.readings:
            self.readings[table.name] = Reading(table, RequestMeter(self._limits))
        return self.readings[table.name]

    def records(self, crm_object: CrmObject, since: datetime | None) -> list[DltResource]:
        """The records that are not archived: those changed `since`, or all.

        Only the list is complete. The search sees changes late.
        """
        endpoint: Endpoint
        if since is None:
            endpoint = self._list_of(crm_object)
        else:
            endpoint = {
                "path": f"{self.paths.objects(crm_object.name)}/search",
                "method": "POST",
                "paginator": ChangedSince(crm_object, since),
            }
        return self._resources(
            crm_object.table,
            "records",
            [endpoint],
            _record_rows,
            lambda reading, answer: reading.in_use.update(answer.ids),
        )

    def archived_records(self, crm_object: CrmObject) -> list[DltResource]:
        """All archived records, which no search ever finds."""
        endpoint = self._list_of(crm_object, archived="true")
        return self._resources(
            crm_object.table,
            "archived",
            [endpoint],
            lambda record: ({**row, "archived": True} for row in _record_rows(record)),
            lambda reading, answer: reading.archived.update(answer.ids),
        )

    def records_by_id(self, crm_object: CrmObject, ids: Collection[str]) -> list[DltResource]:
        """The records of these ids that are not archived, and in `missing` those there are not."""
        endpoint: Endpoint = {
            "path": f"{self.paths.objects(crm_object.name)}/batch/read",
            "method": "POST",
            "paginator": ByIds(sorted(ids), crm_object.properties),
        }

        def note(reading: Reading, answer: _Answer) -> None:
            reading.in_use.update(answer.ids)
            passed_over = set(answer.asked).difference(answer.ids)
            for error in answer.errors:
                named = error.get("context", {}).get("ids", ())
                passed_over.difference_update(named)
                if error.get("category") == "OBJECT_NOT_FOUND":
                    reading.missing.update(named)
            reading.passed_over |= passed_over

        return (
            self._resources(crm_object.table, "by_id", [endpoint], _record_rows, note)
            if ids
            else []
        )

    def owners(self) -> list[DltResource]:
        """All owners, archived ones too."""
        endpoints: list[Endpoint] = [
            {
                "path": self.paths.owners,
                "params": {"limit": PAGE_SIZE, "archived": archived},
                "paginator": _BY_AFTER,
            }
            for archived in ("false", "true")
        ]
        return self._resources(OWNERS, "owners", endpoints, _owner_rows)

    def property_definitions(self, crm_objects: Sequence[CrmObject]) -> list[DltResource]:
        """All properties of these kinds of records."""
        return [
            resource
            for crm_object in crm_objects
            for resource in self._resources(
                PROPERTY_DEFINITIONS,
                f"of_{crm_object.name}",
                [
                    {
                        "path": self.paths.properties(crm_object.name),
                        "paginator": "single_page",
                    }
                ],
                _definition_rows(crm_object.name),
            )
        ]

    def histories(
        self, crm_object: CrmObject, ids: Collection[str], *, archived: bool = False
    ) -> list[DltResource]:
        """What these records have been: the latest values of `with_history`, as many as it knows.

        HubSpot is asked by id and not by the list, whose
        pages hold fewer records with histories: so a later load reads no more of them than of the
        records that have changed.

        Args:
            crm_object: what kind of records they are.
            ids: of records that exist.
            archived: whether these are archived; else none of them is.
        """
        endpoint: Endpoint = {
            "path": f"{self.paths.objects(crm_object.name)}/batch/read",
            "method": "POST",
            "params": {"archived": "true"} if archived else {},
            "paginator": ByIds(sorted(ids), ["hs_object_id"], crm_object.with_history),
        }
        name = f"of_{'archived_' if archived else ''}{crm_object.name}"
        rows = _history_rows(crm_object.name)
        return self._resources(PROPERTY_HISTORY, name, [endpoint], rows) if ids else []

    def associations(self, kind: AssociationType, ids: Collection[str]) -> list[DltResource]:
        """The associations of the records of these ids, and in `answered` whose are complete.

        HubSpot names a record without any among the errors of a 207. What else stands there was
        not read. Records that an answer without errors passes over have none.
        """
        endpoint: Endpoint = {
            "path": self.paths.associations(kind.from_object.name, kind.to_object.name),
            "method": "POST",
            "paginator": AssociationsOf(sorted(ids)),
        }

        def note(reading: Reading, answer: _Answer) -> None:
            if not set(answer.from_ids).issubset(answer.asked):
                raise HubspotError(
                    f"{self.base_url} answered with the associations of other records than it was "
                    "asked for: try again later."
                )
            with_more = {
                id_
                for id_, result in zip(answer.from_ids, answer.results, strict=True)
                if next_page(result) is not None
            }
            if answer.errors:
                reading.answered.update(answer.from_ids)
            else:
                reading.answered.update(answer.asked)
            for error in answer.errors:
                if error.get("subCategory") == _NONE_FOUND:
                    reading.answered.update(error.get("context", {}).get("fromObjectId", ()))
            reading.answered -= with_more

        return (
            self._resources(kind.table, "of_records", [endpoint], _association_rows(kind), note)
            if ids
            else []
        )

    def _list_of(self, crm_object: CrmObject, *, archived: str = "false") -> Endpoint:
        return {
            "path": self.paths.objects(crm_object.name),
            "params": {
                "limit": PAGE_SIZE,
                "archived": archived,
                "properties": list(crm_object.properties),
            },
            "paginator": _BY_AFTER,
        }

    def _resources(
        self,
        table: RawTable,
        name: str,
        endpoints: Sequence[Endpoint],
        rows_of: Callable[[Record], Iterator[Row]],
        note: Callable[[Reading, _Answer], None] | None = None,
    ) -> list[DltResource]:
        """Resources that read endpoints into one table of the workbench.

        Args:
            table: where the rows go.
            name: tells the resources of a table apart.
            endpoints: what is asked, in its order.
            rows_of: the rows that one result makes.
            note: what is remembered of an answer.
        """
        reading = self.reading(table)
        base_url = self.base_url
        on_page = self._on_page

        def look_at_page(response: Response, *_: object, **__: object) -> Response:
            body = response.json()
            if not isinstance(body, dict) or not isinstance(body.get("results"), list):
                raise HubspotError(
                    f"{base_url} answered with something else than a page of records: check "
                    "HUBSPOT_BASE_URL, or try again later."
                )
            answer = _Answer(body["results"], body.get("errors") or [], _asked(response))
            if note is not None:
                note(reading, answer)
            on_page(len(answer.results))
            return response

        def rows(result: Record) -> Iterator[Row]:
            for row in rows_of(result):
                reading.rows += 1
                yield row

        config: RESTAPIConfig = {
            "client": {
                "base_url": base_url,
                "auth": {"type": "bearer", "token": self._token},
                "session": session_through(reading.meter),
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
                    "endpoint": {
                        "data_selector": "results",
                        "response_actions": [
                            {"status_code": 200, "action": look_at_page},
                            {"status_code": 207, "action": look_at_page},
                        ],
                        **endpoint,
                    },
                    "processing_steps": [{"yield_map": rows}],
                }
                for number, endpoint in enumerate(endpoints)
            ],
        }
        return rest_api_resources(config)


_BY_AFTER: PaginatorConfig = {
    "type": "cursor",
    "cursor_path": "paging.next.after",
    "cursor_param": "after",
}


def _asked(response: Response) -> list[str]:
    """The ids that a batch was asked for; none where the request was no batch."""
    sent = response.request.body
    if not isinstance(sent, str | bytes):
        return []
    return [one["id"] for one in json.loads(sent).get("inputs", ())]


def _told(record: Record, *names: str) -> list[Any]:
    """The values of fields without which a record says nothing.

    Raises:
        HubspotError: when one of them is missing; it is named, no value is.
    """
    missing = [name for name in names if record.get(name) is None]
    if missing:
        raise HubspotError(
            f"HubSpot answered with a record that lacks {' and '.join(missing)}: try again later."
        )
    return [record[name] for name in names]


def _record_rows(record: Record) -> Iterator[Row]:
    id_, created_at, updated_at, properties = _told(
        record, "id", "createdAt", "updatedAt", "properties"
    )
    yield {
        "id": id_,
        "archived": record.get("archived", False),
        "archived_at": record.get("archivedAt"),
        "created_at": created_at,
        "updated_at": updated_at,
        "properties": properties,
    }


def _owner_rows(owner: Record) -> Iterator[Row]:
    id_, archived, created_at, updated_at = _told(owner, "id", "archived", "createdAt", "updatedAt")
    yield {
        "id": id_,
        "archived": archived,
        "created_at": created_at,
        "updated_at": updated_at,
        "owner": owner,
    }


def _definition_rows(object_type: str) -> Callable[[Record], Iterator[Row]]:
    def rows(definition: Record) -> Iterator[Row]:
        (name,) = _told(definition, "name")
        yield {
            "object_type": object_type,
            "name": name,
            "archived": definition.get("archived", False),
            "definition": definition,
        }

    return rows


def _history_rows(object_type: str) -> Callable[[Record], Iterator[Row]]:
    def rows(record: Record) -> Iterator[Row]:
        id_, histories = _told(record, "id", "propertiesWithHistory")
        for name, entries in histories.items():
            for entry in entries:
                value, changed_at, source_type = _told(entry, "value", "timestamp", "sourceType")
                yield {
                    "object_type": object_type,
                    "record_id": id_,
                    "property": name,
                    "changed_at": changed_at,
                    "value": value,
                    "source_type": source_type,
                    "source_id": entry.get("sourceId"),
                    "source_label": entry.get("sourceLabel"),
                    "updated_by_user_id": entry.get("updatedByUserId"),
                }

    return rows


def _association_rows(kind: AssociationType) -> Callable[[Record], Iterator[Row]]:
    def rows(result: Record) -> Iterator[Row]:
        from_, to = _told(result, "from", "to")
        (from_id,) = _told(from_, "id")
        for associated in to:
            to_id, types = _told(associated, "toObjectId", "associationTypes")
            for type_ in types:
                category, type_id = _told(type_, "category", "typeId")
                yield {
                    kind.from_column: from_id,
                    kind.to_column: str(to_id),
                    "category": category,
                    "type_id": type_id,
                    "label": type_.get("label"),
                }

    return rows
