"""Customers without a tenant, whom they might be, and how a person settles it.

A suggestion is never a match (spec/engagement.md, Universe and mapping: never a guess). It becomes
one by a row in `seeds/reference/tenant_overrides.csv`, which a person adds.
"""

from __future__ import annotations

import csv
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg.rows import class_row
from rapidfuzz import fuzz, process

from warehouse.database import Warehouse

OVERRIDES = Path("seeds/reference/tenant_overrides.csv")
SUGGESTIONS = 3
"""How many are named of a customer, at most."""
LEAST_SCORE = 60.0
"""Below it, of 100, two names have hardly more in common than any two."""


class MappingError(Exception):
    """There is nothing to review, or an override cannot be written; the message says why."""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A tenant that a customer might be."""

    tenant_id: str
    tenant_name: str | None
    score: float
    """How alike they are, from 0 to 100."""
    by: str
    """What is alike: `name` or `domain`."""
    taken_by: str | None
    """The company that is this tenant by now; None where none is."""


@dataclass(frozen=True, slots=True)
class UnmappedCustomer:
    """A customer for whom no tenant is found."""

    company_id: str
    """HubSpot's."""
    company_name: str | None
    domain: str | None
    email_domains: str | None
    """With commas between."""
    suggestions: tuple[Suggestion, ...]
    """The most alike first."""


@dataclass(frozen=True, slots=True)
class _Customer:
    company_id: str
    company_name: str | None
    normal_name: str | None
    domain: str | None
    email_domains: str | None


@dataclass(frozen=True, slots=True)
class _Tenant:
    tenant_id: str
    tenant_name: str | None
    normal_name: str | None
    domain: str | None
    website_domain: str | None
    taken_by: str | None


def unmapped_customers(warehouse: Warehouse) -> list[UnmappedCustomer]:
    """Whom the last build could not map, in the order of their names, with suggestions.

    Raises:
        MappingError: when nothing has been built yet.
        WarehouseError: when the database does not answer.
    """
    with warehouse.connect() as connection:
        connection.read_only = True
        try:
            with connection.cursor(row_factory=class_row(_Customer)) as cursor:
                customers = cursor.execute(_CUSTOMERS).fetchall()
            with connection.cursor(row_factory=class_row(_Tenant)) as reader:
                tenants = {each.tenant_id: each for each in reader.execute(_TENANTS)}
        except psycopg.errors.UndefinedTable:
            raise MappingError(
                "Nobody has been mapped yet: run millrace ingest hubspot, millrace ingest yobi and "
                "millrace build."
            ) from None
    likeness = _Likeness(tenants)
    return [
        UnmappedCustomer(
            each.company_id,
            each.company_name,
            each.domain,
            each.email_domains,
            likeness.suggestions(each),
        )
        for each in customers
    ]


class _Likeness:
    """How alike names and domains are, with rapidfuzz."""

    def __init__(self, tenants: Mapping[str, _Tenant]) -> None:
        self._tenants = tenants
        self._names = {key: each.normal_name for key, each in tenants.items() if each.normal_name}
        self._domains = {
            (key, place): label(domain)
            for key, each in tenants.items()
            for place, domain in enumerate((each.domain, each.website_domain))
            if domain
        }

    def suggestions(self, customer: _Customer) -> tuple[Suggestion, ...]:
        """The tenants most alike, the best first; of equally good ones the lowest id."""
        best: dict[str, tuple[float, str]] = {}

        def note(tenant_id: str, score: float, by: str) -> None:
            best[tenant_id] = max(best.get(tenant_id, (0.0, by)), (score, by))

        if customer.normal_name:
            for _, score, tenant_id in process.extract(
                customer.normal_name,
                self._names,
                scorer=fuzz.token_sort_ratio,
                score_cutoff=LEAST_SCORE,
                limit=SUGGESTIONS,
            ):
                note(tenant_id, score, "name")
        typed = [customer.domain, *(customer.email_domains or "").split(", ")]
        for domain in filter(None, typed):
            for _, score, (tenant_id, _place) in process.extract(
                label(domain),
                self._domains,
                scorer=fuzz.ratio,
                score_cutoff=LEAST_SCORE,
                limit=SUGGESTIONS,
            ):
                note(tenant_id, score, "domain")
        ordered = sorted(best.items(), key=lambda each: (-each[1][0], len(each[0]), each[0]))
        return tuple(
            Suggestion(
                tenant_id,
                self._tenants[tenant_id].tenant_name,
                round(score, 1),
                by,
                self._tenants[tenant_id].taken_by,
            )
            for tenant_id, (score, by) in ordered[:SUGGESTIONS]
        )


