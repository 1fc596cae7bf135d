"""`millrace probe`: what a vendor lets us read; nothing is written anywhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from cli.output import console, print_json
from ingestion.errors import IngestionError
from warehouse.settings import get_settings

if TYPE_CHECKING:
    from ingestion.pipedrive.probe import PipedriveProbe

app = typer.Typer(
    help="Try a vendor's credentials and addresses, without writing anything.",
    no_args_is_help=True,
)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.callback()
def probe() -> None:
    """Try a vendor's credentials and addresses, without writing anything."""


@app.command(epilog="Example: millrace probe pipedrive --json")
def pipedrive(as_json: AsJson = False) -> None:
    """Ask Pipedrive for a page of everything that a load reads; costs about 100 API tokens."""
    # Imported late: dlt takes a second, which no other command should pay.
    from ingestion.pipedrive.probe import probe_pipedrive  # noqa: PLC0415

    found = probe_pipedrive(get_settings())
    if as_json:
        print_json(found)
    else:
        show_pipedrive(found)
    if not found.is_complete:
        told = " ".join(path.problem for path in found.paths if path.problem is not None)
        raise IngestionError(f"Not everything can be read. {told}")


def show_pipedrive(found: PipedriveProbe) -> None:
    """Print, address by address, whether it can be read and what is there."""
    console.print(f"Pipedrive account {found.account} at {found.base_url}", markup=False)
    for path in found.paths:
        told = f"{path.records:,}{' or more' if path.has_more else ''} records"
        console.print(
            f"  {'ok' if path.can_be_read else 'NO':<3} {path.path}: {path.problem or told}",
            markup=False,
        )
    if found.requests_in_two_seconds is not None:
        console.print(f"  {found.requests_in_two_seconds} requests in 2 seconds at the most")
    left = "" if found.tokens_left is None else f"; {found.tokens_left:,} are left today"
    console.print(f"  {found.tokens_spent} API tokens spent by this probe{left}", markup=False)
