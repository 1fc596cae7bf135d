"""One dbt project built by two engines, and what each of them then holds."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

Row = tuple[object, ...]
Fetch = Callable[[str], tuple[list[str], list[Row]]]
"""Carries out a query: the names of its columns, and its rows."""

_SELECT = (
    "path:seeds",
    *(
        f"path:models/staging/{part}"
        for part in ("events", "hubspot", "pipedrive", "yobi", "reference")
    ),
    *(
        f"path:models/{layer}/{part}"
        for layer in ("intermediate", "marts")
        for part in ("core", "journey")
    ),
)


@dataclass
class Engine:
    """A target of the project: dbt builds there, and `fetch` reads what it built."""

    target: str
    environment: Mapping[str, str]
    folder: Path
    fetch: Fetch
    assigns_sales_managers: bool = False
    runs: list[str] = field(default_factory=list)
    """Ids of the runs so far, in order."""

    def start_build(self, as_of: datetime, *, data_tests: bool = False) -> subprocess.Popen[str]:
        """`dbt build` at `as_of`, as a process of its own."""
        dbt = Path(sys.executable).with_name("dbt")
        command = [str(dbt), "build", "--target", self.target, "--profiles-dir", str(self.folder)]
        variables = {
            "as_of": as_of.isoformat(),
            "assign_sales_managers": self.assigns_sales_managers,
        }
        command += ["--vars", json.dumps(variables)]
        command += ["--exclude-resource-type", "unit_test", "--select", *_SELECT]
        if not data_tests:
            command += ["--exclude-resource-type", "test"]
        places = {
            "DBT_TARGET_PATH": str(self.folder / "target"),
            "DBT_LOG_PATH": str(self.folder / "logs"),
        }
        return subprocess.Popen(
            command,
            env={**os.environ, **self.environment, **places},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def await_start_of(self, model: str, process: subprocess.Popen[str]) -> None:
        """Wait until a build that has just been started comes to a model."""
        log = self.folder / "logs" / "dbt.log"
        began = re.compile(rf"START sql \w+ model \S*\.{model} ")
        builds = len(self.runs)
        while process.poll() is None:
            if log.exists() and len(began.findall(log.read_text())) > builds:
                return
            time.sleep(0.2)
        raise AssertionError(f"the build ended before it came to {model}")

    def finish_build(self, process: subprocess.Popen[str]) -> None:
        """Wait for a build, which must have succeeded."""
        told, _ = process.communicate()
        assert process.returncode == 0, told[-8_000:]
        results = json.loads((self.folder / "target" / "run_results.json").read_text())
        self.runs.append(results["metadata"]["invocation_id"])

    def build(self, as_of: datetime, *, data_tests: bool = False) -> None:
        """Build at `as_of`."""
        self.finish_build(self.start_build(as_of, data_tests=data_tests))

    def relations(self, *layers: str) -> list[str]:
        """What the last build made of these layers' models (`marts`, ...), as SQL names it."""
        manifest = json.loads((self.folder / "target" / "manifest.json").read_text())
        results = json.loads((self.folder / "target" / "run_results.json").read_text())
        built = [manifest["nodes"].get(result["unique_id"], {}) for result in results["results"]]
        return sorted(
            f"{node['schema']}.{node['alias']}"
            for node in built
            if node.get("resource_type") == "model" and node["fqn"][1] in layers
        )

    def rows(self, relation: str, columns: Sequence[str] | None = None) -> Counter[Row]:
        """The rows of a relation, each with how often it is there, in a form common to both.

        Instants are in UTC, decimals are compared by value, and a run is known by its number. Of a
        fingerprint only the number of rows in it is common: its hashes are each engine's own.
        """
        chosen = "*" if columns is None else ", ".join(columns)
        names, rows = self.fetch(f"select {chosen} from {relation}")  # noqa: S608
        numbers = {run: f"run {number}" for number, run in enumerate(self.runs, start=1)}
        return Counter(
            tuple(
                _rows_in(value) if name.endswith("_fingerprint") else _plain(value, numbers)
                for name, value in zip(names, row, strict=True)
            )
            for row in rows
        )

    def columns(self, relation: str) -> list[str]:
        """The names of a relation's columns, in order."""
        names, _ = self.fetch(f"select * from {relation} where 1 = 0")  # noqa: S608
        return names


def differences(expected: Counter[Row], found: Counter[Row]) -> list[str]:
    """What one has and the other lacks, a few rows of each, for people to read."""
    missing, surplus = expected - found, found - expected
    return [
        *(f"- {row}" for row in sorted(missing, key=repr)[:5]),
        *(f"+ {row}" for row in sorted(surplus, key=repr)[:5]),
    ]


def _rows_in(fingerprint: object) -> int | None:
    return None if fingerprint is None else int(str(fingerprint).partition(" ")[0])


def _plain(value: object, runs: Mapping[str, str]) -> object:
    match value:
        case datetime():
            return value.astimezone(UTC)
        case str() if value.startswith(("{", "[")):
            # Spark keeps JSON as text, PostgreSQL what it says: spaces and order tell nothing.
            with suppress(ValueError):
                return _canonical(json.loads(value))
            return value
        case str():
            return runs.get(value, value)
        case dict() | list():
            return _canonical(value)
        case _:
            return value


def _canonical(value: Any) -> str:
    return json.dumps(value, sort_keys=True, default=str)
