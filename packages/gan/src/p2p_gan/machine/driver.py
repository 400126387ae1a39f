"""What can be known of this machine without torch: whether it may have a GPU, and what its processor is called.

Nothing here may load torch: that takes longer than a small model needs for its picture.
"""

import contextlib
import ctypes
import platform
import sys
from pathlib import Path


def may_have_gpu() -> bool:
    """Whether the driver of a GPU is installed; only torch knows whether it can use one."""
    if sys.platform == "darwin":
        return False
    if Path("/dev/kfd").exists():  # of AMD
        return True
    try:
        ctypes.CDLL("nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1")
    except OSError:
        return False
    return True


def cpu_name() -> str:
    """The processor's name, as the system has it."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text("utf-8", "ignore").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()
