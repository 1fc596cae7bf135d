"""The facts of a week in words: what Slack, the e-mail's text and its HTML say alike."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from activation.messages.engagement_summary.facts import (
    AnomalyGroup,
    EngagementFacts,
    Mover,
    RankedCompany,
    Severity,
    Tier,
)

_DASH = "\N{EN DASH}"
_KINDS: Mapping[str, str] = {
    "unmapped": "Customers without a Yobi tenant",
    "ambiguous": "Several tenants fit, one was chosen",
    "low_confidence": "Mapped by name alone",
    "shared_tenant": "Companies that share a tenant",
    "missing_metrics": "Metrics missing",
    "all_zero_metric": "Metrics that are zero for every company",
    "no_activity": "No activity at all",
    "activity_drop": "Activity down by more than half",
    "coverage_fell": "Mapping coverage fell",
    "property_problem": "Properties in HubSpot that do not fit",
    "retries": "Requests that had to be repeated",
}
_METHODS: Mapping[str, str] = {
    "override": "by override",
    "domain": "by domain",
    "email_domain": "by email domain",
    "name": "by name",
}


class Sign(StrEnum):
    """A change of rank at a glance."""

    UP = "▲"
    DOWN = "▼"
    SAME = "="
    NEW = "new"


@dataclass(frozen=True, slots=True)
class Change:
    """A change of rank."""

    sign: Sign
    places: int = 0
    """How far, without a sign."""

    @classmethod
    def of(cls, delta: int | None) -> Change:
        """Of places gained; None where the rank before is not known."""
        if delta is None:
            return cls(Sign.NEW)
        if delta == 0:
            return cls(Sign.SAME)
        return cls(Sign.UP if delta > 0 else Sign.DOWN, abs(delta))

    def __str__(self) -> str:
        return f"{self.sign} {grouped(self.places)}" if self.places else self.sign.value


@dataclass(frozen=True, slots=True)
class Place:
    """A line of the top or the bottom list."""

    rank: str
    name: str
    score: str
    tier: Tier
    change: Change

    @classmethod
    def of(cls, company: RankedCompany) -> Place:
        """Where a company stands."""
        return cls(
            grouped(company.rank),
            company.name,
            grouped(company.score),
            company.tier,
            Change.of(company.delta),
        )


@dataclass(frozen=True, slots=True)
class Move:
    """A line of the list of movers."""

    name: str
    before: str
    now: str
    change: Change

    @classmethod
    def of(cls, mover: Mover) -> Move:
        """How far a company moved."""
        change = Change.of(mover.delta)
        return cls(mover.name, grouped(mover.previous_rank), grouped(mover.rank), change)


@dataclass(frozen=True, slots=True)
class Anomaly:
    """The anomalies of a kind."""

    title: str
    count: str
    is_error: bool
    examples: Sequence[str]
    unnamed: str | None
    """What is left out of the examples; None when nothing is."""

    @classmethod
    def of(cls, group: AnomalyGroup) -> Anomaly:
        """What was found of a kind."""
        more = group.count - len(group.examples)
        return cls(
            _KINDS.get(group.kind) or group.kind.replace("_", " ").capitalize(),
            grouped(group.count),
            group.severity is Severity.ERROR,
            group.examples,
            f"and {grouped(more)} more" if more > 0 and group.examples else None,
        )


@dataclass(frozen=True, slots=True)
class Figure:
    """A number that stands out, and what it counts."""

    figure: str
    label: str


@dataclass(frozen=True, slots=True)
class Summary:
    """A week, in words."""

    week: str
    """Its first and last day."""
    name: str
    """What it is about, without the week."""
    title: str
    """What it is about, and the week."""
    figures: Sequence[Figure]
    """Companies ranked, customers mapped, anomalies."""
    ranked: str
    """`41 companies ranked`."""
    coverage: str
    """How many customers are mapped, in one line."""
    methods: str | None
    """How they were mapped; None when none is."""
    top: Sequence[Place]
    bottom: Sequence[Place]
    movers: Sequence[Move]
    unmoved: str | None
    """Why there are no movers; None when there are."""
    newcomers: str | None
    found: str
    """`7 anomalies`."""
    anomalies: Sequence[Anomaly]
    """Errors first."""
    distribution: str | None
    """The scores in words; None when they are not known."""
    version: str
    headline: str
    """The whole in one line, for whoever reads no more; without a company's name."""

    @property
    def top_title(self) -> str:
        """Heading of `top`."""
        return f"Top {len(self.top)}"

    @property
    def bottom_title(self) -> str:
        """Heading of `bottom`."""
        return f"Bottom {len(self.bottom)}"


