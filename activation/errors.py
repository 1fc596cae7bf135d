"""What can go wrong before or during a sync, as sentences for the person at the keyboard.

No message carries a secret, a field's value or anything else of a person (spec/README.md,
What must always hold, 6). Keys of destination records are named.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum


class ExitCode(IntEnum):
    """What a command ends with (spec/activation.md, Commands)."""

    DONE = 0
    """Done, or nothing to do."""
    FAILED = 1
    WRONG_USE = 2
    STOPPED = 3
    """A guard stopped the run before anything was sent."""
    FAILED_ROWS = 4
    """Finished, but the destination refused some rows."""


class ActivationError(Exception):
    """Base of every expected failure; the message says what to do."""

    exit_code = ExitCode.FAILED


class DeclarationError(ActivationError):
    """A sync's YAML file is wrong; the message names the file and the field."""

    exit_code = ExitCode.WRONG_USE


class UnknownSyncError(ActivationError):
    """No sync of that name is declared."""

    exit_code = ExitCode.WRONG_USE


class SyncBusyError(ActivationError):
    """Another run of the same sync holds its lock."""


class SourceError(ActivationError):
    """The model behind a sync is missing, lacks a column, or holds rows that cannot be sent."""


class BlockedError(ActivationError):
    """What the models found speaks against any run of the sync; nothing was sent."""


class PlanError(ActivationError):
    """A kept plan is not there, or may not run any more; nothing was sent."""


class RevertError(ActivationError):
    """A run is not there, or cannot be taken back; nothing was sent."""


class PreflightError(ActivationError):
    """The destination cannot take what the sync wants to write; nothing was sent."""


class DestinationError(ActivationError):
    """The destination did not do what it was asked, for a reason that is not one row's.

    Attributes:
        request_id: the vendor's id of the request, for its support; None when it gave none.
        may_have_arrived: whether the request may have taken effect all the same.
    """

    def __init__(
        self, message: str, *, request_id: str | None = None, may_have_arrived: bool = False
    ) -> None:
        super().__init__(message)
        self.request_id = request_id
        self.may_have_arrived = may_have_arrived


class DestinationRefusedError(DestinationError):
    """Asking again would not help: wrong credentials, missing scope, daily limit used up."""


class MissingScopeError(DestinationRefusedError):
    """The credential is accepted, but may not do this."""


class DestinationUnavailableError(DestinationError):
    """The retries are used up; a later run goes on from what was acknowledged."""


class NoAnswerError(DestinationUnavailableError):
    """A request that changes something was sent, and its answer did not come."""

    def __init__(self, message: str, *, request_id: str | None = None) -> None:
        super().__init__(message, request_id=request_id, may_have_arrived=True)


def keys_named(keys: Sequence[str], limit: int = 10) -> str:
    """The keys for a sentence, the first few of them by name."""
    rest = len(keys) - limit
    return ", ".join(keys[:limit]) + (f" and {rest} more" if rest > 0 else "")
