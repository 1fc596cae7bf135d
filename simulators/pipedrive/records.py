"""What a Pipedrive account consists of."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

CustomValue = str | int | float | list[int] | None
"""What a custom field may hold."""


class DealStatus(StrEnum):
    """Where a deal stands, beside its stage."""

    OPEN = "open"
    WON = "won"
    LOST = "lost"
    DELETED = "deleted"
    """Said of a deleted deal instead of what it was before."""


@dataclass(slots=True)
class Pipeline:
    """A row of stages."""

    id: int
    name: str
    order_nr: int
    add_time: datetime
    update_time: datetime
    is_deleted: bool = False


@dataclass(slots=True)
class Stage:
    """A place in a pipeline where deals stand."""

    id: int
    pipeline_id: int
    name: str
    order_nr: int
    add_time: datetime
    update_time: datetime
    is_deleted: bool = False


@dataclass(slots=True)
class User:
    """Someone whom deals belong to."""

    id: int
    name: str
    email: str
    created: datetime
    modified: datetime
    is_active: bool = True


@dataclass(slots=True)
class Organization:
    """A company, as sales people know it."""

    id: int
    name: str
    owner_id: int
    add_time: datetime
    update_time: datetime
    website: str | None = None
    is_deleted: bool = False
    custom_fields: dict[str, CustomValue] = field(default_factory=dict)


@dataclass(slots=True)
class Person:
    """A contact of an organization."""

    id: int
    name: str
    owner_id: int
    add_time: datetime
    update_time: datetime
    org_id: int | None = None
    email: str | None = None
    is_deleted: bool = False


@dataclass(frozen=True, slots=True)
class CustomField:
    """A field that the account has added to deals or organizations."""

    code: str
    """40 hexadecimal digits, other ones in every account."""
    name: str
    type: str = "varchar"
    """One of Pipedrive's `field_type`s."""


@dataclass(frozen=True, slots=True)
class FlowItem:
    """Something that happened to a deal."""

    id: int
    """Greater than those of all items that were written before, also of those of other deals."""
    deal_id: int
    object: str
    """`dealChange` for a change of a field; `note` or `activity` for what is no change."""
    at: datetime
    user_id: int
    field_key: str = ""
    """Of changes alone."""
    old_value: str | None = None
    new_value: str | None = None


@dataclass(slots=True)
class Deal:
    """Something that is being sold."""

    id: int
    title: str
    owner_id: int
    pipeline_id: int
    stage_id: int
    add_time: datetime
    update_time: datetime
    org_id: int | None = None
    person_id: int | None = None
    value: float = 0
    currency: str = "AUD"
    status: DealStatus = DealStatus.OPEN
    """As it was before, for a deleted deal; `shown_status` says what is told."""
    is_archived: bool = False
    deleted_at: datetime | None = None
    stage_change_time: datetime | None = None
    close_time: datetime | None = None
    won_time: datetime | None = None
    lost_time: datetime | None = None
    lost_reason: str | None = None
    custom_fields: dict[str, CustomValue] = field(default_factory=dict)
    flow: list[FlowItem] = field(default_factory=list)
    """What happened to it, in the order in which it was written."""

    @property
    def is_deleted(self) -> bool:
        """Whether it lies in the recycle bin."""
        return self.deleted_at is not None

    @property
    def shown_status(self) -> DealStatus:
        """The status that is answered."""
        return DealStatus.DELETED if self.is_deleted else self.status
