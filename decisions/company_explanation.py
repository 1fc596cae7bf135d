"""Why a company stands where it stands: the decision in force at some instant, from rows alone.

Everything told here was written by the models: what the latest run looked at (`company_journey`),
what earlier runs looked at when they changed something (`decision_inputs`,
`assignment_candidates`), what changed (`company_change_log`), and which events said so. No rule is
worked out a second time (spec README.md, What must always hold, 4).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, cast

import psycopg
from psycopg.rows import class_row, dict_row
from psycopg.sql import SQL

from warehouse.database import Warehouse

FIELDS = ("cs_stage", "customer_success_manager", "account_manager", "sales_account_manager")
"""What the journey decides, as the log names it."""


class ExplanationError(Exception):
    """There is nothing to explain; the message says why and what to do."""


@dataclass(frozen=True)
class Change:
    """One row of the log."""

    changed_at: datetime
    field: str
    old_value: str | None
    new_value: str | None
    rule: str
    """The stage rule of the decision, or `reported`."""
    assignment_reason: str | None
    source_event_id: str | None
    run_id: str


@dataclass(frozen=True)
class RuleCheck:
    """One stage rule as the decision found it (spec journey.md, CS stage)."""

    rule: str
    is_match: bool
    is_decisive: bool
    why: str


@dataclass(frozen=True)
class InputEvent:
    """The event behind an input: the last that spoke of it when the decision was made."""

    field: str
    value: str | None
    event_type: str
    event_id: str
    occurred_at: datetime
    received_at: datetime


@dataclass(frozen=True)
class Candidate:
    """One manager of the bucket, when it was the company's turn."""

    username: str
    lead_intake: int
    """With 0 nothing new is given."""
    companies: int
    last_assigned_at: datetime | None
    is_chosen: bool


@dataclass(frozen=True)
class Assignment:
    """How somebody came to be the manager, where the run chose among several."""

    department: str
    """`customer_success` or `sales`."""
    decided_at: datetime
    assignment_reason: str
    candidates: list[Candidate]


@dataclass(frozen=True)
class ReviewTopic:
    """Why the company waits for a person."""

    topic: str
    details: str
    since: datetime


@dataclass(frozen=True)
class Decision:
    """The decision in force: what it was, and what it looked at."""

    decided_at: datetime
    """The latest run, or the last one that changed something up to the instant asked for."""
    cs_stage: str
    cs_stage_rule: str
    customer_success_manager: str | None
    assignment_reason: str
    account_manager: str | None
    sales_account_manager: str | None
    sales_assignment_reason: str | None
    plan_id: str | None
    plan_group: str
    status: str
    arr: Decimal | None
    """USD a year, exact (`Decimal`); None without a subscription."""
    arr_range: str
    is_arr_range_defaulted: bool
    is_paying: bool
    paying_since: datetime | None
    days_paying: int | None
    region: str
    is_region_unknown: bool
    hubspot_company_id: str | None
    is_subjectively_onboarded: bool | None
    is_stage_locked: bool
    stage_lock_expires_at: datetime | None
    is_manager_locked: bool
    manager_lock_expires_at: datetime | None


@dataclass(frozen=True)
class CompanyExplanation:
    """Everything about one company's standing at one instant."""

    company_id: str
    name: str | None
    at: datetime
    """The instant that is explained (UTC)."""
    latest_run_at: datetime
    """The as_of of the latest run that looked at the company."""
    is_latest: bool
    """Whether the latest run is explained; otherwise an earlier one that changed something."""
    skip_reason: str | None
    """Why the latest run decided nothing about it; None when it did."""
    decision: Decision | None
    """None when nothing had been decided by then."""
    in_force: dict[str, str | None]
    """What the log says last of each of `FIELDS`; what people reported after the decision, too."""
    rules: list[RuleCheck] = field(default_factory=list)
    inputs: list[InputEvent] = field(default_factory=list)
    assignments: list[Assignment] = field(default_factory=list)
    history: list[Change] = field(default_factory=list)
    """Every change up to the instant, the oldest first."""
    review: list[ReviewTopic] = field(default_factory=list)
    """Only of the latest run."""

    def last_change(self, name: str) -> Change | None:
        """The change that set a field's value; None when it was never set."""
        return _last_change(self.history, name)


