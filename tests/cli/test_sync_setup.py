"""`millrace sync setup` as a person or a script meets it."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
import yaml

from activation import declaration
from activation.errors import ExitCode
from cli.main import main
from simulators.faults import Fault, RateLimited
from simulators.hubspot import DEFAULT_TOKEN, HubspotSimulator
from simulators.serving import serving
from tests.activation.source import JOURNEY
from warehouse.settings import get_settings

SYNC = "hubspot_company__touches"
WANTED = {"millrace_first_touch_at": "instant", "millrace_first_touch_channel": "text"}


class Told(NamedTuple):
    """What the command said, and how it ended."""

    exit_code: int
    out: str
    err: str


Setup = Callable[..., Told]


@pytest.fixture
def simulator() -> HubspotSimulator:
    return HubspotSimulator()


@pytest.fixture
def setup(
    simulator: HubspotSimulator,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Iterator[Setup]:
    """Run `millrace sync setup` for a sync of two properties that the account does not have."""
    fields = [
        {"column": f"column_{number}", "property": name, "kind": kind}
        for number, (name, kind) in enumerate(WANTED.items())
    ]
    declared = {**JOURNEY.model_dump(mode="json", exclude={"guards"}), "name": SYNC}
    (tmp_path / f"{SYNC}.yml").write_text(yaml.safe_dump({**declared, "fields": fields}))
    for find in (declaration.find_declaration, declaration.load_declarations):
        monkeypatch.setattr(find, "__defaults__", (tmp_path,))
    with serving(simulator) as base_url:
        monkeypatch.setenv("HUBSPOT_BASE_URL", base_url)
        monkeypatch.setenv("HUBSPOT_ACCESS_TOKEN", DEFAULT_TOKEN)

        def run(*arguments: str, says: str | None = None) -> Told:
            get_settings.cache_clear()
            monkeypatch.setattr(sys, "argv", ["millrace", "sync", "setup", *arguments])
            monkeypatch.setattr(sys, "stdin", io.StringIO(f"{says}\n"))
            monkeypatch.setattr(sys.stdin, "isatty", lambda: says is not None)
            with pytest.raises(SystemExit) as end:
                main()
            out, err = capsys.readouterr()
            assert "Traceback" not in err
            return Told(int(end.value.code or 0), out, err)

        yield run
    get_settings.cache_clear()


def there(simulator: HubspotSimulator) -> set[str]:
    """Which of the properties the account has."""
    return WANTED.keys() & simulator.state.tables["companies"].definitions.keys()


def test_nothing_is_made_where_nobody_can_be_asked(
    setup: Setup, simulator: HubspotSimulator
) -> None:
    told = setup(SYNC)
    assert told.exit_code == ExitCode.STOPPED
    assert "hubspot company lacks 2 properties" in told.out
    assert "millrace_first_touch_at: Millrace first touch at, instant" in told.out
    assert "--yes makes them" in told.err
    assert there(simulator) == set()


def test_yes_makes_them_and_the_next_time_there_is_nothing_to_do(
    setup: Setup, simulator: HubspotSimulator
) -> None:
    told = setup(SYNC, "--yes")
    assert told.exit_code == ExitCode.DONE
    assert there(simulator) == WANTED.keys()
    assert "2 of 2 made" in told.out
    again = setup(SYNC)
    assert (again.exit_code, again.out) == (0, f"hubspot company has all properties of {SYNC}.\n")


@pytest.mark.parametrize(("says", "exit_code"), [("y", ExitCode.DONE), ("n", ExitCode.STOPPED)])
def test_whoever_can_be_asked_is(
    setup: Setup, simulator: HubspotSimulator, says: str, exit_code: ExitCode
) -> None:
    assert setup(SYNC, says=says).exit_code == exit_code
    assert there(simulator) == (WANTED.keys() if says == "y" else set())


def test_machines_are_told_what_would_be_made_and_what_was(setup: Setup) -> None:
    told = setup(SYNC, "--json")
    assert told.exit_code == ExitCode.STOPPED
    said = json.loads(told.out)
    assert {one["name"]: one["kind"] for one in said["missing"]} == WANTED
    assert (said["sync"], said["created"]) == (SYNC, [])
    assert json.loads(setup(SYNC, "--json", "--yes").out)["created"] == list(WANTED)


def test_a_destination_that_refuses_is_one_sentence_and_exit_code_1(
    setup: Setup, simulator: HubspotSimulator
) -> None:
    simulator.faults.add(Fault(does=RateLimited(policy="DAILY"), method="POST", skip=1))
    told = setup(SYNC, "--yes")
    assert told.exit_code == ExitCode.FAILED
    assert "daily limit" in told.err
    assert "1 of 2 made" in told.out


def test_an_unknown_sync_is_wrong_use(setup: Setup) -> None:
    assert setup("hubspot_company__nothing").exit_code == ExitCode.WRONG_USE
