"""What the local mail server was handed."""

from __future__ import annotations

from dataclasses import dataclass, field
from email.message import EmailMessage


@dataclass(frozen=True, slots=True)
class Kept:
    """A message that the server took."""

    sender: str
    """Of the envelope."""
    recipients: tuple[str, ...]
    """Of the envelope: those whom the server did not refuse."""
    message: EmailMessage
    raw: bytes
    """As it came, without the dots that SMTP puts before dots."""


@dataclass
class Mailbox:
    """What was handed over, and how often somebody tried."""

    messages: list[Kept] = field(default_factory=list)
    """Those that were taken, oldest first."""
    connections: int = 0
    handed_over: int = 0
    """Messages that came to the end of their text, taken or not."""
    logins: list[str] = field(default_factory=list)
    """Who was let in, oldest first."""
