"""The summary of a week as an e-mail: plain text, and HTML with a picture of the scores."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from activation.messages.composer import Composer, Parts
from activation.messages.engagement_summary.facts import FACTS, EngagementFacts, Tier, read_facts
from activation.messages.engagement_summary.score_chart import TIER_COLORS, draw_scores
from activation.messages.engagement_summary.wording import Place, Sign, Summary, summarize
from activation.writers.email import HTML, IMAGES, SUBJECT, TEXT

if TYPE_CHECKING:
    from jinja2 import Template

    from activation.messages.plain_page import PlainPage

_TEMPLATES = Path(__file__).parents[1] / "templates"
_TEMPLATE = "engagement_summary.html.j2"
_PICTURE = "scores"
"""The Content-ID by which the HTML shows the picture."""


def compose(facts: str, *, console_url: str | None) -> Parts:
    """See `Compose`: subject, text, HTML, and a picture where all scores are known."""
    read = read_facts(facts)
    summary = summarize(read)
    picture = _picture(read)
    parts = {
        SUBJECT: summary.title,
        TEXT: _as_text(summary, console_url),
        HTML: _as_html(summary, console_url, has_picture=picture is not None),
    }
    return {**parts, IMAGES: picture} if picture else parts


def preview(parts: Parts) -> str:
    """The subject and the plain text."""
    return f"{parts[SUBJECT]}\n\n{parts[TEXT]}"


EMAIL_SUMMARY = Composer(
    takes=FACTS,
    makes=frozenset({SUBJECT, TEXT, HTML, IMAGES}),
    compose=compose,
    preview=preview,
)
"""The weekly summary by e-mail."""


def _picture(facts: EngagementFacts) -> str | None:
    tiers = facts.scores_by_tier
    if not tiers:
        return None
    png = base64.b64encode(draw_scores(tiers)).decode("ascii")
    return json.dumps([{"cid": _PICTURE, "png": png}])


def _as_html(summary: Summary, console_url: str | None, *, has_picture: bool) -> str:
    return _template().render(
        summary=summary,
        console_url=console_url,
        picture=_PICTURE if has_picture else None,
        tier_classes={Tier.TOP: "top", Tier.MIDDLE: "middle", Tier.BOTTOM: "bottom"},
        tier_colors=TIER_COLORS,
        sign_classes={Sign.UP: "up", Sign.DOWN: "down", Sign.SAME: "muted", Sign.NEW: "muted"},
    )


@cache
def _template() -> Template:
    # Imported late: only who composes a mail pays for it.
    from jinja2 import Environment, FileSystemLoader, StrictUndefined  # noqa: PLC0415

    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(_TEMPLATE)


def _as_text(summary: Summary, console_url: str | None) -> str:
    # Imported late: only who composes a mail pays for it.
    from activation.messages.plain_page import PlainPage  # noqa: PLC0415

    page = PlainPage()
    page.paragraph(summary.title)
    page.paragraph(f"{summary.ranked}, {summary.coverage}, {summary.found}.")
    if console_url:
        page.address("Console", console_url)
    _add_places(page, summary.top_title, summary.top)
    _add_places(page, summary.bottom_title, summary.bottom)
    if summary.movers or summary.unmoved:
        page.heading("Biggest movers")
        page.table(
            "<~><>",
            [(str(each.change), each.name, each.before, "→", each.now) for each in summary.movers],
        )
        for sentence in filter(None, (summary.unmoved, summary.newcomers)):
            page.paragraph(sentence, level=1)
    if summary.distribution:
        page.heading("Scores")
        page.paragraph(summary.distribution, level=1)
    page.heading("Anomalies")
    if not summary.anomalies:
        page.paragraph("None.", level=1)
    for each in summary.anomalies:
        page.paragraph(f"{'!' if each.is_error else '-'} {each.title}: {each.count}", level=1)
        for line in (*each.examples, *filter(None, [each.unnamed])):
            page.paragraph(line, level=3)
    page.gap()
    if summary.methods:
        page.paragraph(f"Mapped {summary.methods}.")
    page.paragraph(summary.version)
    return str(page)


def _add_places(page: PlainPage, title: str, places: Sequence[Place]) -> None:
    if places:
        page.heading(title)
        page.table(
            ">~><<",
            [(each.rank, each.name, each.score, each.tier, str(each.change)) for each in places],
        )
