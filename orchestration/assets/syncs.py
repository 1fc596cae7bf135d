"""The syncs' assets: one for each file in `activation/syncs`, after its model."""

import dagster as dg

from activation import Declaration, ExitCode, SyncResult, load_declarations, run_sync
from activation.writers.base import Mode
from orchestration.assets.models import RIVER
from orchestration.failures import told_in_a_sentence
from orchestration.names import group_of, sync_key, table_key
from orchestration.resources import WarehouseResource


def sync_asset(declaration: Declaration) -> dg.AssetsDefinition:
    """The asset of a sync: it materializes by writing what changed to the destination.

    A run that a guard stopped, or that could not go on, fails. So does one in which the destination
    refused rows, since a person has to look at these; the rest was written, so that the asset
    counts as materialized too, and the next run tries the refused rows again.
    """
    key = sync_key(declaration)

    @dg.asset(
        key=key,
        deps=[table_key(*declaration.source)],
        group_name=group_of(key),
        kinds={declaration.destination},
        description=declaration.description,
        pool=RIVER,
        # Messages go last: alerts tell of the other syncs of their run, however these ended.
        op_tags={"dagster/priority": "-1"} if declaration.mode is Mode.MESSAGE else None,
    )
    def sync(
        context: dg.AssetExecutionContext, warehouse: WarehouseResource
    ) -> dg.MaterializeResult[None]:
        with told_in_a_sentence():
            result = run_sync(warehouse.open(), declaration)
        counts = _counts(result)
        match result.exit_code:
            case ExitCode.DONE:
                if result.message:
                    context.log.info(result.message)
                return dg.MaterializeResult(metadata=counts)
            case ExitCode.FAILED_ROWS:
                context.log_event(dg.AssetMaterialization(asset_key=key, metadata=counts))
                happened = "refused rows"
            case ExitCode.STOPPED:
                happened = "stopped by a guard, nothing was sent"
            case _:
                happened = "failed"
        raise dg.Failure(
            f"{declaration.name} {happened}: {result.message}", counts, allow_retries=False
        )

    return sync


def _counts(result: SyncResult) -> dict[str, int | str]:
    """What a run did, in numbers: no keys, no values."""
    return {
        "status": str(result.status),
        "sync_run": result.run_id or "",
        "planned": result.counts.to_write,
        "written": result.written,
        "failed": result.failed,
        "unsure": result.unsure,
        "skipped": result.skipped,
        "unchanged": result.counts.unchanged,
        "parked": result.counts.parked,
        "calls": result.usage.calls,
        "writing calls": result.usage.write_calls,
    }


syncs = [sync_asset(declaration) for declaration in load_declarations().values()]
