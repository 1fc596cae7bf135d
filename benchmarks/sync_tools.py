"""The tools that are compared: how each is set up, run, and taken up again after a failure."""

from __future__ import annotations

import importlib.metadata
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import yaml
from sqlalchemy.engine import make_url

from activation.writers.limits import HUBSPOT
from benchmarks.companies import BEFORE, SYNC, TEXT_ALONE, acknowledge_all
from benchmarks.local_hubspot import UNIQUE_PROPERTY
from benchmarks.programs import Program
from simulators.hubspot import DEFAULT_TOKEN
from warehouse.database import Warehouse


class SyncTool(Protocol):
    """One tool with a database of its own."""

    name: str
    warehouse: Warehouse
    write_path: str
    """Pattern of the paths by which it writes companies."""
    write_method: str
    rows_per_write: int
    batch_size: int
    """Rows after which it notes what became of them."""

    @property
    def version(self) -> str:
        """As its package says."""

    def begin(self, base_url: str, *, is_limited: bool) -> None:
        """Be as after a complete sync of what the model holds now, with this account.

        `is_limited` says whether the account has HubSpot's rate limits; a tool that can be told to
        hurry is told so where it has none.
        """

    def sync(self) -> Program:
        """The command that writes what has changed."""

    def go_on(self) -> Sequence[Program]:
        """What its documentation says to run after a sync that failed in part."""


class Millrace:
    """Millrace as it is in this checkout: its limiter, its batches, its ledger."""

    name = "Millrace"
    write_path = "*/companies/batch/update"
    write_method = "POST"
    rows_per_write = batch_size = SYNC.batch_size

    def __init__(self, folder: Path, warehouse: Warehouse) -> None:
        self.warehouse = warehouse
        self._folder = folder
        self._base_url = ""
        folder.mkdir()

    @property
    def version(self) -> str:
        """As its package says."""
        return importlib.metadata.version("millrace")

    def begin(self, base_url: str, *, is_limited: bool) -> None:  # noqa: ARG002
        """Have a ledger that says so. Its limiter keeps HubSpot's quota in either case."""
        self._base_url = base_url
        acknowledge_all(self.warehouse)

    def sync(self) -> Program:
        """`millrace sync run`, past the guards that ask."""
        return Program(
            [str(Path(sys.executable).with_name("millrace")), "sync", "run", SYNC.name, "--yes"],
            self._folder,
            {
                "MILLRACE_DATABASE_URL": self.warehouse.url,
                "HUBSPOT_ACCESS_TOKEN": DEFAULT_TOKEN,
                "HUBSPOT_BASE_URL": self._base_url,
            },
        )

    def go_on(self) -> Sequence[Program]:
        """The same command: failed rows are tried again with the others."""
        return [self.sync()]


