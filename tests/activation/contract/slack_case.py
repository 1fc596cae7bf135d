"""Slack, held to the contract."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from pydantic import SecretStr

from activation.messages.composer import Composer
from activation.messages.composing_writer import ComposingWriter
from activation.writers.base import (
    Repeating,
    Writer,
)
from activation.writers.limits import SLACK, Quota
from activation.writers.slack import SlackWriter
from activation.writers.slack_client import SlackClient
from simulators.slack import SlackSimulator
from tests.activation.contract.case import (
    MANY,
    PARK_AFTER,
    SECRET,
    VALUE,
    Row,
)
from tests.activation.contract.http_case import HttpCase
from tests.activation.contract.stopwatch import Stopwatch
from tests.activation.contract.wire import WiredTransport
from tests.activation.models import declare
from warehouse.settings import SlackWebhook


class SlackCase(HttpCase):
    """Messages to a channel."""

    repeating = Repeating.ASK
    write_path = "*"
    sends_request_ids = False
    reason = "invalid_blocks"
    simulator: SlackSimulator

    def __init__(self) -> None:
        super().__init__()
        self.declaration = declare(
            "slack_contract",
            ["text"],
            destination="slack",
            object="message",
            mode="message",
            batch_size=1,
            park_after=PARK_AFTER,
        )

    @property
    def quota(self) -> Quota:
        return SLACK.quota

    @property
    def webhook(self) -> SlackWebhook:
        return SlackWebhook(self.base_url, SecretStr(self._path))

    @property
    def _path(self) -> str:
        return f"/services/T0/B0/{SECRET}"

    def begin(self) -> None:
        self._refused.clear()
        self.simulator = SlackSimulator(path=self._path, messages_a_second=1_000_000)
        self._switchboard.app = self.simulator

    def begin_with_limits(self, stopwatch: Stopwatch) -> Sequence[str]:
        self.simulator = SlackSimulator(path=self._path, seconds=stopwatch.seconds)
        self._switchboard.app = self.simulator
        return self.keys

    @contextmanager
    def writer(self) -> Iterator[Writer]:
        client = SlackClient(
            self.webhook,
            limiter=MANY.limiter(),
            sleep=self.pauses.append,
            transport=WiredTransport(self.wire),
        )
        try:
            yield SlackWriter(client)
        finally:
            client.close()

    @contextmanager
    def limited_writer(self, stopwatch: Stopwatch) -> Iterator[Writer]:
        client = SlackClient(self.webhook, sleep=stopwatch.sleep)
        try:
            yield SlackWriter(client)
        finally:
            client.close()

    def row(self, key: str, version: int) -> Row:
        return {"text": f"{key} {VALUE} {version}"}

    def arrivals(self) -> Counter[str]:
        return Counter(str(text).split()[0] for text in self.simulator.state.texts)

    def holds(self, key: str, version: int) -> bool:
        return self.row(key, version)["text"] in self.simulator.state.texts

    def _tell(self) -> None:
        self.faults.clear()
        self.simulator.state.refused = {f"{key} ": self.reason for key in self._refused}

    def environment(self) -> Mapping[str, str]:
        return {"SLACK_WEBHOOK_URL": f"{self.base_url}{self._path}"}


class ComposedSlackCase(SlackCase):
    """The same, with messages that are composed on their way."""

    def __init__(self) -> None:
        super().__init__()
        self.declaration = declare(
            "slack_contract",
            ["facts"],
            destination="slack",
            object="message",
            mode="message",
            batch_size=1,
            park_after=PARK_AFTER,
            composer="engagement_summary",
        )

    @contextmanager
    def writer(self) -> Iterator[Writer]:
        with super().writer() as writer:
            yield ComposingWriter(writer, _AS_IT_IS, console_url=None)

    def row(self, key: str, version: int) -> Row:
        return {"facts": super().row(key, version)["text"]}

    def holds(self, key: str, version: int) -> bool:
        return self.row(key, version)["facts"] in self.simulator.state.texts


_AS_IT_IS = Composer(
    takes="facts",
    makes=frozenset({"text"}),
    compose=lambda facts, *, console_url: {"text": facts},  # noqa: ARG005 - the interface's
    preview=str,
)
