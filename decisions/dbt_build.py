"""Running dbt in this process: what `millrace build` and the demo call."""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from unittest.mock import patch

from dbt.artifacts.schemas.results import NodeStatus
from dbt.artifacts.schemas.run import RunExecutionResult, RunResult
from dbt.cli.main import dbtRunner
from dbt.contracts.graph.manifest import Manifest
from dbt.contracts.graph.nodes import GenericTestNode
from dbt_common.events.base_types import EventMsg
from psycopg.rows import dict_row

from warehouse.build_lock import build_lock
from warehouse.database import Warehouse, child_environment
from warehouse.profile import ensure_profile


class BuildError(Exception):
    """dbt could not run at all; the message is dbt's own."""


@dataclass(frozen=True)
class BuildFailure:
    """One model, seed or test that failed, or a test that warned."""

    name: str
    message: str


@dataclass(frozen=True)
class BuildResult:
    """What one `dbt build` did. Counts are of what passed; `seconds` is dbt's own wall time.

    A test that warned is for a person to look at: it is not among those that passed, and fails
    nothing.
    """

    models: int
    seeds: int
    tests: int
    skipped: int
    seconds: float
    failures: list[BuildFailure] = field(default_factory=list)
    warnings: list[BuildFailure] = field(default_factory=list)

    @property
    def is_success(self) -> bool:
        """Whether everything that was to be built was built and no test failed."""
        return not self.failures


def build_models(
    warehouse: Warehouse,
    *,
    project: Path | None = None,
    as_of: str | None = None,
    select: Sequence[str] | None = None,
    full_refresh: bool = False,
    unit_tests: bool = False,
    data_tests: bool = True,
    on_progress: Callable[[int, int | None], None] | None = None,
) -> BuildResult:
    """Run `dbt build`.

    Args:
        warehouse: migrated.
        project: root of the dbt project; by default the working directory.
        as_of: RFC 3339 instant to decide at; by default the start of the run.
        select: dbt selectors; by default everything.
        full_refresh: rebuild what is built incrementally; the change log keeps its rows.
        unit_tests: run dbt's unit tests too. They test the models' code, not the data, so they
            belong to development.
        data_tests: test what was built; without, a wrong model does not stop those after it.
        on_progress: told how many of how many nodes are done.

    Raises:
        BuildError: when dbt could not start, or refused to (for example an `as_of` in the past).
        BuildInProgressError: when another build is at work on this warehouse.
    """
    root = project or Path.cwd()
    arguments = ["--log-level", "none", "--log-level-file", "info", "build", *folders(root)]
    arguments += ["--exclude-resource-type", "exposure"]  # which only says who relies on what
    if as_of is not None:
        arguments += ["--vars", json.dumps({"as_of": as_of})]
    if select:
        arguments += ["--select", *select]
    if not unit_tests:
        arguments += ["--exclude-resource-type", "unit_test"]
    if not data_tests:
        arguments += ["--exclude-resource-type", "test"]
    if full_refresh:
        arguments.append("--full-refresh")

    def watch(event: EventMsg) -> None:
        if (
            on_progress is not None
            and not event.info.name.startswith("LogHook")  # counted by themselves, from 1
            and hasattr(event.data, "total")
            and hasattr(event.data, "index")
        ):
            on_progress(event.data.index, event.data.total)

    with build_lock(warehouse), patch.dict(os.environ, child_environment(warehouse)):
        manifest = project_manifest(warehouse, root)
        done = dbtRunner(manifest=manifest, callbacks=[watch]).invoke(arguments)
    if not isinstance(done.result, RunExecutionResult):
        raise BuildError(sentence(str(done.exception)))

    if not done.result.results:
        raise BuildError(
            f"Nothing is called {' '.join(select or ['so'])}: there was nothing to build."
        )

    passed: Counter[str] = Counter()
    skipped, failures, warnings = 0, [], []
    for result in done.result.results:
        status = NodeStatus(result.status)
        if status in {NodeStatus.Success, NodeStatus.Pass}:
            passed[result.node.resource_type] += 1
        elif status is NodeStatus.Warn:
            message = _finding(warehouse, result) or sentence(result.message or "")
            warnings.append(BuildFailure(result.node.name, message))
        elif status is NodeStatus.Skipped:
            skipped += 1
        else:
            failures.append(BuildFailure(result.node.name, sentence(result.message or "")))
    return BuildResult(
        models=passed["model"] + passed["snapshot"],
        seeds=passed["seed"],
        tests=passed["test"] + passed["unit_test"],
        skipped=skipped,
        seconds=done.result.elapsed_time,
        failures=failures,
        warnings=warnings,
    )


def _finding(warehouse: Warehouse, warned: RunResult) -> str | None:
    """What a test that warned has found, in the words of its rows; None where they have none.

    Rows speak in columns named finding and advice (macros/generic_tests/threshold_holds.sql); those
    of other tests may hold anything and are not told.
    """
    if not isinstance(warned.node, GenericTestNode) or not warned.node.compiled_code:
        return None
    with warehouse.connect() as connection, connection.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(warned.node.compiled_code.encode()).fetchall()
    told = [f"{row['finding']}. {row['advice']}" for row in rows if {"finding", "advice"} <= {*row}]
    return " ".join(told) or None


def parse_project(root: Path) -> Manifest:
    """dbt's manifest of the project, for the database that the environment names.

    Raises:
        BuildError: when dbt cannot parse it.
    """
    ensure_profile(root)
    done = dbtRunner().invoke(["--log-level", "none", "parse", *folders(root)])
    if isinstance(done.result, Manifest):
        return done.result
    raise BuildError(sentence(str(done.exception)))


def project_manifest(warehouse: Warehouse, root: Path) -> Manifest:
    """dbt's manifest of the project for this warehouse: a copy, which the caller may change.

    It is parsed anew only when a file of the project has changed since.

    Raises:
        BuildError: when dbt cannot parse it.
    """
    with patch.dict(os.environ, child_environment(warehouse)):
        parsed = _manifest(root, warehouse.url, newest_change(root))
    copy: Manifest = parsed.deepcopy()  # type: ignore[no-untyped-call]  # dbt's own
    return copy


@lru_cache(maxsize=8)
def _manifest(root: Path, _database: str, _change: int) -> Manifest:
    """The manifest as of the newest change; another `as_of` alone would make dbt parse all anew."""
    return parse_project(root)


def newest_change(root: Path) -> int:
    """When a file of the project was last written, in nanoseconds."""
    watched = ("models", "macros", "functions", "seeds", "snapshots", "tests/assertions")
    files = (path for folder in watched for path in (root / folder).rglob("*"))
    return max(path.stat().st_mtime_ns for path in (root / "dbt_project.yml", *files))


def folders(root: Path) -> list[str]:
    """The options that tell dbt where the project and its profile are."""
    return ["--project-dir", str(root), "--profiles-dir", str(root)]


def sentence(message: str) -> str:
    """dbt's message without its frame: the heading, where the macro was called, compiled code."""
    lines = [line.strip() for line in message.splitlines() if line.strip()]
    kept = [
        line
        for line in lines
        if not re.match(
            r"(Runtime|Compilation|Database) Error|> in macro|> called by"
            r"|compiled code at|in \w+ \w+ \(",
            line,
        )
    ]
    return " ".join(kept or lines)
