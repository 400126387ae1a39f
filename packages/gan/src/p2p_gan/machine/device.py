"""The device and the precision of a run, the arithmetic that they set in this process, and the random states.

Nothing here may know networks or data; `auto` for these settings is resolved here and nowhere else.
"""

import contextlib
import os
import platform
import random
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from importlib.metadata import version
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch

from p2p_datatools.contract.errors import P2PError, UsageError
from p2p_datatools.contract.words import first_line, plural
from p2p_gan.machine.driver import cpu_name, device_name, may_have_gpu
from p2p_gan.machine.memory import keep_freed_memory
from p2p_gan.machine.threads import use_threads

_DECISIVE = ("device", "torch", "system")  # the parts of a machine's description on which results depend bit for bit
# In what is said of a GPU that is older or newer than those torch was built for: by CUDA, by HIP, which is AMD's, and
# by cuDNN.
_NO_KERNELS = ("no kernel image", "invalid device function", "ARCH_MISMATCH")
_NEW_OF_AMD = ("gfx908", "gfx90a", "gfx94", "gfx95", "gfx11", "gfx12")  # with instructions for products of bfloat16
Autocast = Callable[[], AbstractContextManager[object]]


def resolve_device(asked: torch.device | str) -> torch.device:
    """`auto` is the first CUDA GPU, or the CPU if there is none or torch has no kernels for it (`why_unused`).

    Raises UsageError if the device does not exist, and P2PError if it is there and cannot compute. `mps`, the GPU of a
    Mac, has to be asked for, since nothing of p2p has run on one yet.
    """
    wanted = device_name(asked)
    assert wanted is not None, "a device is asked for"
    if wanted == "auto":
        return _choose_device()
    device = _parse_device(wanted)
    if device.type == "mps" and not torch.backends.mps.is_available():
        raise _missing_device(wanted, "this machine has no Apple GPU, or torch was built without Metal (MPS)")
    if device.type == "cuda":
        _refuse_unusable(device, wanted)
    return device


def _choose_device() -> torch.device:
    if not torch.cuda.is_available():
        return torch.device("cpu")
    why = _why_broken(torch.device("cuda"))
    if why is not None and not _lacks_kernels(why):
        raise _broken_device("auto", why)
    return torch.device("cuda" if why is None else "cpu")


def _parse_device(wanted: str) -> torch.device:
    try:
        device = torch.device(wanted)
    except RuntimeError as error:
        several = "*" in wanted
        raise _unknown(wanted, "are devices for 'p2p train' alone" if several else "is not a device") from error
    if device.type not in ("cpu", "cuda", "mps"):
        raise _unknown(wanted, "is not supported")
    return device


def _refuse_unusable(device: torch.device, wanted: str) -> None:
    """Raise UsageError if this machine lacks the CUDA device, and P2PError if it cannot compute."""
    if not torch.cuda.is_available():
        raise _missing_device(wanted, "this machine has no CUDA device, or torch was built without CUDA")
    count = torch.cuda.device_count()
    if (device.index or 0) >= count:
        what = f"this machine has {plural(count, 'CUDA device')}, counted from 0"
        raise _missing_device(wanted, what, "Choose a lower number, or cuda.")
    if (why := _why_broken(device)) is not None:
        raise _broken_device(wanted, why)


def use_gpu(number: int, wanted: str) -> torch.device:
    """Make the GPU of this number the current one, which `cuda` then means, and resolve `wanted`: auto or cuda."""
    try:
        torch.cuda.set_device(number)
    except RuntimeError as error:
        raise _broken_device(f"cuda:{number}", first_line(error)) from error
    return resolve_device(wanted)


def gpu_identity(number: int) -> str:
    """What tells a GPU from all others, whatever its number; "" from a torch that does not say."""
    return str(getattr(torch.cuda.get_device_properties(number), "uuid", ""))


def _unknown(wanted: str, what: str) -> UsageError:
    return UsageError(f"device={wanted}", what, "Choose auto, cpu, cuda or mps.", code="unknown-device")


def _missing_device(wanted: str, what: str, to_do: str = "Choose cpu or auto.") -> UsageError:
    return UsageError(f"device={wanted}", what, to_do, code="missing-device")


