"""What the contract suite has to know of each writer, and nothing else.

The suite (`test_contract_*.py`) holds for every writer what spec/activation.md, Engine, promises of
all. A new writer needs one more `Case` here, and a line in `CASES`.

A case stands in front of a simulated destination on 127.0.0.1. Its rows have a key and a version:
the model's content is made of both, and so is what is looked for at the destination.
"""

from __future__ import annotations

import ssl
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import ClassVar
from unittest.mock import patch

from pydantic import SecretStr
from starlette.types import ASGIApp, Receive, Scope, Send

from activation import Declaration
from activation.errors import DestinationUnavailableError, NoAnswerError
from activation.writers.base import (
    Outcome,
    PropertyDescription,
    Repeating,
    RowRequest,
    RowResult,
    ValueKind,
    Writer,
)
from activation.writers.email import EmailWriter
from activation.writers.email_server import MailServer
from activation.writers.hubspot import OBJECTS, HubSpotWriter
from activation.writers.hubspot_client import HubSpotClient
from activation.writers.limits import HUBSPOT, SLACK, Quota
from activation.writers.slack import SlackWriter
from activation.writers.slack_client import SlackClient
from simulators.calls import CallLog
from simulators.faults import Fault, FaultPlan, RateLimited, Refuse, ServerError, Slow
from simulators.hubspot import HubspotSimulator, HubspotState, RateLimits
from simulators.serving import serving
from simulators.slack import SlackSimulator
from simulators.smtp import MailSimulator, Mishap, Stage
from simulators.smtp.mailbox import Mailbox
from simulators.smtp.mishaps import MishapPlan
from tests.activation.contract.stopwatch import Stopwatch
from tests.activation.contract.wire import Ending, Moment, Wire, WiredSmtp, WiredTransport
from tests.activation.memory import Killed, MemoryWriter
from tests.activation.models import declare
from warehouse.settings import Settings, SlackWebhook, SmtpSecurity

Row = Mapping[str, str | None]
"""Property and value, as the model wants it."""

SECRET = "stubbornHeron"
"""Part of every credential."""
PERSONAL = "quaintotter"
"""Part of every personal value."""
VALUE = "quietharbour"
"""Part of every value that is no personal one."""
WHY_REFUSED = "Not in this season"
"""What a destination says of a row that it refuses, where it says more than a word."""

PARK_AFTER = 2
_MANY = Quota(100_000, 1)
_NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""Trusts nobody: loading whom the system trusts takes longer than a run."""


@dataclass(frozen=True, slots=True)
class Calls:
    """What a vendor's own log counts."""

    all: int
    writes: int


class Case(ABC):
    """One writer, and the destination that it writes to."""

    keys: ClassVar[Sequence[str]] = ("1001", "1002", "1003", "1004", "1005")
    repeating: ClassVar[Repeating] = Repeating.READ_BACK
    declaration: Declaration
    """A sync whose rows take several requests, and which parks after `PARK_AFTER` refusals."""
    sends_request_ids: ClassVar[bool] = True
    """Whether the vendor gives a refusal an id."""
    reason: ClassVar[str] = WHY_REFUSED
    """What a refused row's message says."""

    def __init__(self) -> None:
        self.wire = Wire()
        self.pauses: list[float] = []
        """Seconds that the writer waited between attempts, which took no time."""

    @abstractmethod
    def served(self) -> AbstractContextManager[object]:
        """Have the destination listen, for the length of a `with` block."""

    @abstractmethod
    def begin(self) -> None:
        """Have a destination that has never heard of us, with nothing wrong."""

    @abstractmethod
    def writer(self) -> AbstractContextManager[Writer]:
        """The writer over the wire: limits as real, but a wide quota, and waiting takes no time."""

    @abstractmethod
    def row(self, key: str, version: int) -> Row:
        """What the model wants of a record, with the tell-tale parts in it."""

    @abstractmethod
    def arrivals(self) -> Counter[str]:
        """How often each key had its effect: writes of a record, messages to people."""

    @abstractmethod
    def holds(self, key: str, version: int) -> bool:
        """Whether the record has these values, or such a message has arrived."""

    @abstractmethod
    def refuse(self, key: str) -> None:
        """Let the destination refuse everything about a key, until `accept`."""

    @abstractmethod
    def accept(self, key: str) -> None:
        """Take back `refuse`."""

    @abstractmethod
    def recover(self) -> None:
        """Let nothing be wrong any more."""

    @abstractmethod
    def calls(self) -> Calls:
        """What the vendor's log counts since `begin`."""

    def rows(self, version: int = 1) -> dict[str, Row]:
        """All keys in one version."""
        return {key: self.row(key, version) for key in self.keys}


