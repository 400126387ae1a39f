"""What `auto` becomes, and what is refused."""

import contextlib
import os
import platform
import random
import resource
from collections.abc import Callable
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pytest
import torch

from p2p_datatools.contract.errors import P2PError, UsageError
from p2p_gan.machine import device
from p2p_gan.machine.memory import keep_freed_memory

if TYPE_CHECKING:
    from conftest import Refused

CPU = torch.device("cpu")


def test_without_a_gpu_auto_is_the_cpu(monkeypatch: pytest.MonkeyPatch, refused: "Refused") -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert device.resolve_device("auto") == CPU
    with refused("missing-device", "device=cuda", usage=True):
        device.resolve_device("cuda")


@pytest.fixture
def gpu(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """gpu(why): from now on there is a GPU with its driver, and what is computed on it fails with these words."""

    def install(why: str) -> None:
        def fail(*_: Any, **__: Any) -> None:
            raise RuntimeError(f"{why}\nCompile with TORCH_USE_CUDA_DSA")

        monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
        monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
        monkeypatch.setattr(torch.cuda, "init", lambda: None)
        monkeypatch.setattr(torch, "ones", fail)
        monkeypatch.setattr("p2p_gan.machine.driver.ctypes.CDLL", lambda name: None)

    return install


@pytest.mark.parametrize(
    "why",
    [
        "CUDA error: no kernel image is available for execution on the device",
        "HIP error: invalid device function",
        "cuDNN error: CUDNN_STATUS_NOT_SUPPORTED_ARCH_MISMATCH",
    ],
)
def test_a_gpu_without_kernels_in_this_torch_is_left_alone_by_auto_and_refused_by_name(
    gpu: Callable[[str], None], refused: "Refused", monkeypatch: pytest.MonkeyPatch, why: str
) -> None:
    gpu(why)
    assert device.resolve_device("auto") == CPU
    assert device.why_unused(CPU) == why
    for name in ("cuda", "cuda:0"):
        with refused("broken-device", f"device={name}", usage=False):
            device.resolve_device(name)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert device.why_unused(CPU) is None  # it is hidden on purpose


@pytest.mark.parametrize("name", ["auto", "cuda"])
def test_a_gpu_without_a_cudnn_that_fits_is_refused_before_anything_is_prepared(
    monkeypatch: pytest.MonkeyPatch, refused: "Refused", name: str
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("cuDNN error: CUDNN_STATUS_NOT_INITIALIZED")

    ones = torch.ones
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    monkeypatch.setattr(torch, "ones", lambda *sides, device: ones(*sides))
    monkeypatch.setattr(torch.nn.functional, "conv2d", fail)
    with refused("broken-device", f"device={name}", usage=False) as caught:
        device.resolve_device(name)
    assert "CUDNN_STATUS_NOT_INITIALIZED" in caught.value.what


@pytest.mark.parametrize("name", ["auto", "cuda"])
def test_a_gpu_that_others_hold_is_refused_since_the_cpu_would_take_days(
    gpu: Callable[[str], None], refused: "Refused", name: str
) -> None:
    gpu("CUDA error: all CUDA-capable devices are busy or unavailable")
    with refused("broken-device", f"device={name}", usage=False) as caught:
        device.resolve_device(name)
    assert caught.value.what.endswith("busy or unavailable")


def test_where_the_driver_is_too_old_it_is_said_why_the_cpu_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> None:
        raise RuntimeError("The NVIDIA driver on your system is too old (found version 11040). Please update.")

    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.cuda, "init", refuse)
    assert device.why_unused(CPU) is None  # no driver
    monkeypatch.setattr(device, "may_have_gpu", lambda: True)
    assert device.resolve_device("auto") == CPU
    assert "too old" in (device.why_unused(CPU) or "")
    assert device.why_unused(torch.device("cuda")) is None


@pytest.mark.parametrize("taken", [True, False], ids=["that can be taken", "that cannot"])
def test_a_gpu_of_one_of_several_processes_that_is_broken_is_called_so(
    gpu: Callable[[str], None], refused: "Refused", monkeypatch: pytest.MonkeyPatch, taken: bool
) -> None:
    def take(number: int) -> None:
        if not taken:
            raise RuntimeError("CUDA unknown error - this may be due to an incorrectly set up environment")

    gpu("CUDA error: uncorrectable ECC error encountered")
    monkeypatch.setattr(torch.cuda, "set_device", take)
    with refused("broken-device", "device=cuda" if taken else "device=cuda:3") as error:
        device.use_gpu(3, "cuda")
    assert ("ECC" if taken else "unknown") in error.value.what


@pytest.mark.parametrize("wanted", ["toaster", "meta", "cuda*4"])
def test_a_device_that_does_not_exist_is_refused(wanted: str, refused: "Refused") -> None:
    with refused("unknown-device", f"device={wanted}", usage=True) as error:
        device.resolve_device(wanted)
    assert ("'p2p train' alone" in error.value.what) == (wanted == "cuda*4")


@pytest.mark.parametrize(("fast", "expected"), [(True, "bfloat16"), (False, "float32")])
def test_auto_takes_bfloat16_on_a_cpu_only_where_its_hardware_has_it(
    monkeypatch: pytest.MonkeyPatch, fast: bool, expected: str
) -> None:
    monkeypatch.setattr(device, "_cpu_multiplies_bfloat16", lambda: fast)
    assert device.resolve_precision("auto", CPU) == expected
    assert device.resolve_precision("float32", CPU) == "float32"


def test_tf32_is_refused_on_a_cpu(refused: "Refused") -> None:
    with refused("unsupported-precision", "precision=tf32", usage=True):
        device.resolve_precision("tf32", CPU)


def test_emulated_bfloat16_is_said_with_what_it_costs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device, "_cpu_multiplies_bfloat16", lambda: False)
    assert "36 to 57 times" in str(device.slow_precision("bfloat16", CPU))
    assert device.slow_precision("float32", CPU) is None
    assert device.slow_precision("bfloat16", torch.device("cuda")) is None
    monkeypatch.setattr(device, "_cpu_multiplies_bfloat16", lambda: True)
    assert device.slow_precision("bfloat16", CPU) is None


