"""What was found of the raw tables, as a page that a person can open."""

from __future__ import annotations

from itertools import groupby
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from ingestion.expectations.findings import RawTablesCheck, Verdict

_TEMPLATE = "report.html.j2"


def write_report(check: RawTablesCheck, path: Path) -> None:
    """Write one page of HTML that needs nothing beside it.

    Args:
        check: what was found.
        path: the file; its folder is made if missing.
    """
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=select_autoescape(["html.j2"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    page = environment.get_template(_TEMPLATE).render(
        as_of=check.as_of,
        counts={verdict.value: len(check.with_verdict(verdict)) for verdict in Verdict},
        tables=[
            (table, list(findings))
            for table, findings in groupby(check.findings, key=lambda finding: finding.table)
        ],
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(page, encoding="utf-8")
