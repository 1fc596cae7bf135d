"""The search endpoint: which records match, in which order, and how far one can page."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from fnmatch import fnmatchcase

from pydantic import ValidationError

from simulators.hubspot.bodies import Filter, Operator, Search, Sort
from simulators.hubspot.errors import invalid_request
from simulators.hubspot.properties import PropertyDefinition, PropertyType, selected_values
from simulators.hubspot.records import RecordVersion
from simulators.hubspot.tables import ObjectTable
from simulators.hubspot.timestamps import format_instant, parse_instant

MAX_RESULTS = 10_000
"""How far HubSpot lets one page."""
MAX_FILTERS = 18

_Key = tuple[float, str]
"""What is compared in the place of a value: the number, or the text."""
_Test = Callable[[str], bool]
_Predicate = Callable[[Mapping[str, str]], bool]

_OPPOSITES = {
    Operator.NEQ: Operator.EQ,
    Operator.NOT_IN: Operator.IN,
    Operator.NOT_CONTAINS_TOKEN: Operator.CONTAINS_TOKEN,
}
_COMPARISONS: dict[Operator, Callable[[_Key, _Key], bool]] = {
    Operator.LT: operator.lt,
    Operator.LTE: operator.le,
    Operator.GT: operator.gt,
    Operator.GTE: operator.ge,
}


@dataclass(frozen=True)
class SearchPage:
    """One page of results."""

    total: int
    """How many records match, also beyond those that can be reached by paging."""
    results: list[RecordVersion]
    after: str | None
    """Where the next page begins, be it out of reach; None on the last."""


def search(
    table: ObjectTable, request: Search, *, indexed_at: datetime, most: int = MAX_RESULTS
) -> SearchPage:
    """Answer a search from an index that knows the account as it was at `indexed_at`.

    Text is compared without regard to case, except that the values of `IN` and `NOT_IN` are taken
    as they are and must therefore be lower case; enumerations are compared exactly. The negative
    operators find only records that have a value. Results come in the order of their ids unless
    sorted; records without the sorted value come last. Archived records are not found.

    Raises:
        HubspotError: a 400 for a search that HubSpot refuses, among them one past `most` results.
    """
    if sum(len(group.filters) for group in request.filter_groups) > MAX_FILTERS:
        raise invalid_request(f"A search has at most {MAX_FILTERS} filters in all groups together.")
    offset = _offset(request, most)
    groups = [
        [_predicate(table, filter_) for filter_ in group.filters] for group in request.filter_groups
    ]
    matches = [
        version
        for version in _indexed(table, indexed_at)
        if (not request.query or _query_matches(table, request.query, version.properties))
        and (
            not groups or any(all(holds(version.properties) for holds in group) for group in groups)
        )
    ]
    for sort in request.sorts:
        matches = _sorted(table, matches, _read_sort(sort))
    page = matches[offset : offset + request.limit]
    end = offset + len(page)
    return SearchPage(
        total=len(matches),
        results=page,
        after=str(end) if page and end < len(matches) else None,
    )


def _offset(request: Search, most: int) -> int:
    after = request.after or "0"
    if not (after.isascii() and after.isdigit()):
        raise invalid_request(f"after must be a whole number, not {after}.")
    if int(after) + request.limit > most:
        raise invalid_request(
            f"A search gives no more than {most:,} results: after {after} with limit "
            f"{request.limit} goes past them."
        )
    return int(after)


def _indexed(table: ObjectTable, indexed_at: datetime) -> Iterator[RecordVersion]:
    for record in table:
        version = record.as_of(indexed_at) if record.archived_at is None else None
        if version is not None:
            yield version


def _query_matches(table: ObjectTable, query: str, values: Mapping[str, str]) -> bool:
    wanted = query.lower()
    return any(wanted in values.get(name, "").lower() for name in table.kind.searched_properties)


def _predicate(table: ObjectTable, filter_: Filter) -> _Predicate:
    definition = _definition(table, filter_.property_name)
    name = definition.name
    if filter_.operator is Operator.HAS_PROPERTY:
        return lambda values: name in values
    if filter_.operator is Operator.NOT_HAS_PROPERTY:
        return lambda values: name not in values
    opposite = _OPPOSITES.get(filter_.operator)
    if opposite is None:
        test = _test(definition, filter_, filter_.operator)
        return lambda values: name in values and test(values[name])
    excluded = _test(definition, filter_, opposite)
    return lambda values: name in values and not excluded(values[name])


def _test(definition: PropertyDefinition, filter_: Filter, wanted: Operator) -> _Test:
    """The test of a value that is there.

    Raises:
        HubspotError: a 400, when the filter's own value is missing or not of the property's type.
    """
    if wanted is Operator.CONTAINS_TOKEN:
        pattern = _given(filter_, "value", filter_.value).lower()
        return lambda value: _contains_token(value.lower(), pattern)
    if wanted is Operator.IN:
        if not filter_.values:
            raise invalid_request(f"The filter on {definition.name} needs values.")
        members = {_operand(definition, value, keep_case=True) for value in filter_.values}
        return lambda value: not members.isdisjoint(_keys(definition, value))
    low = _operand(definition, _given(filter_, "value", filter_.value))
    if wanted is Operator.EQ:
        return lambda value: low in _keys(definition, value)
    if wanted is Operator.BETWEEN:
        high = _operand(definition, _given(filter_, "highValue", filter_.high_value))
        return lambda value: low <= _key(definition, value) <= high
    compare = _COMPARISONS[wanted]
    return lambda value: compare(_key(definition, value), low)


def _definition(table: ObjectTable, name: str) -> PropertyDefinition:
    definition = table.definitions.get(name)
    if definition is None:
        raise invalid_request(f'The search names a property that does not exist: "{name}".')
    return definition


def _given(filter_: Filter, field: str, value: str | None) -> str:
    if not value:
        raise invalid_request(f"The filter on {filter_.property_name} needs a {field}.")
    return value


def _operand(definition: PropertyDefinition, value: str, *, keep_case: bool = False) -> _Key:
    """The key of a value that a filter gives, in whatever form.

    Raises:
        HubspotError: a 400, when the value is not of the property's type.
    """
    if keep_case and definition.type is PropertyType.STRING:
        return (0.0, value)
    try:
        match definition.type:
            case PropertyType.DATETIME:
                return (0.0, format_instant(parse_instant(value)))
            case PropertyType.DATE:
                return (0.0, parse_instant(value).date().isoformat())
            case _:
                return _key(definition, value)
    except ValueError:
        raise invalid_request(
            f"{value} is no value for {definition.name}, which is of type {definition.type}."
        ) from None


def _key(definition: PropertyDefinition, value: str) -> _Key:
    """The key of a value as it is stored; instants and dates then sort as their texts do."""
    match definition.type:
        case PropertyType.NUMBER:
            return (float(value), "")
        case PropertyType.STRING:
            return (0.0, value.lower())
        case _:
            return (0.0, value)


def _keys(definition: PropertyDefinition, value: str) -> list[_Key]:
    """One key; for checkboxes one for each that is ticked."""
    return [_key(definition, one) for one in selected_values(definition, value)]


def _contains_token(text: str, pattern: str) -> bool:
    if "*" in pattern:
        return fnmatchcase(text, pattern) or any(
            fnmatchcase(word, pattern) for word in text.split()
        )
    words = set(re.findall(r"\w+", text))
    return words.issuperset(re.findall(r"\w+", pattern))


def _read_sort(sort: Sort | str) -> Sort:
    """What a sort says, in any of its forms.

    HubSpot's documentation sends an object; its client libraries send the property's name, with
    `-` in front for descending, or the object as text.
    """
    if isinstance(sort, Sort):
        return sort
    if sort.startswith("{"):
        try:
            return Sort.model_validate_json(sort)
        except ValidationError:
            raise invalid_request(f"This sort cannot be read: {sort}") from None
    return Sort.model_validate(
        {
            "propertyName": sort.removeprefix("-"),
            "direction": "DESCENDING" if sort.startswith("-") else "ASCENDING",
        }
    )


def _sorted(table: ObjectTable, matches: list[RecordVersion], sort: Sort) -> list[RecordVersion]:
    definition = _definition(table, sort.property_name)
    name = definition.name
    with_value = sorted(
        (version for version in matches if name in version.properties),
        key=lambda version: _key(definition, version.properties[name]),
        reverse=sort.direction == "DESCENDING",
    )
    return with_value + [version for version in matches if name not in version.properties]
