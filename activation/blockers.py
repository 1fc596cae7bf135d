"""What must be put right before a sync may write anything, as the models have found out.

A sync's file may name a relation with one row for each reason (`Declaration.blocked_by`): `cause`
is its kind, and `details` a sentence that says what to do.
"""

from __future__ import annotations

from typing import LiteralString

import psycopg
from psycopg import sql
from psycopg.rows import TupleRow

from activation.declaration import Declaration
from activation.errors import BlockedError, SourceError

_NAMED = 5
"""Reasons that are told in full."""

_BLOCKERS: LiteralString = """
    select cause, details, count(*) over ()
    from {relation}
    order by cause collate "C", details collate "C"
    limit {named}
"""


def why_blocked(connection: psycopg.Connection[TupleRow], declaration: Declaration) -> str | None:
    """Why a sync must not run now, with the first reasons in full; None when it may.

    Raises:
        SourceError: when the relation that its file names is missing, or lacks a column.
    """
    if declaration.blockers is None:
        return None
    relation = sql.Identifier(*declaration.blockers)
    query = sql.SQL(_BLOCKERS).format(relation=relation, named=sql.Literal(_NAMED))
    try:
        found = connection.execute(query).fetchall()
    except (psycopg.errors.UndefinedTable, psycopg.errors.InvalidSchemaName):
        raise SourceError(
            f"There is no {declaration.blocked_by}, which says whether {declaration.name} may run: "
            "run `millrace build` first."
        ) from None
    except psycopg.errors.UndefinedColumn:
        raise SourceError(
            f"{declaration.blocked_by} must have the columns cause and details: correct the model, "
            f"or blocked_by in {declaration.name}.yml."
        ) from None
    if not found:
        return None
    told = "; ".join(f"{cause}: {(details or '').rstrip('.')}" for cause, details, _ in found)
    rest = found[0][2] - len(found)
    more = f"; and {rest} more in {declaration.blocked_by}" if rest else ""
    return f"Nothing is sent, as {declaration.blocked_by} has reasons not to: {told}{more}."


def require_unblocked(connection: psycopg.Connection[TupleRow], declaration: Declaration) -> None:
    """Whether nothing stands in the way of a sync.

    Raises:
        BlockedError: when something does; it says what.
        SourceError: as `why_blocked`.
    """
    if (reasons := why_blocked(connection, declaration)) is not None:
        raise BlockedError(reasons)
