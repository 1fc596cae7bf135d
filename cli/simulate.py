"""`millrace simulate`: what other rules or other people would change."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cli.instants import instant
from cli.output import console, print_json, progress
from cli.simulation_shown import show_simulation, simulation_as_json, write_moves
from warehouse.database import open_warehouse

app = typer.Typer(
    help="What other rules or other people would change, before they are in force.",
    no_args_is_help=True,
)


@app.callback()
def simulate() -> None:
    """What other rules or other people would change, before they are in force."""


@app.command(epilog="Example: millrace simulate journey --leaver cs.fennel --list moves.csv")
def journey(
    managers: Annotated[
        Path | None,
        typer.Option(help="A file in place of seeds/reference/cs_managers.csv.", metavar="FILE"),
    ] = None,
    variables: Annotated[
        str | None,
        typer.Option(
            "--vars",
            metavar="JSON",
            help='Other values of the vars of the rules, such as {"sticky_success": true}.',
        ),
    ] = None,
    leaver: Annotated[
        list[str] | None,
        typer.Option(metavar="USERNAME", help="Somebody who leaves; may be given again."),
    ] = None,
    history: Annotated[
        int | None,
        typer.Option(
            min=1, max=3650, metavar="DAYS", help="Decide the last so many days anew, too."
        ),
    ] = None,
    as_of: Annotated[
        str | None, typer.Option(help="Decide as of this instant (RFC 3339); default: now.")
    ] = None,
    file: Annotated[
        Path | None,
        typer.Option("--list", metavar="FILE", help="Write every company that moves, as CSV."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Which companies would move, and how the managers' load would change; nothing is changed."""
    decided_at = instant(as_of, "--as-of")
    # Imported late: dbt takes seconds, which no other command should pay.
    from decisions.journey_simulation import simulate_journey  # noqa: PLC0415
    from decisions.proposal import Proposal, RuleVariables  # noqa: PLC0415

    proposal = Proposal(
        managers=managers,
        variables=RuleVariables.from_json(variables) if variables else RuleVariables(),
        leavers=tuple(dict.fromkeys(leaver or ())),
    )
    if proposal == Proposal():
        raise typer.BadParameter(
            "Nothing is proposed: give --managers, --vars or --leaver.", param_hint="PROPOSAL"
        )
    if file is not None and not file.parent.is_dir():
        raise typer.BadParameter(f"{file.parent} is no folder.", param_hint="--list")
    warehouse = open_warehouse()
    with progress("Deciding under both sets of rules") as line:
        found = simulate_journey(
            warehouse,
            proposal,
            as_of=decided_at,
            history_days=history,
            on_progress=line,
        )
    if file is not None:
        write_moves(found, file)
    if as_json:
        print_json(simulation_as_json(found))
    else:
        show_simulation(found, proposal, listed=file)
        if file is not None:
            console.print(f"\nAll of them: {file}", markup=False)
