"""The writer for Slack: messages to the channel of an incoming webhook."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from pydantic import JsonValue, TypeAdapter

from activation.writers.base import (
    Outcome,
    PropertyDescription,
    RowRequest,
    RowResult,
    Usage,
    ValueKind,
    Writer,
)
from activation.writers.messages import MessageWriter
from activation.writers.slack_client import Payload, SlackClient
from warehouse.settings import get_settings

TEXT = "text"
"""The message in Slack's markup (mrkdwn); beside blocks, what notifications show of it.

Whoever composes it escapes `&`, `<` and `>`.
"""
BLOCKS = "blocks"
"""JSON text: the list of blocks that the message is laid out in."""
REQUIRED = (TEXT,)


_BLOCKS = TypeAdapter(list[dict[str, JsonValue]])


class SlackWriter(MessageWriter):
    """A `Writer` of messages, one at a time.

    Args:
        client: the webhook; stays the caller's to close.
    """

    def __init__(self, client: SlackClient) -> None:
        text = PropertyDescription(TEXT, ValueKind.TEXT, max_length=client.limits.text_length)
        super().__init__("Slack", [text, PropertyDescription(BLOCKS, ValueKind.TEXT)], REQUIRED)
        self._client = client

    @property
    def usage(self) -> Usage:
        """Requests made so far, by all who use the client."""
        return self._client.usage

    def misfit(self, row: RowRequest) -> str | None:
        """See `Writer.misfit`. What the blocks hold, Slack alone can judge."""
        blocks = row.values.get(BLOCKS)
        if blocks and not self._are_blocks(blocks):
            return (
                f"{BLOCKS}: the value is not JSON of a list of 1 to {self._client.limits.blocks} "
                "blocks, each with a type"
            )
        return self.lacking(row.values)

    def write(self, rows: Sequence[RowRequest]) -> Sequence[RowResult]:
        """See `Writer.write`. Exactly one row, which is no misfit."""
        (row,) = rows
        refusal = self._client.post(_payload(row))
        if refusal is None:
            return [RowResult(row.key, Outcome.WRITTEN)]
        return [RowResult(row.key, Outcome.FAILED, f"Slack does not take the message: {refusal}")]

    def _are_blocks(self, text: str) -> bool:
        try:
            blocks = _BLOCKS.validate_json(text)
            json.dumps(blocks, allow_nan=False)  # which it is read with, and cannot be sent with
        except ValueError:
            return False
        typed = [block for block in blocks if isinstance(block.get("type"), str) and block["type"]]
        return 1 <= len(blocks) <= self._client.limits.blocks and len(typed) == len(blocks)


@contextmanager
def open_slack(kind: str) -> Iterator[Writer]:  # noqa: ARG001 - all messages are of one kind
    """A writer for the webhook that the settings name.

    Raises:
        SettingsError: when `SLACK_WEBHOOK_URL` is not set, or is no such address.
    """
    client = SlackClient(get_settings().require_slack_webhook())
    try:
        yield SlackWriter(client)
    finally:
        client.close()


def _payload(row: RowRequest) -> Payload:
    payload: dict[str, JsonValue] = {TEXT: row.values[TEXT]}
    blocks = row.values.get(BLOCKS)
    if blocks:
        payload[BLOCKS] = list[JsonValue](_BLOCKS.validate_json(blocks))
    return payload
