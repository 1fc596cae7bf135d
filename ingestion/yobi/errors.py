"""What Yobi's refusals mean to the person who set up the load."""

from __future__ import annotations

import requests

from ingestion.api.errors import SourceError, Vendor

LOGIN_PATH = "users/login"


class YobiError(SourceError):
    """Yobi could not be read, or answers otherwise than a week needs; nothing has landed."""


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
