"""What there is to say about a week: the JSON that `engagement.week_summaries` holds, typed.

spec/engagement.md, Publish: top 10, bottom 10, biggest movers, anomalies.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Annotated, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    NonNegativeInt,
    PositiveInt,
    ValidationError,
    model_validator,
)

from activation.messages.composer import FactsError

FACTS = "facts"
"""The property of a row that holds them."""
MOST_SCORES = 25_000
"""Scores that the facts of a week hold at most."""
_NAMED_PROBLEMS = 3
_TURNS_TEXT = {"LRE", "RLE", "PDF", "LRO", "RLO", "LRI", "RLI", "FSI", "PDI"}
"""Unicode's bidirectional classes of characters that would turn what stands around a name."""


class Tier(StrEnum):
    """Where in the ranking a company stands (spec/engagement.md, Score, rank, tier)."""

    TOP = "Top 30%"
    MIDDLE = "Middle 40%"
    BOTTOM = "Bottom 30%"


class Severity(StrEnum):
    """How much an anomaly matters."""

    WARNING = "warning"
    ERROR = "error"


class Direction(StrEnum):
    """Which way a company moved in the ranking."""

    UP = "up"
    DOWN = "down"


def _one_line(text: str) -> str:
    """The text without line breaks, control characters, or what turns the direction of writing."""
    kept = (
        " " if unicodedata.category(each) in {"Cc", "Zl", "Zp"} else each
        for each in text
        if unicodedata.bidirectional(each) not in _TURNS_TEXT
    )
    return " ".join("".join(kept).split())


_Line = Annotated[str, AfterValidator(_one_line)]
_Share = Annotated[float, Field(ge=0, le=1)]


class _Fact(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Named(_Fact):
    company: _Line | None
    company_id: str

    @property
    def name(self) -> str:
        """What the company is called; one without a name, by its id in HubSpot."""
        return self.company or f"Company {self.company_id}"


class RankedCompany(_Named):
    """A company's place in the ranking."""

    rank: PositiveInt
    score: NonNegativeInt
    tier: Tier
    previous_rank: PositiveInt | None
    """In the week before; None where it was not ranked, or nobody knows."""

    @property
    def delta(self) -> int | None:
        """Places gained since the week before, negative for lost ones; None where unknown."""
        return None if self.previous_rank is None else self.previous_rank - self.rank


class Mover(_Named):
    """A company whose rank changed."""

    previous_rank: PositiveInt
    rank: PositiveInt
    delta: int
    """Places gained, negative for lost ones."""
    status: Direction


class MappingFacts(_Fact):
    """How many customers were found among Yobi's tenants."""

    customers: NonNegativeInt
    mapped: NonNegativeInt
    previous_coverage: _Share | None
    """Of the week before, as a share of 1."""
    by_method: dict[str, NonNegativeInt]
    ambiguous: NonNegativeInt

    @property
    def coverage(self) -> float | None:
        """Share of the customers that are mapped, of 1; None when there are no customers."""
        return self.mapped / self.customers if self.customers else None


class AnomalyGroup(_Fact):
    """The anomalies of one kind."""

    kind: str
    count: PositiveInt
    severity: Severity
    examples: tuple[_Line, ...] = Field(max_length=5)


@dataclass(frozen=True, slots=True)
class TierScores:
    """The scores of one tier's companies, highest first; at least one."""

    tier: Tier
    scores: Sequence[int]


class EngagementFacts(_Fact):
    """Everything that a summary of one week says."""

    week_first_day: date
    week_last_day: date
    version: PositiveInt
    restatement_reason: _Line | None
    ranked_companies: NonNegativeInt
    mapping: MappingFacts
    top: tuple[RankedCompany, ...] = Field(max_length=10)
    """Best first."""
    bottom: tuple[RankedCompany, ...] = Field(max_length=10)
    """Worst last; none that is in `top`."""
    movers: tuple[Mover, ...] = Field(max_length=10)
    """Furthest first."""
    newcomers: NonNegativeInt
    """Ranked companies whose rank in the week before is not known."""
    anomalies: tuple[AnomalyGroup, ...]
    scores: tuple[NonNegativeInt, ...] = Field(max_length=MOST_SCORES)
    """Of all ranked companies, descending."""
    tiers: dict[Tier, NonNegativeInt]
    """Companies in each."""

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> Self:
        if self.week_last_day - self.week_first_day != timedelta(days=6):
            raise ValueError("week_last_day is not six days after week_first_day")
        listed = [each.company_id for each in (*self.top, *self.bottom)]
        if len(set(listed)) < len(listed):
            raise ValueError("a company is twice in top and bottom")
        if sum(self.tiers.values()) != self.ranked_companies:
            raise ValueError("tiers do not add up to ranked_companies")
        if len(self.scores) != min(self.ranked_companies, MOST_SCORES):
            raise ValueError("scores are not those of ranked_companies")
        return self

    @property
    def has_week_before(self) -> bool:
        """Whether the rank of any company that is named is known for the week before."""
        listed = (*self.top, *self.bottom)
        return bool(self.movers) or any(each.previous_rank is not None for each in listed)

    @property
    def scores_by_tier(self) -> tuple[TierScores, ...]:
        """The scores of each tier that has companies, best tier first.

        Empty when not all scores are known.
        """
        if len(self.scores) < self.ranked_companies:
            return ()
        ordered = sorted(self.scores, reverse=True)
        found = []
        for tier in Tier:
            number = self.tiers.get(tier, 0)
            if number:
                found.append(TierScores(tier, ordered[:number]))
            ordered = ordered[number:]
        return tuple(found)


def read_facts(text: str) -> EngagementFacts:
    """The facts that JSON text holds.

    Raises:
        FactsError: when it holds something else; the sentence names what is wrong, not its value.
    """
    try:
        return EngagementFacts.model_validate_json(text)
    except ValidationError as error:
        problems = error.errors(include_input=False, include_url=False, include_context=False)
        said = [
            ": ".join(filter(None, (".".join(map(str, each["loc"])), _sentence(each["msg"]))))
            for each in problems[:_NAMED_PROBLEMS]
        ]
        more = len(problems) - len(said)
        rest = f"; and {more} more" if more else ""
        raise FactsError(
            f"the value is not a week's engagement ({'; '.join(said)}{rest})"
        ) from None


def _sentence(message: str) -> str:
    return message.removeprefix("Value error, ")
