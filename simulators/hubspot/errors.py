"""HubSpot's error answers."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import uuid4

from starlette.responses import JSONResponse

from simulators.hubspot.properties import InvalidValuesError

Context = Mapping[str, Sequence[str]]


@dataclass(frozen=True)
class ErrorDetail:
    """One entry of an error's `errors`."""

    message: str
    code: str | None = None
    location: str | None = None
    """Where in the request; HubSpot calls it `in`."""
    context: Context = field(default_factory=dict)


class HubspotError(Exception):
    """A request that is answered with an error."""

    def __init__(
        self,
        status: int,
        category: str,
        message: str,
        *,
        errors: Sequence[ErrorDetail] = (),
        context: Context | None = None,
    ) -> None:
        """What the answer's status and body say."""
        super().__init__(message)
        self.status = status
        self.category = category
        self.message = message
        self.errors = tuple(errors)
        self.context = context or {}

    def response(self) -> JSONResponse:
        """The answer."""
        return JSONResponse(
            {
                "status": "error",
                "message": self.message,
                "correlationId": str(uuid4()),
                "category": self.category,
                **({"errors": [_detail(error) for error in self.errors]} if self.errors else {}),
                **({"context": self.context} if self.context else {}),
            },
            self.status,
        )


def _detail(error: ErrorDetail) -> dict[str, object]:
    detail = {
        "message": error.message,
        "code": error.code,
        "in": error.location,
        "context": error.context,
    }
    return {name: value for name, value in detail.items() if value}


def invalid_request(message: str, errors: Sequence[ErrorDetail] = ()) -> HubspotError:
    """400 for a request that says something impossible."""
    return HubspotError(400, "VALIDATION_ERROR", message, errors=errors)


def invalid_values(error: InvalidValuesError) -> HubspotError:
    """400 for values that a record may not have. It names the properties, never the record."""
    listed = [
        {
            "isValid": False,
            "message": problem.message,
            "error": problem.code,
            "name": problem.name,
            "localizedErrorMessage": problem.message,
        }
        for problem in error.problems
    ]
    return invalid_request(
        f"Property values were not valid: {json.dumps(listed, separators=(',', ':'))}",
        [
            ErrorDetail(
                message=problem.message,
                code=problem.code,
                context={"propertyName": [problem.name]},
            )
            for problem in error.problems
        ],
    )


def not_found(message: str = "resource not found") -> HubspotError:
    """404."""
    return HubspotError(404, "OBJECT_NOT_FOUND", message)


def unauthenticated(*, has_token: bool) -> HubspotError:
    """401, for a request without token or with an unknown one."""
    if has_token:
        message = "Authentication credentials not found. The access token is not valid."
    else:
        message = "Authentication credentials not found."
    return HubspotError(401, "INVALID_AUTHENTICATION", message)


def expired() -> HubspotError:
    """401, for a token whose time is over."""
    return HubspotError(
        401, "EXPIRED_AUTHENTICATION", "The access token used to make this call has expired."
    )


def missing_scopes(scopes: Iterable[str]) -> HubspotError:
    """403, for a token whose app has not been given these."""
    return HubspotError(
        403,
        "MISSING_SCOPES",
        "This app hasn't been granted all required scopes to make this call.",
        errors=[
            ErrorDetail(
                message="One or more of the following scopes are required.",
                context={"requiredGranularScopes": sorted(scopes)},
            )
        ],
    )


def rate_limited(policy: str, *, retry_after: int | None = None) -> JSONResponse:
    """429, with `Retry-After` in seconds or without."""
    return JSONResponse(
        {
            "status": "error",
            "message": f"You have reached your {policy.lower()} limit.",
            "errorType": "RATE_LIMIT",
            "correlationId": str(uuid4()),
            "policyName": policy,
            "requestId": str(uuid4()),
        },
        429,
        {} if retry_after is None else {"Retry-After": str(retry_after)},
    )


def server_error(status: int) -> JSONResponse:
    """5xx."""
    return HubspotError(status, "INTERNAL_ERROR", "internal error").response()
