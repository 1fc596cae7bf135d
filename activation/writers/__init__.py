"""The destinations that a sync can name, and how each is reached."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from activation.writers import email, slack
from activation.writers.base import Mode, OpenWriter
from activation.writers.hubspot import OBJECTS, open_hubspot
from activation.writers.limits import EMAIL, HUBSPOT, SLACK
from warehouse.settings import Settings


@dataclass(frozen=True, slots=True)
class Landed:
    """Where what is read of a destination lands, to be compared with what was written.

    The table has `id`, `updated_at` (the destination's clock) and `properties` (jsonb, text by
    property); `raw_hubspot.read_until` says until when all its rows are known.
    """

    schema: str
    table: str


@dataclass(frozen=True, slots=True)
class Destination:
    """What a declaration may ask of one vendor."""

    objects: frozenset[str]
    modes: frozenset[Mode]
    max_batch_size: int
    open_writer: OpenWriter
    is_set_up: Callable[[Settings], bool]
    """Whether the settings name an account; it need not be right."""
    required: frozenset[str] = frozenset()
    """Properties that every sync has to name."""
    personal: frozenset[str] = frozenset()
    """Properties that hold personal data, whatever a declaration says."""
    landed: Mapping[str, Landed] = field(default_factory=dict)
    """By object, where ingestion lands it; objects that are not read back are missing."""


DESTINATIONS: Mapping[str, Destination] = {
    "hubspot": Destination(
        objects=frozenset(OBJECTS),
        modes=frozenset({Mode.UPSERT, Mode.MIRROR}),
        max_batch_size=HUBSPOT.batch_size,
        open_writer=open_hubspot,
        is_set_up=lambda settings: settings.hubspot_access_token is not None,
        landed={kind: Landed("raw_hubspot", name) for kind, name in OBJECTS.items()},
    ),
    "slack": Destination(
        objects=frozenset({"message"}),
        modes=frozenset({Mode.MESSAGE}),
        max_batch_size=SLACK.batch_size,
        open_writer=slack.open_slack,
        is_set_up=lambda settings: settings.slack_webhook_url is not None,
        required=frozenset(slack.REQUIRED),
    ),
    "email": Destination(
        objects=frozenset({"message"}),
        modes=frozenset({Mode.MESSAGE}),
        max_batch_size=EMAIL.batch_size,
        open_writer=email.open_email,
        is_set_up=lambda settings: settings.smtp_host is not None,
        required=frozenset(email.REQUIRED),
        personal=frozenset({email.TO}),
    ),
}
