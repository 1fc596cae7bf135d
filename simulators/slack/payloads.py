"""What Slack asks of a message."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

TEXT_LENGTH = 40_000
"""Characters; what is longer is cut off."""
_MOST_BLOCKS = 50
_MOST_ATTACHMENTS = 100
_FIELDS: Mapping[str, type] = {
    "text": str,
    "blocks": list,
    "attachments": list,
    "channel": str,
    "username": str,
    "icon_emoji": str,
    "icon_url": str,
    "link_names": bool,
    "metadata": dict,
    "unfurl_links": bool,
    "unfurl_media": bool,
}
_BLOCK_TYPES = {
    "actions",
    "alert",
    "card",
    "carousel",
    "container",
    "context",
    "context_actions",
    "data_table",
    "divider",
    "file",
    "header",
    "image",
    "input",
    "markdown",
    "plan",
    "rich_text",
    "section",
    "table",
    "task_card",
    "video",
}
_LONGEST_TEXT_OF = {"header": 150, "section": 3000}
"""Characters of a block's own text, at least one."""


class PayloadError(Exception):
    """A message that is not posted; the text is Slack's word for why."""


def read_payload(body: bytes) -> Mapping[str, Any]:
    """The message that a request's body is.

    Raises:
        PayloadError: when it is none.
    """
    try:
        payload = json.loads(body)
    except ValueError:
        raise PayloadError("invalid_payload") from None
    if not isinstance(payload, dict) or not all(
        isinstance(value, _FIELDS.get(name, ())) for name, value in payload.items()
    ):
        raise PayloadError("invalid_payload")
    blocks, attachments = payload.get("blocks", []), payload.get("attachments", [])
    if len(blocks) > _MOST_BLOCKS or not all(map(_is_block, blocks)):
        raise PayloadError("invalid_blocks")
    if len(attachments) > _MOST_ATTACHMENTS:
        raise PayloadError("too_many_attachments")
    if payload.get("channel", "").startswith("@"):
        raise PayloadError("user_not_found")
    if not (payload.get("text", "").strip() or blocks or attachments):
        raise PayloadError("no_text")
    return payload


def _is_block(block: object) -> bool:
    kind = block.get("type") if isinstance(block, dict) else None
    if not isinstance(block, dict) or not isinstance(kind, str) or kind not in _BLOCK_TYPES:
        return False
    longest = _LONGEST_TEXT_OF.get(kind)
    if longest is None or (kind == "section" and "text" not in block):
        return True
    text = block.get("text")
    said = text.get("text") if isinstance(text, dict) else None
    return isinstance(said, str) and 1 <= len(said) <= longest
