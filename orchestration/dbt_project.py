"""The dbt project as Dagster sees it: its manifest, and how dbt is called.

dagster-dbt prepares a manifest by itself in `dagster dev` alone (`DbtProject.prepare_if_dev`), with
whatever `dbt` is on the PATH. Here the manifest is made whenever it is missing or older than the
project, so that the definitions load the same way everywhere. Parsing asks no database.
"""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import sysconfig
from collections.abc import Iterator, Mapping
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Any

import yaml
from dagster_dbt import DbtCliResource
from packaging.version import Version

from warehouse.profile import ensure_profile

DBT = Path(sysconfig.get_path("scripts")) / "dbt"
"""The dbt of this environment, which need not be activated."""


class ManifestError(Exception):
    """dbt cannot read the project; the message is dbt's own."""


class _Dbt(DbtCliResource):
    @cached_property
    def _cli_version(self) -> Version:
        # `dbt --version` takes seconds and asks the network what the latest version is.
        return Version(version("dbt-core"))


def dbt_resource(project: Path | None = None) -> DbtCliResource:
    """How the assets call dbt.

    Args:
        project: root of the dbt project; by default the working directory.
    """
    return _Dbt(project_dir=str(project or Path.cwd()), dbt_executable=str(DBT))


def target_folder(project: Path | None = None) -> Path:
    """Where dbt writes what it makes of the project."""
    return (project or Path.cwd()) / os.environ.get("DBT_TARGET_PATH", "target")


def current_manifest(project: Path | None = None) -> dict[str, Any]:
    """dbt's manifest of the project as it is now, made fit for Dagster.

    Every test is attached to a model, and no model reads what it writes itself.

    Args:
        project: root of the dbt project; by default the working directory.

    Raises:
        ManifestError: when dbt cannot parse the project.
    """
    root = project or Path.cwd()
    path = target_folder(root) / "manifest.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.with_name("manifest.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # processes that load at once parse once
        changed_at = max(each.stat().st_mtime_ns for each in _project_files(root))
        if not path.exists() or path.stat().st_mtime_ns < changed_at:
            _parse(root)
            os.utime(path, ns=(changed_at, changed_at))  # what changed meanwhile is newer
        manifest: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    _cut_loops(manifest)
    _attach_tests_of_several_models(manifest)
    return manifest


def _project_files(root: Path) -> Iterator[Path]:
    """What dbt parses; folders too, since they change when a file goes."""
    configuration = root / "dbt_project.yml"
    yield configuration
    settings = yaml.safe_load(configuration.read_text(encoding="utf-8"))
    for key, folders in settings.items():
        if key.endswith("-paths"):
            for folder in folders:
                yield from (root / folder).rglob("*")
                yield root / folder


def _parse(root: Path) -> None:
    ensure_profile(root)
    done = subprocess.run(
        [str(DBT), "--quiet", "--no-use-colors", "parse",
         "--project-dir", str(root), "--profiles-dir", str(root)],
        capture_output=True,
        text=True,
        check=False,
        cwd=root,
    )  # fmt: skip
    if done.returncode != 0:
        raise ManifestError(
            f"dbt cannot parse the project in {root}: {(done.stdout + done.stderr).strip()}"
        )


def _cut_loops(manifest: dict[str, Any]) -> None:
    """Leave out sources named `..._state`: what an earlier run left, of dbt or of a sync.

    Dagster, which knows tables by name, would see a model or a sync that comes before itself.
    """
    state = {
        source_id
        for source_id, source in manifest["sources"].items()
        if source["source_name"].endswith("_state")
    }
    for node in manifest["nodes"].values():
        parents = node["depends_on"].get("nodes", [])
        node["depends_on"]["nodes"] = [parent for parent in parents if parent not in state]


def _attach_tests_of_several_models(manifest: dict[str, Any]) -> None:
    """Make singular tests of several models checks of the last of these.

    dagster-dbt would only log the result of such a test, unless its SQL names a model for Dagster;
    the assertions need not know of it.
    """
    for node in manifest["nodes"].values():
        parents = sorted(set(node["depends_on"].get("nodes", [])))
        if node["resource_type"] != "test" or node.get("attached_node") or len(parents) < 2:
            continue
        earlier = {
            each for parent in parents for each in _ancestors(parent, manifest["parent_map"])
        }
        last = next(parent for parent in parents if parent not in earlier)
        node["config"]["meta"] = {
            **node["config"].get("meta", {}),
            "dagster": {"ref": {"name": last.split(".")[2]}},
        }


def _ancestors(node: str, parents: Mapping[str, list[str]]) -> set[str]:
    found: set[str] = set()
    waiting = [node]
    while waiting:
        new = set(parents.get(waiting.pop(), [])) - found
        found |= new
        waiting += new
    return found
