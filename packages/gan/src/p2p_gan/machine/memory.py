"""How much memory is free, and how much of it one pass may take.

Nothing here may know a network.
"""

import contextlib
from pathlib import Path

import torch

# A pass takes this much and no more even where there is more, so that a picture's output does not hang on the machine.
MOST = {"cpu": 4 << 30, "cuda": 16 << 30}


_SHARE = 0.5  # of what is free


def free_bytes(device: torch.device) -> int:
    """The memory that is free on the device; of this machine also what its container may still take."""
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    found = [4 << 30]
    with contextlib.suppress(OSError, ValueError, StopIteration):
        lines = Path("/proc/meminfo").read_text("ascii").splitlines()
        found = [int(next(line for line in lines if line.startswith("MemAvailable:")).split()[1]) * 1024]
    with contextlib.suppress(OSError, ValueError):
        group = Path("/sys/fs/cgroup")
        found.append(int((group / "memory.max").read_text()) - int((group / "memory.current").read_text()))
    return max(0, min(found))


def budget_of(device: torch.device) -> int:
    """The bytes that a pass may take on the device."""
    return min(MOST.get(device.type, MOST["cpu"]), int(free_bytes(device) * _SHARE))
