"""The journey's models as SQL: compiled once by dbt, to be run any number of times by a replay.

What dbt writes into the SQL of one run - the schemas, the clock, the run's id - stands in it as a
placeholder; `sql_of` puts in those of a replay's run. Nothing else differs from what dbt sends.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from graphlib import TopologicalSorter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

from dbt.adapters.postgres.column import PostgresColumn
from dbt.artifacts.resources.v1.components import ColumnInfo
from dbt.artifacts.schemas.run import RunExecutionResult
from dbt.cli.main import dbtRunner
from dbt.contracts.graph.manifest import Manifest
from dbt.contracts.graph.nodes import ModelNode, SeedNode, SqlNode
from dbt_common.invocation import get_invocation_id

from decisions.dbt_build import BuildError, folders, newest_change, project_manifest, sentence
from warehouse.database import Warehouse, child_environment

JOURNEY = (
    "company_journey",
    "company_journey_changes",
    "skipped_companies",
    "review_queue",
    "cs_manager_load",
    "cs_bucket_load",
)
"""The marts that a replay makes, with everything upstream of them."""

_SCHEMA_PREFIX = "simulation:"
"""Before the name of every schema in compiled SQL; no schema of a warehouse has a colon."""
_INSTANT = "1999-12-31T23:59:59.123456+00:00"
"""Where compiled SQL says the clock; an instant that nothing else would say."""

Variables = Mapping[str, Any]
"""dbt vars by name, JSON values."""


class Kind(StrEnum):
    """What a run does with a model."""

    VIEW = "view"
    REFILLED = "refilled"
    """A table of this run's rows alone."""
    STATE = "state"
    """A table that rows are added to, and that is never made anew."""
    REPLACED = "replaced"
    """A table in which rows take the place of those with the same key; the others stay."""


_KINDS = {
    "view": Kind.VIEW,
    "standing_view": Kind.VIEW,
    "table": Kind.REFILLED,
    "standing_table": Kind.REFILLED,
}


@dataclass(frozen=True)
class Relation:
    """Where a model or seed is built, in the warehouse and in a replay."""

    name: str
    """`schema.table` as in production, such as `journey.company_journey`."""
    schema: str
    """Schema in the warehouse; a developer's own target has a prefix."""
    table: str

    def schema_in(self, prefix: str) -> str:
        """The schema of a replay whose schemas begin with `prefix`."""
        return prefix + self.schema


@dataclass(frozen=True)
class CompiledModel:
    """One model."""

    relation: Relation
    kind: Kind
    sql: str
    """Its SELECT, with placeholders: see `sql_of`."""
    columns: tuple[str, ...]
    """Names in the order of its contract; empty where it has none."""
    definitions: tuple[str, ...]
    """The same as column definitions of `create table`."""
    reads_itself: bool
    """Whether it is made from its own earlier rows."""
    key: str | None
    """Column by which rows are replaced; None for every other kind."""

    @property
    def is_table_by_contract(self) -> bool:
        """Whether its columns are known without its SELECT."""
        return bool(self.definitions) and self.kind is not Kind.VIEW


@dataclass(frozen=True)
class CompiledSeed:
    """One reference file; all its columns are text."""

    relation: Relation
    columns: tuple[str, ...]
    path: Path
    """The project's own file."""


@dataclass(frozen=True)
class CompiledJourney:
    """The journey's models in the order in which they depend on each other."""

    models: tuple[CompiledModel, ...]
    seeds: tuple[CompiledSeed, ...]
    wrong_rows: str
    """SQL for what is wrong in the reference files, as (seed, line, problem)."""
    run_id: str
    """Placeholder of the run's id."""

    def sql_of(self, text: str, *, prefix: str, as_of: str, run_id: str) -> str:
        """Compiled SQL of one run of a replay.

        Args:
            text: compiled SQL of a model.
            prefix: of the replay's schemas.
            as_of: RFC 3339.
            run_id: stands in the log.
        """
        return (
            text.replace(_SCHEMA_PREFIX, prefix)
            .replace(_INSTANT, as_of)
            .replace(self.run_id, run_id)
        )


def compile_journey(
    warehouse: Warehouse,
    *,
    project: Path | None = None,
    variables: Variables | None = None,
    models: Sequence[str] = JOURNEY,
) -> CompiledJourney:
    """Have dbt compile the journey; the same question is answered from memory.

    Args:
        warehouse: migrated; dbt reads its catalogue, and writes nothing.
        project: root of the dbt project; by default the working directory.
        variables: dbt vars in place of those in `dbt_project.yml`, without `as_of`.
        models: names; everything upstream of them is compiled too.

    Raises:
        BuildError: when dbt cannot, for example because of the project's own SQL.
    """
    root = (project or Path.cwd()).absolute()
    said = json.dumps(variables or {}, sort_keys=True)
    return _compiled(root, warehouse.url, newest_change(root), said, tuple(models))


