"""Keeping the local HubSpot's account, and running it as a program of its own."""

from __future__ import annotations

import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulators.clock import StoppedClock
from simulators.hubspot import (
    DEFAULT_TOKEN,
    HubspotSimulator,
    HubspotState,
    Owner,
    StateFileError,
    load_state,
    save_state,
)
from simulators.serving import serving
from tests.simulators.conftest import NOON, Hubspot

HEADERS = {"Authorization": f"Bearer {DEFAULT_TOKEN}"}


def everything(hubspot: HubspotSimulator) -> list[object]:
    """All that can be read of an account."""
    with (
        serving(hubspot) as base_url,
        httpx.Client(base_url=base_url, headers=HEADERS) as client,
    ):
        return [
            client.get(path).raise_for_status().json()
            for path in (
                "/crm/v3/objects/companies?propertiesWithHistory=name",
                "/crm/v3/objects/companies?archived=true",
                "/crm/v3/objects/contacts",
                "/crm/v3/properties/companies",
                "/crm/v3/owners",
            )
        ]


def test_a_saved_account_goes_on_where_it_stopped(
    hubspot: Hubspot, clock: StoppedClock, tmp_path: Path
) -> None:
    state = hubspot.state
    clock.advance(timedelta(hours=1))
    state.write("companies", "1001", {"name": "Loud Harbour", "domain": ""})
    state.archive("companies", "1003")
    state.add("contacts", {"email": "cy@example.com"})
    state.set_options("companies", "account_manager", ["ada", "bo"])

    save_state(state, tmp_path / "account" / "hubspot.json")
    restored = load_state(tmp_path / "account" / "hubspot.json", clock=clock)

    assert everything(HubspotSimulator(restored)) == everything(HubspotSimulator(state))
    assert restored.add("companies", {"name": "Next"}).id == "1004"
    assert [path.name for path in (tmp_path / "account").iterdir()] == ["hubspot.json"]


@settings(deadline=None)
@given(
    st.lists(st.dictionaries(st.sampled_from(["name", "country", "domain"]), st.text()), max_size=6)
)
def test_every_state_that_a_record_was_in_is_saved_with_it(
    tmp_path_factory: pytest.TempPathFactory, writes: list[dict[str, str]]
) -> None:
    clock = StoppedClock(NOON)
    state = HubspotState.with_companies([{"name": "Quiet Harbour"}], clock=clock)
    company = state.record("companies", "1001")
    seen = [company.current()]
    for write in writes:
        clock.advance(timedelta(seconds=1))
        state.write("companies", "1001", write)
        seen.append(company.current())
    path = tmp_path_factory.mktemp("account") / "hubspot.json"
    save_state(state, path)

    restored = load_state(path).record("companies", "1001")

    assert restored == company
    assert restored.as_of(NOON - timedelta(seconds=1)) is None
    assert [restored.as_of(NOON + timedelta(seconds=second)) for second in range(len(seen))] == seen


def test_a_file_that_holds_no_account_is_named(tmp_path: Path) -> None:
    path = tmp_path / "hubspot.json"
    path.write_text('{"owners": 5}')

    with pytest.raises(StateFileError, match=r"hubspot\.json is not a saved HubSpot account"):
        load_state(path)


def test_ids_and_times_of_a_record_can_be_given() -> None:
    state = HubspotState.with_companies(
        [{"hs_object_id": "512", "createdate": "2026-01-02", "name": "Old"}, {"name": "Next"}]
    )

    assert state.record("companies", "512").properties["createdate"] == "2026-01-02T00:00:00.000Z"
    assert state.record("companies", "513").properties["name"] == "Next"
    with pytest.raises(ValueError, match="512"):
        state.add("companies", {"hs_object_id": "512"})


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_run_alone_it_keeps_its_account_from_one_run_to_the_next(
    tmp_path: Path, number: signal.Signals
) -> None:
    path = tmp_path / "hubspot.json"
    save_state(HubspotState.with_companies([{"name": "Quiet Harbour"}]), path)

    for name in ("Quiet Harbour", "Loud Harbour"):
        with subprocess.Popen(
            [sys.executable, "-m", "simulators.hubspot", "--state", str(path)],
            stdout=subprocess.PIPE,
            text=True,
        ) as process:
            assert process.stdout is not None
            base_url = process.stdout.readline().strip()
            with httpx.Client(base_url=base_url, headers=HEADERS) as client:
                company = "/crm/v3/objects/companies/1001"
                found = client.get(company).json()["properties"]["name"]
                client.patch(company, json={"properties": {"name": "Loud Harbour"}})
            process.send_signal(number)
        assert (found, process.returncode) == (name, 0)


def test_run_alone_it_says_what_is_wrong(tmp_path: Path) -> None:
    (tmp_path / "hubspot.json").write_text("[]")
    with serving(HubspotSimulator(HubspotState(owners=[Owner("1", "ada@example.com")]))) as url:
        wrong_file = run("--state", str(tmp_path / "hubspot.json"))
        taken_port = run("--port", str(httpx.URL(url).port))

    assert (wrong_file.returncode, taken_port.returncode) == (1, 1)
    assert "is not a saved HubSpot account" in wrong_file.stderr
    assert "give another --port" in taken_port.stderr


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "simulators.hubspot", *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
