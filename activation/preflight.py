"""What is checked against the destination before the first row is sent.

No request should be refused for a cause that could be known beforehand (spec/activation.md, Engine:
preflight).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation

from activation.declaration import Policy
from activation.errors import PreflightError, keys_named
from activation.plan import PlannedRow
from activation.writers.base import PropertyDescription, ValueKind, Writer

_CLOSED_LISTS = {ValueKind.CHOICE, ValueKind.CHOICES}
_EPOCH_MILLISECONDS = re.compile(r"-?\d{9,}")


@dataclass(frozen=True, slots=True)
class RefusedRow:
    """A planned row that the destination could not take as things stand."""

    row: PlannedRow
    reason: str
    """Names the property, never the value."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What preflight made of the planned rows."""

    ready: tuple[PlannedRow, ...]
    refused: tuple[RefusedRow, ...]
    options_added: Mapping[str, tuple[str, ...]]
    """New options by property, already in the destination."""
    described: Mapping[str, PropertyDescription]
    """Every planned property, as it was before the new options."""


def check(rows: Sequence[PlannedRow], writer: Writer, policy: Policy) -> Checked:
    """Sort out what cannot be written, and make the options that the rest needs.

    Args:
        rows: what is planned, at least one row.
        writer: asked for its properties; a property that lacks an option gets it by one request.
        policy: with `all_or_nothing` one row that cannot be written is enough to end it here.

    Raises:
        PreflightError: when a property is missing or read-only, or policy demands it.
        DestinationError: when the destination refuses or cannot be used.
    """
    properties = list(dict.fromkeys(name for row in rows for name in row.changes))
    described = writer.describe(properties)
    _require_writable(properties, described)

    ready: list[PlannedRow] = []
    refused: list[RefusedRow] = []
    for row in rows:
        reasons = [
            f"{name}: {reason}"
            for name, value in row.changes.items()
            if value is not None and (reason := misfit(described[name], value)) is not None
        ]
        if reasons:
            refused.append(RefusedRow(row, "; ".join(reasons)))
        else:
            ready.append(row)
    if refused and policy is Policy.ALL_OR_NOTHING:
        keys = keys_named([each.row.key for each in refused])
        raise PreflightError(
            f"{len(refused)} rows do not fit the destination, so none was sent "
            f"(policy all_or_nothing): {keys}. The first: {refused[0].reason}."
        )

    options_added: dict[str, tuple[str, ...]] = {}
    for name, description in described.items():
        missing = _missing_options(description, ready)
        if missing:
            writer.add_options(description, missing)
            options_added[name] = missing
    return Checked(tuple(ready), tuple(refused), options_added, described)


def misfit(description: PropertyDescription, value: str) -> str | None:
    """Why a property would not take a value, without naming it; None when it would."""
    if description.max_length is not None and len(value) > description.max_length:
        return f"the value is longer than {description.max_length} characters"
    if description.kind in _CLOSED_LISTS:
        unknown = _choices(description, value) - _known(description)
        if unknown and not description.takes_new_options:
            return f"the value is not an existing {description.option_noun}"
        return None
    reads, noun = _READERS.get(description.kind, (None, ""))
    return f"the value is not {noun}" if reads is not None and not reads(value) else None


def _require_writable(
    properties: Sequence[str], described: Mapping[str, PropertyDescription]
) -> None:
    missing = [name for name in properties if name not in described]
    if missing:
        raise PreflightError(
            f"The destination has no property {', '.join(missing)}: create it there, or name the "
            "right one in the sync's file."
        )
    read_only = [name for name in properties if described[name].is_read_only]
    if read_only:
        raise PreflightError(
            f"The destination's property {', '.join(read_only)} is read-only: name another one in "
            "the sync's file."
        )


def _missing_options(
    description: PropertyDescription, rows: Sequence[PlannedRow]
) -> tuple[str, ...]:
    if description.kind not in _CLOSED_LISTS or not description.takes_new_options:
        return ()
    wanted = {
        choice
        for row in rows
        if (value := row.changes.get(description.name)) is not None
        for choice in _choices(description, value)
    }
    return tuple(sorted(wanted - _known(description)))


def _choices(description: PropertyDescription, value: str) -> set[str]:
    several = description.kind is ValueKind.CHOICES
    return {choice for choice in value.split(";") if choice} if several else {value}


def _known(description: PropertyDescription) -> set[str]:
    return {option.value for option in description.options}


def _is_number(value: str) -> bool:
    try:
        return Decimal(value).is_finite()
    except InvalidOperation:
        return False


def _is_date(value: str) -> bool:
    return _is_moment(value, date.fromisoformat)


def _is_instant(value: str) -> bool:
    return _is_moment(value, datetime.fromisoformat)


def _is_moment(value: str, parse: Callable[[str], object]) -> bool:
    if _EPOCH_MILLISECONDS.fullmatch(value):
        return True
    try:
        parse(value)
    except ValueError:
        return False
    return True


_READERS: Mapping[ValueKind, tuple[Callable[[str], bool], str]] = {
    ValueKind.NUMBER: (_is_number, "a number"),
    ValueKind.BOOLEAN: ({"true", "false"}.__contains__, "true or false"),
    ValueKind.DATE: (_is_date, "a date"),
    ValueKind.INSTANT: (_is_instant, "a point in time"),
}
