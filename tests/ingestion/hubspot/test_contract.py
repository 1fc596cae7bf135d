"""HubSpot is held to a contract: what is new arrives, what has changed stops its table."""

from __future__ import annotations

import pytest

from ingestion.api.load import StoppedTablesError
from ingestion.errors import IngestionError
from ingestion.hubspot.landing import ingest_hubspot
from simulators.hubspot import HubspotState
from tests.ingestion.hubspot.answering import answering
from tests.ingestion.hubspot.conftest import Account, settings_for
from tests.ingestion.raw_tables import rows
from warehouse.database import Warehouse

MADE = {"createdAt": "2026-03-01T00:00:00Z", "updatedAt": "2026-03-01T00:00:00Z"}


def record(**changed: object) -> dict[str, object]:
    return {"id": "1", "archived": False, "properties": {"name": "One"}, **MADE, **changed}


def load(warehouse: Warehouse, companies: object) -> str:
    """What a load says of an account whose every list is empty but that of the companies."""
    with answering({"results": companies}, {"results": []}) as base_url:
        try:
            ingest_hubspot(warehouse, settings_for(base_url))
        except IngestionError as error:
            return str(error)
    return ""


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"id": 1}, "id is not text"),
        ({"properties": {"name": 7}}, "properties.name is not text"),
        ({"properties": None}, "properties is not an object"),
        ({"updatedAt": "yesterday"}, "updatedAt is not a time with an offset"),
        ({"updatedAt": 1772323200000}, "updatedAt is not a time with an offset"),
        ({"archived": "false"}, "archived is neither true nor false"),
    ],
    ids=str,
)
def test_a_changed_type_stops_the_table_in_a_sentence(
    warehouse: Warehouse, changed: dict[str, object], sentence: str
) -> None:
    told = load(warehouse, [record(**changed)])

    assert told.startswith("raw_hubspot.companies was not loaded")
    assert sentence in told
    with warehouse.connect() as connection:
        assert rows(connection, "select id from raw_hubspot.companies") == []
        read = rows(connection, "select object_type from raw_hubspot.read_until order by 1")
        assert read == [("contacts",), ("deals",)]
        tables = "select table_name from ops.load_ledger where table_name like '%companies'"
        assert rows(connection, tables) == []


def test_a_new_field_arrives_and_is_told_once(warehouse: Warehouse) -> None:
    with answering({"results": [record()]}, {"results": []}) as base_url:
        first = ingest_hubspot(warehouse, settings_for(base_url))
    with answering({"results": [record(colour="red")]}, {"results": []}) as base_url:
        second = ingest_hubspot(warehouse, settings_for(base_url))
    with answering({"results": [record(colour="red")]}, {"results": []}) as base_url:
        third = ingest_hubspot(warehouse, settings_for(base_url))

    assert [each.of("companies").new_fields for each in (first, second, third)] == [
        (),
        ("colour",),
        (),
    ]
    with warehouse.connect() as connection:
        assert rows(connection, "select more from raw_hubspot.companies") == [({"colour": "red"},)]


def test_a_list_that_would_lose_most_of_its_rows_is_not_believed(
    account: Account, state: HubspotState
) -> None:
    account.load()
    state.owners.clear()
    state.add("companies", {"name": "Another"})

    with pytest.raises(StoppedTablesError, match="of its 1 rows only 0 would be left") as stopped:
        account.load_later()
    assert account.archived("owners") == ["42"]
    assert stopped.value.summary.of("companies").landed == 1

    account.load_later(allow_shrinking=True)
    assert account.archived("owners") == ["41", "42"]
