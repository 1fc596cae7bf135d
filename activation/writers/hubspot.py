"""The writer for HubSpot's CRM: batch updates of companies and contacts, properties, owners."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote

from activation.errors import DestinationRefusedError
from activation.writers.base import (
    NewProperty,
    Option,
    PropertyDescription,
    Records,
    Repeating,
    RowRequest,
    RowResult,
    Usage,
    ValueKind,
    Writer,
)
from activation.writers.hubspot_answers import (
    BatchAnswer,
    OwnerPage,
    Property,
    PropertyList,
    PropertyOption,
    RecordList,
    Refusal,
    read,
    refused,
    request_id,
)
from activation.writers.hubspot_client import HubSpotClient
from activation.writers.limits import HubSpotLimits
from warehouse.hubspot_paths import HubspotPaths
from warehouse.settings import get_settings

OBJECTS: Mapping[str, str] = {"company": "companies", "contact": "contacts"}
"""What a declaration calls a record, and what HubSpot's addresses call it."""
_GROUPS: Mapping[str, str] = {"company": "companyinformation", "contact": "contactinformation"}
"""The group of properties that every account has."""

_NUMBERED = HubspotPaths()

_KINDS: Mapping[str, ValueKind] = {
    "number": ValueKind.NUMBER,
    "bool": ValueKind.BOOLEAN,
    "enumeration": ValueKind.CHOICE,
    "date": ValueKind.DATE,
    "datetime": ValueKind.INSTANT,
}

_NEW_KINDS: Mapping[ValueKind, tuple[str, str]] = {
    ValueKind.TEXT: ("string", "text"),
    ValueKind.NUMBER: ("number", "number"),
    ValueKind.BOOLEAN: ("bool", "booleancheckbox"),
    ValueKind.DATE: ("date", "date"),
    ValueKind.INSTANT: ("datetime", "date"),
    ValueKind.CHOICE: ("enumeration", "select"),
    ValueKind.CHOICES: ("enumeration", "checkbox"),
}
"""`type` and `fieldType` of a new property."""
_YES_AND_NO = [
    {"label": "Yes", "value": "true", "displayOrder": 0, "hidden": False},
    {"label": "No", "value": "false", "displayOrder": 1, "hidden": False},
]
"""The options without which HubSpot makes no `bool`."""


