"""A build that is killed: `python -m tests.dbt.killed_build AS_OF NODE NUMBER`.

The process ends itself, as `kill -9` would, before the NUMBER-th statement of NODE is sent. It runs
plain dbt on the warehouse of `MILLRACE_DATABASE_URL`. Exit code 0: NODE has fewer statements.
"""

from __future__ import annotations

import json
import os
import signal
import sys

from dbt.cli.main import dbtRunner
from dbt_common.events.base_types import EventMsg


def main(as_of: str, node: str, number: int) -> None:
    """Build the journey as of `as_of` until the `number`-th statement of `node`."""
    seen = 0

    def watch(event: EventMsg) -> None:
        nonlocal seen
        if event.info.name in {"SQLQuery", "SQLCommit"} and event.data.node_info.node_name == node:
            seen += 1
            if seen == number:
                os.kill(os.getpid(), signal.SIGKILL)

    done = dbtRunner(callbacks=[watch]).invoke(
        [
            "--log-level", "none", "run", "--vars", json.dumps({"as_of": as_of}),
            "--select", "+company_journey_changes", "+company_journey", "+review_queue",
            "skipped_companies",
            "--project-dir", ".", "--profiles-dir", ".",
        ]
    )  # fmt: skip
    sys.exit(0 if done.success else 1)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
