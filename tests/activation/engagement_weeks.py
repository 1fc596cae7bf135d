"""Weeks of engagement that tests make up, as `engagement.week_summaries` would tell of them."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

ADJECTIVES = ("Quiet", "Amber", "Northern", "Silver", "Willow", "Copper", "Bright", "Hollow")
NOUNS = ("Harbour", "Meadow", "Ridge", "Lantern", "Orchard", "Summit")


def invented_name(number: int) -> str:
    """A company's name; each number has its own."""
    first = ADJECTIVES[number % len(ADJECTIVES)]
    again = number // (len(ADJECTIVES) * len(NOUNS))
    name = f"{first} {NOUNS[number // len(ADJECTIVES) % len(NOUNS)]} Dental"
    return f"{name} {again + 1}" if again else name


def week(
    companies: int = 41, *, names: Sequence[str] = (), previous: bool = True, **changes: Any
) -> dict[str, Any]:
    """The facts of a week in which so many companies were ranked.

    Args:
        companies: how many.
        names: of the best companies, best first; the others' are invented.
        previous: whether there was a ranking in the week before.
        changes: facts that are to be others.
    """
    tier = math.ceil(0.3 * companies)
    tiers = {"Top 30%": tier, "Middle 40%": 0, "Bottom 30%": min(tier, companies - tier)}
    tiers["Middle 40%"] = companies - sum(tiers.values())
    scores = [int(480 * math.exp(-each / max(companies / 2.2, 1))) for each in range(companies)]

    def name(place: int) -> str:
        return names[place] if place < len(names) else invented_name(place)

    def before(place: int) -> int | None:
        if not previous or place % 7 == 3:
            return None
        return max(1, place + 1 + (place * 5) % 9 - 4)

    def ranked(place: int) -> dict[str, Any]:
        from_the_end = companies - place
        return {
            "company": name(place),
            "company_id": str(9_000 + place),
            "rank": place + 1,
            "score": scores[place],
            "tier": "Top 30%"
            if place < tier
            else "Bottom 30%"
            if from_the_end <= tier
            else "Middle 40%",
            "previous_rank": before(place),
        }

    top = min(10, companies)
    bottom = range(max(top, companies - 10), companies)
    movers = [
        {
            "company": name(place),
            "company_id": str(9_000 + place),
            "previous_rank": place + 1 + delta,
            "rank": place + 1,
            "delta": delta,
            "status": "up" if delta > 0 else "down",
        }
        for place, delta in zip(range(3, companies, 4), (26, -3, 12, -9, 7, 6, -5), strict=False)
    ]
    return {
        "week_first_day": "2026-03-22",
        "week_last_day": "2026-03-28",
        "version": 1,
        "restatement_reason": None,
        "ranked_companies": companies,
        "mapping": {
            "customers": companies + 7,
            "mapped": companies + 3,
            "previous_coverage": 0.96 if previous else None,
            "by_method": {"override": 1, "domain": max(0, companies - 5), "email_domain": 2},
            "ambiguous": 2,
        },
        "top": [ranked(place) for place in range(top)],
        "bottom": [ranked(place) for place in bottom],
        "movers": movers if previous else [],
        "newcomers": 3 if previous else companies,
        "anomalies": [
            anomaly("unmapped", 4, "Copper Bay Dental: no tenant has its domain or its name."),
            anomaly("low_confidence", 5, "Hollow Creek Dental: mapped to a tenant by name alone."),
            anomaly(
                "missing_metrics",
                1,
                "Silver Brook Dental: Yobi gave no tasks for its tenant.",
                severity="error",
            ),
            anomaly("activity_drop", 1, "Bright Lantern Dental: from 240 to 90."),
        ],
        "scores": scores,
        "tiers": tiers,
        **changes,
    }


def anomaly(kind: str, count: int, example: str, *, severity: str = "warning") -> dict[str, Any]:
    """Anomalies of a kind; as many examples as there are, at most five."""
    examples = [example] * min(count, 5)
    return {"kind": kind, "count": count, "severity": severity, "examples": examples}


def told(facts: Mapping[str, Any]) -> str:
    """Facts as the model hands them over."""
    return json.dumps(facts)
