"""What a load of Yobi would find, without one (spec/engagement.md, Probe command).

It logs in and asks every endpoint what a load would ask, holds the answers to the same contracts,
and counts how many of the customers that HubSpot has been read for are tenants by their domain.
Nothing is written.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, TypeVar
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import psycopg
import requests
from requests import Response

from ingestion.api.contract import ApiRecord, RecordChangedError, read_record
from ingestion.api.errors import SourceError, Vendor
from ingestion.api.session import RequestMeter, session_through
from ingestion.api.streams import records_of
from ingestion.yobi.errors import YobiError, yobi_at
from ingestion.yobi.login import YobiAuth
from ingestion.yobi.objects import LOCATIONS_PATH, METRICS, TENANTS_PATH, Metric
from ingestion.yobi.records import Location, Tenant
from ingestion.yobi.source import (
    LOCATION_LISTS,
    TENANT_LISTS,
    UNKNOWN_PERIOD,
    MetricAnswer,
    Wish,
    YobiReading,
    metric_rows,
    no_limit_is_known,
)
from ingestion.yobi.week import LAST_WEEK, Week, periods_for
from warehouse.database import Warehouse, WarehouseError
from warehouse.settings import Settings

_CUSTOMERS = """
    select distinct companies.id, companies.properties ->> 'domain'
    from raw_hubspot.companies as companies
    inner join raw_hubspot.contact_company_associations as associations
        on associations.company_id = companies.id
    inner join raw_hubspot.contacts as contacts on contacts.id = associations.contact_id
    where
        not companies.archived
        and not contacts.archived
        and contacts.properties ->> 'lifecyclestage' = 'customer'
        and coalesce(companies.properties ->> 'is_internal_test', 'false') <> 'true'
        and coalesce(companies.properties ->> 'customer_status', '') <> 'churned'
"""
"""The universe of spec/engagement.md, without the filters that the setting adds."""

Kind = TypeVar("Kind", bound=ApiRecord)


@dataclass(frozen=True, slots=True)
class EndpointFinding:
    """What an endpoint answers."""

    path: str
    period: str | None
    """Of a metric: the period whose answer tells of the week; None where no answer does."""
    entries: int
    """How many tenants, locations or figures of such there are."""
    problem: str | None = None
    """Why a load would fail here, in a sentence."""
    has_last_week: bool | None = None
    """Of a metric: whether the period `lastWeek` exists; None where it was not asked for."""
    has_user_figures: bool | None = None
    """Of a metric: whether users are told apart."""
    tenants_covered: int | None = None
    """Of a metric: how many tenants of the list have all seven days."""


@dataclass(frozen=True, slots=True)
class MappingFinding:
    """How customers of HubSpot's find their tenants by domain alone."""

    customers: int
    """Companies that have been read of HubSpot and count as customers."""
    with_domain: int
    matched: int
    """Those whose domain one tenant has, at least."""
    ambiguous: int
    """Those whose domain several tenants have."""
    shared_tenants: int
    """Tenants whose domain several of the customers have."""

    @property
    def coverage(self) -> float:
        """Share of the customers that are matched; 0 without customers."""
        return self.matched / self.customers if self.customers else 0.0


@dataclass(frozen=True, slots=True)
class YobiProbe:
    """What a load of Yobi would find."""

    week_start: date
    week_end: date
    time_zone: str
    token_expires_at: datetime
    """By Yobi's clock, in UTC."""
    tenants: int
    tenants_with_domain: int
    endpoints: tuple[EndpointFinding, ...]
    mapping: MappingFinding | None
    """None where HubSpot has not been read into this warehouse."""

    @property
    def problems(self) -> tuple[str, ...]:
        """Why a load would fail."""
        return tuple(each.problem for each in self.endpoints if each.problem is not None)


def probe_yobi(
    settings: Settings, warehouse: Warehouse | None, *, as_of: datetime | None = None
) -> YobiProbe:
    """Ask Yobi what a load would ask, and say what would come of it.

    Args:
        settings: see `landing.ingest_yobi`.
        warehouse: where HubSpot's companies may have landed; only read. None: nowhere.
        as_of: see `landing.ingest_yobi`.

    Raises:
        SettingsError: when the login or the address is not set.
        YobiError: when nobody can log in, or the week is one that Yobi does not tell of.
    """
    login = settings.require_yobi_login()
    vendor = yobi_at(login.base_url)
    auth = YobiAuth(vendor, login, RequestMeter(no_limit_is_known))
    auth.log_in()
    zone = ZoneInfo(settings.job_timezone)
    week = Week.before(as_of or auth.now, zone)
    periods = periods_for(week, auth.now.astimezone(zone).date())
    if not periods:
        raise YobiError.about_a_week_untold(week)
    wish = Wish(week, datetime.now(UTC), settings.internal_yobi_domains)
    asked = _Asked(vendor, auth)
    expires_at = auth.expires_at

    tenants, tenant_finding = asked.list_of(TENANTS_PATH, TENANT_LISTS, Tenant)
    _, location_finding = asked.list_of(LOCATIONS_PATH, LOCATION_LISTS, Location)
    known = {tenant.tenant_id for tenant in tenants}
    return YobiProbe(
        week_start=week.first_day,
        week_end=week.last_day,
        time_zone=zone.key,
        token_expires_at=expires_at,
        tenants=len(tenants),
        tenants_with_domain=sum(any(_domains(tenant)) for tenant in tenants),
        endpoints=(
            tenant_finding,
            location_finding,
            *(asked.metric(metric, periods, wish, known) for metric in METRICS),
        ),
        mapping=None if warehouse is None else _mapping(warehouse, tenants),
    )


