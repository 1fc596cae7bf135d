"""`python -m simulators.yobi`: the local Yobi alone, until it is interrupted."""

from __future__ import annotations

from typing import Annotated

import typer

from simulators.alone import serve_until_ended
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
    serve_until_ended(YobiSimulator(yobi_of(build_world())), port=port)


if __name__ == "__main__":
    typer.run(main)
