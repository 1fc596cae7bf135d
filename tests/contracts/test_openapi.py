"""The checker itself: it lets nothing by that the description does not allow."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from simulators.serving import serving
from tests.contracts.openapi import Description, Recorder

COMPANY = {
    "id": "1001",
    "properties": {"name": "Quiet Harbour"},
    "createdAt": "2026-11-01T10:00:00.000Z",
    "updatedAt": "2026-11-01T10:00:00.000Z",
}


class Answering:
    """An application that answers whatever it is given to answer."""

    def __init__(self) -> None:
        self.response: Response = JSONResponse(COMPANY)
        self.app = Starlette(
            routes=[Route("/{path:path}", self._answer, methods=["GET", "POST", "PATCH"])]
        )

    async def _answer(self, request: Request) -> Response:
        await request.body()
        return self.response


@pytest.fixture
def vendor() -> Answering:
    return Answering()


@pytest.fixture
def recorder(vendor: Answering, hubspot_description: Description) -> Recorder:
    return Recorder(vendor.app, hubspot_description)


@pytest.fixture
def client(recorder: Recorder) -> Iterator[httpx.Client]:
    with (
        serving(recorder) as base_url,
        httpx.Client(base_url=base_url, headers={"Authorization": "Bearer any"}) as client,
    ):
        yield client


def test_a_right_request_with_a_right_answer_passes(
    client: httpx.Client, recorder: Recorder
) -> None:
    client.get("/crm/v3/objects/companies/1001", params={"properties": ["name", "domain"]})

    assert recorder.violations == []
    assert recorder.operations == {"Company_Basic_get_by_id"}


@pytest.mark.parametrize(
    ("answer", "complaint"),
    [
        (JSONResponse({**COMPANY, "id": 1001}), "1001 is not of type 'string'"),
        (JSONResponse({**COMPANY, "properties": {"name": None}}), "None for not nullable"),
        (JSONResponse({**COMPANY, "createdAt": "yesterday"}), "'yesterday' is not a 'date-time'"),
        (JSONResponse({**COMPANY, "nickname": "Quiet"}), "'nickname'"),
        (JSONResponse({"id": "1001"}), "'createdAt' is a required property"),
        (JSONResponse(COMPANY, 202), "202"),
        (JSONResponse({"message": "no"}, 404), "'category' is a required property"),
        (JSONResponse({"message": "no"}, 503), "'category' is a required property"),
        (HTMLResponse("<h1>Hello</h1>"), "text/html"),
        (Response("not JSON", media_type="application/json"), "DataValidationError"),
    ],
)
def test_a_wrong_answer_is_caught(
    client: httpx.Client, recorder: Recorder, vendor: Answering, answer: Response, complaint: str
) -> None:
    vendor.response = answer

    client.get("/crm/v3/objects/companies/1001")

    [violation] = recorder.violations
    assert "answer: " in violation
    assert complaint in violation


@pytest.mark.parametrize(
    ("method", "path", "body", "complaint"),
    [
        ("GET", "/crm/v3/objects/tickets", None, "Path not found"),
        ("PATCH", "/crm/v3/owners/41", {}, "Operation patch not found"),
        ("GET", "/crm/v3/objects/companies/1001?propertys=name", None, "propertys"),
        ("PATCH", "/crm/v3/objects/companies/1001", {"properties": {"name": 1}}, "1 is not of"),
        ("PATCH", "/crm/v3/objects/companies/1001", {"property": {}}, "'property'"),
        ("PATCH", "/crm/v3/objects/companies/1001", None, "request body"),
    ],
)
def test_a_wrong_request_is_caught(
    client: httpx.Client,
    recorder: Recorder,
    method: str,
    path: str,
    body: object,
    complaint: str,
) -> None:
    client.request(method, path, json=body)

    assert any("request: " in one and complaint in one for one in recorder.violations)


def test_a_request_without_token_is_caught(client: httpx.Client, recorder: Recorder) -> None:
    del client.headers["Authorization"]

    client.get("/crm/v3/objects/companies/1001")

    [violation] = recorder.violations
    assert "Security not found" in violation


def test_a_request_that_is_wrong_on_purpose_excuses_no_wrong_answer(
    client: httpx.Client, recorder: Recorder, vendor: Answering
) -> None:
    vendor.response = JSONResponse({"message": "no"}, 400)

    with recorder.wrong_on_purpose():
        client.patch("/crm/v3/objects/companies/1001", json={"properties": {"name": 1}})

    [violation] = recorder.violations
    assert "'category' is a required property" in violation
