"""How a simulation is shown: to a head of customer success, to a spreadsheet, to a machine."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from rich.padding import Padding
from rich.table import Table

from cli.output import console, wide
from decisions.proposal import Proposal
from decisions.simulation_result import (
    Course,
    Imbalance,
    JourneySimulation,
    Leaver,
    Move,
    Period,
    Shift,
)

SHOWN = 20
"""Companies on the terminal; `--list` has all."""
_NUMBERS = {"in force", "proposed", "USD a year", "companies there"}
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_STAYING = {
    "churn_kept": "have churned",
    "locked": "are locked to a manager",
    "left_to_sales": "are left to sales",
    "needs_review": "wait for a person to look at them",
    "skipped": "are not decided (skipped_companies)",
}


def show_simulation(
    found: JourneySimulation, proposal: Proposal, *, listed: Path | None = None
) -> None:
    """Print a simulation, from the whole to the single company."""
    show_summary(found, proposal)
    if found.changes_anyway:
        console.print(
            f"Not counted: what the next run changes in any case, "
            f"in {found.changes_anyway:,} companies.",
            style="dim",
            markup=False,
        )
    show_shifts(found)
    for leaver in found.leavers:
        _show_leaver(leaver)
    _show_problems(found)
    _show_loads(found)
    _show_balances(found)
    if found.period is not None:
        _show_period(found.period)
    if found.moves:
        _show_moves(found.moves, is_listed=listed is not None)


def show_summary(found: JourneySimulation, proposal: Proposal) -> None:
    """Print what is proposed, and how many companies would move."""
    since = f", in force since {found.period.start:%d %B %Y}" if found.period else ""
    console.print(
        f"Proposed as of {found.as_of:%d %B %Y, %H:%M} UTC{since}: {_proposed(proposal)}.",
        style="bold",
        markup=False,
    )
    console.print(_summary(found), markup=False)


def show_shifts(found: JourneySimulation) -> None:
    """Print who goes from where to where, each with the number of companies."""
    _show_shifts("Stages", found.stage_shifts)
    _show_shifts("Managers", found.manager_shifts)
    _show_shifts("Sales managers", found.sales_manager_shifts)


def simulation_as_json(found: JourneySimulation) -> Mapping[str, object]:
    """A simulation for a machine: everything, with the sums that people are shown."""
    return {
        **vars(found),
        "stage_shifts": found.stage_shifts,
        "manager_shifts": found.manager_shifts,
        "sales_manager_shifts": found.sales_manager_shifts,
    }


def write_moves(found: JourneySimulation, path: Path) -> None:
    """Write every move as CSV; text that a spreadsheet would take for a formula gets an apostrophe.

    Raises:
        OSError: when the file cannot be written.
    """
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(
            ["company_id", "name", "arr_usd"]
            + [
                f"{name}_{when}"
                for name in ("cs_stage", "rule", "manager", "reason", "sales_manager")
                for when in ("in_force", "proposed")
            ]
        )
        for move in found.moves:
            before, after = move.in_force, move.proposed
            values = [
                *(move.company_id, move.name, move.arr),
                *(before.cs_stage, after.cs_stage, before.rule, after.rule),
                *(before.manager, after.manager, before.reason, after.reason),
                *(before.sales_manager, after.sales_manager),
            ]
            writer.writerow(["" if value is None else _harmless(str(value)) for value in values])


def _harmless(text: str) -> str:
    return f"'{text}" if text.startswith(_FORMULA) else text


def _summary(found: JourneySimulation) -> str:
    """How many companies would move, and how."""
    kinds = [
        (sum(move.is_other_stage for move in found.moves), "stage"),
        (sum(move.is_other_manager for move in found.moves), "manager"),
        (sum(move.is_other_sales_manager for move in found.moves), "sales manager"),
    ]
    told = ", ".join(f"{companies:,} to another {kind}" for companies, kind in kinds if companies)
    both = sum(move.is_other_stage and move.is_other_manager for move in found.moves)
    return (
        f"{len(found.moves):,} of {found.companies:,} companies would move"
        + (f": {told}" if told else "")
        + (f" ({both:,} to another stage and manager)" if both else "")
        + "."
    )


def _proposed(proposal: Proposal) -> str:
    """The proposal in words."""
    told = [f"{name} = {_value(value)}" for name, value in proposal.variables.given.items()]
    if proposal.managers is not None:
        told.append(f"the managers of {proposal.managers}")
    if proposal.leavers:
        are = "leaves" if len(proposal.leavers) == 1 else "leave"
        told.append(f"{' and '.join(proposal.leavers)} {are}")
    return "; ".join(told)


def _value(value: object) -> str:
    if isinstance(value, list):
        return " and ".join(value) or "none"
    return str(value).lower()


def _show_shifts(title: str, shifts: Sequence[Shift]) -> None:
    if not shifts:
        return
    console.print(f"\n{title}:", style="bold")
    table = _table()
    table.columns[0].justify = "right"
    for shift in shifts:
        table.add_row(f"{shift.companies:,}", f"{_who(shift.before)} -> {_who(shift.after)}")
    _print(table)


def _show_leaver(leaver: Leaver) -> None:
    told = (
        f"The {leaver.companies:,} companies of {leaver.username}:"
        if leaver.companies
        else f"{leaver.username} is nobody's CS manager."
    )
    console.print(f"\n{told}", style="bold", markup=False)
    table = _table()
    table.columns[0].justify = "right"
    for username, companies in leaver.taken_by.items():
        table.add_row(f"{companies:,}", f"go to {username}")
    if leaver.without_candidate:
        named = ", ".join(leaver.without_candidate[:5])
        more = ", ..." if len(leaver.without_candidate) > 5 else ""
        table.add_row(
            f"{len(leaver.without_candidate):,}",
            f"nobody can take (no_candidate): {named}{more}",
            style="yellow",
        )
    for reason, companies in leaver.staying.items():
        table.add_row(f"{companies:,}", f"stay: they {_STAYING.get(reason, reason)}")
    if leaver.sales_companies:
        table.add_row(f"{leaver.sales_companies:,}", "still name the leaver as sales manager")
    _print(table)


def _show_problems(found: JourneySimulation) -> None:
    told = {company for leaver in found.leavers for company in leaver.without_candidate}
    untold = [company for company in found.newly_without_candidate if company not in told]
    for companies, what in [
        (untold, "nobody who serves them could take (no_candidate)"),
        (
            found.newly_without_sales_candidate,
            "nobody of sales who serves them could take (no_sales_candidate)",
        ),
        (found.newly_in_error, "no rule would settle (cs_error)"),
    ]:
        if companies:
            named = ", ".join(companies[:5]) + (", ..." if len(companies) > 5 else "")
            console.print(
                f"\n{len(companies):,} more companies that {what}: {named}",
                style="yellow",
                markup=False,
            )


def _show_loads(found: JourneySimulation) -> None:
    changed = [load for load in found.loads if load.in_force != load.proposed]
    if not changed:
        return
    console.print("\nCompanies of each manager:", style="bold")
    table = _table("", "in force", "proposed", "")
    for load in changed:
        table.add_row(
            load.username,
            f"{load.in_force:,}",
            f"{load.proposed:,}",
            f"{load.proposed - load.in_force:+,}",
        )
    _print(table)
    same = len(found.loads) - len(changed)
    if same:
        console.print(f"  {same} others hold as many as before.", style="dim", markup=False)


def _show_balances(found: JourneySimulation) -> None:
    shown = [each for each in found.balances if each.companies]
    if not shown:
        return
    console.print("\nBusiest less least busy manager of a bucket, in companies:", style="bold")
    table = _table("", "in force", "proposed", "companies there")
    for each in shown:
        table.add_row(
            f"{each.cs_stage}, {each.region}, {each.arr_range}",
            "nobody" if each.in_force is None else f"{each.in_force:,}",
            "nobody" if each.proposed is None else f"{each.proposed:,}",
            f"{each.companies:,}",
        )
    _print(table)


def _show_period(period: Period) -> None:
    console.print(
        f"\nSince {period.start:%d %B %Y, %H:%M} UTC, decided anew at the {period.real_runs:,} "
        f"instants of real runs and on {period.daily_runs:,} days without one:",
        style="bold",
        markup=False,
    )
    courses = (period.in_force, period.proposed)
    table = _table("", "in force", "proposed")
    table.add_row("changes of stage", *(f"{course.stage_changes:,}" for course in courses))
    table.add_row(
        "managers given", *(f"{sum(course.assignments.values()):,}" for course in courses)
    )
    for reason in _names(course.assignments for course in courses):
        table.add_row(
            f"  {reason}", *(f"{course.assignments.get(reason, 0):,}" for course in courses)
        )
    table.add_row(
        "companies that changed hands",
        *(f"{sum(course.reassigned.values()):,}" for course in courses),
    )
    for times in sorted({*period.in_force.reassigned, *period.proposed.reassigned}):
        if times > 1:
            table.add_row(
                f"  {times} times", *(f"{course.reassigned.get(times, 0):,}" for course in courses)
            )
    table.add_row(
        "largest imbalance", *(_imbalance(course.largest_imbalance) for course in courses)
    )
    _print(table)
    _show_course_loads(courses)
    console.print(
        "  Events count from when they occurred. What HubSpot says of a company, and the\n"
        "  reference files, are as today throughout.",
        style="dim",
    )


def _show_course_loads(courses: Sequence[Course]) -> None:
    in_force, proposed = courses
    table = _table("companies of", "at the start", "at the end, in force", "at the end, proposed")
    for username in _names([in_force.load_at_start, in_force.load_at_end, proposed.load_at_end]):
        table.add_row(
            username,
            f"{in_force.load_at_start.get(username, 0):,}",
            f"{in_force.load_at_end.get(username, 0):,}",
            f"{proposed.load_at_end.get(username, 0):,}",
        )
    _print(table)


def _imbalance(found: Imbalance | None) -> str:
    if found is None:
        return "none"
    return f"{found.companies:,} ({found.cs_stage}, {found.region}, {found.at:%d %b})"


def _show_moves(moves: Sequence[Move], *, is_listed: bool) -> None:
    shown = moves[:SHOWN]
    title = "The companies" if len(shown) == len(moves) else f"The first {SHOWN} companies"
    console.print(f"\n{title}, by yearly revenue:", style="bold")
    has_sales = any(move.is_other_sales_manager for move in moves)
    table = _table(
        *("company", "name", "USD a year", "stage", "manager"),
        *(["sales manager"] if has_sales else []),
    )
    for move in shown:
        before, after = move.in_force, move.proposed
        cells = [
            move.company_id,
            move.name or "",
            "" if move.arr is None else f"{move.arr:,.0f}",
            f"{before.cs_stage} -> {after.cs_stage}" if move.is_other_stage else after.cs_stage,
            _change(before.manager, after.manager, after.reason),
        ]
        if has_sales:
            cells.append(_change(before.sales_manager, after.sales_manager, after.sales_reason))
        table.add_row(*cells)
    _print(table)
    if len(shown) < len(moves) and not is_listed:
        console.print(
            f"  {len(moves) - len(shown):,} more: --list FILE.csv writes all.", style="dim"
        )


def _change(before: str | None, after: str | None, reason: str | None) -> str:
    people = _who(after) if before == after else f"{_who(before)} -> {_who(after)}"
    return f"{people} ({reason})" if reason else people


def _who(name: str | None) -> str:
    return name or "nobody"


def _names(mappings: Iterable[Mapping[str, int]]) -> list[str]:
    return sorted({name for mapping in mappings for name in mapping})


def _table(*headings: str) -> Table:
    """A table of texts, the numbers of which are to the right."""
    table = Table(box=None, show_header=bool(headings), padding=(0, 2, 0, 0), pad_edge=False)
    for heading in headings or ("", ""):
        is_number = heading in _NUMBERS or heading.startswith("at ")
        table.add_column(heading, justify="right" if is_number else "left")
    if headings == ("", "in force", "proposed", ""):
        table.columns[-1].justify = "right"
    return table


def _print(table: Table) -> None:
    wide.print(Padding(table, (0, 0, 0, 2), expand=False))
