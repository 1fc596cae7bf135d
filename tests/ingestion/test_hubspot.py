"""HubSpot's companies, from a local HubSpot into the raw schema."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import pytest
from dlt.common.runtime.run_context import global_dir
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from ingestion.hubspot import landing
from ingestion.hubspot.errors import HubspotError
from ingestion.hubspot.landing import HubspotLoadSummary, ingest_hubspot
from ingestion.hubspot.source import COMPANY_PROPERTIES
from simulators.faults import Cut, Fault, HtmlPage, RateLimited, ServerError
from simulators.hubspot import DEFAULT_TOKEN, HubspotSimulator, HubspotState
from simulators.serving import serving
from tests.ingestion.raw_tables import Rows, rows
from warehouse.database import Warehouse
from warehouse.settings import Settings, SettingsError

COMPANIES = "companies"


@pytest.fixture
def hubspot() -> HubspotSimulator:
    """An account with 250 companies, the first of them with the id 1001."""
    return HubspotSimulator(
        HubspotState.with_companies(
            {"name": f"Company {number}", "domain": f"c{number}.example.com"}
            for number in range(250)
        )
    )


@pytest.fixture
def base_url(hubspot: HubspotSimulator) -> Iterator[str]:
    """Where that account answers."""
    with serving(hubspot) as base_url:
        yield base_url


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for a repetition here."""
    monkeypatch.setattr(landing, "_BACKOFF_SECONDS", 0)


def settings_for(base_url: str, token: str | None = DEFAULT_TOKEN) -> Settings:
    """Settings that know this HubSpot and nothing else."""
    return Settings.model_validate({"HUBSPOT_BASE_URL": base_url, "HUBSPOT_ACCESS_TOKEN": token})


def query(warehouse: Warehouse, statement: str) -> Rows:
    """The rows of a query."""
    with warehouse.connect() as connection:
        return rows(connection, statement)


def test_all_companies_land_over_several_pages(
    warehouse: Warehouse, hubspot: HubspotSimulator, base_url: str
) -> None:
    seen: list[int] = []

    summary = ingest_hubspot(warehouse, settings_for(base_url), on_progress=seen.append)

    assert summary == HubspotLoadSummary(records=250, repeated=0, calls=3)
    assert seen == [100, 200, 250]
    assert len(hubspot.calls) == 3
    assert query(warehouse, "select id, properties ->> 'name' from raw_hubspot.companies") == [
        (str(1001 + number), f"Company {number}") for number in range(250)
    ]
    assert query(
        warehouse,
        "select source, table_name, place, rows_read, rows_accepted, rows_rejected, rows_duplicate "
        "from ops.load_ledger",
    ) == [
        (
            "hubspot",
            "raw_hubspot.companies",
            f"{base_url}/crm/v3/objects/companies",
            250,
            250,
            0,
            0,
        )
    ]


