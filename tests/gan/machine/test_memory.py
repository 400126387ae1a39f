"""What of a picture is held at once follows from its size and the memory there is."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import torch

from p2p_datatools.contract.pictures.sizes import Size
from p2p_gan.inference.runtimes.layout import layout_of, shapes_of, whole_bytes
from p2p_gan.machine.memory import MOST, budget_of, free_bytes, is_out_of_memory
from p2p_gan.networks.architecture import Architecture

if TYPE_CHECKING:
    from conftest import Refused

STEPS = Architecture(3, 3, 5, 8, 64, "batch", 0.5).build().steps()
SIZE = Size(640, 1280)


def test_the_shapes_are_those_of_the_network() -> None:
    shapes = shapes_of(STEPS, 3, Size(64, 32))
    assert shapes[0] == (3, 32, 64)
    assert shapes[5] == (64, 1, 2)
    assert shapes[-1] == (3, 32, 64)


def test_a_picture_that_fits_needs_no_plan() -> None:
    assert layout_of(STEPS, 3, SIZE, whole_bytes(STEPS, shapes_of(STEPS, 3, SIZE))) is None


def test_the_less_memory_the_fewer_rows_at_once_and_the_outermost_values_are_never_held() -> None:
    whole = whole_bytes(STEPS, shapes_of(STEPS, 3, SIZE))
    layouts = [layout_of(STEPS, 3, SIZE, whole * share // 100) for share in (90, 50, 25)]
    rows = [layout.rows for layout in layouts if layout]
    assert len(rows) == 3
    assert all(1 not in layout.held for layout in layouts if layout)
    assert layouts[-1] is not None
    assert rows[-1] < SIZE.height


def test_a_picture_for_which_no_strip_is_small_enough_is_refused(refused: "Refused") -> None:
    with refused("no-memory", "size=640x1280") as error:
        layout_of(STEPS, 3, SIZE, 1 << 16)
    assert "a pass may use 0.0 GiB" in error.value.what
    assert "Choose a smaller --size" in error.value.to_do


def test_a_pass_takes_half_of_what_is_free_and_no_more_than_on_any_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    cpu = torch.device("cpu")
    assert free_bytes(cpu) > 0
    monkeypatch.setattr("p2p_gan.machine.memory.free_bytes", lambda device: 1 << 30)
    assert budget_of(cpu) == 1 << 29
    monkeypatch.setattr("p2p_gan.machine.memory.free_bytes", lambda device: 1 << 40)
    assert budget_of(cpu) == MOST["cpu"]


@pytest.mark.parametrize("kind", ["cuda", "mps"])
def test_memory_that_a_pass_has_left_to_torch_is_that_of_the_next_pass(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    held, used = [1 << 30], 1 << 29
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: ((8 << 30) - held[0], 8 << 30))
    monkeypatch.setattr(torch.cuda, "memory_reserved", lambda device: held[0])
    monkeypatch.setattr(torch.cuda, "memory_allocated", lambda device: used)
    monkeypatch.setattr(torch.mps, "recommended_max_memory", lambda: 8 << 30)
    monkeypatch.setattr(torch.mps, "driver_allocated_memory", lambda: held[0])
    monkeypatch.setattr(torch.mps, "current_allocated_memory", lambda: used)
    before = budget_of(torch.device(kind))
    held[0] = 5 << 30  # the weights, and what a large picture took
    assert budget_of(torch.device(kind)) == before == ((8 << 30) - used) // 2


def test_where_the_system_does_not_report_memory_four_gibibytes_are_assumed(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path, *_: object) -> str:
        raise OSError

    monkeypatch.setattr(Path, "read_text", refuse)
    assert free_bytes(torch.device("cpu")) == 4 << 30


@pytest.mark.parametrize(
    ("error", "short"),
    [
        (MemoryError(), True),
        (torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB."), True),
        (RuntimeError("MPS backend out of memory (MPS allocated: 8 GB)"), True),
        (RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"), True),
        (RuntimeError("cuDNN error: CUDNN_STATUS_NOT_INITIALIZED"), True),
        (RuntimeError("FIND was unable to find an engine to execute this computation"), True),
        (RuntimeError("CUDA error: device-side assert triggered"), False),
        (OSError("out of memory"), False),
    ],
)
def test_memory_is_short_whatever_library_says_so(error: Exception, short: bool) -> None:
    assert is_out_of_memory(error) is short
