"""`python -m simulators.smtp`: the local mail server alone, until it is interrupted."""

from __future__ import annotations

from typing import Annotated

import typer

from simulators.alone import run_until_ended
from simulators.smtp.server import MailSimulator


def main(
    port: Annotated[int, typer.Option(help="Port on 127.0.0.1; 0 takes a free one.")] = 0,
) -> None:
    """Run a local mail server that asks for nothing and delivers nothing, and print its address.

    Ctrl-C or SIGTERM ends it.

    Example: python -m simulators.smtp --port 8025
    """
    run_until_ended(MailSimulator().serving(port=port), port=port)


if __name__ == "__main__":
    typer.run(main)
