"""An account in one JSON file, so that it can be stopped and gone on with."""

from __future__ import annotations

import os
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from simulators.clock import Clock
from simulators.pipedrive.state import Account, PipedriveState
from simulators.pipedrive.timestamps import utc_now


class StateFileError(Exception):
    """A file that holds no account; the message says what to do."""


_ACCOUNTS = TypeAdapter(Account)


def save_state(state: PipedriveState, path: Path) -> None:
    """Write the account to `path`. The file changes as one: a reader finds the old or the new."""
    with state.lock:
        content = _ACCOUNTS.dump_json(state.account)
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    unfinished.write_bytes(content)
    unfinished.replace(path)


def load_state(path: Path, *, clock: Clock = utc_now) -> PipedriveState:
    """The account that `save_state` wrote to `path`.

    Raises:
        StateFileError: when the file is something else.
        OSError: when it cannot be read.
    """
    try:
        account = _ACCOUNTS.validate_json(path.read_bytes())
    except ValidationError as error:
        raise StateFileError(
            f"{path} is not a saved Pipedrive account ({error.error_count()} places are wrong): "
            "remove it to begin with an empty one."
        ) from None
    return PipedriveState(account, clock=clock)
