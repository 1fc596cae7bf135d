"""Requests to a vendor: within its limits, repeated where that may help, counted."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import requests
from dlt.sources.helpers.requests import Client
from requests.adapters import HTTPAdapter

ATTEMPTS = 5
"""How often a request is sent at the most."""
BACKOFF_SECONDS = 1.0
"""Before the first repetition, where the vendor names no time; then twice as long each time."""

Wait = Callable[[requests.PreparedRequest], None]
"""Counts a request against the vendor's limits, once there is room for it."""


class RequestMeter(HTTPAdapter):
    """Sends requests when the limits allow them, and knows how many, repeated ones included."""

    def __init__(self, wait: Wait) -> None:
        super().__init__()
        self._wait = wait
        self.calls = 0
        self.first_answered_at: datetime | None = None
        """When the vendor first answered, by its own clock, to the second below; in UTC."""

    def send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:  # type: ignore[override]
        """Send one request, as soon as that may be."""
        self._wait(request)
        self.calls += 1
        response = super().send(request, **options)
        if self.first_answered_at is None:
            self.first_answered_at = answered_at(response)
        return response


def session_through(
    meter: RequestMeter, *, is_limit_of_the_moment: Callable[[requests.Response], bool]
) -> requests.Session:
    """A session that repeats what failed for a moment: no answer, 429, 5xx.

    Args:
        meter: sends the requests.
        is_limit_of_the_moment: whether a 429 is worth repeating. One that says that the day's
            budget is spent is not.
    """

    def repeats(response: requests.Response | None, _: BaseException | None) -> bool:
        return (
            response is not None
            and response.status_code == 429
            and is_limit_of_the_moment(response)
        )

    session: requests.Session = Client(
        raise_for_status=False,
        status_codes=range(500, 600),
        retry_condition=repeats,
        request_max_attempts=ATTEMPTS,
        request_backoff_factor=BACKOFF_SECONDS,
    ).session
    for scheme in ("http://", "https://"):
        session.mount(scheme, meter)
    return session


def answered_at(response: requests.Response) -> datetime:
    """The `Date` of an answer, in UTC; our own clock where there is none."""
    try:
        said = parsedate_to_datetime(response.headers.get("Date", ""))
    except ValueError:
        return datetime.now(UTC)
    return said if said.tzinfo is not None else said.replace(tzinfo=UTC)
