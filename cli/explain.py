"""`millrace explain`: why somebody or something stands where it stands."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Annotated

import typer
from rich.padding import Padding
from rich.table import Table

from cli.instants import instant
from cli.output import console, print_json, wide
from decisions.company_explanation import (
    Assignment,
    Change,
    CompanyExplanation,
    explain_company,
)
from warehouse.database import open_warehouse

app = typer.Typer(
    help="Why something was decided: the rule, its inputs, what else was considered.",
    no_args_is_help=True,
)

_MANAGER_STEPS = {
    "churn_kept": "it has churned, so nobody is assigned or taken away",
    "locked": "a lock holds the manager",
    "left_to_sales": "it is left to the sales team, so no CS manager is assigned",
    "needs_review": "a person has to look at it first, so nobody is assigned or taken away",
    "kept": "is active and serves {bucket}",
    "history": "looked after it before, serves {bucket} and takes new companies",
    "round_robin": "held the fewest companies of those who serve {bucket} and take new ones",
    "no_candidate": "nobody who takes new companies serves {bucket}",
}
"""What each step says (spec journey.md, CS manager); the first that applies decides."""


@app.callback()
def explain() -> None:
    """Why something was decided: the rule, its inputs, what else was considered."""


@app.command(
    epilog="Example: millrace explain company c-0042 --at 2026-03-01T00:00:00Z",
)
def company(
    identifier: Annotated[
        str, typer.Argument(metavar="ID", help="The company's id, or its record id in HubSpot.")
    ],
    at: Annotated[
        str | None,
        typer.Option(help="What was in force at this instant (RFC 3339); default: the latest run."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Why a company has its stage and its managers, and how it came to that."""
    found = explain_company(open_warehouse(), identifier, at=instant(at, "--at"))
    if as_json:
        print_json(found)
    else:
        show_company(found)


def show_company(found: CompanyExplanation) -> None:
    """Print an explanation, from what is in force to how it came about."""
    title = f"{found.name} ({found.company_id})" if found.name else found.company_id
    console.print(f"{title}, as of {_told(found.at)}", style="bold", markup=False)
    decision = found.decision
    if found.skip_reason is not None:
        console.print(
            f"  The latest run decided nothing about it: {found.skip_reason}. Its stage and "
            f"managers stay as they were{':' if found.history else '.'}",
            markup=False,
        )
    elif decision is None:
        console.print("  Nothing had been decided about it by then.", markup=False)
    elif not found.is_latest:
        console.print(
            f"  The last decision that changed something by then was that of "
            f"{_told(decision.decided_at)}.",
            markup=False,
        )
    elif found.at > found.latest_run_at:
        console.print(
            f"  The latest run that looked at it was that of {_told(found.latest_run_at)}.",
            markup=False,
        )
    if decision is not None or found.history:
        _show_values(found)
    if decision is not None:
        _show_rules(found)
    for assignment in found.assignments:
        _show_assignment(assignment)
    _show_inputs(found)
    _show_history(found.history)
    for topic in found.review:
        console.print(
            f"\nWaits for a person since {_told(topic.since)} ({topic.topic}): {topic.details}",
            style="yellow",
            markup=False,
        )


def _show_values(found: CompanyExplanation) -> None:
    table = _table()
    for name, value in found.in_force.items():
        change = found.last_change(name)
        since = f"since {_told(change.changed_at)}" if change and value is not None else ""
        nobody = "none" if name == "cs_stage" else "nobody"
        table.add_row(name, value or nobody, since, _reason(found, name))
    _print(table)


def _reason(found: CompanyExplanation, name: str) -> str:
    """Why a value is in force: by the decision, or by what the log says of it since."""
    value, change, decision = found.in_force[name], found.last_change(name), found.decision
    if name == "account_manager":
        whose = {
            "customer_success_manager": "its CS manager",
            "sales_account_manager": "its sales manager",
        }
        same = [words for field, words in whose.items() if found.in_force[field] == value]
        return " and ".join(same) if value is not None else ""
    if decision is None or getattr(decision, name) != value:
        return _cause(change) if change else ""
    if name == "cs_stage":
        return f"rule {decision.cs_stage_rule}"
    if name == "sales_account_manager":
        return decision.sales_assignment_reason or (_cause(change) if change else "none reported")
    bucket = f"({decision.cs_stage}, {decision.region}, {decision.arr_range})"
    step = _MANAGER_STEPS[decision.assignment_reason].format(bucket=bucket)
    who = f"{value} " if value and step.startswith(("is ", "looked", "held")) else ""
    return f"{decision.assignment_reason}: {who}{step}"


