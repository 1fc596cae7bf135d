"""The vendors' limits, and the limiters that keep them; nowhere else is a limit written down.

The numbers are those of the vendors' documentation at the time of writing.
"""

from __future__ import annotations

import hashlib
import threading
from dataclasses import dataclass

from pyrate_limiter import Limiter, Rate


@dataclass(frozen=True, slots=True)
class Quota:
    """So many requests in any span of so many seconds."""

    requests: int
    seconds: float

    def limiter(self) -> Limiter:
        """A limiter of this quota that is shared with nobody."""
        return Limiter(Rate(self.requests, int(self.seconds * 1000)))


@dataclass(frozen=True, slots=True)
class HubSpotLimits:
    """HubSpot's CRM API: the smallest plan's quota, so that it fits every account."""

    quota: Quota = Quota(100, 10)
    """Per private app; shared by everything in the process that uses the same token."""
    batch_size: int = 100
    """Records per batch request."""
    owners_page: int = 100
    """Owners per page."""
    text_length: int = 65_536
    """Characters of a property's value."""
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


HUBSPOT = HubSpotLimits()

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
