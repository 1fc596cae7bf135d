"""Loading Yobi keeps to what was observed of Yobi's API."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from ingestion.yobi.landing import ingest_yobi
from simulators.clock import StoppedClock
from simulators.yobi import (
    DEFAULT_EMAIL,
    DEFAULT_PASSWORD,
    DailyFigures,
    Habits,
    ListShape,
    Location,
    Metric,
    Tenant,
    YobiSimulator,
    YobiState,
)
from tests.contracts.conftest import OnRecord
from tests.contracts.openapi import Description
from warehouse.database import Warehouse
from warehouse.settings import Settings

ALL = frozenset(Metric)


@pytest.mark.parametrize(
    ("habits", "requests"),
    [
        (Habits(), 9),
        (Habits(has_last_week=ALL, lists=ListShape.NAMED, has_users=ALL), 6),
        (Habits(has_last_week={Metric.TASKS}, lists=ListShape.BARE, tells_zero_days=True), 8),
    ],
    ids=["as seen", "with last week and users", "with last week of one metric"],
)
def test_every_request_of_a_load_keeps_to_the_description(
    warehouse: Warehouse,
    yobi_on_record: OnRecord,
    yobi_description: Description,
    habits: Habits,
    requests: int,
) -> None:
    state = YobiState(
        [Tenant(1, "Quiet Dental", domain="quiet.example.com"), Tenant("t-2", "Still Dental")],
        [Location(11, 1, "North"), Location("l-2", "t-2", "Only")],
        [DailyFigures(1, date(2026, 3, 14), calls=5, tasks=2, appointments=3, new_patients=1)],
        clock=StoppedClock(datetime(2026, 3, 15, 10, tzinfo=UTC)),
    )

    with yobi_on_record(YobiSimulator(state, habits=habits)) as yobi:
        settings = Settings.model_validate(
            {
                "YOBI_BASE_URL": yobi.base_url,
                "YOBI_EMAIL": DEFAULT_EMAIL,
                "YOBI_PASSWORD": DEFAULT_PASSWORD,
                "JOB_TIMEZONE": "America/New_York",
            }
        )
        summary = ingest_yobi(warehouse, settings)

        assert yobi.recorder.operations == yobi_description.operations
        assert len(yobi.recorder.exchanges) == requests
    assert summary.of("tenants").landed == 2
