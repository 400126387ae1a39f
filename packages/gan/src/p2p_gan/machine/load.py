"""What other programs leave of the processor to this one, now or since a moment ago.

Nothing here may decide what follows from it, or know what is computed.
"""

import contextlib
import os
import time
from dataclasses import dataclass
from pathlib import Path

from p2p_datatools.contract.machine import core_share, cores

_MOMENT = 0.2  # seconds; the system counts in hundredths
_LEEWAY = 0.25  # cores that other programs may take before a machine counts as busy: a browser that idles takes less
_STAT = Path("/proc/stat")
_USER, _NICE, _SYSTEM, _IRQ, _SOFTIRQ, _STOLEN = 0, 1, 2, 5, 6, 7  # columns of a processor's line
_MINUTE = 60.0


@dataclass(frozen=True)
class Load:
    """The `cores` that this process may use, and how many of them `others` use; None where the system does not say.

    Both are processor time per time, so that half a core is 0.5.
    """

    cores: float
    others: float | None

    @property
    def free(self) -> float | None:
        """The cores that are left for this process."""
        return None if self.others is None else max(0.0, self.cores - self.others)

    def lacks_cores_for(self, threads: int) -> bool:
        """Whether the machine is busy: `threads` threads would have to share their cores with other programs."""
        return self.free is not None and self.free + _LEEWAY < min(threads, self.cores)


class LoadMeter:
    """Measures the load between two calls of `read`; the first one counts from when the meter was made."""

    def __init__(self) -> None:
        self._before = _now()

    def read(self) -> Load:
        """The load since the last call."""
        before, self._before = self._before, _now()
        share, passed = core_share(), self._before.at - before.at
        if passed <= 0 or before.busy is None or self._before.busy is None:
            return Load(share, _load_average(self._before.own))
        own = (self._before.own - before.own) / passed
        others = (self._before.busy - before.busy) / passed - own
        # A container may use less than its processors, so what others use of these is not all at its expense.
        spare = _cores_of_affinity() - share
        return Load(share, min(share, max(0.0, others - spare)))


def measure_load() -> Load:
    """The load of this moment, which takes a fifth of a second."""
    meter = LoadMeter()
    time.sleep(_MOMENT)
    return meter.read()


@dataclass(frozen=True)
class _Moment:
    at: float
    own: float  # seconds of processor time of this process and its children
    busy: float | None  # seconds of all programs on the processors that this one may use


def _now() -> _Moment:
    times = os.times()
    return _Moment(time.monotonic(), times.user + times.system + times.children_user + times.children_system, _busy())


def _busy() -> float | None:
    """Seconds that the processors have worked; what yields to others (nice) is not counted, unless we yield too."""
    if not hasattr(os, "sched_getaffinity"):
        return None
    columns = [_USER, _SYSTEM, _IRQ, _SOFTIRQ, _STOLEN]
    with contextlib.suppress(OSError, ValueError, IndexError):
        if os.nice(0) > 0:
            columns.append(_NICE)
        allowed = {f"cpu{number}" for number in os.sched_getaffinity(0)}
        lines = [line.split() for line in _STAT.read_text("ascii").splitlines()]
        ticks = [[int(each) for each in values] for name, *values in filter(None, lines) if name in allowed]
        if ticks:
            return sum(each[column] for each in ticks for column in columns) / os.sysconf("SC_CLK_TCK")
    return None


def _cores_of_affinity() -> int:
    """The processors that this process may run on, whatever the limit of its container."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else cores()


def _load_average(own: float) -> float | None:
    """Other programs that wanted a processor in the last minute, on average; None on Windows, which does not count."""
    if not hasattr(os, "getloadavg"):
        return None
    try:
        return max(0.0, os.getloadavg()[0] - min(own / _MINUTE, cores()))
    except OSError:
        return None
