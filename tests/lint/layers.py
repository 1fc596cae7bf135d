"""The layer lint: what the models may read, and what each must have (spec style.md, dbt).

It reads dbt's manifest; no database is needed. Run: `python -m tests.lint.layers`.
"""

from __future__ import annotations

import re
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping, Set
from pathlib import Path

from dbt.contracts.graph.manifest import Manifest
from dbt.contracts.graph.nodes import (
    BaseNode,
    GenericTestNode,
    ModelNode,
    SeedNode,
    SnapshotNode,
    SourceDefinition,
)

from decisions.dbt_build import parse_project
from tests.lint.dialect import Finding
from warehouse.database import SCHEMAS

READS: Mapping[str, frozenset[str]] = {
    "staging": frozenset({"source", "seed", "state"}),
    "intermediate": frozenset({"staging", "intermediate", "marts", "state"}),
    "marts": frozenset({"intermediate", "marts", "state"}),
    "activation": frozenset({"intermediate", "marts"}),
    "snapshot": frozenset({"staging", "intermediate"}),
}
"""Layer -> layers it may read. `state` is what an earlier run left: a source named `..._state`."""

NAMES = {
    "staging": r"models/staging/(?P<part>\w+)/stg_(?P=part)__\w+\.sql",
    "intermediate": r"models/intermediate/(?P<part>\w+)/int_(?P=part)__\w+\.sql",
    "marts": r"models/marts/(?:activation_health/sync_|\w+/(?!stg_|int_|sync_))\w+\.sql",
    "activation": r"models/activation/sync_[a-z][a-z0-9_]*\.sql",
}

_RULE = re.compile(
    r"\bcase\b|\bover\s*\(|\bover\s+\w|dateadd|datediff|whole_days_between", re.IGNORECASE
)
_GRAIN_TESTS = {"unique", "unique_combination_of_columns"}


def lint(manifest: Manifest) -> list[Finding]:
    """Every place where a model breaks a rule of the layers."""
    generic_tests: dict[str, set[str]] = defaultdict(set)
    for node in manifest.nodes.values():
        if isinstance(node, GenericTestNode) and node.attached_node is not None:
            generic_tests[node.attached_node].add(node.test_metadata.name)
    return [
        *(
            finding
            for node in manifest.nodes.values()
            if isinstance(node, ModelNode | SnapshotNode)
            for finding in _findings(node, manifest, generic_tests[node.unique_id])
        ),
        *_unknown_schemas(manifest),
    ]


def _unknown_schemas(manifest: Manifest) -> Iterator[Finding]:
    """Schemas that are read or built, and that no backup holds and no reset removes."""
    places = {source.schema: source.original_file_path for source in manifest.sources.values()}
    for node in manifest.nodes.values():
        if isinstance(node, ModelNode | SeedNode | SnapshotNode) and node.config.schema is not None:
            places[node.config.schema] = node.original_file_path
    for schema, path in places.items():
        if schema not in SCHEMAS:
            yield Finding(path, f"SCHEMAS of warehouse/database.py does not name {schema}")


def _findings(
    node: ModelNode | SnapshotNode, manifest: Manifest, generic_tests: Set[str]
) -> Iterator[Finding]:
    layer = _layer(node)
    path = node.original_file_path

    def finding(problem: str) -> Finding:
        return Finding(path, problem)

    for parent_id in node.depends_on.nodes:
        parent = manifest.sources.get(parent_id) or manifest.nodes[parent_id]
        if _layer(parent) not in READS[layer]:
            yield finding(f"a {layer} model reads {parent.name}, which is {_layer(parent)}")
    if not re.search(r"One row per [^.]+\.$", node.description.strip()):
        yield finding("the description does not end with the grain: One row per ... .")
    for column in node.columns.values():
        if not column.description.strip():
            yield finding(f"column {column.name} is not described")
    if not _GRAIN_TESTS & generic_tests:
        yield finding("no test proves the grain: unique, or unique_combination_of_columns")
    if isinstance(node, SnapshotNode):
        return

    if not re.fullmatch(NAMES[layer], path):
        yield finding(f"the name does not say what it is: {NAMES[layer]}")
    own_yaml = str(Path(path).with_suffix(".yml"))
    if (node.patch_path or "").split("://")[-1] != own_yaml:
        yield finding(f"it is not described in {own_yaml}")
    if layer in {"marts", "activation"} and not node.config.contract.enforced:
        yield finding("its contract is not enforced")
    tested = {test.model for test in manifest.unit_tests.values()}
    if layer != "staging" and _RULE.search(node.raw_code) and node.name not in tested:
        yield finding("it has a CASE, a window or a date boundary, and no unit test")


def _layer(node: BaseNode) -> str:
    match node:
        case SourceDefinition():
            return "state" if node.source_name.endswith("_state") else "source"
        case SeedNode():
            return "seed"
        case SnapshotNode():
            return "snapshot"
        case ModelNode():
            return node.fqn[1]
    return str(node.resource_type)


def main() -> int:
    """Print the findings; 1 when there are any."""
    findings = lint(parse_project(Path.cwd()))
    for finding in findings:
        sys.stdout.write(f"{finding.place}: {finding.problem}\n")
    sys.stdout.write(f"layer lint: {len(findings)} findings\n")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
