"""Event files end to end: from a path into the raw tables."""

from __future__ import annotations

import gzip
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingestion.events import files
from ingestion.events.files import (
    BrokenEventFilesError,
    EventLoadProgress,
    EventLoadSummary,
    RejectedExample,
    ingest_event_files,
)
from ingestion.events.landing import land
from ingestion.events.locations import EventFileError
from tests.ingestion.raw_tables import empty, ledger, raw_tables, rows
from tests.ingestion.sending import LEFT_OUT, event, text, write_lines
from warehouse.database import Warehouse


def good(number: int) -> bytes:
    """The event of this number."""
    return text(event(event_id=f"event-{number}"))


def broken_events() -> dict[str, bytes]:
    """Broken events by the reason they are rejected for."""
    in_a_week = datetime.now(UTC) + timedelta(days=7)
    return {
        "the text is not JSON": b'{"event_id": "event-',
        "event_id is missing": text(event(event_id=LEFT_OUT)),
        "event_type is unknown": text(event(event_type="company_exploded")),
        "occurred_at is not an RFC 3339 timestamp with offset": text(event(occurred_at="today")),
        "data.mrr is not a number": text(event(data=event()["data"] | {"mrr": "lots"})),  # type: ignore[operator]
        "occurred_at is more than 24 hours after received_at": text(
            event(occurred_at=in_a_week.isoformat())
        ),
        "event_id is longer than 128 characters": text(event(event_id="x" * 129)),
    }


def test_a_thousand_good_and_seven_broken_events(warehouse: Warehouse, tmp_path: Path) -> None:
    broken = broken_events()
    lines = [good(number) for number in range(1000)]
    at = {reason: 100 * place for place, reason in enumerate(broken, start=1)}
    for reason, number in at.items():
        lines.insert(number - 1, broken[reason])
    path = write_lines(tmp_path / "events.jsonl", lines)

    summary = ingest_event_files(warehouse, path)

    assert summary == EventLoadSummary(
        files=1,
        read=1007,
        accepted=1000,
        rejected=7,
        rejected_by_reason=dict.fromkeys(broken, 1),  # type: ignore[arg-type]
        first_rejected=[
            RejectedExample(f"{path}:{number}", reason) for reason, number in at.items()
        ],
    )
    with warehouse.connect() as connection:
        assert rows(connection, "select count(*) from raw_events.events") == [(1000,)]
        assert rows(
            connection,
            "select source_place, reason, raw_text from raw_events.rejected_events order by 1",
        ) == [
            (f"{path}:{number}", reason, broken[reason].decode()) for reason, number in at.items()
        ]

        before = raw_tables(connection)
        again = ingest_event_files(warehouse, path)
        assert (again.accepted, again.duplicates, again.rejected) == (0, 1000, 7)
        assert raw_tables(connection) == before


def test_received_at_is_set_at_the_door(warehouse: Warehouse, tmp_path: Path) -> None:
    path = write_lines(tmp_path / "events.jsonl", [good(1), b"broken"])
    before = datetime.now(UTC)
    ingest_event_files(warehouse, path)

    with warehouse.connect() as connection:
        [(landed, rejected)] = rows(
            connection,
            "select events.received_at, rejected_events.received_at "
            "from raw_events.events, raw_events.rejected_events",
        )
    assert before <= landed <= datetime.now(UTC)  # type: ignore[operator]
    assert landed == rejected


def test_blank_lines_carriage_returns_and_byte_order_marks_do_not_matter(
    warehouse: Warehouse, tmp_path: Path
) -> None:
    mark = b"\xef\xbb\xbf"
    lines = [mark + good(1) + b"\r", b"", b" \t\r", good(2), mark, b"broken\r", mark + good(3)]
    path = write_lines(tmp_path / "events.jsonl", lines)

    summary = ingest_event_files(warehouse, path)

    assert (summary.read, summary.accepted, summary.rejected) == (4, 3, 1)
    with warehouse.connect() as connection:
        assert rows(
            connection, "select source_place, raw_text from raw_events.rejected_events"
        ) == [(f"{path}:6", "broken")]


