"""Checks of the raw tables, with Great Expectations, before dbt reads them.

Broken keys and types stop what is built on them; freshness, volume and rejected rows are warnings.
"""

from collections.abc import Iterator

import dagster as dg

from ingestion.expectations.findings import Verdict
from ingestion.expectations.report import write_report
from ingestion.expectations.tables import CHECKED_TABLES, Aspect
from orchestration.failures import told_in_a_sentence
from orchestration.names import table_key
from orchestration.resources import WarehouseResource
from warehouse.settings import get_settings

REPORT = "raw-tables.html"
"""In MILLRACE_HOME."""
_BLOCKING = (Aspect.KEYS, Aspect.TYPES)


@dg.multi_asset_check(
    specs=[
        dg.AssetCheckSpec(
            name=aspect.value,
            asset=table_key(table.schema, table.name),
            blocking=aspect in _BLOCKING,
        )
        for table in CHECKED_TABLES
        for aspect in table.aspects
    ],
    can_subset=True,
)
def raw_tables(
    context: dg.AssetCheckExecutionContext, warehouse: WarehouseResource
) -> Iterator[dg.AssetCheckResult]:
    """Look at the raw tables that the run lands, and write the report."""
    # Imported late: Great Expectations takes seconds.
    from ingestion.expectations.check import check_raw_tables  # noqa: PLC0415

    wanted = {table_key(table.schema, table.name): table for table in CHECKED_TABLES}
    landed = {key.asset_key for key in context.selected_asset_check_keys}
    with told_in_a_sentence():
        check = check_raw_tables(
            warehouse.open(), tables=[table for key, table in wanted.items() if key in landed]
        )
    report = get_settings().home / REPORT
    write_report(check, report)
    for finding in check.findings:
        yield dg.AssetCheckResult(
            asset_key=table_key(*finding.table.split(".")),
            check_name=finding.aspect.value,
            passed=finding.verdict in {Verdict.OK, Verdict.SKIPPED},
            severity=(
                dg.AssetCheckSeverity.ERROR
                if finding.verdict is Verdict.FAILED
                else dg.AssetCheckSeverity.WARN
            ),
            description=finding.sentence,
            metadata={"report": dg.MetadataValue.path(str(report))},
        )
