"""What the local HubSpot can be told to do wrong, its limits, and its log of calls."""

from __future__ import annotations

import httpx
import pytest

from simulators.faults import (
    ChangeRecord,
    Cut,
    DuplicatePage,
    ExpiredToken,
    Fault,
    HtmlPage,
    Interference,
    Meanwhile,
    MissingField,
    RateLimited,
    Refuse,
    ServerError,
    Slow,
)
from simulators.hubspot import HubspotSimulator, HubspotState, RateLimits
from tests.simulators.conftest import Hubspot, Serve

COMPANIES = "/crm/v3/objects/companies"


def statuses(hubspot: Hubspot, requests: int) -> list[int]:
    return [hubspot.client.get(f"{COMPANIES}/1001").status_code for _ in range(requests)]


def test_every_fifth_request_can_be_turned_away(hubspot: Hubspot) -> None:
    hubspot.simulator.faults.add(Fault(does=RateLimited(), every=5))

    assert statuses(hubspot, 11) == [200, 200, 200, 200, 429, 200, 200, 200, 200, 429, 200]


def test_a_fault_can_be_told_when_to_begin_and_to_end(hubspot: Hubspot) -> None:
    hubspot.simulator.faults.add(Fault(does=ServerError(status=500), skip=2, times=2))

    assert statuses(hubspot, 6) == [200, 200, 500, 500, 200, 200]


def test_a_fault_hits_only_the_requests_it_is_for(hubspot: Hubspot) -> None:
    hubspot.simulator.faults.add(Fault(does=ServerError(), method="POST", path="*/batch/update"))

    assert hubspot.batch_update(id_1001={"name": "Loud Harbour"}).status_code == 503
    assert hubspot.batch_read("1001").status_code == 200
    assert statuses(hubspot, 1) == [200]


def test_the_fault_told_first_is_done_while_the_others_count_on(hubspot: Hubspot) -> None:
    hubspot.simulator.faults.add(
        Fault(does=RateLimited(), times=1), Fault(does=ServerError(), skip=1, times=1)
    )

    assert statuses(hubspot, 3) == [429, 503, 200]


def test_a_simulator_told_to_behave_behaves(hubspot: Hubspot) -> None:
    hubspot.simulator.faults.add(Fault(does=RateLimited()))
    hubspot.simulator.faults.clear()

    assert statuses(hubspot, 1) == [200]


@pytest.mark.parametrize(("retry_after", "header"), [(None, None), (7, "7")])
def test_a_rate_limit_names_its_policy_and_perhaps_when_to_come_again(
    hubspot: Hubspot, retry_after: int | None, header: str | None
) -> None:
    hubspot.simulator.faults.add(Fault(does=RateLimited(policy="DAILY", retry_after=retry_after)))

    response = hubspot.batch_update(id_1001={"name": "Loud Harbour"})

    assert response.status_code == 429
    assert response.headers.get("Retry-After") == header
    assert response.json()["policyName"] == "DAILY"
    assert response.json()["errorType"] == "RATE_LIMIT"
    assert hubspot.company("1001").properties["name"] == "Quiet Harbour"


@pytest.mark.parametrize(
    ("does", "name"),
    [
        (Cut(), "Quiet Harbour"),
        (Cut(takes_effect=True), "Loud Harbour"),
        (ServerError(), "Quiet Harbour"),
        (ServerError(takes_effect=True), "Loud Harbour"),
        (HtmlPage(), "Quiet Harbour"),
        (HtmlPage(takes_effect=True), "Loud Harbour"),
    ],
)
def test_a_failed_write_has_or_has_not_taken_effect_as_told(
    hubspot: Hubspot, does: Interference, name: str
) -> None:
    hubspot.simulator.faults.add(Fault(does=does))

    try:
        answered = hubspot.batch_update(id_1001={"name": "Loud Harbour"}).status_code
    except httpx.RemoteProtocolError:
        answered = None

    assert answered == {"cut": None, "server_error": 503, "html_page": 502}[does.kind]
    assert hubspot.company("1001").properties["name"] == name
    [call] = hubspot.simulator.calls
    assert (call.status, call.written) == (answered, int(name == "Loud Harbour"))


