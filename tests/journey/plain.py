"""The company journey in plain Python, run after run (spec/journey.md, Writes).

An independent reading of the rules, written from the specification and not from the models: the
models must come to the same tables. Each run starts from what the log said before its `as_of`
(docs/decisions/0001) and adds to it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime

from tests.journey.company_states import ARR_RANGES, CS_MANAGER, SALES_MANAGER, in_force
from tests.journey.deciding import Decision, Values, decide, values_in
from tests.journey.inputs import RunInputs
from tests.journey.loads import Buckets, bucket_loads, manager_loads
from tests.journey.tables import ChangesRow, JourneyRow, LogRow, ReviewRow, SkippedRow, Tables

FIELDS = ("cs_stage", CS_MANAGER, "account_manager", SALES_MANAGER)


class DecidedLaterError(Exception):
    """The log already holds decisions of a later `as_of`; nothing was written."""


class PlainJourney:
    """A journey from its first run on: a log, a review queue, and runs that add to both."""

    def __init__(self) -> None:
        self.log: list[LogRow] = []
        self.queue: dict[tuple[str, str], ReviewRow] = {}
        self.decisions: dict[str, Decision] = {}
        """Those of the latest run."""

    def run(self, inputs: RunInputs) -> Tables:
        """Decide about every company known at `as_of`.

        Raises:
            DecidedLaterError: when the log holds decisions of a later one.
        """
        if any(row.changed_at > inputs.as_of for row in self.log):
            raise DecidedLaterError
        self.decisions = decide(inputs, self.log)
        self._write(inputs.as_of)
        self.queue = _review(self.decisions.values(), self.log, self.queue, inputs)
        return self._tables(inputs)

    def _write(self, as_of: datetime) -> None:
        """Add to the log what is not in it yet: reports first, then what the decision changes."""
        run = max((row.run for row in self.log), default=0) + 1
        now = values_in(self.log)
        applied = {(row.company_id, row.field, row.source_event_id) for row in self.log}

        def add(
            company_id: str,
            name: str,
            new: str | None,
            *,
            rule: str,
            reason: str | None = None,
            event_id: str | None = None,
        ) -> None:
            values = now.get(company_id, Values())
            row = LogRow(
                company_id=company_id,
                field=name,
                old_value=getattr(values, name),
                new_value=new,
                changed_at=as_of,
                rule=rule,
                assignment_reason=reason,
                source_event_id=event_id,
                run=run,
            )
            now[company_id] = replace(values, **{name: new})
            self.log.append(row)

        for company_id, decision in sorted(self.decisions.items(), key=lambda i: i[0].encode()):
            for name, manager in decision.reported.items():
                event_id = decision.state.reports[name].event_id
                if (company_id, name, event_id) not in applied:
                    add(company_id, name, manager, rule="reported", event_id=event_id)
            if decision.rule is None:
                continue  # skipped
            for name in FIELDS:
                new = getattr(decision.after, name)
                if new != getattr(now.get(company_id, Values()), name):
                    reason = decision.sales_reason if name == SALES_MANAGER else decision.reason
                    add(company_id, name, new, rule=decision.rule, reason=reason)

    def _tables(self, inputs: RunInputs) -> Tables:
        buckets = Buckets(inputs.reference)
        standing = {
            company_id: (each.after.cs_stage or "", each.inputs.region, each.state.arr_range)
            for company_id, each in self.decisions.items()
            if each.inputs is not None
        }
        said = values_in(self.log)
        managers = {
            company_id: manager
            for company_id in self.decisions
            if (manager := said.get(company_id, Values()).customer_success_manager) is not None
        }
        load = manager_loads(buckets, managers, standing, self.log, inputs.as_of)
        log: dict[tuple[str, str], list[LogRow]] = {}
        for row in self.log:
            log.setdefault((row.company_id, row.field), []).append(row)
        return Tables(
            company_journey={
                company_id: _journey_row(decision, inputs.as_of)
                for company_id, decision in self.decisions.items()
                if decision.skip_reason is None
            },
            company_change_log=log,
            company_journey_changes=_changes(self.log),
            skipped_companies={
                company_id: SkippedRow(company_id, decision.skip_reason, inputs.as_of)
                for company_id, decision in self.decisions.items()
                if decision.skip_reason is not None
            },
            review_queue=self.queue,
            cs_manager_load=load,
            cs_bucket_load=bucket_loads(buckets, standing.values(), load),
        )


def _review(
    decisions: Iterable[Decision],
    log: Iterable[LogRow],
    before: Mapping[tuple[str, str], ReviewRow],
    inputs: RunInputs,
) -> dict[tuple[str, str], ReviewRow]:
    """What a person should look at, each since the run from which it has held without a break."""
    former_rule = {
        row.company_id: row.rule
        for row in log
        if row.field == "cs_stage" and row.rule not in {"stage_locked", "onboarding"}
    }
    queue: dict[tuple[str, str], ReviewRow] = {}
    for decision in decisions:
        for topic in _topics(decision, former_rule.get(decision.state.company_id), inputs):
            key = (decision.state.company_id, topic)
            since = before[key].since if key in before else inputs.as_of
            queue[key] = ReviewRow(*key, since)
    return queue


def _topics(decision: Decision, former_rule: str | None, inputs: RunInputs) -> Iterable[str]:
    """Of one company; `former_rule` last gave it a stage other than cs_onboarding."""
    if decision.inputs is None:
        return
    if decision.after.cs_stage == "cs_error" and decision.rule != "churn_without_manager":
        yield "cs_error"
    if decision.reason == "no_candidate":
        yield "no_candidate"
    if decision.sales_reason == "no_candidate":
        yield "no_sales_candidate"
    is_large = _is_above(decision.state.arr_range, inputs.rules.auto_success_ranges)
    if decision.rule == "onboarding" and is_large and decision.inputs.is_onboarded is None:
        if former_rule == "success":
            yield "success_outgrown"
        elif (decision.state.days_paying(inputs.as_of) or 0) > 90:
            yield "never_graduates"


def _is_above(arr_range: str, ranges: Iterable[str]) -> bool:
    """Whether a range is higher than all of these."""
    return all(ARR_RANGES.index(arr_range) > ARR_RANGES.index(each) for each in ranges)


def _changes(log: Iterable[LogRow]) -> dict[tuple[str, int], ChangesRow]:
    """Per company and run the values before and after, where they differ."""
    rows = list(log)
    changes: dict[tuple[str, int], ChangesRow] = {}
    for run in sorted({row.run for row in rows}):
        before = values_in(row for row in rows if row.run < run)
        after = values_in(row for row in rows if row.run <= run)
        changed_at = next(row.changed_at for row in rows if row.run == run)
        for company_id in sorted(after):
            old, new = before.get(company_id, Values()), after[company_id]
            if old != new:
                changes[company_id, run] = ChangesRow(
                    company_id=company_id,
                    run=run,
                    changed_at=changed_at,
                    **_named("old_", old),
                    **_named("new_", new),
                )
    return changes


def _named(prefix: str, values: Values) -> dict[str, str | None]:
    return {f"{prefix}{name}": getattr(values, name) for name in FIELDS}


def _journey_row(decision: Decision, as_of: datetime) -> JourneyRow:
    state, after, inputs = decision.state, decision.after, decision.inputs
    assert inputs is not None
    assert after.cs_stage is not None
    assert decision.rule is not None
    assert decision.reason is not None
    stage_lock = in_force(state.stage_lock, as_of)
    manager_lock = in_force(state.manager_lock, as_of)
    return JourneyRow(
        company_id=state.company_id,
        cs_stage=after.cs_stage,
        cs_stage_rule=decision.rule,
        customer_success_manager=after.customer_success_manager,
        assignment_reason=decision.reason,
        account_manager=after.account_manager,
        sales_account_manager=after.sales_account_manager,
        sales_assignment_reason=decision.sales_reason,
        plan_id=state.plan_id,
        plan_group=inputs.plan_group,
        arr=state.arr,
        arr_range=state.arr_range,
        is_arr_range_defaulted=state.known_arr_range is None,
        days_paying=state.days_paying(as_of),
        paying_since=state.paying_since,
        is_paying=state.paying_since is not None,
        region=inputs.region,
        is_region_unknown=inputs.region == "UNKNOWN",
        hubspot_company_id=inputs.hubspot_company_id,
        is_subjectively_onboarded=inputs.is_onboarded,
        is_stage_locked=stage_lock is not None,
        stage_lock_expires_at=stage_lock.expires_at if stage_lock is not None else None,
        is_manager_locked=manager_lock is not None,
        manager_lock_expires_at=manager_lock.expires_at if manager_lock is not None else None,
        decided_at=as_of,
    )
