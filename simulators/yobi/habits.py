"""In which of several possible ways the local Yobi answers (spec/engagement.md, Yobi API)."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum

from simulators.yobi.state import Id, Metric

ALL = frozenset(Metric)


class ListShape(StrEnum):
    """Where in `results` the entries of a list stand; all three were seen of the tenants."""

    RESULTS = "results"
    """In `results.results`."""
    NAMED = "named"
    """In `results.tenants` or `results.locations`."""
    BARE = "bare"
    """`results` is the list."""


@dataclass
class Habits:
    """What Yobi may do in one way or another. Can be changed while it is being served."""

    lists: ListShape = ListShape.RESULTS
    has_last_week: Set[Metric] = frozenset()
    """Of which metrics the period `lastWeek` exists."""
    has_trend: Set[Metric] = ALL
    """Which metrics come with a trend by day."""
    has_users: Set[Metric] = frozenset()
    """Which metrics are broken down by user."""
    tells_zero_days: bool = False
    """Whether a trend has days on which nothing happened."""
    left_out: Mapping[Metric, Set[Id]] = field(default_factory=dict)
    """Tenants that the answers about a metric pass over."""
    without_trend: Mapping[Metric, Set[Id]] = field(default_factory=dict)
    """Tenants that have no trend where all others have one."""
    token_lifetime: timedelta = timedelta(hours=1)
    """For how long a login is good."""