def test_a_page_of_html_is_html_whatever_its_status(hubspot: Hubspot) -> None:
    hubspot.simulator.faults.add(Fault(does=HtmlPage(status=200)))

    response = hubspot.batch_read("1001")

    assert response.status_code == 200
    assert response.headers["Content-Type"].startswith("text/html")


def test_a_slow_answer_is_the_right_one_and_the_write_does_not_wait_for_it(
    hubspot: Hubspot, monkeypatch: pytest.MonkeyPatch
) -> None:
    name_while_waiting: dict[float, str] = {}

    async def sleep(seconds: float) -> None:
        name_while_waiting[seconds] = hubspot.company("1001").properties["name"]

    monkeypatch.setattr("simulators.gateway.sleep", sleep)
    hubspot.simulator.faults.add(Fault(does=Slow(seconds=30)))

    answer = hubspot.batch_update(id_1001={"name": "Loud Harbour"}).json()

    assert [company["id"] for company in answer["results"]] == ["1001"]
    assert name_while_waiting == {30: "Loud Harbour"}


def test_one_company_can_be_refused_while_the_others_are_written(hubspot: Hubspot) -> None:
    hubspot.simulator.faults.add(Fault(does=Refuse(record_id="1002", message="Not this one.")))

    response = hubspot.batch_update(
        id_1001={"name": "A"}, id_1002={"name": "B"}, id_7={"name": "C"}
    )

    assert response.status_code == 207
    assert [
        (error["category"], error["message"], error["context"])
        for error in response.json()["errors"]
        if error["category"] != "OBJECT_NOT_FOUND"
    ] == [("VALIDATION_ERROR", "Not this one.", {"ids": ["1002"]})]
    assert response.json()["numErrors"] == 2
    assert hubspot.company("1001").properties["name"] == "A"
    assert hubspot.company("1002").properties["name"] == "Tall Pines"


def test_one_company_can_spoil_every_batch_that_it_is_in(hubspot: Hubspot) -> None:
    hubspot.simulator.faults.add(
        Fault(does=Refuse(record_id="1002", message="Not this one.", whole_batch=True))
    )

    together = hubspot.batch_update(id_1001={"name": "A"}, id_1002={"name": "B"})
    alone = hubspot.client.patch(f"{COMPANIES}/1002", json={"properties": {"name": "B"}})
    without = hubspot.batch_update(id_1001={"name": "A"})

    assert (together.status_code, alone.status_code, without.status_code) == (400, 400, 200)
    assert together.json()["message"] == "Not this one."
    assert hubspot.simulator.calls.records_written == 1


def test_a_refusal_counts_only_requests_that_write_its_record(hubspot: Hubspot) -> None:
    hubspot.simulator.faults.add(Fault(does=Refuse(record_id="1002"), times=1))

    answered = [
        hubspot.batch_update(id_1001={"name": "A"}).status_code,
        hubspot.batch_update(id_1002={"name": "B"}).status_code,
        hubspot.batch_update(id_1002={"name": "B"}).status_code,
    ]

    assert answered == [200, 207, 200]


def test_an_expired_token_is_turned_away_before_anything_is_done(hubspot: Hubspot) -> None:
    hubspot.simulator.faults.add(Fault(does=ExpiredToken(), times=1))

    expired = hubspot.batch_update(id_1001={"name": "Loud Harbour"})

    assert (expired.status_code, expired.json()["category"]) == (401, "EXPIRED_AUTHENTICATION")
    assert hubspot.company("1001").properties["name"] == "Quiet Harbour"
    assert statuses(hubspot, 1) == [200]


@pytest.mark.parametrize("field", ["createdAt", "properties.name"])
def test_a_field_can_be_missing_from_all_records_of_an_answer(hubspot: Hubspot, field: str) -> None:
    whole = hubspot.client.get(f"{COMPANIES}/1001").json()
    hubspot.simulator.faults.add(Fault(does=MissingField(field=field)))

    page = hubspot.client.get(COMPANIES, params={"limit": 2})
    record = hubspot.client.get(f"{COMPANIES}/1001").json()

    *outer, last = field.split(".")
    for without in (page.json()["results"][0], record):
        where = without[outer[0]] if outer else without
        assert last not in where
        where[last] = (whole[outer[0]] if outer else whole)[last]
        assert without == whole
    assert page.json()["paging"]["next"]["after"] == "1002"
    assert len(page.json()["results"]) == 2


