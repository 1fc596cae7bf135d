"""What is asked of Yobi's API, stream by stream, and what of the answers makes up a week."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import partial
from typing import cast

from dlt.extract import DltResource
from dlt.sources.helpers.rest_client.exceptions import IgnoreResponseException
from requests import Response

from ingestion.api.errors import Vendor
from ingestion.api.session import RequestMeter
from ingestion.api.streams import ApiStreams, Page, Reading, Record, Row
from ingestion.yobi.errors import YobiError
from ingestion.yobi.login import YobiAuth
from ingestion.yobi.objects import LOCATIONS, LOCATIONS_PATH, TENANTS, TENANTS_PATH, Metric
from ingestion.yobi.records import Counts, Location, MetricRecord, Tenant, Told
from ingestion.yobi.week import LAST_WEEK, Week
from warehouse.settings import YobiLogin

UNKNOWN_PERIOD = (400, 404, 422)
"""How a Yobi might answer that does not know `lastWeek`."""
TENANT_LISTS = ("results.results", "results.tenants", "results")
"""Where the list of tenants was seen to stand."""
LOCATION_LISTS = ("results.results", "results.locations", "results")
"""Where that of locations may stand."""


@dataclass(slots=True)
class YobiReading(Reading):
    """What one load has read for one table so far."""

    period: str | None = None
    """Of a metric: the period whose answer counts; None while none has been answered."""
    tenants: set[str] = field(default_factory=set)
    """Tenants that are on the list, or of which there are figures."""
    without_trend: set[str] = field(default_factory=set)
    """Tenants of which Yobi tells totals alone where only days will do."""
    entries_without_trend: int = 0
    """How many entries of an answer that concerns."""
    has_user_figures: bool = False
    """Whether any figures were broken down by user."""
    seen: dict[str, Record] = field(default_factory=dict)
    """Entries by what they are about."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What a load wants to know."""

    week: Week
    read_at: datetime
    """The version that its rows will be."""
    internal_domains: frozenset[str]
    """Of the email addresses of Yobi's own people, in lower case."""


class YobiSource(ApiStreams[YobiReading]):
    """The streams of one Yobi, for one load.

    Args:
        vendor: see `errors.yobi_at`.
        login: an administrator's.
        on_page: called with the number of entries of each answer.
    """

    def __init__(self, vendor: Vendor, login: YobiLogin, on_page: Callable[[int], None]) -> None:
        self.login_meter = RequestMeter(no_limit_is_known)
        """Counts the logins, which belong to no table."""
        self.auth = YobiAuth(vendor, login, self.login_meter)
        super().__init__(
            vendor,
            auth=self.auth,
            wait=no_limit_is_known,
            is_limit_of_the_moment=lambda _: True,
            reading=YobiReading,
            on_page=on_page,
        )

    def tenants(self) -> list[DltResource]:
        """All tenants; their list stands in one of three places."""

        def rows(tenant: Tenant, _: Record) -> Iterator[Row]:
            self.reading(TENANTS).tenants.add(tenant.tenant_id)
            yield {
                "tenant_id": tenant.tenant_id,
                "name": tenant.tenant_name,
                "domain": tenant.domain,
                "website": tenant.website,
                "archived": False,
                "more": tenant.more or None,
            }

        return self.resources(
            TENANTS,
            "list",
            [{"path": TENANTS_PATH, "paginator": "single_page"}],
            records_at=TENANT_LISTS,
            kind=Tenant,
            rows_of=rows,
        )

    def locations(self) -> list[DltResource]:
        """All locations of all tenants."""

        def rows(location: Location, _: Record) -> Iterator[Row]:
            yield {
                "location_id": location.location_id,
                "tenant_id": location.tenant_id,
                "name": location.name,
                "archived": False,
                "more": location.more or None,
            }

        return self.resources(
            LOCATIONS,
            "list",
            [{"path": LOCATIONS_PATH, "paginator": "single_page"}],
            records_at=LOCATION_LISTS,
            kind=Location,
            rows_of=rows,
        )

    def metric(self, metric: Metric, period: str, wish: Wish) -> list[DltResource]:
        """The figures of a metric for a week, from Yobi's answer for a period.

        The week alone counts, whatever days the answer has beside it. Where Yobi does not know the
        period `lastWeek`, `reading(...).period` stays None.

        Raises:
            YobiError: while dlt draws, when the answer does not tell of the week.
        """
        reading = self.reading(metric.table)
        answer = MetricAnswer(self.vendor, metric, period, wish)

        def refused(_: Response, *__: object, **___: object) -> Response:
            raise IgnoreResponseException

        def note(_: YobiReading, page: Page) -> None:
            reading.period = period
            answer.check_trends(page.records)

        return self.resources(
            metric.table,
            period,
            [
                {
                    "path": metric.path,
                    "params": {"period": period, **metric.parameters},
                    "paginator": "single_page",
                    "response_actions": [
                        {"status_code": status, "action": refused}
                        for status in UNKNOWN_PERIOD
                        if period == LAST_WEEK
                    ],
                }
            ],
            records_at=metric.records_at,
            kind=metric.kind,
            rows_of=partial(metric_rows, reading, answer),
            note=note,
        )


