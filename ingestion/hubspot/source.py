"""What is asked of HubSpot's API, stream by stream, as dlt's REST configuration says it."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from dlt.extract import DltResource
from dlt.sources.rest_api.typing import Endpoint, PaginatorConfig
from requests import Response

from ingestion.api.errors import Vendor
from ingestion.api.streams import ApiStreams, Page, Reading, Record, Row
from ingestion.hubspot.errors import is_limit_of_the_moment
from ingestion.hubspot.limits import PAGE_SIZE, limits_of
from ingestion.hubspot.objects import (
    OWNERS,
    PROPERTY_DEFINITIONS,
    PROPERTY_HISTORY,
    AssociationType,
    CrmObject,
)
from ingestion.hubspot.paging import AssociationsOf, ByIds, ChangedSince, next_page
from ingestion.hubspot.records import (
    Associations,
    CrmRecord,
    Histories,
    Owner,
    PropertyDefinition,
)
from warehouse.hubspot_paths import HubspotPaths

_NONE_FOUND = "crm.associations.NO_ASSOCIATIONS_FOUND"
_RESULTS = "results"


@dataclass(slots=True)
class HubspotReading(Reading):
    """What one load has read for one table so far."""

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


class HubspotSource(ApiStreams[HubspotReading]):
    """The streams of one account, for one load.

    Pages of lists follow by `after`: the link in an answer names HubSpot's own host, whatever the
    base URL is.
    """

    def __init__(
        self, vendor: Vendor, paths: HubspotPaths, token: str, on_page: Callable[[int], None]
    ) -> None:
        """Read the account of a token.

        Args:
            vendor: see `errors.hubspot_at`.
            paths: the addresses below its base URL.
            token: of a private app with the scopes that `errors.scopes_for` tells.
            on_page: called with the number of rows of each page.
        """
        super().__init__(
            vendor,
            auth={"type": "bearer", "token": token},
            wait=limits_of(f"{vendor.base_url} {token}").wait,
            is_limit_of_the_moment=is_limit_of_the_moment,
            reading=HubspotReading,
            on_page=on_page,
        )
        self.paths = paths

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
        return self.resources(
            crm_object.table,
            "records",
            [endpoint],
            records_at=_RESULTS,
            kind=CrmRecord,
            rows_of=_record_rows,
            note=lambda reading, page: reading.in_use.update(_ids(page)),
        )

    def archived_records(self, crm_object: CrmObject) -> list[DltResource]:
        """All archived records, which no search ever finds."""
        endpoint = self._list_of(crm_object, archived="true")
        return self.resources(
            crm_object.table,
            "archived",
            [endpoint],
            records_at=_RESULTS,
            kind=CrmRecord,
            rows_of=_archived_rows,
            note=lambda reading, page: reading.archived.update(_ids(page)),
        )

    def records_by_id(self, crm_object: CrmObject, ids: Collection[str]) -> list[DltResource]:
        """The records of these ids that are not archived, and in `missing` those there are not."""
        endpoint: Endpoint = {
            "path": f"{self.paths.objects(crm_object.name)}/batch/read",
            "method": "POST",
            "paginator": ByIds(sorted(ids), crm_object.properties),
        }

        def note(reading: HubspotReading, page: Page) -> None:
            reading.in_use.update(_ids(page))
            passed_over = set(_asked(page.response)).difference(_ids(page))
            for error in _errors(page):
                named = error.get("context", {}).get("ids", ())
                passed_over.difference_update(named)
                if error.get("category") == "OBJECT_NOT_FOUND":
                    reading.missing.update(named)
            reading.passed_over |= passed_over

        return (
            self.resources(
                crm_object.table,
                "by_id",
                [endpoint],
                records_at=_RESULTS,
                kind=CrmRecord,
                rows_of=_record_rows,
                note=note,
            )
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
        return self.resources(
            OWNERS, "owners", endpoints, records_at=_RESULTS, kind=Owner, rows_of=_owner_rows
        )

    def property_definitions(self, crm_objects: Sequence[CrmObject]) -> list[DltResource]:
        """All properties of these kinds of records."""
        return [
            resource
            for crm_object in crm_objects
            for resource in self.resources(
                PROPERTY_DEFINITIONS,
                f"of_{crm_object.name}",
                [
                    {
                        "path": self.paths.properties(crm_object.name),
                        "paginator": "single_page",
                    }
                ],
                records_at=_RESULTS,
                kind=PropertyDefinition,
                rows_of=_definition_rows(crm_object.name),
            )
        ]

    def histories(
        self, crm_object: CrmObject, ids: Collection[str], *, archived: bool = False
    ) -> list[DltResource]:
        """What these records have been: the latest values of `with_history`, as many as it knows.

        HubSpot is asked by id and not by the list, whose pages hold fewer records with histories:
        so a later load reads no more of them than of the records that have changed.

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
        return (
            self.resources(
                PROPERTY_HISTORY,
                f"of_{'archived_' if archived else ''}{crm_object.name}",
                [endpoint],
                records_at=_RESULTS,
                kind=Histories,
                rows_of=_history_rows(crm_object.name),
            )
            if ids
            else []
        )

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

        def note(reading: HubspotReading, page: Page) -> None:
            errors = _errors(page)
            asked = _asked(page.response)
            if not set(filter(None, map(_associated, page.records))).issubset(asked):
                # Those of other records: an answer that hides what these have.
                raise self.vendor.not_understood()
            with_more = {
                of for result in page.records if next_page(result) and (of := _associated(result))
            }
            if errors:
                reading.answered.update(filter(None, map(_associated, page.records)))
            else:
                reading.answered.update(asked)
            for error in errors:
                if error.get("subCategory") == _NONE_FOUND:
                    reading.answered.update(error.get("context", {}).get("fromObjectId", ()))
            reading.answered -= with_more

        return (
            self.resources(
                kind.table,
                "of_records",
                [endpoint],
                records_at=_RESULTS,
                kind=Associations,
                rows_of=_association_rows(kind),
                note=note,
            )
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


def _ids(page: Page) -> Iterator[str]:
    """Of the records that came; one without an id breaks the contract, and is found there."""
    return (record["id"] for record in page.records if "id" in record)


def _errors(page: Page) -> list[Record]:
    """Why some of a batch failed; empty when nothing did."""
    return page.body.get("errors") or []


def _associated(result: Record) -> str | None:
    """The id of the record whose associations these are."""
    of = result.get("from", {}).get("id")
    return None if of is None else str(of)


def _record_rows(record: CrmRecord, sent: Record) -> Iterator[Row]:
    yield {
        "id": record.id,
        "archived": record.archived,
        "archived_at": sent.get("archivedAt"),
        "created_at": sent["createdAt"],
        "updated_at": sent["updatedAt"],
        "properties": record.properties,
        "more": record.more or None,
    }


def _archived_rows(record: CrmRecord, sent: Record) -> Iterator[Row]:
    for row in _record_rows(record, sent):
        yield {**row, "archived": True}


def _owner_rows(owner: Owner, sent: Record) -> Iterator[Row]:
    yield {
        "id": owner.id,
        "archived": owner.archived,
        "created_at": sent["createdAt"],
        "updated_at": sent["updatedAt"],
        "owner": sent,
    }


def _definition_rows(
    object_type: str,
) -> Callable[[PropertyDefinition, Record], Iterator[Row]]:
    def rows(definition: PropertyDefinition, sent: Record) -> Iterator[Row]:
        yield {
            "object_type": object_type,
            "name": definition.name,
            "archived": definition.archived,
            "definition": sent,
        }

    return rows


def _history_rows(object_type: str) -> Callable[[Histories, Record], Iterator[Row]]:
    def rows(record: Histories, sent: Record) -> Iterator[Row]:
        for name, values in record.histories.items():
            for past, as_sent in zip(values, sent["propertiesWithHistory"][name], strict=True):
                yield {
                    "object_type": object_type,
                    "record_id": record.id,
                    "property": name,
                    "changed_at": as_sent["timestamp"],
                    "value": past.value,
                    "source_type": past.source_type,
                    "source_id": past.source_id,
                    "source_label": past.source_label,
                    "updated_by_user_id": past.user_id,
                }

    return rows


def _association_rows(kind: AssociationType) -> Callable[[Associations, Record], Iterator[Row]]:
    def rows(associations: Associations, _: Record) -> Iterator[Row]:
        for associated in associations.to:
            for type_ in associated.kinds:
                yield {
                    kind.from_column: associations.of.id,
                    kind.to_column: str(associated.id),
                    "category": type_.category,
                    "type_id": type_.type_id,
                    "label": type_.label,
                }

    return rows
