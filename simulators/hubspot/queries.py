"""The query parameters that HubSpot reads."""

from __future__ import annotations

from starlette.datastructures import QueryParams

from simulators.hubspot.errors import invalid_request


def whole_number(query: QueryParams, name: str, *, default: int, most: int) -> int:
    """A number from 1 to `most`.

    Raises:
        HubspotError: a 400, when it is something else.
    """
    text = query.get(name, str(default))
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= most):
        raise invalid_request(f"{name} must be a whole number from 1 to {most}, not {text}.")
    return int(text)


def flag(query: QueryParams, name: str) -> bool:
    """`true` or `false`; false when left out.

    Raises:
        HubspotError: a 400, when it is something else.
    """
    text = query.get(name, "false")
    if text not in {"true", "false"}:
        raise invalid_request(f"{name} must be true or false, not {text}.")
    return text == "true"


def names(query: QueryParams, name: str) -> list[str]:
    """A list: the parameter several times, or once with commas, or both."""
    return [one for text in query.getlist(name) for one in text.split(",") if one]


def id_after(query: QueryParams) -> int:
    """The id behind which a page begins; 0 for the first page.

    Raises:
        HubspotError: a 400, when it is not a number.
    """
    text = query.get("after") or "0"
    if not (text.isascii() and text.isdigit()):
        raise invalid_request(f"after must be what the page before gave, not {text}.")
    return int(text)
