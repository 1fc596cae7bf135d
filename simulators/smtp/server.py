"""The local mail server."""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from enum import StrEnum
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from simulators.smtp.mailbox import Kept, Mailbox
from simulators.smtp.mishaps import Mishap, MishapPlan, Stage

_HOST = "127.0.0.1"


class Security(StrEnum):
    """What encryption the server offers."""

    NONE = "none"
    STARTTLS = "starttls"
    TLS = "tls"
    """From the first byte."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where the server listens."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"smtp://{self.host}:{self.port}"


class MailSimulator:
    """A mail server that keeps what it is handed, and delivers nothing.

    `mailbox` holds what it took, `mishaps` what it has been told to do wrong; both may be read and
    changed while it is serving.
    """

    def __init__(
        self,
        *,
        security: Security = Security.NONE,
        certificate: ssl.SSLContext | None = None,
        login: tuple[str, str] | None = None,
        size_limit: int | None = None,
    ) -> None:
        """A server that asks for `login`, a user and a password, where one is given.

        `certificate` is needed for encryption (`make_certificate`). Messages of more than
        `size_limit` bytes are refused.
        """
        self.mailbox = Mailbox()
        self.mishaps = MishapPlan()
        self._security = security
        self._certificate = certificate
        self._login = login
        self._size_limit = size_limit
        self._open: set[_Conversation] = set()
        self._loop: asyncio.AbstractEventLoop | None = None

    @contextmanager
    def serving(self, *, port: int = 0) -> Iterator[Place]:
        """Serve on 127.0.0.1 from a thread of its own, for the length of a `with` block.

        Raises:
            OSError: when the port is taken.
        """
        with socket.create_server((_HOST, port)) as listener:
            loop = self._loop = asyncio.new_event_loop()
            stop = asyncio.Event()
            started = threading.Event()
            thread = threading.Thread(
                target=lambda: loop.run_until_complete(self._serve(listener, started, stop)),
                name=f"mail server {port}",
            )
            thread.start()
            started.wait()
            try:
                yield Place(_HOST, listener.getsockname()[1])
            finally:
                loop.call_soon_threadsafe(stop.set)
                thread.join()
                self._loop = None
                loop.close()

    def hang_up(self) -> None:
        """Close every connection, as servers do with those that say nothing for long."""
        if self._loop is not None:
            asyncio.run_coroutine_threadsafe(self._hang_up(), self._loop).result()

    async def _serve(
        self, listener: socket.socket, started: threading.Event, stop: asyncio.Event
    ) -> None:
        loop = asyncio.get_running_loop()
        tls = self._certificate if self._security is Security.TLS else None
        server = await loop.create_server(self._answer, sock=listener, ssl=tls)
        started.set()
        await stop.wait()
        server.close()
        await self._hang_up()

    async def _hang_up(self) -> None:
        for conversation in tuple(self._open):
            conversation.hang_up()
        while self._open:
            await asyncio.sleep(0.001)

    def _answer(self) -> _Conversation:
        return _Conversation(
            _Handler(self.mailbox, self.mishaps, asks_for_login=self._login is not None),
            mishaps=self.mishaps,
            is_open=self._open,
            loop=asyncio.get_running_loop(),
            hostname="localhost",
            data_size_limit=self._size_limit,
            tls_context=self._certificate if self._security is Security.STARTTLS else None,
            auth_require_tls=self._login is None,
            authenticator=self._let_in,
        )

    def _let_in(self, *about: object) -> AuthResult:
        """Whether the user and the password are right: the last of aiosmtpd's five arguments."""
        is_right = self._login is not None and about[-1] == LoginPassword(
            *(each.encode() for each in self._login)
        )
        if self._login is not None and is_right:
            self.mailbox.logins.append(self._login[0])
        return AuthResult(success=is_right, handled=False)


class _Conversation(SMTP):
    """One connection, which may also break off."""

    def __init__(
        self,
        handler: _Handler,
        *,
        mishaps: MishapPlan,
        is_open: set[_Conversation],
        **options: Any,
    ) -> None:
        super().__init__(handler, **options)
        self._mailbox = handler.mailbox
        self._mishaps = mishaps
        self._is_open = is_open

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if self not in self._is_open:  # else it is one that goes on encrypted
            self._is_open.add(self)
            self._mailbox.connections += 1
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        self._is_open.discard(self)
        super().connection_lost(error)

    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802 - aiosmtpd's name
        reply = await _go_wrong(self, self._mishaps.at(Stage.DATA))
        if reply is None:
            await super().smtp_DATA(arg)
        else:
            await self.push(reply)

    def hang_up(self) -> None:
        """Close the connection without another byte."""
        if isinstance(self.transport, asyncio.WriteTransport):
            self.transport.abort()


async def _go_wrong(conversation: SMTP, mishap: Mishap | None) -> str | None:
    """What is answered in the place of the right answer; None when nothing goes wrong."""
    if mishap is None:
        return None
    await asyncio.sleep(mishap.delay)
    if mishap.reply is None and isinstance(conversation, _Conversation):
        conversation.hang_up()
        await asyncio.Event().wait()  # until aiosmtpd sees that nobody is there, and gives up
    return mishap.reply


class _Handler:
    """What is answered to each command, by aiosmtpd's names."""

    def __init__(self, mailbox: Mailbox, mishaps: MishapPlan, *, asks_for_login: bool) -> None:
        self.mailbox = mailbox
        self._mishaps = mishaps
        self._asks_for_login = asks_for_login

    async def handle_EHLO(  # noqa: N802
        self, server: SMTP, session: Session, _: Envelope, hostname: str, answers: list[str]
    ) -> list[str]:
        session.host_name = hostname
        wrong = await _go_wrong(server, self._mishaps.at(Stage.EHLO))
        return answers if wrong is None else [wrong]

    async def handle_MAIL(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, sender: str, options: list[str]
    ) -> str:
        if self._asks_for_login and not session.authenticated:
            return "530 5.7.0 Authentication required"
        wrong = await _go_wrong(server, self._mishaps.at(Stage.MAIL))
        if wrong is not None:
            return wrong
        envelope.mail_from = sender
        envelope.mail_options.extend(options)
        return "250 2.1.0 OK"

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, _: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        wrong = await _go_wrong(server, self._mishaps.at(Stage.RCPT, address))
        if wrong is not None:
            return wrong
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: SMTP, _: Session, envelope: Envelope) -> str:  # noqa: N802
        self.mailbox.handed_over += 1
        mishap = self._mishaps.at(Stage.MESSAGE)
        if mishap is None or mishap.takes_effect:
            self.mailbox.messages.append(_kept(envelope))
        return await _go_wrong(server, mishap) or "250 2.0.0 OK: queued"


def _kept(envelope: Envelope) -> Kept:
    raw = envelope.original_content or b""
    message = message_from_bytes(raw, EmailMessage, policy=SMTP_POLICY)
    return Kept(envelope.mail_from or "", tuple(envelope.rcpt_tos), message, raw)
