"""What others changed at HubSpot, and what did not stick, by what the last load has landed."""

from __future__ import annotations

from datetime import timedelta

import pytest
from psycopg.types.json import Jsonb

from activation.declaration import FieldDeclaration
from activation.drift import SETTLED_AFTER, DriftFound, DriftKind, SeenDrift, record_drift
from activation.personal import digest
from tests.activation.landed import DECLARATION, HOUR, MINUTE, NOON, Ledger
from tests.activation.source import declared
from warehouse.database import Warehouse

NOTHING = DriftFound()
MILLISECOND = timedelta(milliseconds=1)


@pytest.fixture
def ledger(warehouse: Warehouse) -> Ledger:
    ledger = Ledger(warehouse)
    ledger.forget()
    return ledger


def changed(ledger: Ledger) -> None:
    """Company 7 was confirmed to be in onboarding, and somebody set it to success."""
    ledger.acknowledge("7", {"cs_stage": "cs_onboarding"})
    ledger.land("7", {"cs_stage": "cs_success"}, NOON + MINUTE)
    ledger.loaded(NOON + 2 * MINUTE)


def test_a_silent_change_is_found_once_by_the_next_load(ledger: Ledger) -> None:
    changed(ledger)
    assert ledger.note() == DriftFound(newly_found=1, open=1)
    (drift,) = ledger.open()
    assert (drift.key, drift.property, drift.kind) == ("7", "cs_stage", DriftKind.CHANGED)
    assert (drift.acknowledged, drift.found) == ("cs_onboarding", "cs_success")
    assert (drift.acknowledged_at, drift.found_at) == (NOON, NOON + 2 * MINUTE)
    before = ledger.all_rows()
    assert ledger.note() == DriftFound(open=1)
    ledger.loaded(NOON + HOUR)
    assert ledger.note() == DriftFound(open=1)
    assert ledger.all_rows() == before


def test_another_change_of_the_same_value_is_the_same_drift(ledger: Ledger) -> None:
    changed(ledger)
    ledger.note()
    ledger.land("7", {"cs_stage": "cs_sbp"}, NOON + 3 * MINUTE)
    ledger.loaded(NOON + 4 * MINUTE)
    assert ledger.note() == DriftFound(open=1)
    (drift,) = ledger.open()
    assert (drift.found, drift.found_at) == ("cs_sbp", NOON + 4 * MINUTE)


def test_a_value_that_was_emptied_or_filled_by_somebody_is_found(ledger: Ledger) -> None:
    ledger.acknowledge("7", {"cs_stage": "cs_onboarding", "score": None})
    ledger.land("7", {"cs_stage": None, "score": "3"}, NOON + MINUTE)
    ledger.loaded(NOON + MINUTE)
    assert ledger.note().newly_found == 2
    assert ledger.found() == {("7", "cs_stage"): None, ("7", "score"): "3"}


@pytest.mark.parametrize(
    ("name", "acknowledged", "held"),
    [
        ("cs_stage", "cs_sales", "cs_sales"),
        ("cs_stage", None, ""),
        ("cs_stage", "", None),
        ("score", "12.50", "12.5"),
        ("since", "2026-03-01T10:00:00+00:00", "1772359200000"),
        ("since", "2026-03-01T10:00:00.123456+00:00", "2026-03-01T10:00:00.123Z"),
        ("first_day", "2026-03-01", "1772323200000"),
        ("is_active", "true", "True"),
        ("parts", "a;b", "b;a"),
        ("nickname", digest("Otter"), "Otter"),
        ("size", digest("12.50"), "12.50"),
        ("size", digest("12.50"), "12.5"),
    ],
)
def test_what_was_acknowledged_is_no_drift_however_hubspot_spells_it(
    ledger: Ledger, name: str, acknowledged: str | None, held: str | None
) -> None:
    ledger.acknowledge("7", {name: acknowledged})
    ledger.land("7", {name: held}, NOON + MINUTE)
    ledger.loaded(NOON + HOUR)
    assert ledger.note() == NOTHING


def test_what_is_landed_counts_only_if_it_is_later_than_the_acknowledgement(
    ledger: Ledger,
) -> None:
    ledger.acknowledge("7", {"cs_stage": "cs_success"})
    ledger.land("7", {"cs_stage": "cs_sales"}, NOON)
    ledger.loaded(NOON + SETTLED_AFTER)
    assert ledger.note() == NOTHING
    ledger.land("7", {"cs_stage": "cs_sales"}, NOON + MILLISECOND)
    assert ledger.note().newly_found == 1


