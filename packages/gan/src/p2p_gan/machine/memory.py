"""The free memory of a device, and the memory budget of one pass.

Nothing here may know a network, or load torch for the memory of the machine itself.
"""

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

# The largest budget, even if more memory is free, so that a picture's output does not depend on the machine.
MOST = {"cpu": 4 << 30, "cuda": 16 << 30}
_SHARE = 0.5  # of what is free


def free_bytes(device: "torch.device | None" = None) -> int:
    """The free bytes of the device; for the CPU (or None), not more than the limit of the container leaves."""
    if device is not None and device.type == "cuda":
        import torch

        return int(torch.cuda.mem_get_info(device)[0])
    found = [4 << 30]
    with contextlib.suppress(OSError, ValueError, StopIteration):
        lines = Path("/proc/meminfo").read_text("ascii").splitlines()
        found = [int(next(line for line in lines if line.startswith("MemAvailable:")).split()[1]) * 1024]
    with contextlib.suppress(OSError, ValueError):
        group = Path("/sys/fs/cgroup")
        found.append(int((group / "memory.max").read_text()) - int((group / "memory.current").read_text()))
    return max(0, min(found))


def budget_of(device: "torch.device | None" = None) -> int:
    """The memory budget in bytes of one pass on the device, by default the CPU."""
    return min(MOST.get(device.type if device else "cpu", MOST["cpu"]), int(free_bytes(device) * _SHARE))
