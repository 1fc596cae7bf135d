"""What cases share whose simulators stand behind a gateway."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import ClassVar

from starlette.types import ASGIApp, Receive, Scope, Send

from simulators.calls import CallLog
from simulators.faults import Fault, FaultPlan, RateLimited, ServerError, Slow
from simulators.hubspot import HubspotSimulator
from simulators.serving import serving
from simulators.slack import SlackSimulator
from tests.activation.contract.case import (
    Calls,
    LimitedCase,
)


class _Switchboard:
    """An ASGI application that hands over to another, which can be exchanged."""

    app: ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.app(scope, receive, send)


class HttpCase(LimitedCase):
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