@lru_cache(maxsize=8)
def _compiled(
    root: Path, database: str, _change: int, variables: str, models: tuple[str, ...]
) -> CompiledJourney:
    warehouse = Warehouse(database)
    manifest = project_manifest(warehouse, root)
    _keep_only(manifest, models)
    relations = {
        node_id: Relation(f"{node.config.schema}.{node.alias}", node.schema, node.alias)
        for node_id, node in manifest.nodes.items()
    }
    _move_elsewhere(manifest)
    seeds = [node for node in manifest.nodes.values() if isinstance(node, SeedNode)]
    checks = " union all ".join(
        f"select '{seed}' as seed, line, problem from ({{{{ {check} }}}}) as found"  # noqa: S608 - names from the project
        for seed, check in _checks([seed.name for seed in seeds])
    )
    with patch.dict(os.environ, child_environment(warehouse)), TemporaryDirectory() as folder:
        options = [*folders(root), "--target-path", folder, "--log-path", folder, "--vars"]
        ours = {"as_of": _INSTANT, "is_simulation": True}
        options.append(json.dumps({**json.loads(variables), **ours}))
        (wrong_rows,) = _compile(manifest, [*options, "--inline", checks]).values()
        compiled = _compile(manifest, [*options, "--full-refresh"])
        run_id = get_invocation_id()
    nodes = {
        node_id: node for node_id, node in manifest.nodes.items() if isinstance(node, ModelNode)
    }
    upstream = {
        node_id: [parent for parent in node.depends_on_nodes if parent in nodes]
        for node_id, node in nodes.items()
    }
    return CompiledJourney(
        models=tuple(
            _model(nodes[node_id], relations[node_id], compiled[node_id])
            for node_id in TopologicalSorter(upstream).static_order()
        ),
        seeds=tuple(
            CompiledSeed(
                relation=relations[seed.unique_id],
                columns=tuple(seed.config.column_types),
                path=root / seed.original_file_path,
            )
            for seed in seeds
        ),
        wrong_rows=wrong_rows,
        run_id=run_id,
    )


def _checks(seeds: Sequence[str]) -> list[tuple[str, str]]:
    """The macros of macros/reference_checks.sql that find wrong rows, each with its seed."""
    checks = [(seed, f"wrong_{seed}(ref('{seed}'))") for seed in seeds]
    if "cs_managers" in seeds:
        both = "ref('cs_managers'), ref('country_regions')"
        checks.append(("cs_managers", f"wrong_regions_of_cs_managers({both})"))
    return checks


def _keep_only(manifest: Manifest, models: Iterable[str]) -> None:
    """Leave the models of these names, and the models and seeds upstream of them."""
    by_name = {
        node.name: node_id
        for node_id, node in manifest.nodes.items()
        if isinstance(node, ModelNode)
    }
    kept: set[str] = set()
    found = {by_name[name] for name in models}
    while found:
        kept |= found
        found = {
            parent
            for node_id in found
            for parent in manifest.nodes[node_id].depends_on_nodes
            if parent in manifest.nodes
        } - kept
    manifest.nodes = {key: node for key, node in manifest.nodes.items() if key in kept}
    manifest.exposures.clear()
    manifest.unit_tests.clear()


def _move_elsewhere(manifest: Manifest) -> None:
    """Give what a run writes, and each source that names one of these, another schema."""
    written = {(node.schema, node.name) for node in manifest.nodes.values()}
    for source in manifest.sources.values():
        if (source.schema, source.identifier) in written:
            source.schema = _SCHEMA_PREFIX + source.schema
            source.relation_name = None
    for node in manifest.nodes.values():
        node.schema = _SCHEMA_PREFIX + node.schema
        node.relation_name = None
    manifest.build_flat_graph()  # type: ignore[no-untyped-call]  # what macros see of it


def _compile(manifest: Manifest, options: Sequence[str]) -> dict[str, str]:
    """Compiled SQL of each node."""
    arguments = ["--log-level", "none", "--no-write-json", "compile", *options]
    done = dbtRunner(manifest=manifest).invoke(arguments)
    if not isinstance(done.result, RunExecutionResult):
        raise BuildError(sentence(str(done.exception)))
    compiled = {}
    for each in done.result.results:
        if isinstance(each.node, ModelNode | SqlNode):
            if each.node.compiled_code is None:
                raise BuildError(f"{each.node.name}: {sentence(each.message or '')}")
            compiled[each.node.unique_id] = each.node.compiled_code
    return compiled


def _model(node: ModelNode, relation: Relation, compiled: str) -> CompiledModel:
    materialized = node.config.materialized
    key = node.config.unique_key if isinstance(node.config.unique_key, str) else None
    if materialized == "incremental" and node.config.full_refresh is False:
        kind = Kind.REPLACED if key else Kind.STATE
    elif materialized in _KINDS:
        kind = _KINDS[materialized]
    else:
        raise BuildError(
            f"{node.name} is materialized as {materialized}, which a replay cannot run; it knows "
            f"{', '.join(_KINDS)}, and incremental with full_refresh: false."
        )
    columns = node.columns.values() if node.config.contract.enforced else ()
    itself = f'"{_SCHEMA_PREFIX}{relation.schema}"."{relation.table}"'
    return CompiledModel(
        relation=relation,
        kind=kind,
        sql=compiled,
        columns=tuple(column.name for column in columns),
        definitions=tuple(_definition(column) for column in columns),
        reads_itself=itself in compiled,
        key=key,
    )


def _definition(column: ColumnInfo) -> str:
    is_required = any(constraint.type == "not_null" for constraint in column.constraints)
    return f'"{column.name}" {PostgresColumn.translate_type(column.data_type or "text")}' + (
        " not null" if is_required else ""
    )
