"""The company journey in plain Python, one company after another (spec/journey.md).

An independent reading of the rules, by which tests tell what a world holds. It decides from the
lines of a world, like any consumer, and never from its truth records.
"""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from simulators.world import ArrivedLine, Delivery, World

REFERENCE = Path(__file__).parents[2] / "seeds" / "reference"
CS = "customer_success_manager"
SALES = "sales_account_manager"
NEVER = datetime.min.replace(tzinfo=UTC)
_SALES_PLANS = {"trial", "demo", "free", "connecteam_free_small_business"}
_COMPANY_EVENTS = {
    "company_created", "company_updated", "subscription_changed", "payment_received",
    "zoom_meeting_held", "company_inactive", "cs_stage_lock_set", "cs_stage_lock_released",
    "cs_manager_lock_set", "cs_manager_lock_released",
}  # fmt: skip
"""Spec events.md, Company: what the journey knows; visits and people are of other systems."""
_STATE_EVENTS = {"company_created", "company_updated", "subscription_changed"}


@dataclass(frozen=True, slots=True)
class Values:
    """What the journey holds of one company."""

    cs_stage: str | None = None
    cs_manager: str | None = None
    sales_manager: str | None = None
    account_manager: str | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """What one run says of one company."""

    before: Values
    after: Values
    skip_reason: str | None = None
    rule: str | None = None
    reason: str | None = None


@dataclass(slots=True)
class State:
    """A company as its events tell it until some instant."""

    events: list[dict[str, Any]]
    fields: dict[str, Any] = field(default_factory=dict)
    subscriptions: list[dict[str, Any]] = field(default_factory=list)
    latest_event_at: datetime = NEVER
    stage_lock: dict[str, Any] | None = None
    manager_lock: dict[str, Any] | None = None
    reports: dict[str, tuple[str, str | None]] = field(default_factory=dict)

    @property
    def paying_since(self) -> datetime | None:
        """Start of the present paying spell."""
        since = None
        for event in self.subscriptions:
            data = event["data"]
            is_paying = data["status"] in {"active", "past_due"} and data["mrr"] > 0
            since = (since or event["occurred_at"]) if is_paying else None
        return since

    @property
    def known_arr(self) -> Decimal | None:
        """Twelve times the last mrr above 0; None: never known."""
        known = [event["data"]["mrr"] for event in self.subscriptions if event["data"]["mrr"] > 0]
        return 12 * Decimal(known[-1]) if known else None


