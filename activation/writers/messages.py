"""What writers to people have in common: a message, once sent, is nowhere to be read or changed."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from activation.errors import DestinationRefusedError
from activation.writers.base import (
    NewProperty,
    PropertyDescription,
    Records,
    Repeating,
)


class MessageWriter:
    """The part of a `Writer` that is the same for all messages.

    Args:
        name: the destination's, to begin a sentence with.
        parts: what a message is made of.
        required: those of them that no message lacks.
    """

    def __init__(
        self, name: str, parts: Sequence[PropertyDescription], required: Sequence[str]
    ) -> None:
        self._name = name
        self._parts = {part.name: part for part in parts}
        self._required = required

    @property
    def repeating(self) -> Repeating:
        """Sent again, a message would be read twice."""
        return Repeating.ASK

    def describe(self, properties: Collection[str]) -> Mapping[str, PropertyDescription]:
        """See `Writer.describe`. Messages are the same everywhere, so nobody is asked."""
        return {name: self._parts[name] for name in properties if name in self._parts}

    def lacking(self, values: Mapping[str, str | None]) -> str | None:
        """Why a message with these values is none, as `Writer.misfit` puts it; None when it is."""
        missing = [name for name in self._required if not (values.get(name) or "").strip()]
        return f"{', '.join(missing)}: a message needs it" if missing else None

    def read(self, keys: Sequence[str], properties: Collection[str]) -> Records:  # noqa: ARG002 - the interface's
        """See `Writer.read`. Nobody asks, since `repeating` is `ASK`."""
        raise DestinationRefusedError(f"{self._name} does not let messages be read back.")

    def add_options(self, description: PropertyDescription, values: Sequence[str]) -> None:  # noqa: ARG002 - the interface's
        """See `Writer.add_options`. No part of a message has a list of options."""
        raise DestinationRefusedError(f"{self._name} has no list of options to add to.")

    def create_property(self, wanted: NewProperty) -> None:
        """See `Writer.create_property`."""
        raise DestinationRefusedError(
            f"A message has no {wanted.name}: name one of {', '.join(sorted(self._parts))} in the "
            "sync's file."
        )
