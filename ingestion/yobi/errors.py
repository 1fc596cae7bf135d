"""What Yobi's refusals mean to the person who set up the load."""

from __future__ import annotations

from typing import Self

import requests

from ingestion.api.errors import SourceError, Vendor
from ingestion.yobi.week import Week

LOGIN_PATH = "users/login"


class YobiError(SourceError):
    """Yobi could not be read, or answers otherwise than a week needs; nothing has landed."""

    @classmethod
    def about_a_change(cls, path: str, change: str) -> Self:
        """An answer breaks its contract: the endpoint, and what is wrong with which field."""
        return cls(f"Yobi's answer to /{path} is not what it was: {change}; nothing was loaded.")

    @classmethod
    def about_a_week_untold(cls, week: Week) -> Self:
        """No period covers a week."""
        return cls(
            f"Yobi does not tell of the week {week}, which is not over or longer ago than 90 days: "
            "choose another --as-of."
        )


def yobi_at(base_url: str) -> Vendor:
    """Yobi, as its troubles are told.

    Args:
        base_url: where it is asked.
    """
    return Vendor("Yobi", base_url, "YOBI_BASE_URL", YobiError, _refusal)


def _refusal(response: requests.Response) -> str | None:
    path = response.request.path_url.partition("?")[0]
    if response.status_code in {400, 401, 403} and path.endswith(LOGIN_PATH):
        return (
            "Yobi does not accept the login: check YOBI_EMAIL and YOBI_PASSWORD, which must be "
            "those of an administrator."
        )
    match response.status_code:
        case 401:
            return (
                f"Yobi refuses a token at {path} that it has just given: see in Yobi whether the "
                "user of YOBI_EMAIL is still active, then run it again."
            )
        case 403:
            return (
                f"The user of YOBI_EMAIL may not read {path}: ask Yobi's administrators to let it "
                "see all tenants."
            )
        case _:
            return None
