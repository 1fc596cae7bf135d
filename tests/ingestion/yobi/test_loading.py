"""What a load of Yobi lands of a week, and what it says of it."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta

import pytest

from ingestion.yobi.errors import YobiError
from simulators.world import LAST_DAY_START, WORLD_END, build_world
from simulators.world.tenants import LAST_SATURDAY
from simulators.yobi import DailyFigures, ListShape, Metric, Tenant, YobiSimulator
from simulators.yobi.from_world import yobi_of
from tests.ingestion.yobi.conftest import SATURDAY, SUNDAY, Serve, Yobi, settings_for

ALL = frozenset(Metric)
CALLS = {"1": (7,), "2": (77,), "3": (0,)}
TASKS = {"1": (4,), "2": (22,), "3": (0,)}
APPOINTMENTS = {"1": (7, 3), "2": (10, 4), "3": (0, 0)}


def figures(yobi: Yobi) -> tuple[dict[object, tuple[object, ...]], ...]:
    """The week as landed: calls, tasks, appointments with new patients."""
    return (
        yobi.week("calls_by_tenant", "total_calls"),
        yobi.week("tasks_by_tenant", "created"),
        yobi.week("appointments_by_location", "appointment_count", "new_patients"),
    )


# Ways to a week


def test_without_last_week_the_days_of_a_longer_period_are_taken(yobi: Yobi) -> None:
    yobi.load()

    assert figures(yobi) == (CALLS, TASKS, APPOINTMENTS)
    assert [call for call in yobi.asked() if "calls-by-tenant" in call] == [
        "/admin/pms/stats/calls-by-tenant?period=30days&include_non_integrated=true",
        "/admin/pms/stats/calls-by-tenant?period=lastWeek&include_non_integrated=true",
    ]
    spans = yobi.rows(
        "select first_day, last_day, total_calls from raw_yobi.calls_by_tenant "
        "where tenant_id = '1' order by 1"
    )
    assert spans == [
        (day, day, calls)
        for day, calls in zip(
            (SUNDAY + timedelta(days=number) for number in range(7)),
            (1, 0, 0, 4, 0, 0, 2),
            strict=True,
        )
    ]


@pytest.mark.parametrize("has_trend", [ALL, frozenset()], ids=["trend", "no trend"])
def test_last_week_is_preferred_and_is_one_row_for_all_of_it(
    yobi: Yobi, has_trend: frozenset[Metric]
) -> None:
    yobi.simulator.habits.has_last_week = ALL
    yobi.simulator.habits.has_trend = has_trend

    yobi.load()

    assert figures(yobi) == (CALLS, TASKS, APPOINTMENTS)
    assert all("30days" not in call for call in yobi.asked())
    assert yobi.rows("select distinct first_day, last_day from raw_yobi.tasks_by_tenant") == [
        (SUNDAY, SATURDAY)
    ]


def test_each_metric_takes_the_way_that_there_is_for_it(yobi: Yobi) -> None:
    yobi.simulator.habits.has_last_week = {Metric.TASKS}
    yobi.simulator.habits.has_trend = {Metric.CALLS, Metric.APPOINTMENTS}

    yobi.load()

    assert figures(yobi) == (CALLS, TASKS, APPOINTMENTS)
    assert yobi.rows("select metric, period from raw_yobi.week_readings order by 1") == [
        ("appointments", "30days"),
        ("calls", "30days"),
        ("tasks", "lastWeek"),
    ]


@pytest.mark.parametrize(
    ("now", "sunday"),
    [
        (datetime(2026, 3, 15, 10, tzinfo=UTC), date(2026, 3, 8)),
        (datetime(2026, 11, 8, 11, tzinfo=UTC), date(2026, 11, 1)),
    ],
    ids=["clocks forward", "clocks back"],
)
def test_the_days_of_a_week_in_which_clocks_change_are_all_counted_once(
    yobi: Yobi, now: datetime, sunday: date
) -> None:
    yobi.clock.now = now
    yobi.state.figures = [
        DailyFigures(1, sunday + timedelta(days=number), calls=10**number % 10**7)
        for number in range(-1, 8)
        if number >= 0
    ]

    yobi.load()

    assert yobi.week("calls_by_tenant", "total_calls")["1"] == (1_111_111,)


@pytest.mark.parametrize("shape", ListShape)
def test_lists_are_found_in_each_of_their_places(yobi: Yobi, shape: ListShape) -> None:
    yobi.simulator.habits.lists = shape

    yobi.load()

    assert yobi.rows(
        "select tenant_id, name, domain, website from raw_yobi.tenants order by 1"
    ) == [
        ("1", "Quiet Dental", "quiet.example.com", None),
        ("2", "Loud Dental", None, "https://www.loud.example.com/"),
        ("3", "Still Dental", None, None),
    ]
    assert yobi.rows("select location_id, tenant_id, name from raw_yobi.locations order by 1") == [
        ("11", "1", "North"),
        ("12", "1", "South"),
        ("21", "2", "Main Street"),
        ("31", "3", "Attic"),
    ]


def test_an_earlier_week_is_read_as_long_as_yobi_tells_of_it(yobi: Yobi) -> None:
    yobi.clock.now = datetime(2026, 5, 20, 12, tzinfo=UTC)

    yobi.load(as_of=datetime(2026, 3, 18, 12, tzinfo=UTC))

    assert figures(yobi) == (CALLS, TASKS, APPOINTMENTS)
    assert {call.partition("period=")[2][:6] for call in yobi.asked() if "period" in call} == {
        "90days"
    }
    with pytest.raises(YobiError, match=r"^Yobi does not tell of the week 2025-12-14 to "):
        yobi.load(as_of=datetime(2025, 12, 22, 12, tzinfo=UTC))


def test_the_zone_of_the_job_says_which_days_the_week_has(yobi: Yobi) -> None:
    yobi.clock.now = datetime(2026, 3, 14, 23, tzinfo=UTC)  # Sunday already in Tokyo

    yobi.load(settings=settings_for(yobi.base_url, JOB_TIMEZONE="Asia/Tokyo"))

    assert yobi.rows(
        "select distinct week_start, week_end, time_zone from raw_yobi.week_readings"
    ) == [(SUNDAY, SATURDAY, "Asia/Tokyo")]


# What is missing


def test_a_tenant_that_the_answer_passes_over_is_missing_and_not_zero(yobi: Yobi) -> None:
    yobi.simulator.habits.left_out = {Metric.TASKS: {2}}

    yobi.load()

    assert figures(yobi) == (CALLS, {"1": (4,), "3": (0,)}, APPOINTMENTS)
    assert yobi.rows("select metric, tenant_id, reason from raw_yobi.missing_metrics") == [
        ("tasks", "2", "absent")
    ]


def test_a_tenant_without_a_trend_is_missing_where_days_are_needed(yobi: Yobi) -> None:
    yobi.simulator.habits.without_trend = {metric: {1} for metric in Metric}

    summary = yobi.load()

    assert [set(each) for each in figures(yobi)] == [{"2", "3"}] * 3
    assert yobi.rows(
        "select metric, tenant_id, reason from raw_yobi.missing_metrics order by 1"
    ) == [
        ("appointments", "1", "without_trend"),
        ("calls", "1", "without_trend"),
        ("tasks", "1", "without_trend"),
    ]
    assert summary.of("calls_by_tenant").incomplete == 1
    assert summary.of("appointments_by_location").incomplete == 2


def test_a_tenant_without_a_trend_is_there_where_the_answer_is_the_week(yobi: Yobi) -> None:
    yobi.simulator.habits.has_last_week = ALL
    yobi.simulator.habits.without_trend = {metric: {1} for metric in Metric}

    yobi.load()

    assert figures(yobi) == (CALLS, TASKS, APPOINTMENTS)
    assert yobi.rows("select count(*) from raw_yobi.missing_metrics") == [(0,)]


def test_figures_of_nobody_leave_every_tenant_missing(yobi: Yobi) -> None:
    yobi.simulator.habits.left_out = {Metric.CALLS: {1, 2, 3}}

    yobi.load()

    assert yobi.rows("select metric, count(*) from raw_yobi.missing_metrics group by 1") == [
        ("calls", 3)
    ]


# Yobi's own people


def test_what_internal_users_did_is_told_apart_where_yobi_tells_users_apart(yobi: Yobi) -> None:
    yobi.simulator.habits.has_users = ALL
    settings = settings_for(
        yobi.base_url, INTERNAL_YOBI_USER_EMAIL_DOMAINS="other.example.com, @yobi.example.com"
    )

    yobi.load(settings=settings)

    assert figures(yobi) == (CALLS, TASKS, APPOINTMENTS)
    assert yobi.week("calls_by_tenant", "internal_calls") == {"1": (0,), "2": (7,), "3": (0,)}
    assert yobi.week("tasks_by_tenant", "internal_created")["2"] == (2,)
    assert yobi.week(
        "appointments_by_location", "internal_appointment_count", "internal_new_patients"
    )["2"] == (1, 1)
    assert yobi.rows("select distinct has_user_figures from raw_yobi.week_readings") == [(True,)]


def test_the_setting_is_reported_where_it_has_no_effect(yobi: Yobi) -> None:
    yobi.simulator.habits.has_users = {Metric.CALLS}
    settings = settings_for(yobi.base_url, INTERNAL_YOBI_USER_EMAIL_DOMAINS="yobi.example.com")

    summary = yobi.load(settings=settings)

    [note] = summary.notes
    assert note == (
        "INTERNAL_YOBI_USER_EMAIL_DOMAINS is without effect on tasks and appointments, which Yobi "
        "does not break down by user."
    )
    assert yobi.load().notes == ()


# Versions


def test_a_load_that_reads_the_same_is_no_new_version(yobi: Yobi) -> None:
    first = yobi.load()
    before = yobi.everything()

    second = yobi.load()

    after = yobi.everything()
    assert after[:5] == before[:5]
    assert [table.landed for table in second.tables] == [0] * 5
    assert [table.known for table in second.tables] == [table.landed for table in first.tables]
    [(read_at, last_read_at)] = yobi.rows(
        "select read_at, last_read_at from raw_yobi.week_readings where metric = 'calls'"
    )
    assert isinstance(read_at, datetime)
    assert isinstance(last_read_at, datetime)
    assert read_at < last_read_at


def test_a_changed_figure_is_a_new_version_and_the_old_one_stays(yobi: Yobi) -> None:
    yobi.load()
    yobi.state.figures.append(DailyFigures(2, SATURDAY, calls=100))

    summary = yobi.load()

    assert summary.of("calls_by_tenant").landed == 21
    assert summary.of("tasks_by_tenant").landed == 0
    assert yobi.rows(
        "select sum(total_calls)::int from raw_yobi.calls_by_tenant where tenant_id = '2' "
        "group by read_at order by read_at"
    ) == [(77,), (177,)]


def test_a_tenant_that_was_missing_and_is_there_now_is_a_new_version(yobi: Yobi) -> None:
    yobi.simulator.habits.left_out = {Metric.CALLS: {2}}
    yobi.load()
    yobi.simulator.habits.left_out = {}

    yobi.load()

    assert yobi.week("calls_by_tenant", "total_calls") == CALLS
    assert yobi.rows("select count(*) from raw_yobi.missing_metrics group by read_at") == [(1,)]


def test_another_week_stands_beside_the_one_before(yobi: Yobi) -> None:
    yobi.load()
    yobi.clock.advance(timedelta(days=7))
    yobi.load()

    assert yobi.rows(
        "select week_start, sum(total_calls)::int from raw_yobi.calls_by_tenant "
        "group by 1 order by 1"
    ) == [(SUNDAY, 84), (SUNDAY + timedelta(days=7), 1_000)]


# Lists


def test_a_tenant_that_is_gone_counts_as_archived(yobi: Yobi) -> None:
    yobi.load()
    yobi.state.tenants = [tenant for tenant in yobi.state.tenants if tenant.tenant_id != 3]
    yobi.state.change("tenants", "1", {"name": "Quieter Dental"})

    summary = yobi.load()

    assert summary.of("tenants").gone == 1
    assert yobi.rows("select tenant_id, name, archived from raw_yobi.tenants order by 1") == [
        ("1", "Quieter Dental", False),
        ("2", "Loud Dental", False),
        ("3", "Still Dental", True),
    ]


def test_an_empty_list_is_not_believed_unless_somebody_says_so(yobi: Yobi) -> None:
    yobi.load()
    before = yobi.everything()
    yobi.state.tenants = []

    with pytest.raises(YobiError, match=r"raw_yobi\.tenants was not loaded.*--allow-shrinking"):
        yobi.load()
    assert yobi.everything() == before

    assert yobi.load(allow_shrinking=True).of("tenants").gone == 3


def test_a_yobi_without_tenants_leaves_the_tables_empty(serve: Serve) -> None:
    yobi = serve(YobiSimulator())

    yobi.load()

    assert [len(rows) for rows in yobi.everything()] == [0, 0, 0, 0, 0, 3, 0]


# Accounts


def test_the_ledger_accounts_for_every_row(yobi: Yobi) -> None:
    yobi.simulator.habits.without_trend = {Metric.CALLS: {1}}
    for _ in range(2):
        yobi.load()

    ledger = yobi.rows(
        "select table_name, place, rows_read, rows_accepted, rows_rejected, rows_duplicate "
        "from ops.load_ledger where source = 'yobi' order by load_id"
    )
    assert len(ledger) == 10
    assert ledger[2] == (
        "raw_yobi.calls_by_tenant",
        f"{yobi.base_url}/admin/pms/stats/calls-by-tenant",
        15, 14, 1, 0,
    )  # fmt: skip
    assert ledger[7][2:] == (15, 0, 1, 14)
    for _, _, read, accepted, rejected, duplicate in ledger:
        assert read == accepted + rejected + duplicate  # type: ignore[operator]


def test_the_week_of_the_world_is_its_truth_exactly(serve: Serve) -> None:
    world = build_world()
    simulator = YobiSimulator(yobi_of(world))
    yobi = serve(simulator)

    yobi.load()

    truth: Counter[tuple[str, str]] = Counter()
    for day in world.yobi.days:
        if LAST_SATURDAY - timedelta(days=7) < day.day <= LAST_SATURDAY:
            tenant_id = str(day.tenant_id)
            truth[tenant_id, "calls"] += day.calls
            truth[tenant_id, "tasks"] += day.tasks
            truth[tenant_id, "appointments"] += day.appointments
            truth[tenant_id, "new_patients"] += day.new_patients
    landed: Counter[tuple[str, str]] = Counter()
    for names, told in zip(
        (("calls",), ("tasks",), ("appointments", "new_patients")), figures(yobi), strict=True
    ):
        for tenant, sums in told.items():
            for name, count in zip(names, sums, strict=True):
                landed[str(tenant), name] = int(str(count))
    assert +landed == +truth
    assert yobi.rows("select count(*) from raw_yobi.tenants") == [(len(world.yobi.tenants),)]
    assert yobi.rows("select count(*) from raw_yobi.locations") == [(len(world.yobi.locations),)]
    assert yobi.rows("select count(*) from raw_yobi.appointments_by_location") == [
        (7 * len(world.yobi.locations),)
    ]


def test_the_world_may_be_a_day_younger() -> None:
    younger = yobi_of(build_world(companies=30), clock=lambda: LAST_DAY_START)

    assert younger.now() == WORLD_END - timedelta(days=1)
    assert all(isinstance(tenant, Tenant) for tenant in younger.tenants)


# Progress


def test_progress_counts_the_entries_of_answers(yobi: Yobi) -> None:
    seen: list[int] = []

    summary = yobi.load(on_progress=seen.append)

    assert seen == sorted(seen)
    assert seen[-1] == 3 + 4 + 3 + 3 + 4
    assert summary.calls == len(yobi.simulator.calls) - 1  # the login belongs to no table
