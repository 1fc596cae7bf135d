"""Under which account the embedded server runs: PostgreSQL refuses to run as root.

A normal user simply runs it. Root has two ways, tried in this order:

1. A user namespace of its own: seen from inside, the server is `nobody`; seen from outside, its
   files stay root's, so the checkout may lie anywhere, `/root` and private temporary folders too.
2. Where the kernel or a container forbids that: the real account `nobody`, which then must be able
   to enter the folders of the server's programs and of the cluster.

A cluster that belongs to another account already is run under that account.
"""

from __future__ import annotations

import ctypes
import os
import pwd
from collections.abc import Callable
from pathlib import Path

_CLONE_NEWUSER = 0x10000000


class PrivilegeError(Exception):
    """No account can run the server from here; the message says what to do."""


def unprivileged(programs: Path, cluster: Path) -> Callable[[], None] | None:
    """What a child process has to do before it may run a PostgreSQL program on `cluster`.

    Args:
        programs: folder of PostgreSQL's programs.
        cluster: data directory; need not exist yet.

    Returns:
        A function for `subprocess`'s `preexec_fn`, or None when there is nothing to do.

    Raises:
        PrivilegeError: when root can neither open a user namespace nor hand over to `nobody`.
    """
    if os.geteuid() != 0:
        return None
    if cluster.exists() and cluster.stat().st_uid != 0:
        return _become(cluster.stat().st_uid, cluster.stat().st_gid)
    if _succeeds_in_child(_enter_user_namespace):
        return _enter_user_namespace

    nobody = pwd.getpwnam("nobody")
    become = _become(nobody.pw_uid, nobody.pw_gid)
    cluster.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not _succeeds_in_child(lambda: (become(), programs.stat(), cluster.stat())):
        raise PrivilegeError(
            "PostgreSQL does not run as root, and the account nobody may not enter "
            f"{programs} or {cluster.parent}: run Millrace as a normal user, move the checkout "
            "to a folder that others may enter, or set MILLRACE_DATABASE_URL to a server."
        )
    for path in (cluster, *cluster.rglob("*")):
        os.chown(path, nobody.pw_uid, nobody.pw_gid)
    return become


def _become(uid: int, gid: int) -> Callable[[], None]:
    def become() -> None:
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)

    return become


def _enter_user_namespace() -> None:
    nobody = pwd.getpwnam("nobody")
    uid, gid = os.geteuid(), os.getegid()
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(_CLONE_NEWUSER) != 0:
        raise OSError(ctypes.get_errno(), "user namespaces are not available")
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{nobody.pw_uid} {uid} 1")
    Path("/proc/self/gid_map").write_text(f"{nobody.pw_gid} {gid} 1")


def _succeeds_in_child(action: Callable[[], object]) -> bool:
    pid = os.fork()
    if pid == 0:
        try:
            action()
        except BaseException:  # a forked child must never return into the caller's stack
            os._exit(1)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