def _last_change(history: list[Change], name: str) -> Change | None:
    """A report of what is in force already changes nothing, though it stands in the log."""
    changes = [each for each in history if each.field == name and each.old_value != each.new_value]
    return changes[-1] if changes else None


def explain_company(
    warehouse: Warehouse, identifier: str, *, at: datetime | None = None
) -> CompanyExplanation:
    """Explain where a company stands, and how it came there.

    Args:
        warehouse: with a journey that was built at least once.
        identifier: the company's id, or that of its record in HubSpot.
        at: explain what was in force at this instant; by default what the latest run decided.

    Raises:
        ExplanationError: when nothing was ever built, or no company is known by this id.
    """
    with warehouse.connect() as connection:
        try:
            return _explain(connection, identifier, at)
        except (psycopg.errors.UndefinedTable, psycopg.errors.UndefinedColumn):
            raise ExplanationError(
                "The journey has not been built here by this version yet: run `millrace build`, "
                "then ask again."
            ) from None


def _explain(
    connection: psycopg.Connection[Any], identifier: str, at: datetime | None
) -> CompanyExplanation:
    company_id, name, latest_run = _find(connection, identifier)
    is_latest = at is None or at >= latest_run
    instant = at if at is not None else latest_run
    history = _history(connection, company_id, instant)
    skipped = connection.execute(
        "select reason from journey.skipped_companies where company_id = %s", (company_id,)
    ).fetchone()
    if is_latest:
        run_id, decision = None, _latest_decision(connection, company_id)
    else:
        run_id, decision = _earlier_decision(connection, company_id, instant)
    looked_at = decision.decided_at if decision else min(instant, latest_run)
    return CompanyExplanation(
        company_id=company_id,
        name=name,
        at=instant,
        latest_run_at=latest_run,
        is_latest=is_latest,
        skip_reason=skipped[0] if skipped and is_latest else None,
        decision=decision,
        in_force={
            name: change.new_value if (change := _last_change(history, name)) else None
            for name in FIELDS
        },
        rules=_rules(connection, company_id, run_id) if decision else [],
        inputs=_inputs(connection, company_id, run_id, looked_at),
        assignments=_assignments(connection, company_id, history),
        history=history,
        review=_review(connection, company_id) if is_latest else [],
    )


def _find(connection: psycopg.Connection[Any], identifier: str) -> tuple[str, str | None, datetime]:
    """The company's id and name, and the as_of of the latest run that looked at it."""
    found = connection.execute(
        """
        select company_id, name, known_at
        from core.companies
        where company_id = %(id)s or hubspot_company_id = %(id)s
        order by company_id <> %(id)s, company_id
        limit 1
        """,
        {"id": identifier},
    ).fetchone()
    if found is None:
        raise ExplanationError(
            f"No company is known as {identifier!r}, neither by its own id nor by its record in "
            "HubSpot: look for its name in core.companies."
        )
    return cast("tuple[str, str | None, datetime]", found)


def _history(
    connection: psycopg.Connection[Any], company_id: str, instant: datetime
) -> list[Change]:
    with connection.cursor(row_factory=class_row(Change)) as cursor:
        return cursor.execute(
            """
            select changed_at, field, old_value, new_value, rule, assignment_reason,
                source_event_id, run_id
            from journey.company_change_log
            where company_id = %s and changed_at <= %s
            order by change_id
            """,
            (company_id, instant),
        ).fetchall()


_DECISION = SQL(
    "cs_stage, cs_stage_rule, customer_success_manager, assignment_reason, account_manager, "
    "sales_account_manager, sales_assignment_reason, plan_id, plan_group, status, arr, arr_range, "
    "is_arr_range_defaulted, is_paying, paying_since, days_paying, region, is_region_unknown, "
    "hubspot_company_id, is_subjectively_onboarded, is_stage_locked, stage_lock_expires_at, "
    "is_manager_locked, manager_lock_expires_at, decided_at"
)


