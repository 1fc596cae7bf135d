"""The settings that say who is a customer and which tenant it is, as people write them in JSON.

spec/engagement.md, Universe and mapping. The models read the texts themselves
(macros/settings.sql); here they are checked, so that a slip of the pen is told before anything
runs.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    StringConstraints,
    TypeAdapter,
    ValidationError,
    model_validator,
)

Scalar = str | int | float | bool
_Key = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


class Operator(StrEnum):
    """How a filter compares a property."""

    EQ = "EQ"
    NEQ = "NEQ"
    """Has a value, and another one."""
    IN = "IN"
    HAS_PROPERTY = "HAS_PROPERTY"


class CompanyFilter(BaseModel):
    """Which companies are no customers to be ranked: those that match any filter."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    property: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_]+$")]
    """HubSpot's internal name."""
    operator: Operator
    value: Scalar | None = None
    """Of EQ and NEQ. HubSpot's booleans are the texts `true` and `false`; JSON's will do."""
    values: tuple[Scalar, ...] | None = None
    """Of IN."""

    @model_validator(mode="after")
    def _has_what_its_operator_needs(self) -> Self:
        if self.operator in {Operator.EQ, Operator.NEQ} and self.value is None:
            raise ValueError(f"{self.operator} needs a value")
        if self.operator is Operator.IN and not self.values:
            raise ValueError("IN needs values")
        return self


_FILTERS = TypeAdapter(tuple[CompanyFilter, ...])
_OVERRIDES = TypeAdapter(dict[_Key, int | _Key])


def read_filters(text: str) -> tuple[CompanyFilter, ...]:
    """The filters of `HUBSPOT_COMPANY_EXCLUDE_FILTERS_JSON`; none where it is empty.

    Raises:
        ValueError: when it is no such list; the message names what is wrong, and no value.
    """
    if not text.strip():
        return ()
    try:
        return _FILTERS.validate_json(text)
    except ValidationError as error:
        raise ValueError(
            "must be a JSON list of {property, operator: EQ, NEQ, IN or HAS_PROPERTY, value or "
            f"values}}; {_first(error)}"
        ) from None


def read_overrides(text: str) -> dict[str, str]:
    """The tenants of `TENANT_MAPPING_OVERRIDES_JSON`, by company id or domain.

    Raises:
        ValueError: when it is no such mapping.
    """
    if not text.strip():
        return {}
    try:
        found = _OVERRIDES.validate_json(text)
    except ValidationError as error:
        raise ValueError(
            f"must be a JSON object of tenant ids by HubSpot company id or domain; {_first(error)}"
        ) from None
    return {key: str(tenant_id) for key, tenant_id in found.items()}


def _first(error: ValidationError) -> str:
    problem = error.errors(include_input=False, include_url=False)[0]
    place = ".".join(str(part) for part in problem["loc"])
    said = problem["msg"].removeprefix("Value error, ")
    return f"{place}: {said}" if place else said
