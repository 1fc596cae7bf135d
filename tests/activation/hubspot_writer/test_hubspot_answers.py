"""What the HubSpot writer makes of each row of an answer."""

from __future__ import annotations

import httpx
import pytest

from activation.errors import DestinationRefusedError
from activation.writers.base import Outcome
from activation.writers.hubspot import HubSpotWriter
from tests.activation.hubspot_writer.conftest import ROWS, outcomes, refusal, written
from tests.activation.scripted_wire import Wire


@pytest.mark.parametrize(
    "context", [{"objectWriteTraceId": ["8"]}, {"ids": ["8"]}, {"objectWriteTraceId": "8"}]
)
def test_a_207_names_the_rows_that_failed(
    wire: Wire, writer: HubSpotWriter, context: dict[str, object]
) -> None:
    error = {"message": "Not possible.", "context": context, "errors": [{"message": "Too old."}]}
    response = written("7", status=207, numErrors=1, errors=[error])
    response.headers["x-hubspot-correlation-id"] = "corr-7"
    wire.answers = [response]
    good, bad = writer.write(ROWS)
    assert good.outcome is Outcome.WRITTEN
    assert (bad.outcome, bad.message) == (Outcome.FAILED, "Not possible.: Too old.")
    assert bad.request_id == "corr-7"


def test_an_error_that_names_another_record_blames_none_of_the_rows(
    wire: Wire, writer: HubSpotWriter
) -> None:
    error = {"message": "Taken.", "context": {"existingId": ["7"]}}
    wire.answers = [written(status=207, errors=[error])]
    assert set(outcomes(writer).values()) == {Outcome.REJECTED}


def test_a_row_that_a_207_passes_over_is_to_be_tried_by_itself(
    wire: Wire, writer: HubSpotWriter
) -> None:
    wire.answers = [written("7", status=207)]
    assert outcomes(writer) == {"7": Outcome.WRITTEN, "8": Outcome.REJECTED}
    wire.answers, wire.requests = [written(status=207)], []
    (alone,) = writer.write(ROWS[1:])
    assert (alone.outcome, alone.message) == (
        Outcome.FAILED,
        "HubSpot confirmed nothing for this record.",
    )


def test_a_record_that_was_merged_is_known_by_its_trace(wire: Wire, writer: HubSpotWriter) -> None:
    results = [{"id": "900", "objectWriteTraceId": "7"}, {"id": "8", "objectWriteTraceId": "8"}]
    wire.answers = [httpx.Response(200, json={"results": results})]
    assert outcomes(writer) == {"7": Outcome.WRITTEN, "8": Outcome.WRITTEN}


@pytest.mark.parametrize("status", [400, 409, 413, 422])
def test_a_refused_batch_leaves_open_whose_fault_it_was(
    wire: Wire, writer: HubSpotWriter, status: int
) -> None:
    wire.answers = [refusal(status, "Property values were not valid.")]
    assert set(outcomes(writer).values()) == {Outcome.REJECTED}
    (alone,) = writer.write(ROWS[:1])
    assert alone.outcome is Outcome.FAILED
    assert (alone.message, alone.request_id) == ("Property values were not valid.", "corr-1")
    assert writer.usage.retries == 0


def test_a_404_of_a_record_is_a_refusal_and_any_other_ends_the_run(
    wire: Wire, writer: HubSpotWriter
) -> None:
    wire.answers = [refusal(404, category="OBJECT_NOT_FOUND")]
    assert set(outcomes(writer).values()) == {Outcome.REJECTED}
    wire.answers = [httpx.Response(404, text="<html>")]
    with pytest.raises(DestinationRefusedError, match=r"404 .*check HUBSPOT_BASE_URL"):
        writer.write(ROWS)


def test_e_mail_addresses_are_cut_out_of_a_message(wire: Wire, writer: HubSpotWriter) -> None:
    wire.answers = [refusal(400, 'The value "jo.doe@mail.example.com" is taken.')]
    (alone,) = writer.write(ROWS[:1])
    assert alone.message == 'The value "(address)" is taken.'
