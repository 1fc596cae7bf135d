"""The writer for e-mail: messages handed to a mail server."""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from typing import Annotated

from pydantic import (
    Base64Bytes,
    BaseModel,
    ConfigDict,
    StringConstraints,
    TypeAdapter,
    ValidationError,
    field_validator,
)

from activation.writers.base import (
    Outcome,
    PropertyDescription,
    RowRequest,
    RowResult,
    Usage,
    ValueKind,
    Writer,
)
from activation.writers.email_server import MailServer
from activation.writers.messages import MessageWriter
from warehouse.mailboxes import mailboxes
from warehouse.settings import get_settings

TO = "to"
"""One address or several, with commas between: each sees the others."""
SUBJECT = "subject"
TEXT = "text"
"""The message as plain text."""
HTML = "html"
"""The same message as HTML, for those whose mail program shows it."""
IMAGES = "images"
"""JSON text: the `InlineImage`s that the HTML shows."""
REQUIRED = (TO, SUBJECT, TEXT)

_POLICY = SMTP.clone(cte_type="7bit")
"""Lines end as on the wire, and no server needs an extension to take what is in them."""

_PNG = b"\x89PNG\r\n\x1a\n"

_NOT_IN_A_LINE = {"Cc", "Zl", "Zp"}
"""Unicode's categories of control characters, and of what separates lines and paragraphs."""


class InlineImage(BaseModel):
    """A picture that travels with a message, shown where its HTML says `src="cid:<cid>"`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    cid: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,60}$")]
    """By which the HTML names it; each once in a message."""
    png: Base64Bytes
    """The file; in JSON as base64."""

    @field_validator("png")
    @classmethod
    def _is_png(cls, file: bytes) -> bytes:
        if not file.startswith(_PNG):
            raise ValueError("is not a PNG file")
        return file


_IMAGE_LIST = TypeAdapter(list[InlineImage])


def _now() -> datetime:
    return datetime.now(UTC)


class EmailWriter(MessageWriter):
    """A `Writer` of messages, one at a time.

    Args:
        server: who takes the messages; stays the caller's to close.
        clock: tells when a message was written, with a time zone.
    """

    def __init__(self, server: MailServer, *, clock: Callable[[], datetime] = _now) -> None:
        lengths = dict.fromkeys((TO, SUBJECT, TEXT, HTML, IMAGES)) | {
            SUBJECT: server.limits.subject_length
        }
        parts = [
            PropertyDescription(name, ValueKind.TEXT, max_length=length)
            for name, length in lengths.items()
        ]
        super().__init__("E-mail", parts, REQUIRED)
        self._server = server
        self._clock = clock

    @property
    def usage(self) -> Usage:
        """Messages handed over so far; one that was handed over again counts again."""
        return self._server.usage

    def misfit(self, row: RowRequest) -> str | None:
        """See `Writer.misfit`. Whether an address exists, only the server can tell."""
        lacking = self.lacking(row.values)
        if lacking is not None:
            return lacking
        subject, to = row.values[SUBJECT] or "", row.values[TO] or ""
        if any(unicodedata.category(each) in _NOT_IN_A_LINE for each in subject):
            return f"{SUBJECT}: the value is not one line of text"
        try:
            recipients = mailboxes(to)
        except ValueError as error:
            return f"{TO}: the value {error}"
        if len(recipients) > self._server.limits.recipients:
            return f"{TO}: the value has more than {self._server.limits.recipients} addresses"
        return _misfit_of_images(row.values.get(IMAGES), row.values.get(HTML) or "")

    def write(self, rows: Sequence[RowRequest]) -> Sequence[RowResult]:
        """See `Writer.write`. Exactly one row, which is no misfit.

        A row is written when the server has taken its message for at least one address; where it
        refused others, the result's message says how many and why.
        """
        (row,) = rows
        message = self.composed(row)
        identity = str(message["Message-ID"])
        recipients = [address.addr_spec for address in message["To"].addresses]
        delivery = self._server.deliver(message.as_bytes(), recipients, message_id=identity)
        outcome = Outcome.WRITTEN if delivery.is_accepted else Outcome.FAILED
        return [RowResult(row.key, outcome, delivery.complaint, identity)]

    def composed(self, row: RowRequest) -> EmailMessage:
        """The message of a row that is no misfit, as it is handed over."""
        values = {name: value or "" for name, value in row.values.items()}
        message = EmailMessage(policy=_POLICY)
        message["From"] = self._server.account.sender
        message["To"] = mailboxes(values[TO])
        message["Subject"] = values[SUBJECT]
        message["Date"] = self._clock()
        message["Message-ID"] = self._message_id(row.key, values)
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(values[TEXT])
        if values.get(HTML):
            message.add_alternative(values[HTML], subtype="html")
            _add_images(message, values.get(IMAGES))
        return message

    def _message_id(self, key: str, values: dict[str, str]) -> str:
        """The same for the same message, so that receivers can tell a repeat.

        A key is unique in its sync alone, so that the addresses and the subject belong to it.
        """
        said = json.dumps([key, values[TO], values[SUBJECT]])
        digest = hashlib.sha256(said.encode()).hexdigest()[:32]
        return f"<{digest}@{self._server.account.sender.domain}>"


def _misfit_of_images(text: str | None, html: str) -> str | None:
    """Why these are no pictures of the HTML, as `Writer.misfit` puts it."""
    if not text:
        return None
    try:
        images = _IMAGE_LIST.validate_json(text)
    except ValidationError:
        return f"{IMAGES}: the value is not JSON of a list of pictures, each with a cid and a png"
    if len({image.cid for image in images}) < len(images):
        return f"{IMAGES}: two pictures have the same cid"
    if not all(re.search(rf"cid:{re.escape(image.cid)}(?![\w.-])", html) for image in images):
        return f"{IMAGES}: the {HTML} does not show every picture"
    return None


def _add_images(message: EmailMessage, text: str | None) -> None:
    """Put the pictures beside the HTML, which then are one of the message's two forms."""
    if not text:
        return
    page = message.get_body(preferencelist=("html",))
    if not isinstance(page, EmailMessage):
        raise TypeError("a message with pictures has a page of HTML")
    for image in _IMAGE_LIST.validate_json(text):
        page.add_related(
            image.png,
            maintype="image",
            subtype="png",
            cid=f"<{image.cid}>",
            disposition="inline",
            filename=f"{image.cid}.png",
        )


@contextmanager
def open_email(kind: str) -> Iterator[Writer]:  # noqa: ARG001 - all messages are of one kind
    """A writer for the mail server that the settings name.

    Raises:
        SettingsError: when `SMTP_HOST` or `SMTP_FROM` is not set, or half of a login.
    """
    server = MailServer(get_settings().require_smtp())
    try:
        yield EmailWriter(server)
    finally:
        server.close()
