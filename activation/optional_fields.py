"""Planning without the optional properties that a destination does not have.

What is left out is neither sent nor acknowledged, so that every row differs in it as soon as the
property is there. No plan of the database's alone can know that: it takes a look at the destination
each time that such a field would be written.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from psycopg import sql

from activation.drawing import Drawing
from activation.preflight import Described

DrawUp = Callable[[Sequence[str]], Drawing]
"""Draws up a plan without the given properties."""


def without_missing(
    drawing: Drawing, draw_up: DrawUp, describe: Callable[[Collection[str]], Described]
) -> Drawing:
    """A plan without the optional properties that the destination is found to lack.

    Asks nobody when no row is to be written with one of them, or the model has errors.

    Args:
        drawing: the plan with all properties.
        draw_up: draws it up again where any are missing.
        describe: asks the destination which of some properties it has.

    Raises:
        DestinationError: when the destination refuses or cannot be used.
    """
    optional = _planned(drawing)
    if not optional or drawing.summary().model_errors:
        return drawing
    described = describe(optional)
    missing = [name for name in optional if name not in described]
    return draw_up(missing) if missing else drawing


def may_be_missing(drawing: Drawing) -> bool:
    """Whether a plan has an optional property that the destination seems to lack.

    It does where it acknowledged rows of the sync, and none of them with that property: then only
    the destination can tell which rows are to be written.
    """
    return not drawing.is_first and any(
        drawing.connection.execute(
            sql.SQL(
                "select from ops.sync_state where sync = {sync} and payload ? {property} limit 1"
            ).format(sync=sql.Literal(drawing.declaration.name), property=sql.Literal(name))
        ).fetchone()
        is None
        for name in _planned(drawing)
    )


def _planned(drawing: Drawing) -> list[str]:
    optional = drawing.declaration.optional
    return [name for name in drawing.properties() if name in optional] if optional else []
