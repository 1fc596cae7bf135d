"""A simulator that runs alone, until somebody ends it."""

from __future__ import annotations

import signal
import threading
from contextlib import AbstractContextManager

import typer
from starlette.types import ASGIApp

from simulators.serving import serving


def serve_until_ended(app: ASGIApp, *, port: int) -> None:
    """Serve `app`, print its base URL, and return after Ctrl-C or SIGTERM.

    Args:
        app: a simulator.
        port: on 127.0.0.1; 0 takes a free one.

    Raises:
        typer.Exit: when the port cannot be used, after a sentence on stderr.
    """
    run_until_ended(serving(app, port=port), port=port)


def run_until_ended(served: AbstractContextManager[object], *, port: int) -> None:
    """Enter `served`, print what it yields, and leave it after Ctrl-C or SIGTERM.

    Args:
        served: a simulator that serves for the length of a `with` block, and where.
        port: that it is to use, to be named when it cannot.

    Raises:
        typer.Exit: when the port cannot be used, after a sentence on stderr.
    """
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    try:
        with served as where:
            typer.echo(where)
            ended.wait()
    except OSError as error:
        typer.echo(f"Port {port} cannot be used ({error.strerror}): give another --port.", err=True)
        raise typer.Exit(1) from None
