"""What it takes to put back what a run has changed, drawn up like any other plan.

spec/activation.md, Engine: approve and revert.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import psycopg
from psycopg import sql
from psycopg.rows import TupleRow

from activation.declaration import Declaration
from activation.drawing import Drawing, draw
from activation.errors import RevertError
from activation.plan_statement import GONE, Scope


@dataclass(frozen=True, slots=True)
class PastRun:
    """A run that may be taken back."""

    run_id: str
    sync: str


def find_run(connection: psycopg.Connection[TupleRow], run_id: str) -> PastRun:
    """The run of that id.

    Raises:
        RevertError: when there is none.
    """
    found = connection.execute(
        "select sync from ops.sync_run where run_id = %s", [run_id]
    ).fetchone()
    if found is None:
        raise RevertError(f"There is no run {run_id}: `millrace sync status` names the latest.")
    return PastRun(run_id, found[0])


def draw_revert(
    connection: psycopg.Connection[TupleRow],
    declaration: Declaration,
    run_id: str,
    left_out: Sequence[str] = (),
) -> Drawing:
    """Draw up the way back: each record that the run wrote, to what it held before.

    A row's `acknowledged` is what the run wrote: where the record holds something else by now,
    somebody has changed it since, and it is left alone. Optional properties that the destination
    lacks are `left_out`.

    Raises:
        RevertError: when the sync's rows cannot be taken back.
        SourceError: when the model is missing or lacks a column.
    """
    if declaration.mode.sends_once:
        raise RevertError(f"What {declaration.name} has sent cannot be taken back.")
    drawing = draw(connection, declaration, scope=Scope.REVERT, left_out=left_out)
    names = {
        "drawn": drawing.table,
        "run_id": sql.Literal(run_id),
        "stays": sql.Literal(sorted(declaration.personal.union(left_out))),
        "gone": sql.Literal(GONE),
    }
    with connection.transaction():
        connection.execute("drop table if exists pg_temp.to_put_back")
        connection.execute(sql.SQL(_TO_PUT_BACK).format(**names))
        for statement in (_LEAVE_OUT, _PUT_BACK, _ADD_GONE):
            connection.execute(sql.SQL(statement).format(**names))
        rows = connection.execute("select count(*) from pg_temp.to_put_back").fetchone() or (0,)
    # All rows are to be written, so that a share of them means nothing.
    return replace(drawing, source=rows[0], is_first=True, duplicate_keys=())


# Personal values are not kept, and cannot be put back; nor can what the destination lacks.
_TO_PUT_BACK = """
    create temporary table to_put_back as
    select
        written.key,
        written.before - {stays}::text[] as before,
        written.changes - {stays}::text[] as changes,
        coalesce(written.acknowledged, '{{}}') as acknowledged
    from ops.sync_row as written
    where
        written.run_id = {run_id}
        and written.outcome = 'written'
        and written.before - {stays}::text[] <> '{{}}'
"""
_LEAVE_OUT = """
    delete from {drawn}
    where key is null or key not in (select key from pg_temp.to_put_back)
"""
_PUT_BACK = """
    update {drawn} as drawn
    set changes = back.before,
        acknowledged = back.changes,
        reclaims = back.acknowledged,
        operation = 'update',
        standing = 'update'
    from pg_temp.to_put_back as back
    where back.key = drawn.key
"""
_ADD_GONE = """
    insert into {drawn} (
        key, name, desired_hash, changes, acknowledged, reclaims, is_doubtful, operation, standing
    )
    select
        back.key, back.key, {gone}, back.before, back.changes, back.acknowledged, false, 'update',
        'update'
    from pg_temp.to_put_back as back
    where not exists (select from {drawn} as drawn where drawn.key = back.key)
"""
