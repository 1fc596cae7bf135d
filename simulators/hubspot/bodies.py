"""The request bodies that HubSpot reads."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, StrictStr, ValidationError
from pydantic.alias_generators import to_camel

from simulators.hubspot.errors import ErrorDetail, HubspotError, invalid_request
from simulators.hubspot.properties import FieldType, PropertyType

MAX_INPUTS = 100
MAX_ASSOCIATION_INPUTS = 1_000
MAX_FILTER_GROUPS = 5
MAX_FILTERS_IN_GROUP = 6
MAX_SEARCH_LIMIT = 200


class Body(BaseModel):
    """A JSON object with HubSpot's camel-case names.

    Names that HubSpot does not know are passed over, values of the wrong JSON type refused.
    """

    model_config = ConfigDict(alias_generator=to_camel, frozen=True)


class UpdateInput(Body):
    """One record to change."""

    id: StrictStr
    id_property: str | None = None
    object_write_trace_id: str | None = None
    properties: dict[str, StrictStr]


class BatchUpdate(Body):
    """`POST .../batch/update`."""

    inputs: Annotated[list[UpdateInput], Field(max_length=MAX_INPUTS)]


class SingleUpdate(Body):
    """`PATCH .../{id}`."""

    properties: dict[str, StrictStr]


class ReadInput(Body):
    """One record to read."""

    id: StrictStr


class BatchRead(Body):
    """`POST .../batch/read`."""

    inputs: Annotated[list[ReadInput], Field(max_length=MAX_INPUTS)]
    id_property: str | None = None
    properties: list[str]
    properties_with_history: list[str] = []


class AssociationReadInput(Body):
    """One record whose associations are wanted, from the start or after a page of them."""

    id: StrictStr
    after: StrictStr | None = None


class AssociationRead(Body):
    """`POST /crm/v4/associations/{from}/{to}/batch/read`."""

    inputs: Annotated[list[AssociationReadInput], Field(max_length=MAX_ASSOCIATION_INPUTS)]


class Operator(StrEnum):
    """How a search filter compares."""

    EQ = "EQ"
    NEQ = "NEQ"
    LT = "LT"
    LTE = "LTE"
    GT = "GT"
    GTE = "GTE"
    BETWEEN = "BETWEEN"
    IN = "IN"
    NOT_IN = "NOT_IN"
    HAS_PROPERTY = "HAS_PROPERTY"
    NOT_HAS_PROPERTY = "NOT_HAS_PROPERTY"
    CONTAINS_TOKEN = "CONTAINS_TOKEN"
    NOT_CONTAINS_TOKEN = "NOT_CONTAINS_TOKEN"


class Filter(Body):
    """One condition."""

    property_name: str
    operator: Operator
    value: StrictStr | None = None
    high_value: StrictStr | None = None
    values: list[StrictStr] | None = None


class FilterGroup(Body):
    """Conditions that must all hold."""

    filters: Annotated[list[Filter], Field(max_length=MAX_FILTERS_IN_GROUP)]


class Sort(Body):
    """The order of the results."""

    property_name: str
    direction: Literal["ASCENDING", "DESCENDING"] = "ASCENDING"


class Search(Body):
    """`POST .../search`: records for which any one of the groups holds."""

    query: str = ""
    limit: Annotated[int, Field(ge=0, le=MAX_SEARCH_LIMIT)] = 10
    after: StrictStr | None = None
    sorts: Annotated[list[Sort | str], Field(max_length=1)] = []
    properties: list[str] = []
    filter_groups: Annotated[list[FilterGroup], Field(max_length=MAX_FILTER_GROUPS)] = []


class OptionInput(Body):
    """One option of a dropdown."""

    label: str
    value: str
    hidden: bool
    display_order: int = -1
    description: str = ""


class PropertyCreate(Body):
    """`POST /crm/v3/properties/{objectType}`."""

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=100)]
    label: str
    type: PropertyType
    field_type: FieldType
    group_name: str
    description: str = ""
    options: list[OptionInput] = []
    display_order: int = -1
    hidden: bool = False
    form_field: bool = False
    has_unique_value: bool = False


class PropertyUpdate(Body):
    """`PATCH /crm/v3/properties/{objectType}/{name}`: what is left out stays as it is."""

    label: str | None = None
    type: PropertyType | None = None
    field_type: FieldType | None = None
    group_name: str | None = None
    description: str | None = None
    options: list[OptionInput] | None = None
    display_order: int | None = None
    hidden: bool | None = None
    form_field: bool | None = None


_Body = TypeVar("_Body", bound=Body)


def parse(model: type[_Body], body: bytes) -> _Body:
    """Read a request body.

    Raises:
        HubspotError: a 400 that names each wrong place, when the body is not what `model` says.
    """
    try:
        return model.model_validate_json(body)
    except ValidationError as error:
        raise _unreadable(error) from None


def _unreadable(error: ValidationError) -> HubspotError:
    details = tuple(
        ErrorDetail(message=problem["msg"], location=".".join(str(part) for part in problem["loc"]))
        for problem in error.errors()
    )
    first = details[0]
    where = f" ({first.location})" if first.location else ""
    return invalid_request(f"Invalid input JSON{where}: {first.message}", details)
