"""A load goes on where the last one ended, and never passes over a line that has not landed."""

from __future__ import annotations

import contextlib
import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingestion.events import files
from ingestion.events.batches import EventBatch
from ingestion.events.files import EventLoadSummary, ingest_event_files
from ingestion.events.landing import land
from ingestion.events.replay import replay_rejected
from tests.ingestion.raw_tables import RawTables, empty, ledger, raw_tables
from tests.ingestion.sending import event, text, write_lines
from warehouse.database import Warehouse, child_environment

DATA = {"company_id": "c", "plan_id": "p", "mrr": 1, "status": "active"}


def good(number: int) -> bytes:
    """The event of this number."""
    return text(event(event_id=f"event-{number}"))


@pytest.fixture
def checked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The places of the texts that were checked and not only recognised."""
    places: list[str] = []

    def land_and_tell(connection: object, batch: EventBatch) -> object:
        places.extend(batch.accepted["source_place"].to_pylist())
        places.extend(each.place for each in batch.rejected)
        return land(connection, batch)  # type: ignore[arg-type]

    monkeypatch.setattr(files, "land", land_and_tell)
    return places


def of_a_fresh_load(warehouse: Warehouse, path: Path) -> RawTables:
    """What an undisturbed load of these files into an empty warehouse makes of them."""
    with warehouse.connect() as connection:
        empty(connection)
        ingest_event_files(warehouse, path)
        return raw_tables(connection)


@pytest.mark.parametrize("suffix", ["", ".gz", ".zst"])
def test_a_finished_file_is_recognised_and_accounted_for(
    warehouse: Warehouse, tmp_path: Path, checked: list[str], suffix: str
) -> None:
    path = write_lines(tmp_path / f"e.jsonl{suffix}", [good(1), b"", b"broken", good(1), good(2)])
    ingest_event_files(warehouse, path)
    checked.clear()

    again = ingest_event_files(warehouse, path)

    assert checked == []
    assert again == EventLoadSummary(
        files=1,
        read=4,
        recognised=4,
        duplicates=3,
        rejected=1,
        rejected_by_reason={"the text is not JSON": 1},  # type: ignore[arg-type]
    )
    with warehouse.connect() as connection:
        assert ledger(connection)[-1] == (4, 0, 1, 3)


def test_full_checks_every_line_again(
    warehouse: Warehouse, tmp_path: Path, checked: list[str]
) -> None:
    path = write_lines(tmp_path / "e.jsonl", [good(1), b"broken"])
    ingest_event_files(warehouse, path)
    checked.clear()

    again = ingest_event_files(warehouse, path, full=True)

    assert checked == [f"{path}:1", f"{path}:2"]
    assert (again.recognised, again.duplicates, again.rejected) == (0, 1, 1)


def test_of_a_file_that_has_grown_only_what_is_new_is_checked(
    warehouse: Warehouse, tmp_path: Path, checked: list[str]
) -> None:
    path = write_lines(tmp_path / "e.jsonl", [good(1), b"", good(2)])
    ingest_event_files(warehouse, path)
    with path.open("ab") as file:
        file.write(b"broken\n" + good(3) + b"\n")
    checked.clear()

    summary = ingest_event_files(warehouse, path)

    assert checked == [f"{path}:5", f"{path}:4"]
    assert (summary.read, summary.recognised, summary.accepted) == (4, 2, 1)


def test_a_last_line_without_an_end_is_read_again_when_it_has_grown(
    warehouse: Warehouse, tmp_path: Path
) -> None:
    path = tmp_path / "e.jsonl"
    path.write_bytes(good(1) + b"\n" + good(2)[:30])
    ingest_event_files(warehouse, path)
    path.write_bytes(good(1) + b"\n" + good(2) + b"\n" + good(3))

    assert ingest_event_files(warehouse, path).accepted == 2
    path.write_bytes(good(1) + b"\n" + good(2) + b"\n" + good(3) + b"\n" + good(4) + b"\n")
    assert ingest_event_files(warehouse, path).accepted == 1
    assert ingest_event_files(warehouse, path).recognised == 4


def test_another_file_of_the_same_size_and_time_is_read_anew(
    warehouse: Warehouse, tmp_path: Path, checked: list[str]
) -> None:
    path = write_lines(tmp_path / "e.jsonl", [good(1), good(2), good(3)])
    ingest_event_files(warehouse, path)
    before = path.stat()
    write_lines(path, [good(1), good(7), good(3)])
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert path.stat().st_size == before.st_size
    checked.clear()

    assert ingest_event_files(warehouse, path).accepted == 1
    assert checked == [f"{path}:{number}" for number in (1, 2, 3)]


def test_a_file_that_has_shrunk_is_read_anew(
    warehouse: Warehouse, tmp_path: Path, checked: list[str]
) -> None:
    path = write_lines(tmp_path / "e.jsonl", [good(1), good(2)])
    ingest_event_files(warehouse, path)
    write_lines(path, [good(1)])
    checked.clear()

    assert ingest_event_files(warehouse, path).duplicates == 1
    assert checked == [f"{path}:1"]


def test_a_replayed_line_is_accounted_for_as_known(warehouse: Warehouse, tmp_path: Path) -> None:
    place = tmp_path / ("e" * 200 + "/" + "e" * 200 + "/" + "e" * 200)
    place.mkdir(parents=True)
    path = write_lines(place / "e.jsonl", [good(1), text(event(event_type="of_tomorrow")), b"x"])
    write_lines(place / "e.jsonl:1.jsonl", [b"broken"])
    ingest_event_files(warehouse, place)
    known = json.loads(good(1))["event_type"]
    with warehouse.connect() as connection:
        connection.execute(
            "update raw_events.rejected_events set raw_text = replace(raw_text, 'of_tomorrow', %s)",
            [known],
        )
    assert replay_rejected(warehouse).read == 3

    again = ingest_event_files(warehouse, path)

    assert (again.recognised, again.duplicates, again.rejected) == (3, 2, 1)


lines = st.sampled_from([good(1), good(2), good(3), b"broken", b"[]", b"", b" "])


def test_however_a_file_changes_between_loads_the_end_is_that_of_its_own_load(
    warehouse: Warehouse, tmp_path: Path
) -> None:
    path = tmp_path / "e.jsonl"

    @settings(deadline=None, max_examples=30)
    @given(
        st.lists(lines, max_size=8),
        st.lists(st.integers(0, 400), max_size=3),
        st.integers(1, 4),
        st.booleans(),
    )
    def check(written: list[bytes], cuts: list[int], batch_lines: int, closed: bool) -> None:
        whole = b"\n".join(written) + (b"\n" if closed else b"")
        with warehouse.connect() as connection:
            empty(connection)
            for cut in sorted(cuts):  # a log that is read while it is being written
                path.write_bytes(whole[:cut])
                ingest_event_files(warehouse, path, batch_lines=batch_lines)
            path.write_bytes(whole)
            ingest_event_files(warehouse, path, batch_lines=batch_lines)
            grown = raw_tables(connection)
            for row in ledger(connection):
                assert row.read == row.accepted + row.rejected + row.duplicate

            fresh = of_a_fresh_load(warehouse, path)
            assert grown.events == fresh.events
            assert grown.conflicting_duplicates == fresh.conflicting_duplicates
            assert set(grown.rejected_events) >= set(fresh.rejected_events)

    check()


# Killed


def mixed_lines(count: int) -> Iterator[bytes]:
    """Good, broken, repeated and contradicting events, always the same ones."""
    chance = random.Random(7)  # noqa: S311  nothing secret
    for number in range(count):
        match chance.randrange(100):
            case 0:
                yield b"broken %d" % number
            case 1:
                yield good(chance.randrange(number + 1))
            case 2:
                mrr = {"company_id": "c", "plan_id": "p", "mrr": number, "status": "active"}
                yield text(event(event_id=f"event-{chance.randrange(number + 1)}", data=mrr))
            case _:
                yield good(number)


def load_and_kill(warehouse: Warehouse, path: Path, is_time: Callable[[], bool]) -> bool:
    """Load in a process of its own, and kill it (-9) when it is time; False if it was too late."""
    program = (
        "import sys; from ingestion.events.files import ingest_event_files; "
        "from warehouse.database import Warehouse; import os; "
        "ingest_event_files("
        "Warehouse(os.environ['MILLRACE_DATABASE_URL']), sys.argv[1], batch_lines=int(sys.argv[2]))"
    )
    loading = subprocess.Popen(
        [sys.executable, "-c", program, str(path), "1000"], env=child_environment(warehouse)
    )
    while loading.poll() is None and not is_time():
        time.sleep(0.005)
    was_killed = loading.poll() is None
    for process in [psutil.Process(loading.pid)] if was_killed else []:
        process.kill()
    loading.wait()
    return was_killed


def batches_landed(warehouse: Warehouse) -> int:
    with warehouse.connect() as connection:
        return len(ledger(connection))


def check_killed_loads(warehouse: Warehouse, path: Path, moments: int, count: int) -> None:
    """A load killed again and again makes, in the end, what an undisturbed one makes."""
    undisturbed = of_a_fresh_load(warehouse, write_lines(path, mixed_lines(count)))
    chance = random.Random(11)  # noqa: S311  nothing secret
    kills = 0
    with warehouse.connect() as connection:
        empty(connection)
    for _ in range(moments):
        # At any point of a batch, once this run has landed one or more.
        wanted = batches_landed(warehouse) + chance.randrange(1, 4)
        pause = time.monotonic() + 3600
        delay = chance.random() * 0.2

        def is_time(wanted: int = wanted, delay: float = delay) -> bool:
            nonlocal pause
            if batches_landed(warehouse) >= wanted:
                pause = min(pause, time.monotonic() + delay)
            return time.monotonic() >= pause

        kills += load_and_kill(warehouse, path, is_time)
    assert kills == moments

    last = ingest_event_files(warehouse, path)

    assert last.recognised > 0
    assert last.read == sum(1 for _ in mixed_lines(count))
    with warehouse.connect() as connection:
        assert raw_tables(connection) == undisturbed
        for row in ledger(connection):
            assert row.read == row.accepted + row.rejected + row.duplicate
        [(accepted,)] = connection.execute("select sum(rows_accepted) from ops.load_ledger")
        [(ids,)] = connection.execute("select count(distinct event_id) from raw_events.events")
    assert accepted == ids


def test_a_load_killed_twice_ends_like_an_undisturbed_one(
    warehouse: Warehouse, tmp_path: Path
) -> None:
    check_killed_loads(warehouse, tmp_path / "e.jsonl", moments=2, count=30_000)


@pytest.mark.long
@pytest.mark.timeout(1_800)
@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_a_load_of_200_000_events_killed_ten_times_ends_like_an_undisturbed_one(
    warehouse: Warehouse, tmp_path: Path, suffix: str
) -> None:
    check_killed_loads(warehouse, tmp_path / f"e.jsonl{suffix}", moments=10, count=200_000)


# Memory


def peak_megabytes(warehouse: Warehouse, path: Path) -> float:
    """What a process that loads a file is seen to hold at most.

    Looked at from outside: what the system tells as the peak of a process includes that of the
    process that started it, which is as large as the tests before this one have made it.
    """
    program = (
        "import sys, os; from ingestion.events.files import ingest_event_files; "
        "from warehouse.database import Warehouse; "
        "ingest_event_files(Warehouse(os.environ['MILLRACE_DATABASE_URL']), sys.argv[1])"
    )
    loading = subprocess.Popen(
        [sys.executable, "-c", program, str(path)], env=child_environment(warehouse)
    )
    seen = 0
    while loading.poll() is None:
        with contextlib.suppress(psutil.NoSuchProcess):  # it has just ended
            seen = max(seen, psutil.Process(loading.pid).memory_info().rss)
        time.sleep(0.01)
    assert loading.returncode == 0
    return seen / 2**20


@pytest.mark.long
def test_the_memory_does_not_grow_with_the_file(warehouse: Warehouse, tmp_path: Path) -> None:
    def lines_of(count: int) -> Iterator[bytes]:
        return (
            text(event(event_id=f"{count}-{number}", data=DATA | {"note": "x" * 15_000}))
            for number in range(count)
        )

    megabytes = 2**20 // 15_000
    some = write_lines(tmp_path / "some.jsonl.gz", lines_of(60 * megabytes))
    more = write_lines(tmp_path / "more.jsonl.gz", lines_of(240 * megabytes))

    peak = peak_megabytes(warehouse, some)
    assert 50 < peak < 800
    assert peak_megabytes(warehouse, more) < peak + 90
