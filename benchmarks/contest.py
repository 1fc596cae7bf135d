"""What each tool does to an account: with all going well, and with something going wrong."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from benchmarks.companies import build_model, wanted
from benchmarks.local_hubspot import Account, hubspot_account
from benchmarks.programs import Ended, Program, Running, run
from benchmarks.sync_tools import SyncTool
from simulators.faults import Fault, Meanwhile, RateLimited, Refuse

_BURST = 20
_MOST_RUNS = 10


@dataclass(frozen=True, slots=True)
class Trial:
    """One tool in one situation, from the first command to the last."""

    situation: str
    tool: str
    rows: int
    """How many companies had changed."""
    commands: int
    """How many were run, one after another."""
    exit_codes: tuple[int, ...]
    seconds: float
    """Of all commands, their start included."""
    peak_megabytes: float
    requests: Mapping[str, int]
    """As the account counted them, by kind."""
    missing_after_first: int
    """Companies without their new values after the first command that ended by itself."""
    missing: int
    """The same at the end."""
    written_twice: int
    """Companies that were written more than once, over all commands."""

    @property
    def requests_per_row(self) -> float:
        """Requests of all kinds per changed company."""
        return sum(self.requests.values()) / self.rows if self.rows else 0.0


@dataclass
class _Stage:
    """An account in which a number of companies are behind, and a tool that knows it."""

    tool: SyncTool
    account: Account
    companies: int
    changed: int
    model: dict[str, dict[str, str]]
    _done: list[Ended] = field(default_factory=list)
    _missing_after_first: int = 0

    def run(self, programs: Sequence[Program]) -> None:
        for program in programs:
            self.note(run(program))

    def note(self, ended: Ended) -> None:
        self._done.append(ended)
        if ended.exit_code >= 0 and all(each.exit_code < 0 for each in self._done[:-1]):
            self._missing_after_first = len(self.missing())

    def missing(self) -> list[str]:
        return self.account.differing(self.model)

    def trial(self, situation: str, rows: int) -> Trial:
        """What happened since the last trial."""
        done, self._done = self._done, []
        found = Trial(
            situation=situation,
            tool=self.tool.name,
            rows=rows,
            commands=len(done),
            exit_codes=tuple(each.exit_code for each in done),
            seconds=sum(each.seconds for each in done),
            peak_megabytes=max(each.peak_megabytes for each in done),
            requests=self.account.requests,
            missing_after_first=self._missing_after_first,
            missing=len(self.missing()),
            written_twice=sum(times > 1 for times in self.account.writes.values()),
        )
        self.account.forget_requests()
        return found


def trials(tool: SyncTool, companies: int, changed: int, *, with_limits: bool) -> Iterator[Trial]:
    """Every situation in turn, each from the same beginning.

    Args:
        tool: who is tried.
        companies: how many the account has.
        changed: how many of them are behind the model; divides `companies`.
        with_limits: begin with HubSpot's rate limits in force, which takes a slow tool minutes.
    """
    if with_limits:
        with _stage(tool, companies, changed, is_limited=True) as stage:
            stage.run([tool.sync()])
            yield stage.trial("all changes, HubSpot's limits", changed)
    with _stage(tool, companies, changed) as stage:
        stage.run([tool.sync()])
        yield stage.trial("all changes, no limits", changed)
        stage.run([tool.sync()])
        yield stage.trial("nothing changed since", 0)
        every = companies // changed
        build_model(tool.warehouse, companies, every=every, once_more=every)
        stage.model = wanted(tool.warehouse)
        stage.run([tool.sync()])
        yield stage.trial("one changed since", 1)
    yield _bad_row(tool, companies, changed)
    yield _burst(tool, companies, changed)
    yield _killed(tool, companies, changed)


def _bad_row(tool: SyncTool, companies: int, changed: int) -> Trial:
    """One record is refused; then it is mended, and the tool is to go on."""
    with _stage(tool, companies, changed) as stage:
        bad = stage.missing()[changed // 2]
        stage.account.simulator.faults.add(Fault(does=Refuse(record_id=bad)))
        stage.run([tool.sync()])
        stage.account.simulator.faults.clear()
        stage.run(tool.go_on())
        return stage.trial("one bad row, then mended", changed)


def _burst(tool: SyncTool, companies: int, changed: int) -> Trial:
    """The first requests that write are answered 429; then the tool goes on until all is done."""
    with _stage(tool, companies, changed) as stage:
        stage.account.simulator.faults.add(
            Fault(
                does=RateLimited(retry_after=1),
                method=tool.write_method,
                path=tool.write_path,
                times=_BURST,
            )
        )
        stage.run([tool.sync()])
        for _ in range(_MOST_RUNS):
            if not stage.missing():
                break
            stage.run(tool.go_on())
        return stage.trial(f"{_BURST} times 429, Retry-After 1", changed)


def _killed(tool: SyncTool, companies: int, changed: int) -> Trial:
    """The process dies after a write that it does not see answered.

    That is when half is written, and half of what the tool takes for one batch.
    """
    with _stage(tool, companies, changed) as stage:
        running: list[Running] = []
        stage.account.simulator.faults.add(
            Fault(
                does=Meanwhile(happens=lambda: running[0].kill()),  # noqa: PLW0108  not there yet
                method=tool.write_method,
                path=tool.write_path,
                skip=(changed + tool.batch_size) // 2 // tool.rows_per_write,
                times=1,
            )
        )
        running.append(Running(tool.sync()))
        stage.note(running[0].wait())
        stage.run([tool.sync()])
        return stage.trial("killed half way, run again", changed)


@contextmanager
def _stage(
    tool: SyncTool, companies: int, changed: int, *, is_limited: bool = False
) -> Iterator[_Stage]:
    build_model(tool.warehouse, companies)
    with hubspot_account(wanted(tool.warehouse), is_limited=is_limited) as account:
        tool.begin(account.base_url, is_limited=is_limited)
        build_model(tool.warehouse, companies, every=companies // changed)
        yield _Stage(tool, account, companies, changed, wanted(tool.warehouse))
