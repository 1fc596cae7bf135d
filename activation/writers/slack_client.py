"""Requests to a Slack incoming webhook: within the quota, and repeated only where that is safe.

spec/activation.md, Engine: write. The webhook's path is its secret. It travels as the request's
`target` and is no part of its URL, which httpx logs and its errors carry.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping

import httpx
from pydantic import JsonValue
from pyrate_limiter import Limiter

from activation.errors import DestinationRefusedError, NoAnswerError
from activation.writers.attempts import NEVER_SENT, TransientError, asked_to_wait, persist
from activation.writers.base import Usage
from activation.writers.limits import SLACK, SlackLimits, shared_limiter
from warehouse.settings import SlackWebhook

Payload = Mapping[str, JsonValue]
"""`text`, and `blocks` where there are any."""

_ABOUT_WHAT_WAS_SENT = {400, 413}
_WORD = re.compile(r"[a-z_]{1,80}")
"""Slack's reasons are one word each; whatever else is answered is a page of something between."""
_NEW_WEBHOOK = "make a new incoming webhook in Slack and put its URL into SLACK_WEBHOOK_URL"
_REMEDIES: Mapping[str, str] = {
    "action_prohibited": "ask an administrator of the workspace to allow it to post there",
    "channel_is_archived": f"unarchive the channel, or {_NEW_WEBHOOK}",
    "channel_not_found": f"its channel is gone: {_NEW_WEBHOOK}",
    "invalid_token": _NEW_WEBHOOK,
    "no_active_hooks": f"it was switched off: {_NEW_WEBHOOK}",
    "no_service": f"it was removed or switched off: {_NEW_WEBHOOK}",
    "no_team": f"its workspace is gone: {_NEW_WEBHOOK}",
}


class SlackClient:
    """One incoming webhook. Not for several threads at once.

    Args:
        webhook: where to post.
        limits: Slack's limits.
        limiter: who keeps the quota; by default the one that the process shares for this webhook.
        sleep: how to wait before a repeated request, in seconds.
        transport: how requests travel; httpx's own by default.
    """

    def __init__(
        self,
        webhook: SlackWebhook,
        *,
        limits: SlackLimits = SLACK,
        limiter: Limiter | None = None,
        sleep: Callable[[float], None] = time.sleep,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self.limits = limits
        self.usage = Usage()
        """Requests made so far."""
        path = webhook.path.get_secret_value()
        self._target = path.encode("ascii")
        self._limiter = limiter or shared_limiter(f"{webhook.base_url}{path}", limits.quota)
        self._sleep = sleep
        self._http = httpx.Client(
            base_url=webhook.base_url,
            timeout=httpx.Timeout(limits.answer_timeout, connect=limits.connect_timeout),
            # A connection that Slack is about to close loses an answer, and with it certainty.
            limits=httpx.Limits(max_keepalive_connections=0),
            transport=transport,
        )

    def close(self) -> None:
        """Give the connections back."""
        self._http.close()

    def post(self, payload: Payload) -> str | None:
        """Post one message.

        Returns:
            None when it was posted; else Slack's word for what is wrong with it.

        Raises:
            NoAnswerError: when it was sent and nobody knows whether it was posted.
            DestinationError: when it was not posted, for a reason that is not the message's.
        """
        return persist(
            lambda: self._attempt(payload),
            vendor="Slack",
            patience=self.limits,
            usage=self.usage,
            sleep=self._sleep,
        )

    def _attempt(self, payload: Payload) -> str | None:
        request = self._http.build_request(
            "POST", "/", json=payload, extensions={"target": self._target}
        )
        self._limiter.try_acquire("slack")
        try:
            response = self._http.send(request)
        except NEVER_SENT as error:
            raise TransientError(f"no connection ({type(error).__name__})") from None
        except httpx.TransportError as error:
            self._count()
            raise _in_doubt(f"no answer, {type(error).__name__}") from None
        self._count()
        return _judged(response)

    def _count(self) -> None:
        self.usage.calls += 1
        self.usage.write_calls += 1


def _judged(response: httpx.Response) -> str | None:
    """What an answer means: see `SlackClient.post`."""
    status = response.status_code
    word = response.text.strip()
    if status == httpx.codes.OK and word == "ok":
        return None
    if not _WORD.fullmatch(word):
        word = f"HTTP {status}"
    if status == httpx.codes.TOO_MANY_REQUESTS:
        raise TransientError(word, pause=asked_to_wait(response))
    if status in _ABOUT_WHAT_WAS_SENT:
        return word
    if response.is_client_error and status != httpx.codes.REQUEST_TIMEOUT:
        remedy = _REMEDIES.get(word, "check SLACK_WEBHOOK_URL")
        raise DestinationRefusedError(f"Slack does not take the webhook ({word}): {remedy}.")
    if response.is_redirect:
        raise DestinationRefusedError(f"Slack answered {status}: check SLACK_WEBHOOK_URL.")
    raise _in_doubt(word)


def _in_doubt(happened: str) -> NoAnswerError:
    return NoAnswerError(
        f"Slack did not say whether it posted the message ({happened}): look for it in the channel "
        "before `millrace sync retry` sends it again."
    )
