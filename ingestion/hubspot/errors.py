"""What HubSpot's refusals mean to the person who set up the load."""

from __future__ import annotations

from urllib.parse import urlsplit

import requests

from ingestion.api.errors import SourceError, Vendor

DAILY_LIMIT = "DAILY"
"""The `policyName` of a 429 that no repetition before midnight will change."""


class HubspotError(SourceError):
    """HubSpot's records could not be read or landed; nothing of this load is in the warehouse."""


def hubspot_at(base_url: str) -> Vendor:
    """HubSpot, as its troubles are told.

    Args:
        base_url: where it is asked.
    """
    return Vendor("HubSpot", base_url, "HUBSPOT_BASE_URL", HubspotError, _refusal)


def policy_name(response: requests.Response) -> str | None:
    """Which of HubSpot's limits a 429 is about, where it says so."""
    try:
        body = response.json()
    except requests.JSONDecodeError:
        return None
    return body.get("policyName") if isinstance(body, dict) else None


def is_limit_of_the_moment(response: requests.Response) -> bool:
    """Whether a 429 is about a limit that is soon over."""
    return policy_name(response) != DAILY_LIMIT


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


def _refusal(response: requests.Response) -> str | None:
    path = urlsplit(response.url).path
    match response.status_code:
        case 401:
            return (
                "HubSpot does not accept the access token: put the token of a private app of this "
                "account into HUBSPOT_ACCESS_TOKEN."
            )
        case 403 if scopes_for(path):
            return (
                f"The access token may not read {path}: give the private app the scope "
                f"{' and '.join(scopes_for(path))}."
            )
        case 429 if policy_name(response) == DAILY_LIMIT:
            return "HubSpot's daily limit of requests is used up: run it again tomorrow."
        case _:
            return None
