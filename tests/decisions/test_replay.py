"""A replay decides as dbt does, and nothing of it stays."""

from __future__ import annotations

import signal
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from decisions.replay import ReplayError, open_replay
from tests.decisions.conftest import FIRST, SECOND, TABLES, THIRD, Decided, checksums, told
from warehouse.database import child_environment

LONG_AGO = datetime.fromisoformat("2020-01-01T00:00:00Z")
HEADER = (
    "username,department,cs_stage,region,arr_range,lead_intake,is_active,email,hubspot_owner_id\n"
)


def test_a_replay_decides_what_dbt_decides(decided: Decided) -> None:
    with open_replay(decided.journey.warehouse, log_until=LONG_AGO) as replay:
        for as_of in (FIRST, SECOND):
            replay.run(as_of)
            for table in TABLES:
                replayed = told(replay.rows(f"journey.{table}"))
                assert replayed == decided.held[as_of.isoformat()][table], table


def test_a_replay_goes_on_from_the_log_as_it_stood(decided: Decided) -> None:
    with open_replay(decided.journey.warehouse, log_until=FIRST) as replay:
        assert (
            told(replay.rows("journey.company_change_log"))
            == (decided.held[FIRST.isoformat()]["company_change_log"])
        )
        replay.run(SECOND)
        for table in TABLES:
            replayed = told(replay.rows(f"journey.{table}"))
            assert replayed == decided.held[SECOND.isoformat()][table], table


def test_running_again_with_nothing_new_writes_nothing(decided: Decided) -> None:
    with open_replay(decided.journey.warehouse) as replay:
        log = replay.rows("journey.company_change_log")
        assert log
        replay.run(SECOND)
        replay.run(THIRD)
        assert replay.rows("journey.company_change_log") == log


def test_an_attempt_is_undone_and_the_replay_goes_on(decided: Decided, tmp_path: Path) -> None:
    nobody = tmp_path / "managers.csv"
    nobody.write_text(HEADER)
    with open_replay(decided.journey.warehouse) as replay:
        replay.run(SECOND)
        before = replay.rows("journey.company_journey")
        with replay.attempt():
            replay.load_managers(nobody)
            replay.run(THIRD)
            assert replay.rows("reference.cs_managers") == []
            reasons = {row["assignment_reason"] for row in replay.rows("journey.company_journey")}
            assert "no_candidate" in reasons
            assert "kept" not in reasons
        assert replay.rows("journey.company_journey") == before
        replay.run(SECOND)
        assert replay.rows("journey.company_journey") == before


def test_two_replays_see_the_same_raw_data_and_not_each_other(decided: Decided) -> None:
    warehouse = decided.journey.warehouse
    variables = {"auto_success_ranges": ["2001-8000", "8001+"]}
    with (
        open_replay(warehouse) as one,
        open_replay(warehouse, variables=variables, beside=one) as other,
    ):
        one.run(THIRD)
        other.run(THIRD)
        stages = [
            {row["company_id"]: row["cs_stage"] for row in replay.rows("journey.company_journey")}
            for replay in (one, other)
        ]
    moved = {key for key in stages[0] if stages[0][key] != stages[1][key]}
    assert moved
    assert {(stages[0][key], stages[1][key]) for key in moved} == {("cs_onboarding", "cs_success")}


def test_nothing_real_is_changed_and_nothing_is_left(decided: Decided) -> None:
    before = checksums(decided.journey)
    with open_replay(decided.journey.warehouse) as replay:
        replay.run(THIRD)
    assert checksums(decided.journey) == before


def test_an_interrupted_replay_leaves_nothing(decided: Decided) -> None:
    before = checksums(decided.journey)

    def interrupted() -> None:
        with open_replay(decided.journey.warehouse) as replay:
            replay.run(THIRD)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert checksums(decided.journey) == before


def test_a_killed_replay_leaves_nothing(decided: Decided) -> None:
    before = checksums(decided.journey)
    done = subprocess.run(
        [sys.executable, "-m", "tests.decisions.replaying_process", THIRD.isoformat()],
        env=child_environment(decided.journey.warehouse),
        check=False,
    )
    assert done.returncode == -signal.SIGKILL
    assert checksums(decided.journey) == before


def test_the_database_refuses_to_commit_a_replay(decided: Decided) -> None:
    before = checksums(decided.journey)
    with open_replay(decided.journey.warehouse) as replay:
        replay.run(THIRD)
        replay.connection.execute("delete from journey.company_change_log")
        with pytest.raises(psycopg.errors.ForeignKeyViolation):
            replay.connection.commit()
    assert checksums(decided.journey) == before


def test_a_replay_never_decides_back_in_time(decided: Decided) -> None:
    with (
        open_replay(decided.journey.warehouse) as replay,
        pytest.raises(ReplayError, match="already holds decisions of"),
    ):
        replay.run(SECOND - timedelta(seconds=1))


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            HEADER + "cs.ash,customer_success,cs_sucess,*,*,1,true,,\n",
            r"managers.csv is wrong in line 2: cs_stage is 'cs_sucess', not one of .*cs_success",
        ),
        (
            HEADER + "cs.ash,customer_success,*,EMEA,*,1,true,,\n"
            "cs.elm,customer_success,*,EMAE,*,1,true,,\n",
            r"managers.csv is wrong in line 3: region is 'EMAE', neither that of a country",
        ),
        ("username,region\ncs.ash,EMEA\n", r"managers.csv has the columns username, region; it"),
        ("", r"managers.csv has the columns \(none\); it needs username"),
        (HEADER + "cs.ash,,,,,,,,,ten\n", r"managers.csv is no CSV file that can be read"),
        (None, r"managers.csv does not exist"),
    ],
)
def test_a_wrong_file_is_refused_with_a_sentence(
    decided: Decided, tmp_path: Path, text: str | None, sentence: str
) -> None:
    path = tmp_path / "managers.csv"
    if text is not None:
        path.write_text(text)
    with (
        pytest.raises(ReplayError, match=sentence),
        open_replay(decided.journey.warehouse, managers=path),
    ):
        pass
