"""Running dlt so that the database alone knows how far a source has come.

dlt usually keeps a working folder, settings files and a copy of its state beside the database.
Here every run begins in an empty folder and takes state and schema from the database, so that a
restored, reset or different database can never disagree with what lies on a disk. dlt reads no
settings but the ones given here, writes no log lines, and reports nothing to its makers.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence

import dlt
from dlt.common.configuration.container import Container
from dlt.common.configuration.providers.provider import ConfigProvider
from dlt.common.configuration.specs import RuntimeConfiguration
from dlt.common.configuration.specs.pluggable_run_context import PluggableRunContext
from dlt.common.runtime.run_context import RunContext
from dlt.extract import DltResource

from warehouse.database import Warehouse
from warehouse.settings import Tool


def run_pipeline(
    warehouse: Warehouse, *, name: str, schema: str, resources: Sequence[DltResource]
) -> str | None:
    """Land resources in a raw schema.

    Args:
        warehouse: migrated.
        name: identifies the state of this source in the database.
        schema: the raw schema; dlt's own tables live there too, and `<schema>_staging` beside it.
        resources: what to read, with its destination tables.

    Returns:
        What the rows of this load have in `_dlt_load_id`; None when there was nothing to land.

    Raises:
        PipelineStepFailed: dlt's own; its cause is what went wrong in the source or the database.
    """
    with tempfile.TemporaryDirectory(prefix="millrace-") as folder:
        context = PluggableRunContext(_OwnRunContext(folder))
        with Container().injectable_context(context):
            context.add_extras()
            pipeline = dlt.pipeline(
                pipeline_name=name,
                pipelines_dir=folder,
                destination=dlt.destinations.postgres(credentials=warehouse.url_for(Tool.LIBPQ)),
                dataset_name=schema,
            )
            try:
                loaded = pipeline.run(list(resources))
            finally:
                pipeline.deactivate()
    return loaded.loads_ids[-1] if loaded.loads_ids else None


class _OwnRunContext(RunContext):
    """dlt's surroundings: an empty folder, no settings from elsewhere, silence."""

    @property
    def data_dir(self) -> str:
        return self.run_dir

    @property
    def global_dir(self) -> str:
        return self.run_dir

    def initial_providers(self) -> list[ConfigProvider]:
        return []

    def initialize_runtime(self, runtime_config: RuntimeConfiguration | None = None) -> None:
        silent = RuntimeConfiguration(dlthub_telemetry=False, log_level="CRITICAL")
        super().initialize_runtime(runtime_config or silent)
