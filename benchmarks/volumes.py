"""Calls, time and memory of a sync, by how many companies changed out of how many."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from benchmarks.companies import build_model, forget_all, wanted
from benchmarks.local_hubspot import hubspot_account
from benchmarks.programs import run
from benchmarks.sync_tools import SyncTool


@dataclass(frozen=True, slots=True)
class Volume:
    """One run of `millrace sync run`, with HubSpot's rate limits in force."""

    companies: int
    changed: int
    requests: Mapping[str, int]
    """By kind."""
    seconds: float
    """From the start of the program to its end."""
    peak_megabytes: float
    """Physical memory that it held at most, the interpreter and its libraries included."""


def volumes(millrace: SyncTool, companies: int) -> Iterator[Volume]:
    """Nothing, 1 % and 10 % of so many companies changed, then all of them sent for the first time.

    Raises:
        AssertionError: when a run leaves a company behind.
    """
    for every in (0, 100, 10, 1):
        build_model(millrace.warehouse, companies)
        before = wanted(millrace.warehouse)
        with hubspot_account(before, is_limited=True) as account:
            millrace.begin(account.base_url, is_limited=True)
            if every == 1:
                forget_all(millrace.warehouse)
            build_model(millrace.warehouse, companies, every=every)
            after = wanted(millrace.warehouse)
            ended = run(millrace.sync())
            behind = len(account.differing(after))
            if behind:
                raise AssertionError(f"{behind} companies are behind: {ended.output}")
            yield Volume(
                companies=companies,
                changed=companies // every if every else 0,
                requests=account.requests,
                seconds=ended.seconds,
                peak_megabytes=ended.peak_megabytes,
            )
