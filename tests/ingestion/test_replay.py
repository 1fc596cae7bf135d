"""Rejected events go through the contract again, land once, and are accounted for."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from psycopg import Connection
from psycopg.rows import TupleRow

from ingestion.events import replay
from ingestion.events.batches import RejectedEvent
from ingestion.events.columns import read_events
from ingestion.events.landing import land
from ingestion.events.replay import ReplaySummary, replay_rejected
from tests.ingestion.raw_tables import LedgerRow, ledger, raw_tables, rows
from tests.ingestion.sending import RECEIVED_AT, event, text
from warehouse.database import Warehouse

REASON = "event_type is unknown"


@pytest.fixture
def connection(warehouse: Warehouse) -> Iterator[Connection[TupleRow]]:
    """To an empty warehouse."""
    with warehouse.connect() as connection:
        yield connection


def reject(connection: Connection[TupleRow], *raws: bytes, reason: str = REASON) -> None:
    """Texts as an older contract may have rejected them."""
    batch = read_events([], [], "request", RECEIVED_AT)
    rejected = [
        RejectedEvent.of(raw, f"/data/events.jsonl:{number}", reason)
        for number, raw in enumerate(raws, start=1)
    ]
    for each in rejected:
        connection.execute(
            "insert into raw_events.rejected_events values (%s, %s, %s, %s, %s, %s)",
            [each.rejected_id, batch.received_at, *each],
        )
    connection.commit()


def good(number: int, **fields: object) -> bytes:
    """The event of this number."""
    return text(event(event_id=f"event-{number}", **fields))


def test_what_keeps_the_contract_by_now_lands_and_is_rejected_no_more(
    warehouse: Warehouse, connection: Connection[TupleRow]
) -> None:
    reject(connection, good(1), b"broken", good(2))

    assert replay_rejected(warehouse) == ReplaySummary(
        read=3,
        accepted=2,
        rejected=1,
        rejected_by_reason={"the text is not JSON": 1},  # type: ignore[arg-type]
    )
    assert rows(
        connection,
        "select event_id, source_place from raw_events.events order by event_id",
    ) == [("event-1", "/data/events.jsonl:1"), ("event-2", "/data/events.jsonl:3")]
    assert rows(
        connection, "select reason, raw_text, source_place from raw_events.rejected_events"
    ) == [("the text is not JSON", "broken", "/data/events.jsonl:2")]
    assert ledger(connection) == [LedgerRow(read=3, accepted=2, rejected=1, duplicate=0)]


def test_the_event_becomes_known_when_it_is_replayed(
    warehouse: Warehouse, connection: Connection[TupleRow]
) -> None:
    reject(connection, good(1))
    replay_rejected(warehouse)

    [(received_at,)] = rows(connection, "select received_at from raw_events.events")
    assert received_at > RECEIVED_AT  # type: ignore[operator]


def test_an_event_that_was_too_far_ahead_lands_when_its_time_has_come(
    warehouse: Warehouse, connection: Connection[TupleRow]
) -> None:
    ahead = good(1, occurred_at=(RECEIVED_AT + timedelta(days=7)).isoformat())
    batch = read_events([ahead], ["request 1"], "request", RECEIVED_AT)
    assert land(connection, batch).rejected == 1

    assert replay_rejected(warehouse).accepted == 1


def test_replaying_again_changes_nothing(
    warehouse: Warehouse, connection: Connection[TupleRow]
) -> None:
    reject(connection, good(1), good(1, source="other"), b"broken")
    replay_rejected(warehouse)
    before = raw_tables(connection)

    again = replay_rejected(warehouse)

    assert raw_tables(connection) == before
    assert (again.read, again.accepted, again.rejected) == (1, 0, 1)


def test_a_known_id_is_a_duplicate_and_another_content_a_conflict(
    warehouse: Warehouse, connection: Connection[TupleRow]
) -> None:
    land(connection, read_events([good(1)], ["request 1"], "request", RECEIVED_AT))
    reject(connection, good(1), good(1, occurred_at="2026-02-03T00:00:00Z"))

    summary = replay_rejected(warehouse)

    assert (summary.accepted, summary.duplicates, summary.conflicting) == (0, 2, 1)
    assert len(raw_tables(connection).conflicting_duplicates) == 1
    assert raw_tables(connection).rejected_events == []


@pytest.mark.parametrize("raw", [b'"\\\0"', b'"\\\xff"'])
def test_a_text_that_could_not_be_kept_as_sent_is_never_accepted(
    warehouse: Warehouse, connection: Connection[TupleRow], raw: bytes
) -> None:
    # With the escape of what cannot be stored it reads as JSON: a backslash, x00 or xff.
    broken = good(1).replace(b'"pro"', raw)
    batch = read_events([broken], ["request 1"], "request", RECEIVED_AT)
    land(connection, batch)

    summary = replay_rejected(warehouse)

    assert (summary.accepted, summary.rejected) == (0, 1)
    assert summary.rejected_by_reason == {batch.rejected[0].reason: 1}


@pytest.mark.parametrize("limit", ["CHUNK_TEXTS", "CHUNK_BYTES"])
def test_a_replay_that_is_stopped_is_completed_by_the_next(
    warehouse: Warehouse,
    connection: Connection[TupleRow],
    monkeypatch: pytest.MonkeyPatch,
    limit: str,
) -> None:
    monkeypatch.setattr(replay, limit, 3)
    reject(connection, *map(good, range(10)), b"broken", b"[]")

    def stop(summary: ReplaySummary) -> None:
        if summary.read >= 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        replay_rejected(warehouse, on_progress=stop)
    [(left,)] = rows(connection, "select count(*) from raw_events.rejected_events")
    assert 9 <= left <= 11  # type: ignore[operator]

    replay_rejected(warehouse)

    assert len(raw_tables(connection).events) == 10
    assert [row[0] for row in raw_tables(connection).rejected_events] == [
        "the text is not JSON",
        "the text is not a JSON object",
    ]
    for row in ledger(connection):
        assert row.read == row.accepted + row.rejected + row.duplicate
    assert sum(row.accepted for row in ledger(connection)) == 10
