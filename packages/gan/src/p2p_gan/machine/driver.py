"""Whether this machine may have a GPU that torch can use, asked of the system and not of torch.

Nothing here may load torch: that takes longer than a small model needs for its picture.
"""

import ctypes
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
