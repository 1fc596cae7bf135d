"""What a run of a sync tells its caller, while it works and when it has ended."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from activation.errors import ExitCode
from activation.ledger import RunStatus
from activation.plan import Plan, PlanCounts
from activation.writers.base import Usage


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is; reported after each recorded batch."""

    settled: int
    """Rows whose outcome is recorded, out of `total`."""
    total: int
    """Rows to be sent."""
    written: int
    failed: int
    confirmed: int = 0


OnProgress = Callable[[Progress], None]


@dataclass(frozen=True, slots=True)
class SyncResult:
    """What a run did, or, for a dry run, would do."""

    sync: str
    run_id: str | None
    """As in `ops.sync_run`; None for a dry run, which is not recorded."""
    status: RunStatus
    message: str | None
    """What a person must know: why it stopped or failed, or why there was nothing to do."""
    counts: PlanCounts
    """The plan's; all zero when the run failed before there was one."""
    written: int = 0
    confirmed: int = 0
    """Rows that were read back and held the values already, so that nothing was sent."""
    failed: int = 0
    unsure: int = 0
    skipped: int = 0
    """Rows held back by the model, by preflight, or because somebody changed the record since."""
    usage: Usage = field(default_factory=Usage)
    """Requests that the run made."""
    options_added: Mapping[str, tuple[str, ...]] = field(default_factory=dict, repr=False)
    """Options that the destination did not have, by property."""
    plan: Plan | None = None
    """The plan itself, for a dry run alone: its rows have keys, and values for who asks."""

    @property
    def exit_code(self) -> ExitCode:
        """What a command that ran it ends with."""
        return self.status.exit_code
