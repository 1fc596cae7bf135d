"""Running PostgreSQL's client programs on a warehouse, with the password out of sight."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field

from psycopg.conninfo import conninfo_to_dict, make_conninfo

from warehouse.database import Warehouse
from warehouse.server import programs_folder


@dataclass(frozen=True, slots=True)
class Target:
    """A database as `pg_dump`, `psql` and the like are told of it."""

    conninfo: str
    """For the command line, where every user of the machine can read it: no password."""
    environment: Mapping[str, str] = field(repr=False)
    """This process's environment, with the password."""


def target_of(warehouse: Warehouse) -> Target:
    """The warehouse, for the programs of `programs_folder`."""
    parts = conninfo_to_dict(warehouse.url)
    password = parts.pop("password", None)
    environment = {**os.environ, "PGTZ": "UTC"}
    if password is not None:
        environment["PGPASSWORD"] = str(password)
    return Target(make_conninfo("", **parts), environment)


def newest_server() -> int:
    """The newest major version of PostgreSQL that `pg_dump` can read."""
    said = subprocess.run(
        [str(programs_folder() / "pg_dump"), "--version"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    found = re.search(r"\d+", said)
    if found is None:
        raise ValueError(f"pg_dump --version said {said!r}")
    return int(found[0])
