"""Handing messages to a mail server (SMTP): over one connection, and never twice without asking.

spec/activation.md, Engine: write, record. A message is the server's once it has answered to the
end of its text; one that breaks off before its end is forgotten (RFC 5321, 4.1.1.4).
"""

from __future__ import annotations

import contextlib
import re
import smtplib
import ssl
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from activation.errors import DestinationRefusedError, NoAnswerError
from activation.writers.attempts import TransientError, persist
from activation.writers.base import Usage
from activation.writers.limits import EMAIL, EmailLimits
from activation.writers.wording import without_addresses
from warehouse.settings import SmtpAccount, SmtpSecurity

_LEADING_DOT = re.compile(rb"^\.", re.MULTILINE)
_MEANINGFUL = range(200, 600)
_DONE = 250
_GO_AHEAD = 354
_CLOSING = 421
_LOGIN_WANTED = 530
_TOO_BIG = 552

_Answer = TypeVar("_Answer")


@dataclass(frozen=True, slots=True)
class Delivery:
    """What the server made of a message."""

    recipients: int
    refused: tuple[str, ...]
    """Its words, without addresses, to each recipient that it did not take."""

    @property
    def is_accepted(self) -> bool:
        """Whether it took the message for anybody."""
        return len(self.refused) < self.recipients

    @property
    def complaint(self) -> str | None:
        """What it did not take, in words; None when it took all."""
        if not self.refused:
            return None
        words = "; ".join(dict.fromkeys(self.refused))
        if not self.is_accepted:
            return f"The mail server does not take the message: {words}"
        were = "was" if len(self.refused) == 1 else "were"
        return f"{len(self.refused)} of {self.recipients} recipients {were} refused: {words}"


@dataclass(frozen=True, slots=True)
class _Reply:
    code: int
    words: str
    """Without addresses."""

    @classmethod
    def of(cls, said: tuple[int, bytes], known: Sequence[str] = ()) -> _Reply:
        words = " ".join(said[1].decode("utf-8", "replace").split())
        return cls(said[0], without_addresses(words, known))

    @property
    def is_consent(self) -> bool:
        return 200 <= self.code < 400

    @property
    def is_refusal(self) -> bool:
        return 500 <= self.code < 600

    def __str__(self) -> str:
        return f"{self.code} {self.words}".strip()


