"""`millrace sync setup`: the properties that a sync needs, made in its destination."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from activation.declaration import find_declaration
from activation.errors import ExitCode
from activation.opening import open_writer
from activation.setup import create_properties, missing_properties
from activation.writers.base import NewProperty
from cli.output import console, messages, print_json

EXAMPLE = "Example: millrace sync setup hubspot_company__journey"


def setup(
    name: Annotated[str, typer.Argument(help="Name of the sync (millrace sync list).")],
    yes: Annotated[bool, typer.Option("--yes", help="Make them without asking.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Make the properties that a sync writes and its destination does not have, after asking.

    Where nobody can be asked, nothing is made without --yes, and the exit code is 3.
    """
    declaration = find_declaration(name)
    with open_writer(declaration) as writer:
        missing = missing_properties(declaration, writer)
        where = f"{declaration.destination} {declaration.object}"
        if missing and not as_json:
            console.print(f"{where} lacks {len(missing)} properties of {name}:", markup=False)
            for each in missing:
                of = f" of {', '.join(each.options)}" if each.options else ""
                console.print(f"  {each.name}: {each.label}, {each.kind}{of}", markup=False)
        elif not as_json:
            console.print(f"{where} has all properties of {name}.", markup=False)

        created: list[NewProperty] = []
        if missing and (yes or _is_agreed(len(missing))):
            try:
                create_properties(missing, writer, created.append)
            finally:
                if not as_json:
                    console.print(f"{len(created)} of {len(missing)} made.", markup=False)
    if as_json:
        print_json({"sync": name, "missing": missing, "created": [one.name for one in created]})
    if len(created) < len(missing):
        raise typer.Exit(ExitCode.STOPPED)


def _is_agreed(number: int) -> bool:
    if not sys.stdin.isatty():
        messages.print("Nothing was made: --yes makes them.", markup=False)
        return False
    return typer.confirm(f"Make these {number} properties?", err=True)
