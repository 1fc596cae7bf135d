"""In random small worlds of customers the models rank as the plain reading of the rules does."""

from __future__ import annotations

from datetime import date, timedelta
from random import Random

import pytest

from tests.engagement.customers import Company, Figures, Landed, Tenant
from tests.engagement.plain import Ranker
from tests.engagement.ranking import Ranking

FIRST_DAY = date(2026, 3, 1)
"""Of the first week; the clocks go forward in the second."""
WEEKS = 3

_NAMES = [
    "Ash Dental", "ash dental, P.C.", "Birch & Sons Co., LLC", "Birch Sons", "Cedar", "CEDAR INC",
    "", None,
]  # fmt: skip
_DOMAINS = [
    "ash.example.com", "www.ash.example.com", "HTTPS://Ash.example.com/start?x=1", None, None, "",
    "birch.example.com", "birch.example.com:8080", "cedar.example.com",
]  # fmt: skip
_EMAILS = ["a@ash.example.com", "b@birch.example.com", "c@gmail.com", "D@Cedar.example.com"]
_COUNTS = [0, 0, 1, 1, 2, 3, 10]


@pytest.mark.parametrize("seed", range(3))
def test_the_models_rank_some_random_worlds_as_the_rules_read(ranking: Ranking, seed: int) -> None:
    check(ranking, seed)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(100, 200))
def test_the_models_rank_random_worlds_as_the_rules_read(ranking: Ranking, seed: int) -> None:
    check(ranking, seed)


def check(ranking: Ranking, seed: int) -> None:
    """Compare mapping, ranks and moves after every week of a world."""
    random = Random(seed)  # noqa: S311 - nothing secret
    plain = Ranker(generic_domains=frozenset({"gmail.com"}))
    landed = Landed()
    for number in range(WEEKS):
        first_day = FIRST_DAY + timedelta(weeks=number)
        landed = _next(random, landed, first_day)
        plain.run(landed, first_day)
        ranking.land(landed)
        built = ranking.build(first_day)
        assert built.is_success, built.failures
        assert _mapping(ranking) == {
            key: (each.tenant_id, each.method, each.confidence, list(each.candidates))
            for key, each in plain.mapping.items()
        }, f"week {number + 1}"
        expected = {
            (week, key): (each.tenant_id, each.score, each.rank, each.label, each.tier, True)
            for week, companies in plain.weeks.items()
            for key, each in companies.items()
        } | {
            (first_day, key): (each.tenant_id, each.score, each.rank, each.label, each.tier, False)
            for key, each in plain.preliminary.items()
        }
        assert _ranks(ranking) == expected, f"week {number + 1}"
        moved = {
            row["company_id"]: row["delta"]
            for row in ranking.rows("select * from engagement.movers")
            if row["first_day"] == first_day and first_day in plain.weeks
        }
        assert moved == plain.moves(first_day), f"week {number + 1}"
    changed = ranking.rows(
        "select company_id, first_day from engagement.score_changes "
        "join engagement.movers using (first_day, company_id) "
        "group by company_id, first_day, delta, score, previous_score "
        "having sum(rank_contribution) <> delta "
        "or sum(score_contribution) <> score - previous_score"
    )
    assert changed == []


def _next(random: Random, before: Landed, first_day: date) -> Landed:
    """The world a week later: some companies and tenants are others."""
    companies = {each.company_id: each for each in before.companies}
    tenants = {each.tenant_id: each for each in before.tenants}
    for company_id in random.sample(["9", "10", "11", "100", "101", "102", "103"], 5):
        if company_id not in companies or random.random() < 0.3:
            companies[company_id] = Company(
                company_id,
                name=random.choice(_NAMES),
                domain=random.choice(_DOMAINS),
                properties=random.choice(
                    [{}, {}, {}, {}, {"is_internal_test": "true"}, {"customer_status": "churned"}]
                ),
                emails=tuple(random.sample(_EMAILS, random.choice([0, 1, 1, 2]))),
                is_archived=random.random() < 0.05,
            )
    for tenant_id in random.sample(["7", "8", "70", "x1", "701"], 4):
        if tenant_id not in tenants or random.random() < 0.2:
            tenants[tenant_id] = Tenant(
                tenant_id,
                name=random.choice(_NAMES) or "?",
                domain=random.choice(_DOMAINS),
                website=random.choice(_DOMAINS),
                is_archived=random.random() < 0.1,
            )
    weeks = dict(before.weeks)
    if random.random() < 0.85:
        weeks[first_day] = {each: _figures(random) for each in tenants if random.random() < 0.97}
    for week in before.weeks:
        if random.random() < 0.3:  # it was read again
            weeks[week] = {each: _figures(random) for each in tenants}
    return Landed(tuple(companies.values()), tuple(tenants.values()), weeks)


def _figures(random: Random) -> Figures:
    appointments = random.choice(_COUNTS)
    return Figures(
        total_calls=None if random.random() < 0.03 else random.choice(_COUNTS),
        tasks_created=random.choice(_COUNTS),
        total_appointments=appointments,
        new_patient_appointments=random.randint(0, appointments),
    )


def _mapping(ranking: Ranking) -> dict[str, tuple[object, ...]]:
    return {
        row["company_id"]: (row["tenant_id"], row["method"], row["confidence"], row["candidates"])
        for row in ranking.rows("select * from engagement.tenant_mapping")
    }


def _ranks(ranking: Ranking) -> dict[tuple[date, str], tuple[object, ...]]:
    return {
        (row["first_day"], row["company_id"]): (
            row["tenant_id"],
            row["score"],
            row["rank"],
            row["rank_label"],
            row["tier"],
            row["is_final"],
        )
        for row in ranking.rows("select * from engagement.customer_engagement")
    }