@dataclass(frozen=True, slots=True)
class DrtEnvironment:
    """drt, installed where nothing else is."""

    folder: Path
    requirement: str = "drt-core[postgres]==1.2.1"
    """The newest release at the time of writing."""

    @property
    def program(self) -> Path:
        """Its command."""
        return self.folder / "bin" / "drt"

    def install(self) -> None:
        """Make the virtual environment, unless it is there.

        Raises:
            subprocess.CalledProcessError: when it cannot be installed; pip has said why.
        """
        if self.program.exists():
            return
        subprocess.run([sys.executable, "-m", "venv", str(self.folder)], check=True)
        subprocess.run(
            [str(self.folder / "bin" / "pip"), "install", "--quiet",
             "--disable-pip-version-check", self.requirement],
            check=True,
        )  # fmt: skip

    def version(self) -> str:
        """What is installed."""
        done = subprocess.run(
            [str(self.folder / "bin" / "python"), "-c",
             "import importlib.metadata as m; print(m.version('drt-core'))"],
            check=True, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        return done.stdout.strip()


class Drt:
    """drt, with everything on that it offers for such a sync.

    It finds changes by `changed_at`, updates companies in one request each (`update_only`; else it
    would first try to create them), keeps a ledger of what arrived in the warehouse, and puts rows
    that fail into its queue for `drt retry`. Its address of HubSpot is a constant in its code:
    `sitecustomize.py` sets another one before its command begins.
    """

    name = "drt"
    write_path = "*/objects/companies/*"
    write_method = "PATCH"
    rows_per_write = 1
    batch_size = 100

    def __init__(self, folder: Path, warehouse: Warehouse, installed: DrtEnvironment) -> None:
        self.warehouse = warehouse
        self._installed = installed
        self._project, self._home, self._hook = (
            folder / "project",
            folder / "home",
            folder / "hook",
        )
        for each in (self._project / "syncs", self._home / ".drt", self._hook):
            each.mkdir(parents=True)
        (self._hook / "sitecustomize.py").write_text(_SITECUSTOMIZE)
        self._environment: dict[str, str] = {}

    @property
    def version(self) -> str:
        """As its package says."""
        return self._installed.version()

    def begin(self, base_url: str, *, is_limited: bool) -> None:
        """Have a new project whose watermark is that of the unchanged companies."""
        url = make_url(self.warehouse.url)
        with self.warehouse.connect(autocommit=True) as connection:
            connection.execute("drop schema if exists _drt cascade")
        shutil.rmtree(self._project / ".drt", ignore_errors=True)
        self._write(self._home / ".drt" / "profiles.yml", {
            "default": {
                "type": "postgres", "host": url.host, "port": url.port, "dbname": url.database,
                "user": url.username, "password_env": "DRT_POSTGRES_PASSWORD",
            },
        })  # fmt: skip
        self._write(self._project / "drt_project.yml", {
            "name": "benchmark",
            "profile": "default",
            "state": {
                "backend": "warehouse", "connection_profile": "default", "idempotency": True,
            },
        })  # fmt: skip
        self._write(self._project / "syncs" / "journey.yml", _drt_sync(is_limited=is_limited))
        self._environment = {
            "HOME": str(self._home),
            "PYTHONPATH": str(self._hook),
            "DRT_POSTGRES_PASSWORD": url.password or "",
            "HUBSPOT_TOKEN": DEFAULT_TOKEN,
            "BENCHMARK_HUBSPOT_URL": base_url,
        }

    def sync(self) -> Program:
        """`drt run`."""
        return self._command("run", "--select", "journey")

    def go_on(self) -> Sequence[Program]:
        """`drt run`, which does not try failed rows again, and `drt retry`, which does."""
        return [self.sync(), self._command("retry", "journey")]

    def _command(self, *arguments: str) -> Program:
        return Program([str(self._installed.program), *arguments], self._project, self._environment)

    def _write(self, path: Path, content: object) -> None:
        path.write_text(yaml.safe_dump(content, sort_keys=False))


_SITECUSTOMIZE = """\
import os
from drt.destinations import hubspot
hubspot._HUBSPOT_API = os.environ["BENCHMARK_HUBSPOT_URL"] + "/crm/v3/objects"
hubspot._HUBSPOT_PROPERTIES_API = os.environ["BENCHMARK_HUBSPOT_URL"] + "/crm/v3/properties"
"""


def _drt_sync(*, is_limited: bool) -> dict[str, object]:
    columns = {field.property: field.column for field in SYNC.fields} | {UNIQUE_PROPERTY: SYNC.key}
    values = ",\n".join(f'"{name}": "{{{{ row.{column} }}}}"' for name, column in columns.items())
    return {
        "name": "journey",
        "model": f"table {'.'.join(TEXT_ALONE)}",
        "destination": {
            "type": "hubspot",
            "object_type": "companies",
            "id_property": UNIQUE_PROPERTY,
            "properties_template": "{\n" + values + "\n}",
            "auth": {"type": "bearer", "token_env": "HUBSPOT_TOKEN"},
        },
        "sync": {
            "mode": "incremental",
            "cursor_field": "changed_at",
            "watermark": {"storage": "local", "default_value": BEFORE},
            "match_policy": "update_only",
            "idempotency_key": f"{{{{ row.{SYNC.key} }}}} {{{{ row.changed_at }}}}",
            "batch_size": Drt.batch_size,
            # It sends at most 9 a second to HubSpot, whatever is set; 0 is no limit.
            "rate_limit": {"requests_per_second": 10 if is_limited else 0},
            "retry": {"max_attempts": HUBSPOT.attempts},
            "on_error": "skip",
            "dlq": {"enabled": True},
        },
    }
