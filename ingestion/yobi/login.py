"""Being logged in at Yobi: a token before the first request, and a new one before it expires.

Yobi says when a token expires by its own clock, which is read from the `Date` of its answers: ours
may be ahead of it, or behind.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import requests
from dlt.sources.helpers.rest_client.auth import AuthConfigBase

from ingestion.api.contract import RecordChangedError, read_record
from ingestion.api.errors import Vendor
from ingestion.api.session import RequestMeter, answered_at, session_through
from ingestion.yobi.errors import LOGIN_PATH, YobiError
from ingestion.yobi.records import Login
from warehouse.settings import YobiLogin

RENEW_BEFORE = timedelta(minutes=5)
"""How long before its expiry a token is renewed (spec/engagement.md, Yobi API)."""


class YobiAuth(AuthConfigBase):
    """Puts a token into every request that is still good for a while.

    A token that is refused before its time is renewed once for that request; what is answered then
    stands.
    """

    def __init__(self, vendor: Vendor, login: YobiLogin, meter: RequestMeter) -> None:
        """Nothing is asked before the first request, or `log_in`.

        Args:
            vendor: see `errors.yobi_at`.
            login: who reads.
            meter: counts the logins.
        """
        super().__init__()
        self.resolve()  # for dlt, which would look for settings elsewhere
        self._vendor = vendor
        self._login = login
        self._session = session_through(meter, is_limit_of_the_moment=lambda _: True)
        self._token: str | None = None
        self.expires_at = datetime.min.replace(tzinfo=UTC)
        """When the present token stops being good, by Yobi's clock."""
        self._clock = _VendorClock()

    @property
    def now(self) -> datetime:
        """Yobi's clock, in UTC; ours before Yobi has answered anything."""
        return self._clock()

    def log_in(self) -> None:
        """Get a new token.

        Raises:
            YobiError: when Yobi refuses, stays silent or answers something else.
        """
        try:
            response = self._session.post(
                f"{self._vendor.base_url}/{LOGIN_PATH}",
                json={
                    "user": self._login.email,
                    "password": self._login.password.get_secret_value(),
                },
            )
            response.raise_for_status()
            answer = response.json()
        except requests.RequestException as error:
            # Without what it was raised from: the request there has the password in it.
            raise self._vendor.explained(error) from None
        if not isinstance(answer, dict) or answer.get("success") is not True:
            raise self._vendor.error(
                "Yobi answers the login without success: check YOBI_EMAIL and YOBI_PASSWORD."
            )
        try:
            given = read_record(Login, answer.get("results"))
        except RecordChangedError as change:
            raise YobiError.about_a_change(LOGIN_PATH, str(change)) from None
        self._clock.set(answered_at(response))
        self._token = given.token
        self.expires_at = datetime.fromtimestamp(given.expires_at_ms / 1000, UTC)

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Send the token along, a new one where the old one is about to expire."""
        if self._token is None or self.now >= self.expires_at - RENEW_BEFORE:
            self.log_in()
        request.headers["Authorization"] = f"Bearer {self._token}"
        request.register_hook("response", self._look_at)
        return request

    def _look_at(self, response: requests.Response, **options: Any) -> requests.Response:
        """Note Yobi's time, and ask once more with a new token where this one was refused."""
        self._clock.set(answered_at(response))
        if response.status_code != requests.codes.unauthorized:
            return response
        _ = response.content  # so that the connection can be used again
        response.close()
        self.log_in()
        again = response.request.copy()
        again.headers["Authorization"] = f"Bearer {self._token}"
        answered: requests.Response = response.connection.send(again, **options)
        answered.history.append(response)
        answered.request = again
        return answered


class _VendorClock:
    """A clock that is set by the vendor's answers, and goes on by ours between them."""

    def __init__(self, elapsed: Callable[[], float] = time.monotonic) -> None:
        self._elapsed = elapsed
        self._set_to = datetime.now(UTC)
        self._set_at = elapsed()

    def set(self, now: datetime) -> None:
        self._set_to, self._set_at = now, self._elapsed()

    def __call__(self) -> datetime:
        return self._set_to + timedelta(seconds=self._elapsed() - self._set_at)
