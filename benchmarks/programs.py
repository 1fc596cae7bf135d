"""Programs that are measured from outside, while they run."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile

import psutil

_LOOK_EVERY = 0.01


@dataclass(frozen=True, slots=True)
class Program:
    """A command as somebody would type it."""

    arguments: Sequence[str]
    folder: Path
    environment: Mapping[str, str]
    """What is set besides the environment of this process."""


@dataclass(frozen=True, slots=True)
class Ended:
    """A program that ended."""

    exit_code: int
    """Negative: the signal that ended it."""
    seconds: float
    """From before it started, the start of the interpreter included."""
    peak_megabytes: float
    """Physical memory that it held at most."""
    output: str
    """What it printed on both streams."""


class Running:
    """A program that was started."""

    def __init__(self, program: Program) -> None:
        """Start it."""
        self._output = TemporaryFile()  # noqa: SIM115  read when it has ended
        self._began = time.perf_counter()
        self._process = subprocess.Popen(
            program.arguments,
            cwd=program.folder,
            env={**os.environ, **program.environment},
            stdin=subprocess.DEVNULL,
            stdout=self._output,
            stderr=subprocess.STDOUT,
        )

    def kill(self) -> None:
        """End it as a power cut would (SIGKILL)."""
        self._process.kill()

    def wait(self) -> Ended:
        """Watch it until it ends."""
        seen = psutil.Process(self._process.pid)
        peak = 0
        while self._process.poll() is None:
            try:
                peak = max(peak, seen.memory_info().rss)
            except psutil.NoSuchProcess:
                break
            time.sleep(_LOOK_EVERY)
        exit_code = self._process.wait()
        seconds = time.perf_counter() - self._began
        with self._output:
            self._output.seek(0)
            output = self._output.read().decode(errors="replace")
        return Ended(exit_code, seconds, peak / 2**20, output)


def run(program: Program) -> Ended:
    """Run a program to its end."""
    return Running(program).wait()
