"""An account in one JSON file, so that it can be stopped and gone on with."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from simulators.clock import Clock
from simulators.hubspot.associations import Association
from simulators.hubspot.owners import Owner
from simulators.hubspot.properties import PropertyDefinition, PropertyGroup
from simulators.hubspot.records import ObjectRecord
from simulators.hubspot.state import HubspotState
from simulators.hubspot.timestamps import utc_now


class StateFileError(Exception):
    """A file that holds no account; the message says what to do."""


@dataclass(frozen=True)
class _Table:
    groups: list[PropertyGroup]
    definitions: list[PropertyDefinition]
    records: list[ObjectRecord]
    merged: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class _Associations:
    from_type: str
    to_type: str
    associations: list[Association]


@dataclass(frozen=True)
class _Account:
    owners: list[Owner]
    objects: dict[str, _Table]
    associations: list[_Associations] = field(default_factory=list)


_ACCOUNTS = TypeAdapter(_Account)


def save_state(state: HubspotState, path: Path) -> None:
    """Write the account to `path`. The file changes as one: a reader finds the old or the new."""
    with state.lock:
        content = _ACCOUNTS.dump_json(
            _Account(
                owners=list(state.owners.values()),
                objects={
                    name: _Table(
                        groups=list(table.groups.values()),
                        definitions=list(table.definitions.values()),
                        records=list(table),
                        merged=table.merged,
                    )
                    for name, table in state.tables.items()
                },
                associations=[
                    _Associations(*types, list(associations))
                    for types, associations in state.associations.items()
                ],
            )
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    unfinished.write_bytes(content)
    unfinished.replace(path)


def load_state(path: Path, *, clock: Clock = utc_now) -> HubspotState:
    """The account that `save_state` wrote to `path`.

    Raises:
        StateFileError: when the file is something else.
        OSError: when it cannot be read.
    """
    try:
        account = _ACCOUNTS.validate_json(path.read_bytes())
    except ValidationError as error:
        raise StateFileError(
            f"{path} is not a saved HubSpot account ({error.error_count()} places are wrong): "
            "remove it to begin with an empty one."
        ) from None
    state = HubspotState(owners=account.owners, clock=clock)
    for name, saved in account.objects.items():
        table = state.tables[name]
        table.groups = {group.name: group for group in saved.groups}
        table.definitions = {definition.name: definition for definition in saved.definitions}
        for record in saved.records:
            table.insert(record)
        table.merged = saved.merged
    for kept in account.associations:
        for association in kept.associations:
            state.associations[kept.from_type, kept.to_type].put(association)
    return state