class VendorCase(Case):
    """A case whose destination is a vendor's, and so can fail as vendors do."""

    @abstractmethod
    def be_busy(self, times: int, *, seconds: int | None = None) -> None:
        """Turn the next requests away with "not now"; a `LimitedCase` says how long to wait."""

    @abstractmethod
    def break_down(self) -> None:
        """Fail at the next request that means to change something, and do nothing."""

    @abstractmethod
    def hang(self, write: int) -> None:
        """Carry out the write of this number from now, and leave it without an answer."""

    @abstractmethod
    def is_hanging(self) -> bool:
        """Whether such a request is waiting for its answer."""

    @abstractmethod
    def environment(self) -> Mapping[str, str]:
        """The settings by which the project itself opens this writer."""


class LimitedCase(VendorCase):
    """A case whose vendor turns away who asks too often."""

    @abstractmethod
    def begin_with_limits(self, stopwatch: Stopwatch) -> Sequence[str]:
        """As `begin`, with the vendor's real limits, whose time is the stopwatch's.

        Returns:
            Keys that take more requests than the limits allow at once, each by itself.
        """

    @abstractmethod
    def limited_writer(self, stopwatch: Stopwatch) -> AbstractContextManager[Writer]:
        """The writer with the limiter that the process shares; it waits by the stopwatch."""

    @property
    @abstractmethod
    def quota(self) -> Quota:
        """What the writer's own limits say."""

    @abstractmethod
    def statuses(self) -> Sequence[int | None]:
        """The HTTP statuses that were answered, in order."""


# -- HTTP


class _Switchboard:
    """An ASGI application that hands over to another, which can be exchanged."""

    app: ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.app(scope, receive, send)


class _HttpCase(LimitedCase):
    """What cases have in common whose simulators stand behind a gateway."""

    write_path: ClassVar[str]
    simulator: HubspotSimulator | SlackSimulator
    base_url: str

    def __init__(self) -> None:
        super().__init__()
        self._switchboard = _Switchboard()

    @contextmanager
    def served(self) -> Iterator[None]:
        with serving(self._switchboard) as self.base_url:
            yield

    @property
    def log(self) -> CallLog:
        return self.simulator.calls

    @property
    def faults(self) -> FaultPlan:
        return self.simulator.faults

    def calls(self) -> Calls:
        return Calls(len(self.log), len(self.log.writes))

    def statuses(self) -> Sequence[int | None]:
        return [call.status for call in self.log]

    def be_busy(self, times: int, *, seconds: int | None = None) -> None:
        self.faults.add(Fault(does=RateLimited(retry_after=seconds), times=times))

    def break_down(self) -> None:
        self.faults.add(Fault(does=ServerError(status=500), path=self.write_path, times=1))

    def hang(self, write: int) -> None:
        does = Slow(seconds=600)
        self.faults.add(Fault(does=does, path=self.write_path, skip=write - 1, times=1))

    def is_hanging(self) -> bool:
        return any(call.fault == "slow" for call in self.log)


