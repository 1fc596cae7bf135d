"""`millrace probe`: what a vendor lets us read; nothing is written anywhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from cli.instants import instant
from cli.output import console, print_json
from ingestion.errors import IngestionError
from warehouse.database import locate_warehouse
from warehouse.settings import get_settings

if TYPE_CHECKING:
    from ingestion.pipedrive.probe import PipedriveProbe
    from ingestion.yobi.probe import EndpointFinding, YobiProbe

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


@app.command(epilog="Example: millrace probe yobi; for machines: millrace probe yobi --json")
def yobi(
    as_of: Annotated[
        str | None,
        typer.Option(help="RFC 3339 instant: the last week that is over then; default: now."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Log in at Yobi, ask every endpoint for the week, and map HubSpot's customers by domain."""
    # Imported late: dlt takes a second, which no other command should pay.
    from ingestion.yobi.probe import probe_yobi  # noqa: PLC0415

    settings = get_settings()
    found = probe_yobi(settings, locate_warehouse(settings), as_of=instant(as_of, "--as-of"))
    if as_json:
        print_json(found)
    else:
        show_yobi(found)
    if found.problems:
        raise IngestionError(f"A load would fail. {' '.join(found.problems)}")


def show_yobi(found: YobiProbe) -> None:
    """Print what a load would find, endpoint by endpoint."""
    console.print(
        f"Yobi accepts the login; the token is good until {found.token_expires_at:%H:%M} UTC.\n"
        f"The week is {found.week_start} to {found.week_end}, {found.time_zone}.",
        markup=False,
    )
    for endpoint in found.endpoints:
        verdict = "ok" if endpoint.problem is None else "NO"
        console.print(f"  {verdict:<3} {endpoint.path}: {_told(endpoint, found)}", markup=False)
    console.print(
        f"{found.tenants_with_domain:,} of {found.tenants:,} tenants have a domain.", markup=False
    )
    mapping = found.mapping
    if mapping is None:
        console.print("No customers of HubSpot have landed here: `millrace ingest hubspot` first.")
        return
    console.print(
        f"{mapping.matched:,} of {mapping.customers:,} customers ({mapping.coverage:.0%}) are "
        f"tenants by their domain, {mapping.ambiguous:,} of them several; "
        f"{mapping.customers - mapping.with_domain:,} have no domain; "
        f"{mapping.shared_tenants:,} tenants belong to more than one customer.",
        markup=False,
    )


def _told(endpoint: EndpointFinding, found: YobiProbe) -> str:
    if endpoint.problem is not None:
        return endpoint.problem
    told = f"{endpoint.entries:,} entries"
    if endpoint.period is None:
        return told
    users = "users are told apart" if endpoint.has_user_figures else "users are not told apart"
    return (
        f"{told} for {endpoint.period}; {endpoint.tenants_covered:,} of {found.tenants:,} tenants "
        f"have the whole week; {users}"
    )
