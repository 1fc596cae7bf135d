"""A small Spark cluster of this machine's own, to try the Spark target and to test it.

Everything but Java comes from the `pyspark` wheel. One master, workers with an executor each, and
a Spark Connect server as the driver, with a catalogue in Derby: one driver at a time uses a folder.
All listen on 127.0.0.1, on ports that were free, and end with the `with` block.

`python -m lake.cluster` starts one and stops it with Ctrl-C.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import psutil
import typer

_HOST = "127.0.0.1"
_JAVA_OPTIONS = "-XX:TieredStopAtLevel=1 -XX:ReservedCodeCacheSize=256m -XX:+UseSerialGC"
_SECONDS_TO_START = 120
_SECONDS_TO_STOP = 20

SESSION_SETTINGS: Mapping[str, str] = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.decimalOperations.allowPrecisionLoss": "false",
}
"""What the models rely on; `profiles.example.yml` asks for the same from any other cluster."""


class ClusterError(Exception):
    """The cluster cannot be used; the message says what to do."""


@dataclass(frozen=True)
class LocalCluster:
    """A running cluster."""

    remote: str
    """Where Spark Connect listens, as clients want it: `sc://127.0.0.1:PORT`."""
    folder: Path
    """Holds the tables, the catalogue and the logs; they stay when the cluster stops."""
    driver: psutil.Process
    workers: tuple[psutil.Process, ...]

    def executors(self) -> list[psutil.Process]:
        """The processes that work on the tasks; a worker starts another one for one that died."""
        return [
            child
            for worker in self.workers
            for child in worker.children()
            if any("ExecutorBackend" in word for word in _command_line(child))
        ]


@contextmanager
def local_cluster(folder: Path, *, workers: int = 2, memory: str = "1g") -> Iterator[LocalCluster]:
    """Start a cluster and stop it at the end.

    Args:
        folder: where tables, catalogue and logs are, and are found again the next time.
        workers: how many; each has one core.
        memory: of the driver and of each executor, as Java writes it.

    Raises:
        ClusterError: when `pyspark` or Java is missing, or something does not start.
    """
    home = _spark_home()
    folder = folder.absolute()
    logs = folder / "logs"
    logs.mkdir(parents=True, exist_ok=True)
    master_port, connect_port = _free_ports(2)
    master = f"spark://{_HOST}:{master_port}"
    spark_class = str(home / "bin" / "spark-class")
    java_package = "org.apache.spark.deploy"

    with ExitStack() as running:

        def start(name: str, *arguments: str) -> psutil.Process:
            process = _start(home, name, arguments, folder)
            running.callback(_stop, process)
            return process

        listening = ("--host", _HOST, "--webui-port", "0")
        master_process = start(
            "master",
            spark_class,
            f"{java_package}.master.Master",
            *listening,
            "--port",
            str(master_port),
        )
        _await_port(master_port, master_process, logs / "master.log")
        worker_processes = tuple(
            start(
                f"worker-{number}",
                spark_class,
                f"{java_package}.worker.Worker",
                *listening,
                *(
                    "--cores",
                    "1",
                    "--memory",
                    memory,
                    "--work-dir",
                    str(folder / f"worker-{number}"),
                ),
                master,
            )
            for number in range(1, workers + 1)
        )
        driver = start(
            "driver",
            str(home / "bin" / "spark-submit"),
            *("--class", "org.apache.spark.sql.connect.service.SparkConnectServer"),
            *("--master", master, "--driver-memory", memory, "--executor-memory", memory),
            *_settings(folder, connect_port, workers),
            "spark-internal",
        )
        _await_port(connect_port, driver, logs / "driver.log")
        yield LocalCluster(f"sc://{_HOST}:{connect_port}", folder, driver, worker_processes)


def _settings(folder: Path, connect_port: int, workers: int) -> Iterator[str]:
    settings = {
        **SESSION_SETTINGS,
        "spark.connect.grpc.binding.address": _HOST,
        "spark.connect.grpc.binding.port": str(connect_port),
        "spark.driver.host": _HOST,
        "spark.driver.bindAddress": _HOST,
        "spark.ui.enabled": "false",
        "spark.sql.catalogImplementation": "hive",
        "spark.sql.warehouse.dir": (folder / "tables").as_uri(),
        "spark.hadoop.javax.jdo.option.ConnectionURL": (
            f"jdbc:derby:;databaseName={folder / 'catalogue'};create=true"
        ),
        # A session would remember which files a table had when it first read it, though another
        # session has filled it since.
        "spark.sql.filesourceTableRelationCacheSize": "0",
        # What a killed build left of a table is written over, not a reason to refuse for ever.
        "spark.sql.legacy.allowNonEmptyLocationInCTAS": "true",
        "spark.sql.shuffle.partitions": str(workers),
        "spark.sql.adaptive.enabled": "false",  # so few partitions leave nothing to adapt
        # Short lives on few cores: compiling Java code well costs more than it gains. But then Java
        # keeps room for a fifth of the code that it usually does, which one build may fill.
        "spark.driver.extraJavaOptions": _JAVA_OPTIONS,
        "spark.executor.extraJavaOptions": _JAVA_OPTIONS,
        "spark.default.parallelism": str(workers),
    }
    for name, value in settings.items():
        yield from ("--conf", f"{name}={value}")


def _spark_home() -> Path:
    found = find_spec("pyspark")
    if found is None or found.origin is None:
        raise ClusterError("Spark is not installed: run `make setup-spark` and use .venv-spark.")
    if shutil.which("java") is None and "JAVA_HOME" not in os.environ:
        raise ClusterError("Java is not installed: run `sh lake/install-java.sh`.")
    return Path(found.origin).parent


def _free_ports(count: int) -> list[int]:
    with ExitStack() as held:
        probes = [held.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind((_HOST, 0))
        return [probe.getsockname()[1] for probe in probes]


def _start(home: Path, name: str, command: tuple[str, ...], folder: Path) -> psutil.Process:
    environment = {
        **os.environ,
        "SPARK_HOME": str(home),
        "SPARK_LOCAL_IP": _HOST,
        "SPARK_LOG_DIR": str(folder / "logs"),
    }
    environment.pop("SPARK_REMOTE", None)  # the driver is no client of another one
    with (folder / "logs" / f"{name}.log").open("wb") as log:
        started = subprocess.Popen(
            command,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C is for us, who stop them in order
        )
    return psutil.Process(started.pid)


def _await_port(port: int, process: psutil.Process, log: Path) -> None:
    deadline = time.monotonic() + _SECONDS_TO_START
    while time.monotonic() < deadline:
        if not process.is_running() or process.status() == psutil.STATUS_ZOMBIE:
            raise ClusterError(f"Spark's {log.stem} ended before it was ready: see {log}.")
        with socket.socket() as probe:
            if probe.connect_ex((_HOST, port)) == 0:
                return
        time.sleep(0.1)
    raise ClusterError(f"Spark's {log.stem} is not ready after {_SECONDS_TO_START} s: see {log}.")


def _stop(process: psutil.Process) -> None:
    """End a process and what it started; who does not listen is killed."""
    try:
        family = [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return
    for each in family:
        _send(each, signal.SIGTERM)
    _, deaf = psutil.wait_procs(family, timeout=_SECONDS_TO_STOP)
    for each in deaf:
        _send(each, signal.SIGKILL)
    psutil.wait_procs(deaf, timeout=_SECONDS_TO_STOP)


def _send(process: psutil.Process, number: signal.Signals) -> None:
    try:
        process.send_signal(number)
    except psutil.NoSuchProcess:
        return


def _command_line(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.NoSuchProcess:
        return []


def main(
    folder: Annotated[Path, typer.Option(help="Tables, catalogue and logs.")] = Path(
        ".millrace/spark"
    ),
    workers: Annotated[int, typer.Option(help="Workers, with one core each.")] = 2,
) -> None:
    """Start a Spark cluster here until Ctrl-C, e.g. `python -m lake.cluster --workers 4`."""
    for wish_to_stop in (signal.SIGINT, signal.SIGTERM):
        signal.signal(wish_to_stop, signal.default_int_handler)
    try:
        with local_cluster(folder, workers=workers) as cluster:
            typer.echo(
                f"Spark is up. For dbt and lake.raw_tables: export SPARK_REMOTE={cluster.remote}"
            )
            signal.pause()
    except ClusterError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
    except KeyboardInterrupt:
        typer.echo("Spark has stopped.")


if __name__ == "__main__":
    typer.run(main)
