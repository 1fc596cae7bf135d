"""One transaction for a batch; neither order nor repetition matters in the end."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal
from itertools import pairwise

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from psycopg import Connection
from psycopg.rows import TupleRow

from ingestion.events.batches import EventBatch
from ingestion.events.columns import read_events
from ingestion.events.contract import read_event
from ingestion.events.landing import LandingCounts, land
from tests.ingestion.raw_tables import LedgerRow, RawTables, empty, ledger, raw_tables, rows
from tests.ingestion.sending import RECEIVED_AT, event, event_with_data, text
from warehouse.database import Warehouse


@pytest.fixture
def connection(warehouse: Warehouse) -> Iterator[Connection[TupleRow]]:
    """To an empty warehouse."""
    with warehouse.connect() as connection:
        yield connection


def batch_of(sent: Iterable[bytes], place: str = "request 1") -> EventBatch:
    """What a door makes of these texts."""
    raws = list(sent)
    return read_events(
        raws, [f"{place}:{number}" for number in range(1, len(raws) + 1)], place, RECEIVED_AT
    )


def with_mrr(event_id: str, mrr: object) -> bytes:
    """An event whose content depends on `mrr`."""
    data = {"company_id": "c-1", "plan_id": "pro", "mrr": mrr, "status": "active"}
    return text(event(event_id=event_id, data=data))


def test_an_event_lands_with_all_that_is_known_of_it(connection: Connection[TupleRow]) -> None:
    land(connection, batch_of([text(event(data=event()["data"] | {"note": 'a\t"b"\\'}, x=1))]))  # type: ignore[operator]

    row = connection.execute(
        "select event_id, event_type, occurred_at, received_at, source, source_place, data, notes "
        "from raw_events.events"
    ).fetchone()
    assert row == (
        "event-1",
        "subscription_changed",
        RECEIVED_AT.replace(month=2, day=3, hour=4, minute=5, second=6),
        RECEIVED_AT,
        "billing",
        "request 1:1",
        {
            "company_id": "c-1",
            "plan_id": "pro",
            "mrr": 100,
            "status": "active",
            "note": 'a\t"b"\\',
        },
        {"x": {"problem": "is no field of the envelope", "sent": 1}},
    )


def test_mrr_is_exact_in_the_database(connection: Connection[TupleRow]) -> None:
    written = "166.66666666666666666666666666666666666667"
    land(
        connection, batch_of([with_mrr("e", 0).replace(b'"mrr": 0', b'"mrr": ' + written.encode())])
    )

    assert rows(connection, "select (data ->> 'mrr')::numeric from raw_events.events") == [
        (Decimal(written),)
    ]


def test_the_counts_add_up(connection: Connection[TupleRow]) -> None:
    land(connection, batch_of([with_mrr("known", 1)]))
    sent = [
        with_mrr("known", 1),
        with_mrr("known", 2),
        with_mrr("new", 1),
        with_mrr("new", 1),
        with_mrr("new", 2),
        with_mrr("newer", 1),
        b"broken",
    ]

    assert land(connection, batch_of(sent)) == LandingCounts(
        read=7, accepted=2, duplicate=4, conflicting=2, rejected=1
    )
    assert ledger(connection) == [LedgerRow(1, 1, 0, 0), LedgerRow(7, 2, 1, 4)]


def test_landing_again_changes_nothing(connection: Connection[TupleRow]) -> None:
    batch = batch_of([with_mrr("a", 1), with_mrr("a", 2), with_mrr("b", 1), b"broken"])
    land(connection, batch)
    before = raw_tables(connection)

    again = land(connection, batch)

    assert raw_tables(connection) == before
    assert again == LandingCounts(read=4, accepted=0, duplicate=3, conflicting=0, rejected=1)


def test_all_contents_are_kept_and_the_smallest_hash_counts(
    connection: Connection[TupleRow],
) -> None:
    contents = sorted(
        (with_mrr("e", mrr) for mrr in range(3)),
        key=lambda raw: read_event(raw, RECEIVED_AT).content_hash,
    )
    hashes = [read_event(raw, RECEIVED_AT).content_hash for raw in contents]
    middle, largest, smallest = contents[1], contents[2], contents[0]

    land(connection, batch_of([middle]))
    assert raw_tables(connection).conflicting_duplicates == []
    land(connection, batch_of([largest]))
    assert raw_tables(connection).conflicting_duplicates == [("e", hashes[2], hashes[1])]
    land(connection, batch_of([smallest]))
    assert raw_tables(connection).conflicting_duplicates == [
        ("e", hashes[1], hashes[0]),
        ("e", hashes[2], hashes[0]),
    ]
    assert [row[:2] for row in raw_tables(connection).events] == [("e", each) for each in hashes]


def test_a_rejected_event_does_not_occupy_its_id(connection: Connection[TupleRow]) -> None:
    land(connection, batch_of([text(event(event_id="e", occurred_at="soon"))]))

    assert land(connection, batch_of([text(event(event_id="e"))])).accepted == 1


def test_a_rejected_event_is_kept_whole(connection: Connection[TupleRow]) -> None:
    raw = b'{"name": "M\xc3\xbcller\t\\u0000\\\\", \x00 \xff'
    batch = batch_of([raw], place="/data/events.jsonl")
    land(connection, batch)

    assert rows(
        connection,
        "select rejected_id, received_at, source_place, reason, raw_text "
        "from raw_events.rejected_events",
    ) == [
        (
            batch.rejected[0].rejected_id,
            RECEIVED_AT,
            "/data/events.jsonl:1",
            "the text is not UTF-8",
            '{"name": "Müller\t\\u0000\\\\", \\x00 \\xff',
        )
    ]


def test_the_id_of_a_rejected_event_can_be_computed_in_sql(
    connection: Connection[TupleRow],
) -> None:
    land(connection, batch_of([b"broken", b"br\xfcken"]))

    assert rows(
        connection,
        "select count(*) from raw_events.rejected_events where rejected_id = "
        "encode(sha256(convert_to(source_place || chr(10) || raw_text, 'UTF8')), 'hex')",
    ) == [(2,)]


@pytest.mark.parametrize(
    "failing", ["raw_events.events", "raw_events.rejected_events", "ops.load_ledger"]
)
def test_a_batch_that_fails_leaves_nothing(connection: Connection[TupleRow], failing: str) -> None:
    batch = batch_of([with_mrr("a", 1), with_mrr("a", 2), b"broken"])
    connection.execute(
        f"""
        create function breaks() returns trigger language plpgsql as
        $$ begin raise exception 'no disk'; end $$;
        create trigger breaks before insert on {failing} for each row execute function breaks()
        """
    )
    connection.commit()

    with pytest.raises(psycopg.errors.RaiseException, match="no disk"):
        land(connection, batch)

    assert raw_tables(connection) == RawTables([], [], [])
    assert ledger(connection) == []
    connection.execute(f"drop trigger breaks on {failing}")
    connection.commit()
    assert land(connection, batch).accepted == 1


def test_two_landings_at_once_find_the_conflict_between_them(warehouse: Warehouse) -> None:
    batches = [batch_of([with_mrr(f"e-{n}", mrr) for n in range(200)]) for mrr in range(4)]

    def land_one(batch: EventBatch) -> LandingCounts:
        with warehouse.connect() as connection:
            return land(connection, batch)

    with ThreadPoolExecutor(max_workers=4) as pool:
        counts = list(pool.map(land_one, batches))

    assert sum(each.accepted for each in counts) == 200
    with warehouse.connect() as connection:
        assert len(raw_tables(connection).conflicting_duplicates) == 600


def test_in_a_transaction_of_the_caller_it_is_the_caller_who_commits(
    warehouse: Warehouse,
) -> None:
    with warehouse.connect() as connection:
        connection.execute("select 1")
        land(connection, batch_of([with_mrr("a", 1)]))
        land(connection, batch_of([with_mrr("a", 2)]))
        connection.rollback()

        assert raw_tables(connection) == RawTables([], [], [])


sent_texts = st.one_of(
    st.builds(with_mrr, st.sampled_from("abcde"), st.integers(0, 3)),
    st.sampled_from([b"broken", text(event(event_id="a", occurred_at="soon")), b"[]"]),
)


@st.composite
def arrivals(draw: st.DrawFn) -> tuple[Sequence[bytes], Sequence[Sequence[bytes]]]:
    """Some texts, and the same ones shuffled, repeated, and split into batches."""
    sent = draw(st.lists(sent_texts, min_size=1, max_size=12))
    repeated = draw(st.permutations(sent + draw(st.lists(st.sampled_from(sent), max_size=6))))
    cuts = sorted(draw(st.sets(st.integers(1, len(repeated)), max_size=4)) | {0, len(repeated)})
    return sent, [repeated[start:end] for start, end in pairwise(cuts)]


def test_order_repetition_and_batches_do_not_matter(connection: Connection[TupleRow]) -> None:
    @settings(deadline=None, max_examples=60)
    @given(arrivals())
    def check(arrival: tuple[Sequence[bytes], Sequence[Sequence[bytes]]]) -> None:
        sent, batches = arrival
        empty(connection)
        counted_at_once = land(connection, batch_of(sent)).accepted
        at_once = raw_tables(connection)
        empty(connection)
        for number, batch in enumerate(batches):
            land(connection, batch_of(batch, place=f"request {number}"))

        one_by_one = raw_tables(connection)
        assert one_by_one.events == at_once.events
        assert one_by_one.conflicting_duplicates == at_once.conflicting_duplicates
        assert set(one_by_one.rejected_events) == set(at_once.rejected_events)
        assert sum(row.accepted for row in ledger(connection)) == counted_at_once
        for row in ledger(connection):
            assert row.read == row.accepted + row.rejected + row.duplicate

    check()


def test_what_counts_is_what_the_contract_says(connection: Connection[TupleRow]) -> None:
    @settings(deadline=None, max_examples=40)
    @given(st.lists(sent_texts, min_size=1, max_size=15))
    def check(sent: list[bytes]) -> None:
        empty(connection)
        batch = batch_of(sent)
        land(connection, batch)

        contents = defaultdict(set)
        for accepted in batch.accepted.to_pylist():
            contents[accepted["event_id"]].add(accepted["content_hash"])
        tables = raw_tables(connection)
        assert [row[:2] for row in tables.events] == sorted(
            (event_id, each) for event_id, hashes in contents.items() for each in hashes
        )
        assert tables.conflicting_duplicates == sorted(
            (event_id, each, min(hashes))
            for event_id, hashes in contents.items()
            for each in hashes - {min(hashes)}
        )
        assert len(tables.rejected_events) == len(batch.rejected)

    check()


def test_late_events_are_as_welcome_as_others(connection: Connection[TupleRow]) -> None:
    late = (RECEIVED_AT - timedelta(days=4000)).isoformat()

    assert land(connection, batch_of([text(event(occurred_at=late))])).accepted == 1


def test_any_data_survives_the_way_into_the_database(connection: Connection[TupleRow]) -> None:
    storable = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))
    values = st.recursive(
        st.none() | st.booleans() | st.integers() | storable,
        lambda inner: st.lists(inner) | st.dictionaries(storable, inner),
        max_leaves=10,
    )

    @settings(deadline=None, max_examples=60)
    @given(st.dictionaries(storable.filter(lambda name: name != "person_id"), values))
    def check(extra: dict[str, object]) -> None:
        empty(connection)
        data = extra | {"person_id": "p"}
        land(connection, batch_of([text(event_with_data("unsubscribed", data))]))
        assert rows(connection, "select data from raw_events.events") == [
            (json.loads(json.dumps(data)),)
        ]

    check()
