"""HubSpot, held to the contract."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from activation.writers.base import (
    Writer,
)
from activation.writers.hubspot import OBJECTS, HubSpotWriter
from activation.writers.hubspot_client import HubSpotClient
from activation.writers.limits import HUBSPOT, Quota
from simulators.faults import Fault, Refuse
from simulators.hubspot import HubspotSimulator, HubspotState, RateLimits
from tests.activation.contract.case import (
    MANY,
    PARK_AFTER,
    PERSONAL,
    SECRET,
    VALUE,
    WHY_REFUSED,
    Row,
)
from tests.activation.contract.http_case import HttpCase
from tests.activation.contract.stopwatch import Stopwatch
from tests.activation.contract.wire import WiredTransport
from tests.activation.models import declare


class HubSpotCase(HttpCase):
    """Companies or contacts, in batches of two."""

    write_path = "*/batch/update"

    simulator: HubspotSimulator

    def __init__(self, kind: str, value: str, optional: str) -> None:
        super().__init__()
        self._kind = kind
        self._table = OBJECTS[kind]
        self._value = value
        self._optional = optional
        self.declaration = declare(
            f"hubspot_{kind}__contract",
            [],
            object=kind,
            batch_size=2,
            park_after=PARK_AFTER,
            fields=[
                {"column": "value", "property": value, "accepts": ["text", "choice"]},
                {"column": "phone", "property": "phone", "is_personal": True},
                {"column": "remark", "property": optional, "optional": True},
            ],
        )

    @property
    def token(self) -> str:
        return f"pat-{SECRET}-{self._kind}"

    @property
    def quota(self) -> Quota:
        return HUBSPOT.quota

    def begin(self) -> None:
        self._begin(None, self.keys)

    def begin_with_limits(self, stopwatch: Stopwatch) -> Sequence[str]:
        keys = [str(2000 + number) for number in range(self.quota.requests // 2 + 10)]
        self._begin(RateLimits(seconds=stopwatch.seconds), keys)
        return keys

    def _begin(self, limits: RateLimits | None, keys: Sequence[str]) -> None:
        state = HubspotState()
        for key in keys:
            state.add(self._table, {"hs_object_id": key})
        self.simulator = HubspotSimulator(state, access_token=self.token, limits=limits)
        self._switchboard.app = self.simulator
        self._refused.clear()

    @contextmanager
    def writer(self) -> Iterator[Writer]:
        client = HubSpotClient(
            token=self.token,
            base_url=self.base_url,
            limiter=MANY.limiter(),
            sleep=self.pauses.append,
            transport=WiredTransport(self.wire),
        )
        try:
            yield HubSpotWriter(self._kind, client)
        finally:
            client.close()

    @contextmanager
    def limited_writer(self, stopwatch: Stopwatch) -> Iterator[Writer]:
        client = HubSpotClient(token=self.token, base_url=self.base_url, sleep=stopwatch.sleep)
        try:
            yield HubSpotWriter(self._kind, client)
        finally:
            client.close()

    def row(self, key: str, version: int) -> Row:
        value = f"{VALUE}_{version}"
        return {"value": value, "phone": self._phone(key), "remark": value}

    @staticmethod
    def _phone(key: str) -> str:
        return f"{PERSONAL} {key}"

    def arrivals(self) -> Counter[str]:
        found = {key: self.simulator.state.record(self._table, key) for key in self.keys}
        return +Counter({key: len(record.revisions) for key, record in found.items()})

    def holds(self, key: str, version: int) -> bool:
        wanted, held = self.row(key, version), self.simulator.state.record(self._table, key)
        names = {"value": self._value, "phone": "phone", "remark": self._optional}
        return all(held.properties.get(names[column]) == wanted[column] for column in names)

    def _tell(self) -> None:
        """Every second refused record spoils its whole batch."""
        self.faults.clear()
        for key in sorted(self._refused):
            said = f"{WHY_REFUSED}: {self._phone(key).upper()} of {PERSONAL}@example.com."
            does = Refuse(record_id=key, message=said, whole_batch=int(key) % 2 == 0)
            self.faults.add(Fault(does=does, path=self.write_path))

    def environment(self) -> Mapping[str, str]:
        return {"HUBSPOT_ACCESS_TOKEN": self.token, "HUBSPOT_BASE_URL": self.base_url}
