"""A local mail server, and the e-mail writer that hands messages to it."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from activation.writers.base import RowRequest, RowResult
from activation.writers.email import EmailWriter
from activation.writers.email_server import MailServer
from activation.writers.limits import EMAIL, EmailLimits
from simulators.smtp import MailSimulator, make_certificate
from warehouse.mailboxes import mailboxes
from warehouse.settings import SmtpAccount, SmtpSecurity

NOW = datetime(2026, 3, 16, 6, 30, tzinfo=UTC)
ADA, BOB, EVE = "ada.quaint@example.com", "bob@example.com", "eve@example.com"
PRIVATE = "what nobody else may read"
ROW = RowRequest(
    "2026-W12", {"to": ADA, "subject": "Two tiers moved", "text": "Quiet Harbour is in tier 1."}
)
CERTIFICATE = make_certificate()


class Post:
    """A mail server, and what writes to it."""

    def __init__(self, simulator: MailSimulator, port: int) -> None:
        self.simulator = simulator
        self.mailbox = simulator.mailbox
        self.port = port
        self.pauses: list[float] = []
        self._stack = ExitStack()

    def account(self, **changes: object) -> SmtpAccount:
        (sender,) = mailboxes("Millrace <millrace@mail.example.com>")
        plain = SmtpAccount("127.0.0.1", self.port, SmtpSecurity.NONE, sender)
        return replace(plain, **changes)  # type: ignore[arg-type]

    def server(
        self,
        account: SmtpAccount | None = None,
        limits: EmailLimits = EMAIL,
        tls: ssl.SSLContext = CERTIFICATE.client,
    ) -> MailServer:
        server = MailServer(
            account or self.account(), limits=limits, tls=tls, sleep=self.pauses.append
        )
        self._stack.callback(server.close)
        return server

    def writer(
        self,
        account: SmtpAccount | None = None,
        limits: EmailLimits = EMAIL,
        tls: ssl.SSLContext = CERTIFICATE.client,
    ) -> EmailWriter:
        return EmailWriter(self.server(account, limits, tls), clock=lambda: NOW)

    def close(self) -> None:
        self._stack.close()


@contextmanager
def served(simulator: MailSimulator) -> Iterator[Post]:
    with simulator.serving() as place:
        post = Post(simulator, place.port)
        try:
            yield post
        finally:
            post.close()


@pytest.fixture
def post() -> Iterator[Post]:
    with served(MailSimulator()) as post:
        yield post


def row(**values: str | None) -> RowRequest:
    return RowRequest("k", {**ROW.values, **values})


def write(writer: EmailWriter, sent: RowRequest = ROW) -> RowResult:
    (result,) = writer.write([sent])
    return result


# What is handed over
