"""Decisions to destinations: what the warehouse decided, written where people work.

The commands and the orchestration use what is named here (spec/activation.md).
"""

from activation.declaration import (
    Declaration,
    find_declaration,
    load_declaration,
    load_declarations,
    read_back_properties,
)
from activation.engine import mark_arrived, plan_sync, retry_failed, revert_run, run_sync, run_syncs
from activation.errors import ActivationError, ExitCode
from activation.ledger import RunStatus
from activation.plan import Plan, PlanCounts, PlannedRow
from activation.plan_statement import Scope
from activation.result import Progress, SyncResult
from activation.status import (
    OutstandingRow,
    RecordedRow,
    RunRecord,
    SyncStatus,
    run_rows,
    sync_status,
)
from activation.writers.base import Operation, Usage, Writer

__all__ = [
    "ActivationError",
    "Declaration",
    "ExitCode",
    "Operation",
    "OutstandingRow",
    "Plan",
    "PlanCounts",
    "PlannedRow",
    "Progress",
    "RecordedRow",
    "RunRecord",
    "RunStatus",
    "Scope",
    "SyncResult",
    "SyncStatus",
    "Usage",
    "Writer",
    "find_declaration",
    "load_declaration",
    "load_declarations",
    "mark_arrived",
    "plan_sync",
    "read_back_properties",
    "retry_failed",
    "revert_run",
    "run_rows",
    "run_sync",
    "run_syncs",
    "sync_status",
]
