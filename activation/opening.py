"""Opening the writer that a sync needs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from activation.declaration import Declaration
from activation.messages.composing_writer import ComposingWriter
from activation.writers import DESTINATIONS
from activation.writers.base import Writer
from warehouse.settings import get_settings


@contextmanager
def open_writer(declaration: Declaration) -> Iterator[Writer]:
    """A writer for the account that the settings name; it composes where the sync says so.

    Raises:
        SettingsError: when a credential is missing.
    """
    destination = DESTINATIONS[declaration.destination]
    with destination.open_writer(declaration.object) as writer:
        composer = declaration.message_composer
        if composer is None:
            yield writer
        else:
            yield ComposingWriter(writer, composer, console_url=get_settings().console_url)