def test_a_field_that_no_record_has_is_not_missed(hubspot: Hubspot) -> None:
    whole = hubspot.batch_read("1001", "7").json()["results"]
    hubspot.simulator.faults.add(Fault(does=MissingField(field="address.street")))

    assert hubspot.batch_read("1001", "7").json()["results"] == whole


def paged(hubspot: Hubspot, *, most: int = 10) -> list[list[str]]:
    """The ids of the companies, page by page, as who follows `after` reads them."""
    pages: list[list[str]] = []
    query: dict[str, str] = {"limit": "1"}
    while len(pages) < most:
        answer = hubspot.client.get(COMPANIES, params=query).json()
        pages.append([company["id"] for company in answer["results"]])
        if "paging" not in answer:
            break
        query["after"] = answer["paging"]["next"]["after"]
    return pages


@pytest.mark.parametrize(
    ("in_its_place", "pages"),
    [
        (False, [["1001"], ["1001", "1002"], ["1003"]]),
        (True, [["1001"], ["1001"], ["1002"], ["1003"]]),
    ],
)
def test_a_page_can_come_again_while_all_others_come_too(
    hubspot: Hubspot, in_its_place: bool, pages: list[list[str]]
) -> None:
    hubspot.simulator.faults.add(
        Fault(does=DuplicatePage(in_its_place=in_its_place), skip=1, times=1)
    )

    assert paged(hubspot) == pages


def test_a_first_page_does_not_repeat_another_list(hubspot: Hubspot) -> None:
    hubspot.state.archive("companies", "1002")
    hubspot.simulator.faults.add(Fault(does=DuplicatePage()))
    assert hubspot.client.get(COMPANIES, params={"archived": "true"}).status_code == 200

    assert paged(hubspot) == [["1001"], ["1001", "1003"]]


def test_a_record_can_change_right_after_it_was_read(hubspot: Hubspot) -> None:
    change = ChangeRecord(table="companies", record_id="1001", values={"name": "Loud Harbour"})
    hubspot.simulator.faults.add(Fault(does=change, path=COMPANIES, times=1))

    first, second = (hubspot.client.get(COMPANIES).json()["results"][0] for _ in range(2))

    assert first["properties"]["name"] == "Quiet Harbour"
    assert second["properties"]["name"] == "Loud Harbour"


def test_anything_can_happen_between_two_pages(hubspot: Hubspot) -> None:
    def add_and_archive() -> None:
        hubspot.state.add("companies", {"name": "New Mill"})
        hubspot.state.archive("companies", "1002")

    hubspot.simulator.faults.add(Fault(does=Meanwhile(happens=add_and_archive), times=1))

    assert paged(hubspot) == [["1001"], ["1003"], ["1004"]]


