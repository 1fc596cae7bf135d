"""What HubSpot's refusals and silences mean to the person who set up the load."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

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


def scopes_for(path: str) -> tuple[str, ...]:
    """The scopes that a private app needs to read at a path; none for a path that is not read.

    The path may have either form that `warehouse.hubspot_paths` knows.
    """
    match path.strip("/").split("/"):
        case ["crm", "objects", _, object_type, *_] | ["crm", _, "objects", object_type, *_]:
            return (f"crm.objects.{object_type}.read",)
        case ["crm", "properties", _, object_type, *_] | ["crm", _, "properties", object_type, *_]:
            return (f"crm.schemas.{object_type}.read",)
        case ["crm", "owners", _, *_] | ["crm", _, "owners", *_]:
            return ("crm.objects.owners.read",)
        case ["crm", "associations", _, from_type, to_type, *_] | [
            "crm",
            _,
            "associations",
            from_type,
            to_type,
            *_,
        ]:
            return (f"crm.objects.{from_type}.read", f"crm.objects.{to_type}.read")
        case _:
            return ()


def _refusal(response: requests.Response, base_url: str) -> HubspotError:
    path = urlsplit(response.url).path
    match response.status_code:
        case 401:
            return HubspotError(
                "HubSpot does not accept the access token: put the token of a private app of this "
                "account into HUBSPOT_ACCESS_TOKEN."
            )
        case 403 if scopes_for(path):
            return HubspotError(
                f"The access token may not read {path}: give the private app the scope "
                f"{' and '.join(scopes_for(path))}."
            )
        case 429 if policy_name(response) == DAILY_LIMIT:
            return HubspotError(
                "HubSpot's daily limit of requests is used up: run it again tomorrow."
            )
        case status if status == 429 or status >= 500:
            return HubspotError(
                f"HubSpot at {base_url} answered {status} again and again: try later, and check "
                "HUBSPOT_BASE_URL if it stays so."
            )
        case status:
            return HubspotError(
                f"HubSpot at {base_url} answered {status} to {path}: check HUBSPOT_BASE_URL."
            )


def _causes(error: BaseException) -> Iterator[BaseException]:
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        cause = cause.__cause__ or cause.__context__
