"""Which device, precision and threads a run uses, and the random states that make it repeatable.

Nothing here may know networks or data; what `auto` becomes is decided here and nowhere else.
"""

import contextlib
import os
import platform
import random
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch

from p2p_datatools.contract.errors import P2PError, UsageError

_DECISIVE = ("device", "torch", "system")  # of a machine's description: on these the last bit of a number depends
Autocast = Callable[[], AbstractContextManager[object]]


def resolve_device(wanted: str) -> torch.device:
    """`auto` is the first GPU, or the CPU where there is none; raises UsageError when the device is not there."""
    if wanted == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(wanted)
    except RuntimeError as error:
        raise UsageError(
            f"device={wanted}", "is not a device", "Choose auto, cpu or cuda.", code="unknown-device"
        ) from error
    if device.type not in ("cpu", "cuda"):
        raise UsageError(f"device={wanted}", "is not supported", "Choose auto, cpu or cuda.", code="unknown-device")
    if device.type == "cuda" and not torch.cuda.is_available():
        raise UsageError(
            f"device={wanted}",
            "no CUDA device is here, or torch was built without CUDA",
            "Choose cpu or auto.",
            code="missing-device",
        )
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        raise UsageError(
            f"device={wanted}",
            f"this machine has {cuda_devices(torch.cuda.device_count())}, counted from 0",
            "Choose a lower number, or cuda.",
            code="missing-device",
        )
    return device


def cuda_devices(count: int) -> str:
    """So many CUDA devices in words."""
    return f"{count} CUDA device{'' if count == 1 else 's'}"


def resolve_precision(wanted: str, device: torch.device) -> str:
    """The precision of a run; `auto` is the fastest that trains as float32 does, on this hardware.

    float32: weights, gradients and arithmetic of 32 bits. tf32 (CUDA from capability 8.0): the same, but products round
    their factors to 10 bits. bfloat16: passes compute in 8 bits of precision with the range of float32, weights, norms'
    statistics, losses and Adam stay float32. float16: the same with 11 bits and a narrow range, so that each network's
    loss is scaled (see `scaling`); on CUDA only, for CPUs compute it more slowly than float32.

    `auto` takes bfloat16 on CUDA from 8.0 (Ampere) and on CPUs with instructions for it (amx_bf16, avx512_bf16), for
    there it is about twice as fast and needs no scaling; else float32, which older devices do best (a CPU without
    those instructions emulates bfloat16). It never takes float16: a scaler leaves updates out, of one network and not
    of the other, and that game is worth asking for; on a V100 or T4 it is the way to be fast. Raises UsageError.
    """
    if wanted in ("tf32", "float16") and device.type == "cpu":
        raise UsageError(
            f"precision={wanted}",
            "exists on CUDA devices only",
            "Choose float32, bfloat16 or auto.",
            code="unsupported-precision",
        )
    if wanted == "auto":
        fast = (
            torch.cuda.get_device_capability(device) >= (8, 0) if device.type == "cuda" else _cpu_multiplies_bfloat16()
        )
        return "bfloat16" if fast else "float32"
    if wanted in ("tf32", "bfloat16") and device.type == "cuda" and torch.cuda.get_device_capability(device) < (8, 0):
        raise UsageError(
            f"precision={wanted}",
            "needs a CUDA device of compute capability 8.0 or later",
            "Choose float32, float16 or auto.",
            code="unsupported-precision",
        )
    return wanted


def _cpu_multiplies_bfloat16() -> bool:
    # torch has no public question for this; Linux says it in the processor's flags.
    with contextlib.suppress(OSError):
        flags = Path("/proc/cpuinfo").read_text("ascii", "ignore")
        return "amx_bf16" in flags or "avx512_bf16" in flags
    return False


def resolve_threads(wanted: int, processes: int = 1) -> int:
    """0 is as many threads as torch takes by itself on this machine, shared among so many processes."""
    told = "OMP_NUM_THREADS" in os.environ  # then whoever started the processes has shared them out already
    return wanted or max(1, torch.get_num_threads() // (1 if told else processes))


def prepare(device: torch.device, precision: str, threads: int, seed: int, *, deterministic: bool = False) -> None:
    """Set the process up: threads, the kind of matrix product, and the random states (torch's draws dropout)."""
    torch.set_num_threads(threads)
    torch.manual_seed(seed)
    # Nothing here draws from these two; seeded, a library that does would do the same again.
    random.seed(seed)
    np.random.seed(seed % 2**32)
    if device.type == "cuda":
        if deterministic:
            # cuBLAS reads it when it is first used; without it torch refuses to multiply.
            os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
        torch.cuda.set_device(device)
        torch.backends.cuda.matmul.allow_tf32 = precision != "float32"
        torch.backends.cudnn.allow_tf32 = precision != "float32"
        # Trying which kernel is fastest may choose another one the next time.
        torch.backends.cudnn.benchmark = not deterministic
        torch.backends.cudnn.deterministic = deterministic
        torch.use_deterministic_algorithms(deterministic)


@contextlib.contextmanager
def explain_nondeterminism() -> Iterator[None]:
    """Turn torch's refusal of an operation under `deterministic` into a P2PError that names it."""
    try:
        yield
    except RuntimeError as error:
        if "does not have a deterministic implementation" not in str(error):
            raise
        operation = str(error).split(" ", 1)[0]
        raise P2PError(
            "deterministic=true",
            f"CUDA has no way to compute {operation} that is the same every time",
            "Leave deterministic off, train on the CPU, or choose settings that do without it, in a new run folder.",
            code="not-deterministic",
        ) from error


def autocast_for(device: torch.device, precision: str) -> Autocast:
    """The context for forward passes: 16-bit arithmetic on float32 weights, or nothing."""
    if precision in ("bfloat16", "float16"):
        dtype = torch.bfloat16 if precision == "bfloat16" else torch.float16
        return lambda: torch.autocast(device.type, dtype=dtype)
    return contextlib.nullcontext


def describe_machine(device: torch.device) -> dict[str, Any]:
    """The hardware and versions a run's numbers belong to."""
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else _cpu_name()
    return {
        "device": name,
        "cores": os.cpu_count(),
        "p2p": version("p2p-gan"),
        "python": platform.python_version(),
        "torch": torch.__version__,
        "system": f"{platform.system()} {platform.machine()}",
    }


def machine_differences(before: dict[str, Any], device: torch.device) -> list[str]:
    """A line, if a run that began on the machine `before` now continues where it cannot be the same bit for bit."""
    now = describe_machine(device)
    changed = [f"{name} was {before.get(name)}, now {now[name]}" for name in _DECISIVE if before.get(name) != now[name]]
    if not before or not changed:
        return []
    return [f"Continued elsewhere than it began ({'; '.join(changed)}): the same training, but not bit for bit."]


def _cpu_name() -> str:
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text("utf-8", "ignore").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()
