"""`python -m simulators.pipedrive`: the local Pipedrive alone, until it is interrupted."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from simulators.alone import serve_until_ended
from simulators.pipedrive.app import DEFAULT_TOKEN, PipedriveSimulator
from simulators.pipedrive.limits import RateLimits
from simulators.pipedrive.persistence import StateFileError, load_state, save_state
from simulators.pipedrive.state import PipedriveState


def main(
    port: Annotated[int, typer.Option(help="Port on 127.0.0.1; 0 takes a free one.")] = 0,
    state: Annotated[
        Path | None,
        typer.Option(help="JSON file to go on from, if it is there, and to save to at the end."),
    ] = None,
    token: Annotated[
        str, typer.Option(help="The API token that clients must send.")
    ] = DEFAULT_TOKEN,
    limits: Annotated[bool, typer.Option("--limits", help="Enforce Pipedrive's limits.")] = False,
) -> None:
    """Run a local Pipedrive and print its base URL. Ctrl-C or SIGTERM ends it.

    Example: python -m simulators.pipedrive --port 8766 --state pipedrive.json
    """
    try:
        account = load_state(state) if state and state.exists() else PipedriveState()
    except StateFileError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
    simulator = PipedriveSimulator(
        account, api_token=token, limits=RateLimits() if limits else None
    )
    serve_until_ended(simulator, port=port)
    if state:
        save_state(account, state)


if __name__ == "__main__":
    typer.run(main)