def _latest_decision(connection: psycopg.Connection[Any], company_id: str) -> Decision | None:
    with connection.cursor(row_factory=class_row(Decision)) as cursor:
        return cursor.execute(
            SQL("select {} from journey.company_journey where company_id = %s").format(_DECISION),
            (company_id,),
        ).fetchone()


def _earlier_decision(
    connection: psycopg.Connection[Any], company_id: str, instant: datetime
) -> tuple[str | None, Decision | None]:
    """The last decision that changed something up to `instant`, with its run."""
    with connection.cursor(row_factory=dict_row) as cursor:
        row = cursor.execute(
            SQL(
                """
                select run_id, {} from journey.decision_inputs as inputs
                where company_id = %(id)s and decided_at <= %(at)s
                    and exists (
                        select from journey.company_change_log as log
                        where log.company_id = inputs.company_id and log.run_id = inputs.run_id
                    )
                order by decided_at desc, (
                    select max(change_id) from journey.company_change_log as log
                    where log.company_id = inputs.company_id and log.run_id = inputs.run_id
                ) desc
                limit 1
                """
            ).format(_DECISION),
            {"id": company_id, "at": instant},
        ).fetchone()
    if row is None:
        return None, None
    run_id = row.pop("run_id")
    return run_id, Decision(**row)


def _rules(
    connection: psycopg.Connection[Any], company_id: str, run_id: str | None
) -> list[RuleCheck]:
    with connection.cursor(row_factory=class_row(RuleCheck)) as cursor:
        return cursor.execute(
            """
            select rule, is_match, is_decisive, why
            from journey.stage_rule_checks
            where company_id = %s and run_id is not distinct from %s
            order by rule_number
            """,
            (company_id, run_id),
        ).fetchall()


def _inputs(
    connection: psycopg.Connection[Any], company_id: str, run_id: str | None, looked_at: datetime
) -> list[InputEvent]:
    """What a run as of `looked_at` knew; its record says when it began, and so what had come in.

    Without a record, be it that no run had decided by then, all events up to `looked_at` count.
    """
    with connection.cursor(row_factory=class_row(InputEvent)) as cursor:
        return cursor.execute(
            """
            with run as (
                select started_at
                from ops.build_run
                where outcome = 'decided' and as_of <= %(at)s
                    and (run_id = %(run_id)s or %(run_id)s::text is null)
                order by as_of desc, started_at desc
                limit 1
            )
            select distinct on (field)
                field, value, event_type, event_id, occurred_at, received_at
            from intermediate.int_journey__input_events
            where company_id = %(id)s and occurred_at <= %(at)s
                and received_at <= coalesce((select started_at from run), 'infinity')
            order by field, occurred_at desc, event_id collate "C" desc
            """,
            {"id": company_id, "run_id": run_id, "at": looked_at},
        ).fetchall()


def _assignments(
    connection: psycopg.Connection[Any], company_id: str, history: list[Change]
) -> list[Assignment]:
    """Those that set the managers in force, where a run chose among several."""
    found = []
    for name, department in (
        ("customer_success_manager", "customer_success"),
        ("sales_account_manager", "sales"),
    ):
        change = _last_change(history, name)
        if change is None or change.assignment_reason not in {"history", "round_robin"}:
            continue
        with connection.cursor(row_factory=class_row(Candidate)) as cursor:
            candidates = cursor.execute(
                """
                select username, lead_intake, companies, last_assigned_at, is_chosen
                from journey.assignment_choices
                where company_id = %s and run_id = %s and department = %s
                order by lead_intake = 0, companies, last_assigned_at nulls first,
                    username collate "C"
                """,
                (company_id, change.run_id, department),
            ).fetchall()
        found.append(
            Assignment(
                department=department,
                decided_at=change.changed_at,
                assignment_reason=change.assignment_reason,
                candidates=candidates,
            )
        )
    return found


def _review(connection: psycopg.Connection[Any], company_id: str) -> list[ReviewTopic]:
    with connection.cursor(row_factory=class_row(ReviewTopic)) as cursor:
        return cursor.execute(
            "select topic, details, since from journey.review_queue "
            "where company_id = %s order by topic",
            (company_id,),
        ).fetchall()