def _show_rules(found: CompanyExplanation) -> None:
    console.print("\nStage rules, the first that matches decides:", style="bold")
    table = _table()
    for check in found.rules:
        mark = "decides" if check.is_decisive else "matches too" if check.is_match else "no"
        table.add_row(mark, check.rule, check.why, style="green" if check.is_decisive else None)
    _print(table)


def _show_assignment(assignment: Assignment) -> None:
    what = "CS manager" if assignment.department == "customer_success" else "Sales manager"
    how = (
        "an earlier manager came back"
        if assignment.assignment_reason == "history"
        else "the fewest companies, then the longest without a new one"
    )
    console.print(
        f"\n{what} chosen at {_told(assignment.decided_at)} among ({how}):",
        style="bold",
        markup=False,
    )
    table = _table("", "username", "companies", "last assigned", "lead intake")
    for each in assignment.candidates:
        table.add_row(
            "chosen" if each.is_chosen else "",
            each.username,
            str(each.companies),
            _told(each.last_assigned_at) if each.last_assigned_at else "never",
            str(each.lead_intake) if each.lead_intake else "0, takes none",
            style="green" if each.is_chosen else None,
        )
    _print(table)


def _show_inputs(found: CompanyExplanation) -> None:
    console.print("\nInputs, each with the last event that spoke of it:", style="bold")
    decision = found.decision
    table = _table()
    for each in found.inputs:
        table.add_row(
            each.field,
            each.value if each.value is not None else "cleared",
            f"{each.event_type} {each.event_id}",
            _told(each.occurred_at),
        )
    if decision is not None:
        said = {True: "yes", False: "no", None: "nothing said"}[decision.is_subjectively_onboarded]
        arr = "none" if decision.arr is None else f"{_exact(decision.arr)} USD a year"
        table.add_row("plan group", decision.plan_group, "by plan and status, plan_groups.csv")
        table.add_row(
            "arr",
            arr,
            f"range {decision.arr_range}"
            + (", the lowest since none is known" if decision.is_arr_range_defaulted else "")
            + ("" if decision.arr or decision.is_arr_range_defaulted else ", the last known one"),
            f"pays since {_told(decision.paying_since)}"
            if decision.paying_since
            else "does not pay",
        )
        table.add_row("region", decision.region, "by country, country_regions.csv")
        record = f"HubSpot company {decision.hubspot_company_id or 'not known'}"
        table.add_row("subjectively onboarded", said, record)
    _print(table)


def _show_history(history: list[Change]) -> None:
    console.print("\nHow it came to that:", style="bold")
    table = _table()
    for change in history:
        if change.field == "account_manager":
            continue  # follows from the other two
        table.add_row(
            _told(change.changed_at),
            change.field,
            f"{change.old_value or 'nobody'} -> {change.new_value or 'nobody'}"
            if change.field != "cs_stage"
            else f"{change.old_value or 'none'} -> {change.new_value}",
            _cause(change),
        )
    if not history:
        table.add_row("nothing has changed yet")
    _print(table)


def _cause(change: Change) -> str:
    """What made a change, as the log says it."""
    if change.rule == "reported":
        return f"reported by event {change.source_event_id}"
    if change.field == "cs_stage":
        return f"rule {change.rule}"
    return f"{change.assignment_reason} (rule {change.rule})"


def _table(*headings: str) -> Table:
    table = Table(box=None, show_header=bool(headings), padding=(0, 2, 0, 0), pad_edge=False)
    for heading in headings:
        is_number = heading == "companies"
        table.add_column(heading, justify="right" if is_number else "left")
    return table


def _print(table: Table) -> None:
    wide.print(Padding(table, (0, 0, 0, 2), expand=False))


def _exact(amount: Decimal) -> str:
    """All its digits, since a millionth may lie beyond the border of a range; at least two."""
    _, _, digits = f"{amount.normalize():f}".partition(".")
    return f"{amount:,.{max(2, len(digits))}f}"


def _told(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"
