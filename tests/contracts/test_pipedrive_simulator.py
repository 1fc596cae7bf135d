"""The local Pipedrive keeps to the description of Pipedrive's API, whatever it is asked or told."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus

import httpx
import pytest

from simulators.faults import Cut, Fault, HtmlPage, Interference, RateLimited, ServerError
from simulators.pipedrive import (
    DAILY_POLICY,
    DEFAULT_TOKEN,
    CustomField,
    PipedriveSimulator,
    PipedriveState,
    RateLimits,
)
from tests.contracts.conftest import OnRecord, RecordedVendor
from tests.contracts.openapi import Description

BEYOND_THE_SIMULATOR = {
    "v1_getDealChangelog": "the flow tells the same, and is what Millrace reads",
    "v1_getRecents": "changed deals are read from v2",
    "v1_getWebhooks": "the simulator sends none",
    "v1_addWebhook": "the simulator sends none",
    "v1_deleteWebhook": "the simulator sends none",
}
"""Operations of the description that the simulator does not know, and why."""

SORTED = "sort_by=update_time&sort_direction=desc&limit=1"
SPAN = "updated_since=2026-01-01T00:00:00Z&updated_until=2099-01-01T00:00:00Z"
EXAMPLES = {
    "v2_getDeals": f"/api/v2/deals?ids=1,2&{SORTED}&{SPAN}",
    "v2_getDeal": "/api/v2/deals/1",
    "v2_getArchivedDeals": "/api/v2/deals/archived?status=won",
    "v2_getPipelines": "/api/v2/pipelines?limit=500",
    "v2_getPipeline": "/api/v2/pipelines/1",
    "v2_getStages": "/api/v2/stages?pipeline_id=1&sort_by=id",
    "v2_getStage": "/api/v2/stages/1",
    "v2_getOrganizations": f"/api/v2/organizations?{SORTED}&{SPAN}",
    "v2_getOrganization": "/api/v2/organizations/1",
    "v2_getPersons": "/api/v2/persons",
    "v2_getPerson": "/api/v2/persons/1",
    "v2_getDealFields": "/api/v2/dealFields",
    "v2_getOrganizationFields": "/api/v2/organizationFields",
    "v1_getDealUpdates": "/v1/deals/1/flow?start=0&limit=2",
    "v1_getUsers": "/v1/users",
    "v1_getUser": "/v1/users/1",
    "v1_getCurrentUser": "/v1/users/me",
}
"""A right request for every operation that the simulator knows, by operation id."""


@pytest.fixture
def simulator() -> PipedriveSimulator:
    """A deal that is open, one that was won and archived, a deleted one, and what is theirs."""
    state = PipedriveState()
    pipeline = state.add_pipeline("Sales")
    for name in ("Lead", "Order"):
        state.add_stage(pipeline.id, name)
    state.add_user("Ada Reed", "ada@example.com")
    key = "a" * 40
    state.account.deal_fields.append(CustomField(key, "Colour"))
    state.account.organization_fields.append(CustomField(key, "Size", "double"))
    state.add_organization("One", 1, website="https://one.example.com", custom_fields={key: 3})
    state.add_person("Bo Fern", 1, org_id=1, email="bo@example.com")
    state.add_person("Cy Sage", 1)
    for number in (1, 2, 3):
        state.add_deal(f"Deal {number}", 1, 1, org_id=1, custom_fields={key: "red"})
    state.move(1, 2)
    state.write_note(1)
    state.win(2)
    state.archive(2)
    state.lose(3, "Too dear")
    state.delete(3)
    return PipedriveSimulator(state)


@contextmanager
def client_of(vendor: RecordedVendor, token: str | None = DEFAULT_TOKEN) -> Iterator[httpx.Client]:
    headers = {} if token is None else {"x-api-token": token}
    with httpx.Client(base_url=vendor.base_url, headers=headers) as client:
        yield client


def test_there_is_an_example_of_every_operation(pipedrive_description: Description) -> None:
    assert EXAMPLES.keys() | BEYOND_THE_SIMULATOR.keys() == pipedrive_description.operations


def test_every_operation_answers_a_right_request_rightly(
    pipedrive_on_record: OnRecord, simulator: PipedriveSimulator
) -> None:
    with pipedrive_on_record(simulator) as pipedrive, client_of(pipedrive) as client:
        statuses = {client.get(path).status_code for path in EXAMPLES.values()}

        assert statuses == {HTTPStatus.OK}
        assert [exchange.operation for exchange in pipedrive.recorder.exchanges] == list(EXAMPLES)


@pytest.mark.parametrize("token", [None, "not-the-token"])
def test_every_operation_turns_strangers_away_rightly(
    pipedrive_on_record: OnRecord, simulator: PipedriveSimulator, token: str | None
) -> None:
    with pipedrive_on_record(simulator) as pipedrive, client_of(pipedrive, token) as client:
        with pipedrive.recorder.wrong_on_purpose():
            statuses = {client.get(path).status_code for path in EXAMPLES.values()}

        assert statuses == {HTTPStatus.UNAUTHORIZED}
        assert pipedrive.recorder.operations == EXAMPLES.keys()


@pytest.mark.parametrize(
    ("does", "status"),
    [
        (RateLimited(retry_after=1), HTTPStatus.TOO_MANY_REQUESTS),
        (RateLimited(policy=DAILY_POLICY), HTTPStatus.TOO_MANY_REQUESTS),
        (ServerError(status=500), HTTPStatus.INTERNAL_SERVER_ERROR),
        (HtmlPage(status=502), HTTPStatus.BAD_GATEWAY),
    ],
)
def test_every_operation_fails_rightly(
    pipedrive_on_record: OnRecord,
    simulator: PipedriveSimulator,
    does: Interference,
    status: HTTPStatus,
) -> None:
    simulator.faults.add(Fault(does=does))

    with pipedrive_on_record(simulator) as pipedrive, client_of(pipedrive) as client:
        statuses = {client.get(path).status_code for path in EXAMPLES.values()}

        assert statuses == {status}
        assert pipedrive.recorder.operations == EXAMPLES.keys()


def test_a_cut_connection_is_on_record_without_an_answer(
    pipedrive_on_record: OnRecord, simulator: PipedriveSimulator
) -> None:
    simulator.faults.add(Fault(does=Cut()))

    with pipedrive_on_record(simulator) as pipedrive, client_of(pipedrive) as client:
        with pytest.raises(httpx.RemoteProtocolError):
            client.get(EXAMPLES["v2_getDeals"])

        assert [exchange.status for exchange in pipedrive.recorder.exchanges] == [None]


def test_limits_are_told_and_enforced_rightly(
    pipedrive_on_record: OnRecord, simulator: PipedriveSimulator
) -> None:
    limited = PipedriveSimulator(simulator.state, limits=RateLimits(daily_tokens=25))

    with pipedrive_on_record(limited) as pipedrive, client_of(pipedrive) as client:
        statuses = [client.get(EXAMPLES["v2_getDeals"]).status_code for _ in range(3)]

        assert statuses == [HTTPStatus.OK, HTTPStatus.OK, HTTPStatus.TOO_MANY_REQUESTS]


@pytest.mark.parametrize(
    "path",
    [
        "/api/v2/deals/77",
        "/api/v2/pipelines/77",
        "/api/v2/stages/77",
        "/api/v2/organizations/77",
        "/api/v2/persons/77",
        "/v1/users/77",
        "/v1/deals/77/flow",
    ],
)
def test_a_record_that_there_is_none_of_is_told_rightly(
    pipedrive_on_record: OnRecord, simulator: PipedriveSimulator, path: str
) -> None:
    with pipedrive_on_record(simulator) as pipedrive, client_of(pipedrive) as client:
        assert client.get(path).status_code == HTTPStatus.NOT_FOUND


def test_a_deleted_deal_is_shown_rightly(
    pipedrive_on_record: OnRecord, simulator: PipedriveSimulator
) -> None:
    with pipedrive_on_record(simulator) as pipedrive, client_of(pipedrive) as client:
        [deal] = client.get("/api/v2/deals?status=deleted").json()["data"]

        assert deal["id"] == 3


@pytest.mark.parametrize(
    "path",
    [
        "/api/v2/deals?limit=501",
        "/api/v2/deals?sort_by=title",
        "/api/v2/deals?status=sold",
        "/v1/deals/1/flow?limit=0",
    ],
)
def test_a_request_that_breaks_the_description_is_refused_rightly(
    pipedrive_on_record: OnRecord, simulator: PipedriveSimulator, path: str
) -> None:
    with pipedrive_on_record(simulator) as pipedrive, client_of(pipedrive) as client:
        with pipedrive.recorder.wrong_on_purpose():
            response = client.get(path)

        assert response.status_code == HTTPStatus.BAD_REQUEST