class HubSpotWriter:
    """A `Writer` of one kind of HubSpot record.

    Args:
        kind: `company` or `contact`.
        client: the account; stays the caller's to close.
        paths: the addresses that it has.
    """

    def __init__(self, kind: str, client: HubSpotClient, paths: HubspotPaths = _NUMBERED) -> None:
        self._records = f"/{paths.objects(OBJECTS[kind])}"
        self._properties = f"/{paths.properties(OBJECTS[kind])}"
        self._group = _GROUPS[kind]
        self._owners_path = f"/{paths.owners}"
        self._client = client

    @property
    def usage(self) -> Usage:
        """Requests made so far, by all who use the client."""
        return self._client.usage

    @property
    def repeating(self) -> Repeating:
        """Records can be read back."""
        return Repeating.READ_BACK

    def misfit(self, row: RowRequest) -> str | None:
        """See `Writer.misfit`. HubSpot's ids are numbers."""
        is_id = row.key.isascii() and row.key.isdecimal()
        return None if is_id else "the key is not an id of HubSpot's"

    def describe(self, properties: Collection[str]) -> Mapping[str, PropertyDescription]:
        """See `Writer.describe`. The options of an owner property are the account's owners."""
        response = self._client.read(self._properties)
        known = {each.name: each for each in read(PropertyList, response).results}
        found = [known[name] for name in properties if name in known]
        owners = self._owners() if any(each.names_an_owner for each in found) else ()
        return {
            each.name: (
                _described_owner(each, owners)
                if each.names_an_owner
                else _described(each, self._client.limits)
            )
            for each in found
        }

    def read(self, keys: Sequence[str], properties: Collection[str]) -> Records:
        """See `Writer.read`. HubSpot answers 207 where some of the records do not exist."""
        response = self._client.query(
            f"{self._records}/batch/read",
            {"inputs": [{"id": key} for key in keys], "properties": sorted(properties)},
        )
        return {each.id: each.properties for each in read(RecordList, response).results}

    def add_options(self, description: PropertyDescription, values: Sequence[str]) -> None:
        """See `Writer.add_options`. HubSpot drops what is not sent: the complete list goes."""
        last = max((option.position or 0 for option in description.options), default=-1)
        added = [
            Option(value=value, label=value, position=last + number)
            for number, value in enumerate(values, start=1)
        ]
        options = [
            PropertyOption(
                label=option.label,
                value=option.value,
                hidden=option.is_hidden,
                display_order=option.position,
                description=option.description,
            ).model_dump(by_alias=True, exclude_none=True)
            for option in [*description.options, *added]
        ]
        path = f"{self._properties}/{quote(description.name, safe='')}"
        response = self._client.write("PATCH", path, {"options": options})
        if not response.is_success:
            refusal = Refusal.of(response)
            raise DestinationRefusedError(
                f"HubSpot did not take new options for {description.name}: {refusal.text}",
                request_id=refusal.request_id,
            )

    def create_property(self, wanted: NewProperty) -> None:
        """See `Writer.create_property`. It goes to the group that every account has."""
        kind, field_type = _NEW_KINDS[wanted.kind]
        definition: dict[str, Any] = {
            "name": wanted.name,
            "label": wanted.label,
            "type": kind,
            "fieldType": field_type,
            "groupName": self._group,
        }
        if wanted.kind is ValueKind.BOOLEAN:
            definition["options"] = _YES_AND_NO
        elif kind == "enumeration":
            definition["options"] = [
                PropertyOption(label=value, value=value, display_order=place).model_dump(
                    by_alias=True, exclude_none=True
                )
                for place, value in enumerate(wanted.options)
            ]
        response = self._client.write("POST", self._properties, definition)
        if not response.is_success:
            refusal = Refusal.of(response)
            raise DestinationRefusedError(
                f"HubSpot did not make the property {wanted.name}: {refusal.text}",
                request_id=refusal.request_id,
            )

    def write(self, rows: Sequence[RowRequest]) -> Sequence[RowResult]:
        """See `Writer.write`. At most `limits.batch_size` rows."""
        inputs = [
            {
                "id": row.key,
                "properties": {name: value or "" for name, value in row.values.items()},
                "objectWriteTraceId": row.key,
            }
            for row in rows
        ]
        response = self._client.write("POST", f"{self._records}/batch/update", {"inputs": inputs})
        keys = [row.key for row in rows]
        if response.is_success:
            return read(BatchAnswer, response).row_results(keys, request_id(response))
        refusal = Refusal.of(response)
        return [refused(keys, key, refusal.text, refusal.request_id) for key in keys]

    def _owners(self) -> tuple[Option, ...]:
        owners: list[Option] = []
        query = {"limit": str(self._client.limits.owners_page)}
        while True:
            page = read(OwnerPage, self._client.read(self._owners_path, query))
            owners += [Option(value=owner.id, label=owner.id) for owner in page.results]
            if page.paging is None or page.paging.next is None:
                return tuple(owners)
            query["after"] = page.paging.next.after


@contextmanager
def open_hubspot(kind: str) -> Iterator[Writer]:
    """A writer for the account that the settings name.

    Raises:
        SettingsError: when `HUBSPOT_ACCESS_TOKEN` is not set.
    """
    settings = get_settings()
    client = HubSpotClient(
        token=settings.require_hubspot_token(), base_url=settings.hubspot_base_url
    )
    try:
        yield HubSpotWriter(kind, client, settings.hubspot_paths)
    finally:
        client.close()


def _described_owner(found: Property, owners: tuple[Option, ...]) -> PropertyDescription:
    return PropertyDescription(
        name=found.name,
        kind=ValueKind.CHOICE,
        is_read_only=found.modification_metadata.read_only_value,
        options=owners,
        option_noun="owner",
    )


def _described(found: Property, limits: HubSpotLimits) -> PropertyDescription:
    kind = _KINDS.get(found.type, ValueKind.TEXT)
    if kind is ValueKind.CHOICE and found.field_type == "checkbox":
        kind = ValueKind.CHOICES
    return PropertyDescription(
        name=found.name,
        kind=kind,
        is_read_only=found.calculated or found.modification_metadata.read_only_value,
        max_length=limits.text_length,
        options=tuple(
            Option(
                value=option.value,
                label=option.label,
                is_hidden=option.hidden,
                position=option.display_order,
                description=option.description,
            )
            for option in found.options
        ),
        takes_new_options=not (
            found.external_options or found.modification_metadata.read_only_options
        ),
    )