def _why_broken(device: torch.device) -> str | None:
    """Why a GPU that is there cannot compute, None if it can: torch may lack kernels for it, others may hold it."""
    try:
        # A convolution, as all networks are of: cuDNN is a library of its own, for GPUs and drivers of its own.
        one = torch.ones(1, 1, 1, 1, device=device)
        torch.nn.functional.conv2d(one, one).add_(1).cpu()
    except RuntimeError as error:
        return first_line(error)
    return None


def _broken_device(wanted: str, why: str) -> P2PError:
    to_do = "End what else uses it, or install the torch that fits it and its driver (pytorch.org), or use device=cpu."
    if _lacks_kernels(why):
        to_do = "Install a torch that has kernels for this GPU (pytorch.org, 'previous versions'), or use device=cpu."
    return P2PError(f"device={wanted}", f"the GPU is there, but cannot compute: {why}", to_do, code="broken-device")


def _lacks_kernels(why: str) -> bool:
    return any(words in why for words in _NO_KERNELS)


def why_unused(device: torch.device) -> str | None:
    """Why `auto` became this device although the driver of a GPU is here; None if none is, or it is hidden or used."""
    if device.type == "cuda" or not may_have_gpu():
        return None
    try:
        torch.cuda.init()  # type: ignore[no-untyped-call]
    except (RuntimeError, AssertionError) as error:  # the second from a torch without CUDA
        return first_line(error)
    return _why_broken(torch.device("cuda"))


def resolve_precision(wanted: str, device: torch.device) -> str:
    """The precision of a run; `auto` is the fastest on this hardware that trains as well as float32.

    float32: weights, gradients and arithmetic of 32 bits. tf32 (CUDA from capability 8.0): the same, but factors of
    products are rounded to 10 bits. bfloat16: forward and backward passes have 8 bits of precision and the range of
    float32; weights, statistics of norms, losses and Adam stay float32. float16: the same with 11 bits and a smaller
    range, so that each network's loss is scaled (see `GradScalerAdam`); CUDA only, since it is slower than float32 on
    CPUs.

    `auto` is bfloat16 on CUDA from 8.0 (Ampere), and on GPUs of AMD and CPUs with instructions for it (amx_bf16,
    avx512_bf16), where it is about twice as fast and needs no scaling, and otherwise float32, the best choice on older
    devices (a CPU without those instructions emulates bfloat16). It is never float16, since a scaler may skip the
    update of one network and not that of the other; on a V100 or T4, float16 is the fastest choice. Raises UsageError.
    """
    is_cuda = device.type == "cuda"
    if wanted in ("tf32", "float16") and not is_cuda:
        raise _unsupported_precision(wanted, "exists on CUDA devices only", "Choose float32, bfloat16 or auto.")
    is_new = is_cuda and _is_new_gpu(device)
    if wanted == "auto":
        is_fast = is_new or (device.type == "cpu" and _cpu_multiplies_bfloat16())
        return "bfloat16" if is_fast else "float32"
    if wanted in ("tf32", "bfloat16") and is_cuda and not is_new and torch.version.hip is None:
        what = "needs a CUDA device of compute capability 8.0 or later"
        raise _unsupported_precision(wanted, what, "Choose float32, float16 or auto.")
    return wanted


def _is_new_gpu(device: torch.device) -> bool:
    """Whether a GPU multiplies matrices in bfloat16; for AMD torch gives numbers of its own as a capability."""
    if torch.version.hip is None:
        return torch.cuda.get_device_capability(device) >= (8, 0)
    return str(torch.cuda.get_device_properties(device).gcnArchName).startswith(_NEW_OF_AMD)


def _unsupported_precision(wanted: str, what: str, to_do: str) -> UsageError:
    return UsageError(f"precision={wanted}", what, to_do, code="unsupported-precision")


def slow_precision(precision: str, device: torch.device) -> str | None:
    """A line if this processor only emulates what was asked for."""
    if precision != "bfloat16" or device.type != "cpu" or _cpu_multiplies_bfloat16():
        return None
    return (
        "precision=bfloat16: this processor has no instructions for it (amx_bf16, avx512_bf16) and emulates it, 36 to "
        "57 times as slowly as float32 where that was measured."
    )


def faster_precision(wanted: str, device: torch.device) -> str | None:
    """A line if `auto` is float32 on a GPU that may be much faster in float16: of Volta or Turing, such as a T4."""
    if wanted != "auto" or device.type != "cuda" or torch.version.hip is not None:
        return None
    if not (7, 0) <= torch.cuda.get_device_capability(device) < (8, 0):
        return None
    return (
        "precision=auto: float32, since this GPU multiplies no bfloat16. If it has tensor cores, a new run with --set "
        "precision=float16 is faster; losses are scaled there, and an update that overflows is skipped."
    )


