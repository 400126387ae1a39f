"""Runs commands in fresh processes and says what they cost: seconds, peak memory, on which hardware.

Nothing here may know what is measured, nor import what it measures; that stands in the programs beside it.
"""

import contextlib
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

P2P = (sys.executable, "-m", "p2p_cli")


@dataclass(frozen=True)
class Cost:
    """What one process took: wall seconds from start to end, its peak memory in MiB, and what it printed.

    `cpu` are the seconds that processors worked for it and for its own children, which a busy machine changes little.
    """

    seconds: float
    mib: float
    output: str
    cpu: float


def run(command: Sequence[str]) -> Cost:
    """Run a command in a process of its own; ends this program, showing its messages, when it fails."""
    with tempfile.TemporaryFile("w+") as output, tempfile.TemporaryFile("w+") as messages:
        began = time.perf_counter()
        process = subprocess.Popen(command, stdout=output, stderr=messages, text=True)
        # Unlike getrusage, which knows only the largest of all children, this is the one child's usage.
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        messages.seek(0)
        if process.returncode:
            sys.exit(f"{' '.join(command)} ended with code {process.returncode}:\n{messages.read()}")
        output.seek(0)
        unit = 1 if sys.platform == "darwin" else 1024  # macOS counts bytes, Linux KiB
        return Cost(seconds, usage.ru_maxrss * unit / 2**20, output.read(), usage.ru_utime + usage.ru_stime)


def spread(values: Sequence[float], unit: str, digits: int) -> str:
    """Median and range of some runs' figures, or the figure of one."""
    middle = f"{statistics.median(values):.{digits}f} {unit}".rstrip()
    return middle if len(values) == 1 else f"{middle} ({min(values):.{digits}f} to {max(values):.{digits}f})"


def header(runs: int, *packages: str) -> str:
    """What the figures below belong to."""
    versions = ", ".join(f"{name} {metadata.version(name)}" for name in packages)
    return f"{hardware()}; Python {platform.python_version()}, {versions}; n={runs}"


def hardware() -> str:
    """Processor, cores and memory of this machine."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{_processor()}, {os.cpu_count()} cores, {memory:.0f} GiB, {platform.system()}"


def _processor() -> str:
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text("utf-8").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()