def test_a_folder_of_any_compression_lands_in_batches(warehouse: Warehouse, tmp_path: Path) -> None:
    write_lines(tmp_path / "a.jsonl", [good(number) for number in range(10)])
    write_lines(tmp_path / "b.jsonl.gz", [good(number) for number in range(5, 20)])
    write_lines(tmp_path / "c.jsonl.zst", [b"broken", *map(good, range(20, 25))])
    seen: list[tuple[str, int, int]] = []

    def on_progress(progress: EventLoadProgress) -> None:
        assert progress.bytes_total == sum(file.stat().st_size for file in tmp_path.iterdir())
        assert 0 < progress.bytes_read <= progress.bytes_total
        seen.append((progress.place, progress.summary.read, progress.summary.files))

    summary = ingest_event_files(warehouse, tmp_path, on_progress=on_progress, batch_lines=8)

    assert seen == [
        (f"{tmp_path}/a.jsonl", 8, 0),
        (f"{tmp_path}/a.jsonl", 10, 0),
        (f"{tmp_path}/b.jsonl.gz", 18, 1),
        (f"{tmp_path}/b.jsonl.gz", 25, 1),
        (f"{tmp_path}/c.jsonl.zst", 31, 2),
    ]
    assert (summary.files, summary.accepted, summary.duplicates, summary.rejected) == (3, 25, 5, 1)
    with warehouse.connect() as connection:
        assert [row[0] for row in rows(connection, "select place from ops.load_ledger")] == [
            f"{tmp_path}/a.jsonl:1-8",
            f"{tmp_path}/a.jsonl:9-10",
            f"{tmp_path}/b.jsonl.gz:1-8",
            f"{tmp_path}/b.jsonl.gz:9-15",
            f"{tmp_path}/c.jsonl.zst:1-6",
        ]


def test_long_lines_make_short_batches(
    warehouse: Warehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "BATCH_BYTES", 1000)
    path = write_lines(tmp_path / "events.jsonl", [good(1), b"x" * 5000, good(2), good(3)])

    ingest_event_files(warehouse, path)

    with warehouse.connect() as connection:
        assert [row.read for row in ledger(connection)] == [2, 2]


def test_a_line_of_20_megabytes_is_rejected_and_kept_whole(
    warehouse: Warehouse, tmp_path: Path
) -> None:
    path = write_lines(tmp_path / "events.jsonl", [b"x" * 20_000_000, good(1)])

    summary = ingest_event_files(warehouse, path)

    assert summary.accepted == 1
    assert summary.rejected_by_reason == {"the text is longer than 5000000 bytes": 1}
    with warehouse.connect() as connection:
        assert rows(connection, "select length(raw_text) from raw_events.rejected_events") == [
            (20_000_000,)
        ]


def test_a_summary_names_the_first_rejected_events_and_counts_all(
    warehouse: Warehouse, tmp_path: Path
) -> None:
    path = write_lines(tmp_path / "events.jsonl", [b"broken"] * 25 + [b"[]"])

    summary = ingest_event_files(warehouse, path, batch_lines=7)

    assert summary.rejected_by_reason == {
        "the text is not JSON": 25,
        "the text is not a JSON object": 1,
    }
    assert [example.place for example in summary.first_rejected] == [
        f"{path}:{number}" for number in range(1, 11)
    ]