class PlainJourney:
    """The journey of a world's companies: a log, and runs that add to it."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.managers = [row for row in _rows("cs_managers") if row["is_active"] == "true"]
        self.plan_groups = {row["plan_id"]: row["plan_group"] for row in _rows("plan_groups")}
        self.regions = {row["country"]: row["region"] for row in _rows("country_regions")}
        self.onboarded = {
            record.hubspot_company_id: record.properties.get("is_subjectively_onboarded_")
            for record in world.hubspot_companies
        }
        self.values: dict[str, Values] = {}
        self.held: dict[str, list[str]] = {}
        """By company: everybody who was its CS manager, in order."""
        self.assigned_at: dict[str, datetime] = {}
        self.applied_reports: set[str] = set()

    def run(self, as_of: datetime, landed_until: datetime | None = None) -> dict[str, Decision]:
        """Decide about every company known at `as_of` from what has arrived."""
        states = read_states(self.world.arrivals(None, landed_until or as_of), as_of)
        before = {company_id: self.values.get(company_id, Values()) for company_id in states}
        for company_id, state in states.items():
            self._apply_reports(company_id, state, as_of)
        decisions: dict[str, Decision] = {}
        waiting: list[tuple[datetime, bytes, str]] = []
        for company_id, state in states.items():
            current = self.values.get(company_id, Values())
            skip_reason = _skip_reason(state.fields)
            if skip_reason:
                decisions[company_id] = Decision(before[company_id], current, skip_reason)
                continue
            rule, stage = self._stage(state, current, as_of)
            reason, manager = self._manager(company_id, state, (rule, stage), as_of)
            if reason == "round_robin":
                waiting.append((state.latest_event_at, company_id.encode(), company_id))
            elif manager != current.cs_manager:
                self._assign(company_id, manager, as_of)
            after = Values(stage, manager, current.sales_manager)
            decisions[company_id] = Decision(before[company_id], after, None, rule, reason)
        loads = Counter(decision.after.cs_manager for decision in decisions.values())
        for _, _, company_id in sorted(waiting):
            decision = decisions[company_id]
            bucket = self._bucket(states[company_id], decision.after.cs_stage)
            chosen = min(
                _takers(bucket),
                key=lambda name: (loads[name], self.assigned_at.get(name, NEVER), name.encode()),
            )
            loads[chosen] += 1
            self._assign(company_id, chosen, as_of)
            decisions[company_id] = replace(
                decision, after=replace(decision.after, cs_manager=chosen)
            )
        return {
            company_id: self._with_account_manager(company_id, states[company_id], decision)
            for company_id, decision in decisions.items()
        }

    def _apply_reports(self, company_id: str, state: State, as_of: datetime) -> None:
        for name, (event_id, manager) in state.reports.items():
            if event_id in self.applied_reports:
                continue
            self.applied_reports.add(event_id)
            current = self.values.get(company_id, Values())
            if name == CS:
                self.values[company_id] = replace(current, cs_manager=manager)
                self._assign(company_id, manager, as_of)
            else:
                self.values[company_id] = replace(current, sales_manager=manager)

    def _assign(self, company_id: str, manager: str | None, as_of: datetime) -> None:
        if manager is not None:
            self.held.setdefault(company_id, []).append(manager)
            self.assigned_at[manager] = as_of

    def _stage(self, state: State, current: Values, as_of: datetime) -> tuple[str, str]:
        plan_group = self.plan_groups.get(state.fields.get("plan_id") or "", "standard")
        is_churn = plan_group == "churn" or state.fields.get("status") == "CHURNED"
        onboarded = self.onboarded.get(state.fields.get("hubspot_company_id") or "")
        days_paying = (as_of - state.paying_since).days if state.paying_since else None
        is_mature = arr_range(state) == "2001-8000" and days_paying is not None and days_paying > 90
        lock = state.stage_lock or {"expires_at": NEVER, "cs_stage": ""}
        unchanged = current.cs_stage or "cs_error"
        rules = (
            (is_churn and current.cs_manager, "churn_with_manager", unchanged),
            (is_churn, "churn_without_manager", unchanged),
            (as_of < lock["expires_at"], "stage_locked", lock["cs_stage"]),
            (plan_group == "small_business", "small_business", "cs_sbp"),
            (plan_group == "sales", "sales", "cs_sales"),
            (arr_range(state) == "1-2000", "no_touch", "cs_no_touch"),
            (onboarded == "yes", "subjectively_onboarded", "cs_success"),
            (onboarded != "no" and is_mature, "success", "cs_success"),
            (days_paying is not None, "onboarding", "cs_onboarding"),
            (True, "error", "cs_error"),
        )
        return next((rule, stage) for applies, rule, stage in rules if applies)

    def _bucket(self, state: State, stage: str | None) -> list[dict[str, str]]:
        region = self.regions.get(state.fields.get("country") or "", "UNKNOWN")
        return [
            row
            for row in self.managers
            if row["department"] == "customer_success"
            and row["cs_stage"] in {stage, "*"}
            and row["region"] in {region, "*"}
            and row["arr_range"] in {arr_range(state), "*"}
        ]

    def _manager(
        self, company_id: str, state: State, ruling: tuple[str, str], as_of: datetime
    ) -> tuple[str, str | None]:
        rule, stage = ruling
        lock, current = state.manager_lock, self.values.get(company_id, Values())
        bucket = self._bucket(state, stage)
        if rule.startswith("churn"):
            return "churn_kept", current.cs_manager
        if lock and as_of < lock["expires_at"]:
            return "locked", lock.get(CS) or current.cs_manager
        if stage in {"cs_sales", "cs_error"}:
            return ("left_to_sales" if stage == "cs_sales" else "needs_review"), current.cs_manager
        if current.cs_manager in {row["username"] for row in bucket}:
            return "kept", current.cs_manager
        for earlier in reversed(self.held.get(company_id, [])):
            if earlier in _takers(bucket):
                return "history", earlier
        return ("round_robin", None) if _takers(bucket) else ("no_candidate", current.cs_manager)

    def _with_account_manager(self, company_id: str, state: State, decision: Decision) -> Decision:
        after = decision.after
        if decision.skip_reason is None:
            plan_id = state.fields.get("plan_id")
            is_under_cs = state.fields.get("status") == "PAID" or plan_id not in _SALES_PLANS
            owner = after.cs_manager if is_under_cs else after.sales_manager
            after = replace(after, account_manager=owner)
        self.values[company_id] = after
        return replace(decision, after=after)


def arr_range(state: State) -> str:
    """The last known ARR range, by default the lowest."""
    arr = state.known_arr or Decimal(0)
    return "8001+" if arr > 8000 else "2001-8000" if arr > 2000 else "1-2000"


def read_states(arrivals: Iterable[ArrivedLine], as_of: datetime) -> dict[str, State]:
    """The companies as the lines that keep the contract tell them, by company_id."""
    events = {}
    for arrival in arrivals:
        if arrival.delivery in {Delivery.FIRST, Delivery.REPEAT}:
            event = json.loads(arrival.line, parse_float=Decimal)
            event["occurred_at"] = datetime.fromisoformat(event["occurred_at"])
            events[event["event_id"]] = event
    states: dict[str, State] = {}
    for event in sorted(events.values(), key=lambda e: (e["occurred_at"], e["event_id"].encode())):
        if event["occurred_at"] <= as_of and event["event_type"] in _COMPANY_EVENTS:
            company_id = event["data"]["company_id"]
            _tell(states.setdefault(company_id, State([])), event)
    return states


def changed(decisions: Mapping[str, Decision]) -> dict[str, Decision]:
    """The companies whose values differ after the run from before."""
    return {key: value for key, value in decisions.items() if value.before != value.after}


def _tell(state: State, event: dict[str, Any]) -> None:
    data, event_type = event["data"], event["event_type"]
    state.events.append(event)
    if event_type in _STATE_EVENTS or "_lock_" in event_type:
        state.latest_event_at = event["occurred_at"]
    if event_type == "company_created":
        state.fields |= {name: value for name, value in data.items() if value is not None}
    elif event_type == "company_updated":
        state.fields |= {name: value or None for name, value in data.items()}
        for name in (CS, SALES):
            if name in data:
                state.reports[name] = (f"{event['event_id']}:{name}", data[name])
    elif event_type == "subscription_changed":
        state.subscriptions.append(event)
        state.fields["plan_id"] = data["plan_id"]
    elif "_lock_" in event_type:
        lock = None
        if event_type.endswith("_set"):
            lock = data | {"expires_at": datetime.fromisoformat(data["expires_at"])}
        if event_type.startswith("cs_stage"):
            state.stage_lock = lock
        else:
            state.manager_lock = lock


def _takers(bucket: Iterable[dict[str, str]]) -> set[str]:
    return {row["username"] for row in bucket if int(row["lead_intake"]) > 0}


def _skip_reason(fields: Mapping[str, Any]) -> str | None:
    if fields.get("status") is None:
        return "no_status"
    if fields["status"] == "LEAD":
        return "lead"
    if fields.get("signup_timestamp") is None:
        return "no_signup_timestamp"
    if fields.get("num_of_employees_range") is None:
        return "no_employees_range"
    return "test_company" if fields.get("is_test") else None


def _rows(name: str) -> list[dict[str, str]]:
    with (REFERENCE / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
