"""`millrace mapping`: which tenant of Yobi a customer is, where no rule finds one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer
from rich.prompt import Prompt

from cli.output import console, is_person, print_json
from warehouse.database import open_warehouse

if TYPE_CHECKING:
    from decisions.mapping_review import UnmappedCustomer

app = typer.Typer(
    help="Settle which tenant of Yobi a customer is, where no rule finds one.",
    no_args_is_help=True,
)

_SKIP = "s"
_QUIT = "q"


@app.callback()
def mapping() -> None:
    """Settle which tenant of Yobi a customer is, where no rule finds one."""


@app.command(
    epilog="Example: millrace mapping review; without being asked: "
    "millrace mapping review --accept 41200014207=769"
)
def review(
    accept: Annotated[
        list[str] | None,
        typer.Option(
            metavar="COMPANY=TENANT",
            help="Write this override: HubSpot id or domain, and tenant id (may be repeated).",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, ask nothing.")] = False,
) -> None:
    """Show customers without a tenant and whom they might be; on a terminal, ask about each.

    What is chosen becomes a row of seeds/reference/tenant_overrides.csv, by which the next build
    goes. Nothing is ever mapped by likeness alone.
    """
    # Imported late: rapidfuzz is loaded by nothing else.
    from decisions.mapping_review import add_overrides, unmapped_customers  # noqa: PLC0415

    warehouse = open_warehouse()
    if accept:
        added = add_overrides(warehouse, dict(_pair(each) for each in accept))
        console.print(_told(len(added)))
        return
    customers = unmapped_customers(warehouse)
    if as_json:
        print_json(customers)
        return
    if not customers:
        console.print("Every customer has a tenant.")
        return
    console.print(f"{len(customers)} customers have no tenant.")
    asks = is_person()
    chosen: dict[str, str] = {}
    for customer in customers:
        _show(customer)
        if asks and customer.suggestions:
            answer = _ask(customer)
            if answer == _QUIT:
                break
            if answer != _SKIP:
                chosen[customer.company_id] = customer.suggestions[int(answer) - 1].tenant_id
    if chosen:
        console.print(_told(len(add_overrides(warehouse, chosen))))
    elif not asks:
        console.print("To settle one: millrace mapping review --accept COMPANY=TENANT")


def _pair(text: str) -> tuple[str, str]:
    key, separator, tenant_id = text.rpartition("=")
    if not separator or not key.strip() or not tenant_id.strip():
        raise typer.BadParameter(f"{text!r} is not COMPANY=TENANT", param_hint="--accept")
    return key.strip(), tenant_id.strip()


def _told(added: int) -> str:
    if not added:
        return "Nothing to add: seeds/reference/tenant_overrides.csv says so already."
    rows = "1 row" if added == 1 else f"{added} rows"
    return f"{rows} added to seeds/reference/tenant_overrides.csv: run millrace build."


def _show(customer: UnmappedCustomer) -> None:
    known = ", ".join(filter(None, (customer.domain, customer.email_domains))) or "no domain"
    console.print(
        f"\n{customer.company_name or 'without a name'} ({customer.company_id}; {known})",
        style="bold",
        markup=False,
    )
    for number, each in enumerate(customer.suggestions, start=1):
        taken = f"; is {each.taken_by} by now" if each.taken_by else ""
        console.print(
            f"  {number}  {each.score:.0f}  {each.tenant_name} (tenant {each.tenant_id}), "
            f"alike by {each.by}{taken}",
            markup=False,
        )
    if not customer.suggestions:
        console.print("  no tenant is anything like it", markup=False)


def _ask(customer: UnmappedCustomer) -> str:
    numbers = [str(number) for number in range(1, len(customer.suggestions) + 1)]
    return Prompt.ask(
        "  Which one is it? (s: skip, q: stop here)",
        choices=[*numbers, _SKIP, _QUIT],
        default=_SKIP,
        console=console,
    )
