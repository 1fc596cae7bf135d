"""What a composer of messages is: it lays facts out as what one destination sends.

A model hands over what there is to say (`facts`, JSON text) and not how it looks. The ledger keeps
the facts, so that a message can be composed again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

Parts = dict[str, str]
"""The properties of a destination (`text`, `blocks`), with their values as text."""


class FactsError(ValueError):
    """Facts that a message cannot be composed of; the text says why and quotes none of them."""


class Compose(Protocol):
    """How facts become the properties of a message."""

    def __call__(self, facts: str, *, console_url: str | None) -> Parts:
        """Compose one message. The same arguments give the same message.

        Args:
            facts: JSON text.
            console_url: where people look at the warehouse; None leaves links out.

        Raises:
            FactsError: when the facts are not what this message is about.
        """


@dataclass(frozen=True, slots=True)
class Composer:
    """A message of one destination, made of one property of a row."""

    takes: str
    """The property with the facts; all others of a row go to the destination as they are."""
    makes: frozenset[str]
    """The destination's properties that it may compose."""
    compose: Compose
    preview: Callable[[Parts], str]
    """What was composed, as plain text for a person who wants to read it before it is sent."""