def test_a_load_that_breaks_off_is_completed_by_the_next(
    warehouse: Warehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = [good(number) for number in range(50)] + [b"broken", text(event(event_id="event-3"))]
    path = write_lines(tmp_path / "events.jsonl", lines)
    landed = 0

    def land_twice(*arguments: object) -> object:
        nonlocal landed
        landed += 1
        if landed > 2:
            raise KeyboardInterrupt
        return land(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(files, "land", land_twice)
    with pytest.raises(KeyboardInterrupt):
        ingest_event_files(warehouse, path, batch_lines=10)
    monkeypatch.undo()

    with warehouse.connect() as connection:
        assert [row.accepted for row in ledger(connection)] == [10, 10]
        ingest_event_files(warehouse, path, batch_lines=10)
        completed = raw_tables(connection)
        empty(connection)
        ingest_event_files(warehouse, path)
        assert completed == raw_tables(connection)


lines = st.one_of(
    st.binary(max_size=40).map(lambda raw: raw.replace(b"\n", b" ")),
    st.text(max_size=20).map(lambda words: text(event(event_id=words))),
    st.text(max_size=20).map(text),
    st.dictionaries(st.text(max_size=5), st.text(max_size=5)).map(
        lambda data: text(event(data={"company_id": "c", "name": "n"} | data))
    ),
)


def test_whatever_is_in_a_line_it_is_accounted_for(warehouse: Warehouse, tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"

    @settings(deadline=None, max_examples=40)
    @given(st.lists(lines, max_size=20), st.integers(1, 5))
    def check(written: list[bytes], batch_lines: int) -> None:
        with warehouse.connect() as connection:
            empty(connection)
            write_lines(path, written)
            expected = sum(bool(line.removeprefix(b"\xef\xbb\xbf").strip()) for line in written)

            summary = ingest_event_files(warehouse, path, batch_lines=batch_lines)

            assert summary.read == expected
            assert summary.read == summary.accepted + summary.duplicates + summary.rejected
            kept = rows(
                connection,
                "select (select count(distinct event_id) from raw_events.events), "
                "(select count(*) from raw_events.rejected_events)",
            )
            assert kept == [(summary.accepted, summary.rejected)]
            loads = ledger(connection)
            assert sum(row.read for row in loads) == expected
            assert all(row.read == row.accepted + row.rejected + row.duplicate for row in loads)

    check()


def test_what_is_readable_of_a_broken_file_lands_and_later_files_too(
    warehouse: Warehouse, tmp_path: Path
) -> None:
    whole = write_lines(tmp_path / "a.jsonl", [good(number) for number in range(20_000)])
    packed = gzip.compress(whole.read_bytes())
    whole.unlink()
    (tmp_path / "a.jsonl.gz").write_bytes(packed[: len(packed) * 3 // 4])
    write_lines(tmp_path / "b.jsonl", [good(30_000)])
    with pytest.raises(EventFileError, match=r"a\.jsonl\.gz cannot be read to its end"):
        ingest_event_files(warehouse, tmp_path)
    with warehouse.connect() as connection:
        ((landed, rejected),) = connection.execute(
            "select (select count(*) from raw_events.events), "
            "(select count(*) from raw_events.rejected_events)"
        )
    assert landed > 10_000
    assert rejected == 0

    (tmp_path / "a.jsonl.gz").write_bytes(packed)
    summary = ingest_event_files(warehouse, tmp_path)
    assert (summary.accepted, summary.duplicates) == (20_001 - landed, landed)


@pytest.mark.parametrize("suffix", [".gz", ".zst"])
@pytest.mark.parametrize("count", [3, 20_000])
def test_a_file_that_was_cut_short_ends_up_as_if_it_had_always_been_whole(
    warehouse: Warehouse, tmp_path: Path, suffix: str, count: int
) -> None:
    sent = [good(number) for number in range(count)]
    sent[1] = b"broken"
    sent[-1] = b"broken as well"
    path = write_lines(tmp_path / f"events.jsonl{suffix}", sent)
    intact = path.read_bytes()

    with warehouse.connect() as connection:
        for kept in (0.4, 0.8, 0.99):
            path.write_bytes(intact[: int(len(intact) * kept)])
            with pytest.raises(BrokenEventFilesError):
                ingest_event_files(warehouse, path)
        path.write_bytes(intact)
        ingest_event_files(warehouse, path)
        repaired = raw_tables(connection)
        empty(connection)
        ingest_event_files(warehouse, path)
        assert raw_tables(connection) == repaired


def test_every_broken_file_is_named_and_what_landed_can_be_told(
    warehouse: Warehouse, tmp_path: Path
) -> None:
    for name in ["a", "c"]:
        damaged = write_lines(tmp_path / f"{name}.jsonl.gz", [good(1), b"broken", good(2)])
        damaged.write_bytes(damaged.read_bytes()[:-8])  # without the checksum; all lines are there
    write_lines(tmp_path / "b.jsonl", [good(3)])
    write_lines(tmp_path / "d.jsonl", [good(4)])

    with pytest.raises(BrokenEventFilesError) as error:
        ingest_event_files(warehouse, tmp_path)

    assert str(error.value) == (
        f"{tmp_path}/a.jsonl.gz cannot be read to its end (Truncated compressed stream). "
        f"{tmp_path}/c.jsonl.gz cannot be read to its end (Truncated compressed stream). "
        "Whatever else could be read has landed: put right what is broken and load it again."
    )
    summary = error.value.summary
    assert (summary.files, summary.read) == (2, 8)
    assert (summary.accepted, summary.duplicates, summary.rejected) == (4, 2, 2)
    with warehouse.connect() as connection:
        assert sum(row.read for row in ledger(connection)) == summary.read
