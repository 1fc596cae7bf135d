"""The project's models deciding a small world as a user has them do it: by `dbt build`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import yaml

from decisions.dbt_build import build_models
from tests.journey.inputs import Rules
from tests.journey.landing import land_step, write_managers
from tests.journey.reading import read_tables
from tests.journey.tables import Tables
from tests.journey.worlds import Step
from warehouse.database import Warehouse


@dataclass(frozen=True)
class BuiltJourney:
    """A warehouse, and a copy of the project in which a run may have vars and people of its own."""

    warehouse: Warehouse
    project: Path

    def run(self, step: Step) -> Tables:
        """Land what is new, and build."""
        with self.warehouse.connect() as connection:
            land_step(connection, step)
        self.use(step)
        return self.build(step)

    def use(self, step: Step) -> None:
        """Let the project have the managers and the vars of a step."""
        write_managers(self.project / "seeds" / "reference" / "cs_managers.csv", step.managers)
        self._use_rules(step.rules)

    def build(self, step: Step, *, full_refresh: bool = False) -> Tables:
        """Build as of a step, with whatever the warehouse and the project hold.

        Raises:
            BuildError: when the build is refused.
        """
        result = build_models(
            self.warehouse,
            project=self.project,
            as_of=step.as_of.isoformat(),
            select=MARTS,
            full_refresh=full_refresh,
            data_tests=False,
        )
        assert result.failures == []
        return self.tables()

    def tables(self) -> Tables:
        """What the journey's tables hold."""
        with self.warehouse.connect() as connection:
            return read_tables(connection)

    def _use_rules(self, rules: Rules) -> None:
        path = self.project / "dbt_project.yml"
        project = yaml.safe_load(path.read_text())
        if project["vars"] != (changed := {**project["vars"], **rules.as_vars()}):
            path.write_text(yaml.safe_dump({**project, "vars": changed}))


MARTS = [
    f"+{name}"
    for name in (
        "company_journey",
        "company_journey_changes",
        "skipped_companies",
        "review_queue",
        "cs_manager_load",
        "cs_bucket_load",
    )
]


def copy_of_project(folder: Path) -> Path:
    """The project at hand, with reference files and vars of its own that a test may change."""
    project = folder / "project"
    reference = project / "seeds" / "reference"
    reference.mkdir(parents=True)
    for name in ("models", "macros", "tests", "snapshots", "profiles.example.yml"):
        (project / name).symlink_to(Path.cwd() / name)
    (project / "dbt_project.yml").write_text(Path("dbt_project.yml").read_text())
    for each in Path("seeds/reference").iterdir():
        (reference / each.name).write_text(each.read_text())
    return project
