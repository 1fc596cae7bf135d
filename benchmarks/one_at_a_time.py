"""The journey as a runner that takes one company after another decides it.

What a sensible service around the seed's diagram would do for each company: take the company's
lock, read its state by primary key, decide in Python, ask the database for an earlier manager and
for the one with the fewest companies (both by index; loads are counters, not counted anew), write
the company's record and the log where something changed, commit. It begins where the assignment
models begin, with `int_journey__company_states`, and decides what they decide: every company.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import LiteralString, NamedTuple

from psycopg import Connection, sql
from psycopg.rows import TupleRow, class_row

from warehouse.database import Warehouse


@dataclass(frozen=True, slots=True)
class OneAtATime:
    """What the runner did."""

    managers: Mapping[str, str | None]
    """Who looks after each company that is decided."""
    seconds: float


class _State(NamedTuple):
    """What the rules read of one company."""

    company_id: str
    status: str | None
    plan_id: str | None
    plan_group: str
    arr_range: str
    region: str
    is_paying: bool
    days_paying: int | None
    is_subjectively_onboarded: bool | None
    is_stage_locked: bool
    locked_stage: str | None
    is_manager_locked: bool
    locked_manager: str | None
    previous_stage: str | None
    previous_cs_manager: str | None
    previous_account_manager: str | None
    sales_account_manager: str | None


class _Ruled(NamedTuple):
    """A company with its stage."""

    state: _State
    rule: str
    stage: str | None


_PREPARE: LiteralString = """
    create schema by_runner;
    create table by_runner.states as
    select * from intermediate.int_journey__company_states where skip_reason is null;
    alter table by_runner.states add primary key (company_id);
    create table by_runner.log (like journey.company_change_log);
    alter table by_runner.log alter change_id add generated always as identity;
    insert into by_runner.log overriding system value
    select * from journey.company_change_log where changed_at < {as_of};
    select setval(pg_get_serial_sequence('by_runner.log', 'change_id'), max(change_id))
    from by_runner.log;
    create index on by_runner.log (company_id, field, change_id);
    create table by_runner.members as
    select username, cs_stage, region, arr_range, lead_intake
    from intermediate.int_journey__bucket_members;
    alter table by_runner.members add primary key (cs_stage, region, arr_range, username);
    create table by_runner.queue as
    select
        company_id,
        row_number() over (order by last_journey_event_at, company_id collate "C") as place
    from by_runner.states;
    create table by_runner.records as
    select company_id, previous_stage as cs_stage, previous_cs_manager as customer_success_manager,
        previous_account_manager as account_manager
    from by_runner.states;
    alter table by_runner.records add primary key (company_id);
    create table by_runner.managers as
    select
        username,
        coalesce(load, 0) as load,
        last_assigned_at
    from (select distinct username from by_runner.members) as members
    left join (
        select previous_cs_manager as username, count(*) as load
        from by_runner.states
        inner join intermediate.int_journey__manager_steps as steps using (company_id)
        where steps.assignment_reason not in ('history', 'round_robin')
        group by previous_cs_manager
    ) as loads using (username)
    left join (
        select new_value as username, max(changed_at) as last_assigned_at
        from by_runner.log
        where field = 'customer_success_manager'
        group by new_value
    ) as assignments using (username);
    alter table by_runner.managers add primary key (username);
"""

_TABLES = ("states", "records", "log", "members", "queue", "managers")

_READ = sql.SQL("select {} from by_runner.states where company_id = %s").format(
    sql.SQL(", ").join(map(sql.Identifier, _State._fields))
)

_IS_MEMBER: LiteralString = """
    select 1 from by_runner.members
    where cs_stage = %s and region = %s and arr_range = %s and username = %s
"""

_FORMER_MANAGER: LiteralString = """
    select members.username
    from by_runner.log as log
    inner join by_runner.members as members on log.new_value = members.username
    where
        log.company_id = %s and log.field = 'customer_success_manager'
        and members.cs_stage = %s and members.region = %s and members.arr_range = %s
        and members.lead_intake > 0
    order by log.change_id desc
    limit 1
"""

_LEAST_LOADED: LiteralString = """
    select managers.username
    from by_runner.members as members
    inner join by_runner.managers as managers using (username)
    where
        members.cs_stage = %s and members.region = %s and members.arr_range = %s
        and members.lead_intake > 0
    order by managers.load, managers.last_assigned_at nulls first, managers.username collate "C"
    limit 1
"""

_ASSIGN: LiteralString = """
    update by_runner.managers set load = load + 1, last_assigned_at = %s where username = %s
"""

_LOCK: LiteralString = "select pg_advisory_xact_lock(hashtextextended(%s, 0))"

_RECORD: LiteralString = """
    update by_runner.records
    set cs_stage = %s, customer_success_manager = %s, account_manager = %s
    where company_id = %s
"""

_LOG: LiteralString = """
    insert into by_runner.log
        (company_id, field, old_value, new_value, changed_at, rule, assignment_reason, run_id)
    select %s, field, old_value, new_value, %s, %s, %s, 'runner'
    from (
        values
        ('cs_stage', %s, %s),
        ('customer_success_manager', %s, %s),
        ('account_manager', %s, %s)
    ) as changes (field, old_value, new_value)
    where old_value is distinct from new_value
