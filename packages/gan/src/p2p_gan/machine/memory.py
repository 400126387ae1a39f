"""The free memory of a device, the memory budget of one pass, and what a process does with memory that it has freed.

Nothing here may know a network, or load torch for the memory of the machine itself.
"""

import contextlib
import ctypes
import platform
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

# The largest budget, even if more memory is free, so that a picture's output does not depend on the machine.
MOST = {"cpu": 4 << 30, "cuda": 16 << 30}
_SHARE = 0.5  # of what is free
# In what torch says where memory is short: on the CPU; on any GPU; of the libraries of CUDA, which need some to begin
# (where they never do the GPU is refused before); and where cuDNN has tried out all kernels of a convolution, each of
# which may have lacked memory, or may not know these numbers.
NO_KERNEL = "was unable to find an engine"
_SHORT = ("can't allocate memory", "out of memory", "ALLOC_FAILED", "STATUS_NOT_INITIALIZED", NO_KERNEL)
# Parameters of glibc's mallopt.
_TRIM_THRESHOLD, _MMAP_THRESHOLD, _LARGEST = -1, -3, 1 << 30


def keep_freed_memory() -> None:
    """Let the process use large blocks again that it has freed, instead of asking the system for new ones (glibc).

    An update frees and allocates every gradient. The system clears each page that it gives, which takes 4 to 9% of the
    paper's update on a CPU; the peak of memory stays the same (benchmarks/NOTES.md).
    """
    if platform.libc_ver()[0] == "glibc":
        with contextlib.suppress(OSError, AttributeError):
            library = ctypes.CDLL(None)
            library.mallopt(_MMAP_THRESHOLD, _LARGEST)
            library.mallopt(_TRIM_THRESHOLD, 2 * _LARGEST - 1)


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error of numpy or torch says that memory is short, or for `NO_KERNEL` that it may be."""
    if isinstance(error, RuntimeError):  # torch's OutOfMemoryError too
        return any(words in str(error) for words in _SHORT)
    return isinstance(error, MemoryError)


def free_bytes(device: "torch.device | None" = None) -> int:
    """The free bytes of the device; for the CPU (or None), not more than the limit of the container leaves."""
    if device is not None and device.type == "cuda":
        import torch

        return int(torch.cuda.mem_get_info(device)[0])
    if device is not None and device.type == "mps":
        import torch

        return max(0, int(torch.mps.recommended_max_memory()) - int(torch.mps.driver_allocated_memory()))
    found = [4 << 30]
    with contextlib.suppress(OSError, ValueError, StopIteration):
        lines = Path("/proc/meminfo").read_text("ascii").splitlines()
        found = [int(next(line for line in lines if line.startswith("MemAvailable:")).split()[1]) * 1024]
    with contextlib.suppress(OSError, ValueError):
        group = Path("/sys/fs/cgroup")
        found.append(int((group / "memory.max").read_text()) - int((group / "memory.current").read_text()))
    return max(0, min(found))


def _spare_bytes(device: "torch.device | None") -> int:
    """What torch holds of a GPU's memory and does not use: earlier passes have left it to the next one."""
    if device is None or device.type not in ("cuda", "mps"):
        return 0
    import torch

    if device.type == "mps":
        return int(torch.mps.driver_allocated_memory()) - int(torch.mps.current_allocated_memory())
    return int(torch.cuda.memory_reserved(device)) - int(torch.cuda.memory_allocated(device))


def give_back(device: "torch.device") -> None:
    """Let others, and what is counted as used, have what torch holds of a CUDA device and does not use."""
    if device.type == "cuda":
        import torch

        torch.cuda.empty_cache()


def budget_of(device: "torch.device | None" = None) -> int:
    """The memory budget in bytes of one pass on the device, by default the CPU; the same before and after a pass."""
    free = free_bytes(device) + _spare_bytes(device)
    return min(MOST.get(device.type if device else "cpu", MOST["cpu"]), int(free * _SHARE))
