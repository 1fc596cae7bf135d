"""A server that says what a test wants of HubSpot's companies, and nothing of all else."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from simulators.serving import serving


@contextmanager
def answering(*pages: object) -> Iterator[str]:
    """A server that answers companies with these pages, one after the other; else with nothing."""
    remaining = iter(pages)

    async def companies(_: Request) -> Response:
        return JSONResponse(next(remaining, {"results": []}))

    async def nothing(_: Request) -> Response:
        return JSONResponse({"results": []})

    routes = [
        Route("/crm/v3/objects/companies", companies),
        Route("/crm/v3/objects/companies/search", companies, methods=["POST"]),
        Route("/{path:path}", nothing, methods=["GET", "POST"]),
    ]
    with serving(Starlette(routes=routes)) as base_url:
        yield base_url


def company(name: str, updated_at: str, record_id: str = "1") -> dict[str, object]:
    """A record as HubSpot gives it."""
    return {
        "id": record_id,
        "archived": False,
        "createdAt": "2026-01-01T00:00:00Z",
        "updatedAt": updated_at,
        "properties": {"name": name},
    }


NEXT_PAGE = {"next": {"after": "1", "link": "https://api.example.com/never/asked"}}
