"""Whether a record already holds what a row wants, so that nothing is sent twice.

A row is read back before it is sent when the ledger cannot know what its record holds: its last
answer never came, the run before this one was killed, or the ledger is that of a backup
(spec/activation.md, Engine: unsure).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation

from activation.personal import digest
from activation.writers.base import PropertyDescription, ValueKind


def holds(
    held: Mapping[str, str | None],
    wanted: Mapping[str, str | None],
    described: Mapping[str, PropertyDescription],
) -> bool:
    """Whether each wanted value is there, however the destination spells it.

    Args:
        held: the record's values by property; one that is empty may be None, `''` or left out.
        wanted: what a row would send; None is to be empty.
        described: the kind of each wanted property.
    """
    return all(
        is_same(described[name].kind, held.get(name), value) for name, value in wanted.items()
    )


def is_same(kind: ValueKind, held: str | None, wanted: str | None) -> bool:
    """Whether two values mean the same, however each is spelled; None and `''` are empty."""
    if (held or "") == (wanted or ""):
        return True
    if not held or not wanted or not has_spellings(kind):
        return False
    meaning = _MEANINGS[kind]
    try:
        return meaning(held) == meaning(wanted)
    except (ValueError, InvalidOperation, OverflowError):
        return False


def is_acknowledged(
    kind: ValueKind, held: str | None, ours: str | None, *, is_personal: bool
) -> bool:
    """Whether a record holds what it last confirmed to us; `ours` is a digest when personal."""
    if is_personal and held and ours:
        return digest(held) == ours
    return is_same(kind, held, ours)


def has_spellings(kind: ValueKind) -> bool:
    """Whether one value of this kind can be spelled in several ways."""
    return kind in _MEANINGS


def _instant(text: str) -> datetime:
    """To the millisecond; without an offset it is UTC."""
    if text.lstrip("-").isdecimal():
        return datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=int(text))
    found = datetime.fromisoformat(text)
    found = (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    return found.replace(microsecond=found.microsecond // 1000 * 1000)


def _day(text: str) -> date:
    return _instant(text).date()


_MEANINGS: Mapping[ValueKind, Callable[[str], object]] = {
    ValueKind.NUMBER: Decimal,
    ValueKind.BOOLEAN: str.casefold,
    ValueKind.DATE: _day,
    ValueKind.INSTANT: _instant,
    ValueKind.CHOICES: lambda text: {choice for choice in text.split(";") if choice},
}
"""What a value means; kinds that are missing mean their text, to the letter."""
