"""What `auto` becomes, and what is refused."""

import contextlib

import pytest
import torch

from p2p_datatools.contract.errors import UsageError
from p2p_gan import device

CPU = torch.device("cpu")


def test_without_a_gpu_auto_is_the_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert device.resolve_device("auto") == CPU
    with pytest.raises(UsageError, match="no CUDA device is here"):
        device.resolve_device("cuda")


@pytest.mark.parametrize("wanted", ["toaster", "meta"])
def test_a_device_that_does_not_exist_is_refused(wanted: str) -> None:
    with pytest.raises(UsageError, match=f"device={wanted}"):
        device.resolve_device(wanted)


@pytest.mark.parametrize(("fast", "expected"), [(True, "bfloat16"), (False, "float32")])
def test_auto_takes_bfloat16_on_a_cpu_only_where_its_hardware_has_it(
    monkeypatch: pytest.MonkeyPatch, fast: bool, expected: str
) -> None:
    monkeypatch.setattr(device, "_cpu_multiplies_bfloat16", lambda: fast)
    assert device.resolve_precision("auto", CPU) == expected
    assert device.resolve_precision("float32", CPU) == "float32"


def test_tf32_is_refused_on_a_cpu() -> None:
    with pytest.raises(UsageError, match="tf32"):
        device.resolve_precision("tf32", CPU)


def test_bfloat16_is_used_in_passes_and_float32_leaves_them_alone() -> None:
    product = torch.ones(2, 2)
    with device.autocast_for(CPU, "bfloat16")():
        assert (product @ product).dtype == torch.bfloat16
    assert device.autocast_for(CPU, "float32") is contextlib.nullcontext


@pytest.mark.gpu
def test_a_gpu_is_found() -> None:
    if not torch.cuda.is_available():
        pytest.skip("no CUDA device here")
    assert device.resolve_device("auto").type == "cuda"
