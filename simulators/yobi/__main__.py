"""`python -m simulators.yobi`: the local Yobi alone, until it is interrupted."""

from __future__ import annotations

import signal
import threading
from typing import Annotated

import typer

from simulators.serving import serving
from simulators.world import build_world
from simulators.yobi.app import YobiSimulator
from simulators.yobi.from_world import yobi_of


def main(
    port: Annotated[int, typer.Option(help="Port on 127.0.0.1; 0 takes a free one.")] = 0,
) -> None:
    """Run a local Yobi with the tenants of the invented world, and print its base URL.

    It lives at the moment at which the world ends. Ctrl-C or SIGTERM ends it.

    Example: python -m simulators.yobi --port 8766
    """
    world = build_world()
    state = yobi_of(world)
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    try:
        with serving(YobiSimulator(state), port=port) as base_url:
            typer.echo(base_url)
            ended.wait()
    except OSError as error:
        typer.echo(f"Port {port} cannot be used ({error.strerror}): give another --port.", err=True)
        raise typer.Exit(1) from None


if __name__ == "__main__":
    typer.run(main)
