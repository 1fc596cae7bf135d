"""`python -m simulators.hubspot`: the local HubSpot alone, until it is interrupted."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from simulators.alone import serve_until_ended
from simulators.hubspot.app import DEFAULT_TOKEN, HubspotSimulator
from simulators.hubspot.limits import RateLimits
from simulators.hubspot.persistence import StateFileError, load_state, save_state
from simulators.hubspot.state import HubspotState


def main(
    port: Annotated[int, typer.Option(help="Port on 127.0.0.1; 0 takes a free one.")] = 0,
    state: Annotated[
        Path | None,
        typer.Option(help="JSON file to go on from, if it is there, and to save to at the end."),
    ] = None,
    token: Annotated[
        str, typer.Option(help="The access token that clients must send.")
    ] = DEFAULT_TOKEN,
    limits: Annotated[
        bool, typer.Option("--limits", help="Enforce HubSpot's rate limits.")
    ] = False,
) -> None:
    """Run a local HubSpot and print its base URL. Ctrl-C or SIGTERM ends it.

    Example: python -m simulators.hubspot --port 8765 --state hubspot.json
    """
    try:
        account = load_state(state) if state and state.exists() else HubspotState()
    except StateFileError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
    simulator = HubspotSimulator(
        account, access_token=token, limits=RateLimits() if limits else None
    )
    serve_until_ended(simulator, port=port)
    if state:
        save_state(account, state)


if __name__ == "__main__":
    typer.run(main)
