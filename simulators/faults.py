"""What a simulator can be told to do wrong, and which requests it does it to."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterable
from fnmatch import fnmatchcase
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue


class _Told(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class RateLimited(_Told):
    """Answer 429 and do nothing."""

    kind: Literal["rate_limited"] = "rate_limited"
    policy: str = "TEN_SECONDLY_ROLLING"
    """Which of the vendor's limits is said to be reached."""
    retry_after: int | None = None
    """Seconds in the `Retry-After` header; None leaves the header out."""


class ServerError(_Told):
    """Answer 5xx, in the vendor's own error format."""

    kind: Literal["server_error"] = "server_error"
    status: int = Field(default=503, ge=500, le=599)
    takes_effect: bool = False
    """Whether the request is carried out before the error is answered."""


class HtmlPage(_Told):
    """Answer with an HTML page, as proxies and login walls do."""

    kind: Literal["html_page"] = "html_page"
    status: int = Field(default=502, ge=200, le=599)
    takes_effect: bool = False
    """Whether the request is carried out before the page is answered."""


class Cut(_Told):
    """Close the connection without an answer."""

    kind: Literal["cut"] = "cut"
    takes_effect: bool = False
    """Whether the request is carried out before the connection is closed."""


class Slow(_Told):
    """Carry the request out at once, and answer late."""

    kind: Literal["slow"] = "slow"
    seconds: float = Field(gt=0)


class ExpiredToken(_Told):
    """Answer the vendor's own 401 for an access token that was good once, and do nothing."""

    kind: Literal["expired_token"] = "expired_token"


class MissingField(_Told):
    """Carry the request out, and leave a field out of every record of the answer."""

    kind: Literal["missing_field"] = "missing_field"
    field: str
    """Its name, with dots between the names of objects that lie in each other: `properties.email`.
    A record that does not have it stays as it is."""


class DuplicatePage(_Told):
    """Carry the request out, and give records of the page before once more.

    So it looks when records move towards the end of a list while it is paged through, or when a
    cache answers. The page before is the last successful answer to a request that differed at most
    in which page it asked for; a request without one is answered as ever.
    """

    kind: Literal["duplicate_page"] = "duplicate_page"
    in_its_place: bool = False
    """True: the page before comes again as it was, and leads to the page that it hides. False: its
    records stand before those of the page that was asked for, and paging goes on."""


class ChangeRecord(_Told):
    """Answer, and change a record before anything else is asked."""

    kind: Literal["change_record"] = "change_record"
    table: str
    """What the vendor calls such records in its paths: `companies`."""
    record_id: str
    values: dict[str, JsonValue]
    """By field. Whoever changes a record in the vendor's own pages could have done the same."""


class Meanwhile(_Told):
    """Answer, and call a function before anything else is asked.

    For whatever else can happen to an account while it is read. It cannot be told over HTTP.
    """

    kind: Literal["meanwhile"] = "meanwhile"
    happens: Callable[[], object] = Field(exclude=True)
    """Called in the simulator's thread; it may change the state."""


class Refuse(_Told):
    """Refuse to write one record, whatever is written to it, or to read its associations."""

    kind: Literal["refuse"] = "refuse"
    record_id: str
    message: str = "This record cannot be changed."
    whole_batch: bool = False
    """True: a batch with the record fails as one (400). False: the others are written (207)."""


Interference = (
    RateLimited
    | ServerError
    | HtmlPage
    | Cut
    | Slow
    | ExpiredToken
    | MissingField
    | DuplicatePage
    | ChangeRecord
    | Meanwhile
)
"""What happens to a whole request."""


class Fault(_Told):
    """One thing to do wrong, and the requests it is done to.

    `Fault(does=RateLimited(), every=5)` is a 429 for every fifth request;
    `Fault(does=Cut(), method="POST", path="*/batch/update", skip=2, times=1)` hits the third batch
    alone. A `Refuse` counts only requests that write its record or read its
    associations.
    """

    does: Annotated[Interference | Refuse, Field(discriminator="kind")]
    method: str | None = None
    """HTTP method in capitals; None is any."""
    path: str = "*"
    """Pattern for the path, without the query; `*` also matches slashes."""
    skip: int = Field(default=0, ge=0)
    """How many matching requests go by before it begins."""
    every: int = Field(default=1, ge=1)
    """From then on, every how manyth matching request is hit."""
    times: int | None = Field(default=None, ge=1)
    """After how many hits it is over; None is never."""

    def matches(self, method: str, path: str) -> bool:
        """Whether a request with this method and path counts."""
        return self.method in (None, method) and fnmatchcase(path, self.path)


class FaultPlan:
    """The faults a simulator has been told, each with its own count of requests. Thread-safe."""

    def __init__(self, faults: Iterable[Fault] = ()) -> None:
        """Start with these faults; the counts start at nothing."""
        self._lock = threading.Lock()
        self._armed = [_Armed(fault) for fault in faults]

    @property
    def faults(self) -> tuple[Fault, ...]:
        """The faults told so far, also those that are over."""
        with self._lock:
            return tuple(armed.fault for armed in self._armed)

    def add(self, *faults: Fault) -> None:
        """Tell more faults, after those already told."""
        with self._lock:
            self._armed.extend(_Armed(fault) for fault in faults)

    def clear(self) -> None:
        """Behave again."""
        with self._lock:
            self._armed.clear()

    def interference(self, method: str, path: str) -> Interference | None:
        """What to do to the request that has just come in. Ask once per request: it counts.

        Where several faults are due, the one told first is done.
        """
        due: Interference | None = None
        with self._lock:
            for armed in self._armed:
                does = armed.fault.does
                if (
                    not isinstance(does, Refuse)
                    and armed.fault.matches(method, path)
                    and armed.hits()
                ):
                    due = due or does
        return due

    def keeps_pages(self, method: str, path: str) -> bool:
        """Whether the answer to this request may have to be given once more."""
        with self._lock:
            return any(
                isinstance(armed.fault.does, DuplicatePage) and armed.fault.matches(method, path)
                for armed in self._armed
            )

    def refusals(self, method: str, path: str, record_ids: Collection[str]) -> list[Refuse]:
        """Which of the records that a request names are refused. Ask once: it counts."""
        with self._lock:
            return [
                armed.fault.does
                for armed in self._armed
                if isinstance(armed.fault.does, Refuse)
                and armed.fault.does.record_id in record_ids
                and armed.fault.matches(method, path)
                and armed.hits()
            ]


class _Armed:
    """A fault and how far its counts have come."""

    def __init__(self, fault: Fault) -> None:
        self.fault = fault
        self._seen = 0
        self._done = 0

    def hits(self) -> bool:
        """Count one matching request; whether this is one to hit."""
        self._seen += 1
        position = self._seen - self.fault.skip
        if position < 1 or position % self.fault.every or self._done == self.fault.times:
            return False
        self._done += 1
        return True
