"""Running dlt so that the database alone knows how far a source has come.

dlt usually keeps a working folder, settings files and a copy of its state beside the database.
Here every run begins in an empty folder and in an empty schema, the workbench; the source's own
landing moves the rows on from there, in one transaction with everything else that the load
changes. So a load that dies leaves the raw tables as they were, and a restored, reset or different
database can never disagree with what lies on a disk. dlt reads no settings but the ones given here,
writes no log lines, and reports nothing to its makers.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Sequence

import dlt
from dlt.common.configuration.container import Container
from dlt.common.configuration.providers.provider import ConfigProvider
from dlt.common.configuration.specs import RuntimeConfiguration
from dlt.common.configuration.specs.pluggable_run_context import PluggableRunContext
from dlt.common.runtime.run_context import RunContext
from dlt.extract import DltResource

from warehouse.database import Warehouse
from warehouse.settings import Tool


def fill_workbench(
    warehouse: Warehouse, *, name: str, schema: str, steps: Iterable[Sequence[DltResource]]
) -> None:
    """Read resources into the tables of a workbench.

    Args:
        warehouse: migrated.
        name: of the source.
        schema: the workbench; it holds nothing but empty tables, and dlt's own come beside them.
        steps: resources that are read together, step after step: a step is only asked for when
            those before it have been read to their end, so that it may depend on what they gave.

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
                for resources in steps:
                    if resources:
                        pipeline.extract(list(resources))
                pipeline.normalize()
                pipeline.load()
            finally:
                pipeline.deactivate()


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
