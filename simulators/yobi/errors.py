"""The local Yobi's error answers; nobody has observed real ones."""

from __future__ import annotations

from starlette.responses import JSONResponse


def refused(status: int, message: str) -> JSONResponse:
    """An answer that says why there is nothing else."""
    return JSONResponse({"success": False, "message": message}, status)


def rate_limited(*, retry_after: int | None = None) -> JSONResponse:
    """429, with `Retry-After` in seconds or without."""
    answer = refused(429, "Too many requests.")
    if retry_after is not None:
        answer.headers["Retry-After"] = str(retry_after)
    return answer
