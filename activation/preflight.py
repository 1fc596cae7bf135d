"""What is checked against the destination before the first row is sent.

No request should be refused for a cause that could be known beforehand (spec/activation.md, Engine:
preflight).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal, InvalidOperation

from activation.declaration import Declaration, FieldDeclaration
from activation.errors import DestinationError, NoAnswerError, PreflightError
from activation.plan import Values
from activation.writers.base import CLOSED_LISTS, PropertyDescription, ValueKind, Writer

_EPOCH_MILLISECONDS = re.compile(r"-?\d{9,}")
_ATTEMPTS = 3
"""Times that a request whose answer does not come is made, each time after a look."""

Described = Mapping[str, PropertyDescription]
"""Properties of the destination by name."""


def require_fitting(
    declaration: Declaration, properties: Collection[str], described: Described
) -> None:
    """Whether the destination has the properties of a sync, of a kind that fits, to be written.

    Args:
        declaration: the sync.
        properties: those of its properties that it is about to write.
        described: the properties, as they are now.

    Raises:
        PreflightError: when not; it names each that stands in the way.
    """
    problems = [
        *_missing_or_read_only(properties, described),
        *(
            problem
            for field in declaration.fields
            if field.property in properties and field.property in described
            for problem in _misdescribed(field, described[field.property], declaration)
        ),
    ]
    if problems:
        raise PreflightError(" ".join(problems))


def _missing_or_read_only(properties: Collection[str], described: Described) -> Iterator[str]:
    missing = [name for name in properties if name not in described]
    if missing:
        yield (
            f"The destination has no property {', '.join(missing)}: create it there "
            "(`millrace sync setup`), or name the right one in the sync's file."
        )
    read_only = [name for name in properties if name in described and described[name].is_read_only]
    if read_only:
        yield (
            f"The destination's property {', '.join(read_only)} is read-only: name another one in "
            "the sync's file."
        )


def _misdescribed(
    field: FieldDeclaration, description: PropertyDescription, declaration: Declaration
) -> Iterator[str]:
    """What the file asks of a property and the destination's does not have."""
    if field.accepts and description.kind not in field.accepts:
        yield (
            f"The destination's property {field.property} is of the kind {description.kind}, and "
            f"only {' or '.join(field.accepts)} fits: change its type there, or name "
            f"another property in {declaration.name}.yml."
        )
    elif description.kind in CLOSED_LISTS and (
        lacking := [name for name in field.options if name not in _known(description)]
    ):
        quoted = ", ".join(f'"{name}"' for name in lacking)
        yield (
            f"The destination's property {field.property} does not have the options {quoted}: add "
            "them there, each with exactly that as its internal value, for a run adds none."
        )


def as_declared(described: Described, declarations: Iterable[Declaration]) -> Described:
    """The properties; those whose options are declared take no new ones."""
    closed = {field.property for each in declarations for field in each.fields if field.options}
    return {
        name: replace(each, takes_new_options=False) if name in closed else each
        for name, each in described.items()
    }


def misfits(values: Values, described: Described) -> str | None:
    """Why the destination could not take these values as things stand; None when it could.

    The reason names properties, never values.
    """
    reasons = [
        f"{name}: {reason}"
        for name, value in values.items()
        if value is not None and (reason := misfit(described[name], value)) is not None
    ]
    return "; ".join(reasons) or None


def misfit(description: PropertyDescription, value: str) -> str | None:
    """Why a property would not take a value, without naming it; None when it would."""
    if description.max_length is not None and len(value) > description.max_length:
        return f"the value is longer than {description.max_length} characters"
    if description.kind in CLOSED_LISTS:
        unknown = _choices(description, value) - _known(description)
        if unknown and not description.takes_new_options:
            return f"the value is not an existing {description.option_noun}"
        return None
    reads, noun = _READERS.get(description.kind, (None, ""))
    return f"the value is not {noun}" if reads is not None and not reads(value) else None


class MissingOptions:
    """The options that rows need and properties of closed lists do not have yet.

    Args:
        described: the properties, as they are now.
    """

    def __init__(self, described: Described) -> None:
        self._found: dict[str, set[str]] = {
            name: set()
            for name, description in described.items()
            if description.kind in CLOSED_LISTS and description.takes_new_options
        }
        self._described = described

    def note(self, values: Iterable[Values]) -> None:
        """Take in rows that are to be written."""
        for each in values:
            for name, found in self._found.items():
                value = each.get(name)
                if value is not None:
                    found.update(_choices(self._described[name], value))

    def add_to(self, writer: Writer) -> Mapping[str, tuple[str, ...]]:
        """Make them in the destination, by one request for each property that lacks any.

        Returns:
            The options that were made, by property.

        Raises:
            DestinationError: when the destination refuses or cannot be used.
        """
        added: dict[str, tuple[str, ...]] = {}
        for name, wanted in self._found.items():
            description = self._described[name]
            missing = tuple(sorted(wanted - _known(description)))
            if missing:
                _add(writer, description, missing)
                added[name] = missing
        return added


def _add(writer: Writer, description: PropertyDescription, missing: tuple[str, ...]) -> None:
    """Add options; where no answer comes, look before asking again."""
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            writer.add_options(description, missing)
        except NoAnswerError:
            description = _described_again(writer, description.name)
            missing = tuple(value for value in missing if value not in _known(description))
            if not missing:
                return
            if attempt == _ATTEMPTS:
                raise
        else:
            return


def _described_again(writer: Writer, name: str) -> PropertyDescription:
    found = writer.describe([name]).get(name)
    if found is None:
        raise DestinationError(f"The destination has lost the property {name}: run the sync again.")
    return found


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
