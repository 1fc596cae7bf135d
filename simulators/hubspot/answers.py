"""What HubSpot answers: records, pages, batches, properties and owners as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from starlette.responses import JSONResponse

from simulators.hubspot.object_types import ObjectType
from simulators.hubspot.owners import Owner
from simulators.hubspot.properties import PropertyDefinition, PropertyGroup
from simulators.hubspot.records import ObjectRecord, RecordVersion
from simulators.hubspot.timestamps import format_instant

LINK_HOST = "https://paging-links-are-not-followed.invalid"
"""The host in every paging link. A link names the vendor and not the base URL that a client was
given, so clients page by `after`; a client that follows the link instead fails at once."""

Json = dict[str, Any]


@dataclass(frozen=True)
class Selection:
    """Which properties of a record a reader wants."""

    properties: Sequence[str] = ()
    """None named means the default ones of the object type. Names that do not exist are passed
    over."""
    with_history: Sequence[str] = ()


def record_json(version: RecordVersion, kind: ObjectType, selection: Selection) -> Json:
    """One record. A property without a value is left out (the API description allows no null)."""
    names = {*(selection.properties or kind.default_properties), *kind.always_returned}
    answer: Json = {
        "id": version.id,
        "properties": {
            name: version.properties[name] for name in sorted(names) if name in version.properties
        },
        "createdAt": format_instant(version.created_at),
        "updatedAt": format_instant(version.updated_at),
        "archived": version.archived_at is not None,
    }
    if version.archived_at is not None:
        answer["archivedAt"] = format_instant(version.archived_at)
    return answer


def record_with_history_json(record: ObjectRecord, kind: ObjectType, selection: Selection) -> Json:
    """One record as it is, with the history of the properties for which it is asked."""
    answer = record_json(record.current(), kind, selection)
    if selection.with_history:
        answer["propertiesWithHistory"] = {
            name: [
                {
                    "value": past.value,
                    "timestamp": format_instant(past.since),
                    "sourceType": "INTEGRATION",
                }
                for past in record.history(name)
            ]
            for name in selection.with_history
        }
    return answer


def page_json(results: list[Json], *, after: str | None, path: str, query: Json) -> Json:
    """A page of a list; `path` and `query` are those of the request, for the link."""
    if after is None:
        return {"results": results}
    link = f"{LINK_HOST}{path}?{urlencode({**query, 'after': after}, doseq=True)}"
    return {"results": results, "paging": {"next": {"after": after, "link": link}}}


@dataclass(frozen=True)
class InputKey:
    """What names one input of a batch."""

    id: str
    trace_id: str | None = None
    """Its `objectWriteTraceId`, by which the sender can tell rows apart."""


@dataclass(frozen=True)
class BatchProblem:
    """Why some inputs of a batch failed while the others were done."""

    category: str
    message: str
    context: Mapping[str, Sequence[str]]
    """Which inputs, as the answer lists them: see `context_of`."""
    sub_category: str | None = None


def context_of(inputs: Sequence[InputKey]) -> dict[str, list[str]]:
    """The inputs of records, as an answer lists them."""
    context = {"ids": [key.id for key in inputs]}
    trace_ids = [key.trace_id for key in inputs if key.trace_id is not None]
    return {**context, "objectWriteTraceId": trace_ids} if trace_ids else context


def batch_response(
    results: list[Json], problems: Sequence[BatchProblem], *, now: datetime
) -> JSONResponse:
    """200 when everything was done, else 207 with an entry in `errors` per kind of problem."""
    body: Json = {
        "status": "COMPLETE",
        "results": results,
        "startedAt": format_instant(now),
        "completedAt": format_instant(now),
    }
    if not problems:
        return JSONResponse(body)
    body["numErrors"] = len(problems)
    body["errors"] = [
        {
            "status": "error",
            "category": problem.category,
            **({"subCategory": problem.sub_category} if problem.sub_category else {}),
            "message": problem.message,
            "context": problem.context,
            "links": {},
            "errors": [],
        }
        for problem in problems
    ]
    return JSONResponse(body, 207)


def property_json(definition: PropertyDefinition) -> Json:
    """One property definition."""
    answer: Json = {
        "name": definition.name,
        "label": definition.label,
        "type": definition.type,
        "fieldType": definition.field_type,
        "groupName": definition.group_name,
        "description": definition.description,
        "options": [
            {
                "label": option.label,
                "value": option.value,
                "displayOrder": option.display_order,
                "hidden": option.hidden,
                "description": option.description,
            }
            for option in definition.options
        ],
        "displayOrder": definition.display_order,
        "hidden": definition.hidden,
        "formField": definition.form_field,
        "hasUniqueValue": definition.has_unique_value,
        "hubspotDefined": definition.hubspot_defined,
        "calculated": False,
        "externalOptions": definition.refers_to_owners,
        "archived": False,
        "modificationMetadata": {
            "archivable": not definition.hubspot_defined,
            "readOnlyDefinition": definition.read_only_definition,
            "readOnlyOptions": definition.refers_to_owners,
            "readOnlyValue": definition.read_only_value,
        },
    }
    if definition.refers_to_owners:
        answer["referencedObjectType"] = "OWNER"
    if definition.created_at is not None:
        answer["createdAt"] = format_instant(definition.created_at)
    if definition.updated_at is not None:
        answer["updatedAt"] = format_instant(definition.updated_at)
    return answer


def groups_json(groups: Iterable[PropertyGroup]) -> Json:
    """All property groups of an object type."""
    return {
        "results": [
            {
                "name": group.name,
                "label": group.label,
                "displayOrder": group.display_order,
                "archived": False,
            }
            for group in groups
        ]
    }


def owner_json(owner: Owner) -> Json:
    """One owner."""
    answer: Json = {
        "id": owner.id,
        "email": owner.email,
        "type": "PERSON",
        "firstName": owner.first_name,
        "lastName": owner.last_name,
        "userIdIncludingInactive": owner.user,
        "createdAt": format_instant(owner.created_at),
        "updatedAt": format_instant(owner.updated_at),
        "archived": owner.is_archived,
    }
    if not owner.is_archived:
        answer["userId"] = owner.user
    return answer
