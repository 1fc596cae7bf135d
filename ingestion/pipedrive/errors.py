"""What Pipedrive's refusals mean to the person who set up the load."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import requests

from ingestion.api.errors import SourceError, Vendor

_LONG_SECONDS = 120
"""A limit that is over later than that is no limit of the moment."""


class PipedriveError(SourceError):
    """Pipedrive's records could not be read or landed."""


class TokensSpentError(PipedriveError):
    """The API tokens that may be used today are spent.

    Attributes:
        goes_on_at: when there are tokens again; in UTC.
    """

    def __init__(self, why: str, goes_on_at: datetime) -> None:
        super().__init__(f"{why}: run it again after {goes_on_at:%Y-%m-%d %H:%M} UTC.")
        self.goes_on_at = goes_on_at


def pipedrive_at(base_url: str) -> Vendor:
    """Pipedrive, as its troubles are told.

    Args:
        base_url: where it is asked.
    """
    return Vendor("Pipedrive", base_url, "PIPEDRIVE_BASE_URL", PipedriveError, _refusal)


def is_limit_of_the_moment(response: requests.Response) -> bool:
    """Whether a 429 is about the burst window, and not about the day's tokens."""
    return tokens_left(response) != 0 and _number(response, "x-ratelimit-reset") <= _LONG_SECONDS


def tokens_left(response: requests.Response) -> int | None:
    """What an answer says of the tokens that are left today; None where it says nothing."""
    text = response.headers.get("x-daily-requests-left", "")
    return int(text) if text.isdigit() else None


def next_midnight(now: datetime) -> datetime:
    """When the tokens come back: the beginning of the next day in UTC."""
    return now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(1)


def answered_at(response: requests.Response) -> datetime:
    """The `Date` of an answer in UTC; our own clock where there is none."""
    try:
        said = parsedate_to_datetime(response.headers.get("Date", ""))
    except ValueError:
        return datetime.now(UTC)
    return said if said.tzinfo is not None else said.replace(tzinfo=UTC)


def day_is_spent(response: requests.Response) -> TokensSpentError:
    """The error for a 429 that no repetition before midnight will change."""
    return TokensSpentError(
        "Pipedrive's API tokens of today are used up", next_midnight(answered_at(response))
    )


def _number(response: requests.Response, header: str) -> int:
    text = response.headers.get(header, "")
    return int(text) if text.isdigit() else 0


def _refusal(response: requests.Response) -> str | None:
    is_json = "json" in response.headers.get("Content-Type", "")
    match response.status_code:
        case 401:
            return (
                "Pipedrive does not accept the API token: put the personal API token of a user of "
                "this account into PIPEDRIVE_API_TOKEN."
            )
        case 403 if is_json:
            return (
                f"The user of the API token may not read {response.request.path_url.split('?')[0]}:"
                " give the user a permission set that may, or use the token of another one."
            )
        case 403:
            return (
                "Pipedrive has shut this machine out for a while, as it does after many requests "
                "over its limits: wait an hour, and see what else uses the same account."
            )
        case 429 if not is_limit_of_the_moment(response):
            return str(day_is_spent(response))
        case _:
            return None
