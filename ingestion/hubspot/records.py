"""What HubSpot's answers must look like (the vendor's API, versions 3 and 4)."""

from __future__ import annotations

from pydantic import Field

from ingestion.api.contract import ApiRecord, Instant


class CrmRecord(ApiRecord):
    """A company, a contact, ..."""

    id: str
    archived: bool = False
    archived_at: Instant | None = Field(None, alias="archivedAt")
    created_at: Instant = Field(alias="createdAt")
    updated_at: Instant = Field(alias="updatedAt")
    properties: dict[str, str | None]
    """Values by internal name; those without one are left out, or null."""


class PastValue(ApiRecord):
    """What a property is, or has been."""

    value: str
    timestamp: Instant
    """Since when."""
    source_type: str = Field(alias="sourceType")
    source_id: str | None = Field(None, alias="sourceId")
    source_label: str | None = Field(None, alias="sourceLabel")
    user_id: int | None = Field(None, alias="updatedByUserId")


class Histories(ApiRecord):
    """What some properties of a record have been."""

    id: str
    histories: dict[str, list[PastValue]] = Field(alias="propertiesWithHistory")
    """By internal name."""


class Owner(ApiRecord):
    """A user whom records can belong to."""

    id: str
    archived: bool
    created_at: Instant = Field(alias="createdAt")
    updated_at: Instant = Field(alias="updatedAt")


class PropertyDefinition(ApiRecord):
    """A property of a kind of records."""

    name: str
    archived: bool = False


class AssociationKind(ApiRecord):
    """In what way two records are associated."""

    category: str
    type_id: int = Field(alias="typeId")
    label: str | None = None


class AssociatedRecord(ApiRecord):
    """A record that another one is associated with."""

    id: int | str = Field(alias="toObjectId")
    kinds: list[AssociationKind] = Field(alias="associationTypes")


class RecordId(ApiRecord):
    """Which record."""

    id: str


class Associations(ApiRecord):
    """What one record is associated with, or a page of it."""

    of: RecordId = Field(alias="from")
    to: list[AssociatedRecord]
