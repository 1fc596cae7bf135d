"""A plain reading of spec/engagement.md: one company after another, without SQL."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from tests.engagement.customers import Company, Figures, Landed, Tenant

_SUFFIXES = [
    "inc",
    "incorporated",
    "llc",
    "pllc",
    "ltd",
    "limited",
    "corp",
    "corporation",
    "co",
    "company",
    "pc",
    "pa",
    "lp",
    "llp",
    "plc",
]
_METHODS = ("override", "domain", "email_domain", "name")
_CONFIDENCE = {"override": "high", "domain": "high", "email_domain": "medium", "name": "low"}


@dataclass(frozen=True)
class Mapped:
    """Which tenant a company is."""

    tenant_id: str
    method: str
    candidates: tuple[str, ...]

    @property
    def confidence(self) -> str:
        """How sure that is."""
        return _CONFIDENCE[self.method]


@dataclass(frozen=True)
class Ranked:
    """A company's place in a week."""

    tenant_id: str
    score: int
    rank: int
    label: str
    tier: str


@dataclass
class Ranker:
    """What it has decided so far; each call of `week` is a run after that week."""

    overrides: Mapping[str, str] = field(default_factory=dict)
    """Of the reference file: tenant ids by company id or domain."""
    generic_domains: frozenset[str] = frozenset()
    rank_by: str = "score"
    mapping: dict[str, Mapped] = field(default_factory=dict)
    """Of the last run."""
    last_tenants: dict[str, str] = field(default_factory=dict)
    """The last tenant that each company ever had."""
    weeks: dict[date, dict[str, Ranked]] = field(default_factory=dict)
    """Scored for good."""
    preliminary: dict[str, Ranked] = field(default_factory=dict)
    """Of the last run's week, as long as a metric is missing."""

    def run(self, landed: Landed, first_day: date) -> None:
        """Decide as a build does that runs right after the week that begins so."""
        figures = landed.weeks.get(first_day, {})
        self.mapping = {}
        for company in landed.companies:
            if is_customer(company):
                mapped = self._mapped(company, landed.tenants, figures)
                if mapped is not None:
                    self.mapping[company.company_id] = mapped
        self.last_tenants |= {key: each.tenant_id for key, each in self.mapping.items()}
        self.preliminary = {}
        for week in sorted(landed.weeks):
            if week <= first_day and week not in self.weeks:
                ranked, is_complete = self._ranked(landed.weeks[week])
                if is_complete:
                    self.weeks[week] = ranked
                elif week == first_day:
                    self.preliminary = ranked

    def _mapped(
        self, company: Company, tenants: Sequence[Tenant], figures: Mapping[str, Figures]
    ) -> Mapped | None:
        for method in _METHODS:
            found = sorted(self._found(method, company, tenants), key=id_order)
            if not found:
                continue
            kept = self.last_tenants.get(company.company_id)
            chosen = (
                kept
                if kept in found
                else min(found, key=lambda each: (-activity(figures.get(each)), id_order(each)))
            )
            return Mapped(str(chosen), method, tuple(found))
        return None

    def _found(self, method: str, company: Company, tenants: Sequence[Tenant]) -> set[str]:
        domain = normal_domain(company.domain)
        listed = [tenant for tenant in tenants if not tenant.is_archived]
        if method == "override":
            by_id = self.overrides.get(company.company_id)
            by_domain = [
                tenant_id
                for key, tenant_id in self.overrides.items()
                if not key.isdigit() and domain is not None and normal_domain(key) == domain
            ]
            chosen = by_id or next(iter(by_domain), None)
            return {chosen} if chosen else set()
        if method == "name":
            name = normal_name(company.name)
            return {t.tenant_id for t in listed if name is not None and normal_name(t.name) == name}
        wanted = {domain} - {None}
        if method == "email_domain":
            if domain is not None:
                return set()
            wanted = {
                normal_domain(email.rpartition("@")[2]) for email in company.emails
            } - self.generic_domains
        return {
            t.tenant_id
            for t in listed
            if {normal_domain(t.domain), normal_domain(t.website)} & wanted - {None}
        }

    def _ranked(self, figures: Mapping[str, Figures]) -> tuple[dict[str, Ranked], bool]:
        surest: dict[str, str] = {}
        for company_id, mapped in sorted(
            self.mapping.items(), key=lambda each: (_METHODS.index(each[1].method), int(each[0]))
        ):
            surest.setdefault(mapped.tenant_id, company_id)
        known: dict[str, Figures] = {}
        is_complete = True
        for tenant_id, company_id in surest.items():
            told = figures.get(tenant_id, Figures(None, None, None, None))
            if None in {told.total_calls, told.tasks_created, told.total_appointments}:
                is_complete = False
            else:
                known[company_id] = told

        def order(company_id: str) -> tuple[int, ...]:
            told = known[company_id]
            by_score = (-score(told),) if self.rank_by == "score" else ()
            return (*by_score, *(-each for each in metrics(told)), int(company_id))

        ordered = sorted(known, key=order)
        outer = math.ceil(len(ordered) * 30 / 100)
        found = {}
        for rank, company_id in enumerate(ordered, start=1):
            tier = (
                "Top 30%"
                if rank <= outer
                else "Bottom 30%"
                if rank > len(ordered) - outer
                else "Middle 40%"
            )
            found[company_id] = Ranked(
                self.mapping[company_id].tenant_id,
                score(known[company_id]),
                rank,
                f"{rank} out of {len(ordered)}",
                tier,
            )
        return found, is_complete and bool(found)

    def moves(self, first_day: date) -> dict[str, int | None]:
        """Places won since the week before, by company; None where that did not rank it."""
        before = self.weeks.get(first_day - timedelta(days=7), {})
        return {
            company_id: before[company_id].rank - ranked.rank if company_id in before else None
            for company_id, ranked in self.weeks.get(first_day, {}).items()
        }


def is_customer(company: Company) -> bool:
    """Whether a company is to be ranked."""
    return (
        not company.is_archived
        and bool(company.emails)
        and company.properties.get("is_internal_test") != "true"
        and company.properties.get("customer_status") != "churned"
    )


def activity(told: Figures | None) -> int:
    """Calls, tasks and appointments; what is not known counts as nothing."""
    if told is None:
        return 0
    return (told.total_calls or 0) + (told.tasks_created or 0) + (told.total_appointments or 0)


def metrics(told: Figures) -> tuple[int, int, int, int]:
    """In the order in which they break ties."""
    return (
        told.new_patient_appointments or 0,
        told.total_appointments or 0,
        told.tasks_created or 0,
        told.total_calls or 0,
    )


def score(told: Figures) -> int:
    """Four, three, two and one."""
    return sum(weight * each for weight, each in zip((4, 3, 2, 1), metrics(told), strict=True))


def id_order(tenant_id: str) -> tuple[bool, int, str]:
    """Numbers as numbers, before all else."""
    return (not tenant_id.isdigit(), int(tenant_id) if tenant_id.isdigit() else 0, tenant_id)


def normal_domain(typed: str | None) -> str | None:
    """Host of whatever was typed."""
    host = (typed or "").strip().lower()
    if "//" in host:
        host = host.split("//", 1)[1]
    host = re.split(r"[/?#]", host)[0].split(":")[0]
    return host.removeprefix("www.") or None


def normal_name(typed: str | None) -> str | None:
    """Words without punctuation and without a legal form at their end."""
    words = re.sub(r"[^\w\s]", "", (typed or "").lower()).split()
    while len(words) > 1 and words[-1] in _SUFFIXES:
        words.pop()
    return " ".join(words) or None
