"""What the local Slack's channel holds, and how its webhook stands."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from simulators.clock import Clock


class Standing(StrEnum):
    """What has become of the webhook, in Slack's words."""

    OK = "ok"
    ACTION_PROHIBITED = "action_prohibited"
    INVALID_TOKEN = "invalid_token"
    CHANNEL_NOT_FOUND = "channel_not_found"
    NO_SERVICE = "no_service"
    NO_ACTIVE_HOOKS = "no_active_hooks"
    NO_TEAM = "no_team"
    CHANNEL_IS_ARCHIVED = "channel_is_archived"

    @property
    def status(self) -> int:
        """The HTTP status of answers to whoever posts."""
        match self:
            case Standing.OK:
                return 200
            case Standing.ACTION_PROHIBITED | Standing.INVALID_TOKEN:
                return 403
            case Standing.CHANNEL_IS_ARCHIVED:
                return 410
            case _:
                return 404


@dataclass(frozen=True, slots=True)
class Posted:
    """A message in the channel."""

    at: datetime
    text: str | None
    """None where there are only blocks or attachments."""
    payload: Mapping[str, Any]
    """All that was sent."""


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass
class SlackState:
    """A channel and its webhook. `lock` keeps it whole while it is being served."""

    standing: Standing = Standing.OK
    messages: list[Posted] = field(default_factory=list)
    """Oldest first."""
    refused: dict[str, str] = field(default_factory=dict)
    """How texts begin that are not posted, each with Slack's word for why."""
    clock: Clock = _now
    lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @property
    def texts(self) -> list[str | None]:
        """The messages' texts, oldest first."""
        return [message.text for message in self.messages]
