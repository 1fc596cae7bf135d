"""The layer lint finds what it is for, and the models keep to it."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path

import pytest
from dbt.contracts.graph.manifest import Manifest
from dbt.contracts.graph.nodes import ModelNode

from decisions.dbt_build import parse_project
from tests.lint.layers import lint

LOG = "model.millrace.company_change_log"
STAGING = "model.millrace.stg_hubspot__companies"
RAW = "source.millrace.raw_hubspot.companies"


@pytest.fixture(scope="module")
def parsed() -> Manifest:
    return parse_project(Path.cwd())


@pytest.fixture
def manifest(parsed: Manifest) -> Manifest:
    return copy.deepcopy(parsed)


def model(manifest: Manifest, unique_id: str = LOG) -> ModelNode:
    node = manifest.nodes[unique_id]
    assert isinstance(node, ModelNode)
    return node


def test_the_models_keep_to_the_layers(manifest: Manifest) -> None:
    assert lint(manifest) == []


@pytest.mark.parametrize(
    ("reader", "read", "problem"),
    [
        (LOG, RAW, "a marts model reads companies, which is source"),
        (LOG, STAGING, "a marts model reads stg_hubspot__companies, which is staging"),
        (STAGING, LOG, "a staging model reads company_change_log, which is marts"),
        (
            LOG,
            "model.millrace.sync_hubspot_company__journey",
            "a marts model reads sync_hubspot_company__journey, which is activation",
        ),
    ],
)
def test_an_edge_against_the_layers_is_found(
    manifest: Manifest, reader: str, read: str, problem: str
) -> None:
    model(manifest, reader).depends_on.nodes.append(read)
    assert [finding.problem for finding in lint(manifest)] == [problem]


def lose_the_grain(node: ModelNode) -> None:
    node.description = "Every change."


def lose_a_description(node: ModelNode) -> None:
    node.columns["rule"].description = " "


def lose_the_contract(node: ModelNode) -> None:
    node.config.contract.enforced = False


def share_a_yaml(node: ModelNode) -> None:
    node.patch_path = "millrace://models/marts/journey/schema.yml"


def lose_its_name(node: ModelNode) -> None:
    node.original_file_path = "models/marts/journey/stg_log.sql"
    node.patch_path = "millrace://models/marts/journey/stg_log.yml"


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lose_the_grain, "the description does not end with the grain"),
        (lose_a_description, "column rule is not described"),
        (lose_the_contract, "its contract is not enforced"),
        (share_a_yaml, "it is not described in models/marts/journey/company_change_log.yml"),
        (lose_its_name, "the name does not say what it is"),
    ],
)
def test_what_a_model_lacks_is_found(
    manifest: Manifest, change: Callable[[ModelNode], None], problem: str
) -> None:
    change(model(manifest))
    (finding,) = lint(manifest)
    assert finding.problem.startswith(problem)


def test_a_grain_that_nothing_proves_is_found(manifest: Manifest) -> None:
    for unique_id, node in list(manifest.nodes.items()):
        if getattr(node, "attached_node", None) == LOG:
            del manifest.nodes[unique_id]
    assert [finding.problem for finding in lint(manifest)] == [
        "no test proves the grain: unique, or unique_combination_of_columns"
    ]


def test_a_rule_without_a_unit_test_is_found(manifest: Manifest) -> None:
    manifest.unit_tests.clear()
    problems = {finding.problem for finding in lint(manifest)}
    assert problems == {"it has a CASE, a window or a date boundary, and no unit test"}


def test_a_schema_that_backups_and_resets_do_not_know_is_found(manifest: Manifest) -> None:
    model(manifest).config.schema = "sales"
    manifest.sources[RAW].schema = "raw_ledger"
    assert {finding.problem for finding in lint(manifest)} == {
        "SCHEMAS of warehouse/database.py does not name sales",
        "SCHEMAS of warehouse/database.py does not name raw_ledger",
    }
