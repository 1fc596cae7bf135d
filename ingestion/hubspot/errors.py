"""What HubSpot's refusals and silences mean to the person who set up the load."""

from __future__ import annotations

from collections.abc import Iterator

import requests

from ingestion.errors import IngestionError

DAILY_LIMIT = "DAILY"
"""The `policyName` of a 429 that no repetition before midnight will change."""


class HubspotError(IngestionError):
    """HubSpot's records could not be read or landed; nothing of this load is in the warehouse."""


def explained(error: Exception, base_url: str) -> HubspotError:
    """The sentence for an error that came up while HubSpot was read.

    Args:
        error: as dlt raised it; what it was raised from is looked at too.
        base_url: where HubSpot was asked.
    """
    for cause in _causes(error):
        match cause:
            case HubspotError():
                return cause
            case requests.HTTPError(response=requests.Response() as response):
                return _refusal(response, base_url)
            case requests.JSONDecodeError():
                return HubspotError(
                    f"{base_url} answered with something else than JSON: check HUBSPOT_BASE_URL, "
                    "or try again later."
                )
            case requests.RequestException():
                return HubspotError(
                    f"HubSpot does not answer at {base_url} ({type(cause).__name__}): check the "
                    "network and HUBSPOT_BASE_URL, or try again later."
                )
    return HubspotError(
        f"HubSpot's records could not be landed ({type(list(_causes(error))[-1]).__name__}): "
        "run it again with --debug to see where."
    )


def policy_name(response: requests.Response) -> str | None:
    """Which of HubSpot's limits a 429 is about, where it says so."""
    try:
        body = response.json()
    except requests.JSONDecodeError:
        return None
    return body.get("policyName") if isinstance(body, dict) else None


def _refusal(response: requests.Response, base_url: str) -> HubspotError:
    match response.status_code:
        case 401:
            return HubspotError(
                "HubSpot does not accept the access token: put the token of a private app of this "
                "account into HUBSPOT_ACCESS_TOKEN."
            )
        case 403:
            return HubspotError(
                "The access token may not read companies: give the private app the scope "
                "crm.objects.companies.read."
            )
        case 429 if policy_name(response) == DAILY_LIMIT:
            return HubspotError(
                "HubSpot's daily limit of requests is used up: run it again tomorrow."
            )
        case status:
            return HubspotError(
                f"HubSpot at {base_url} answered {status} again and again: try later, and check "
                "HUBSPOT_BASE_URL if it stays so."
            )


def _causes(error: BaseException) -> Iterator[BaseException]:
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        cause = cause.__cause__ or cause.__context__
