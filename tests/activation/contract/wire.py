"""The line between a writer and its destination, on which anything can happen at any request.

A request is whatever a writer sends and waits for: an HTTP request, an SMTP command, a message's
text, a connection where making one is a step of its own.
"""

from __future__ import annotations

import smtplib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import httpx

from tests.activation.memory import Killed


class Ending(StrEnum):
    """What becomes of a request that does not go well."""

    KILLED = "killed"
    """The process ends there."""
    LOST = "lost"
    """Its answer never comes, and the process lives on."""


class Moment(StrEnum):
    """When that is, seen from the destination."""

    BEFORE = "before"
    """Before the request has any effect."""
    AFTER = "after"
    """When it has had its effect."""


@dataclass(frozen=True)
class Trouble:
    """One request that does not go well."""

    request: int
    """Its number, from 1, among those that the wire carries."""
    moment: Moment
    ending: Ending


class Wire:
    """Carries requests, counts them, and does what it was told to one of them."""

    def __init__(self) -> None:
        self.requests = 0
        self.has_struck = False
        """Whether the trouble has happened."""
        self._trouble: Trouble | None = None

    def expect(self, trouble: Trouble | None) -> None:
        """Begin to count anew; this is going to happen, and nothing else."""
        self.requests, self.has_struck, self._trouble = 0, False, trouble

    def sends(self) -> None:
        """Count a request that is about to leave."""
        self.requests += 1

    def strikes(self, moment: Moment, ending: Ending) -> bool:
        """Whether the latest request ends here and like this."""
        strikes = self._trouble == Trouble(self.requests, moment, ending)
        self.has_struck |= strikes
        return strikes

    @contextmanager
    def request(self, lost: Exception) -> Iterator[None]:
        """Carry one request, which the block makes; `lost` is raised where no answer comes."""
        self.sends()
        self._end(Moment.BEFORE, lost)
        yield
        self._end(Moment.AFTER, lost)

    def _end(self, moment: Moment, lost: Exception) -> None:
        if self.strikes(moment, Ending.KILLED):
            raise Killed
        if self.strikes(moment, Ending.LOST):
            raise lost


class WiredTransport(httpx.HTTPTransport):
    """httpx's own transport, over a wire."""

    def __init__(self, wire: Wire) -> None:
        super().__init__(verify=False)
        self._wire = wire

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Make the request, or fail as httpx does when it waits in vain."""
        response: httpx.Response | None = None
        try:
            with self._wire.request(httpx.ReadTimeout("timed out")):
                response = super().handle_request(request)
        except BaseException:
            if response is not None:
                response.close()
            raise
        return response


class WiredSmtp(smtplib.SMTP):
    """smtplib's own connection, over a wire; every answer belongs to what was sent last."""

    def __init__(self, wire: Wire, *where: Any, **how: Any) -> None:
        self._wire = wire
        self._is_lost = False
        super().__init__(*where, **how)

    def connect(self, *where: Any, **how: Any) -> tuple[int, bytes]:
        """Connect, which the server answers with a greeting."""
        self._leave()
        if self._is_lost:
            raise TimeoutError("timed out")
        return super().connect(*where, **how)

    def send(self, s: Any) -> None:
        """Send a command, or a message's text."""
        self._leave()
        if not self._is_lost:
            super().send(s)

    def getreply(self) -> tuple[int, bytes]:
        """The answer to what was sent last."""
        if not self._is_lost:
            reply = super().getreply()
            self._die_if_due(Moment.AFTER)
            if not self._wire.strikes(Moment.AFTER, Ending.LOST):
                return reply
        self.close()
        raise smtplib.SMTPServerDisconnected("Connection unexpectedly closed: timed out")

    def _leave(self) -> None:
        self._wire.sends()
        self._die_if_due(Moment.BEFORE)
        self._is_lost |= self._wire.strikes(Moment.BEFORE, Ending.LOST)

    def _die_if_due(self, moment: Moment) -> None:
        """End as a process does, whose connections the system closes."""
        if self._wire.strikes(moment, Ending.KILLED):
            self.close()
            raise Killed
