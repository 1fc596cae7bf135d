"""Independent sources of chance, so that one part of the world can grow without moving another."""

from __future__ import annotations

from random import Random


def random_stream(seed: int, *names: str) -> Random:
    """The stream of this name: the same seed and names give the same numbers on every machine.

    A module that adds something to the world draws from streams of its own names, e.g.
    `random_stream(seed, "sessions", company_id)`.
    """
    return Random(":".join((str(seed), *names)))  # noqa: S311 - chance, not secrecy
