"""Serving any ASGI application on this machine, for as long as a `with` block lasts."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from simulators.gateway import ConnectionCutError

_HOST = "127.0.0.1"
_SECONDS_TO_FINISH = 1


@contextmanager
def serving(app: ASGIApp, *, port: int = 0) -> Iterator[str]:
    """Serve `app` on 127.0.0.1 from a thread of its own; yields the base URL, without a last slash.

    Port 0 takes a free one. When the block ends, requests still open get a second to finish. An
    application that raises `ConnectionCutError` has its connection closed without another byte.

    Raises:
        OSError: when the port is taken.
        RuntimeError: when the application does not start.
    """
    with socket.create_server((_HOST, port)) as listener:
        server = uvicorn.Server(
            uvicorn.Config(
                app,
                http=_CuttableProtocol,
                ws="none",
                proxy_headers=False,
                date_header=False,  # a simulator's clock is its own
                log_config=None,
                log_level="warning",
                access_log=False,
                timeout_graceful_shutdown=_SECONDS_TO_FINISH,
            )
        )
        thread = threading.Thread(target=server.run, args=([listener],), name=f"serving {port}")
        thread.start()
        try:
            while not server.started:
                if not thread.is_alive():
                    raise RuntimeError(f"{app!r} stopped while starting; its log says why.")
                time.sleep(0.01)
            yield f"http://{_HOST}:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()


class _CuttableProtocol(H11Protocol):
    """HTTP/1.1 as uvicorn speaks it, for applications that may also hang up."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        app: ASGIApp = self.app

        async def cuttable(scope: Scope, receive: Receive, send: Send) -> None:
            try:
                await app(scope, receive, send)
            except ConnectionCutError:
                transport.abort()
                while (await receive())["type"] != "http.disconnect":
                    continue

        self.app = cuttable
