"""The summary of a week as an e-mail: plain text, and HTML with a picture of the scores."""

from __future__ import annotations

import base64
import io
import json
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from activation.messages.composer import Composer, Parts
from activation.messages.engagement_summary.facts import EngagementFacts, Tier, read_facts
from activation.messages.engagement_summary.score_chart import TIER_COLORS, draw_scores
from activation.messages.engagement_summary.wording import Sign, Summary, summarize
from activation.writers.email import HTML, IMAGES, SUBJECT, TEXT

FACTS = "facts"
_TEMPLATES = Path(__file__).parents[1] / "templates"
_TEMPLATE = "engagement_summary.html.j2"
_PICTURE = "scores"
"""The Content-ID by which the HTML shows the picture."""
_WIDTH = 78
"""Characters of a line of plain text."""
_INDENT = 2


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
    from rich.console import Console, RenderableType  # noqa: PLC0415
    from rich.padding import Padding  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    page = Console(file=io.StringIO(), width=_WIDTH, color_system=None, force_terminal=False)

    def say(*lines: str | None) -> None:
        for line in filter(None, lines):
            page.print(Text(line))

    def headed(title: str) -> None:
        page.print()
        say(title.upper())

    def indented(what: RenderableType) -> None:
        page.print(Padding(what, (0, 0, 0, _INDENT), expand=False))

    def table(columns: str, rows: list[tuple[str, ...]]) -> None:
        """`<` and `>` say how a column is aligned, `~` that it goes on in the next line."""
        grid = Table.grid(padding=(0, 2, 0, 0))
        for column in columns:
            grid.add_column(
                justify="right" if column == ">" else "left",
                no_wrap=column != "~",
                overflow="fold",
            )
        for row in rows:
            grid.add_row(*map(Text, row))
        indented(grid)

    say(summary.title, f"{summary.ranked}, {summary.coverage}, {summary.found}.")
    if console_url:
        page.print(Text(f"Console: {console_url}"), soft_wrap=True)
    for title, places in (
        (summary.top_title, summary.top),
        (summary.bottom_title, summary.bottom),
    ):
        if places:
            headed(title)
            table(
                ">~><<",
                [
                    (each.rank, each.name, each.score, each.tier, str(each.change))
                    for each in places
                ],
            )
    if summary.movers or summary.unmoved:
        headed("Biggest movers")
        table(
            "<~><>",
            [(str(each.change), each.name, each.before, "→", each.now) for each in summary.movers],
        )
        for line in (summary.unmoved, summary.newcomers):
            if line:
                indented(Text(line))
    if summary.distribution:
        headed("Scores")
        indented(Text(summary.distribution))
    headed("Anomalies")
    if not summary.anomalies:
        indented(Text("None."))
    for each in summary.anomalies:
        mark = "!" if each.is_error else "-"
        indented(Text(f"{mark} {each.title}: {each.count}"))
        for example in each.examples:
            page.print(Padding(Text(example), (0, 0, 0, _INDENT + 4)))
        if each.unnamed:
            page.print(Padding(Text(each.unnamed), (0, 0, 0, _INDENT + 4)))
    page.print()
    if summary.methods:
        say(f"Mapped {summary.methods}.")
    say(summary.version)
    written = page.file.getvalue()  # type: ignore[attr-defined]
    return "\n".join(line.rstrip() for line in written.splitlines())
