"""What can be known without torch: whether there may be a GPU, what the processor and a device are called.

Nothing here may load torch: that takes longer than a small model needs for its picture.
"""

import contextlib
import ctypes
import os
import platform
import sys
from pathlib import Path

from p2p_datatools.contract.errors import UsageError

_NONE = ("", "-1")  # what says of CUDA_VISIBLE_DEVICES that no GPU is to be used


def may_have_gpu() -> bool:
    """Whether the driver of a GPU is installed and the user hides none; only torch knows whether it can use one."""
    if sys.platform == "darwin" or os.environ.get("CUDA_VISIBLE_DEVICES") in _NONE:
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


def device_name(device: object) -> str | None:
    """The name of a device, that of a torch.device too; raises UsageError for what is none, such as a number."""
    if device is None or isinstance(device, str):
        return device
    if hasattr(device, "type") and hasattr(device, "index"):
        return str(device)
    example = f"cuda:{device}" if isinstance(device, int) and device >= 0 else "cuda:0"
    to_do = f'Give its name, such as "cpu" or "{example}", or "auto".'
    raise UsageError(f"device={device!r}", "is not the name of a device", to_do, code="unknown-device")
