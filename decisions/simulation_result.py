"""What a simulation of the journey tells: who would stand where, and what that would change."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal


@dataclass(frozen=True)
class Standing:
    """Where one set of rules puts a company."""

    cs_stage: str
    rule: str
    manager: str | None
    reason: str
    sales_manager: str | None
    sales_reason: str | None
    """None where sales managers stay as they are reported."""


@dataclass(frozen=True)
class Move:
    """A company that the proposal would put elsewhere."""

    company_id: str
    name: str | None
    arr: Decimal | None
    """USD a year; None without a subscription."""
    in_force: Standing
    proposed: Standing

    @property
    def is_other_stage(self) -> bool:
        """Whether its stage differs."""
        return self.in_force.cs_stage != self.proposed.cs_stage

    @property
    def is_other_manager(self) -> bool:
        """Whether its customer success manager differs."""
        return self.in_force.manager != self.proposed.manager

    @property
    def is_other_sales_manager(self) -> bool:
        """Whether its sales manager differs."""
        return self.in_force.sales_manager != self.proposed.sales_manager


@dataclass(frozen=True)
class Shift:
    """How many companies would go from one stage or person to another."""

    before: str | None
    after: str | None
    companies: int


@dataclass(frozen=True)
class ManagerLoad:
    """How many companies a person would hold, skipped ones included."""

    department: str
    username: str
    in_force: int
    proposed: int


@dataclass(frozen=True)
class BucketBalance:
    """A bucket that would be more or less even: busiest minus least busy of those with intake."""

    cs_stage: str
    region: str
    arr_range: str
    in_force: int | None
    """None where nobody with lead intake serves it."""
    proposed: int | None
    companies: int
    """Those that would stand in it."""


@dataclass(frozen=True)
class Leaver:
    """Where the companies of somebody who leaves would go."""

    username: str
    companies: int
    """Those she holds under the rules in force."""
    taken_by: Mapping[str, int]
    """Companies by their next manager."""
    without_candidate: Sequence[str]
    """Company ids that nobody could take: they would stay as they are, in the review queue."""
    staying: Mapping[str, int]
    """Companies that nobody is given, by the reason of it (`churn_kept`, `skipped`, ...)."""
    sales_companies: int
    """Those that would still name her as their sales manager."""


@dataclass(frozen=True)
class Imbalance:
    """The least even that a bucket became."""

    cs_stage: str
    region: str
    arr_range: str
    companies: int
    """Between the busiest and the least busy manager."""
    at: datetime


@dataclass(frozen=True)
class Course:
    """What one set of rules did over a period."""

    assignments: Mapping[str, int]
    """Companies that a run left with another manager, by reason; `reported`: in the product."""
    stage_changes: int
    reassigned: Mapping[int, int]
    """Companies by how often they went from one manager to another; 0 is left out."""
    load_at_start: Mapping[str, int]
    """Companies of each manager as the log stood before the first run."""
    load_at_end: Mapping[str, int]
    largest_imbalance: Imbalance | None


@dataclass(frozen=True)
class Period:
    """The past, decided anew from the log as it stood then."""

    start: datetime
    real_runs: int
    """Instants at which the log shows a run."""
    daily_runs: int
    """Days without such a run, for which one was put in at the last run's time of day."""
    in_force: Course
    proposed: Course


@dataclass(frozen=True)
class JourneySimulation:
    """The rules in force beside the proposed ones, at one instant."""

    as_of: datetime
    companies: int
    """Eligible ones."""
    changes_anyway: int
    """Companies that the next run changes under the rules in force; not due to the proposal."""
    moves: Sequence[Move]
    """The largest yearly revenue first."""
    loads: Sequence[ManagerLoad]
    balances: Sequence[BucketBalance]
    """Only buckets that differ."""
    newly_without_candidate: Sequence[str]
    """Company ids."""
    newly_without_sales_candidate: Sequence[str]
    """Company ids; none where sales managers stay as they are reported."""
    newly_in_error: Sequence[str]
    """Company ids that become `cs_error`."""
    leavers: Sequence[Leaver]
    period: Period | None

    @property
    def stage_shifts(self) -> Sequence[Shift]:
        """Changes of stage, the most frequent first."""
        return _shifts(
            (move.in_force.cs_stage, move.proposed.cs_stage)
            for move in self.moves
            if move.is_other_stage
        )

    @property
    def manager_shifts(self) -> Sequence[Shift]:
        """Changes of customer success manager, the most frequent first."""
        return _shifts(
            (move.in_force.manager, move.proposed.manager)
            for move in self.moves
            if move.is_other_manager
        )

    @property
    def sales_manager_shifts(self) -> Sequence[Shift]:
        """Changes of sales manager, the most frequent first."""
        return _shifts(
            (move.in_force.sales_manager, move.proposed.sales_manager)
            for move in self.moves
            if move.is_other_sales_manager
        )


def _shifts(pairs: Iterator[tuple[str | None, str | None]]) -> list[Shift]:
    counted = Counter(pairs)
    return [
        Shift(before, after, companies)
        for (before, after), companies in sorted(
            counted.items(), key=lambda item: (-item[1], item[0][0] or "", item[0][1] or "")
        )
    ]