def test_a_record_that_never_changed_counts_once_a_load_must_have_seen_the_write(
    ledger: Ledger,
) -> None:
    ledger.acknowledge("7", {"cs_stage": "cs_success"})
    ledger.land("7", {"cs_stage": "cs_sales"}, NOON - HOUR)
    ledger.loaded(NOON + SETTLED_AFTER)
    assert ledger.note() == NOTHING
    ledger.loaded(NOON + SETTLED_AFTER + MILLISECOND)
    assert ledger.note().newly_found == 1


def test_what_ingestion_does_not_read_is_not_compared(ledger: Ledger) -> None:
    ledger.acknowledge("7", {"cs_stage": "cs_success", "score": "1"})
    ledger.land("7", {}, NOON + MINUTE)
    ledger.loaded(NOON + HOUR, asked_for=["score", "with history: cs_stage"])
    ledger.note()
    assert ledger.found() == {("7", "score"): None}


def test_without_a_load_nothing_is_known(ledger: Ledger) -> None:
    ledger.acknowledge("7", {"cs_stage": "cs_success"})
    assert ledger.note() == NOTHING


def test_a_record_that_did_not_land_is_not_compared(ledger: Ledger) -> None:
    ledger.acknowledge("7", {"cs_stage": "cs_success"})
    ledger.loaded(NOON + HOUR)
    assert ledger.note() == NOTHING


# Who did it


def test_a_value_as_it_was_before_our_write_did_not_stick(ledger: Ledger) -> None:
    ledger.ran("7", changes={"cs_stage": "a"}, before={"cs_stage": "b"}, run_id="1")
    ledger.ran("7", changes={"cs_stage": "cs_success"}, before={"cs_stage": "a"}, run_id="2")
    ledger.ran("7", changes={"score": "1"}, before={"score": None}, run_id="3")
    ledger.ran(
        "7", changes={"cs_stage": "c"}, before={"cs_stage": "c"}, run_id="4", outcome="failed"
    )
    ledger.acknowledge("7", {"cs_stage": "cs_success", "score": "1"})
    ledger.acknowledge("8", {"cs_stage": "cs_success"})
    for key in ("7", "8"):
        ledger.land(key, {"cs_stage": "a"}, NOON + MINUTE)
    ledger.loaded(NOON + HOUR)
    ledger.note()
    assert {(each.key, each.property): each.kind for each in ledger.open()} == {
        ("7", "cs_stage"): DriftKind.NOT_STUCK,
        ("7", "score"): DriftKind.NOT_STUCK,
        ("8", "cs_stage"): DriftKind.CHANGED,
    }


def test_where_nothing_could_be_read_before_a_write_a_difference_is_a_change(
    ledger: Ledger,
) -> None:
    ledger.ran("7", changes={"cs_stage": "cs_onboarding"}, before=None)
    changed(ledger)
    ledger.note()
    assert [each.kind for each in ledger.open()] == [DriftKind.CHANGED]


@pytest.mark.parametrize(
    ("source", "label", "said"),
    [
        ("CRM_UI", None, "CRM_UI"),
        ("CRM_UI", "Somebody's name", "CRM_UI"),
        ("INTEGRATION", None, "INTEGRATION"),
        ("INTEGRATION", "Another tool", "INTEGRATION (Another tool)"),
    ],
)
def test_a_change_tells_its_source_and_no_person(
    ledger: Ledger, source: str, label: str | None, said: str
) -> None:
    changed(ledger)
    ledger.changed_by("7", "cs_stage", "cs_onboarding", NOON, "API")
    ledger.changed_by("7", "cs_stage", "cs_success", NOON + MINUTE, source, label)
    ledger.note()
    assert [each.changed_by for each in ledger.open()] == [said]


def test_a_history_that_ends_before_the_change_names_nobody(ledger: Ledger) -> None:
    changed(ledger)
    ledger.changed_by("7", "cs_stage", "cs_onboarding", NOON, "API")
    ledger.note()
    assert [each.changed_by for each in ledger.open()] == [None]


# Until when it is open


def test_a_drift_whose_value_agrees_again_is_resolved(ledger: Ledger) -> None:
    changed(ledger)
    ledger.note()
    ledger.land("7", {"cs_stage": "cs_onboarding"}, NOON + 3 * MINUTE)
    ledger.loaded(NOON + 4 * MINUTE)
    assert ledger.note() == DriftFound(resolved=1)
    assert ledger.resolutions() == ["agrees"]
    ledger.land("7", {"cs_stage": "cs_success"}, NOON + 5 * MINUTE)
    ledger.loaded(NOON + 6 * MINUTE)
    assert ledger.note() == DriftFound(newly_found=1, open=1)
    assert ledger.resolutions() == ["agrees", None]