def test_freed_memory_is_kept_for_the_next_update() -> None:
    keep_freed_memory()
    block = np.ones(64 << 20, np.uint8)
    del block
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    np.ones(64 << 20, np.uint8)
    faults = resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
    assert platform.libc_ver()[0] != "glibc" or faults < 4096  # of the 16,384 pages


@pytest.mark.parametrize(
    ("name", "expected"), [("gfx90a:sramecc+:xnack-", "bfloat16"), ("gfx1100", "bfloat16"), ("gfx1030", "float32")]
)
def test_a_gpu_of_amd_computes_in_what_it_has_instructions_for(
    monkeypatch: pytest.MonkeyPatch, name: str, expected: str
) -> None:
    monkeypatch.setattr(torch.version, "hip", "7.2")
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda place: SimpleNamespace(gcnArchName=name))
    assert device.resolve_precision("auto", torch.device("cuda")) == expected
    assert device.resolve_precision("bfloat16", torch.device("cuda")) == "bfloat16"


def test_pictures_lie_by_pixels_where_tensor_cores_multiply(monkeypatch: pytest.MonkeyPatch) -> None:
    def found(place: torch.device, precision: str) -> bool:
        return device.resolve_memory_format("auto", place, precision) == "channels_last"

    cuda = torch.device("cuda")
    assert [found(cuda, each) for each in ("bfloat16", "float16", "tf32", "float32")] == [True] * 3 + [False]
    assert not found(CPU, "bfloat16")
    monkeypatch.setattr(torch.version, "hip", "7.2")
    assert not found(cuda, "bfloat16")


def test_bfloat16_is_used_in_passes_and_float32_leaves_them_alone() -> None:
    product = torch.ones(2, 2)
    with device.autocast_for(CPU, "bfloat16")():
        assert (product @ product).dtype == torch.bfloat16
    assert device.autocast_for(CPU, "float32") is contextlib.nullcontext


@pytest.mark.parametrize("deterministic", [True, False])
def test_deterministic_asks_cuda_for_the_same_kernels_every_time(
    monkeypatch: pytest.MonkeyPatch, deterministic: bool
) -> None:
    asked: list[bool] = []
    monkeypatch.setenv("CUBLAS_WORKSPACE_CONFIG", "")  # so that it is put back whatever it was
    monkeypatch.delenv("CUBLAS_WORKSPACE_CONFIG")
    monkeypatch.setattr(torch.cuda, "set_device", lambda each: None)
    monkeypatch.setattr(torch, "use_deterministic_algorithms", asked.append)
    monkeypatch.setattr(torch, "are_deterministic_algorithms_enabled", lambda: not deterministic)
    with device.keep_arithmetic():
        device.prepare(torch.device("cuda:0"), "float32", 1, 0, deterministic=deterministic)
        assert torch.backends.cudnn.deterministic is deterministic
        assert torch.backends.cudnn.benchmark is not deterministic
    assert asked == [deterministic]
    # In any run: torch looks at it once in a process, which may make a deterministic run later.
    assert os.environ.get("CUBLAS_WORKSPACE_CONFIG") == ":4096:8"


