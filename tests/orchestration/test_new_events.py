"""When the sensor starts the journey, and when it does not."""

from __future__ import annotations

import json
from pathlib import Path

import dagster as dg
import pytest

from ingestion.events.files import ingest_event_files
from orchestration.landed import events_mark
from orchestration.resources import WarehouseResource
from tests.orchestration.conftest import River
from warehouse.settings import get_settings


class Watch:
    """The sensor `new_events`, tick by tick; what it remembers is kept as Dagster keeps it."""

    def __init__(self, river: River) -> None:
        self._river = river
        self._cursor: str | None = None

    def tick(self) -> list[str] | str:
        """One look: the keys of the runs it asks for, or why it asks for none."""
        sensor = self._river.definitions.resolve_sensor_def("new_events")
        with dg.build_sensor_context(
            instance=self._river.instance,
            cursor=self._cursor,
            resources={"warehouse": WarehouseResource()},
        ) as context:
            seen = sensor.evaluate_tick(context)
        self._cursor = seen.cursor
        if seen.skip_message:
            return seen.skip_message
        return [request.run_key for request in seen.run_requests or [] if request.run_key]


@pytest.fixture
def watch(river: River) -> Watch:
    return Watch(river)


def land(river: River, folder: Path, event_id: str) -> None:
    """An event comes in through another door than Dagster."""
    path = folder / f"{event_id}.jsonl"
    event = {
        "event_id": event_id,
        "event_type": "company_updated",
        "occurred_at": "2026-03-30T08:00:00Z",
        "data": {"company_id": "c1", "status": "PAID"},
    }
    path.write_text(json.dumps(event) + "\n")
    assert ingest_event_files(river.warehouse, path).rejected == 0


def test_without_events_there_is_nothing_to_do(watch: Watch) -> None:
    assert watch.tick() == "No event has landed yet."


def test_new_events_ask_for_one_run_however_often_one_looks(
    river: River, watch: Watch, tmp_path: Path
) -> None:
    land(river, tmp_path, "first")
    asked = watch.tick()
    assert len(asked) == 1
    assert str(watch.tick()).startswith("Nothing has landed since the last run")
    land(river, tmp_path, "second")
    again = watch.tick()
    assert len(again) == 1
    assert again != asked


def test_events_that_were_known_already_ask_for_no_run(
    river: River, watch: Watch, tmp_path: Path
) -> None:
    land(river, tmp_path, "first")
    watch.tick()
    land(river, tmp_path, "first")
    assert str(watch.tick()).startswith("Nothing has landed since the last run")


def test_events_wait_while_a_run_is_in_progress_and_are_caught_up_with(
    river: River, watch: Watch, tmp_path: Path
) -> None:
    land(river, tmp_path, "first")
    run = river.instance.create_run_for_job(
        river.definitions.resolve_job_def("journey"), status=dg.DagsterRunStatus.STARTED
    )
    assert watch.tick() == (
        f"Run {run.run_id[:8]} of journey is in progress; new events wait until it has ended."
    )
    river.instance.report_run_failed(run)
    assert len(watch.tick()) == 1


def test_events_that_a_run_has_decided_from_ask_for_no_run_but_later_ones_do(
    river: River, watch: Watch, tmp_path: Path
) -> None:
    land(river, tmp_path, "first")
    seen = events_mark(river.warehouse)
    assert seen is not None
    river.instance.create_run_for_job(
        river.definitions.resolve_job_def("river"),
        status=dg.DagsterRunStatus.SUCCESS,
        tags={"millrace/events": seen},
    )
    assert watch.tick() == f"Nothing has landed since the last run: {seen}."
    land(river, tmp_path, "second")
    assert len(watch.tick()) == 1


def test_without_an_embedded_server_the_sensor_says_what_to_do(
    watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MILLRACE_DATABASE_URL")
    get_settings.cache_clear()
    assert watch.tick() == "The embedded database was never started: run `millrace db start`."
