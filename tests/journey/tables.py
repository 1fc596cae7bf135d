"""The journey's tables as rows, whoever decided: what is compared (spec/marts.md, journey).

Columns are those of the tables of the same name. A run is told by its number among the runs that
the log holds, from 1, for its id is another one everywhere.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class JourneyRow:
    """A row of `journey.company_journey`."""

    company_id: str
    cs_stage: str
    cs_stage_rule: str
    customer_success_manager: str | None
    assignment_reason: str
    account_manager: str | None
    sales_account_manager: str | None
    sales_assignment_reason: str | None
    plan_id: str | None
    plan_group: str
    arr: Decimal | None
    arr_range: str
    is_arr_range_defaulted: bool
    days_paying: int | None
    paying_since: datetime | None
    is_paying: bool
    region: str
    is_region_unknown: bool
    hubspot_company_id: str | None
    is_subjectively_onboarded: bool | None
    is_stage_locked: bool
    stage_lock_expires_at: datetime | None
    is_manager_locked: bool
    manager_lock_expires_at: datetime | None
    decided_at: datetime


@dataclass(frozen=True, slots=True)
class LogRow:
    """A row of `journey.company_change_log`."""

    company_id: str
    field: str
    old_value: str | None
    new_value: str | None
    changed_at: datetime
    rule: str
    assignment_reason: str | None
    source_event_id: str | None
    run: int


@dataclass(frozen=True, slots=True)
class ChangesRow:
    """A row of `journey.company_journey_changes`."""

    company_id: str
    run: int
    changed_at: datetime
    old_cs_stage: str | None
    new_cs_stage: str | None
    old_customer_success_manager: str | None
    new_customer_success_manager: str | None
    old_account_manager: str | None
    new_account_manager: str | None
    old_sales_account_manager: str | None
    new_sales_account_manager: str | None


@dataclass(frozen=True, slots=True)
class SkippedRow:
    """A row of `journey.skipped_companies`."""

    company_id: str
    reason: str
    decided_at: datetime


@dataclass(frozen=True, slots=True)
class ReviewRow:
    """A row of `journey.review_queue`, but for the sentence."""

    company_id: str
    topic: str
    since: datetime


@dataclass(frozen=True, slots=True)
class ManagerLoadRow:
    """A row of `journey.cs_manager_load`."""

    username: str
    is_active: bool
    lead_intake: int
    bucket_count: int
    companies: int
    assigned_7d: int
    assigned_30d: int
    share_of_buckets: Decimal | None


@dataclass(frozen=True, slots=True)
class BucketLoadRow:
    """A row of `journey.cs_bucket_load`."""

    cs_stage: str
    region: str
    arr_range: str
    managers: int
    managers_with_intake: int
    companies: int
    min: int | None
    max: int | None
    imbalance: int | None


@dataclass(frozen=True, slots=True)
class Tables:
    """All tables of the journey after a run, by what a row of each is known by."""

    company_journey: Mapping[str, JourneyRow]
    company_change_log: Mapping[tuple[str, str], Sequence[LogRow]]
    """By company and field, in the order in which the rows became true."""
    company_journey_changes: Mapping[tuple[str, int], ChangesRow]
    skipped_companies: Mapping[str, SkippedRow]
    review_queue: Mapping[tuple[str, str], ReviewRow]
    cs_manager_load: Mapping[str, ManagerLoadRow]
    cs_bucket_load: Mapping[tuple[str, str, str], BucketLoadRow]


def differences(expected: Tables, found: Tables) -> list[str]:
    """What differs, a sentence for each row; empty when the tables are equal."""
    told = []
    for table in fields(Tables):
        wanted, got = getattr(expected, table.name), getattr(found, table.name)
        for key in sorted(wanted.keys() | got.keys()):
            if key not in got:
                told.append(f"{table.name}: {wanted[key]} is missing")
            elif key not in wanted:
                told.append(f"{table.name}: {got[key]} should not be there")
            elif wanted[key] != got[key]:
                told.append(f"{table.name}: {key} is {_difference(wanted[key], got[key])}")
    return told


def _difference(wanted: object, got: object) -> str:
    if isinstance(wanted, Sequence) or isinstance(got, Sequence):
        return f"{got}, not {wanted}"
    columns = [
        each.name
        for each in fields(wanted)  # type: ignore[arg-type]  # every row is a dataclass
        if getattr(wanted, each.name) != getattr(got, each.name)
    ]
    return ", ".join(
        f"{name} {getattr(got, name)!r}, not {getattr(wanted, name)!r}" for name in columns
    )
