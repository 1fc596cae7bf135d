"""A sync that belongs together: every company's figures of a week, all or nothing.

It has what a sync may ask of its destination and of the warehouse: kinds and options that its
properties must have, one that may be missing, and a relation that can hold it up.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from psycopg import sql

from activation import Declaration
from activation.writers.base import Option, PropertyDescription, ValueKind
from tests.activation.memory import MemoryWriter
from tests.activation.models import declare, fill
from warehouse.database import Warehouse

TIERS = ("Top 30%", "Middle 40%", "Bottom 30%")
WEEK = "figure_week"
BLOCKERS = ("activation", "publication_blockers")
FIELDS: tuple[Mapping[str, Any], ...] = (
    {"column": "score", "property": "figure_score", "kind": "number", "accepts": ["number"]},
    {"column": "rank", "property": "figure_rank", "accepts": ["text"]},
    {
        "column": "tier",
        "property": "figure_tier",
        "kind": "choice",
        "accepts": ["text", "choice"],
        "options": TIERS,
    },
    {"column": "week", "property": WEEK, "accepts": ["text", "date"], "optional": True},
)


def weekly(**changes: Any) -> Declaration:
    """The sync, with other settings."""
    said = {"policy": "all_or_nothing", "blocked_by": ".".join(BLOCKERS), "fields": FIELDS}
    return declare("hubspot_company__weekly", [], **{**said, **changes})


WEEKLY = weekly()


def figures(count: int, week: str = "2026-03-22") -> dict[str, dict[str, str | None]]:
    """The rows of so many companies, 1001 and on, by key."""
    return {
        str(1000 + rank): {
            "score": str(5 * (count - rank)),
            "rank": f"{rank} out of {count}",
            "tier": TIERS[rank % 3],
            "week": week,
        }
        for rank in range(1, count + 1)
    }


def want(
    warehouse: Warehouse,
    rows: Mapping[str, Mapping[str, str | None]],
    blockers: Iterable[tuple[str, str]] = (),
) -> None:
    """Let the model have these rows, and these reasons not to write them."""
    fill(warehouse, WEEKLY, rows)
    block(warehouse, blockers)


def block(warehouse: Warehouse, blockers: Iterable[tuple[str, str]]) -> None:
    """Let there be these reasons, cause and details, and no others."""
    place = sql.Identifier(*BLOCKERS)
    with warehouse.connect() as connection:
        connection.execute(sql.SQL("drop table if exists {}").format(place))
        connection.execute(sql.SQL("create table {} (cause text, details text)").format(place))
        with connection.cursor() as cursor:
            cursor.executemany(
                sql.SQL("insert into {} values (%s, %s)").format(place), list(blockers)
            )


def remove_blockers(warehouse: Warehouse) -> None:
    """Have no relation to be held up by, as before the first build."""
    with warehouse.connect() as connection:
        connection.execute(sql.SQL("drop table {}").format(sql.Identifier(*BLOCKERS)))


def properties(*, with_week: bool = True) -> dict[str, PropertyDescription]:
    """What a destination describes that fits."""
    options = tuple(Option(value, value) for value in TIERS)
    described = [
        PropertyDescription("figure_score", ValueKind.NUMBER),
        PropertyDescription("figure_rank", ValueKind.TEXT),
        PropertyDescription(
            "figure_tier", ValueKind.CHOICE, options=options, takes_new_options=True
        ),
    ]
    if with_week:
        described.append(PropertyDescription(WEEK, ValueKind.TEXT))
    return {each.name: each for each in described}


def destination(*, with_week: bool = True, **said: Any) -> MemoryWriter:
    """A destination in memory that fits."""
    return MemoryWriter(properties=properties(with_week=with_week), **said)