class HubSpotCase(_HttpCase):
    """Companies or contacts, in batches of two."""

    write_path = "*/batch/update"

    simulator: HubspotSimulator

    def __init__(self, kind: str, value: str) -> None:
        super().__init__()
        self._kind = kind
        self._table = OBJECTS[kind]
        self._value = value
        self._refused: set[str] = set()
        self.declaration = declare(
            f"hubspot_{kind}__contract",
            [],
            object=kind,
            batch_size=2,
            park_after=PARK_AFTER,
            fields=[
                {"column": "value", "property": value},
                {"column": "phone", "property": "phone", "is_personal": True},
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
            limiter=_MANY.limiter(),
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
        return {"value": f"{VALUE}_{version}", "phone": self._phone(key)}

    @staticmethod
    def _phone(key: str) -> str:
        return f"{PERSONAL} {key}"

    def arrivals(self) -> Counter[str]:
        found = {key: self.simulator.state.record(self._table, key) for key in self.keys}
        return +Counter({key: len(record.revisions) for key, record in found.items()})

    def holds(self, key: str, version: int) -> bool:
        wanted, held = self.row(key, version), self.simulator.state.record(self._table, key)
        return (held.properties.get(self._value), held.properties.get("phone")) == (
            wanted["value"],
            wanted["phone"],
        )

    def refuse(self, key: str) -> None:
        self._refused.add(key)
        self._tell()

    def accept(self, key: str) -> None:
        self._refused.discard(key)
        self._tell()

    def recover(self) -> None:
        self._refused.clear()
        self._tell()

    def _tell(self) -> None:
        """Every second refused record spoils its whole batch."""
        self.faults.clear()
        for key in sorted(self._refused):
            said = f"{WHY_REFUSED}: {self._phone(key).upper()} of {PERSONAL}@example.com."
            does = Refuse(record_id=key, message=said, whole_batch=int(key) % 2 == 0)
            self.faults.add(Fault(does=does, path=self.write_path))

    def environment(self) -> Mapping[str, str]:
        return {"HUBSPOT_ACCESS_TOKEN": self.token, "HUBSPOT_BASE_URL": self.base_url}


# -- messages


class SlackCase(_HttpCase):
    """Messages to a channel."""

    repeating = Repeating.ASK
    write_path = "*"
    sends_request_ids = False
    reason = "invalid_blocks"
    simulator: SlackSimulator

    def __init__(self) -> None:
        super().__init__()
        self.declaration = declare(
            "slack_contract",
            ["text"],
            destination="slack",
            object="message",
            mode="message",
            batch_size=1,
            park_after=PARK_AFTER,
        )

    @property
    def quota(self) -> Quota:
        return SLACK.quota

    @property
    def webhook(self) -> SlackWebhook:
        return SlackWebhook(self.base_url, SecretStr(self._path))

    @property
    def _path(self) -> str:
        return f"/services/T0/B0/{SECRET}"

    def begin(self) -> None:
        self.simulator = SlackSimulator(path=self._path, messages_a_second=1_000_000)
        self._switchboard.app = self.simulator

    def begin_with_limits(self, stopwatch: Stopwatch) -> Sequence[str]:
        self.simulator = SlackSimulator(path=self._path, seconds=stopwatch.seconds)
        self._switchboard.app = self.simulator
        return self.keys

    @contextmanager
    def writer(self) -> Iterator[Writer]:
        client = SlackClient(
            self.webhook,
            limiter=_MANY.limiter(),
            sleep=self.pauses.append,
            transport=WiredTransport(self.wire),
        )
        try:
            yield SlackWriter(client)
        finally:
            client.close()

    @contextmanager
    def limited_writer(self, stopwatch: Stopwatch) -> Iterator[Writer]:
        client = SlackClient(self.webhook, sleep=stopwatch.sleep)
        try:
            yield SlackWriter(client)
        finally:
            client.close()

    def row(self, key: str, version: int) -> Row:
        return {"text": f"{key} {VALUE} {version}"}

    def arrivals(self) -> Counter[str]:
        return Counter(str(text).split()[0] for text in self.simulator.state.texts)

    def holds(self, key: str, version: int) -> bool:
        return self.row(key, version)["text"] in self.simulator.state.texts

    def refuse(self, key: str) -> None:
        self.simulator.state.refused[f"{key} "] = self.reason

    def accept(self, key: str) -> None:
        self.simulator.state.refused.pop(f"{key} ", None)

    def recover(self) -> None:
        self.simulator.state.refused.clear()
        self.faults.clear()

    def environment(self) -> Mapping[str, str]:
        return {"SLACK_WEBHOOK_URL": f"{self.base_url}{self._path}"}


class EmailCase(VendorCase):
    """Messages to one address each, on a server that asks for a login."""

    repeating = Repeating.ASK

    def __init__(self) -> None:
        super().__init__()
        self._simulator = MailSimulator(login=("millrace", SECRET))
        self._refused: set[str] = set()
        self.declaration = declare(
            "email_contract",
            ["to", "subject", "text"],
            destination="email",
            object="message",
            mode="message",
            batch_size=1,
            park_after=PARK_AFTER,
        )

    @contextmanager
    def served(self) -> Iterator[None]:
        with self._simulator.serving() as place:
            self._port = place.port
            yield

    def begin(self) -> None:
        self._simulator.mailbox = Mailbox()
        self._refused.clear()
        self._tell()

    @contextmanager
    def writer(self) -> Iterator[Writer]:
        settings = Settings.model_validate(self.environment())
        with patch("smtplib.SMTP", partial(WiredSmtp, self.wire)):
            server = MailServer(settings.require_smtp(), tls=_NO_TLS, sleep=self.pauses.append)
            try:
                yield EmailWriter(server)
            finally:
                server.close()

    def row(self, key: str, version: int) -> Row:
        return {
            "to": self._address(key),
            "subject": f"{VALUE} {version}",
            "text": f"{VALUE} {key} {version}",
        }

    @staticmethod
    def _address(key: str) -> str:
        return f"{PERSONAL}.{key}@example.com"

    def arrivals(self) -> Counter[str]:
        return Counter(
            address.partition("@")[0].removeprefix(f"{PERSONAL}.")
            for kept in self._simulator.mailbox.messages
            for address in kept.recipients
        )

    def holds(self, key: str, version: int) -> bool:
        texts = [kept.message.get_content() for kept in self._simulator.mailbox.messages]
        return f"{VALUE} {key} {version}" in [text.strip() for text in texts]

    def refuse(self, key: str) -> None:
        self._refused.add(key)
        self._tell()

    def accept(self, key: str) -> None:
        self._refused.discard(key)
        self._tell()

    def recover(self) -> None:
        self._refused.clear()
        self._tell()

    def _tell(self) -> None:
        self._simulator.mishaps = MishapPlan()
        for key in sorted(self._refused):
            said = f"550 5.1.1 {WHY_REFUSED}: <{self._address(key)}>"
            self._simulator.mishaps.add(Mishap(Stage.RCPT, said, address=self._address(key)))

    def calls(self) -> Calls:
        handed_over = self._simulator.mailbox.handed_over
        return Calls(handed_over, handed_over)

    def be_busy(self, times: int, *, seconds: int | None = None) -> None:  # noqa: ARG002 - a mail server cannot say how long
        self._simulator.mishaps.add(Mishap(Stage.MESSAGE, "451 4.7.1 Not now", times=times))

    def break_down(self) -> None:
        self._simulator.mishaps.add(Mishap(Stage.MESSAGE, times=1))

    def hang(self, write: int) -> None:
        for _ in range(write - 1):
            self._simulator.mishaps.add(
                Mishap(Stage.MESSAGE, "250 2.0.0 OK", takes_effect=True, times=1)
            )
        self._simulator.mishaps.add(
            Mishap(Stage.MESSAGE, "250 2.0.0 OK", takes_effect=True, delay=600, times=1)
        )
        self._hangs_at = self._simulator.mailbox.handed_over + write

    def is_hanging(self) -> bool:
        return self._simulator.mailbox.handed_over >= self._hangs_at

    def environment(self) -> Mapping[str, str]:
        return {
            "SMTP_HOST": "127.0.0.1",
            "SMTP_PORT": str(self._port),
            "SMTP_SECURITY": SmtpSecurity.NONE.value,
            "SMTP_FROM": "millrace@mail.example.com",
            "SMTP_USERNAME": "millrace",
            "SMTP_PASSWORD": SECRET,
        }


# -- the reference


class _WiredMemory(MemoryWriter):
    """A `MemoryWriter` over a wire."""

    wire: Wire
    _is_write = False

    def _arrive(self, *, is_write: bool) -> None:
        self._is_write = is_write
        self.wire.sends()
        self._suffer(Moment.BEFORE)
        super()._arrive(is_write=is_write)

    def _answers(self, rows: Sequence[RowRequest]) -> list[RowResult]:
        if self.repeating is not Repeating.HARMLESS:
            return super()._answers(rows)
        known = [row for row in rows if self.records.get(row.key) == row.values]
        told = [RowResult(row.key, Outcome.WRITTEN) for row in known]
        return told + super()._answers([row for row in rows if row not in known])

    def _answer(self, keys: Sequence[str] = ()) -> None:
        super()._answer(keys)
        self._suffer(Moment.AFTER)

    def _suffer(self, moment: Moment) -> None:
        if self.wire.strikes(moment, Ending.KILLED):
            raise Killed
        if self.wire.strikes(moment, Ending.LOST):
            raise NoAnswerError("Lost.") if self._is_write else DestinationUnavailableError("Lost.")


class MemoryCase(Case):
    """The writer in memory, which shows what is asked of the others."""

    reason = "cannot be changed"

    def __init__(self, repeating: Repeating) -> None:
        super().__init__()
        self.repeating = repeating  # type: ignore[misc]
        more = (
            {"destination": "slack", "object": "message", "mode": "message", "batch_size": 1}
            if repeating is Repeating.ASK
            else {"batch_size": 2}
        )
        name = "slack_memory" if repeating is Repeating.ASK else f"hubspot_company__{repeating}"
        self.declaration = declare(name, ["text"], park_after=PARK_AFTER, **more)

    @contextmanager
    def served(self) -> Iterator[None]:
        yield

    def begin(self) -> None:
        properties = {"text": PropertyDescription("text", ValueKind.TEXT)}
        self._writer = _WiredMemory(properties=properties, repeating=self.repeating)
        self._writer.wire = self.wire

    @contextmanager
    def writer(self) -> Iterator[Writer]:
        yield self._writer

    def row(self, key: str, version: int) -> Row:
        return {"text": f"{VALUE} {key} {version}"}

    def arrivals(self) -> Counter[str]:
        return Counter(self._writer.applied)

    def holds(self, key: str, version: int) -> bool:
        return self._writer.records.get(key) == self.row(key, version)

    def refuse(self, key: str) -> None:
        self._writer.refused.add(key)

    def accept(self, key: str) -> None:
        self._writer.refused.discard(key)

    def recover(self) -> None:
        self._writer.refused.clear()

    def calls(self) -> Calls:
        return Calls(self._writer.usage.calls, self._writer.usage.write_calls)


LIMITED: Mapping[str, Callable[[], LimitedCase]] = {
    "hubspot_companies": partial(HubSpotCase, "company", "cs_stage"),
    "hubspot_contacts": partial(HubSpotCase, "contact", "country"),
    "slack": SlackCase,
}
"""Those whose vendor has a quota."""
VENDORS: Mapping[str, Callable[[], VendorCase]] = {**LIMITED, "email": EmailCase}
CASES: Mapping[str, Callable[[], Case]] = {
    "memory": partial(MemoryCase, Repeating.READ_BACK),
    "memory_that_counts_once": partial(MemoryCase, Repeating.HARMLESS),
    "memory_that_cannot_be_asked": partial(MemoryCase, Repeating.ASK),
    **VENDORS,
}