def test_an_operation_that_cannot_be_deterministic_is_named() -> None:
    refusal = "reflection_pad2d_backward_cuda does not have a deterministic implementation, but you set ..."
    with pytest.raises(P2PError) as error, device.explain_nondeterminism():
        raise RuntimeError(refusal)
    assert (error.value.code, error.value.where) == ("not-deterministic", "deterministic=true")
    assert "deterministic implementation of reflection_pad2d_backward_cuda" in error.value.what
    with pytest.raises(P2PError) as error, device.explain_nondeterminism():
        raise RuntimeError(
            "Deterministic behavior was enabled, but ... uses CuBLAS ... CUBLAS_WORKSPACE_CONFIG=:4096:8"
        )
    assert "CUBLAS_WORKSPACE_CONFIG=:4096:8" in error.value.to_do
    with pytest.raises(RuntimeError, match="shapes"), device.explain_nondeterminism():
        raise RuntimeError("shapes do not match")


def test_preparing_seeds_every_source_of_randomness() -> None:
    def draws() -> tuple[float, float, float]:
        device.prepare(CPU, "float32", 1, 5)
        return random.random(), float(np.random.random()), float(torch.rand(()))

    assert draws() == draws()


@pytest.mark.gpu
def test_a_gpu_is_found() -> None:
    if not torch.cuda.is_available():
        pytest.skip("no CUDA device here")
    assert device.resolve_device("auto").type == "cuda"


@pytest.mark.parametrize("wanted", [0, 1.5, ("cuda", 0)])
def test_what_is_no_name_of_a_device_is_refused(wanted: Any, refused: "Refused") -> None:
    with refused("unknown-device", f"device={wanted!r}", usage=True):
        device.resolve_device(wanted)


def test_a_device_of_torch_has_to_be_there_as_its_name_has() -> None:
    assert device.resolve_device(torch.device("cpu")) == torch.device("cpu")
    with pytest.raises(UsageError):
        device.resolve_device(torch.device("cuda:99"))


def test_only_changed_settings_of_arithmetic_are_set_back(monkeypatch: pytest.MonkeyPatch) -> None:
    sets = list[tuple[str, bool]]()

    class Settings:
        """As torch.backends.cuda.matmul: what is set does not follow torch.backends.fp32_precision any more."""

        allow_tf32, benchmark = False, True

        def __setattr__(self, name: str, value: bool) -> None:
            sets.append((name, value))
            super().__setattr__(name, value)

    place = Settings()
    names = ("allow_tf32", "benchmark")
    monkeypatch.setattr(device, "_arithmetic", lambda: [(place, name, getattr(place, name)) for name in names])

    @device.keep_arithmetic()
    def fail() -> None:
        place.benchmark = False
        raise KeyError

    for _ in range(2):
        sets.clear()
        with pytest.raises(KeyError):
            fail()
    assert sets == [("benchmark", False), ("benchmark", True)]


def test_the_arithmetic_of_a_process_with_the_newer_names_of_torch_is_kept_for_recurrent_networks_too() -> None:
    cudnn, matmul = (cast("Any", each) for each in (torch.backends.cudnn, torch.backends.cuda.matmul))
    if not hasattr(matmul, "fp32_precision"):
        pytest.skip("this torch has no other names")
    before = [(place, place.fp32_precision) for place in (matmul, cudnn.conv, cudnn.rnn)]
    matmul.fp32_precision, cudnn.rnn.fp32_precision, cudnn.conv.fp32_precision = "tf32", "tf32", "ieee"
    try:
        with device.whole_products(torch.device("cuda")):
            assert (matmul.fp32_precision, cudnn.conv.fp32_precision) != ("tf32", "tf32")
        found = [place.fp32_precision for place, _ in before]
        assert found == ["tf32", "ieee", "tf32"]
    finally:
        for place, value in before:
            place.fp32_precision = value
