"""How one run decides, one company after another (spec/journey.md, CS stage and CS manager)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from tests.journey.company_states import (
    CS_MANAGER,
    NEVER,
    SALES_MANAGER,
    CompanyState,
    in_force,
    read_states,
)
from tests.journey.inputs import ManagerRow, RunInputs
from tests.journey.tables import LogRow

_SALES_PLANS = {"trial", "demo", "free", "connecteam_free_small_business"}
_ONBOARDED = {"yes": True, "true": True, "no": False, "false": False}


@dataclass(frozen=True, slots=True)
class Values:
    """What the journey holds of one company."""

    cs_stage: str | None = None
    customer_success_manager: str | None = None
    account_manager: str | None = None
    sales_account_manager: str | None = None


@dataclass(frozen=True, slots=True)
class Inputs:
    """What the rules look at besides the company's own events."""

    hubspot_company_id: str | None
    """The record; where it was merged, the one that it lives on as."""
    plan_group: str
    region: str
    is_onboarded: bool | None


@dataclass(frozen=True, slots=True)
class Decision:
    """What one run says of one company."""

    state: CompanyState
    before: Values
    """As the log said before this run's `as_of`."""
    reported: Mapping[str, str | None]
    """By field: what was reported and not applied before `as_of`."""
    after: Values
    skip_reason: str | None = None
    rule: str | None = None
    reason: str | None = None
    sales_reason: str | None = None
    inputs: Inputs | None = None
    """None for a skipped company."""


@dataclass(frozen=True, slots=True)
class _Team:
    """A department, and which field of a company it fills."""

    department: str
    field: str
    left_alone: Mapping[str, str]
    """Stages in which it assigns nobody, with the reason."""


_CS = _Team(
    "customer_success", CS_MANAGER, {"cs_sales": "left_to_sales", "cs_error": "needs_review"}
)
_SALES = _Team("sales", SALES_MANAGER, {"cs_error": "needs_review"})


def decide(inputs: RunInputs, log: Iterable[LogRow]) -> dict[str, Decision]:
    """What a run says of every company known at its `as_of`.

    Args:
        inputs: all but the log.
        log: of earlier runs; what it says of `as_of` itself is no input (docs/decisions/0001).
    """
    return _Run(inputs, log).decide()


