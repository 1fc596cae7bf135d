"""Small worlds in which much happens at once: what the random tests let the journey decide.

A few companies and managers, a few runs. Instants, amounts, names and people come from short lists
around the borders of the rules, so that events collide, buckets share managers, and what expires
does so exactly at a run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import accumulate
from random import Random
from typing import Any, TypeVar

from ingestion.events.contract import Event, read_event
from ingestion.events.exact_json import write_json
from tests.journey.company_states import ARR_RANGES
from tests.journey.inputs import HubspotRecord, ManagerRow, Rules, RunInputs, project_reference
from tests.journey.loads import STAGES

FIRST_RUN = datetime(2026, 3, 31, 6, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
T = TypeVar("T")

COMPANY_IDS = ["c1", "C1", "ä1", "Ä1", "c10", "c2", "_c", "~c", "Z9", "é1", "a b", "c-1"]
"""These sort differently bytewise and in a locale."""
PEOPLE = ["a.ash", "B.elm", "ä.fir", "b.oak", "Z.yew"]
STRANGERS = ["n.obody", "n.obody", None, ""]
"""Reported or named in a lock, and in no reference file; the last two clear."""
PLANS = ["basic", "enterprise", "trial", "free", "demo", "churn", "connecteam_free_small_business"]
AMOUNTS = [
    Decimal(amount)
    for amount in (
        "300", "300", "666.666666", "666.67", "1000", "166.67", "166.666666",
        "166.6666666666666666667", "0",
    )
]  # fmt: skip
"""USD a month: 12 times these is 0, or just under or over a border."""
COUNTRIES = ["DE", "DE", "DE", "US", "JP", "de", "XX", None]
ONBOARDED = ["yes", "Yes", "TRUE", "true", "no", "No", "FALSE", "false", "maybe", "", None]
HUBSPOT_IDS = ["101", "102", "103", "104"]

AROUND_A_RUN = [
    timedelta(0), timedelta(0), -MICROSECOND, MICROSECOND, timedelta(hours=1),
    -timedelta(hours=1), -timedelta(hours=1), -timedelta(days=1), -timedelta(days=7),
    -timedelta(days=30),
    -timedelta(days=90), -timedelta(days=90, microseconds=1), -timedelta(days=91, microseconds=-1),
    -timedelta(days=91), -timedelta(days=100), -timedelta(days=100), -timedelta(days=200),
]  # fmt: skip
"""When things happen, as seen from one of the runs."""
EARLY = [
    -timedelta(days=100), -timedelta(days=90), -timedelta(days=91), -timedelta(days=90),
    -timedelta(days=91, microseconds=-1), -timedelta(days=200), -timedelta(days=1), timedelta(0),
]  # fmt: skip
"""When companies begin."""
EXPIRIES = [
    timedelta(0), -MICROSECOND, MICROSECOND, timedelta(days=1), -timedelta(days=1),
    timedelta(days=400),
]  # fmt: skip
"""When locks expire, as seen from one of the runs."""
BETWEEN_RUNS = [
    timedelta(0), MICROSECOND, timedelta(hours=1), timedelta(days=1), timedelta(days=7),
    timedelta(days=7, microseconds=1), timedelta(days=30), timedelta(days=91),
]  # fmt: skip


LATER_EVENTS = [
    "subscription_changed", "subscription_changed", "subscription_changed",
    "company_updated", "company_updated", "company_updated", "company_updated",
    "cs_stage_lock_set", "cs_stage_lock_released", "cs_manager_lock_set",
    "cs_manager_lock_released", "payment_received",
]  # fmt: skip
UPDATES: dict[str, list[Any]] = {
    "customer_success_manager": [*PEOPLE, *STRANGERS],
    "sales_account_manager": [*PEOPLE, *STRANGERS],
    "status": ["PAID", "PAID", "PAID", "SIGNUP", "SIGNUP", "CHURNED", "LEAD", None],
    "plan_id": ["basic", "basic", "basic", "churn", "trial", "unlisted", None],
    "country": COUNTRIES,
    "is_test": [True, False, False, False, None],
    "num_of_employees_range": ["1-10", "1-10", None],
    "hubspot_company_id": [*HUBSPOT_IDS, None],
}
"""What an update may say of each field."""
UPDATED = ["customer_success_manager", "sales_account_manager", *UPDATES]
BETWEEN_THE_RUNS: list[tuple[str, dict[str, Any]]] = [
    ("company_updated", {"customer_success_manager": "n.obody"}),
    ("company_updated", {"sales_account_manager": "n.obody"}),
    ("company_updated", {"customer_success_manager": None}),
    ("company_updated", {"customer_success_manager": PEOPLE[0]}),
    ("company_updated", {"sales_account_manager": PEOPLE[-1]}),
    ("company_updated", {"status": "CHURNED"}),
    ("company_updated", {"status": "PAID", "plan_id": "basic"}),
    ("subscription_changed", {"plan_id": "basic", "mrr": Decimal(1000), "status": "active"}),
    ("subscription_changed", {"plan_id": "basic", "mrr": Decimal(300), "status": "active"}),
]
"""What makes a decision another one than the run before came to."""


@dataclass(frozen=True, slots=True)
class SentEvent:
    """An event as it is sent."""

    event_id: str
    event_type: str
    occurred_at: datetime
    data: dict[str, Any]

    @property
    def line(self) -> str:
        """Its JSON text."""
        return write_json(
            {
                "event_id": self.event_id,
                "event_type": self.event_type,
                "occurred_at": self.occurred_at,
                "data": self.data,
            }
        )

    def read(self) -> Event:
        """The event behind the door."""
        return read_event(self.line.encode(), self.occurred_at)


@dataclass(frozen=True, slots=True)
class Step:
    """One run, and what is new before it."""

    as_of: datetime
    managers: tuple[ManagerRow, ...]
    """The whole reference file."""
    hubspot: tuple[HubspotRecord, ...]
    merged_into: tuple[tuple[str, str], ...]
    rules: Rules
    arrived: tuple[SentEvent, ...] = ()
    """What lands between the run before and this one, in order of arrival."""


@dataclass(frozen=True, slots=True)
class RandomWorld:
    """Runs one after another, the later ones knowing what the earlier ones knew."""

    steps: tuple[Step, ...]

    def inputs(self, number: int) -> RunInputs:
        """What the run of this number (from 0) is given."""
        step = self.steps[number]
        return RunInputs(
            as_of=step.as_of,
            events=[event.read() for each in self.steps[: number + 1] for event in each.arrived],
            reference=replace(project_reference(), managers=step.managers),
            hubspot={record.hubspot_company_id: record for record in step.hubspot},
            merged_into=dict(step.merged_into),
            rules=step.rules,
        )

    def told(self) -> str:
        """The world, to be read by a person."""
        lines = []
        for number, step in enumerate(self.steps, start=1):
            lines += [f"before run {number}: {event.line}" for event in step.arrived]
            lines += [f"run {number}: {row}" for row in (*step.managers, *step.hubspot)]
            lines.append(f"run {number}: as of {step.as_of.isoformat()}, {step.rules}")
            lines += [f"run {number}: {old} is now {new}" for old, new in step.merged_into]
        return "\n".join(lines)


RULES = [
    Rules(),
    Rules(assign_sales_managers=True),
    Rules(sticky_success=True),
    Rules(auto_success_ranges=("2001-8000", "8001+"), assign_sales_managers=True),
]
MERGES = [(), (), (("104", "101"),), (("104", "102"), ("103", "102"))]


def random_world(seed: int) -> RandomWorld:
    """The world of this number; the same one each time."""
    return _Maker(Random(seed)).world()  # noqa: S311 - nothing here is a secret


class _Maker:
    """Makes one world, from chance."""

    def __init__(self, chance: Random) -> None:
        self.chance = chance
        self.is_crowded = self.is_so(0.5)
        """Whether companies come to the same few managers, some before each run."""
        pauses = self.some(BETWEEN_RUNS, 2 if self.is_crowded else 1, 3)
        self.runs = list(accumulate(pauses, lambda at, pause: at + pause, initial=FIRST_RUN))

    def one(self, values: Sequence[T]) -> T:
        return self.chance.choice(values)

    def some(self, values: Sequence[T], at_least: int, at_most: int) -> list[T]:
        return self.chance.choices(values, k=self.chance.randint(at_least, at_most))

    def is_so(self, share: float) -> bool:
        return self.chance.random() < share

    def world(self) -> RandomWorld:
        arrivals: list[list[SentEvent]] = [[] for _ in self.runs]
        sent: list[SentEvent] = []
        companies = len(COMPANY_IDS) if self.is_crowded else self.chance.randint(2, 9)
        for company_id in self.chance.sample(COMPANY_IDS, companies):
            for event in self.company(company_id, len(sent)):
                sent.append(event)
                arrivals[self.lands(event)].append(event)
        for event in self.some(sent, 0, 4):
            arrivals[self.one(range(len(self.runs)))].append(self.again(event))
        return RandomWorld(
            tuple(
                replace(step, arrived=tuple(arrived))
                for step, arrived in zip(self.steps(), arrivals, strict=True)
            )
        )

    def steps(self) -> list[Step]:
        steps = []
        managers, hubspot = self.managers(), self.hubspot()
        merges, rules = self.one(MERGES), self.one(RULES)
        for as_of in self.runs:
            steps.append(Step(as_of, tuple(managers), hubspot, merges, rules))
            if self.is_so(0.6):
                changed = (self.next_row(row) for row in managers)
                managers = [row for row in changed if row is not None]
            if self.is_so(0.3):
                hubspot, merges = self.hubspot(), self.one(MERGES)
            if self.is_so(0.3):
                rules = self.one(RULES)
        return steps

    def managers(self) -> list[ManagerRow]:
        """Some who serve much, who are shared by many buckets, and some who serve little."""
        rows = [self.manager() for _ in range(self.chance.randint(1, 4 if self.is_crowded else 12))]
        if self.is_crowded:
            rows += [
                ManagerRow(
                    username=username,
                    department=department,
                    cs_stage=self.one(["*", "*", "cs_onboarding"]),
                    region=self.one(["*", "*", "EMEA"]),
                    arr_range="*",
                    lead_intake=self.one([1, 1, 3]),
                    is_active=True,
                )
                for department in ("customer_success", "sales")
                for username in self.chance.sample(PEOPLE, self.chance.randint(3, 5))
            ]
        keys = {(r.username, r.department, r.cs_stage, r.region, r.arr_range): r for r in rows}
        return list(keys.values())

    def manager(self) -> ManagerRow:
        narrow = self.is_so(0.5)
        return ManagerRow(
            username=self.one(PEOPLE),
            department="sales" if self.is_so(0.35) else "customer_success",
            cs_stage=self.one(STAGES if narrow else ["*", "cs_onboarding", "cs_success"]),
            region=self.one(["*", "EMEA", "AMER", "UNKNOWN", "APAC"]) if narrow else "*",
            arr_range=self.one(["*", *ARR_RANGES]) if narrow else "*",
            lead_intake=self.one([1, 1, 1, 3, 0]),
            is_active=self.is_so(0.85),
        )

    def next_row(self, row: ManagerRow) -> ManagerRow | None:
        """The row in the file of the next run, if it is still there."""
        return self.one(
            [
                *[row] * 8,
                None,
                replace(row, is_active=False),
                replace(row, lead_intake=0),
                replace(row, is_active=True, lead_intake=2),
            ]
        )

    def hubspot(self) -> tuple[HubspotRecord, ...]:
        return tuple(
            HubspotRecord(hubspot_id, self.one(ONBOARDED), self.is_so(0.2))
            for hubspot_id in HUBSPOT_IDS
            if self.is_so(0.8)
        )

    def around(self, distances: Sequence[timedelta]) -> datetime:
        return self.one(self.runs) + self.one(distances)

    def begins(self) -> Callable[[], datetime]:
        """When a company begins: mostly long before the first run, or just before one of them."""
        if self.is_crowded and self.is_so(0.7):
            run = self.one(self.runs)
            return lambda: run - self.one([timedelta(0), MICROSECOND, timedelta(hours=1)])
        run = self.runs[0] if self.is_so(0.8) else self.one(self.runs)
        return lambda: run + self.one(EARLY)

    def later(self) -> datetime:
        """After the first run, and known to another one."""
        return self.one(self.runs[1:]) - self.one([timedelta(0), MICROSECOND])

    def lands(self, event: SentEvent) -> int:
        """The run before which an event lands: mostly the first that could know of it."""
        if self.is_so(0.15):
            return self.one(range(len(self.runs)))
        known = (number for number, as_of in enumerate(self.runs) if event.occurred_at <= as_of)
        return next(known, len(self.runs) - 1)

    def again(self, event: SentEvent) -> SentEvent:
        """The same event once more, or another content under its id."""
        if event.event_type == "company_created" or self.is_so(0.5):
            return event
        return replace(event, occurred_at=self.around(AROUND_A_RUN))

    def company(self, company_id: str, number: int) -> Iterable[SentEvent]:
        """What is told of one company; its events are numbered from `number`."""
        beginning = [
            ("company_created", {"name": "A company", "country": self.country()}),
            ("company_updated", self.first_update()),
            ("subscription_changed", self.data("subscription_changed")),
        ]
        begins = self.begins()
        told = [(begins(), *each) for each in beginning]
        goes_on = self.some(LATER_EVENTS, 0, 1 if self.is_crowded else 6)
        told += [(self.around(AROUND_A_RUN), kind, self.data(kind)) for kind in goes_on]
        told += [(self.later(), *each) for each in self.some(BETWEEN_THE_RUNS, 0, 2)]
        for place, (at, kind, data) in enumerate(told, start=number):
            event_id = f"{self.one(['e', 'E', 'ä', '_', 'Z'])}{place}"
            yield SentEvent(event_id, kind, at, {"company_id": company_id, **data})

    def country(self) -> str | None:
        return self.one(["DE", "DE", "US"] if self.is_crowded else COUNTRIES)

    def amount(self) -> Decimal:
        return Decimal(300) if self.is_crowded and self.is_so(0.9) else self.one(AMOUNTS)

    def first_update(self) -> dict[str, Any]:
        """Mostly enough to be eligible."""
        pays = self.is_crowded and self.is_so(0.8)
        states = ["PAID", "PAID", "PAID", "SIGNUP", "SIGNUP", "CHURNED", "LEAD"]
        plans = ["basic", "basic", "basic", "basic", "unlisted", None, "churn", "trial"]
        update = {
            "status": "PAID" if pays else self.one(states),
            "signup_timestamp": "2026-01-01T00:00:00+02:00",
            "num_of_employees_range": "1-10",
            "plan_id": "basic" if pays else self.one(plans),
            "hubspot_company_id": self.one([None, None, None, *HUBSPOT_IDS]),
        }
        if self.is_so(0.1):
            update[self.one([*update])] = None
        return {**update, "is_test": True} if self.is_so(0.05) else update

    def data(self, kind: str) -> dict[str, Any]:
        """What an event of this type says besides the company."""
        match kind:
            case "subscription_changed":
                return {
                    "plan_id": self.one(["basic"] * 12 + PLANS),
                    "mrr": self.amount(),
                    "status": self.one(["active"] * 4 + ["past_due", "trialing", "cancelled"]),
                }
            case "company_updated":
                return {name: self.one(UPDATES[name]) for name in self.some(UPDATED, 1, 2)}
            case "cs_stage_lock_set":
                expires_at = self.around(EXPIRIES).isoformat()
                return {"cs_stage": self.one(STAGES), "expires_at": expires_at}
            case "cs_manager_lock_set":
                lock = {"expires_at": self.around(EXPIRIES).isoformat()}
                manager = self.one([*PEOPLE, *STRANGERS])
                return lock if manager is None else {**lock, "customer_success_manager": manager}
            case "payment_received":
                return {"amount": 1, "currency": "USD"}
        return {}