def _cpu_multiplies_bfloat16() -> bool:
    # torch has no public function for this; on Linux it is among the processor's flags.
    with contextlib.suppress(OSError):
        flags = Path("/proc/cpuinfo").read_text("ascii", "ignore")
        return "amx_bf16" in flags or "avx512_bf16" in flags
    return False


def resolve_memory_format(wanted: str, device: torch.device, precision: str) -> str:
    """The memory format of the networks for a resolved precision; `auto` is the one with the faster convolutions.

    That is channels_last where tensor cores multiply: by CUDA, in 16 bits or tf32. In float32 it is slower there (1.6
    times on a V100, github.com/pytorch/pytorch/issues/44943), and on the GPUs of AMD (HIP) that people have at home
    (pull request 170947 there). On CPUs its forward passes are a little faster and its gradients up to 7 times as slow,
    in float32 and in bfloat16 (benchmarks/NOTES.md).
    """
    if wanted != "auto":
        return wanted
    has_cores = device.type == "cuda" and torch.version.hip is None
    return "channels_last" if has_cores and precision != "float32" else "contiguous"


def memory_format_of(name: str) -> torch.memory_format:
    """What torch calls a resolved memory format: the order in which weights and pictures lie in memory."""
    return torch.contiguous_format if name == "contiguous" else torch.channels_last


def prepare(
    device: torch.device,
    precision: str,
    threads: int,
    seed: int,
    *,
    deterministic: bool = False,
    many_sizes: bool = False,
) -> None:
    """Set up the process: threads, precision of matrix products, and random states (dropout uses that of torch).

    `many_sizes` says that batches have pictures of many sizes.
    """
    use_threads(threads, on_cpu=device.type == "cpu")
    if device.type == "cpu":
        keep_freed_memory()
    torch.manual_seed(seed)
    # p2p does not use these two, but a library may.
    random.seed(seed)
    np.random.seed(seed % 2**32)
    if device.type == "cuda":
        # Without it torch refuses to multiply matrices in a deterministic run. It is read at the first product of the
        # process, which may be of an earlier run that is not deterministic.
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
        if device.index is not None:  # torch refuses one without a number, which is the current one
            torch.cuda.set_device(device)
        _allow_tf32(precision != "float32")
        # A benchmark of kernels may choose another one the next time, and takes about a second for each size.
        torch.backends.cudnn.benchmark = not deterministic and not many_sizes
        torch.backends.cudnn.deterministic = deterministic
        if torch.are_deterministic_algorithms_enabled() != deterministic:
            torch.use_deterministic_algorithms(deterministic)


@contextlib.contextmanager
def keep_arithmetic() -> Iterator[None]:
    """Restore at the end what `prepare` sets for the whole process on CUDA: a caller's own programs go on as before."""
    before = _arithmetic()
    strict, warns = torch.are_deterministic_algorithms_enabled(), torch.is_deterministic_algorithms_warn_only_enabled()
    try:
        yield
    finally:
        _restore_arithmetic(before)
        if torch.are_deterministic_algorithms_enabled() != strict:  # it loads half of torch's compiler
            torch.use_deterministic_algorithms(strict, warn_only=warns)


class _WholeProducts:
    """While a thread is within this, convolutions on CUDA have all digits of float32, and the same ones each time.

    Unasked, torch rounds them to tf32, and cuDNN may add up the parts of a transposed one in any order; a benchmark of
    kernels may choose another one in the next process.
    """

    def __init__(self) -> None:
        self._lock, self._within = threading.Lock(), 0
        self._before: list[tuple[Any, str, Any]] = []

    def __enter__(self) -> None:
        with self._lock:
            self._within += 1
            if self._within == 1:
                self._before = _arithmetic()
                _allow_tf32(False)
                torch.backends.cudnn.benchmark, torch.backends.cudnn.deterministic = False, True

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._within -= 1
            if not self._within:
                _restore_arithmetic(self._before)


_WHOLE_PRODUCTS = _WholeProducts()


def whole_products(device: torch.device) -> AbstractContextManager[None]:
    """While this is open, float32 on the device has all digits, the same each time; for applying a model."""
    return _WHOLE_PRODUCTS if device.type == "cuda" else contextlib.nullcontext()


