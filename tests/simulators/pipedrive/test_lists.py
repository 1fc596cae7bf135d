"""Lists and single records of the local Pipedrive."""

from __future__ import annotations

from datetime import timedelta

import httpx
import pytest

from simulators.clock import StoppedClock
from tests.simulators.pipedrive.conftest import Pipedrive

DEALS = "/api/v2/deals"
ARCHIVED = "/api/v2/deals/archived"
HOUR = timedelta(hours=1)


def test_following_the_cursor_gives_every_record_once(pipedrive: Pipedrive) -> None:
    for number in range(4, 251):
        pipedrive.state.add_deal(f"Deal {number}", 1, 1)
    ids: list[int] = []
    cursor: dict[str, str] = {}
    pages = 0
    while not pages or cursor:
        page = pipedrive.get(DEALS, limit=100, **cursor)
        ids += [deal["id"] for deal in page["data"]]
        following = page["additional_data"]["next_cursor"]
        cursor = {"cursor": following} if following else {}
        pages += 1

    assert pages == 3
    assert ids == list(range(1, 251))


def test_a_record_that_goes_between_two_pages_moves_no_other(pipedrive: Pipedrive) -> None:
    first = pipedrive.get(DEALS, limit=2)
    pipedrive.state.delete(1)

    second = pipedrive.get(DEALS, limit=2, cursor=first["additional_data"]["next_cursor"])

    assert [deal["id"] for deal in second["data"]] == [3]


def test_a_list_sorted_by_update_time_shows_a_record_again_that_changes_meanwhile(
    pipedrive: Pipedrive, clock: StoppedClock
) -> None:
    first = pipedrive.get(DEALS, limit=2, sort_by="update_time")
    clock.advance(HOUR)
    pipedrive.state.set_value(1, 7)

    second = pipedrive.get(
        DEALS, limit=2, sort_by="update_time", cursor=first["additional_data"]["next_cursor"]
    )

    assert [deal["id"] for deal in second["data"]] == [3, 1]


def test_lists_are_sorted_as_asked(pipedrive: Pipedrive, clock: StoppedClock) -> None:
    clock.advance(HOUR)
    pipedrive.state.set_value(2, 7)

    assert pipedrive.ids(DEALS, sort_by="update_time") == [1, 3, 2]
    assert pipedrive.ids(DEALS, sort_by="id", sort_direction="desc") == [3, 2, 1]


def test_only_what_was_changed_since_is_shown_that_very_second_included(
    pipedrive: Pipedrive, clock: StoppedClock
) -> None:
    clock.advance(HOUR)
    pipedrive.state.set_value(2, 7)

    assert pipedrive.ids(DEALS, updated_since="2026-11-01T13:00:00Z") == [2]
    assert pipedrive.ids(DEALS, updated_since="2026-11-01T13:00:01Z") == []
    assert pipedrive.ids(DEALS, updated_until="2026-11-01T13:00:00Z") == [1, 3]


def test_archived_deals_have_a_list_of_their_own(pipedrive: Pipedrive) -> None:
    pipedrive.state.archive(2)

    assert pipedrive.ids(DEALS) == [1, 3]
    assert pipedrive.ids(ARCHIVED) == [2]
    assert pipedrive.get(f"{DEALS}/2")["data"]["is_archived"] is True

    pipedrive.state.unarchive(2)
    assert pipedrive.ids(ARCHIVED) == []


def test_deleted_deals_are_shown_for_thirty_days_to_who_asks_for_them(
    pipedrive: Pipedrive, clock: StoppedClock
) -> None:
    pipedrive.state.delete(2)
    assert pipedrive.ids(DEALS) == [1, 3]
    [deleted] = pipedrive.get(DEALS, status="deleted")["data"]
    assert (deleted["id"], deleted["is_deleted"], deleted["status"]) == (2, True, "deleted")

    clock.advance(timedelta(days=31))
    assert pipedrive.ids(DEALS, status="deleted") == []
    assert pipedrive.client.get(f"{DEALS}/2").status_code == 404
    assert pipedrive.client.get("/v1/deals/2/flow").status_code == 404


def test_a_restored_deal_is_on_the_list_again(pipedrive: Pipedrive) -> None:
    pipedrive.state.delete(2)
    pipedrive.state.restore(2)

    assert pipedrive.ids(DEALS) == [1, 2, 3]
    assert pipedrive.ids(DEALS, status="deleted") == []


