"""dbt's assets: every seed, model and snapshot, with its tests as checks that stop what follows."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final
from unittest.mock import patch

import dagster as dg
from dagster_dbt import DbtCliInvocation, DbtCliResource, dbt_assets
from dbt.artifacts.schemas.results import NodeStatus
from pydantic import Field

from orchestration.dbt_project import current_manifest, target_folder
from orchestration.failures import told_in_a_sentence
from orchestration.landed import events_mark
from orchestration.names import DbtNames
from orchestration.resources import WarehouseResource
from warehouse.build_lock import build_lock
from warehouse.database import Warehouse, child_environment

RIVER = "river"
"""The pool of all that decides or writes back: one run at a time (see `dagster.yaml`)."""
BUILT_FROM = "millrace/events"
"""Tag of a run that built everything: how far the events had come just before (`events_mark`)."""

RESULTS: Final = "run_results.json"


class Clock(dg.Config):
    """The clock of a build (spec/README.md, Time)."""

    as_of: str | None = Field(
        None,
        description="Decide as of this instant (RFC 3339, with an offset), never before the last "
        "decision. Leave it empty to decide as of the start of the run.",
    )


@dbt_assets(manifest=current_manifest(), dagster_dbt_translator=DbtNames(), pool=RIVER)
def models(
    context: dg.AssetExecutionContext,
    config: Clock,
    warehouse: WarehouseResource,
    dbt: DbtCliResource,
) -> Iterator[object]:
    """Build and test the models (dbt build, without the unit tests, which test code).

    A test or model that fails ends this asset, and with it every sync of the run.
    """
    with told_in_a_sentence():
        opened = warehouse.open()
        with build_lock(opened):
            if not context.is_subset:
                mark = events_mark(opened) or "none"
                context.instance.add_run_tags(context.run.run_id, {BUILT_FROM: mark})
            yield from _build(context, config, opened, dbt)


def _build(
    context: dg.AssetExecutionContext, config: Clock, warehouse: Warehouse, dbt: DbtCliResource
) -> Iterator[object]:
    arguments = ["build", "--exclude-resource-type", "unit_test"]
    arguments += ["--exclude-resource-type", "exposure"]  # which only says who relies on what
    if config.as_of is not None:
        arguments += ["--vars", json.dumps({"as_of": config.as_of})]
    # One folder for all runs, which the lock keeps apart: what dbt has parsed stays.
    target = target_folder(Path(dbt.project_dir)) / "dagster"
    (target / RESULTS).unlink(missing_ok=True)
    with patch.dict(os.environ, child_environment(warehouse)):
        invocation = dbt.cli(arguments, context=context, raise_on_error=False, target_path=target)
    yield from invocation.stream()
    if not invocation.is_successful():
        raise dg.Failure(_told(invocation), allow_retries=False)


def _told(invocation: DbtCliInvocation) -> str:
    """What failed, by name; what dbt says of a node may quote rows and stays in its output."""
    if not (invocation.target_path / RESULTS).exists():  # then it has looked at no row either
        # Imported late: it brings all of dbt along.
        from decisions.dbt_build import sentence  # noqa: PLC0415

        said = str(invocation.get_error()).rpartition("Encountered an error:")[2]
        return f"dbt built nothing: {sentence(said)}"
    failed = sorted(
        result["unique_id"].split(".")[2]
        for result in invocation.get_artifact(RESULTS)["results"]
        if result["status"] in {NodeStatus.Error, NodeStatus.Fail, NodeStatus.RuntimeErr}
    )
    named = ", ".join(failed[:5]) + (f" and {len(failed) - 5} more" if len(failed) > 5 else "")
    return (
        f"dbt build failed at {named}, and no sync was run: dbt's output (stdout of this step) "
        "says why; put the data or the model right, and start the run again."
    )
