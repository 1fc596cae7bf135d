"""`python -m orchestration.dev`: Dagster on this machine, with the river in it, until Ctrl-C.

Arguments are passed on to `dagster dev`: `python -m orchestration.dev --port 3001`.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from warehouse.database import WarehouseError, open_warehouse
from warehouse.server import ServerError
from warehouse.settings import SettingsError, get_settings

SETTINGS = Path(__file__).with_name("dagster.yaml")


def prepare_home(home: Path) -> Path:
    """Make Dagster's folder in Millrace's: its settings are the project's, its runs stay."""
    folder = home / "dagster"
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(SETTINGS, folder / SETTINGS.name)
    return folder


def main() -> None:
    """Open the warehouse, so that the sensor finds it, and become `dagster dev`."""
    try:
        settings = get_settings()
        open_warehouse(settings)
    except (ServerError, SettingsError, WarehouseError) as error:
        sys.exit(str(error))
    os.environ["DAGSTER_HOME"] = str(prepare_home(settings.home))
    command = ["dagster", "dev", "-m", "orchestration.definitions", "-h", "127.0.0.1"]
    os.execv(sys.executable, [sys.executable, "-m", *command, *sys.argv[1:]])  # noqa: S606


if __name__ == "__main__":
    main()
