"""HubSpot's limits, and who keeps to them; for reading, nowhere else is a limit written down.

The numbers are those of the vendor's documentation at the time of writing, for its smallest plan.
"""

from __future__ import annotations

import hashlib
from functools import cache
from urllib.parse import urlsplit

from pyrate_limiter import Duration, Limiter, Rate
from requests import PreparedRequest

PAGE_SIZE = 100
"""Records, owners on a page of a list."""
SEARCH_PAGE_SIZE = 200
"""Records on a page of a search."""
SEARCH_LENGTH = 3_000
"""Characters of the body of a search."""
BATCH_SIZE = 100
"""Records that can be asked for by id at once."""
HISTORY_BATCH_SIZE = 50
"""Records whose histories can be asked for at once."""
ASSOCIATION_BATCH_SIZE = 1_000
"""Records whose associations can be asked for at once."""

_ROOM = 100
"""Milliseconds by which the windows are longer than HubSpot's: a request that travels faster than
the one before must not come too early."""
GENERAL_RATE = Rate(100, 10 * Duration.SECOND + _ROOM)
SEARCH_RATE = Rate(5, Duration.SECOND + _ROOM)


class RequestLimits:
    """One account's limits: a search counts against both, everything else against one."""

    def __init__(self) -> None:
        self._general = Limiter(GENERAL_RATE)
        self._search = Limiter(SEARCH_RATE)

    def wait(self, request: PreparedRequest) -> None:
        """Count a request, once there is room for it."""
        if urlsplit(request.url or "").path.endswith("/search"):
            self._search.try_acquire("search")
        self._general.try_acquire("request")


def limits_of(account: str) -> RequestLimits:
    """The limits of an account, shared by all loads of this process.

    Args:
        account: whatever tells accounts apart; may be secret, only a digest is kept.
    """
    return _limits_of(hashlib.sha256(account.encode()).hexdigest())


@cache
def _limits_of(_digest: str) -> RequestLimits:
    return RequestLimits()
