"""What a probe of Pipedrive finds out, without writing anything."""

from __future__ import annotations

import pytest

from ingestion.pipedrive.errors import PipedriveError
from ingestion.pipedrive.probe import probe_pipedrive
from simulators.faults import Fault, HtmlPage, ServerError
from simulators.pipedrive import PipedriveSimulator, PipedriveState, RateLimits
from tests.ingestion.pipedrive.conftest import Account, Serve, settings_for


def test_a_probe_tells_what_can_be_read_what_is_there_and_what_is_left(
    serve: Serve, state: PipedriveState
) -> None:
    account = serve(PipedriveSimulator(state, limits=RateLimits(burst=40, daily_tokens=1_000)))

    found = probe_pipedrive(account.settings())

    assert (found.account, found.is_complete) == ("example", True)
    assert {path.path: path.records for path in found.paths} == {
        "api/v2/deals": 4,
        "api/v2/deals/archived": 0,
        "api/v2/pipelines": 2,
        "api/v2/stages": 4,
        "v1/users": 1,
        "api/v2/organizations": 1,
        "v1/deals/1/flow": 2,
    }
    assert found.requests_in_two_seconds == 40
    assert found.tokens_spent == account.simulator.tokens_asked
    assert found.tokens_left == 1_000 - found.tokens_spent


def test_a_probe_writes_nothing(account: Account) -> None:
    before = account.everything()

    probe_pipedrive(account.settings())

    assert account.everything() == before
    assert account.tokens_counted() == 0


def test_what_cannot_be_read_is_named_and_the_rest_is_tried(account: Account) -> None:
    account.simulator.faults.add(
        Fault(does=ServerError(status=500), path="/api/v2/stages"),
        Fault(does=HtmlPage(status=200), path="/v1/users"),
    )

    found = probe_pipedrive(account.settings())

    problems = {path.path: path.problem for path in found.paths if not path.can_be_read}
    assert set(problems) == {"api/v2/stages", "v1/users"}
    assert "answered 500 again and again" in str(problems["api/v2/stages"])
    assert not found.is_complete


def test_a_token_that_is_not_accepted_is_one_sentence(account: Account) -> None:
    with pytest.raises(PipedriveError, match="does not accept the API token"):
        probe_pipedrive(settings_for(account.base_url, token="wrong"))
