"""The vendors' limits, and the limiters that keep them; nowhere else is a limit written down.

The numbers are those of the vendors' documentation at the time of writing.
"""

from __future__ import annotations

import hashlib
import threading
from dataclasses import dataclass

from pyrate_limiter import Limiter, Rate

_TRAVEL = 250
"""Milliseconds by which requests may come in closer together than they were sent."""


@dataclass(frozen=True, slots=True)
class Quota:
    """So many requests in any span of so many seconds."""

    requests: int
    seconds: float

    def limiter(self) -> Limiter:
        """A limiter of this quota that is shared with nobody.

        Its span is a little longer: requests do not travel equally fast.
        """
        return Limiter(Rate(self.requests, int(self.seconds * 1000) + _TRAVEL))


@dataclass(frozen=True, slots=True)
class Patience:
    """How often a vendor is asked, and how long is waited for it."""

    attempts: int = 6
    """Times that one request is made before giving up."""
    first_pause: float = 1.0
    """Seconds before the second attempt; doubled for each further one, with up to 1 s of jitter."""
    longest_pause: float = 60.0
    """Seconds; who asks for more (`Retry-After`) is left alone until the next run."""
    connect_timeout: float = 10.0
    """Seconds."""
    answer_timeout: float = 30.0
    """Seconds without a byte."""


@dataclass(frozen=True, slots=True)
class HubSpotLimits(Patience):
    """HubSpot's CRM API: the smallest plan's quota, so that it fits every account."""

    quota: Quota = Quota(100, 10)
    """Per private app; shared by everything in the process that uses the same token."""
    batch_size: int = 100
    """Records per batch request."""
    owners_page: int = 100
    """Owners per page."""
    text_length: int = 65_536
    """Characters of a property's value."""


HUBSPOT = HubSpotLimits()


@dataclass(frozen=True, slots=True)
class SlackLimits(Patience):
    """Slack's incoming webhooks."""

    quota: Quota = Quota(1, 1)
    """Per webhook; shared by everything in the process that uses the same one."""
    batch_size: int = 1
    """Messages per request."""
    text_length: int = 40_000
    """Characters of a message's text; Slack cuts off the rest without saying so."""
    blocks: int = 50
    """Blocks of a message."""


SLACK = SlackLimits()


@dataclass(frozen=True, slots=True)
class EmailLimits(Patience):
    """Mail servers, by what RFC 5321 asks of all and RFC 5322 of messages."""

    batch_size: int = 1
    """Messages handed over at once."""
    recipients: int = 100
    """Of one message; a server need not take more (RFC 5321, 4.5.3.1.8)."""
    subject_length: int = 998
    """Characters; no line of a message may be longer (RFC 5322, 2.1.1)."""
    connect_timeout: float = 30.0
    """Seconds, until the server has greeted."""
    answer_timeout: float = 60.0
    """Seconds without an answer to a command."""
    acceptance_timeout: float = 600.0
    """Seconds without an answer to a whole message: a server that looks into it may take that long
    (RFC 5321, 4.5.3.2.6), and who hangs up before is not told whether it was taken."""


EMAIL = EmailLimits()

_shared: dict[str, Limiter] = {}
_lock = threading.Lock()


def shared_limiter(account: str, quota: Quota) -> Limiter:
    """The limiter of an account, one for the whole process (spec/activation.md, Engine: write).

    Args:
        account: whatever tells accounts of all vendors apart; may be secret, only a digest is kept.
        quota: the account's quota; the first caller's holds.
    """
    digest = hashlib.sha256(account.encode()).hexdigest()
    with _lock:
        if digest not in _shared:
            _shared[digest] = quota.limiter()
        return _shared[digest]