def _allow_tf32(allowed: bool) -> None:
    """Let CUDA round factors of float32 to tf32, or not, whatever names of torch's settings the process has used."""
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = allowed
    cudnn = cast("Any", torch.backends.cudnn)
    for place in (cudnn.conv, cudnn.rnn) if hasattr(cudnn, "conv") else ():  # since torch 2.9
        # False means to do as torch.backends.fp32_precision says.
        if not allowed and place.fp32_precision == "tf32":
            place.fp32_precision = "ieee"


def _arithmetic() -> list[tuple[Any, str, Any]]:
    """The settings of CUDA's arithmetic in this process: where each is, its name, and its value."""
    products, cudnn = torch.backends.cuda.matmul, cast("Any", torch.backends.cudnn)
    wanted = [(cudnn, "benchmark"), (cudnn, "deterministic"), (products, "allow_tf32"), (cudnn, "allow_tf32")]
    try:
        return [(place, name, getattr(place, name)) for place, name in wanted]
    except RuntimeError:  # the process has used torch's newer names, after which torch refuses to read the older
        wanted[2:] = [(each, "fp32_precision") for each in (products, cudnn.conv, cudnn.rnn)]
    return [(place, name, getattr(place, name)) for place, name in wanted]


def _restore_arithmetic(before: list[tuple[Any, str, Any]]) -> None:
    """Set what has changed since `_arithmetic` gave `before`; what is set has a value of its own from then on."""
    now = _arithmetic()
    for place, name, value in before:
        if (place, name, value) not in now:
            setattr(place, name, value)


@contextlib.contextmanager
def explain_nondeterminism() -> Iterator[None]:
    """Turn torch's refusal of an operation under `deterministic` into a P2PError that names it."""
    try:
        yield
    except RuntimeError as error:
        if "CUBLAS_WORKSPACE_CONFIG" in str(error):
            what = "this process has multiplied matrices on the GPU before, so that it cannot make cuBLAS deterministic"
            to_do = "Begin it with the variable CUBLAS_WORKSPACE_CONFIG=:4096:8, or train in a process of its own."
            raise P2PError("deterministic=true", what, to_do, code="not-deterministic") from error
        if "does not have a deterministic implementation" not in str(error):
            raise
        operation = str(error).split(" ", 1)[0]
        what = f"CUDA has no deterministic implementation of {operation}"
        to_do = "In a new run folder, set deterministic=off, train on the CPU, or choose settings that do not need it."
        raise P2PError("deterministic=true", what, to_do, code="not-deterministic") from error


def autocast_for(device: torch.device, precision: str) -> Autocast:
    """The context for forward passes: 16-bit arithmetic with float32 weights, or no autocast."""
    if precision in ("bfloat16", "float16"):
        dtype = torch.bfloat16 if precision == "bfloat16" else torch.float16
        return lambda: torch.autocast(device.type, dtype=dtype)
    return contextlib.nullcontext


def random_state_of(device: torch.device) -> list[int] | None:
    """The random state of an Apple GPU as bytes, for a checkpoint; None for other devices, whose states are tensors."""
    return list(torch.mps.get_rng_state().tolist()) if device.type == "mps" else None


def restore_random_state(device: torch.device, state: list[int] | None) -> None:
    """Restore what `random_state_of` returned."""
    if device.type == "mps" and state is not None:
        torch.mps.set_rng_state(torch.tensor(state, dtype=torch.uint8))


def wait_for(device: torch.device) -> None:
    """Wait until the device has done all that was asked of it."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    elif device.type == "mps":
        torch.mps.synchronize()


def describe_machine(device: torch.device) -> dict[str, Any]:
    """The hardware and the versions on which a run's numbers depend."""
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else cpu_name()
    if device.type == "mps":
        name = f"GPU of {name} (MPS)"
    return {
        "device": name,
        "cores": os.cpu_count(),
        "p2p": version("p2p-gan"),
        "python": platform.python_version(),
        "torch": torch.__version__,
        "system": f"{platform.system()} {platform.machine()}",
    }


def machine_differences(before: dict[str, Any], device: torch.device) -> list[str]:
    """A line if a run that began on the machine `before` cannot continue bit for bit on this one."""
    now = describe_machine(device)
    changed = [f"{name} was {before.get(name)}, now {now[name]}" for name in _DECISIVE if before.get(name) != now[name]]
    if not before or not changed:
        return []
    return [
        f"The run continues on another machine ({'; '.join(changed)}), so its numbers are not the same bit for bit."
    ]
