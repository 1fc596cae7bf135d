"""What the flow of a deal tells in the local Pipedrive."""

from __future__ import annotations

from datetime import timedelta

import pytest

from simulators.clock import StoppedClock
from simulators.pipedrive import PipedriveSimulator, PipedriveState
from tests.simulators.pipedrive.conftest import Pipedrive, Serve

MINUTE = timedelta(minutes=1)


def test_a_flow_tells_every_change_of_stage_the_latest_first(
    pipedrive: Pipedrive, clock: StoppedClock
) -> None:
    for stage_id in (2, 3, 2):
        clock.advance(MINUTE)
        pipedrive.state.move(1, stage_id)

    assert pipedrive.changes(1) == [
        ("stage_id", "3", "2"),
        ("stage_id", "2", "3"),
        ("stage_id", "1", "2"),
        ("add_time", None, "2026-11-01 12:00:00"),
    ]


def test_an_item_names_its_deal_and_its_time_as_v1_writes_it(pipedrive: Pipedrive) -> None:
    pipedrive.state.move(1, 2)

    item = pipedrive.get("/v1/deals/1/flow")["data"][0]

    assert item["object"] == "dealChange"
    assert (item["data"]["item_id"], item["data"]["log_time"]) == (1, "2026-11-01 12:00:00")


def test_a_move_to_another_pipeline_is_two_changes_in_one_second(pipedrive: Pipedrive) -> None:
    pipedrive.state.move(1, 4)

    items = pipedrive.get("/v1/deals/1/flow")["data"][:2]

    assert {item["data"]["field_key"] for item in items} == {"pipeline_id", "stage_id"}
    assert len({item["timestamp"] for item in items}) == 1
    assert pipedrive.get("/api/v2/deals/1")["data"]["pipeline_id"] == 2


def test_two_moves_in_one_second_are_told_in_their_order(pipedrive: Pipedrive) -> None:
    pipedrive.state.move(1, 2)
    pipedrive.state.move(1, 3)

    assert pipedrive.changes(1)[:2] == [("stage_id", "2", "3"), ("stage_id", "1", "2")]


def test_closing_and_opening_again_are_changes_of_the_status(
    pipedrive: Pipedrive, clock: StoppedClock
) -> None:
    for deed in (pipedrive.state.win, pipedrive.state.reopen, pipedrive.state.lose):
        clock.advance(MINUTE)
        deed(1)

    statuses = [change for change in pipedrive.changes(1) if change[0] == "status"]
    assert statuses == [
        ("status", "open", "lost"),
        ("status", "won", "open"),
        ("status", "open", "won"),
    ]
    deal = pipedrive.get("/api/v2/deals/1")["data"]
    assert (deal["status"], deal["won_time"]) == ("lost", None)


def test_a_merged_deal_is_deleted_and_the_other_counts_as_changed(
    pipedrive: Pipedrive, clock: StoppedClock
) -> None:
    clock.advance(MINUTE)
    pipedrive.state.merge(2, into=1)

    kept, deleted = pipedrive.get("/api/v2/deals/1"), pipedrive.get("/api/v2/deals/2")
    assert (kept["data"]["value"], kept["data"]["update_time"]) == (200, "2026-11-01T12:01:00Z")
    assert deleted["data"]["is_deleted"] is True


def test_what_is_no_change_comes_only_when_nothing_else_is_asked_for(pipedrive: Pipedrive) -> None:
    pipedrive.state.write_note(1)

    assert len(pipedrive.changes(1)) == 2
    assert len(pipedrive.changes(1, items="dealChange")) == 1


@pytest.mark.parametrize("nested", [False, True])
def test_a_flow_comes_in_pages(serve: Serve, state: PipedriveState, nested: bool) -> None:
    for _ in range(3):
        state.move(1, 2)
        state.move(1, 1)
    pipedrive = serve(PipedriveSimulator(state, nested_paging=nested))

    first = pipedrive.get("/v1/deals/1/flow", limit=4)
    last = pipedrive.get("/v1/deals/1/flow", limit=4, start=4)

    def told(page: dict[str, dict[str, dict[str, object]]]) -> dict[str, object]:
        additional = page["additional_data"]
        return additional["pagination"] if nested else dict(additional)

    following = {"next_start": 4} if nested else {}
    assert told(first) == {"start": 0, "limit": 4, "more_items_in_collection": True, **following}
    assert told(last) == {"start": 4, "limit": 4, "more_items_in_collection": False}
    ids = [item["data"]["id"] for item in [*first["data"], *last["data"]]]
    assert ids == sorted(ids, reverse=True)
    assert len(set(ids)) == 7


def test_what_happens_while_a_flow_is_read_moves_its_items_by_one(pipedrive: Pipedrive) -> None:
    pipedrive.state.move(1, 2)
    first = pipedrive.get("/v1/deals/1/flow", limit=1)["data"]
    pipedrive.state.move(1, 3)

    second = pipedrive.get("/v1/deals/1/flow", limit=1, start=1)["data"]

    assert second == first
