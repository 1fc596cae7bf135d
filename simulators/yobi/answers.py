"""What the local Yobi says of tenants, locations and figures, as JSON."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Self

from simulators.yobi.habits import Habits, ListShape
from simulators.yobi.state import DailyFigures, Id, Location, Metric, Tenant, YobiState

Json = dict[str, object]


def entries_json(shape: ListShape, name: str, entries: list[Json]) -> Json:
    """The answer that holds a list of tenants or locations."""
    results: object = entries
    if shape is not ListShape.BARE:
        results = {"results" if shape is ListShape.RESULTS else name: entries}
    return {"success": True, "results": results}


def tenant_json(tenant: Tenant) -> Json:
    """One entry of the list of tenants."""
    entry: Json = {"tenant_id": tenant.tenant_id, "tenant_name": tenant.name}
    if tenant.domain is not None:
        entry["domain"] = tenant.domain
    if tenant.website is not None:
        entry["website"] = tenant.website
    return entry


def location_json(location: Location) -> Json:
    """One entry of the list of locations."""
    return {
        "location_id": location.location_id,
        "tenant_id": location.tenant_id,
        "name": location.name,
    }


def calls_json(state: YobiState, habits: Habits, days: Sequence[date]) -> Json:
    """Calls by tenant."""
    answered = _Answered.over(state, habits, Metric.CALLS, days)
    return {
        "success": True,
        "results": {
            "stats": [
                {
                    "tenant_id": tenant.tenant_id,
                    **answered.figures(tenant.tenant_id, None, _calls),
                }
                for tenant in answered.tenants()
            ]
        },
    }


def tasks_json(state: YobiState, habits: Habits, days: Sequence[date]) -> Json:
    """Tasks created, by tenant."""
    answered = _Answered.over(state, habits, Metric.TASKS, days)
    return {
        "success": True,
        "results": {
            "by_tenant": [
                {
                    "tenant_id": tenant.tenant_id,
                    **answered.figures(
                        tenant.tenant_id, None, _tasks, total=lambda figures: {"total": figures}
                    ),
                }
                for tenant in answered.tenants()
            ]
        },
    }


def appointments_json(state: YobiState, habits: Habits, days: Sequence[date]) -> Json:
    """Appointments by location."""
    answered = _Answered.over(state, habits, Metric.APPOINTMENTS, days)
    told = {tenant.tenant_id for tenant in answered.tenants()}
    return {
        "success": True,
        "results": {
            "locations": [
                {
                    "location_id": location.location_id,
                    "tenant_id": location.tenant_id,
                    **answered.figures(location.tenant_id, location.location_id, _appointments),
                }
                for location in state.locations
                if location.tenant_id in told
            ]
        },
    }


_Count = Callable[[Iterable[DailyFigures]], Json]


def _calls(figures: Iterable[DailyFigures]) -> Json:
    return {"total_calls": sum(each.calls for each in figures)}


def _tasks(figures: Iterable[DailyFigures]) -> Json:
    return {"created": sum(each.tasks for each in figures)}


def _appointments(figures: Iterable[DailyFigures]) -> Json:
    counted = list(figures)
    return {
        "appointment_count": sum(each.appointments for each in counted),
        "new_patients": sum(each.new_patients for each in counted),
    }


@dataclass(frozen=True, slots=True)
class _Answered:
    """One metric over some days."""

    state: YobiState
    habits: Habits
    metric: Metric
    days: Sequence[date]
    by_tenant: Mapping[Id, list[DailyFigures]]
    """What each tenant did on these days."""

    @classmethod
    def over(cls, state: YobiState, habits: Habits, metric: Metric, days: Sequence[date]) -> Self:
        """What there is to say of these days."""
        wanted = set(days)
        by_tenant: dict[Id, list[DailyFigures]] = defaultdict(list)
        for each in state.figures:
            if each.day in wanted:
                by_tenant[each.tenant_id].append(each)
        return cls(state, habits, metric, days, by_tenant)

    def tenants(self) -> list[Tenant]:
        """Those that are not passed over."""
        left_out = self.habits.left_out.get(self.metric, frozenset())
        return [tenant for tenant in self.state.tenants if tenant.tenant_id not in left_out]

    def figures(
        self,
        tenant_id: Id,
        location_id: Id | None,
        count: _Count,
        *,
        total: Callable[[Json], Json] = lambda figures: figures,
    ) -> Json:
        """The figures of a tenant, or of one of its locations: total, trend, by user."""
        concerned = [
            each
            for each in self.by_tenant.get(tenant_id, ())
            if location_id is None or location_id == self.state.location_of(each)
        ]
        answer = total(count(concerned))
        has_trend = (
            self.metric in self.habits.has_trend
            and tenant_id not in self.habits.without_trend.get(self.metric, frozenset())
        )
        if has_trend:
            answer["trend"] = self._trend(concerned, count)
        if self.metric in self.habits.has_users:
            by_user: dict[str, list[DailyFigures]] = defaultdict(list)
            for each in concerned:
                by_user[each.user_email].append(each)
            answer["by_user"] = [
                {
                    "email": email,
                    **total(count(of_user)),
                    **({"trend": self._trend(of_user, count)} if has_trend else {}),
                }
                for email, of_user in sorted(by_user.items())
            ]
        return answer

    def _trend(self, concerned: Sequence[DailyFigures], count: _Count) -> list[Json]:
        by_day: dict[date, list[DailyFigures]] = defaultdict(list)
        for each in concerned:
            by_day[each.day].append(each)
        trend: list[Json] = []
        for day in self.days:
            counted = count(by_day.get(day, ()))
            if self.habits.tells_zero_days or any(counted.values()):
                trend.append({"date": day.isoformat(), **counted})
        return trend
