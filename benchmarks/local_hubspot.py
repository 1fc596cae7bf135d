"""HubSpot accounts for the activation benchmarks: they note which record is written how often."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from starlette.types import ASGIApp, Receive, Scope, Send

from benchmarks.companies import DROPDOWNS, OWNERS
from simulators.calls import Call
from simulators.hubspot import (
    HubspotSimulator,
    HubspotState,
    ObjectRecord,
    PropertyDefinition,
    RateLimits,
)
from simulators.hubspot.properties import FieldType, PropertyType
from simulators.serving import serving

UNIQUE_PROPERTY = "warehouse_key"
"""A unique text property, for tools that cannot address a company by its id. It holds the id."""

_COMPANIES = "companies"


class _WatchedState(HubspotState):
    """An account that counts how often each company is written."""

    def __init__(self) -> None:
        super().__init__(owners=OWNERS)
        self.writes: Counter[str] = Counter()
        for name, values in DROPDOWNS.items():
            self.set_options(_COMPANIES, name, values)
        self.tables[_COMPANIES].define(
            PropertyDefinition(
                name=UNIQUE_PROPERTY,
                label="Warehouse key",
                type=PropertyType.STRING,
                field_type=FieldType.TEXT,
                group_name="companyinformation",
                has_unique_value=True,
            )
        )

    def overwrite(self, object_type: str, record: ObjectRecord, stored: Mapping[str, str]) -> None:
        self.writes[record.id] += 1
        super().overwrite(object_type, record, stored)


@dataclass(frozen=True)
class Account:
    """One account that is being served."""

    simulator: HubspotSimulator
    base_url: str
    _state: _WatchedState = field(repr=False)

    @property
    def writes(self) -> Counter[str]:
        """How often each company was written, by its id."""
        return self._state.writes

    @property
    def requests(self) -> dict[str, int]:
        """How many requests there were, by kind."""
        return dict(Counter(_kind(call) for call in self.simulator.calls))

    def forget_requests(self) -> None:
        """Begin to count anew."""
        self.simulator.calls.clear()
        self.writes.clear()

    def differing(self, wanted: Mapping[str, Mapping[str, str]]) -> list[str]:
        """The companies that do not have the values they should have."""
        return [
            key
            for key, values in wanted.items()
            if not values.items() <= self._state.record(_COMPANIES, key).properties.items()
        ]


@contextmanager
def hubspot_account(
    companies: Mapping[str, Mapping[str, str]], *, is_limited: bool
) -> Iterator[Account]:
    """Serve a new account with these companies.

    Args:
        companies: property and value, by id.
        is_limited: whether HubSpot's own rate limits are in force, or none.
    """
    state = _WatchedState()
    for key, values in companies.items():
        state.add(_COMPANIES, {"hs_object_id": key, UNIQUE_PROPERTY: key, **values})
    state.writes.clear()
    simulator = HubspotSimulator(state, limits=RateLimits() if is_limited else None)
    with serving(_finding_at_once(simulator)) as base_url:
        yield Account(simulator, base_url, state)


def _finding_at_once(app: ASGIApp) -> ASGIApp:
    """Let records be found by their unique property as fast as by their id.

    The simulator would look through all of them, which HubSpot does not do.
    """

    async def found(scope: Scope, receive: Receive, send: Send) -> None:
        if scope.get("query_string") == f"idProperty={UNIQUE_PROPERTY}".encode():
            scope = {**scope, "query_string": b""}
        await app(scope, receive, send)

    return found


def _kind(call: Call) -> str:
    if "/properties/" in call.path:
        return "options" if call.is_write else "properties"
    last = call.path.rsplit("/", 1)[-1]
    kinds = {"update": "batch update", "read": "batch read", "owners": "owners"}
    return kinds.get(last, "single update" if call.is_write else "single read")
