"""A picture of how the scores of a week are distributed, with the borders of the tiers."""

from __future__ import annotations

import io
import itertools
import math
from collections.abc import Mapping, Sequence

from activation.messages.engagement_summary.facts import Tier, TierScores

TIER_COLORS: Mapping[Tier, str] = {
    Tier.TOP: "#0f766e",
    Tier.MIDDLE: "#64748b",
    Tier.BOTTOM: "#c2410c",
}
_INK = "#334155"
_BARS = 24
_FEWEST = 8
"""Bars that there is at least room for, so that one does not fill the picture."""
_FAR = 3
"""Times the lowest score of the top tier, beyond which scores share the last bar."""


def draw_scores(tiers: Sequence[TierScores]) -> bytes:
    """A histogram as PNG, 1200 by 480 pixels. The same scores give the same bytes.

    Args:
        tiers: at least one; see `EngagementFacts.scores_by_tier`.
    """
    # Imported late: only who composes a mail pays for it.
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415
    from matplotlib.figure import Figure  # noqa: PLC0415
    from matplotlib.ticker import FuncFormatter, MaxNLocator  # noqa: PLC0415

    highest, lowest = tiers[0].scores[0], tiers[-1].scores[-1]
    end = min(highest, max(tiers[0].scores[-1] * _FAR, _BARS))
    edges = _edges(lowest, end)
    figure = Figure(figsize=(6, 2.4), dpi=200, facecolor="white", layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.hist(
        [[min(score, end) for score in each.scores] for each in tiers],
        bins=edges,
        stacked=True,
        color=[TIER_COLORS[each.tier] for each in tiers],
        label=[f"{each.tier} ({len(each.scores):,})" for each in tiers],
        rwidth=0.9,
    )
    for better, worse in itertools.pairwise(tiers):
        border = (min(better.scores[-1], end) + min(worse.scores[0], end)) / 2
        axes.axvline(border, color=_INK, linewidth=1, linestyle=(0, (4, 3)))
    room = max(0, _FEWEST - (edges[-1] - edges[0])) / 2
    axes.set_xlim(edges[0] - room, edges[-1] + room)
    last = math.ceil(edges[-2])
    axes.set_xlabel("Score" if end == highest else f"Score ({last:,} and more in the last bar)")
    axes.set_ylabel("Companies")
    axes.xaxis.set_major_formatter(FuncFormatter(_whole))
    axes.xaxis.set_major_locator(MaxNLocator(nbins=8, integer=True))
    axes.yaxis.set_major_formatter(FuncFormatter(_whole))
    axes.yaxis.set_major_locator(MaxNLocator(nbins=5, integer=True))
    axes.tick_params(colors=_INK, labelsize=8, length=0)
    axes.xaxis.label.set(color=_INK, size=8)
    axes.yaxis.label.set(color=_INK, size=8)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.spines["bottom"].set_color("#cbd5e1")
    axes.grid(axis="y", color="#e2e8f0", linewidth=0.6)
    axes.set_axisbelow(True)
    figure.legend(
        loc="outside upper left", ncols=len(tiers), frameon=False, fontsize=8, labelcolor=_INK,
        handlelength=1, handleheight=1,
    )  # fmt: skip
    written = io.BytesIO()
    figure.savefig(written, format="png", metadata={"Software": None})
    return written.getvalue()


def _whole(value: float, _: object) -> str:
    return f"{round(value):,}" if value >= 0 else ""


def _edges(lowest: int, end: int) -> list[float]:
    """Borders of at most `_BARS` bars, all between whole scores and equally far apart."""
    step = max(1, math.ceil((end - lowest + 1) / _BARS))
    bars = math.ceil((end - lowest + 1) / step)
    return [lowest - 0.5 + step * each for each in range(bars + 1)]