class MailServer:
    """A mail server that takes messages. Not for several threads at once.

    Args:
        account: where it is, and who hands messages over.
        limits: how much, how long, how often.
        tls: whose certificates are trusted; by default those that the system trusts.
        sleep: how to wait before another attempt, in seconds.
    """

    def __init__(
        self,
        account: SmtpAccount,
        *,
        limits: EmailLimits = EMAIL,
        tls: ssl.SSLContext | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.account = account
        self.limits = limits
        self.usage = Usage()
        """Messages handed over so far, whole, whether or not they were taken."""
        self._tls = tls or ssl.create_default_context()
        self._sleep = sleep
        self._connection: smtplib.SMTP | None = None

    def close(self) -> None:
        """Take leave of the server."""
        if self._connection is not None:
            with contextlib.suppress(OSError):  # smtplib's errors are such, too
                self._connection.quit()
            self._drop()

    def check(self) -> None:
        """Connect, encrypt, log in and ask for a sign of life; hands nothing over.

        Raises:
            DestinationError: when messages could not be handed over.
        """
        self._persist(self._greet)

    def deliver(self, message: bytes, recipients: Sequence[str], *, message_id: str) -> Delivery:
        """Hand one message over.

        A recipient who is put off (4xx) holds it back from all, so that nobody gets it twice.

        Args:
            message: headers and text, with lines as on the wire.
            recipients: bare addresses, at least one, each once.
            message_id: for whoever looks for it on the server.

        Raises:
            NoAnswerError: when it was sent to its end and nobody knows whether it was taken.
            DestinationError: when it was not handed over, for a reason that is not the message's.
        """
        end = b".\r\n" if message.endswith(b"\r\n") else b"\r\n.\r\n"
        text = _LEADING_DOT.sub(b"..", message) + end
        return self._persist(lambda: self._hand_over(text, recipients, message_id))

    def _persist(self, attempt: Callable[[], _Answer]) -> _Answer:
        return persist(
            attempt,
            vendor="The mail server",
            patience=self.limits,
            usage=self.usage,
            sleep=self._sleep,
        )

    def _greet(self) -> None:
        with self._on_the_line() as line:
            self._answered(line.noop())

    def _hand_over(self, text: bytes, recipients: Sequence[str], message_id: str) -> Delivery:
        with self._on_the_line() as line:
            refused = self._addressed(line, len(text), recipients)
            if len(refused) == len(recipients):
                return Delivery(len(recipients), refused)
            reply = self._answered(line.docmd("DATA"), recipients)
            if not reply.is_refusal:
                if reply.code != _GO_AHEAD:
                    raise TransientError(str(reply))
                line.send(text)
                self.usage.calls += 1
                self.usage.write_calls += 1
                reply = self._verdict(line, recipients, message_id)
            if reply.is_refusal:
                refused = (str(reply),) * len(recipients)
            return Delivery(len(recipients), refused)

    def _addressed(
        self, line: smtplib.SMTP, size: int, recipients: Sequence[str]
    ) -> tuple[str, ...]:
        """Say whom the message is from and whom it is for; the server's words where it refuses."""
        options = [f"SIZE={size}"] if line.has_extn("size") else []
        reply = self._answered(line.mail(self.account.sender.addr_spec, options))
        if reply.code == _TOO_BIG:
            return (str(reply),) * len(recipients)
        self._require_welcome(reply)
        refused = []
        for recipient in recipients:
            reply = self._answered(line.rcpt(recipient), recipients)
            if reply.code == _LOGIN_WANTED:
                self._require_welcome(reply)
            if reply.is_refusal:
                refused.append(str(reply))
        return tuple(refused)

    def _verdict(self, line: smtplib.SMTP, recipients: Sequence[str], message_id: str) -> _Reply:
        """The answer to a whole message."""
        _wait_for(line, self.limits.acceptance_timeout)
        try:
            said = line.getreply()
        except (smtplib.SMTPException, OSError) as error:
            self._drop()
            raise _in_doubt(type(error).__name__, message_id) from None
        if said[0] not in _MEANINGFUL:
            self._drop()
            raise _in_doubt("an answer without meaning", message_id)
        _wait_for(line, self.limits.answer_timeout)
        return self._answered(said, recipients)

    def _answered(self, said: tuple[int, bytes], known: Sequence[str] = ()) -> _Reply:
        """An answer that is not "not now"."""
        reply = _Reply.of(said, known)
        if reply.code == _CLOSING:
            self._drop()
        if not (reply.is_refusal or reply.is_consent):
            raise TransientError(str(reply))
        return reply

    @staticmethod
    def _require_welcome(reply: _Reply) -> None:
        if reply.code == _LOGIN_WANTED:
            raise DestinationRefusedError(
                f"The mail server asks for a login ({reply}): set SMTP_USERNAME and SMTP_PASSWORD."
            )
        if reply.is_refusal:
            raise DestinationRefusedError(
                f"The mail server takes no messages from this sender ({reply}): check SMTP_FROM."
            )

    @contextlib.contextmanager
    def _on_the_line(self) -> Iterator[smtplib.SMTP]:
        """The connection, with no message begun on it; a new one when the server has hung up."""
        with _sorted_out():
            if self._connection is not None and not _is_alive(self._connection):
                self._drop()
            if self._connection is None:
                self._connection = self._connected()
            try:
                yield self._connection
            except OSError:  # smtplib's errors are such, too
                self._drop()
                raise

    def _connected(self) -> smtplib.SMTP:
        where, timeout = (self.account.host, self.account.port), self.limits.connect_timeout
        if self.account.security is SmtpSecurity.TLS:
            line: smtplib.SMTP = smtplib.SMTP_SSL(*where, timeout=timeout, context=self._tls)
        else:
            line = smtplib.SMTP(*where, timeout=timeout)
        try:
            _wait_for(line, self.limits.answer_timeout)
            self._encrypt(line)
            self._log_in(line)
        except BaseException:
            line.close()
            raise
        return line

    def _encrypt(self, line: smtplib.SMTP) -> None:
        """Learn what the server can, over an encrypted connection where one is asked for."""
        if self.account.security is SmtpSecurity.STARTTLS:
            try:
                line.starttls(context=self._tls)
            except smtplib.SMTPNotSupportedError:
                raise DestinationRefusedError(
                    "The mail server offers no encryption on this port: set SMTP_SECURITY to tls, "
                    "with SMTP_PORT, or to none in a network that you trust."
                ) from None
        line.ehlo_or_helo_if_needed()

    def _log_in(self, line: smtplib.SMTP) -> None:
        username, password = self.account.username, self.account.password
        if username is None or password is None:
            return
        try:
            line.login(username, password.get_secret_value())
        except smtplib.SMTPAuthenticationError as error:
            if not _Reply.of((error.smtp_code, b"")).is_refusal:
                raise
            raise DestinationRefusedError(
                f"The mail server does not accept the login ({error.smtp_code}): put the right one "
                "into SMTP_USERNAME and SMTP_PASSWORD."
            ) from None
        except smtplib.SMTPServerDisconnected:
            raise
        except smtplib.SMTPException:
            raise DestinationRefusedError(
                "The mail server offers no login over this connection: check SMTP_SECURITY, or "
                "unset SMTP_USERNAME and SMTP_PASSWORD where it asks for none."
            ) from None

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _wait_for(line: smtplib.SMTP, seconds: float) -> None:
    """How long the next answers may take."""
    if line.sock is not None:
        line.sock.settimeout(seconds)


def _is_alive(line: smtplib.SMTP) -> bool:
    """Whether the server is still there; a message that was begun is forgotten."""
    try:
        return line.rset()[0] == _DONE
    except OSError:  # smtplib's errors are such, too
        return False


@contextlib.contextmanager
def _sorted_out() -> Iterator[None]:
    """What went wrong on the way to the server, or between commands, as what is to be done."""
    try:
        yield
    except smtplib.SMTPResponseException as error:
        said = error.smtp_error
        reply = _Reply.of((error.smtp_code, said.encode() if isinstance(said, str) else said))
        if reply.is_refusal:
            raise DestinationRefusedError(
                f"The mail server turns us away ({reply}): check SMTP_HOST and SMTP_PORT."
            ) from None
        raise TransientError(str(reply)) from None
    except ssl.SSLCertVerificationError:
        raise DestinationRefusedError(
            "The mail server's certificate is not one of SMTP_HOST that this machine trusts: name "
            "the host as its certificate does."
        ) from None
    except (ssl.SSLEOFError, ssl.SSLZeroReturnError) as error:
        raise TransientError(f"the connection was lost ({type(error).__name__})") from None
    except ssl.SSLError:
        raise DestinationRefusedError(
            "The mail server does not speak TLS here: check SMTP_PORT and SMTP_SECURITY."
        ) from None
    except OSError as error:  # smtplib's own are such, too
        raise TransientError(f"the connection was lost ({type(error).__name__})") from None


def _in_doubt(happened: str, message_id: str) -> NoAnswerError:
    return NoAnswerError(
        f"The mail server did not say whether it took the message ({happened}): look for its "
        "Message-ID in the server's log before `millrace sync retry` sends it again.",
        request_id=message_id,
    )
