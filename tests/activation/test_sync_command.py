"""`millrace sync` where a sync is held up, leaves something out, or stops in the middle."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
import yaml

from activation import declaration, run_sync
from activation.errors import ExitCode
from cli.main import main
from tests.activation.weekly import (
    WEEK,
    WEEKLY,
    block,
    destination,
    figures,
    want,
)
from warehouse.database import Warehouse
from warehouse.settings import get_settings


class Told(NamedTuple):
    """What the command said, and how it ended."""

    exit_code: int
    out: str


Sync = Callable[..., Told]


@pytest.fixture
def sync(
    warehouse: Warehouse,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Iterator[Sync]:
    """Run `millrace sync` in a project that declares the weekly sync alone."""
    content = WEEKLY.model_dump(mode="json", exclude={"guards"})
    (tmp_path / f"{WEEKLY.name}.yml").write_text(yaml.safe_dump(content))
    for find in (declaration.find_declaration, declaration.load_declarations):
        monkeypatch.setattr(find, "__defaults__", (tmp_path,))
    monkeypatch.setenv("MILLRACE_DATABASE_URL", warehouse.url)
    want(warehouse, figures(3))

    def run(*arguments: str) -> Told:
        get_settings.cache_clear()
        monkeypatch.setattr(sys, "argv", ["millrace", "sync", *arguments])
        with pytest.raises(SystemExit) as end:
            main()
        out, err = capsys.readouterr()
        assert "Traceback" not in err
        return Told(int(end.value.code or 0), out.replace("\n", " "))

    yield run
    get_settings.cache_clear()


def test_a_plan_of_a_sync_that_is_held_up_is_shown_with_the_reason_and_ends_with_1(
    sync: Sync, warehouse: Warehouse
) -> None:
    assert sync("plan", WEEKLY.name).exit_code == ExitCode.DONE
    block(warehouse, [("week_not_read", "Wait until Sunday.")])
    for command in (["plan", WEEKLY.name], ["run", WEEKLY.name, "--dry-run"]):
        told = sync(*command)
        assert told.exit_code == ExitCode.FAILED
        assert "3 to insert" in told.out
        assert "week_not_read: Wait until Sunday." in told.out
    as_json = json.loads(sync("plan", WEEKLY.name, "--json").out)
    assert "week_not_read" in as_json["blocked"]


def test_a_plan_says_what_it_leaves_out(
    sync: Sync, warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = destination(with_week=False)
    run_sync(warehouse, WEEKLY, writer=writer)
    want(warehouse, figures(3, "2026-03-29"))
    monkeypatch.setattr(
        "activation.engine._Opening.describe", lambda _, names: writer.describe(names)
    )
    told = sync("plan", WEEKLY.name)
    assert told.exit_code == ExitCode.DONE
    assert "0 to update, 3 unchanged" in told.out
    assert f"no property {WEEK}, which is optional" in told.out
    assert json.loads(sync("plan", WEEKLY.name, "--json").out)["left_out"] == [WEEK]


def test_what_became_of_each_row_of_a_run_is_shown(sync: Sync, warehouse: Warehouse) -> None:
    run = run_sync(warehouse, WEEKLY, writer=destination(refused={"1002"}))
    told = sync("status", "--run", str(run.run_id))
    assert told.exit_code == ExitCode.DONE
    assert "written 1001 (insert) failed 1002 (insert): 1002 cannot be changed." in told.out
    rows = json.loads(sync("status", "--run", str(run.run_id), "--json").out)
    assert [(row["key"], row["outcome"]) for row in rows] == [
        ("1001", "written"),
        ("1002", "failed"),
        ("1003", "written"),
    ]


def test_a_run_that_is_not_there_is_a_sentence(sync: Sync) -> None:
    assert sync("status", "--run", "none").exit_code == ExitCode.FAILED