def test_a_company_lands_with_its_times_and_properties(
    warehouse: Warehouse, hubspot: HubspotSimulator, base_url: str
) -> None:
    hubspot.state.set_options(COMPANIES, "cs_stage", ["cs_success"])
    hubspot.state.add(
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

    ingest_hubspot(warehouse, settings_for(base_url))

    [(archived, created_at, updated_at, properties)] = query(
        warehouse,
        "select archived, created_at, updated_at, properties from raw_hubspot.companies "
        "where id = '77'",
    )
    assert archived is False
    assert created_at == datetime(2026, 1, 2, 3, 4, 5, 678_000, tzinfo=UTC)
    assert updated_at == datetime(2026, 2, 3, 4, 5, 6, 789_000, tzinfo=UTC)
    assert isinstance(properties, dict)
    assert properties["name"] == "Müller & Söhne"
    assert properties["country"] == "DE"
    assert properties["cs_stage"] == "cs_success"


def test_the_account_has_every_property_that_is_asked_for(hubspot: HubspotSimulator) -> None:
    assert set(COMPANY_PROPERTIES) <= hubspot.state.tables[COMPANIES].definitions.keys()


def test_a_second_load_brings_what_is_new_and_what_has_changed(
    warehouse: Warehouse, hubspot: HubspotSimulator, base_url: str
) -> None:
    ingest_hubspot(warehouse, settings_for(base_url))
    hubspot.state.write(COMPANIES, "1001", {"name": "Another name"})
    hubspot.state.add(COMPANIES, {"name": "New", "hs_object_id": "5000"})

    summary = ingest_hubspot(warehouse, settings_for(base_url))

    assert summary.records == 251
    assert query(
        warehouse,
        "select id, properties ->> 'name' from raw_hubspot.companies "
        "where id in ('1001', '1002', '5000') order by id",
    ) == [("1001", "Another name"), ("1002", "Company 1"), ("5000", "New")]
    assert query(warehouse, "select count(*) from raw_hubspot.companies") == [(251,)]


def test_an_empty_account_leaves_the_table_empty(warehouse: Warehouse) -> None:
    with serving(HubspotSimulator()) as base_url:
        for _ in range(2):
            summary = ingest_hubspot(warehouse, settings_for(base_url))
            assert summary == HubspotLoadSummary(records=0, repeated=0, calls=1)

    assert query(warehouse, "select count(*) from raw_hubspot.companies") == [(0,)]
    assert query(warehouse, "select rows_read from ops.load_ledger") == [(0,), (0,)]


def test_a_load_keeps_the_table_that_the_migration_made(
    warehouse: Warehouse, base_url: str
) -> None:
    statement = (
        "select column_name, data_type, is_nullable from information_schema.columns "
        "where table_schema = 'raw_hubspot' and table_name = 'companies' order by 1"
    )
    before = query(warehouse, statement)

    ingest_hubspot(warehouse, settings_for(base_url))

    assert query(warehouse, statement) == before


def test_a_load_after_a_reset_is_complete(warehouse: Warehouse, base_url: str) -> None:
    ingest_hubspot(warehouse, settings_for(base_url))
    warehouse.reset()

    ingest_hubspot(warehouse, settings_for(base_url))

    assert query(warehouse, "select count(*) from raw_hubspot.companies") == [(250,)]


def test_a_load_leaves_nothing_on_disk_and_prints_nothing(
    warehouse: Warehouse,
    base_url: str,
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

    ingest_hubspot(warehouse, settings_for(base_url))

    assert sorted(tmp_path.rglob("*")) == [
        tmp_path / "home", tmp_path / "project", tmp_path / "temporary"
    ]  # fmt: skip
    assert set(Path(global_dir()).rglob("*")) == files_of_dlt
    assert capfd.readouterr() == ("", "")


def test_without_a_token_nothing_is_asked(warehouse: Warehouse, hubspot: HubspotSimulator) -> None:
    with pytest.raises(SettingsError, match="HUBSPOT_ACCESS_TOKEN is not set"):
        ingest_hubspot(warehouse, settings_for("http://127.0.0.1:9", token=None))
    assert len(hubspot.calls) == 0


def test_a_wrong_token_is_one_sentence(
    warehouse: Warehouse, hubspot: HubspotSimulator, base_url: str
) -> None:
    with pytest.raises(HubspotError, match=r"^HubSpot does not accept the access token: ") as error:
        ingest_hubspot(warehouse, settings_for(base_url, token="wrong"))

    assert "wrong" not in str(error.value)
    assert len(hubspot.calls) == 1


def test_nobody_there_is_one_sentence(warehouse: Warehouse) -> None:
    with pytest.raises(HubspotError, match=r"^HubSpot does not answer at http://127\.0\.0\.1:9 "):
        ingest_hubspot(warehouse, settings_for("http://127.0.0.1:9"))


@pytest.mark.parametrize(
    "fault",
    [
        Fault(does=RateLimited(), times=2),
        Fault(does=ServerError(status=502), skip=1, times=3),
        Fault(does=HtmlPage(status=503), skip=2, times=1),
        Fault(does=Cut(), skip=1, times=2),
    ],
    ids=lambda fault: fault.does.kind,
)
def test_a_bad_moment_is_repeated(
    warehouse: Warehouse, hubspot: HubspotSimulator, base_url: str, fault: Fault
) -> None:
    hubspot.faults.add(fault)

    summary = ingest_hubspot(warehouse, settings_for(base_url))

    assert fault.times is not None
    assert summary == HubspotLoadSummary(records=250, repeated=0, calls=3 + fault.times)


class BadDay(NamedTuple):
    """Something that HubSpot does all day, what is said of it, and after how many requests."""

    does: Fault
    sentence: str
    calls: int


@pytest.mark.parametrize(
    "day",
    [
        BadDay(Fault(does=RateLimited(policy="DAILY"), skip=1), "daily limit .* is used up", 2),
        BadDay(Fault(does=RateLimited(), skip=1), "answered 429 again and again", 6),
        BadDay(Fault(does=ServerError(status=500)), "answered 500 again and again", 5),
        BadDay(Fault(does=HtmlPage(status=200), skip=2), "something else than JSON", 3),
        BadDay(Fault(does=Cut()), "does not answer", 5),
    ],
    ids=lambda day: day.sentence,
)
def test_a_bad_day_is_one_sentence_and_leaves_the_table_as_it_was(
    warehouse: Warehouse, hubspot: HubspotSimulator, base_url: str, day: BadDay
) -> None:
    ingest_hubspot(warehouse, settings_for(base_url))
    hubspot.calls.clear()
    hubspot.state.write(COMPANIES, "1001", {"name": "Another name"})
    hubspot.faults.add(day.does)

    with pytest.raises(HubspotError, match=day.sentence):
        ingest_hubspot(warehouse, settings_for(base_url))

    assert len(hubspot.calls) == day.calls
    assert query(
        warehouse, "select properties ->> 'name' from raw_hubspot.companies where id = '1001'"
    ) == [("Company 0",)]
    hubspot.faults.clear()
    assert ingest_hubspot(warehouse, settings_for(base_url)).records == 250


@contextmanager
def answering(*pages: object) -> Iterator[str]:
    """A server that answers with these, whatever it is asked, one after the other."""
    remaining = iter(pages)

    async def answer(_: Request) -> Response:
        return JSONResponse(next(remaining))

    with serving(Starlette(routes=[Route("/{path:path}", answer)])) as base_url:
        yield base_url


def company(name: str, updated_at: str) -> dict[str, object]:
    """A record as HubSpot gives it; always the same one."""
    return {
        "id": "1",
        "archived": False,
        "createdAt": "2026-01-01T00:00:00Z",
        "updatedAt": updated_at,
        "properties": {"name": name},
    }


def test_of_a_record_that_comes_twice_the_later_version_stays(warehouse: Warehouse) -> None:
    later, earlier = (
        company("later", "2026-03-02T00:00:00Z"),
        company("earlier", "2026-03-01T00:00:00Z"),
    )
    next_page = {"next": {"after": "1", "link": "https://api.example.com/never/asked"}}

    with answering({"results": [later], "paging": next_page}, {"results": [earlier]}) as base_url:
        summary = ingest_hubspot(warehouse, settings_for(base_url))

    assert summary == HubspotLoadSummary(records=1, repeated=1, calls=2)
    assert query(warehouse, "select properties ->> 'name' from raw_hubspot.companies") == [
        ("later",)
    ]
    assert query(
        warehouse, "select rows_read, rows_accepted, rows_duplicate from ops.load_ledger"
    ) == [(2, 1, 1)]


@pytest.mark.parametrize("answer", [{}, [], {"results": None}, "maintenance"])
def test_an_answer_that_is_no_page_is_one_sentence(warehouse: Warehouse, answer: object) -> None:
    with (
        answering(answer) as base_url,
        pytest.raises(HubspotError, match="something else than a page of records"),
    ):
        ingest_hubspot(warehouse, settings_for(base_url))


def test_a_record_that_cannot_be_landed_is_one_sentence(warehouse: Warehouse) -> None:
    with (
        answering({"results": [{"properties": {"name": "nobody"}}]}) as base_url,
        pytest.raises(HubspotError, match="could not be landed") as error,
    ):
        ingest_hubspot(warehouse, settings_for(base_url))
    assert "nobody" not in str(error.value)
