"""A wire with answers of our choice, and the HubSpot writer at its end."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from activation.writers.base import Outcome, RowRequest
from activation.writers.hubspot import HubSpotWriter
from activation.writers.hubspot_client import HubSpotClient
from activation.writers.limits import Quota
from tests.activation.scripted_wire import Wire

TOKEN = "a-token-of-no-account"
ROWS = [RowRequest("7", {"cs_stage": "cs_success"}), RowRequest("8", {"cs_stage": "cs_sales"})]


@pytest.fixture
def wire() -> Wire:
    return Wire()


@pytest.fixture
def client(wire: Wire) -> Iterator[HubSpotClient]:
    client = HubSpotClient(
        token=TOKEN,
        base_url="https://hubspot.example.com",
        sleep=wire.pauses.append,
        transport=httpx.MockTransport(wire.handle),
        limiter=Quota(10_000, 1).limiter(),
    )
    yield client
    client.close()


@pytest.fixture
def writer(client: HubSpotClient) -> HubSpotWriter:
    return HubSpotWriter("company", client)


def written(*keys: str, status: int = 200, **more: object) -> httpx.Response:
    results = [{"id": key, "properties": {}} for key in keys]
    return httpx.Response(status, json={"status": "COMPLETE", "results": results, **more})


def refusal(status: int, message: str = "No.", **more: object) -> httpx.Response:
    body = {"status": "error", "message": message, "correlationId": "corr-1", **more}
    return httpx.Response(status, json=body)


def rate_limited(retry_after: str | None = None, policy: str = "SECONDLY") -> httpx.Response:
    headers = {} if retry_after is None else {"Retry-After": retry_after}
    body = {"message": "You have reached your limit.", "policyName": policy, "requestId": "req-1"}
    return httpx.Response(429, json=body, headers=headers)


def outcomes(writer: HubSpotWriter) -> dict[str, Outcome]:
    return {result.key: result.outcome for result in writer.write(ROWS)}


# What is asked
