"""The vendors' API descriptions, and simulators that are held to them."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from starlette.types import ASGIApp

from simulators.serving import serving
from tests.contracts.openapi import Description, Likeness, Recorder

_PROJECT = Path(__file__).parents[2]


@dataclass(frozen=True)
class RecordedVendor:
    """A vendor's stand-in that is being served, and the record of what goes over the wire."""

    base_url: str
    recorder: Recorder


OnRecord = Callable[[ASGIApp], AbstractContextManager[RecordedVendor]]
"""Serves a stand-in on record; at the end of the block everything must have kept to the
description."""


@pytest.fixture(scope="session")
def api_specs() -> Path:
    """The folder with the vendors' API descriptions."""
    folder = _PROJECT / os.environ.get("MILLRACE_API_SPECS", "../shared/api-specs")
    if not folder.is_dir():
        pytest.exit(
            f"There are no API descriptions at {folder}: set MILLRACE_API_SPECS to their folder.",
            returncode=1,
        )
    return folder


LIKE_OTHERS = {
    "Deal_Batch_read": Likeness(
        "/crm/v3/objects/deals/batch/read", "post", "/crm/v3/objects/companies/batch/read"
    ),
    "Contact_Batch_update": Likeness(
        "/crm/v3/objects/contacts/batch/update", "post", "/crm/v3/objects/companies/batch/update"
    ),
}
"""What the description of HubSpot leaves out, though every kind of record has it."""


@pytest.fixture(scope="session")
def hubspot_description(api_specs: Path) -> Description:
    """What HubSpot's API is described to be. Its `Error` is for 5xx too, which it does not list."""
    return Description(api_specs / "hubspot.yaml", server_errors="Error", like=LIKE_OTHERS)


@pytest.fixture(scope="session")
def hubspot_description_by_date(api_specs: Path) -> Description:
    """The same, with the addresses in their dated form."""
    return Description(
        api_specs / "hubspot.yaml",
        server_errors="Error",
        like=LIKE_OTHERS,
        moved=lambda path: re.sub(r"^/crm/v\d/(\w+)", r"/crm/\1/2026-03", path),
    )


@pytest.fixture(scope="session")
def pipedrive_description(api_specs: Path) -> Description:
    """What Pipedrive's API is described to be. Its `Error` is for 5xx too."""
    return Description(api_specs / "pipedrive.yaml", server_errors="Error")


@pytest.fixture
def pipedrive_on_record(pipedrive_description: Description) -> OnRecord:
    """Serve a stand-in for Pipedrive and hold it, and whoever calls it, to the description."""
    return on_record_of(pipedrive_description)


@pytest.fixture
def hubspot_on_record(hubspot_description: Description) -> OnRecord:
    """Serve a stand-in for HubSpot and hold it, and whoever calls it, to the description."""
    return on_record_of(hubspot_description)


@pytest.fixture(scope="session")
def slack_description(api_specs: Path) -> Description:
    """What Slack's incoming webhooks are described to be."""
    return Description(api_specs / "slack-incoming-webhook.yaml")


@pytest.fixture
def slack_on_record(slack_description: Description) -> OnRecord:
    """Serve a stand-in for Slack and hold it, and whoever calls it, to the description."""
    return on_record_of(slack_description)


@pytest.fixture(scope="session")
def yobi_description() -> Description:
    """What was observed of Yobi's API: its description stands beside the stand-in."""
    return Description(_PROJECT / "simulators" / "yobi" / "observed-api.yaml")


@pytest.fixture
def yobi_on_record(yobi_description: Description) -> OnRecord:
    """Serve a stand-in for Yobi and hold it, and whoever calls it, to what was observed."""
    return on_record_of(yobi_description)


def on_record_of(description: Description) -> OnRecord:
    """How stand-ins for the vendor of this description are served on record."""

    @contextmanager
    def on_record(app: ASGIApp) -> Iterator[RecordedVendor]:
        recorder = Recorder(app, description)
        with serving(recorder) as base_url:
            yield RecordedVendor(base_url, recorder)
        assert recorder.violations == []

    return on_record
