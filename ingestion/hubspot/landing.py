"""HubSpot's records into `raw_hubspot`, with their row in the ledger."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import requests
from dlt.pipeline.exceptions import PipelineStepFailed
from dlt.sources.helpers.requests import Client
from psycopg import Connection
from psycopg.rows import TupleRow
from requests.adapters import HTTPAdapter

from ingestion.hubspot.errors import DAILY_LIMIT, explained, policy_name
from ingestion.hubspot.source import COMPANIES_PATH, hubspot_resources
from ingestion.ledger import Load, record
from ingestion.pipeline import run_pipeline
from warehouse.database import Warehouse
from warehouse.settings import Settings

SOURCE = "hubspot"
SCHEMA = "raw_hubspot"

_ATTEMPTS = 5
_BACKOFF_SECONDS = 1.0  # before the first repetition; then twice as long each time


@dataclass(frozen=True, slots=True)
class HubspotLoadSummary:
    """What a load of HubSpot has done."""

    records: int
    """Companies read and landed, new, changed or as they were."""
    repeated: int
    """Records that came more than once, because they moved while pages were read."""
    calls: int
    """Requests made, repeated ones included."""


def ingest_hubspot(
    warehouse: Warehouse,
    settings: Settings,
    *,
    on_progress: Callable[[int], None] | None = None,
) -> HubspotLoadSummary:
    """Read all companies of the HubSpot account and land them: new ones in, changed ones over.

    Args:
        warehouse: migrated.
        settings: with the access token and the base URL.
        on_progress: called with the number of records read so far, after every page.

    Raises:
        SettingsError: when `HUBSPOT_ACCESS_TOKEN` is not set.
        HubspotError: when HubSpot refuses, stays silent or answers nonsense; the tables are then
            as they were before.
    """
    started_at = datetime.now(UTC)
    token = settings.require_hubspot_token()
    base_url = settings.hubspot_base_url
    requests_made = _CountingAdapter()
    read = 0

    def on_page(records: int) -> None:
        nonlocal read
        read += records
        if on_progress is not None:
            on_progress(read)

    try:
        load_id = run_pipeline(
            warehouse,
            name=SOURCE,
            schema=SCHEMA,
            resources=hubspot_resources(base_url, token, _session(requests_made), on_page),
        )
    except PipelineStepFailed as error:
        raise explained(error, base_url) from error

    with warehouse.connect() as connection:
        landed = _rows_of_load(connection, load_id)
        record(
            connection,
            Load(
                source=SOURCE,
                table_name=f"{SCHEMA}.companies",
                place=f"{base_url}/{COMPANIES_PATH}",
                rows_read=read,
                rows_accepted=landed,
                rows_rejected=0,
                rows_duplicate=read - landed,
                started_at=started_at,
            ),
        )
    return HubspotLoadSummary(records=landed, repeated=read - landed, calls=requests_made.number)


def _rows_of_load(connection: Connection[TupleRow], load_id: str | None) -> int:
    counted = connection.execute(
        "select count(*) from raw_hubspot.companies where _dlt_load_id = %s", [load_id]
    ).fetchone()
    return int(counted[0]) if counted else 0


class _CountingAdapter(HTTPAdapter):
    """Sends requests, and knows how many, repeated ones included."""

    number = 0

    def send(self, *arguments: Any, **options: Any) -> requests.Response:
        self.number += 1
        return super().send(*arguments, **options)


def _session(adapter: HTTPAdapter) -> requests.Session:
    """A session that repeats what failed for a moment: no answer, 429, 5xx."""
    session: requests.Session = Client(
        raise_for_status=False,
        status_codes=range(500, 600),
        retry_condition=_is_limit_of_the_moment,
        request_max_attempts=_ATTEMPTS,
        request_backoff_factor=_BACKOFF_SECONDS,
    ).session
    for scheme in ("http://", "https://"):
        session.mount(scheme, adapter)
    return session


def _is_limit_of_the_moment(response: requests.Response | None, _: BaseException | None) -> bool:
    return (
        response is not None
        and response.status_code == 429
        and policy_name(response) != DAILY_LIMIT
    )
