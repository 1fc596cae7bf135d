"""The embedded server: one cluster per home, whatever was left behind."""

from __future__ import annotations

import os
import pwd
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest

from warehouse.database import Warehouse
from warehouse.privileges import PrivilegeError
from warehouse.server import EmbeddedServer, ServerError


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[EmbeddedServer]:
    """A server of this test's own, so that it may be maltreated."""
    server = EmbeddedServer(tmp_path / "home")
    yield server
    server.stop()


def _answer(server: EmbeddedServer) -> object:
    url = server.url("postgres").render_as_string(hide_password=False)
    with Warehouse(url).connect() as connection:
        row = connection.execute("select current_setting('data_directory')").fetchone()
    assert row is not None
    return row[0]


def test_the_first_start_creates_the_cluster_and_later_ones_keep_it(
    own_server: EmbeddedServer,
) -> None:
    first = own_server.start()
    assert first.is_running
    assert _answer(own_server) == str(own_server.data_directory)
    assert own_server.start() == first
    assert own_server.stop()
    assert not own_server.status().is_running
    assert not own_server.stop()
    assert own_server.start().port == first.port


def test_a_pid_file_of_a_dead_server_does_not_count(own_server: EmbeddedServer) -> None:
    own_server.start()
    own_server.stop()
    # A process that lives but is not this server: the one that runs this test.
    (own_server.data_directory / "postmaster.pid").write_text(f"{os.getpid()}\n/elsewhere\n")
    assert not own_server.status().is_running
    own_server.start()
    assert _answer(own_server) == str(own_server.data_directory)


def test_a_taken_port_is_left_to_whoever_has_it(own_server: EmbeddedServer) -> None:
    kept = own_server.start().port
    assert kept is not None
    own_server.stop()
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("127.0.0.1", kept))
        other.listen()
        moved = own_server.start().port
        assert moved != kept
        assert _answer(own_server) == str(own_server.data_directory)


def test_two_homes_share_nothing(own_server: EmbeddedServer, server: EmbeddedServer) -> None:
    own_server.start()
    assert own_server.status().port != server.status().port
    foreign = server.url("postgres").set(port=own_server.status().port)
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(foreign.render_as_string(hide_password=False))


def test_a_private_folder_of_root_is_no_obstacle(own_server: EmbeddedServer) -> None:
    own_server.home.mkdir(mode=0o700)
    own_server.start()
    assert own_server.data_directory.stat().st_mode & 0o077 == 0
    assert _answer(own_server) == str(own_server.data_directory)


def test_a_first_start_that_was_killed_does_not_spoil_the_home(own_server: EmbeddedServer) -> None:
    (own_server.home / "postgres.new").mkdir(parents=True)
    (own_server.home / "postgres.new" / "PG_VERSION").write_text("18\n")
    own_server.start()
    assert _answer(own_server) == str(own_server.data_directory)


def test_two_first_starts_at_once_end_with_one_server(tmp_path: Path) -> None:
    environment = {
        **os.environ,
        "MILLRACE_HOME": str(tmp_path / "home"),
        "MILLRACE_DATABASE_URL": "",
    }
    start = [sys.executable, "-m", "cli.main", "db", "start"]
    both = [subprocess.Popen(start, env=environment, stderr=subprocess.PIPE) for _ in range(2)]
    try:
        assert [(each.wait(), each.stderr.read()) for each in both if each.stderr] == [(0, b"")] * 2
    finally:
        EmbeddedServer(tmp_path / "home").stop()


def test_a_home_that_is_a_file_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "home").touch()
    with pytest.raises(ServerError, match="check MILLRACE_HOME"):
        EmbeddedServer(tmp_path / "home").start()


def test_the_password_is_readable_by_the_owner_alone(own_server: EmbeddedServer) -> None:
    own_server.start()
    assert (own_server.home / "postgres.password").stat().st_mode & 0o077 == 0


def test_a_server_that_was_never_started_has_no_url(tmp_path: Path) -> None:
    with pytest.raises(ServerError, match="millrace db start"):
        EmbeddedServer(tmp_path).url()


def test_a_server_that_cannot_start_says_why(own_server: EmbeddedServer) -> None:
    own_server.start()
    own_server.stop()
    (own_server.data_directory / "postgresql.conf").write_text("no_such_setting = 1\n")
    with pytest.raises(ServerError, match="no_such_setting"):
        own_server.start()


def test_where_namespaces_are_forbidden_root_hands_over_to_nobody_or_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def forbidden() -> None:
        raise OSError

    monkeypatch.setattr("warehouse.privileges._enter_user_namespace", forbidden)
    # Not below pytest's own folder, which nobody but its owner may enter.
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
        Path(folder).chmod(0o755)
        server = EmbeddedServer(Path(folder) / "home")
        try:
            server.start()
        except PrivilegeError as error:
            assert "run Millrace as a normal user" in str(error)  # noqa: PT017 - one of two ways
            return
        assert _answer(server) == str(server.data_directory)
        runs_as = psutil.Process(server.status().pid).uids().real
        assert runs_as == (os.geteuid() or pwd.getpwnam("nobody").pw_uid)
        server.stop()
