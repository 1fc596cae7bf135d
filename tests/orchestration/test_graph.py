"""The graph: everything is in it by itself, under one name, connected from raw to sync."""

from __future__ import annotations

import dagster as dg
import pytest

from activation import load_declarations
from orchestration.dbt_project import current_manifest
from tests.orchestration.conftest import River


@pytest.fixture
def graph(river: River) -> dg.AssetGraph:
    return river.definitions.resolve_asset_graph()


def test_the_graph_is_one_from_raw_to_sync(graph: dg.AssetGraph) -> None:
    before = ancestors(graph, "sync/hubspot_company__journey")
    assert {
        "raw_events/events",
        "raw_events/conflicting_duplicates",
        "staging/stg_events__company_created",
        "reference/cs_managers",
        "core/companies",
        "journey/company_journey",
        "activation/sync_hubspot_company__journey",
    } <= before
    assert "raw_hubspot/companies" in ancestors(graph, "staging/stg_hubspot__companies")


def test_whatever_dbt_reads_is_landed_by_an_asset(graph: dg.AssetGraph) -> None:
    assert {key.to_user_string() for key in graph.external_asset_keys} == set()


def test_every_landing_table_is_an_asset(graph: dg.AssetGraph, river: River) -> None:
    with river.warehouse.connect() as connection:
        tables = connection.execute(
            "select schemaname || '/' || tablename from pg_tables "
            "where schemaname like 'raw\\_%' "
            "and tablename not in ('read_until', 'tokens_spent')"  # nothing lands there
        ).fetchall()
    assert {name for (name,) in tables} <= names(graph)


def test_every_model_seed_and_sync_is_an_asset(graph: dg.AssetGraph) -> None:
    nodes = current_manifest()["nodes"].values()
    built = {node["name"] for node in nodes if node["resource_type"] in {"model", "seed"}}
    assert built <= {name.split("/")[-1] for name in names(graph)}
    assert {f"sync/{name}" for name in load_declarations()} <= names(graph)


def test_every_data_test_is_a_check_and_its_failure_stops_what_follows(
    graph: dg.AssetGraph,
) -> None:
    nodes = current_manifest()["nodes"].values()
    tests = [node for node in nodes if node["resource_type"] == "test"]
    checks = {
        key.name: graph.get_check_spec(key)
        for key in graph.asset_check_keys
        if not key.asset_key.path[0].startswith("raw_")
    }
    assert checks.keys() == {test["name"] for test in tests}
    for test in tests:
        is_error = test["config"]["severity"].lower() == "error"
        assert checks[test["name"]].blocking is is_error


def test_alerts_do_not_wait_for_other_syncs_to_end_well(graph: dg.AssetGraph) -> None:
    for name in ("sync/slack_alerts", "sync/email_alerts"):
        assert "journey/review_queue" in ancestors(graph, name)
        assert not any(each.startswith("sync/") for each in ancestors(graph, name))


def test_the_journey_leaves_hubspot_s_records_and_other_syncs_alone(river: River) -> None:
    job = river.definitions.resolve_job_def("journey")
    selected = {key.to_user_string() for key in job.asset_layer.selected_asset_keys}
    assert {"raw_events/events", "journey/skipped_companies"} <= selected
    assert {name for name in selected if name.startswith("sync/")} == {
        "sync/hubspot_company__journey"
    }
    assert not any(name.startswith("raw_hubspot/") for name in selected)


def test_the_ingestion_lands_every_raw_table_and_does_no_more(
    graph: dg.AssetGraph, river: River
) -> None:
    job = river.definitions.resolve_job_def("ingestion")
    selected = {key.to_user_string() for key in job.asset_layer.selected_asset_keys}
    assert {"raw_events/events", "raw_hubspot/companies"} <= selected
    assert selected == {name for name in names(graph) if name.startswith("raw_")}


def names(graph: dg.AssetGraph) -> set[str]:
    return {key.to_user_string() for key in graph.get_all_asset_keys()}


def ancestors(graph: dg.AssetGraph, name: str) -> set[str]:
    """Everything upstream of an asset."""
    found: set[str] = set()
    waiting = {name}
    while waiting:
        parents = graph.get(dg.AssetKey.from_user_string(waiting.pop())).parent_keys
        new = {key.to_user_string() for key in parents} - found
        found |= new
        waiting |= new
    return found
