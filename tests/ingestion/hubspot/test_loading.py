"""What a load of HubSpot lands, tells and leaves behind."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from dlt.common.runtime.run_context import global_dir
from requests import PreparedRequest

from ingestion.api.summary import TableLoad
from ingestion.hubspot.limits import limits_of
from ingestion.hubspot.objects import CRM_OBJECTS, TABLES, CrmObject
from simulators.hubspot import HubspotSimulator, HubspotState
from tests.ingestion.hubspot.conftest import Account, Serve

COMPANIES = "companies"


@pytest.fixture
def large_account(serve: Serve) -> Account:
    """An account with 250 companies, the first of them with the id 1001."""
    return serve(
        HubspotSimulator(
            HubspotState.with_companies({"name": f"Company {number}"} for number in range(250))
        )
    )


def test_all_records_land_over_several_pages(large_account: Account) -> None:
    seen: list[int] = []

    summary = large_account.load(on_progress=seen.append)

    assert summary.of(COMPANIES) == TableLoad(
        COMPANIES, read=250, landed=250, known=0, incomplete=0, gone=0, calls=4
    )
    assert summary.calls == len(large_account.simulator.calls)
    assert seen == sorted(seen)
    definitions = summary.of("property_definitions").read
    assert seen[-1] == 250 + 250 + definitions  # each company comes with its histories again
    assert large_account.names() == {
        str(1001 + number): f"Company {number}" for number in range(250)
    }


def test_every_load_has_a_row_in_the_ledger_for_every_table(account: Account) -> None:
    account.load()
    summary = account.load_later()

    ledger = account.rows(
        "select table_name, place, rows_read, rows_accepted, rows_rejected, rows_duplicate "
        "from ops.load_ledger where source = 'hubspot' order by load_id"
    )
    assert len(ledger) == 2 * len(TABLES)
    assert [table for table, *_ in ledger] == [table.full_name for table in TABLES] * 2
    assert ledger[0] == (
        "raw_hubspot.companies",
        f"{account.base_url}/crm/v3/objects/companies",
        3,
        3,
        0,
        0,
    )
    assert [counts for _, _, *counts in ledger[len(TABLES) :]] == [
        [table.read, table.landed, table.incomplete, table.known] for table in summary.tables
    ]


def test_a_record_lands_with_its_times_and_properties(account: Account) -> None:
    account.state.set_options(COMPANIES, "cs_stage", ["cs_success"])
    account.state.add(
        COMPANIES,
        {
            "hs_object_id": "77",
            "name": "Müller & Söhne",
            "country": "DE",
            "cs_stage": "cs_success",
            "createdate": "2026-01-02T03:04:05.678Z",
            "hs_lastmodifieddate": "2026-02-03T04:05:06.789Z",
        },
    )

    account.load()

    [(archived, created_at, updated_at, properties)] = account.rows(
        "select archived, created_at, updated_at, properties from raw_hubspot.companies "
        "where id = '77'"
    )
    assert archived is False
    assert created_at == datetime(2026, 1, 2, 3, 4, 5, 678_000, tzinfo=UTC)
    assert updated_at == datetime(2026, 2, 3, 4, 5, 6, 789_000, tzinfo=UTC)
    assert isinstance(properties, dict)
    assert properties["name"] == "Müller & Söhne"
    assert properties["country"] == "DE"
    assert properties["cs_stage"] == "cs_success"


@pytest.mark.parametrize("crm_object", CRM_OBJECTS, ids=lambda kind: kind.name)
def test_an_account_has_every_property_that_is_asked_for(
    account: Account, crm_object: CrmObject
) -> None:
    definitions = account.state.tables[crm_object.name].definitions
    assert set(crm_object.properties) <= definitions.keys()
    assert crm_object.modified_property in definitions


def test_an_empty_account_leaves_the_tables_empty(serve: Serve) -> None:
    account = serve(HubspotSimulator())
    for _ in range(2):
        summary = account.load()
        assert summary.of(COMPANIES) == TableLoad(COMPANIES, 0, 0, 0, 0, 0, calls=2)
        assert summary.of("contact_company_associations").calls == 0

    assert account.names() == {}


def test_a_load_keeps_the_tables_that_the_migrations_made_and_leaves_no_others(
    account: Account,
) -> None:
    statement = (
        "select table_schema, table_name, column_name, data_type, is_nullable "
        "from information_schema.columns where table_schema like 'raw\\_%' order by 1, 2, 3"
    )
    before = account.rows(statement)

    account.load()

    assert account.rows(statement) == before


def test_a_load_leaves_nothing_on_disk_and_prints_nothing(
    account: Account,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "temporary").mkdir()
    (tmp_path / "project").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    monkeypatch.chdir(tmp_path / "project")
    files_of_dlt = set(Path(global_dir()).rglob("*"))

    account.load()

    assert sorted(tmp_path.rglob("*")) == [
        tmp_path / "home", tmp_path / "project", tmp_path / "temporary"
    ]  # fmt: skip
    assert set(Path(global_dir()).rglob("*")) == files_of_dlt
    assert capfd.readouterr() == ("", "")


def test_a_search_counts_against_both_limits_and_all_else_against_one(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    waited: list[bool] = []

    def wait(_: object, request: PreparedRequest) -> None:
        waited.append("/search" in str(request.url))

    account.load()
    monkeypatch.setattr("ingestion.hubspot.limits.RequestLimits.wait", wait)
    account.load()

    assert waited == [call.path.endswith("/search") for call in account.simulator.calls]
    assert waited.count(True) == len(CRM_OBJECTS)


def test_loads_of_one_account_share_its_limits() -> None:
    assert limits_of("one account") is limits_of("one account")
    assert limits_of("one account") is not limits_of("another account")


def test_a_summary_names_its_tables(account: Account) -> None:
    summary = account.load()

    assert [each.table for each in summary.tables] == [table.name for table in TABLES]
    assert summary.records == sum(each.landed for each in summary.tables)
