"""Requests to HubSpot: within the quota, and repeated where that may help.

spec/activation.md, Engine: write.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from enum import Enum, auto
from typing import Any

import httpx
from pyrate_limiter import Limiter

from activation.errors import (
    DestinationRefusedError,
    MissingScopeError,
    NoAnswerError,
)
from activation.writers.attempts import NEVER_SENT, TransientError, asked_to_wait, persist
from activation.writers.base import Usage
from activation.writers.hubspot_answers import Refusal
from activation.writers.limits import HUBSPOT, HubSpotLimits, shared_limiter

_ABOUT_WHAT_WAS_SENT = {400, 409, 413, 422}
_TRY_AGAIN = {408, 423, 429}
_NOT_IN_A_TOKEN = re.compile(r"[^!-~]")
"""Whatever is not visible ASCII."""


class _Purpose(Enum):
    """What a request is for; it is counted so."""

    DESCRIBE = auto()
    READ = auto()
    WRITE = auto()


class HubSpotClient:
    """An account of HubSpot's. Not for several threads at once.

    Args:
        token: access token of a private app; sent as a header, kept nowhere else.
        base_url: scheme and host, without a path.
        limits: the vendor's limits.
        limiter: who keeps the quota; by default the one that the process shares for this account.
        sleep: how to wait before a repeated request, in seconds.
        transport: how requests travel; httpx's own by default.

    Raises:
        DestinationRefusedError: when the token cannot be one, since no header could carry it.
    """

    def __init__(
        self,
        *,
        token: str,
        base_url: str,
        limits: HubSpotLimits = HUBSPOT,
        limiter: Limiter | None = None,
        sleep: Callable[[float], None] = time.sleep,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        if _NOT_IN_A_TOKEN.search(token):
            # Said here: the error of whoever builds the header would quote it.
            raise DestinationRefusedError(
                "HUBSPOT_ACCESS_TOKEN is not an access token: it holds spaces, or characters that "
                "are not ASCII. Copy it again from the HubSpot private app."
            )
        self.limits = limits
        self.usage = Usage()
        """Requests made so far."""
        self._limiter = limiter or shared_limiter(f"{base_url} {token}", limits.quota)
        self._sleep = sleep
        self._http = httpx.Client(
            base_url=base_url,
            headers={"Authorization": f"Bearer {token}"},
            timeout=httpx.Timeout(limits.answer_timeout, connect=limits.connect_timeout),
            transport=transport,
        )

    def close(self) -> None:
        """Give the connections back."""
        self._http.close()

    def read(self, path: str, query: Mapping[str, str] | None = None) -> httpx.Response:
        """The successful answer to a GET, which describes the account.

        Raises:
            DestinationError: when there is none.
        """
        return self._ask(self._http.build_request("GET", path, params=query), _Purpose.DESCRIBE)

    def query(self, path: str, body: Mapping[str, Any]) -> httpx.Response:
        """The successful answer to a POST that reads records and changes nothing.

        Raises:
            DestinationError: when there is none.
        """
        return self._ask(self._http.build_request("POST", path, json=body), _Purpose.READ)

    def write(self, method: str, path: str, body: Mapping[str, Any]) -> httpx.Response:
        """The answer to a request that changes something.

        Returns:
            A success, or a refusal that is about what was sent.

        Raises:
            NoAnswerError: when it was sent and no answer came; it is not repeated.
            DestinationError: when there is neither, after repeating what was put off.
        """
        return self._ask(self._http.build_request(method, path, json=body), _Purpose.WRITE)

    def _ask(self, request: httpx.Request, purpose: _Purpose) -> httpx.Response:
        return persist(
            lambda: self._attempt(request, purpose),
            vendor="HubSpot",
            patience=self.limits,
            usage=self.usage,
            sleep=self._sleep,
        )

    def _attempt(self, request: httpx.Request, purpose: _Purpose) -> httpx.Response:
        is_write = purpose is _Purpose.WRITE
        self._limiter.try_acquire("hubspot")
        try:
            response = self._http.send(request)
        except NEVER_SENT as error:
            raise TransientError(f"no connection ({type(error).__name__})") from None
        except httpx.TransportError as error:
            self._count(purpose)
            happened = f"no answer ({type(error).__name__})"
            if is_write:
                raise NoAnswerError(
                    f"HubSpot could not be used: {happened}. Run the sync again later; it looks "
                    "what became of the rows that were under way."
                ) from None
            raise TransientError(happened) from None
        self._count(purpose)
        if not response.is_success:
            self._judge(Refusal.of(response), response, is_write=is_write)
        return response

    def _count(self, purpose: _Purpose) -> None:
        self.usage.calls += 1
        self.usage.describe_calls += purpose is _Purpose.DESCRIBE
        self.usage.read_calls += purpose is _Purpose.READ
        self.usage.write_calls += purpose is _Purpose.WRITE

    def _judge(self, refusal: Refusal, response: httpx.Response, *, is_write: bool) -> None:
        """Raise what an error answer means, unless the caller is to look at what it sent."""
        status = refusal.status_code
        identity = refusal.request_id
        if refusal.policy_name == "DAILY":
            raise DestinationRefusedError(
                "HubSpot's daily limit of calls is used up: run the sync again after midnight of "
                "the account's time zone; it goes on where it stopped.",
                request_id=identity,
            )
        if status in _TRY_AGAIN or status >= httpx.codes.INTERNAL_SERVER_ERROR:
            raise TransientError(
                f"{refusal.text} ({status})",
                pause=asked_to_wait(response),
                request_id=identity,
                may_have_arrived=is_write and status >= httpx.codes.INTERNAL_SERVER_ERROR,
            )
        if status == httpx.codes.UNAUTHORIZED:
            raise DestinationRefusedError(
                "HubSpot does not accept the access token: put a valid one into "
                "HUBSPOT_ACCESS_TOKEN.",
                request_id=identity,
            )
        if status == httpx.codes.FORBIDDEN:
            raise MissingScopeError(
                f"HubSpot does not allow this ({refusal.text}): give the private app the scopes to "
                "read owners and properties and to read and write the records that the sync names.",
                request_id=identity,
            )
        names_a_record = status == httpx.codes.NOT_FOUND and refusal.category == "OBJECT_NOT_FOUND"
        if is_write and (status in _ABOUT_WHAT_WAS_SENT or names_a_record):
            return
        raise DestinationRefusedError(
            f"HubSpot answered {status} to {response.request.method} {response.request.url.path} "
            f"({refusal.text}): check HUBSPOT_BASE_URL.",
            request_id=identity,
        )