@pytest.mark.parametrize(
    "statement",
    [
        "delete from ops.sync_state",
        "update ops.sync_state set payload = payload - 'cs_stage'",
        "update raw_hubspot.companies set archived = true",
    ],
)
def test_a_drift_of_what_is_no_longer_ours_or_gone_is_resolved(
    ledger: Ledger, statement: str
) -> None:
    changed(ledger)
    ledger.note()
    with ledger.warehouse.connect() as connection:
        connection.execute(statement.encode())
    assert ledger.note() == DriftFound(resolved=1)
    assert ledger.resolutions() == ["no_longer_ours"]
    assert ledger.note() == NOTHING


def test_a_drift_of_a_property_that_is_not_declared_any_more_is_resolved(ledger: Ledger) -> None:
    changed(ledger)
    ledger.note()
    fields = [FieldDeclaration(column="score", property="score")]
    assert ledger.note(declared(fields=fields)) == DriftFound(resolved=1)


def test_an_archived_record_does_not_drift(ledger: Ledger) -> None:
    ledger.acknowledge("7", {"cs_stage": "cs_success"})
    ledger.land("7", {"cs_stage": "cs_sales"}, NOON + MINUTE, archived=True)
    ledger.loaded(NOON + HOUR)
    assert ledger.note() == NOTHING


# Merged records


def test_a_merged_record_is_compared_with_the_one_that_it_became(ledger: Ledger) -> None:
    ledger.acknowledge("7", {"cs_stage": "cs_success", "score": "1"})
    ledger.land("7", {"cs_stage": "cs_success", "score": "1"}, NOON, archived=True)
    ledger.land("9", {"cs_stage": "cs_success", "score": "2"}, NOON + MINUTE)
    ledger.merged("7", "9")
    ledger.changed_by("9", "score", "2", NOON + MINUTE, "CRM_UI")
    ledger.loaded(NOON + HOUR)
    ledger.note()
    (drift,) = ledger.open()
    assert (drift.key, drift.property, drift.changed_by) == ("7", "score", "CRM_UI")


def test_of_two_keys_of_one_record_the_one_acknowledged_last_speaks(ledger: Ledger) -> None:
    ledger.acknowledge("7", {"cs_stage": "cs_sales"})
    ledger.land("7", {"cs_stage": "cs_success"}, NOON + MINUTE)
    ledger.loaded(NOON + MINUTE)
    assert ledger.note().open == 1
    ledger.acknowledge("9", {"cs_stage": "cs_success"}, NOON + 2 * MINUTE)
    ledger.land("7", {"cs_stage": "cs_sales"}, NOON, archived=True)
    ledger.land("9", {"cs_stage": "cs_success"}, NOON + 2 * MINUTE)
    ledger.merged("7", "9")
    ledger.loaded(NOON + HOUR)
    assert ledger.note() == DriftFound(resolved=1)
    assert ledger.resolutions() == ["no_longer_ours"]


# Where the ledger is in doubt


def test_a_row_whose_answer_never_came_is_left_to_the_run(ledger: Ledger) -> None:
    changed(ledger)
    ledger.ran("7", changes={}, before=None, outcome="unsure")
    with ledger.warehouse.connect() as connection:
        connection.execute(
            "insert into ops.sync_outstanding "
            "(sync, key, status, run_id, first_seen_at, last_seen_at) "
            "values (%s, '7', 'unsure', 'run', now(), now())",
            [DECLARATION.name],
        )
    assert ledger.note() == NOTHING
    with ledger.warehouse.connect() as connection:
        connection.execute("update ops.sync_outstanding set status = 'failed'")
    assert ledger.note().newly_found == 1


def test_what_a_killed_run_may_have_written_is_left_to_the_next_one(ledger: Ledger) -> None:
    changed(ledger)
    ledger.ran("8", changes={}, before=None, status="interrupted", at=NOON, run_id="1")
    assert ledger.note() == NOTHING
    ledger.ran("8", changes={}, before=None, at=NOON + MINUTE, run_id="2")
    assert ledger.note().newly_found == 1


def test_a_killed_run_leaves_no_doubt_about_what_was_acknowledged_later(ledger: Ledger) -> None:
    changed(ledger)
    ledger.ran("8", changes={}, before=None, status="interrupted", at=NOON - MINUTE)
    assert ledger.note().newly_found == 1


# Personal values