def normal_domain(typed: str | None) -> str | None:
    """A domain as companies and tenants are compared by it: no scheme, `www.`, path, port, case.

    Returns:
        None where nothing is left.
    """
    text = (typed or "").strip().lower()
    try:
        host = urlsplit(text if "://" in text else f"//{text}").hostname or ""
    except ValueError:
        return None
    return host.removeprefix("www.").rstrip(".") or None


class _Asked:
    """Requests to Yobi outside a load."""

    def __init__(self, vendor: Vendor, auth: YobiAuth) -> None:
        self._vendor = vendor
        self._auth = auth
        self._session = session_through(
            RequestMeter(no_limit_is_known), is_limit_of_the_moment=lambda _: True
        )

    def list_of(
        self, path: str, places: tuple[str, ...], kind: type[Kind]
    ) -> tuple[list[Kind], EndpointFinding]:
        """A list, and what is to be said of it; an empty one where it cannot be read."""
        try:
            entries = self._entries(self._get(path, {}), places)
            read = [_read(path, kind, entry) for entry in entries]
        except SourceError as error:
            return [], EndpointFinding(f"/{path}", None, 0, str(error))
        return read, EndpointFinding(f"/{path}", None, len(read))

    def metric(
        self, metric: Metric, periods: Sequence[str], wish: Wish, tenants: set[str]
    ) -> EndpointFinding:
        """What is to be said of a metric."""
        has_last_week: bool | None = None
        try:
            for period in periods:
                response = self._get(metric.path, {"period": period, **metric.parameters})
                is_refused = period == LAST_WEEK and response.status_code in UNKNOWN_PERIOD
                has_last_week = not is_refused if period == LAST_WEEK else has_last_week
                if is_refused:
                    continue
                entries = self._entries(response, (metric.records_at,))
                reading = YobiReading(metric.table, RequestMeter(no_limit_is_known))
                rows = list(
                    _rows(reading, MetricAnswer(self._vendor, metric, period, wish), entries)
                )
                covered = {row["tenant_id"] for row in rows} - reading.without_trend
                return EndpointFinding(
                    path=f"/{metric.path}",
                    period=period,
                    entries=len(entries),
                    has_last_week=has_last_week,
                    has_user_figures=reading.has_user_figures,
                    tenants_covered=len(covered & tenants),
                )
        except SourceError as error:
            return EndpointFinding(f"/{metric.path}", None, 0, str(error), has_last_week)
        return EndpointFinding(
            f"/{metric.path}", None, 0, f"No period tells of the week {wish.week}.", has_last_week
        )

    def _get(self, path: str, parameters: dict[str, str]) -> Response:
        try:
            return self._session.get(
                f"{self._vendor.base_url}/{path}", params=parameters, auth=self._auth
            )
        except requests.RequestException as error:
            raise self._vendor.explained(error) from None

    def _entries(self, response: Response, places: tuple[str, ...]) -> list[dict[str, Any]]:
        try:
            response.raise_for_status()
            entries = records_of(response.json(), places)
        except requests.RequestException as error:
            raise self._vendor.explained(error) from None
        if entries is None:
            raise self._vendor.not_understood()
        return entries


def _read(path: str, kind: type[Kind], entry: object) -> Kind:
    try:
        return read_record(kind, entry)
    except RecordChangedError as change:
        raise YobiError.about_a_change(path, str(change)) from None


def _rows(
    reading: YobiReading, answer: MetricAnswer, entries: list[dict[str, Any]]
) -> Iterator[dict[str, Any]]:
    answer.check_trends(entries)
    for entry in entries:
        read = _read(answer.metric.path, answer.metric.kind, entry)
        yield from metric_rows(reading, answer, read, entry)


def _domains(tenant: Tenant) -> Iterator[str]:
    for typed in (tenant.domain, tenant.website):
        domain = normal_domain(typed)
        if domain:
            yield domain


def _mapping(warehouse: Warehouse, tenants: Sequence[Tenant]) -> MappingFinding | None:
    """How the customers that have landed find their tenants; None where none have landed."""
    try:
        with warehouse.connect() as connection:
            connection.read_only = True
            customers = connection.execute(_CUSTOMERS).fetchall()
    except (WarehouseError, psycopg.Error):
        return None
    if not customers:
        return None
    by_domain: dict[str, set[str]] = defaultdict(set)
    for tenant in tenants:
        for domain in _domains(tenant):
            by_domain[domain].add(tenant.tenant_id)
    domains = [name for _, typed in customers if (name := normal_domain(typed)) is not None]
    found = [by_domain.get(domain, set()) for domain in domains]
    claimed = Counter(tenant_id for candidates in found for tenant_id in candidates)
    return MappingFinding(
        customers=len(customers),
        with_domain=len(domains),
        matched=sum(bool(candidates) for candidates in found),
        ambiguous=sum(len(candidates) > 1 for candidates in found),
        shared_tenants=sum(times > 1 for times in claimed.values()),
    )
