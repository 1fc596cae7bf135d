"""dbt in a process of its own, and what its `run_results.json` says of the models."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from warehouse.database import Warehouse, child_environment


@dataclass(frozen=True, slots=True)
class DbtRun:
    """One `dbt build` without tests."""

    model_seconds: Mapping[str, float]
    """By model: dbt's `execution_time`, hooks and commit included."""
    wall_seconds: float
    """From the start of the process to its end."""

    @property
    def seconds(self) -> float:
        """Of all models together."""
        return sum(self.model_seconds.values())

    @property
    def other_seconds(self) -> float:
        """dbt's start-up, parsing, seeds, and what it does between models."""
        return self.wall_seconds - self.seconds

    def seconds_of(self, models: Sequence[str]) -> float:
        """Of these models together."""
        return sum(self.model_seconds[model] for model in models)


def run_dbt(
    warehouse: Warehouse, project: Path, select: Sequence[str], *, as_of: datetime
) -> DbtRun:
    """Build these models at `as_of`, one at a time, so that no model waits for another's work.

    Raises:
        AssertionError: when something was not built; the message is dbt's output.
    """
    target = project / "target"
    command = [
        str(Path(sys.executable).with_name("dbt")),
        "build",
        "--threads=1",
        "--exclude-resource-type=test",
        "--exclude-resource-type=unit_test",
        "--exclude-resource-type=exposure",
        f"--project-dir={project}",
        f"--profiles-dir={project}",
        f"--target-path={target}",
        f"--log-path={project / 'logs'}",
        "--vars",
        json.dumps({"as_of": as_of.isoformat()}),
        "--select",
        *select,
    ]
    began = time.perf_counter()
    done = subprocess.run(
        command,
        env={**os.environ, **child_environment(warehouse)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    seconds = time.perf_counter() - began
    if done.returncode != 0:
        raise AssertionError(done.stdout)
    results = json.loads((target / "run_results.json").read_text())["results"]
    return DbtRun(
        {
            each["unique_id"].removeprefix("model.millrace."): each["execution_time"]
            for each in results
            if each["unique_id"].startswith("model.")
        },
        seconds,
    )
