"""The raw tables that are checked, and what is expected of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from ingestion.hubspot.objects import TABLES as HUBSPOT_TABLES
from ingestion.pipedrive.objects import DEAL_FLOW
from ingestion.pipedrive.objects import TABLES as PIPEDRIVE_TABLES
from ingestion.workbench import RawTable
from ingestion.yobi.objects import TABLES as YOBI_TABLES


class Aspect(StrEnum):
    """What is looked at."""

    KEYS = "keys"
    """Each row has its key, and no other row has the same."""
    TYPES = "types"
    """The columns are there with their types, and the records in them are objects."""
    FRESHNESS = "freshness"
    """A load has brought the table up to date."""
    VOLUME = "volume"
    """About as much has come in as on the days before."""
    REJECTED = "rejected"
    """Not many of the rows that came in were broken."""


@dataclass(frozen=True, slots=True)
class CheckedTable:
    """A raw table, and what is expected of it."""

    schema: str
    name: str
    key: tuple[str, ...]
    types: Mapping[str, str]
    """Columns and their types, as PostgreSQL calls them."""
    objects: tuple[str, ...]
    """The columns that hold a record, as a JSON object."""
    loaded_as: str
    """Its name, or that of the table it comes in with, in the ledger."""
    aspects: tuple[Aspect, ...] = field(default=tuple(Aspect))

    @property
    def full_name(self) -> str:
        """With its schema."""
        return f"{self.schema}.{self.name}"


_POSTGRES_TYPES = MappingProxyType(
    {
        "text": "text",
        "bool": "boolean",
        "bigint": "bigint",
        "timestamp": "timestamp with time zone",
        "json": "jsonb",
    }
)
_EVENTS = "raw_events.events"
_OF_AN_API = (Aspect.KEYS, Aspect.TYPES, Aspect.FRESHNESS, Aspect.VOLUME)


def _of_an_api(table: RawTable) -> CheckedTable:
    return CheckedTable(
        schema=table.schema,
        name=table.name,
        key=table.key,
        types={name: _POSTGRES_TYPES[kind] for name, kind in table.columns.items()},
        objects=tuple(
            name
            for name, kind in table.columns.items()
            if kind == "json" and name not in table.nullable
        ),
        loaded_as=table.full_name,
        aspects=_OF_AN_API,
    )


CHECKED_TABLES = (
    CheckedTable(
        schema="raw_events",
        name="events",
        key=("event_id", "content_hash"),
        types={
            "event_id": "text",
            "content_hash": "text",
            "event_type": "text",
            "occurred_at": "timestamp with time zone",
            "received_at": "timestamp with time zone",
            "source": "text",
            "source_place": "text",
            "data": "jsonb",
        },
        objects=("data",),
        loaded_as=_EVENTS,
    ),
    CheckedTable(
        schema="raw_events",
        name="rejected_events",
        key=("rejected_id",),
        types={
            "rejected_id": "text",
            "received_at": "timestamp with time zone",
            "source_place": "text",
            "reason": "text",
            "raw_text": "text",
        },
        objects=(),
        loaded_as=_EVENTS,
        aspects=(Aspect.KEYS, Aspect.TYPES),
    ),
    CheckedTable(
        schema="raw_events",
        name="conflicting_duplicates",
        key=("event_id", "content_hash"),
        types={"event_id": "text", "content_hash": "text", "counting_hash": "text"},
        objects=(),
        loaded_as=_EVENTS,
        aspects=(Aspect.KEYS, Aspect.TYPES),
    ),
    CheckedTable(
        schema="raw_pipedrive",
        name="deal_flow",
        key=("deal_id", "item_id"),
        types={
            "deal_id": "text",
            "item_id": "text",
            "field_key": "text",
            "changed_at": "timestamp with time zone",
            "item": "jsonb",
        },
        objects=("item",),
        loaded_as=DEAL_FLOW,
        aspects=_OF_AN_API,
    ),
    *map(_of_an_api, (*HUBSPOT_TABLES, *PIPEDRIVE_TABLES, *YOBI_TABLES)),
)
"""All of them. The tables of a source that is read over an API follow from how they land."""
