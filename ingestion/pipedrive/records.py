"""What Pipedrive's answers must look like (the vendor's API, versions 2 and 1)."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator
from pydantic_core import PydanticCustomError

from ingestion.api.contract import ApiRecord, Instant, RecordChangedError, read_record

_IDS = frozenset({"stage_id", "pipeline_id"})
"""Fields of deals whose changes hold ids, as text."""


def _v1_time(value: object) -> object:
    """`2026-11-01 10:00:00`, which is UTC without saying so."""
    try:
        return datetime.strptime(str(value), "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)
    except ValueError:
        raise PydanticCustomError("v1_time", "is not a time of v1") from None


V1Time = Annotated[datetime, BeforeValidator(_v1_time)]


class DealRecord(ApiRecord):
    """A deal of v2; spec/flow.md, Facts, relies on these fields."""

    id: int
    pipeline_id: int
    stage_id: int
    status: Literal["open", "won", "lost", "deleted"]
    is_archived: bool
    is_deleted: bool
    owner_id: int | None
    org_id: int | None
    add_time: Instant
    update_time: Instant
    close_time: Instant | None
    won_time: Instant | None
    lost_time: Instant | None

    @property
    def closed_at(self) -> datetime | None:
        """When it was won or lost; None while it is open."""
        return self.close_time or self.won_time or self.lost_time


class PipelineRecord(ApiRecord):
    """A pipeline of v2."""

    id: int
    name: str


class StageRecord(ApiRecord):
    """A stage of v2."""

    id: int
    name: str
    pipeline_id: int


class UserRecord(ApiRecord):
    """A user of v1."""

    id: int
    name: str
    email: str
    active_flag: bool


class OrganizationRecord(ApiRecord):
    """An organization of v2."""

    id: int
    name: str


class FlowEntry(ApiRecord):
    """Anything in a deal's flow, of which only changes are read further."""

    object: str
    data: dict[str, Any]


class FlowChange(ApiRecord):
    """The `data` of a change."""

    id: int
    field_key: str
    old_value: Any
    new_value: Any
    log_time: V1Time


def read_change(sent: object) -> FlowChange | None:
    """An item of a flow; None when it is no change of a field of the deal.

    Raises:
        RecordChangedError: when it is not what the contract says.
    """
    entry = read_record(FlowEntry, sent)
    if entry.object != "dealChange":
        return None
    change = read_record(FlowChange, entry.data)
    for value in (change.old_value, change.new_value):
        if change.field_key in _IDS and value is not None and not as_text(value).isdigit():
            raise RecordChangedError(f"a change of {change.field_key} holds no id")
    return change


def as_text(value: object) -> str:
    """A value of a change as `raw_pipedrive.deal_flow` keeps it."""
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True)
