"""The summary of a week as one Slack message, within Slack's limits whatever companies are called.

Slack counts what a message's blocks weigh in all, markup included, and refuses a heavy one
(`msg_blocks_too_long`, from about 13,000 characters on). So names and examples are cut to lengths
by which the whole stays under `MOST_CHARACTERS`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from pydantic import JsonValue, TypeAdapter

from activation.messages.composer import Composer, Parts
from activation.messages.engagement_summary.facts import FACTS, read_facts
from activation.messages.engagement_summary.wording import (
    Anomaly,
    Move,
    Place,
    Summary,
    summarize,
)
from activation.writers.slack import BLOCKS, TEXT

if TYPE_CHECKING:
    from slack_sdk.models.blocks import Block

MOST_CHARACTERS = 12_000
"""Of the blocks as JSON text."""
_NAME_LENGTH = 50
_EXAMPLE_LENGTH = 90
_REASON_LENGTH = 200
"""All three as `escaped` counts."""
_MOST_KINDS = 12
"""Kinds of anomalies that are told apart."""
_ELLIPSIS = "…"
_ESCAPES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_LOOKALIKES = str.maketrans({"*": "∗", "_": "＿", "~": "∼", "`": "ʼ"})  # noqa: RUF001 - on purpose
"""Slack's markup has no escape for what makes text bold, italic, struck out or code."""
_IN_URLS = str.maketrans({each: f"%{ord(each):02X}" for each in "*_~`|"})
_BLOCK_LIST = TypeAdapter(list[dict[str, JsonValue]])


def compose(facts: str, *, console_url: str | None) -> Parts:
    """See `Compose`: the text of a notification, and blocks."""
    summary = summarize(read_facts(facts))
    blocks = [block.to_dict() for block in _blocks(summary, console_url)]
    return {TEXT: escaped(summary.headline), BLOCKS: json.dumps(blocks, ensure_ascii=False)}


def preview(parts: Parts) -> str:
    """What the blocks say, in Slack's markup, a line between them."""
    said = []
    for block in _BLOCK_LIST.validate_json(parts[BLOCKS]):
        elements = block.get("elements", [block.get("text")])
        texts = elements if isinstance(elements, list) else []
        said.append("  ".join(str(each["text"]) for each in texts if isinstance(each, dict)))
    return "\n\n".join(filter(None, said))


SLACK_SUMMARY = Composer(
    takes=FACTS, makes=frozenset({TEXT, BLOCKS}), compose=compose, preview=preview
)
"""The weekly summary in a channel."""


def escaped(text: str, length: int | None = None) -> str:
    """Text that Slack shows as it stands; look-alikes replace what it would take as markup.

    Args:
        text: one line.
        length: most characters of the result as it is sent, where `&` takes five and `"` two; what
            does not fit is cut off, with an ellipsis.
    """
    written = [_ESCAPES.get(each, each) for each in text.translate(_LOOKALIKES)]
    if length is None or sum(map(_weight, written)) <= length:
        return "".join(written)
    kept, room = [], length - len(_ELLIPSIS)
    for each in written:
        room -= _weight(each)
        if room < 0:
            break
        kept.append(each)
    return "".join(kept).rstrip() + _ELLIPSIS


def _weight(written: str) -> int:
    """Characters in JSON, of UTF-16, which is what Slack may count."""
    return 2 if written in '"\\' or ord(written[0]) > 0xFFFF else len(written)


def _blocks(summary: Summary, console_url: str | None) -> Iterator[Block]:
    # Imported late: only who composes a message pays for it.
    from slack_sdk.models.blocks import DividerBlock, HeaderBlock  # noqa: PLC0415

    yield HeaderBlock(text=summary.title)
    links = [f"<{escaped_url(console_url)}|Open the console>"] if console_url else []
    yield _context(" · ".join([summary.ranked, summary.coverage, *links]))
    if summary.top:
        yield _section(_titled(summary.top_title, map(_place, summary.top)))
    if summary.bottom:
        yield _section(_titled(summary.bottom_title, map(_place, summary.bottom)))
    moves = [_move(each) for each in summary.movers]
    moves += [said for said in (summary.unmoved, summary.newcomers) if said]
    if moves:
        yield _section(_titled("Biggest movers", moves))
    yield DividerBlock()
    yield from _anomalies(summary.anomalies)
    yield DividerBlock()
    yield _context(*_small_print(summary))


def _anomalies(found: Sequence[Anomaly]) -> Iterator[Block]:
    if not found:
        yield _section("*Anomalies*\nNone.")
    for each in found[:_MOST_KINDS]:
        sign = "🔴" if each.is_error else "🟡"
        examples = [f"• {escaped(example, _EXAMPLE_LENGTH)}" for example in each.examples]
        rest = [f"• {each.unnamed}"] if each.unnamed else []
        title = f"{sign} *{escaped(each.title, _NAME_LENGTH)}*: {each.count}"
        yield _section("\n".join([title, *examples, *rest]))
    if len(found) > _MOST_KINDS:
        yield _section(f"And {len(found) - _MOST_KINDS} more kinds of anomalies.")


def _small_print(summary: Summary) -> Iterator[str]:
    if summary.distribution:
        yield summary.distribution
    if summary.methods:
        yield escaped(f"Mapped {summary.methods}.", _REASON_LENGTH)
    yield escaped(summary.version, _REASON_LENGTH)


def escaped_url(url: str) -> str:
    """An address fit for the inside of a link in Slack's markup."""
    return escaped(url.translate(_IN_URLS))


def _titled(title: str, lines: Iterator[str] | Sequence[str]) -> str:
    return "\n".join([f"*{title}*", *lines])


def _place(place: Place) -> str:
    name = escaped(place.name, _NAME_LENGTH)
    return f"{place.rank}. *{name}*  {place.score} · {place.tier} · {place.change}"


def _move(move: Move) -> str:
    name = escaped(move.name, _NAME_LENGTH)
    return f"{move.change}  *{name}*  {move.before} → {move.now}"


def _section(text: str) -> Block:
    from slack_sdk.models.blocks import MarkdownTextObject, SectionBlock  # noqa: PLC0415

    return SectionBlock(text=MarkdownTextObject(text=text, verbatim=True), expand=True)


def _context(*texts: str) -> Block:
    from slack_sdk.models.blocks import ContextBlock, MarkdownTextObject  # noqa: PLC0415

    return ContextBlock(elements=[MarkdownTextObject(text=each, verbatim=True) for each in texts])
