"""The HubSpot writer and its simulator, both held to HubSpot's API description."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from activation.diagnosis import diagnose_hubspot
from activation.errors import NoAnswerError
from activation.writers.base import Outcome, RowRequest
from activation.writers.hubspot import HubSpotWriter
from activation.writers.hubspot_client import HubSpotClient
from activation.writers.limits import Quota
from simulators.faults import Cut, Fault, RateLimited, Refuse, ServerError
from simulators.hubspot import DEFAULT_TOKEN, HubspotSimulator, HubspotState, Owner
from tests.contracts.conftest import OnRecord
from warehouse.diagnosis import Verdict
from warehouse.settings import Settings

PROPERTIES = ("salesaccountmanager", "cs_stage", "hubspot_owner_id")


@contextmanager
def writing(base_url: str) -> Iterator[HubSpotWriter]:
    client = HubSpotClient(
        token=DEFAULT_TOKEN,
        base_url=base_url,
        limiter=Quota(10_000, 1).limiter(),
        sleep=lambda _: None,
    )
    yield HubSpotWriter("company", client)
    client.close()


@pytest.fixture
def simulator() -> HubspotSimulator:
    return HubspotSimulator(
        HubspotState.with_companies(
            [{"hs_object_id": key} for key in ("1001", "1002", "1003")],
            dropdowns={"cs_stage": ["cs_sales", "cs_success"]},
            owners=[Owner(str(number), f"{number}@example.com") for number in range(1, 251)],
        )
    )


def stages(*keys: str, stage: str | None = "cs_success") -> list[RowRequest]:
    return [RowRequest(key, {"cs_stage": stage, "hubspot_owner_id": "250"}) for key in keys]


def test_describing_properties_with_more_owners_than_a_page_holds(
    hubspot_on_record: OnRecord, simulator: HubspotSimulator
) -> None:
    with hubspot_on_record(simulator) as hubspot, writing(hubspot.base_url) as writer:
        described = writer.describe(PROPERTIES)
    assert set(described) == set(PROPERTIES)
    assert len(described["hubspot_owner_id"].options) == 250
    assert len(simulator.calls.to("/crm/v3/owners")) == 3


def test_reading_records_back_some_of_which_do_not_exist(
    hubspot_on_record: OnRecord, simulator: HubspotSimulator
) -> None:
    simulator.state.write("companies", "1001", {"cs_stage": "cs_sales"})
    simulator.faults.add(Fault(does=RateLimited(), times=1))
    with hubspot_on_record(simulator) as hubspot, writing(hubspot.base_url) as writer:
        records = writer.read(["1001", "1002", "404404"], PROPERTIES)
        alone = writer.read(["404404"], PROPERTIES)
    assert set(records) == {"1001", "1002"}
    assert records["1001"]["cs_stage"] == "cs_sales"
    assert not records["1002"].get("cs_stage")
    assert alone == {}
    assert (writer.usage.calls, writer.usage.write_calls, writer.usage.retries) == (3, 0, 1)


def test_the_doctors_questions(hubspot_on_record: OnRecord, simulator: HubspotSimulator) -> None:
    with hubspot_on_record(simulator) as hubspot:
        settings = Settings(HUBSPOT_ACCESS_TOKEN=DEFAULT_TOKEN, HUBSPOT_BASE_URL=hubspot.base_url)
        verdicts = {each.check: each.verdict for each in diagnose_hubspot(settings)}
    assert verdicts == {"hubspot": Verdict.OK, "clock, hubspot": Verdict.OK}
    assert simulator.calls.writes == []


def test_making_options(hubspot_on_record: OnRecord, simulator: HubspotSimulator) -> None:
    with hubspot_on_record(simulator) as hubspot, writing(hubspot.base_url) as writer:
        writer.add_options(writer.describe(PROPERTIES)["cs_stage"], ["cs_sbp"])
    assert simulator.state.options("companies", "cs_stage") == ["cs_sales", "cs_success", "cs_sbp"]


def test_writing_clearing_and_writing_what_is_not_there(
    hubspot_on_record: OnRecord, simulator: HubspotSimulator
) -> None:
    simulator.faults.add(Fault(does=Refuse(record_id="1002")))
    with hubspot_on_record(simulator) as hubspot, writing(hubspot.base_url) as writer:
        outcomes = {
            result.key: result.outcome
            for result in writer.write(stages("1001", "1002", "1003", "404404"))
        }
        writer.write(stages("1003", stage=None))
    assert outcomes == {
        "1001": Outcome.WRITTEN,
        "1002": Outcome.FAILED,
        "1003": Outcome.WRITTEN,
        "404404": Outcome.FAILED,
    }
    assert simulator.state.record("companies", "1001").properties["cs_stage"] == "cs_success"
    assert "cs_stage" not in simulator.state.record("companies", "1003").properties


def test_a_batch_that_is_refused_as_one(
    hubspot_on_record: OnRecord, simulator: HubspotSimulator
) -> None:
    with hubspot_on_record(simulator) as hubspot, writing(hubspot.base_url) as writer:
        together = writer.write(stages("1001", "1002", stage="no_such_stage"))
        alone = writer.write(stages("1001", stage="no_such_stage"))
    assert {result.outcome for result in together} == {Outcome.REJECTED}
    assert [result.outcome for result in alone] == [Outcome.FAILED]
    assert all(result.request_id for result in [*together, *alone])


@pytest.mark.parametrize("fault", [RateLimited(retry_after=1), RateLimited(), ServerError()])
def test_requests_that_are_made_again(
    hubspot_on_record: OnRecord,
    simulator: HubspotSimulator,
    fault: RateLimited | ServerError,
) -> None:
    simulator.faults.add(Fault(does=fault, times=2))
    with hubspot_on_record(simulator) as hubspot, writing(hubspot.base_url) as writer:
        results = writer.write(stages("1001", "1002"))
    assert {result.outcome for result in results} == {Outcome.WRITTEN}
    assert writer.usage.retries == 2


def test_a_write_whose_answer_is_lost_is_made_once(
    hubspot_on_record: OnRecord, simulator: HubspotSimulator
) -> None:
    simulator.faults.add(Fault(does=Cut(takes_effect=True), times=1))
    with hubspot_on_record(simulator) as hubspot, writing(hubspot.base_url) as writer:
        with pytest.raises(NoAnswerError):
            writer.write(stages("1001"))
        assert writer.read(["1001"], PROPERTIES)["1001"]["cs_stage"] == "cs_success"
    assert len(simulator.calls.writes) == 1
