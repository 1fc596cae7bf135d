"""How long a plan takes, beside the join that the same question takes in plain SQL."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from psycopg import sql

from activation import plan_sync
from benchmarks.companies import SYNC, acknowledge_all, build_model
from warehouse.database import Warehouse

_ROUNDS = 3
_CHANGED_EVERY = 100


@dataclass(frozen=True, slots=True)
class Planning:
    """The same rows compared in both ways, by turns."""

    rows: int
    changed: int
    plan_seconds: Sequence[float]
    """`plan_sync`, from the call to its result."""
    join_seconds: Sequence[float]
    """A left join on the key with a typed table of what was sent, counting what differs."""

    @property
    def ratio(self) -> float:
        """The plan's median by the join's."""
        return median(self.plan_seconds) / median(self.join_seconds)


def measure_planning(warehouse: Warehouse, rows: int) -> Planning:
    """Compare so many rows, of which 1 % have changed.

    Raises:
        AssertionError: when both do not find the same number of changes.
    """
    build_model(warehouse, rows)
    acknowledge_all(warehouse)
    with warehouse.connect(autocommit=True) as connection:
        connection.execute("drop table if exists sent")
        connection.execute(
            "create table sent as select * from activation.sync_hubspot_company__journey"
        )
        connection.execute("alter table sent add primary key (hubspot_company_id)")
        connection.execute("vacuum analyze sent")
    build_model(warehouse, rows, every=_CHANGED_EVERY)
    plans, joins = [], []
    for _ in range(_ROUNDS):
        seconds, differing = _join(warehouse)
        joins.append(seconds)
        began = time.perf_counter()
        planned = plan_sync(warehouse, SYNC).counts.to_write
        plans.append(time.perf_counter() - began)
        if planned != differing:
            raise AssertionError(f"The plan finds {planned} changes, the join {differing}.")
    return Planning(rows, differing, plans, joins)


def _join(warehouse: Warehouse) -> tuple[float, int]:
    differs = [
        sql.SQL("model.{0} is distinct from sent.{0}").format(sql.Identifier(field.column))
        for field in SYNC.fields
    ]
    statement = sql.SQL(
        "select count(*) from {model} as model left join sent using ({key}) where {differs}"
    ).format(
        model=sql.Identifier(*SYNC.source),
        key=sql.Identifier(SYNC.key),
        differs=sql.SQL(" or ").join(differs),
    )
    with warehouse.connect(autocommit=True) as connection:
        began = time.perf_counter()
        found = connection.execute(statement).fetchone()
        seconds = time.perf_counter() - began
    return seconds, int(found[0]) if found else 0
