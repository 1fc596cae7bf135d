"""The dialect lint: models say nothing that only one database understands.

What PostgreSQL and Spark say differently stands in `macros/dialect.sql` alone (spec README.md, Past
one machine); and the only clock of a model is var `as_of`. Run: `python -m tests.lint.dialect`.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

FOLDERS = ("models", "snapshots", "tests/assertions")

_BANNED = {
    r"::": "a cast by ::, write cast(x as type)",
    r"\bat\s+time\s+zone\b": "at time zone, use a macro of macros/dialect.sql",
    r"\bdistinct\s+on\b": "distinct on, use row_number()",
    r"\binterval\s*'": "an interval literal, use dbt.dateadd",
    r"\bgenerate_series\b": "generate_series, use dbt.date_spine or a join",
    r"->|#>|@>|<@|\?\||\?&|\s\?\s": "a JSON operator, use json_text or json_has",
    r"\bwith\s+recursive\b": "a recursive CTE, use one table per step or the fold macro",
    r"\b(now|random|clock_timestamp|statement_timestamp|gen_random_uuid)\s*\(": (
        "a clock or chance, use as_of()"
    ),
    r"\b(current_date|current_timestamp|current_time|localtimestamp|localtime)\b": (
        "a clock, use as_of()"
    ),
    r"\bilike\b|\bsimilar\s+to\b|~\*|!~": "an operator of PostgreSQL's own, use lower() and like",
    r"\bcollate\b": "a collation, use bytewise()",
}


@dataclass(frozen=True)
class Finding:
    """One place that speaks a dialect."""

    place: str
    problem: str


def find_dialect(sql: str, place: str) -> Iterator[Finding]:
    """What is wrong in one file; text in quotes and comments does not count."""
    spoken = re.sub(r"\{#.*?#\}|/\*.*?\*/", _blank, sql, flags=re.DOTALL)
    spoken = re.sub(r"\{\{.*?\}\}|\{%.*?%\}", _blank, spoken, flags=re.DOTALL)
    spoken = re.sub(r"--[^\n]*", _blank, spoken)
    spoken = re.sub(r"(interval\s*')|'(?:[^']|'')*'", lambda m: m[1] or _blank(m), spoken)
    for pattern, problem in _BANNED.items():
        for match in re.finditer(pattern, spoken, flags=re.IGNORECASE):
            line = spoken.count("\n", 0, match.start()) + 1
            yield Finding(f"{place}:{line}", problem)


def lint(root: Path) -> list[Finding]:
    """All findings below the project's root."""
    return [
        finding
        for folder in FOLDERS
        for path in sorted((root / folder).rglob("*.sql"))
        for finding in find_dialect(path.read_text(), str(path.relative_to(root)))
    ]


def _blank(match: re.Match[str]) -> str:
    return re.sub(r"[^\n]", " ", match[0])


def main() -> int:
    """Print the findings; 1 when there are any."""
    findings = lint(Path.cwd())
    for finding in findings:
        sys.stdout.write(f"{finding.place}: {finding.problem}\n")
    sys.stdout.write(f"dialect lint: {len(findings)} findings\n")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