class _Run:
    """What a run knows, and its steps."""

    def __init__(self, inputs: RunInputs, log: Iterable[LogRow]) -> None:
        self.inputs = inputs
        self.as_of = inputs.as_of
        self.log = [row for row in log if row.changed_at < inputs.as_of]
        self.before = values_in(self.log)
        self.states = read_states(inputs.events, inputs.as_of)

    def decide(self) -> dict[str, Decision]:
        decisions = {
            company_id: self._begin(company_id, state) for company_id, state in self.states.items()
        }
        self._assign(decisions, _CS)
        if self.inputs.rules.assign_sales_managers:
            self._assign(decisions, _SALES)
        return {
            company_id: _with_account_manager(decision)
            for company_id, decision in decisions.items()
        }

    def _begin(self, company_id: str, state: CompanyState) -> Decision:
        """Apply reports, then find the stage."""
        before = self.before.get(company_id, Values())
        applied = {
            (row.field, row.source_event_id) for row in self.log if row.company_id == company_id
        }
        reported = {
            name: report.manager
            for name, report in state.reports.items()
            if (name, report.event_id) not in applied
        }
        current = replace(before, **reported)
        decision = Decision(state, before, reported, current, state.skip_reason)
        if state.skip_reason is not None:
            return decision
        inputs = self._inputs(state)
        rule, stage = next(self._rules(state, inputs, current))
        return replace(decision, after=replace(current, cs_stage=stage), rule=rule, inputs=inputs)

    def _inputs(self, state: CompanyState) -> Inputs:
        plan_group = self.inputs.reference.plan_groups.get(state.plan_id or "", "standard")
        country = (state.country or "").upper()
        given = state.hubspot_company_id or ""
        hubspot_id = self.inputs.merged_into.get(given, given)
        record = self.inputs.hubspot.get(hubspot_id)
        said = record.onboarded if record is not None and not record.is_archived else None
        return Inputs(
            hubspot_company_id=hubspot_id or None,
            plan_group="churn" if state.status == "CHURNED" else plan_group,
            region=self.inputs.reference.regions.get(country, "UNKNOWN"),
            is_onboarded=_ONBOARDED.get((said or "").lower()),
        )

    def _rules(
        self, state: CompanyState, inputs: Inputs, current: Values
    ) -> Iterator[tuple[str, str]]:
        """The rules that match, in their order, each with its stage."""
        rules, days = self.inputs.rules, state.days_paying(self.as_of)
        lock = in_force(state.stage_lock, self.as_of)
        is_churn = inputs.plan_group == "churn"
        if is_churn and current.customer_success_manager is not None:
            yield "churn_with_manager", current.cs_stage or "cs_error"
        if is_churn:
            yield "churn_without_manager", current.cs_stage or "cs_error"
        if lock is not None:
            yield "stage_locked", lock.value or ""
        if inputs.plan_group == "small_business":
            yield "small_business", "cs_sbp"
        if inputs.plan_group == "sales":
            yield "sales", "cs_sales"
        if state.arr_range == "1-2000":
            yield "no_touch", "cs_no_touch"
        if inputs.is_onboarded is True:
            yield "subjectively_onboarded", "cs_success"
        if inputs.is_onboarded is None and days is not None:
            has_graduated = state.arr_range in rules.auto_success_ranges and days > 90
            has_outgrown = (
                rules.sticky_success
                and state.arr_range not in rules.auto_success_ranges
                and current.cs_stage == "cs_success"
            )
            if has_graduated or has_outgrown:
                yield "success", "cs_success"
        if days is not None:
            yield "onboarding", "cs_onboarding"
        yield "error", "cs_error"

    def _assign(self, decisions: dict[str, Decision], team: _Team) -> None:
        """Steps 0 to 6 of one department, first those that look at one company alone."""
        waiting: list[Decision] = []
        for company_id, decision in decisions.items():
            if decision.skip_reason is None:
                reason, manager = self._step(decision, team)
                if reason == "round_robin":
                    waiting.append(decision)
                decisions[company_id] = _given(decision, team, manager, reason)
        passed_on = {each.state.company_id for each in waiting}
        loads = Counter(
            getattr(decision.after, team.field)
            for company_id, decision in decisions.items()
            if company_id not in passed_on
        )
        last_assigned = self._last_assigned(decisions, team)
        for decision in sorted(waiting, key=_turn):
            chosen = min(
                self._takers(decision, team),
                key=lambda name: (loads[name], last_assigned.get(name, NEVER), name.encode()),
            )
            loads[chosen] += 1
            last_assigned[chosen] = self.as_of
            company_id = decision.state.company_id
            decisions[company_id] = _given(decision, team, chosen, "round_robin")

    def _step(self, decision: Decision, team: _Team) -> tuple[str, str | None]:
        """The first step that applies, and its manager."""
        current: str | None = getattr(decision.after, team.field)
        stage = decision.after.cs_stage or ""
        lock = in_force(decision.state.manager_lock, self.as_of)
        if decision.rule in {"churn_with_manager", "churn_without_manager"}:
            return "churn_kept", current
        if team is _CS and lock is not None:
            return "locked", lock.value or current
        if stage in team.left_alone:
            return team.left_alone[stage], current
        if current in {row.username for row in self._rows_for(decision, team)}:
            return "kept", current
        takers = self._takers(decision, team)
        for row in reversed(self.log):
            is_earlier = row.company_id == decision.state.company_id and row.field == team.field
            if is_earlier and row.new_value in takers:
                return "history", row.new_value
        return ("round_robin", current) if takers else ("no_candidate", current)

    def _rows_for(self, decision: Decision, team: _Team) -> list[ManagerRow]:
        """The active rows that match the company's bucket."""
        if decision.inputs is None:
            return []
        return [
            row
            for row in self.inputs.reference.managers
            if row.is_active
            and row.department == team.department
            and row.cs_stage in {decision.after.cs_stage, "*"}
            and row.region in {decision.inputs.region, "*"}
            and row.arr_range in {decision.state.arr_range, "*"}
        ]

    def _takers(self, decision: Decision, team: _Team) -> set[str]:
        return {row.username for row in self._rows_for(decision, team) if row.lead_intake > 0}

    def _last_assigned(self, decisions: Mapping[str, Decision], team: _Team) -> dict[str, datetime]:
        """When each person was last made somebody's manager, in the log and in this run so far.

        A report counts whoever was the manager before, also when it was the same person.
        """
        last: dict[str, datetime] = {}
        for row in self.log:
            if row.field == team.field and row.new_value is not None:
                last[row.new_value] = row.changed_at
        for decision in decisions.values():
            before = decision.reported.get(team.field, getattr(decision.before, team.field))
            decided = getattr(decision.after, team.field)
            if team.field in decision.reported and before is not None:
                last[before] = self.as_of
            if decided not in {None, before}:
                last[decided] = self.as_of
        return last


def values_in(log: Iterable[LogRow]) -> dict[str, Values]:
    """What a log says last of each company."""
    values: dict[str, Values] = {}
    for row in log:
        known = values.get(row.company_id, Values())
        values[row.company_id] = replace(known, **{row.field: row.new_value})
    return values


def _turn(decision: Decision) -> tuple[datetime, bytes]:
    return decision.state.latest_event_at, decision.state.company_id.encode()


def _given(decision: Decision, team: _Team, manager: str | None, reason: str) -> Decision:
    after = replace(decision.after, **{team.field: manager})
    if team is _SALES:
        return replace(decision, after=after, sales_reason=reason)
    return replace(decision, after=after, reason=reason)


def _with_account_manager(decision: Decision) -> Decision:
    if decision.skip_reason is not None:
        return decision
    state, after = decision.state, decision.after
    is_under_cs = state.status == "PAID" or state.plan_id not in _SALES_PLANS
    owner = after.customer_success_manager if is_under_cs else after.sales_account_manager
    return replace(decision, after=replace(after, account_manager=owner))