def test_deals_can_be_asked_for_by_id_and_unknown_ones_are_left_out(pipedrive: Pipedrive) -> None:
    assert pipedrive.ids(DEALS, ids="3,77,1") == [1, 3]


def test_deals_can_be_asked_for_by_status(pipedrive: Pipedrive) -> None:
    pipedrive.state.win(1)
    pipedrive.state.lose(2, "Too dear")

    assert pipedrive.ids(DEALS, status="open") == [3]
    assert pipedrive.ids(DEALS, status="won,lost") == [1, 2]


def test_a_deal_has_its_times_as_v2_writes_them(pipedrive: Pipedrive, clock: StoppedClock) -> None:
    clock.advance(HOUR)
    pipedrive.state.win(1)

    deal = pipedrive.get(f"{DEALS}/1")["data"]

    assert (deal["add_time"], deal["close_time"]) == (
        "2026-11-01T12:00:00Z",
        "2026-11-01T13:00:00Z",
    )
    assert (deal["won_time"], deal["lost_time"]) == ("2026-11-01T13:00:00Z", None)


def test_custom_fields_stand_under_custom_fields(pipedrive: Pipedrive) -> None:
    key = "a" * 40
    deal = pipedrive.state.add_deal("Deal", 1, 1, custom_fields={key: "red"})

    assert pipedrive.get(f"{DEALS}/{deal.id}")["data"]["custom_fields"] == {key: "red"}


def test_a_stage_that_was_removed_is_on_no_list(pipedrive: Pipedrive) -> None:
    pipedrive.state.remove_stage(3)

    assert pipedrive.ids("/api/v2/stages") == [1, 2, 4]
    assert pipedrive.ids("/api/v2/stages", pipeline_id=2) == [4]
    with pytest.raises(ValueError, match="A deal stands in stage 1"):
        pipedrive.state.remove_stage(1)


def test_users_are_told_as_v1_does_all_at_once(pipedrive: Pipedrive) -> None:
    pipedrive.state.add_user("Bo Fern", "bo@example.com", is_active=False)

    users = pipedrive.get("/v1/users")["data"]

    assert [(user["id"], user["active_flag"]) for user in users] == [(1, True), (2, False)]
    assert users[0]["created"] == "2026-11-01 12:00:00"
    assert pipedrive.get("/v1/users/me")["data"]["is_you"] is True


def test_deleted_organizations_are_on_no_list(pipedrive: Pipedrive) -> None:
    for name in ("One", "Two"):
        pipedrive.state.add_organization(name, 1)
    pipedrive.state.delete_organization(1)

    assert pipedrive.ids("/api/v2/organizations") == [2]
    assert pipedrive.get("/api/v2/organizations/1")["data"]["is_deleted"] is True


@pytest.mark.parametrize(
    "query",
    [
        "limit=501",
        "limit=0",
        "limit=ten",
        "cursor=x",
        "sort_by=title",
        "updated_since=yesterday",
        "updated_since=2026-11-01T12:00:00",
        "ids=1,two",
        f"ids={','.join(str(number) for number in range(101))}",
        "status=sold",
    ],
)
def test_a_page_that_cannot_be_is_refused(pipedrive: Pipedrive, query: str) -> None:
    response = pipedrive.client.get(f"{DEALS}?{query}")

    assert response.status_code == 400
    assert response.json()["success"] is False


@pytest.mark.parametrize("headers", [{}, {"x-api-token": "another"}])
def test_without_the_right_token_in_the_header_nothing_is_answered(
    pipedrive: Pipedrive, headers: dict[str, str]
) -> None:
    url = f"{pipedrive.client.base_url}{DEALS}?api_token={pipedrive.simulator.api_token}"

    response = httpx.get(url, headers=headers)

    assert response.status_code == 401
    assert response.json()["errorCode"] == 401


@pytest.mark.parametrize(("method", "status"), [("GET", 404), ("POST", 405)])
def test_a_path_or_method_that_does_not_exist_is_answered_as_json(
    pipedrive: Pipedrive, method: str, status: int
) -> None:
    path = "/api/v2/nothing" if method == "GET" else DEALS

    response = pipedrive.client.request(method, path)

    assert response.status_code == status
    assert response.json()["success"] is False
