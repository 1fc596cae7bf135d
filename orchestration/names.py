"""How things are called in Dagster: the one translator of names.

A table is called as in the database, `schema/table`, whoever fills it. So what dlt lands is what
dbt reads, and the graph is one. A sync is `sync/<name>`, as in `millrace sync run <name>`. The
group is the first part of the name.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator

from activation.declaration import Declaration


def table_key(schema: str, table: str) -> dg.AssetKey:
    """The asset of a table or view."""
    return dg.AssetKey([schema, table])


def sync_key(declaration: Declaration) -> dg.AssetKey:
    """The asset of a sync: that the destination holds what was decided."""
    return dg.AssetKey(["sync", declaration.name])


def group_of(key: dg.AssetKey) -> str:
    """The group in which Dagster shows an asset."""
    return key.path[0]


def landed_by_dlt(schema: str, table: str) -> dg.AssetSpec:
    """The asset of a raw table that dlt fills; nothing in Dagster comes before it."""
    key = table_key(schema, table)
    return dg.AssetSpec(key=key, group_name=group_of(key), kinds={"dlt", "postgres"})


class DbtNames(DagsterDbtTranslator):
    """Names for what dbt's manifest holds; the schema is production's, whatever the target is."""

    def get_asset_key(self, dbt_resource_props: Mapping[str, Any]) -> dg.AssetKey:
        """The key of a model, seed, snapshot or source."""
        if dbt_resource_props["resource_type"] == "source":
            schema = dbt_resource_props["source_name"]
        else:
            schema = dbt_resource_props["config"]["schema"]
        return table_key(schema, dbt_resource_props["name"])

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str:
        """The group of a model, seed, snapshot or source."""
        return group_of(self.get_asset_key(dbt_resource_props))
