"""The destinations that a sync can name, and how each is reached."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from activation.writers.base import OpenWriter
from activation.writers.hubspot import OBJECTS, open_hubspot
from activation.writers.limits import HUBSPOT


@dataclass(frozen=True, slots=True)
class Destination:
    """What a declaration may ask of one vendor."""

    objects: frozenset[str]
    max_batch_size: int
    open_writer: OpenWriter


DESTINATIONS: Mapping[str, Destination] = {
    "hubspot": Destination(frozenset(OBJECTS), HUBSPOT.batch_size, open_hubspot),
}