def no_limit_is_known(_: object) -> None:
    """Yobi's limits were never observed; a load makes about ten requests."""


def metric_rows(
    reading: YobiReading, answer: MetricAnswer, read: object, sent: Record
) -> Iterator[Row]:
    """The rows of one entry: one for each day of the week, or one for all of it."""
    record = cast("MetricRecord", read)
    metric = answer.metric
    subject = str(getattr(record, metric.subject))
    answer.check_alone(reading.seen.setdefault(subject, sent), sent)
    reading.has_user_figures = reading.has_user_figures or record.by_user is not None
    if answer.needs_trend and record.trend is None:
        reading.without_trend.add(record.tenant_id)
        reading.entries_without_trend += 1
        reading.rows += 1
        return
    reading.tenants.add(record.tenant_id)
    internal = [
        user
        for user in record.by_user or ()
        if user.email.lower().rpartition("@")[2] in answer.wish.internal_domains
    ]
    for first_day, last_day in answer.spans():
        counts = answer.counts(record, first_day, "trend")
        of_internal = [answer.counts(user, first_day, "by_user.trend") for user in internal]
        row: Row = {
            "read_at": answer.wish.read_at,
            "week_start": answer.wish.week.first_day,
            "first_day": first_day,
            "last_day": last_day,
            metric.subject: subject,
            "tenant_id": record.tenant_id,
        }
        for figure, internal_figure in metric.figures.items():
            row[figure] = counts[figure]
            row[internal_figure] = sum(each[figure] for each in of_internal)
        yield row


@dataclass(frozen=True, slots=True)
class MetricAnswer:
    """An answer about a metric, as the one who wants to know about a week reads it."""

    vendor: Vendor
    metric: Metric
    period: str
    wish: Wish

    @property
    def needs_trend(self) -> bool:
        """Whether the period is another one than the week, so that only its days tell of it."""
        return self.period != LAST_WEEK

    @property
    def place(self) -> str:
        """Endpoint and period, for people."""
        return f"/{self.metric.path}?period={self.period}"

    def spans(self) -> Iterator[tuple[date, date]]:
        """First and last day of each row."""
        week = self.wish.week
        if self.needs_trend:
            return ((day, day) for day in week.days)
        return iter([(week.first_day, week.last_day)])

    def counts(self, told: Told, first_day: date, trend_field: str) -> Counts:
        """The figures of the span that begins so: a day that a trend lacks had none.

        Raises:
            YobiError: when the days are told otherwise than once each, or are not of the week that
                the whole answer should be of.
        """
        trend = None if told.trend is None else {day.date: day.counts for day in told.trend}
        if trend is not None and len(trend) < len(told.trend or ()):
            raise self._unusable(f"{trend_field}.date", "has a day twice")
        if not self.needs_trend:
            if any(day not in self.wish.week for day in trend or ()):
                raise self._unusable(
                    f"{trend_field}.date", f"has days outside the week {self.wish.week}"
                )
            return told.counts
        if trend is None:
            raise self._unusable(trend_field, "is missing, though the figures above have one")
        return trend.get(first_day) or dict.fromkeys(self.metric.figures, 0)

    def check_trends(self, records: Sequence[object]) -> None:
        """See that figures of another period than the week come day by day.

        Raises:
            YobiError: when none of them does.
        """
        has_trend = any(
            isinstance(record, dict) and record.get("trend") is not None for record in records
        )
        if self.needs_trend and records and not has_trend:
            raise YobiError(
                f"Yobi's answer to {self.place} has one number for the whole period in "
                f"{' and '.join(self.metric.figures)} and no trend by day, which does not tell of "
                f"the week {self.wish.week}; nothing was loaded: ask Yobi for lastWeek or for a "
                "trend at this endpoint."
            )

    def check_alone(self, before: Record, sent: Record) -> None:
        """See that what comes again says what it said before.

        Raises:
            YobiError: when it does not.
        """
        if before != sent:
            raise self._unusable(self.metric.subject, "comes twice, with different figures")

    def _unusable(self, name: str, what: str) -> YobiError:
        return YobiError(
            f"Yobi's answer to {self.place} cannot be read: {name} {what}; nothing was loaded."
        )
