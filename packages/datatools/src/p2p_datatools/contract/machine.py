"""The cores of this machine that the process may use: affinity, and the limit of its container.

Nothing here may start a thread or decide how work is distributed.
"""

import contextlib
import math
import os
from collections.abc import Iterator
from pathlib import Path

_GROUPS, _OWN_GROUPS = Path("/sys/fs/cgroup"), Path("/proc/self/cgroup")


def cores() -> int:
    """How many cores this process may use, which a scheduler, a container or `taskset` may limit; at least 1."""
    return max(1, math.ceil(core_share()))


def core_share() -> float:
    """How much processor time this process may use, in cores; below 1 in a container with a part of a core."""
    count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    limit = core_limit()
    return max(1, count) if limit is None else min(max(1, count), limit)


def core_limit() -> float | None:
    """The limit of processor time that the container sets (cgroup cpu.max), in cores; None where there is no limit.

    Every group above the process's own may set one, and the smallest holds.
    """
    return min(_limits(), default=None)


def _limits() -> Iterator[float]:
    """The limits of the process's group and of those above it, in version 2 and in version 1 of cgroups."""
    with contextlib.suppress(OSError, UnicodeError):
        for line in _OWN_GROUPS.read_text("utf-8").splitlines():
            _, controllers, group = line.split(":", 2) if line.count(":") >= 2 else ("", "?", "")
            if controllers and "cpu" not in controllers.split(","):
                continue
            # A group of the host's tree is the root of what a container sees.
            inner = Path(group.strip("/"))
            roots = [_GROUPS / controllers, _GROUPS / "cpu"] if controllers else [_GROUPS, _GROUPS / "unified"]
            for folder in {root / part for root in roots for part in (inner, *inner.parents) if ".." not in part.parts}:
                yield from _limit_of(folder)


def _limit_of(folder: Path) -> Iterator[float]:
    """Microseconds of processor time for each period, as both versions have them; a limit below 0 or `max` is none."""
    with contextlib.suppress(OSError, ValueError):
        quota, period = (folder / "cpu.max").read_text("ascii").split()
        if int(quota) > 0 and int(period) > 0:
            yield int(quota) / int(period)
    with contextlib.suppress(OSError, ValueError):
        quota, period = ((folder / f"cpu.cfs_{name}_us").read_text("ascii") for name in ("quota", "period"))
        if int(quota) > 0 and int(period) > 0:
            yield int(quota) / int(period)
