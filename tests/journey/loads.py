"""What each manager and each bucket carries after a run (spec/journey.md, Writes)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal

from tests.journey.company_states import ARR_RANGES, CS_MANAGER
from tests.journey.inputs import ManagerRow, Reference
from tests.journey.tables import BucketLoadRow, LogRow, ManagerLoadRow

STAGES = ("cs_sales", "cs_sbp", "cs_no_touch", "cs_onboarding", "cs_success", "cs_error")

Bucket = tuple[str, str, str]
"""Stage, region and ARR range."""


class Buckets:
    """The buckets that a company can be in, and who of customer success serves each."""

    def __init__(self, reference: Reference) -> None:
        self.rows = [row for row in reference.managers if row.department == "customer_success"]
        regions = {*reference.regions.values(), "UNKNOWN"}
        self.members: dict[Bucket, dict[str, int]] = {}
        """Of each bucket: the active managers, each with the highest lead_intake that matches."""
        for stage in STAGES:
            for region in regions:
                for arr_range in ARR_RANGES:
                    self.members[stage, region, arr_range] = self._serving(stage, region, arr_range)

    def of(self, username: str) -> set[Bucket]:
        """The buckets that a person's active rows cover."""
        return {bucket for bucket, members in self.members.items() if username in members}

    def _serving(self, stage: str, region: str, arr_range: str) -> dict[str, int]:
        serving: dict[str, int] = {}
        for row in self._active():
            if (
                row.cs_stage in {stage, "*"}
                and row.region in {region, "*"}
                and row.arr_range in {arr_range, "*"}
            ):
                serving[row.username] = max(row.lead_intake, serving.get(row.username, 0))
        return serving

    def _active(self) -> Iterable[ManagerRow]:
        return (row for row in self.rows if row.is_active)


def manager_loads(
    buckets: Buckets,
    held: Mapping[str, str],
    standing: Mapping[str, Bucket],
    log: Iterable[LogRow],
    as_of: datetime,
) -> dict[str, ManagerLoadRow]:
    """Everybody in the reference file, and whoever holds a company.

    Args:
        buckets: with their members.
        held: the manager of each company that has one, skipped companies included.
        standing: the bucket of each company that was decided.
        log: after the run.
        as_of: of the run.
    """
    by_run: dict[tuple[str, int], list[LogRow]] = {}
    for row in log:
        if row.field == CS_MANAGER:
            by_run.setdefault((row.company_id, row.run), []).append(row)
    # A report that the same run replaced assigned nobody.
    made = [rows[-1] for rows in by_run.values() if rows[-1].new_value != rows[0].old_value]

    def assigned(username: str, days: int) -> int:
        since = as_of - timedelta(days=days)
        return len(
            {row.company_id for row in made if row.new_value == username and row.changed_at > since}
        )

    loads = {}
    for username in {row.username for row in buckets.rows} | set(held.values()):
        active = [row for row in buckets.rows if row.username == username and row.is_active]
        served = buckets.of(username)
        there = [company_id for company_id, bucket in standing.items() if bucket in served]
        own = sum(held.get(company_id) == username for company_id in there)
        loads[username] = ManagerLoadRow(
            username=username,
            is_active=bool(active),
            lead_intake=max((row.lead_intake for row in active), default=0),
            bucket_count=len(served),
            companies=sum(manager == username for manager in held.values()),
            assigned_7d=assigned(username, 7),
            assigned_30d=assigned(username, 30),
            share_of_buckets=_share(own, len(there)),
        )
    return loads


def bucket_loads(
    buckets: Buckets, standing: Collection[Bucket], loads: Mapping[str, ManagerLoadRow]
) -> dict[Bucket, BucketLoadRow]:
    """Every bucket that has a manager or a company."""
    rows = {}
    for bucket in buckets.members.keys() | set(standing):
        members = buckets.members.get(bucket, {})
        companies = list(standing).count(bucket)
        if not members and not companies:
            continue
        carried = [loads[name].companies for name, intake in members.items() if intake > 0]
        rows[bucket] = BucketLoadRow(
            *bucket,
            managers=len(members),
            managers_with_intake=len(carried),
            companies=companies,
            min=min(carried, default=None),
            max=max(carried, default=None),
            imbalance=max(carried) - min(carried) if carried else None,
        )
    return rows


def _share(own: int, there: int) -> Decimal | None:
    if there == 0:
        return None
    return (Decimal(own) / there).quantize(Decimal("0.000001"), ROUND_HALF_UP)