def summarize(facts: EngagementFacts) -> Summary:
    """Put a week's facts into words."""
    week = _days(facts.week_first_day, facts.week_last_day)
    name = "Customer engagement"
    restated = " (restated)" if facts.version > 1 else ""
    title = f"{name}, {week}{restated}"
    ranked = f"{_counted(facts.ranked_companies, 'company', 'companies')} ranked"
    errors_first = sorted(facts.anomalies, key=lambda each: each.severity is not Severity.ERROR)
    number = sum(each.count for each in facts.anomalies)
    found = _counted(number, "anomaly", "anomalies") if number else "no anomalies"
    coverage = _share(facts.mapping.coverage)
    mapped = f", {coverage} of customers mapped" if coverage else ""
    return Summary(
        week=week,
        name=name + restated,
        title=title,
        figures=_figures(facts, number),
        ranked=ranked,
        coverage=_coverage(facts),
        methods=_methods(facts),
        top=[Place.of(each) for each in facts.top],
        bottom=[Place.of(each) for each in facts.bottom],
        movers=[Move.of(each) for each in facts.movers],
        unmoved=_unmoved(facts),
        newcomers=_newcomers(facts),
        found=found,
        anomalies=[Anomaly.of(each) for each in errors_first],
        distribution=_distribution(facts),
        version=_version(facts),
        headline=f"{title}: {ranked}{mapped}, {found}.",
    )


def _figures(facts: EngagementFacts, anomalies: int) -> list[Figure]:
    mapping = facts.mapping
    before = _share(mapping.previous_coverage)
    customers = _counted(mapping.customers, "customer", "customers")
    mapped = f"{grouped(mapping.mapped)} of {customers} mapped"
    return [
        Figure(
            grouped(facts.ranked_companies),
            "company ranked" if facts.ranked_companies == 1 else "companies ranked",
        ),
        Figure(
            _share(mapping.coverage) or _DASH,
            mapped + (f", {before} the week before" if before else ""),
        ),
        Figure(grouped(anomalies), "anomaly" if anomalies == 1 else "anomalies"),
    ]


def grouped(number: int) -> str:
    """A number with a comma between thousands."""
    return f"{number:,}"


def _counted(number: int, one: str, several: str) -> str:
    return f"{grouped(number)} {one if number == 1 else several}"


def _days(first: date, last: date) -> str:
    if first.year != last.year:
        return f"{first:%b} {first.day}, {first.year} {_DASH} {last:%b} {last.day}, {last.year}"
    month = "" if first.month == last.month else f"{last:%b} "
    return f"{first:%b} {first.day} {_DASH} {month}{last.day}, {last.year}"


def _share(share: float | None) -> str | None:
    """In whole percent, rounded down, so that 100% means all."""
    return None if share is None else f"{math.floor(share * 100 + 1e-9)}%"


def _coverage(facts: EngagementFacts) -> str:
    mapping = facts.mapping
    share = _share(mapping.coverage)
    if share is None:
        return "no customers to map"
    before = _share(mapping.previous_coverage)
    then = f", {before} the week before" if before else ""
    customers = _counted(mapping.customers, "customer", "customers")
    return f"{grouped(mapping.mapped)} of {customers} mapped ({share}{then})"


def _methods(facts: EngagementFacts) -> str | None:
    mapping = facts.mapping
    known = [*_METHODS, *sorted(set(mapping.by_method) - set(_METHODS))]
    said = [
        f"{grouped(mapping.by_method[each])} {_METHODS.get(each, each)}"
        for each in known
        if mapping.by_method.get(each)
    ]
    if mapping.ambiguous:
        said.append(f"{grouped(mapping.ambiguous)} ambiguous")
    return ", ".join(said) or None


def _unmoved(facts: EngagementFacts) -> str | None:
    if facts.movers or not facts.ranked_companies:
        return None
    if facts.has_week_before:
        return "No company changed its rank."
    return "There is no ranking of the week before to compare with."


def _newcomers(facts: EngagementFacts) -> str | None:
    if not facts.newcomers or not facts.has_week_before:
        return None
    return f"{_counted(facts.newcomers, 'company is', 'companies are')} new in the ranking."


def _distribution(facts: EngagementFacts) -> str | None:
    tiers = facts.scores_by_tier
    if not tiers:
        return None
    said = [
        f"{each.tier}: {_counted(len(each.scores), 'company', 'companies')}, "
        + (
            f"{grouped(each.scores[-1])} to {grouped(each.scores[0])}"
            if each.scores[-1] < each.scores[0]
            else f"{grouped(each.scores[0])}"
        )
        for each in tiers
    ]
    return f"Scores by tier. {'; '.join(said)}."


def _version(facts: EngagementFacts) -> str:
    if facts.version == 1:
        return "Version 1 of this week."
    why = f": {facts.restatement_reason.rstrip('.')}" if facts.restatement_reason else ""
    return f"Version {facts.version} of this week, restated{why}."