class Seconds:
    """A clock in seconds that a test turns."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


def test_the_general_limit_is_a_rolling_window_of_ten_seconds(
    serve: Serve,
) -> None:
    seconds = Seconds()
    state = HubspotState.with_companies([{"name": "Quiet Harbour"}])
    hubspot = serve(HubspotSimulator(state, limits=RateLimits(general=2, seconds=seconds)))

    answered = statuses(hubspot, 1)
    seconds.now += 6
    answered += statuses(hubspot, 2)
    seconds.now += 6
    answered += statuses(hubspot, 2)

    assert answered == [200, 200, 429, 200, 429]


@pytest.mark.parametrize(
    ("limits", "policy"),
    [
        (RateLimits(search=1, seconds=Seconds()), "SECONDLY"),
        (RateLimits(general=1, seconds=Seconds()), "TEN_SECONDLY_ROLLING"),
        (RateLimits(daily=1, seconds=Seconds()), "DAILY"),
    ],
)
def test_a_search_counts_against_every_limit(serve: Serve, limits: RateLimits, policy: str) -> None:
    hubspot = serve(HubspotSimulator(limits=limits))

    first, second = hubspot.search(), hubspot.search()

    assert (first.status_code, second.status_code) == (200, 429)
    assert second.json()["policyName"] == policy


def test_what_is_left_is_told_with_every_answer_but_a_search(
    serve: Serve,
) -> None:
    hubspot = serve(HubspotSimulator(limits=RateLimits(general=10, seconds=Seconds())))

    searched = hubspot.search().headers
    listed = hubspot.client.get(COMPANIES).headers

    assert not [name for name in searched if name.startswith("x-hubspot-ratelimit")]
    assert listed["X-HubSpot-RateLimit-Max"] == "10"
    assert listed["X-HubSpot-RateLimit-Remaining"] == "8"


def test_the_log_tells_reads_from_writes_and_counts_their_records(hubspot: Hubspot) -> None:
    hubspot.client.get(COMPANIES, params={"limit": 2})
    hubspot.search()
    hubspot.batch_read("1001", "1002")
    hubspot.batch_update(id_1001={"name": "A"}, id_7={"name": "B"})
    hubspot.client.patch(f"{COMPANIES}/1002", json={"properties": {"name": "C"}})
    hubspot.client.patch("/crm/v3/properties/companies/cs_stage", json={"label": "Stage"})

    calls = hubspot.simulator.calls
    assert [(call.is_write, call.inputs, call.written, call.status) for call in calls] == [
        (False, 0, 0, 200),
        (False, 0, 0, 200),
        (False, 2, 0, 200),
        (True, 2, 1, 207),
        (True, 1, 1, 200),
        (True, 0, 0, 200),
    ]
    assert len(calls.reads) == len(calls.writes) == 3
    assert calls.records_written == 2
    assert [call.number for call in calls.to("*/batch/*", method="POST")] == [3, 4]
    assert next(iter(calls)).query == "limit=2"


def test_another_process_can_read_the_log_and_tell_faults(hubspot: Hubspot) -> None:
    stranger = httpx.Client(base_url=hubspot.client.base_url)
    told = stranger.post(
        "/_simulator/faults",
        json={"faults": [{"does": {"kind": "rate_limited", "retry_after": 3}, "times": 1}]},
    )

    assert told.status_code == 200
    assert statuses(hubspot, 2) == [429, 200]
    calls = stranger.get("/_simulator/calls").json()["calls"]
    assert [(call["status"], call["fault"]) for call in calls] == [
        (429, "rate_limited"),
        (200, None),
    ]
    assert stranger.get("/_simulator/faults").json()["faults"][0]["does"]["retry_after"] == 3

    stranger.delete("/_simulator/faults")
    stranger.delete("/_simulator/calls")
    assert hubspot.simulator.faults.faults == ()
    assert stranger.get("/_simulator/calls").json() == {"calls": []}
    stranger.close()


def test_another_process_can_change_a_record_while_it_is_read(hubspot: Hubspot) -> None:
    change = {
        "kind": "change_record",
        "table": "companies",
        "record_id": "1001",
        "values": {"name": "Loud Harbour", "annualrevenue": 7},
    }
    hubspot.simulator.faults.add(Fault(does=Meanwhile(happens=lambda: None)))
    told = hubspot.client.post("/_simulator/faults", json={"faults": [{"does": change}]})
    hubspot.client.delete("/_simulator/faults")
    hubspot.client.post("/_simulator/faults", json={"faults": [{"does": change}]})

    assert [fault["does"]["kind"] for fault in told.json()["faults"]] == [
        "meanwhile", "change_record"
    ]  # fmt: skip
    assert statuses(hubspot, 1) == [200]
    assert hubspot.company("1001").properties["name"] == "Loud Harbour"
    assert hubspot.company("1001").properties["annualrevenue"] == "7"


@pytest.mark.parametrize(
    "fault",
    [
        {},
        {"does": {"kind": "sulk"}},
        {"does": {"kind": "meanwhile"}},
        {"does": {"kind": "meanwhile", "happens": "all"}},
        {"does": {"kind": "cut"}, "evry": 5},
    ],
)
def test_a_fault_that_is_not_understood_is_refused(
    hubspot: Hubspot, fault: dict[str, object]
) -> None:
    response = hubspot.client.post("/_simulator/faults", json={"faults": [fault]})

    assert response.status_code == 400
    assert hubspot.simulator.faults.faults == ()
