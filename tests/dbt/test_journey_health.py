"""What is out of the ordinary in the journey: a warning that fails nothing, and people are told."""

from __future__ import annotations

import pytest

from cli.build import show
from decisions.dbt_build import build_models
from tests.dbt.conftest import AS_OF, Journey, company

LOCK = {
    "type": "cs_stage_lock_set",
    "at": "2026-03-30T00:00:00Z",
    "company_id": "c1",
    "cs_stage": "cs_error",
    "expires_at": "2026-06-01T00:00:00Z",
    "set_by": "ops",
}
FINDING = "1 of 2 companies are cs_error"


def alerts(journey: Journey) -> dict[str, str]:
    rows = journey.rows("activation.sync_slack_alerts")
    return {row["alert_id"]: row["text"] for row in rows if row["alert_id"].startswith("journey:")}


def test_many_companies_in_error_are_a_warning_and_an_alert(
    journey: Journey, capsys: pytest.CaptureFixture[str]
) -> None:
    journey.land([*company("c1"), *company("c2"), LOCK])
    assert journey.build(select=["+sync_slack_alerts"]).failures == []
    checked = build_models(journey.warehouse, as_of=AS_OF, select=["few_companies_are_cs_error"])
    assert checked.is_success
    assert checked.tests == 0
    (warning,) = checked.warnings
    assert warning.name == "few_companies_are_cs_error"
    assert warning.message.startswith(f"{FINDING}. journey.review_queue says why")
    show(checked)
    assert f"WARNING few_companies_are_cs_error: {FINDING}." in capsys.readouterr().out

    assert alerts(journey).keys() == {"journey:cs_error_rate:2026-03-31"}
    assert FINDING in alerts(journey)["journey:cs_error_rate:2026-03-31"]

    # A build that broke off is told as soon as it is on record, without another build.
    with journey.warehouse.connect() as connection:
        connection.execute(
            "insert into ops.build_run (run_id, started_at, ended_at, outcome, message) values "
            "('r9', '2027-01-01T06:00Z', '2027-01-01T06:01Z', 'failed', 'Failed: a_model.')"
        )
    told = alerts(journey)["journey:build:2027-01-01"]
    assert "Failed: a_model." in told
    assert "Runs: r9." in told