def label(domain: str) -> str:
    """What a domain is told by: `ash-dental` of `ash-dental.example.com`."""
    return domain.partition(".")[0]


def add_overrides(
    warehouse: Warehouse, chosen: Mapping[str, str], path: Path = OVERRIDES
) -> Sequence[str]:
    """Write overrides into the reference file; the next build goes by them.

    Args:
        warehouse: where the tenants are.
        chosen: tenant ids by company key: HubSpot's id or a domain.
        path: the reference file.

    Returns:
        The keys that were added; one that stands there with the same tenant is not.

    Raises:
        MappingError: when Yobi lists no such tenant, or a key stands there with another one.
    """
    with warehouse.connect() as connection:
        connection.read_only = True
        listed = {
            tenant_id
            for (tenant_id,) in connection.execute(
                "select tenant_id from raw_yobi.tenants where not archived"
            )
        }
    unknown = sorted(set(chosen.values()) - listed)
    if unknown:
        raise MappingError(f"Yobi lists no tenant {', '.join(unknown)}: see raw_yobi.tenants.")
    try:
        with path.open(newline="", encoding="utf-8") as file:
            text = file.read()
    except OSError as error:
        raise MappingError(f"{path} cannot be read ({error.strerror}).") from None
    standing = {
        row["company_key"].strip().lower(): row["tenant_id"].strip()
        for row in csv.DictReader(text.splitlines())
    }
    added = {}
    for key, tenant_id in chosen.items():
        before = standing.get(key.strip().lower())
        if before is None:
            added[key] = tenant_id
        elif before != tenant_id:
            raise MappingError(
                f"{path} gives {key} the tenant {before}: change that row instead of adding one."
            )
    if added:
        _replace(path, text, added)
    return tuple(added)


def _replace(path: Path, text: str, added: Mapping[str, str]) -> None:
    """Write the file anew beside itself, then put it in place: nobody reads half a file."""
    with tempfile.NamedTemporaryFile(
        "w", newline="", encoding="utf-8", dir=path.parent, suffix=".new", delete=False
    ) as file:
        file.write(text if text.endswith("\n") else f"{text}\n")
        csv.writer(file, lineterminator="\n").writerows(added.items())
    written = Path(file.name)
    written.chmod(path.stat().st_mode)
    written.replace(path)


_CUSTOMERS = """
    select
        unmapped.company_id,
        unmapped.company_name,
        customers.normal_name,
        unmapped.domain,
        unmapped.email_domains
    from engagement.unmapped_customers as unmapped
    inner join intermediate.int_engagement__customers as customers using (company_id)
    order by unmapped.company_name collate "C" nulls last, unmapped.company_id collate "C"
"""
_TENANTS = """
    select
        tenants.tenant_id,
        tenants.tenant_name,
        tenants.normal_name,
        tenants.domain,
        tenants.website_domain,
        min(mapping.company_id) as taken_by
    from intermediate.int_engagement__tenants as tenants
    left join engagement.tenant_mapping as mapping on tenants.tenant_id = mapping.tenant_id
    group by
        tenants.tenant_id,
        tenants.tenant_name,
        tenants.normal_name,
        tenants.domain,
        tenants.website_domain
"""
