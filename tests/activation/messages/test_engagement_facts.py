"""What facts a weekly summary is composed of, and how they are put into words."""

from __future__ import annotations

import math
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from activation.messages.composer import FactsError
from activation.messages.engagement_summary.facts import MOST_SCORES, Tier, read_facts
from activation.messages.engagement_summary.wording import Summary, summarize
from tests.activation.engagement_weeks import anomaly, told, week

SECRET = "quietharbour"


def summary(companies: int = 41, **changes: Any) -> Summary:
    return summarize(read_facts(told(week(companies, **changes))))


def ranked(**changes: Any) -> dict[str, Any]:
    return {**week(1)["top"][0], **changes}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "Invalid JSON"),
        (SECRET, "Invalid JSON"),
        ("[]", "valid dictionary|object"),
        ('{"version": "\\ud800"}', "Invalid JSON"),
        (told({**week(), "version": SECRET}), "version: Input should be a valid integer"),
        (told({**week(), "version": 0}), "version: Input should be greater than 0"),
        (told({**week(), SECRET[:5]: 1}), "Extra inputs are not permitted"),
        (told({**week(1), "top": [ranked(tier=SECRET)]}), r"top\.0\.tier: Input should be 'Top"),
        (told({**week(1), "top": [ranked(rank=None)]}), r"top\.0\.rank"),
        (told({**week(), "top": week()["top"] * 2}), "top: Tuple should have at most 10"),
        (told({**week(), "bottom": week()["top"]}), "a company is twice in top and bottom"),
        (told({**week(), "tiers": {"Top 30%": 1}}), "tiers do not add up to ranked_companies"),
        (told({**week(), "scores": [1]}), "scores are not those of ranked_companies"),
        (told({**week(), "week_last_day": "2026-03-29"}), "week_last_day is not six days"),
        (told({}), "week_first_day: Field required; .*; and 10 more"),
    ],
)
def test_what_is_no_week_is_told_without_quoting_it(text: str, reason: str) -> None:
    with pytest.raises(FactsError, match=reason) as caught:
        read_facts(text)
    assert SECRET not in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Quiet Harbour", "Quiet Harbour"),
        (" Quiet\r\n\tHarbour\0 ", "Quiet Harbour"),
        ("Quiet \u202eruobraH", "Quiet ruobraH"),
        ("Zoë 👩‍⚕️ <b>", "Zoë 👩‍⚕️ <b>"),
        ("", "Company 9000"),
        (" \u2028", "Company 9000"),
        (None, "Company 9000"),
    ],
)
def test_a_name_is_one_line_and_a_company_without_one_goes_by_its_id(
    name: str | None, shown: str
) -> None:
    facts = read_facts(told(week(1, top=[ranked(company=name)])))
    assert facts.top[0].name == shown


@given(companies=st.integers(0, 200))
def test_the_scores_are_parted_as_the_ranking_is(companies: int) -> None:
    facts = read_facts(told(week(companies)))

    parts = facts.scores_by_tier

    assert [score for each in parts for score in each.scores] == sorted(facts.scores, reverse=True)
    assert {each.tier: len(each.scores) for each in parts} == {
        tier: number for tier, number in facts.tiers.items() if number
    }
    if parts:
        assert parts[0].tier is Tier.TOP
        assert len(parts[0].scores) == math.ceil(0.3 * companies)


def test_scores_that_are_not_all_known_are_not_parted() -> None:
    many = week(MOST_SCORES + 1)
    facts = read_facts(told({**many, "scores": many["scores"][:MOST_SCORES]}))
    assert facts.scores_by_tier == ()
    assert summarize(facts).distribution is None


@pytest.mark.parametrize(
    ("first", "words"),
    [
        (date(2026, 3, 22), "Mar 22 \N{EN DASH} 28, 2026"),
        (date(2026, 3, 29), "Mar 29 \N{EN DASH} Apr 4, 2026"),
        (date(2026, 12, 27), "Dec 27, 2026 \N{EN DASH} Jan 2, 2027"),
    ],
)
def test_a_week_is_named_by_its_first_and_last_day(first: date, words: str) -> None:
    last = first + timedelta(days=6)
    said = summary(week_first_day=first.isoformat(), week_last_day=last.isoformat())
    assert said.week == words
    assert said.title == f"Customer engagement, {words}"


@pytest.mark.parametrize(
    ("before", "now", "change"),
    [(3, 1, "▲ 2"), (1, 1200, "▼ 1,199"), (7, 7, "="), (None, 7, "new")],
)
def test_a_change_of_rank_is_seen_at_a_glance(before: int | None, now: int, change: str) -> None:
    said = summary(1, top=[ranked(previous_rank=before, rank=now)])
    assert [str(place.change) for place in said.top] == [change]


@pytest.mark.parametrize(
    ("mapped", "customers", "before", "words"),
    [
        (44, 48, 0.91, "44 of 48 customers mapped (91%, 91% the week before)"),
        (1999, 2000, None, "1,999 of 2,000 customers mapped (99%)"),
        (1, 1, 0.29, "1 of 1 customer mapped (100%, 29% the week before)"),
        (0, 0, None, "no customers to map"),
    ],
)
def test_coverage_is_rounded_down_so_that_all_means_all(
    mapped: int, customers: int, before: float | None, words: str
) -> None:
    mapping = {**week()["mapping"], "mapped": mapped, "customers": customers}
    assert summary(mapping={**mapping, "previous_coverage": before}).coverage == words


def test_a_restated_week_says_so_and_why() -> None:
    said = summary(version=2, restatement_reason="Two tenants\nwere swapped.")
    assert said.title.endswith("2026 (restated)")
    assert "(restated): 41 companies ranked" in said.headline
    assert said.version == "Version 2 of this week, restated: Two tenants were swapped."
    assert summary().version == "Version 1 of this week."


def test_without_a_week_before_nothing_is_said_to_have_moved_or_to_be_new() -> None:
    said = summary(previous=False)
    assert said.unmoved == "There is no ranking of the week before to compare with."
    assert said.newcomers is None
    assert summary(movers=[]).unmoved == "No company changed its rank."
    assert summary(newcomers=1).newcomers == "1 company is new in the ranking."


def test_anomalies_are_grouped_errors_first_with_what_is_left_unnamed() -> None:
    said = summary(
        anomalies=[
            anomaly("unmapped", 1_200, "A: no tenant."),
            anomaly("brand_new_kind", 1, "B: odd."),
            {**anomaly("missing_metrics", 2, "C: no calls.", severity="error"), "examples": []},
        ]
    )
    assert [(each.title, each.count, each.is_error, each.unnamed) for each in said.anomalies] == [
        ("Metrics missing", "2", True, None),
        ("Customers without a Yobi tenant", "1,200", False, "and 1,195 more"),
        ("Brand new kind", "1", False, None),
    ]
    assert said.headline.endswith("41 companies ranked, 91% of customers mapped, 1,203 anomalies.")
