"""The syncs' assets: one for each file in `activation/syncs`, after its model.

Syncs of the same records share their requests, so that they are one step of a run.
"""

from collections.abc import Iterator, Sequence

import dagster as dg

from activation import (
    Declaration,
    ExitCode,
    SyncResult,
    find_declaration,
    load_declarations,
    run_syncs,
)
from activation.engine import groups
from activation.writers import DESTINATIONS
from activation.writers.base import Mode
from orchestration.assets.models import RIVER
from orchestration.failures import told_in_a_sentence
from orchestration.names import group_of, sync_key, table_key
from orchestration.resources import WarehouseResource
from warehouse.settings import get_settings

_HAPPENED = {
    ExitCode.FAILED_ROWS: "refused rows",
    ExitCode.STOPPED: "stopped by a guard, nothing was sent",
}


def sync_assets(declarations: Sequence[Declaration]) -> dg.AssetsDefinition:
    """The assets of syncs that share requests: they materialize by writing what changed.

    A run that a guard stopped, or that could not go on, fails. So does one in which the destination
    refused rows, since a person has to look at these; the rest was written, so that the asset
    counts as materialized too, and the next run tries the refused rows again. A sync that ended
    well is materialized whatever became of the others.
    """
    by_key = {sync_key(each): each for each in declarations}

    @dg.multi_asset(
        name=f"sync__{'_and_'.join(each.name for each in declarations)}",
        specs=[_spec(each) for each in declarations],
        can_subset=len(declarations) > 1,
        pool=RIVER,
    )
    def sync(
        context: dg.AssetExecutionContext, warehouse: WarehouseResource
    ) -> Iterator[dg.MaterializeResult[None]]:
        selected = [by_key[key] for key in by_key if key in context.selected_asset_keys]
        if not can_be_told(declarations):
            context.log.warning("No channel is set up for this: nothing was sent.")
            yield from (dg.MaterializeResult(asset_key=sync_key(each)) for each in selected)
            return
        with told_in_a_sentence():
            results = run_syncs(warehouse.open(), selected)
        trouble = []
        for declaration, result in zip(selected, results, strict=True):
            counts = _counts(result)
            if result.exit_code in {ExitCode.DONE, ExitCode.FAILED_ROWS}:
                yield dg.MaterializeResult(asset_key=sync_key(declaration), metadata=counts)
            if result.exit_code is not ExitCode.DONE:
                happened = _HAPPENED.get(result.exit_code, "failed")
                trouble.append((f"{declaration.name} {happened}: {result.message}", counts))
            elif result.message:
                context.log.info("%s: %s", declaration.name, result.message)
        if trouble:
            raise dg.Failure(
                " ".join(told for told, _ in trouble), trouble[0][1], allow_retries=False
            )

    return sync


def can_be_told(declarations: Sequence[Declaration]) -> bool:
    """Whether messages have a channel; whoever needs none can do without, unlike records."""
    return all(
        DESTINATIONS[each.destination].is_set_up(get_settings())
        for each in declarations
        if each.mode is Mode.MESSAGE
    )


def _spec(declaration: Declaration) -> dg.AssetSpec:
    key = sync_key(declaration)
    return dg.AssetSpec(
        key=key,
        deps=[
            *(table_key(*each) for each in (declaration.source, declaration.blockers) if each),
            *(sync_key(find_declaration(name)) for name in declaration.after),
        ],
        group_name=group_of(key),
        kinds={declaration.destination},
        description=declaration.description,
    )


def _counts(result: SyncResult) -> dict[str, int | str]:
    """What a run did, in numbers: no keys, no values."""
    return {
        "status": str(result.status),
        "sync_run": result.run_id or "",
        "planned": result.counts.to_write,
        "written": result.written,
        "confirmed": result.confirmed,
        "failed": result.failed,
        "unsure": result.unsure,
        "skipped": result.skipped,
        "unchanged": result.counts.unchanged,
        "parked": result.counts.parked,
        "calls": result.usage.calls,
        "writing calls": result.usage.write_calls,
    }


syncs = [sync_assets(group) for group in groups(list(load_declarations().values()))]
"""The syncs, those that share requests together."""
