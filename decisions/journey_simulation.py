"""What other rules or other people would do to the journey, before anybody puts them in force.

Both the rules in force and the proposed ones are replayed from the same log, on the same raw data
and at the same instants, so that whatever differs is due to the rules alone. Nothing real changes
(`decisions.replay`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

from decisions.proposal import Proposal, SimulationError
from decisions.replay import Replay, open_replay
from decisions.simulation_result import (
    BucketBalance,
    Course,
    Imbalance,
    JourneySimulation,
    Leaver,
    ManagerLoad,
    Move,
    Period,
    Standing,
)
from warehouse.database import Warehouse


def simulate_journey(
    warehouse: Warehouse,
    proposal: Proposal,
    *,
    as_of: datetime | None = None,
    history_days: int | None = None,
    project: Path | None = None,
    on_progress: Callable[[int, int | None], None] | None = None,
) -> JourneySimulation:
    """Compare a proposal with the rules in force.

    Args:
        warehouse: migrated, and built before.
        proposal: what is to be tried.
        as_of: when both decide, from the log as it stood then; by default now.
        history_days: decide the days before anew, too: from the log as it stood at their start,
            at the instants of the real runs and at least daily.
        project: root of the dbt project; by default the working directory.
        on_progress: told how many of how many runs are done.

    Raises:
        SimulationError: when somebody is to leave who is in no row, or nothing was decided yet.
        ReplayError: when the proposed file is missing or wrong.
        BuildError: when dbt cannot compile the project.
    """
    end = as_of or datetime.now(tz=UTC)
    start = end - timedelta(days=history_days) if history_days else None
    log_until = start or end
    with (
        open_replay(warehouse, project=project, log_until=log_until) as in_force,
        open_replay(
            warehouse,
            project=project,
            variables=proposal.variables.given,
            managers=proposal.managers,
            log_until=log_until,
            beside=in_force,
        ) as proposed,
    ):
        real_runs = in_force.real_runs(end)
        if not real_runs:
            raise SimulationError(
                f"Nothing had been decided by {end:%Y-%m-%d %H:%M} UTC, so there is nothing to "
                "compare with: run `millrace build` first."
            )
        _leave(proposed, proposal)
        instants = _instants(real_runs, start, end)
        done = count(1)

        def watch() -> None:
            if on_progress is not None:
                on_progress(next(done), 2 * len(instants))

        courses = [_course(replay, instants, start, watch) for replay in (in_force, proposed)]
        period = None
        if start is not None:
            within = [run for run in real_runs if start < run <= end]
            period = Period(
                start=start,
                real_runs=len(within),
                daily_runs=len(instants) - len(set(within) | {end}),
                in_force=courses[0],
                proposed=courses[1],
            )
        return _compare(in_force, proposed, proposal, end, period)


def _instants(
    real_runs: Sequence[datetime], start: datetime | None, end: datetime
) -> list[datetime]:
    """When to decide: at the end; with a start, also at each real run and on each day without."""
    if start is None:
        return [end]
    instants = {run for run in real_runs if start < run <= end} | {end}
    days = {run.astimezone(UTC).date() for run in instants}
    daily = real_runs[-1].astimezone(UTC).timetz()
    day = start.astimezone(UTC).date()
    while day <= end.astimezone(UTC).date():
        instant = datetime.combine(day, daily)
        if day not in days and start < instant <= end:
            instants.add(instant)
        day += timedelta(days=1)
    return sorted(instants)


def _leave(replay: Replay, proposal: Proposal) -> None:
    """Make every row of those who leave inactive.

    Raises:
        SimulationError: when one of them is in no row.
    """
    for username in proposal.leavers:
        found = replay.query(
            "update {reference.cs_managers} set is_active = 'false' "
            "where trim(username) = %(username)s returning username",
            username=username,
        )
        if not found:
            where = proposal.managers or "seeds/reference/cs_managers.csv"
            raise SimulationError(f"Nobody in {where} is called {username}, so nobody can leave.")


def _course(
    replay: Replay,
    instants: Sequence[datetime],
    start: datetime | None,
    on_run: Callable[[], None],
) -> Course:
    """Run the rules at each instant, and sum up what they did."""
    load_at_start = _load_in_the_log(replay)
    largest: Imbalance | None = None
    for instant in instants:
        replay.run(instant)
        on_run()
        worst = replay.query(
            "select cs_stage, region, arr_range, imbalance from {journey.cs_bucket_load} "
            "where imbalance is not null order by imbalance desc, 1, 2, 3 limit 1"
        )
        for row in worst:
            if largest is None or row["imbalance"] > largest.companies:
                largest = Imbalance(
                    row["cs_stage"], row["region"], row["arr_range"], row["imbalance"], instant
                )
    since = start or instants[0] - timedelta(microseconds=1)
    # By what a run left behind: a report that it replaced at once made nobody a manager.
    changes = replay.query(
        "select changes.old_cs_stage, changes.new_cs_stage, changes.company_id, "
        "changes.old_customer_success_manager as before, "
        "changes.new_customer_success_manager as after, given.reason "
        "from {journey.company_journey_changes} as changes left join ("
        "select distinct on (company_id, run_id) company_id, run_id, "
        "coalesce(assignment_reason, rule) as reason from {journey.company_change_log} "
        "where field = 'customer_success_manager' order by company_id, run_id, change_id desc"
        ") as given using (company_id, run_id) where changes.changed_at > %(since)s",
        since=since,
    )
    stages = [change for change in changes if change["old_cs_stage"] != change["new_cs_stage"]]
    managers = [change for change in changes if change["after"] not in {None, change["before"]}]
    reassigned = Counter(
        change["company_id"] for change in managers if change["before"] is not None
    )
    return Course(
        assignments=_by_frequency(change["reason"] for change in managers),
        stage_changes=len(stages),
        reassigned=dict(sorted(Counter(reassigned.values()).items())),
        load_at_start=load_at_start,
        load_at_end=_load_in_the_log(replay),
        largest_imbalance=largest,
    )


def _load_in_the_log(replay: Replay) -> dict[str, int]:
    """Companies of each manager, as the log says last."""
    rows = replay.query(
        "select new_value as username, count(*) as companies from ("
        "select distinct on (company_id) company_id, new_value from {journey.company_change_log} "
        "where field = 'customer_success_manager' order by company_id, change_id desc"
        ") as last_values where new_value is not null group by new_value order by new_value"
    )
    return {row["username"]: row["companies"] for row in rows}


def _compare(
    in_force: Replay,
    proposed: Replay,
    proposal: Proposal,
    as_of: datetime,
    period: Period | None,
) -> JourneySimulation:
    before, after = _standings(in_force), _standings(proposed)
    known = {
        row["company_id"]: row
        for row in in_force.query("select company_id, name, arr from {core.companies}")
    }
    moves = [
        Move(company_id, known[company_id]["name"], known[company_id]["arr"], standing, then)
        for company_id, standing in before.items()
        if (then := after[company_id]) != standing and _is_elsewhere(standing, then)
    ]
    changed = in_force.query(
        "select count(*) as companies from {journey.company_journey_changes} "
        "where changed_at = %(as_of)s",
        as_of=as_of,
    )
    return JourneySimulation(
        as_of=as_of,
        companies=len(before),
        changes_anyway=changed[0]["companies"],
        moves=sorted(moves, key=lambda move: (-(move.arr or 0), move.company_id)),
        loads=_loads(in_force, proposed),
        balances=_balances(in_force, proposed),
        newly_without_candidate=[
            company_id
            for company_id in before
            if after[company_id].reason == "no_candidate" != before[company_id].reason
        ],
        newly_without_sales_candidate=[
            company_id
            for company_id in before
            if after[company_id].sales_reason == "no_candidate" != before[company_id].sales_reason
        ],
        newly_in_error=[
            company_id
            for company_id in before
            if after[company_id].cs_stage == "cs_error" != before[company_id].cs_stage
        ],
        leavers=[
            _leaver(username, before, after, in_force, proposed) for username in proposal.leavers
        ],
        period=period,
    )


def _is_elsewhere(before: Standing, after: Standing) -> bool:
    """Whether anything that people see differs; another rule or reason alone is no move."""
    return (before.cs_stage, before.manager, before.sales_manager) != (
        after.cs_stage,
        after.manager,
        after.sales_manager,
    )


def _standings(replay: Replay) -> dict[str, Standing]:
    rows = replay.query(
        "select company_id, cs_stage, cs_stage_rule, customer_success_manager, assignment_reason, "
        "sales_account_manager, sales_assignment_reason from {journey.company_journey} "
        "order by company_id"
    )
    return {
        row["company_id"]: Standing(
            cs_stage=row["cs_stage"],
            rule=row["cs_stage_rule"],
            manager=row["customer_success_manager"],
            reason=row["assignment_reason"],
            sales_manager=row["sales_account_manager"],
            sales_reason=row["sales_assignment_reason"],
        )
        for row in rows
    }


def _loads(in_force: Replay, proposed: Replay) -> list[ManagerLoad]:
    before, after = _held(in_force), _held(proposed)
    return [
        ManagerLoad(department, username, before[department, username], after[department, username])
        for department, username in sorted(before.keys() | after.keys())
    ]


def _held(replay: Replay) -> Counter[tuple[str, str]]:
    """Companies by department and person; also those people who hold none."""
    rows = replay.query(
        "select 'customer_success' as department, username, companies "
        "from {journey.cs_manager_load} union all "
        "select 'sales', sales_account_manager, count(*) "
        "from {intermediate.int_journey__current_decisions} "
        "where sales_account_manager is not null group by sales_account_manager"
    )
    return Counter({(row["department"], row["username"]): row["companies"] for row in rows})


def _balances(in_force: Replay, proposed: Replay) -> list[BucketBalance]:
    def buckets(replay: Replay) -> dict[tuple[str, str, str], tuple[int | None, int]]:
        return {
            (row["cs_stage"], row["region"], row["arr_range"]): (row["imbalance"], row["companies"])
            for row in replay.rows("journey.cs_bucket_load")
        }

    before, after = buckets(in_force), buckets(proposed)
    found = []
    for bucket in sorted(before.keys() | after.keys()):
        imbalance, _ = before.get(bucket, (None, 0))
        then, companies = after.get(bucket, (None, 0))
        if imbalance != then:
            found.append(BucketBalance(*bucket, imbalance, then, companies))
    return found


def _leaver(
    username: str,
    before: Mapping[str, Standing],
    after: Mapping[str, Standing],
    in_force: Replay,
    proposed: Replay,
) -> Leaver:
    managers, after_skipped = _managers_of_skipped(in_force), _managers_of_skipped(proposed)
    then = {
        company_id: (after[company_id].manager, after[company_id].reason)
        for company_id, standing in before.items()
        if standing.manager == username
    } | {
        company_id: (after_skipped[company_id], "skipped")
        for company_id, manager in managers.items()
        if manager == username
    }
    settled = [each for each in then.values() if each[1] != "no_candidate"]
    return Leaver(
        username=username,
        companies=len(then),
        taken_by=_by_frequency(
            manager or "nobody" for manager, _ in settled if manager != username
        ),
        without_candidate=[
            company_id for company_id, (_, reason) in then.items() if reason == "no_candidate"
        ],
        staying=_by_frequency(reason for manager, reason in settled if manager == username),
        sales_companies=_held(proposed)["sales", username],
    )


def _managers_of_skipped(replay: Replay) -> dict[str, str | None]:
    rows = replay.query(
        "select company_id, customer_success_manager as manager "
        "from {intermediate.int_journey__current_decisions} where skip_reason is not null"
    )
    return {row["company_id"]: row["manager"] for row in rows}


def _by_frequency(names: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(names).items(), key=lambda item: (-item[1], item[0])))
