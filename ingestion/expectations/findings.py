"""What a check of the raw tables has found."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from ingestion.expectations.tables import Aspect


class Verdict(StrEnum):
    """How a check ended."""

    OK = "ok"
    SKIPPED = "skipped"
    """There is nothing to check yet."""
    WARNING = "warning"
    """Work goes on, and somebody should look at it."""
    FAILED = "failed"
    """What is built on this table would be wrong."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found when one aspect of a table was looked at."""

    table: str
    """With its schema."""
    aspect: Aspect
    verdict: Verdict
    sentence: str
    """What is so; without any value of a record."""


@dataclass(frozen=True, slots=True)
class RawTablesCheck:
    """What was found of all tables."""

    as_of: datetime
    findings: tuple[Finding, ...]

    def with_verdict(self, verdict: Verdict) -> list[Finding]:
        """The findings with this verdict, in their order."""
        return [finding for finding in self.findings if finding.verdict is verdict]
