"""A simulator that runs alone, until somebody ends it."""

from __future__ import annotations

import signal
import threading

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
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    try:
        with serving(app, port=port) as base_url:
            typer.echo(base_url)
            ended.wait()
    except OSError as error:
        typer.echo(f"Port {port} cannot be used ({error.strerror}): give another --port.", err=True)
        raise typer.Exit(1) from None
