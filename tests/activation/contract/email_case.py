"""A mail server, held to the contract."""

from __future__ import annotations

import ssl
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from unittest.mock import patch

from activation.writers.base import (
    Repeating,
    Writer,
)
from activation.writers.email import EmailWriter
from activation.writers.email_server import MailServer
from simulators.smtp import MailSimulator, Mishap, Stage
from simulators.smtp.mailbox import Mailbox
from simulators.smtp.mishaps import MishapPlan
from tests.activation.contract.case import (
    PARK_AFTER,
    PERSONAL,
    SECRET,
    VALUE,
    WHY_REFUSED,
    Calls,
    Row,
    VendorCase,
)
from tests.activation.contract.wire import WiredSmtp
from tests.activation.models import declare
from warehouse.settings import Settings, SmtpSecurity

_NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""Trusts nobody: loading whom the system trusts takes longer than a run."""


class EmailCase(VendorCase):
    """Messages to one address each, on a server that asks for a login."""

    repeating = Repeating.ASK

    def __init__(self) -> None:
        super().__init__()
        self._simulator = MailSimulator(login=("millrace", SECRET))
        self.declaration = declare(
            "email_contract",
            ["to", "subject", "text"],
            destination="email",
            object="message",
            mode="message",
            batch_size=1,
            park_after=PARK_AFTER,
        )

    @contextmanager
    def served(self) -> Iterator[None]:
        with self._simulator.serving() as place:
            self._port = place.port
            yield

    def begin(self) -> None:
        self._simulator.mailbox = Mailbox()
        self._refused.clear()
        self._tell()

    @contextmanager
    def writer(self) -> Iterator[Writer]:
        settings = Settings.model_validate(self.environment())
        with patch("smtplib.SMTP", partial(WiredSmtp, self.wire)):
            server = MailServer(settings.require_smtp(), tls=_NO_TLS, sleep=self.pauses.append)
            try:
                yield EmailWriter(server)
            finally:
                server.close()

    def row(self, key: str, version: int) -> Row:
        return {
            "to": self._address(key),
            "subject": f"{VALUE} {version}",
            "text": f"{VALUE} {key} {version}",
        }

    @staticmethod
    def _address(key: str) -> str:
        return f"{PERSONAL}.{key}@example.com"

    def arrivals(self) -> Counter[str]:
        return Counter(
            address.partition("@")[0].removeprefix(f"{PERSONAL}.")
            for kept in self._simulator.mailbox.messages
            for address in kept.recipients
        )

    def holds(self, key: str, version: int) -> bool:
        texts = [kept.message.get_content() for kept in self._simulator.mailbox.messages]
        return f"{VALUE} {key} {version}" in [text.strip() for text in texts]

    def _tell(self) -> None:
        self._simulator.mishaps = MishapPlan()
        for key in sorted(self._refused):
            said = f"550 5.1.1 {WHY_REFUSED}: <{self._address(key)}>"
            self._simulator.mishaps.add(Mishap(Stage.RCPT, said, address=self._address(key)))

    def calls(self) -> Calls:
        handed_over = self._simulator.mailbox.handed_over
        return Calls(handed_over, handed_over)

    def be_busy(self, times: int, *, seconds: int | None = None) -> None:  # noqa: ARG002 - a mail server cannot say how long
        self._simulator.mishaps.add(Mishap(Stage.MESSAGE, "451 4.7.1 Not now", times=times))

    def break_down(self) -> None:
        self._simulator.mishaps.add(Mishap(Stage.MESSAGE, times=1))

    def hang(self, write: int) -> None:
        for _ in range(write - 1):
            self._simulator.mishaps.add(
                Mishap(Stage.MESSAGE, "250 2.0.0 OK", takes_effect=True, times=1)
            )
        self._simulator.mishaps.add(
            Mishap(Stage.MESSAGE, "250 2.0.0 OK", takes_effect=True, delay=600, times=1)
        )
        self._hangs_at = self._simulator.mailbox.handed_over + write

    def is_hanging(self) -> bool:
        return self._simulator.mailbox.handed_over >= self._hangs_at

    def environment(self) -> Mapping[str, str]:
        return {
            "SMTP_HOST": "127.0.0.1",
            "SMTP_PORT": str(self._port),
            "SMTP_SECURITY": SmtpSecurity.NONE.value,
            "SMTP_FROM": "millrace@mail.example.com",
            "SMTP_USERNAME": "millrace",
            "SMTP_PASSWORD": SECRET,
        }
