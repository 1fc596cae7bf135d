"""What is asked of HubSpot's API, and where it lands, in `raw_hubspot`."""

from __future__ import annotations

from collections.abc import Callable

from dlt.extract import DltResource
from dlt.sources.rest_api import rest_api_resources
from dlt.sources.rest_api.typing import RESTAPIConfig
from requests import Response, Session

from ingestion.hubspot.errors import HubspotError

COMPANIES_PATH = "crm/v3/objects/companies"
COMPANY_PROPERTIES = (
    "name",
    "domain",
    "country",
    "hs_lastmodifieddate",
    "hubspot_owner_id",
    "is_subjectively_onboarded_",
    "cs_stage",
    "salesaccountmanager",
    "customersuccessmanager",
    "account_manager",
)
"""Internal names; HubSpot leaves out those that an account does not have."""
PAGE_SIZE = 100
"""As many as HubSpot gives at once."""


def hubspot_resources(
    base_url: str, token: str, session: Session, on_page: Callable[[int], None]
) -> list[DltResource]:
    """HubSpot's records as dlt resources, one per table of `raw_hubspot`.

    Every run reads all records that are not archived. Pages follow by `after`: the link in the
    answer names HubSpot's own host, whatever `base_url` is. A record that moves while pages are
    read can come twice; the later version stays. Rows are replaced by deletion and insertion in
    one transaction, because PostgreSQL 14 has no MERGE.

    Args:
        base_url: of the API, without a slash at its end.
        token: of a private app with the scope `crm.objects.companies.read`.
        session: makes the requests; retries are its business.
        on_page: called with the number of records on every page.

    Raises:
        HubspotError: while reading, when an answer is not a page of records.
    """

    def look_at_page(response: Response, *_: object, **__: object) -> Response:
        body = response.json()
        if not isinstance(body, dict) or not isinstance(body.get("results"), list):
            raise HubspotError(
                f"{base_url} answered with something else than a page of records: check "
                "HUBSPOT_BASE_URL, or try again later."
            )
        on_page(len(body["results"]))
        return response

    config: RESTAPIConfig = {
        "client": {
            "base_url": base_url,
            "auth": {"type": "bearer", "token": token},
            "session": session,
            "paginator": {
                "type": "cursor",
                "cursor_path": "paging.next.after",
                "cursor_param": "after",
            },
        },
        "resource_defaults": {
            "primary_key": "id",
            "write_disposition": {"disposition": "merge", "strategy": "delete-insert"},
            "max_table_nesting": 0,
            "columns": {
                "id": {"data_type": "text", "nullable": False},
                "archived": {"data_type": "bool", "nullable": False},
                "created_at": {"data_type": "timestamp", "nullable": False},
                "updated_at": {
                    "data_type": "timestamp",
                    "nullable": False,
                    "dedup_sort": "desc",
                },
                "properties": {"data_type": "json", "nullable": False},
            },
            "endpoint": {
                "data_selector": "results",
                "response_actions": [{"status_code": 200, "action": look_at_page}],
            },
        },
        "resources": [
            {
                "name": "companies",
                "endpoint": {
                    "path": COMPANIES_PATH,
                    "params": {"limit": PAGE_SIZE, "properties": list(COMPANY_PROPERTIES)},
                },
            },
        ],
    }
    return rest_api_resources(config)
