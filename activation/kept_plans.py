"""Plans that are kept, to be read and approved before they run.

spec/activation.md, Engine: approve and revert. A kept plan runs only while the model wants the same
of the same rows and the destination holds the same of them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

import psycopg
from psycopg.rows import TupleRow
from psycopg.types.json import Jsonb

from activation.declaration import Declaration
from activation.drawing import PAGE, Drawing
from activation.errors import PlanError
from activation.personal import kept
from activation.plan import PlannedRow, Values
from activation.plan_statement import Scope


@dataclass(frozen=True, slots=True)
class KeptPlan:
    """A kept plan, without its rows."""

    plan_id: str
    sync: str
    scope: Scope
    allowed: tuple[str, ...] | None
    """The only keys that it considers; None considers all."""
    rows: int
    hash: str
    created_at: datetime


def keep(drawing: Drawing, allow: Sequence[str] | None) -> str:
    """Keep a plan, with what the destination holds where that can be read.

    Args:
        drawing: the plan.
        allow: the keys that it was asked for; None for all.

    Returns:
        Its id, which ends with the first digits of its hash.
    """
    connection, declaration = drawing.connection, drawing.declaration
    digest = hashlib.sha256()
    for page in drawing.pages(PAGE):
        for row in page:
            digest.update(_line(_kept(row, declaration)))
    plan_id = f"{datetime.now(UTC):%Y%m%dT%H%M%S%f}-{digest.hexdigest()[:8]}"
    with connection.transaction(), connection.cursor() as cursor:
        cursor.execute(
            """
            insert into ops.sync_plan (plan_id, sync, scope, allowed, declaration, hash, counts)
            values (%s, %s, %s, %s, %s, %s, %s)
            """,
            [
                plan_id, declaration.name, drawing.scope, None if allow is None else list(allow),
                _declared(declaration), digest.hexdigest(), Jsonb(asdict(drawing.summary().counts)),
            ],
        )  # fmt: skip
        for page in drawing.pages(PAGE):
            cursor.executemany(
                """
                insert into ops.sync_plan_row (plan_id, key, operation, changes, before)
                values (%s, %s, %s, %s, %s)
                """,
                [
                    (plan_id, each.key, each.operation, Jsonb(each.changes), _json(each.before))
                    for each in (_kept(row, declaration) for row in page)
                ],
            )
    return plan_id


def find(
    connection: psycopg.Connection[TupleRow], plan_id: str, declaration: Declaration
) -> KeptPlan:
    """A kept plan that may still run.

    Raises:
        PlanError: when there is none of that id and sync, it ran, or the sync's file has changed.
    """
    found = connection.execute(
        """
        select
            plan.sync, plan.scope, plan.allowed, plan.hash, plan.created_at, plan.declaration,
            (select count(*) from ops.sync_plan_row as row where row.plan_id = plan.plan_id),
            (
                select run.run_id from ops.sync_run as run
                where
                    run.plan_id = plan.plan_id and run.rows_planned > 0
                    -- One that sent nothing has used nothing up.
                    and run.status <> 'stopped'
                    and (run.status <> 'failed' or run.write_calls > 0)
                order by run.run_id limit 1
            )
        from ops.sync_plan as plan
        where plan.plan_id = %s
        """,
        [plan_id],
    ).fetchone()
    again = f"make a new one (`millrace sync plan {declaration.name} --save`)."
    if found is None:
        raise PlanError(f"There is no kept plan {plan_id}: {again}")
    sync, scope, allowed, digest, created_at, declared, rows, run_id = found
    if sync != declaration.name:
        raise PlanError(f"Plan {plan_id} is one of {sync}, not of {declaration.name}.")
    if run_id is not None:
        raise PlanError(f"Plan {plan_id} was carried out by run {run_id}: {again}")
    if declared != _declared(declaration):
        raise PlanError(
            f"The file {declaration.name}.yml has changed since plan {plan_id} was made: {again}"
        )
    return KeptPlan(
        plan_id=plan_id,
        sync=sync,
        scope=Scope(scope),
        allowed=None if allowed is None else tuple(allowed),
        rows=rows,
        hash=digest,
        created_at=created_at,
    )


def require_unmoved(plan: KeptPlan, drawing: Drawing) -> None:
    """Whether a plan that was drawn up again is the one that was kept.

    Raises:
        PlanError: when the model or the destination has moved since; it says by how much.
    """
    digest = hashlib.sha256()
    same = moved_source = moved_destination = 0
    for page in drawing.pages(PAGE):
        rows = [_kept(row, drawing.declaration) for row in page]
        known = _known(drawing.connection, plan.plan_id, [row.key for row in rows])
        for row in rows:
            digest.update(_line(row))
            was = known.get(row.key)
            if was is None or (was.operation, was.changes) != (row.operation, row.changes):
                moved_source += 1
            elif was.before != row.before:
                moved_destination += 1
            else:
                same += 1
    gone = plan.rows - same - moved_destination
    if digest.hexdigest() == plan.hash:
        return
    found = []
    if moved_source or gone:
        found.append(
            f"{max(moved_source, gone)} rows are no longer to be written as planned, since the "
            "model or what was acknowledged has moved"
        )
    if moved_destination:
        found.append(f"the destination holds other values than then in {moved_destination} rows")
    raise PlanError(
        f"Plan {plan.plan_id} is not carried out, nothing was sent: {'; '.join(found)}. Make a new "
        f"one (`millrace sync plan {plan.sync} --save`)."
    )


@dataclass(frozen=True, slots=True)
class _KeptRow:
    key: str
    operation: str
    changes: Values
    before: Values | None


def _kept(row: PlannedRow, declaration: Declaration) -> _KeptRow:
    before = None if row.before is None else kept(row.before, declaration.personal)
    return _KeptRow(row.key, str(row.operation), kept(row.changes, declaration.personal), before)


def _known(
    connection: psycopg.Connection[TupleRow], plan_id: str, keys: list[str]
) -> dict[str, _KeptRow]:
    found = connection.execute(
        """
        select key, operation, changes, before
        from ops.sync_plan_row
        where plan_id = %s and key = any(%s)
        """,
        [plan_id, keys],
    )
    return {row[0]: _KeptRow(*row) for row in found}


def _line(row: _KeptRow) -> bytes:
    parts = [row.key, row.operation, row.changes, row.before]
    return f"{json.dumps(parts, sort_keys=True)}\n".encode()


def _json(values: Values | None) -> Jsonb | None:
    return None if values is None else Jsonb(values)


def _declared(declaration: Declaration) -> str:
    """What a plan depends on of a sync's file; guards and words may change."""
    said = declaration.model_dump_json(exclude={"description", "guards", "park_after"})
    return hashlib.sha256(said.encode()).hexdigest()
