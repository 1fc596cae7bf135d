"""Pipedrive's error answers."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.responses import HTMLResponse, JSONResponse, Response

_SHUT_OUT_PAGE = (
    "<!DOCTYPE html><html><head><title>Access denied</title></head>"
    "<body><h1>You have been blocked</h1></body></html>"
)


class PipedriveError(Exception):
    """A request that is answered with an error."""

    def __init__(self, status: int, message: str) -> None:
        """What the answer's status and body say."""
        super().__init__(message)
        self.status = status
        self.message = message

    def response(self, headers: Mapping[str, str] | None = None) -> JSONResponse:
        """The answer."""
        return JSONResponse(
            {
                "success": False,
                "error": self.message,
                "error_info": "Please check developers.pipedrive.com for more information.",
                "errorCode": self.status,
                "data": None,
                "additional_data": None,
            },
            self.status,
            dict(headers or {}),
        )


def invalid_request(message: str) -> PipedriveError:
    """400 for a request that says something impossible."""
    return PipedriveError(400, message)


def unauthenticated() -> PipedriveError:
    """401, for a request without token or with an unknown one."""
    return PipedriveError(401, "unauthorized access")


def not_found(what: str) -> PipedriveError:
    """404."""
    return PipedriveError(404, f"{what} not found")


def rate_limited(headers: Mapping[str, str]) -> JSONResponse:
    """429; which of the limits is reached stands in the headers alone."""
    return PipedriveError(429, "request over limit").response(headers)


def shut_out() -> Response:
    """403 with a page in the place of JSON, for who goes on asking after many a 429."""
    return HTMLResponse(_SHUT_OUT_PAGE, 403)


def server_error(status: int) -> JSONResponse:
    """5xx."""
    return PipedriveError(status, "Internal server error").response()
