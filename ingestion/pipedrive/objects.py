"""What is read of Pipedrive, and the raw tables that it lands in."""

from __future__ import annotations

from dataclasses import dataclass

from ingestion.workbench import RawTable

SCHEMA = "raw_pipedrive"

DEALS_PATH = "api/v2/deals"
ARCHIVED_DEALS_PATH = "api/v2/deals/archived"
CURRENT_USER_PATH = "v1/users/me"


def flow_path(deal_id: str) -> str:
    """Where the flow of a deal is asked for; v2 has none."""
    return f"v1/deals/{deal_id}/flow"


DEALS = RawTable(
    schema=SCHEMA,
    name="deals",
    key=("id",),
    columns={
        "id": "text",
        "pipeline_id": "text",
        "stage_id": "text",
        "status": "text",
        "is_archived": "bool",
        "is_deleted": "bool",
        "added_at": "timestamp",
        "updated_at": "timestamp",
        "closed_at": "timestamp",
        "record": "json",
    },
    nullable=frozenset({"closed_at"}),
    set_back=("missing_since",),
    # The lists of archived and of deleted deals are read last: what they say is newer.
    prefer="is_deleted desc, is_archived desc, updated_at desc",
    outdated=(
        "landed.is_archived = excluded.is_archived and landed.is_deleted = excluded.is_deleted "
        "and landed.updated_at > excluded.updated_at"
    ),
)

DEAL_FLOW = f"{SCHEMA}.deal_flow"
"""Filled deal by deal (`ingestion.pipedrive.flows`), not over the workbench."""


@dataclass(frozen=True, slots=True)
class WholeList:
    """Records that are few enough to be read completely every time."""

    name: str
    """Of the raw table."""
    path: str
    is_paged: bool = True

    @property
    def table(self) -> RawTable:
        """Where the records land."""
        return RawTable(
            schema=SCHEMA,
            name=self.name,
            key=("id",),
            columns={"id": "text", "archived": "bool", "record": "json"},
        )


WHOLE_LISTS = (
    WholeList("pipelines", "api/v2/pipelines"),
    WholeList("stages", "api/v2/stages"),
    WholeList("users", "v1/users", is_paged=False),
    WholeList("organizations", "api/v2/organizations"),
)

TABLES = (DEALS, *(each.table for each in WHOLE_LISTS))
"""Those that are filled over the workbench, in the order in which they are told of."""