def test_personal_values_are_on_record_as_digests_alone(ledger: Ledger) -> None:
    ledger.ran("8", changes={"nickname": digest("Otter")}, before={"nickname": digest("Mole")})
    ledger.acknowledge("7", {"nickname": digest("Otter")})
    ledger.acknowledge("8", {"nickname": digest("Otter")})
    ledger.acknowledge("9", {"nickname": "Otter"})  # from before it was declared to be personal
    for key, value in {"7": "Badger", "8": "Mole", "9": "Vole"}.items():
        ledger.land(key, {"nickname": value}, NOON + MINUTE)
        ledger.changed_by(key, "nickname", value, NOON + MINUTE, "CRM_UI")
    ledger.loaded(NOON + HOUR)
    assert ledger.note().newly_found == 3
    assert [
        (each.acknowledged, each.found, each.kind, each.changed_by) for each in ledger.open()
    ] == [
        (digest("Otter"), digest("Badger"), DriftKind.CHANGED, "CRM_UI"),
        (digest("Otter"), digest("Mole"), DriftKind.NOT_STUCK, "CRM_UI"),
        (digest("Otter"), digest("Vole"), DriftKind.CHANGED, "CRM_UI"),
    ]


def test_a_personal_value_that_was_emptied_is_found_whatever_its_kind(ledger: Ledger) -> None:
    ledger.acknowledge("7", {"nickname": digest("Otter"), "size": digest("12")})
    ledger.land("7", {"nickname": ""}, NOON + MINUTE)
    ledger.loaded(NOON + HOUR)
    ledger.note()
    assert ledger.found() == {("7", "nickname"): None, ("7", "size"): None}


def test_a_digest_stays_one_when_the_property_is_not_declared_personal_any_more(
    ledger: Ledger,
) -> None:
    ledger.acknowledge("7", {"nickname": digest("Otter")})
    ledger.land("7", {"nickname": "Otter"}, NOON + MINUTE)
    ledger.loaded(NOON + HOUR)
    open_to_all = declared(fields=[FieldDeclaration(column="nickname", property="nickname")])
    assert ledger.note(open_to_all) == NOTHING


# What a run sees by itself


def record(ledger: Ledger, *seen: SeenDrift) -> int:
    with ledger.warehouse.connect() as connection:
        return record_drift(connection, DECLARATION, seen)


def test_what_a_run_reads_is_recorded_and_a_load_from_before_says_nothing_of_it(
    ledger: Ledger,
) -> None:
    ledger.acknowledge("7", {"cs_stage": "cs_onboarding"})
    ledger.land("7", {"cs_stage": "cs_onboarding"}, NOON + MINUTE)
    ledger.loaded(NOON + HOUR)
    seen = SeenDrift("7", "cs_stage", "cs_onboarding", "cs_success")
    assert record(ledger, seen) == 1
    assert record(ledger, seen) == 0
    assert ledger.note() == DriftFound(open=1)
    (drift,) = ledger.open()
    assert (drift.found, drift.acknowledged_at) == ("cs_success", NOON)
    ledger.loaded(drift.found_at + SETTLED_AFTER + MILLISECOND)
    assert ledger.note() == DriftFound(resolved=1)


def test_a_run_and_a_load_that_see_the_same_leave_one_row(ledger: Ledger) -> None:
    changed(ledger)
    ledger.note()
    assert record(ledger, SeenDrift("7", "cs_stage", "cs_onboarding", "cs_success")) == 0
    assert record(ledger, SeenDrift("7", "cs_stage", "cs_onboarding", "cs_sbp")) == 0
    assert ledger.found() == {("7", "cs_stage"): "cs_sbp"}


def test_a_run_keeps_personal_values_to_itself(ledger: Ledger) -> None:
    ledger.acknowledge("7", {"nickname": digest("Otter")})
    record(ledger, SeenDrift("7", "nickname", digest("Otter"), "Badger"))
    (drift,) = ledger.open()
    assert (drift.acknowledged, drift.found) == (digest("Otter"), digest("Badger"))


def test_a_key_that_was_never_acknowledged_has_no_drift(ledger: Ledger) -> None:
    assert record(ledger, SeenDrift("7", "cs_stage", None, "cs_success")) == 0
    assert ledger.open() == ()


def test_as_many_drifts_as_asked_for_are_told_in_order(ledger: Ledger) -> None:
    with ledger.warehouse.connect() as connection:
        connection.execute(
            "insert into ops.sync_state "
            "select %s, number::text, '', %s, %s from generate_series(1, 2500) as number",
            [DECLARATION.name, Jsonb({"cs_stage": "cs_sales"}), NOON],
        )
        connection.execute(
            "insert into raw_hubspot.companies "
            "(id, archived, created_at, updated_at, properties, _dlt_load_id, _dlt_id) "
            "select key, false, %s, %s, '{}', '1', '1' from ops.sync_state",
            [NOON, NOON + MINUTE],
        )
    ledger.loaded(NOON + HOUR)
    assert ledger.note() == DriftFound(newly_found=2500, open=2500)
    assert ledger.note() == DriftFound(open=2500)


def test_a_drift_shows_no_value_in_its_repr(ledger: Ledger) -> None:
    changed(ledger)
    ledger.note()
    assert "cs_success" not in repr(ledger.open())
