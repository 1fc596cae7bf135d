"""What one run of the journey is given besides the log (spec/journey.md, Inputs)."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from ingestion.events.contract import Event

REFERENCE = Path(__file__).parents[2] / "seeds" / "reference"


@dataclass(frozen=True, slots=True)
class ManagerRow:
    """One row of `cs_managers.csv`; `*` in stage, region or range means any."""

    username: str
    department: str
    cs_stage: str
    region: str
    arr_range: str
    lead_intake: int
    is_active: bool


@dataclass(frozen=True, slots=True)
class HubspotRecord:
    """A company record as HubSpot last told it."""

    hubspot_company_id: str
    onboarded: str | None = None
    """What stands in `is_subjectively_onboarded_`, as it was written."""
    is_archived: bool = False


@dataclass(frozen=True, slots=True)
class Rules:
    """The dbt vars that change a rule; by default as the project has them."""

    auto_success_ranges: tuple[str, ...] = ("2001-8000",)
    sticky_success: bool = False
    assign_sales_managers: bool = False

    def as_vars(self) -> dict[str, object]:
        """As dbt takes them."""
        return {
            "auto_success_ranges": list(self.auto_success_ranges),
            "sticky_success": self.sticky_success,
            "assign_sales_managers": self.assign_sales_managers,
        }


@dataclass(frozen=True, slots=True)
class Reference:
    """The reference files, as loaded for a run."""

    managers: Sequence[ManagerRow]
    plan_groups: Mapping[str, str]
    """By plan_id."""
    regions: Mapping[str, str]
    """By country."""


@dataclass(frozen=True, slots=True)
class RunInputs:
    """All that a run knows besides the log."""

    as_of: datetime
    events: Sequence[Event]
    """Everything that has landed, in any order, repetitions and conflicts included."""
    reference: Reference
    hubspot: Mapping[str, HubspotRecord] = field(default_factory=dict)
    """By hubspot_company_id."""
    merged_into: Mapping[str, str] = field(default_factory=dict)
    """By the id of a HubSpot company that is no more: the id of the one that it lives on as."""
    rules: Rules = Rules()


def project_reference() -> Reference:
    """The reference files of the project itself."""
    return Reference(
        managers=[
            ManagerRow(
                username=row["username"],
                department=row["department"],
                cs_stage=row["cs_stage"],
                region=row["region"],
                arr_range=row["arr_range"],
                lead_intake=int(row["lead_intake"]),
                is_active=row["is_active"] == "true",
            )
            for row in _rows("cs_managers")
        ],
        plan_groups={row["plan_id"]: row["plan_group"] for row in _rows("plan_groups")},
        regions={row["country"]: row["region"] for row in _rows("country_regions")},
    )


def _rows(name: str) -> list[dict[str, str]]:
    with (REFERENCE / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
