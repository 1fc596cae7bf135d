"""Requests to HubSpot: within its limits, repeated where that may help, counted."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import requests
from dlt.sources.helpers.requests import Client
from requests.adapters import HTTPAdapter

from ingestion.hubspot.errors import DAILY_LIMIT, policy_name
from ingestion.hubspot.limits import RequestLimits

_ATTEMPTS = 5
_BACKOFF_SECONDS = 1.0  # before the first repetition; then twice as long each time


class RequestMeter(HTTPAdapter):
    """Sends requests when the limits allow them, and knows how many, repeated ones included."""

    def __init__(self, limits: RequestLimits) -> None:
        super().__init__()
        self._limits = limits
        self.calls = 0
        self.first_answered_at: datetime | None = None
        """When HubSpot first answered, by its own clock, to the second below; in UTC."""

    def send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:  # type: ignore[override]
        """Send one request, as soon as that may be."""
        self._limits.wait(is_search=urlsplit(request.url or "").path.endswith("/search"))
        self.calls += 1
        response = super().send(request, **options)
        if self.first_answered_at is None:
            self.first_answered_at = _time_of(response)
        return response


def session_through(meter: RequestMeter) -> requests.Session:
    """A session that repeats what failed for a moment: no answer, 429, 5xx."""
    session: requests.Session = Client(
        raise_for_status=False,
        status_codes=range(500, 600),
        retry_condition=_is_limit_of_the_moment,
        request_max_attempts=_ATTEMPTS,
        request_backoff_factor=_BACKOFF_SECONDS,
    ).session
    for scheme in ("http://", "https://"):
        session.mount(scheme, meter)
    return session


def _is_limit_of_the_moment(response: requests.Response | None, _: BaseException | None) -> bool:
    return (
        response is not None
        and response.status_code == 429
        and policy_name(response) != DAILY_LIMIT
    )


def _time_of(response: requests.Response) -> datetime:
    """The `Date` of an answer; our own clock where there is none."""
    try:
        said = parsedate_to_datetime(response.headers.get("Date", ""))
    except ValueError:
        return datetime.now(UTC)
    return said if said.tzinfo is not None else said.replace(tzinfo=UTC)