"""


def run_one_at_a_time(warehouse: Warehouse, as_of: datetime) -> OneAtATime:
    """Decide about every company, as the build at `as_of` found it.

    Args:
        warehouse: where the journey was just built at `as_of`; what the runner writes goes into
            tables of its own, which are prepared, indexed and analyzed before the clock starts.
        as_of: the time of the decisions.
    """
    with warehouse.connect(autocommit=True) as connection:
        connection.execute(sql.SQL(_PREPARE).format(as_of=sql.Literal(as_of)))
        for table in _TABLES:
            connection.execute(
                sql.SQL("vacuum analyze {}").format(sql.Identifier("by_runner", table))
            )
        connection.execute("checkpoint")
        queue = [
            company_id
            for (company_id,) in connection.execute(
                "select company_id from by_runner.queue order by place"
            )
        ]
    with warehouse.connect() as connection:
        runner = _Runner(connection, as_of)
        began = time.perf_counter()
        # What an earlier manager gets back counts from the start (spec journey.md, step 5).
        waiting = [ruled for each in queue if (ruled := runner.decide(each)) is not None]
        for ruled in waiting:
            runner.hand_out(ruled)
        seconds = time.perf_counter() - began
    return OneAtATime(runner.managers, seconds)


class _Runner:
    def __init__(self, connection: Connection[TupleRow], as_of: datetime) -> None:
        self.managers: dict[str, str | None] = {}
        self._connection = connection
        self._as_of = as_of
        self._states = connection.cursor(row_factory=class_row(_State))

    def decide(self, company_id: str) -> _Ruled | None:
        """Write the decision about one company; return it where round-robin is to choose."""
        self._connection.execute(_LOCK, [company_id])
        found = self._states.execute(_READ, [company_id]).fetchone()
        if found is None:
            raise AssertionError(f"{company_id} has no state.")
        ruled = _rule(found)
        current = found.previous_cs_manager
        if ruled.rule.startswith("churn"):
            self._write(ruled, "churn_kept", current)
        elif found.is_manager_locked:
            self._write(ruled, "locked", found.locked_manager or current)
        elif ruled.stage in {"cs_sales", "cs_error"}:
            self._write(ruled, "left_to_sales", current)
        elif current is not None and self._ask(_IS_MEMBER, *_bucket(ruled), current):
            self._write(ruled, "kept", current)
        elif former := self._ask(_FORMER_MANAGER, company_id, *_bucket(ruled)):
            self._connection.execute(_ASSIGN, [self._as_of, former])
            self._write(ruled, "history", former)
        else:
            self._connection.commit()
            return ruled
        return None

    def hand_out(self, ruled: _Ruled) -> None:
        """Give one company to whoever of its bucket has the fewest."""
        self._connection.execute(_LOCK, [ruled.state.company_id])
        chosen = self._ask(_LEAST_LOADED, *_bucket(ruled))
        if chosen is None:
            self._write(ruled, "no_candidate", ruled.state.previous_cs_manager)
        else:
            self._connection.execute(_ASSIGN, [self._as_of, chosen])
            self._write(ruled, "round_robin", chosen)

    def _ask(self, query: LiteralString, *values: str) -> str | None:
        row = self._connection.execute(query, values).fetchone()
        return None if row is None else str(row[0])

    def _write(self, ruled: _Ruled, reason: str, manager: str | None) -> None:
        state = ruled.state
        is_under_cs = state.status == "PAID" or state.plan_id not in _SALES_PLANS
        account_manager = manager if is_under_cs else state.sales_account_manager
        before = (state.previous_stage, state.previous_cs_manager, state.previous_account_manager)
        after = (ruled.stage, manager, account_manager)
        if after != before:
            self._connection.execute(_RECORD, [*after, state.company_id])
            changes = [value for pair in zip(before, after, strict=True) for value in pair]
            self._connection.execute(
                _LOG, [state.company_id, self._as_of, ruled.rule, reason, *changes]
            )
        self._connection.commit()
        self.managers[state.company_id] = manager


_SALES_PLANS = {"trial", "demo", "free", "connecteam_free_small_business"}


def _bucket(ruled: _Ruled) -> tuple[str, str, str]:
    return ruled.stage or "", ruled.state.region, ruled.state.arr_range


def _rule(state: _State) -> _Ruled:
    """The first rule that matches (spec journey.md, CS stage)."""
    onboarded = state.is_subjectively_onboarded
    is_mature = state.arr_range == "2001-8000" and (state.days_paying or 0) > 90
    rules = (
        (
            state.plan_group == "churn" and state.previous_cs_manager is not None,
            "churn_with_manager",
            state.previous_stage or "cs_error",
        ),
        (state.plan_group == "churn", "churn_without_manager", state.previous_stage or "cs_error"),
        (state.is_stage_locked, "stage_locked", state.locked_stage),
        (state.plan_group == "small_business", "small_business", "cs_sbp"),
        (state.plan_group == "sales", "sales", "cs_sales"),
        (state.arr_range == "1-2000", "no_touch", "cs_no_touch"),
        (onboarded is True, "subjectively_onboarded", "cs_success"),
        (onboarded is None and is_mature, "success", "cs_success"),
        (state.is_paying, "onboarding", "cs_onboarding"),
        (True, "error", "cs_error"),
    )
    return next(_Ruled(state, rule, stage) for applies, rule, stage in rules if applies)
