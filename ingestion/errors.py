"""What can go wrong while records come in, as sentences for the person who has to act."""

from __future__ import annotations


class IngestionError(Exception):
    """A load cannot go on; the message is one sentence that says what to do."""
