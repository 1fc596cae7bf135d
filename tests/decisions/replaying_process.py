"""A replay that is killed: `python -m tests.decisions.replaying_process AS_OF`.

The process ends itself, as `kill -9` would, after a run whose rows it alone can see.
It uses the warehouse of `MILLRACE_DATABASE_URL`.
"""

from __future__ import annotations

import os
import signal
import sys
from datetime import datetime

from decisions.replay import open_replay
from warehouse.database import locate_warehouse

if __name__ == "__main__":
    with open_replay(locate_warehouse()) as replay:
        replay.run(datetime.fromisoformat(sys.argv[1]))
        assert replay.rows("journey.company_journey")
        os.kill(os.getpid(), signal.SIGKILL)
