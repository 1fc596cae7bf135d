"""When a run stops and asks (spec/activation.md, Engine: guards)."""

from __future__ import annotations

from activation.declaration import Guards
from activation.plan import PlanSummary


def objections(plan: PlanSummary, guards: Guards) -> list[str]:
    """What speaks against writing this plan unasked, as sentences; empty when nothing does.

    The share is that of the rows that the model lets through. It means nothing before the sync has
    written for the first time, when every row is new: the first run is bound by
    `max_changed_rows` alone. The allowlist needs no judging: the plan leaves out what it excludes.
    """
    found = []
    planned = plan.counts.to_write
    sendable = plan.counts.source - plan.counts.skipped
    if not plan.is_first and planned > guards.max_changed_share * sendable:
        found.append(
            f"{planned} of {sendable} rows would be written, more than the share of "
            f"{guards.max_changed_share:.0%} (max_changed_share)."
        )
    if guards.max_changed_rows is not None and planned > guards.max_changed_rows:
        found.append(
            f"{planned} rows would be written, more than {guards.max_changed_rows} "
            "(max_changed_rows)."
        )
    return found
