"""`millrace demo`: two days of a small invented world, through everything."""

from __future__ import annotations

EXAMPLE = "Example: millrace demo"


def demo() -> None:
    """See the whole river: land, decide, write back, explain. Uses a database of its own."""
    # Imported late: the simulators, dbt and dlt take seconds, which no other command should pay.
    from cli.demo_river import run_demo  # noqa: PLC0415

    run_demo()
