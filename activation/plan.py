"""What a sync would write. Planning changes nothing.

The model `activation.sync_<name>` says what the destination should hold; `ops.sync_state` says what
it last confirmed. The difference, field by field, is the plan (spec/activation.md, Engine: plan).
With `Scope.DESTINATION` the destination itself is asked instead.

Values are text from here on, as PostgreSQL writes them in JSON: numbers with their digits, instants
in ISO 8601 UTC, booleans `true` and `false`. Columns are compared as they stand; only rows that
change are hashed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from activation.plan_statement import Scope
from activation.writers.base import Operation

Values = Mapping[str, str | None]
"""Property and value; None is an empty property."""


@dataclass(frozen=True, slots=True)
class PlannedRow:
    """One record to be written."""

    key: str
    operation: Operation
    changes: Values = field(repr=False)
    """Property and new value; None empties the property. Changed ones only, unless what the record
    holds is not known."""
    desired_hash: str | None = field(repr=False)
    """Hash of all the values that the model wants, to know the same wish again; None where the
    model wants nothing of the record."""
    acknowledged: Values = field(default_factory=dict, repr=False)
    """What the destination last confirmed to this sync; personal values as digests."""
    before: Values | None = field(default=None, repr=False)
    """What the destination holds of the changed properties; None where that was not read."""
    reclaims: Values = field(default_factory=dict, repr=False)
    """Of a row that is put back: what had been acknowledged before the run that is taken back."""
    skipped_before_because: str | None = None
    """Why the last run that considered the row did not send it."""
    is_doubtful: bool = False
    """Whether its record may hold other values than were acknowledged, or new ones already."""
    decided_at: datetime | None = None
    """Since when the model wants the row as it is; None where it does not say."""

    @property
    def replaced(self) -> Values:
        """Old values of the changed properties: those that were read, or else acknowledged."""
        old = self.acknowledged if self.before is None else self.before
        return {name: old.get(name) for name in self.changes}


@dataclass(frozen=True, slots=True)
class PlanCounts:
    """Rows of the source by what becomes of them.

    `source` is the sum of the others but for the rows that the source no longer has (mode mirror):
    removals, and those of `parked` and `held_back` that wait to be removed.
    """

    source: int = 0
    inserts: int = 0
    updates: int = 0
    removals: int = 0
    """Rows of ours that the source no longer has (mode mirror)."""
    unchanged: int = 0
    skipped: int = 0
    """Held back by the model, each with its reason."""
    parked: int = 0
    """Refused too often, put back by a revert, or sent without an answer to a destination that
    cannot be asked; waiting for `millrace sync retry`, or the first two for other values."""
    held_back: int = 0
    """Would be sent, but are not on the allowlist or not up for retry."""
    without_key: int = 0
    """Have neither a key nor a reason to be skipped: an error of the model."""

    @property
    def to_write(self) -> int:
        """Rows that would be sent."""
        return self.inserts + self.updates + self.removals


@dataclass(frozen=True, slots=True)
class PlanSummary:
    """A plan without its rows."""

    sync: str
    scope: Scope
    counts: PlanCounts
    is_first: bool
    """Whether the destination has never confirmed anything to this sync."""
    duplicate_keys: tuple[str, ...] = ()
    """Keys that more than one row wants to write, the first ones: an error of the model."""
    model_errors: tuple[str, ...] = ()
    """What the model must correct before anything is sent, as sentences; empty when nothing."""
    doubtful: int = 0
    """How many of the rows are planned with all their fields, since what their records hold is not
    known."""
    left_out: tuple[str, ...] = ()
    """Optional properties that the destination was found to lack: no row is planned with them."""
    blocked: str | None = None
    """Why nothing of it may be sent now, as a sentence (`Declaration.blocked_by`)."""

    @property
    def note(self) -> str | None:
        """What a person should know of the properties that are left out."""
        if not self.left_out:
            return None
        return (
            f"The destination has no property {', '.join(self.left_out)}, which is optional: it is "
            f"left out (`millrace sync setup {self.sync}` makes it)."
        )


@dataclass(frozen=True, slots=True)
class Plan(PlanSummary):
    """What a run would do now. A value: it holds no connection and stays as it is."""

    rows: tuple[PlannedRow, ...] = ()
    """In bytewise order of the key."""
    plan_id: str | None = None
    """Under which it was kept; None when it was not."""
