"""What the assets are given to work with."""

from __future__ import annotations

import dagster as dg

from warehouse.database import Warehouse, locate_warehouse, open_warehouse


class WarehouseResource(dg.ConfigurableResource):  # type: ignore[type-arg]  # yields itself
    """The warehouse that the settings name; it has no configuration that could be recorded."""

    def open(self) -> Warehouse:
        """The warehouse, started and migrated (see `open_warehouse` for the errors)."""
        return open_warehouse()

    def locate(self) -> Warehouse:
        """The warehouse as it is; nothing is started (see `locate_warehouse` for the errors)."""
        return locate_warehouse()
