"""What an API token may read of Pipedrive, found out by asking, and nothing written anywhere."""

from __future__ import annotations

from dataclasses import dataclass

import requests

from ingestion.api.session import RequestMeter, session_through
from ingestion.pipedrive.errors import is_limit_of_the_moment, pipedrive_at, tokens_left
from ingestion.pipedrive.limits import PAGE_SIZE, token_cost
from ingestion.pipedrive.objects import (
    ARCHIVED_DEALS_PATH,
    CURRENT_USER_PATH,
    DEALS_PATH,
    WHOLE_LISTS,
    flow_path,
)
from warehouse.settings import Settings


@dataclass(frozen=True, slots=True)
class ProbedPath:
    """One address of the API."""

    path: str
    can_be_read: bool
    records: int
    """How many the first page has."""
    has_more: bool
    """Whether there are further pages."""
    problem: str | None = None
    """In one sentence, why it cannot be read."""


@dataclass(frozen=True, slots=True)
class PipedriveProbe:
    """What an API token may read."""

    base_url: str
    account: str
    """The account's own domain at Pipedrive."""
    paths: tuple[ProbedPath, ...]
    requests_in_two_seconds: int | None
    """As the account's plan allows them; None where Pipedrive does not tell."""
    tokens_left: int | None
    """API tokens that are left today; None where Pipedrive does not tell."""
    tokens_spent: int
    """By this probe. They are not counted in the warehouse."""

    @property
    def is_complete(self) -> bool:
        """Whether everything can be read that a load reads."""
        return all(path.can_be_read for path in self.paths)


def probe_pipedrive(settings: Settings) -> PipedriveProbe:
    """Ask once for everything that a load reads, a page of each.

    Args:
        settings: with the API token and the base URL.

    Raises:
        SettingsError: when `PIPEDRIVE_API_TOKEN` is not set.
        PipedriveError: when Pipedrive does not answer, or does not accept the token.
    """
    probing = _Probing(settings)
    account = probing.account()
    deals, first_deal = probing.read_page(DEALS_PATH)
    paths = [
        deals,
        probing.read_page(ARCHIVED_DEALS_PATH)[0],
        *(probing.read_page(each.path, is_paged=each.is_paged)[0] for each in WHOLE_LISTS),
    ]
    if first_deal is not None:
        paths.append(probing.read_page(flow_path(first_deal), is_sorted=False)[0])
    return PipedriveProbe(
        base_url=settings.pipedrive_base_url,
        account=account,
        paths=tuple(paths),
        requests_in_two_seconds=probing.requests_in_two_seconds,
        tokens_left=probing.tokens_left,
        tokens_spent=probing.tokens_spent,
    )


@dataclass(frozen=True, slots=True)
class WhoIAm:
    """Whose token it is."""

    account: str
    """The account's own domain at Pipedrive."""
    tokens_left: int | None
    """API tokens that are left today; None where Pipedrive does not tell."""


def ask_who_i_am(settings: Settings) -> WhoIAm:
    """Ask for nothing but whose token it is.

    Args:
        settings: with the API token and the base URL.

    Raises:
        SettingsError: when `PIPEDRIVE_API_TOKEN` is not set.
        PipedriveError: when Pipedrive does not answer, or does not accept the token.
    """
    probing = _Probing(settings)
    account = probing.account()
    return WhoIAm(account, probing.tokens_left)


class _Probing:
    """Asks, and remembers what the answers say of limits."""

    def __init__(self, settings: Settings) -> None:
        token = settings.require_pipedrive_token()
        self.vendor = pipedrive_at(settings.pipedrive_base_url)
        self.tokens_spent = 0
        self.tokens_left: int | None = None
        self.requests_in_two_seconds: int | None = None
        self._session = session_through(
            RequestMeter(self._count), is_limit_of_the_moment=is_limit_of_the_moment
        )
        self._headers = {"x-api-token": token}

    def account(self) -> str:
        """The account's own domain at Pipedrive.

        Raises:
            SourceError: when Pipedrive does not tell.
        """
        try:
            response = self.get(CURRENT_USER_PATH)
            response.raise_for_status()
            return str(response.json()["data"].get("company_domain") or "unknown")
        except requests.RequestException as error:
            raise self.vendor.explained(error) from error
        except (KeyError, TypeError, AttributeError):
            raise self.vendor.not_understood() from None

    def get(self, path: str, **params: str) -> requests.Response:
        """Ask once; who does not answer is asked again."""
        response = self._session.get(
            f"{self.vendor.base_url}/{path}", params=params, headers=self._headers
        )
        left = tokens_left(response)
        self.tokens_left = self.tokens_left if left is None else left
        limit = response.headers.get("x-ratelimit-limit", "")
        if limit.isdigit():
            self.requests_in_two_seconds = int(limit)
        return response

    def read_page(
        self, path: str, *, is_paged: bool = True, is_sorted: bool = True
    ) -> tuple[ProbedPath, str | None]:
        """The first page of a list, and the id of its first record if there is one."""
        params = {"limit": str(PAGE_SIZE)} if is_paged else {}
        if is_paged and is_sorted:
            params["sort_by"] = "id"
        try:
            response = self.get(path, **params)
            response.raise_for_status()
            body = response.json()
            records = body["data"] or []
            more = body.get("additional_data") or {}
            paging = more.get("pagination") or more
            has_more = bool(paging.get("next_cursor") or paging.get("more_items_in_collection"))
            first = str(records[0]["id"]) if records and "id" in records[0] else None
        except requests.RequestException as error:
            return ProbedPath(path, False, 0, False, str(self.vendor.explained(error))), None
        except (KeyError, TypeError, AttributeError):
            return ProbedPath(path, False, 0, False, str(self.vendor.not_understood())), None
        return ProbedPath(path, True, len(records), has_more), first

    def _count(self, request: requests.PreparedRequest) -> None:
        self.tokens_spent += token_cost(request)
