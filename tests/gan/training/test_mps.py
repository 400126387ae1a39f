"""What a Mac's GPU needs, as far as a CPU can show it: no float64 on the device, and errors where there is none.

Nothing of this has run on such a GPU.
"""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from p2p_datatools.contract.pairs.opening import open_pairs
from p2p_gan.config.config import Config
from p2p_gan.data.dataset import load_dataset
from p2p_gan.machine.device import (
    random_state_of,
    resolve_device,
    resolve_memory_format,
    resolve_precision,
    restore_random_state,
)
from p2p_gan.machine.graphs import why_no_graph
from p2p_gan.training.job import make_job
from p2p_gan.training.probe import probe
from p2p_gan.training.steps.update import WholeUpdate
from p2p_gan.training.validation import Validator

if TYPE_CHECKING:
    from conftest import Refused

MPS = torch.device("mps")


class NoDoubles(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Refuses every tensor of float64, which Metal does not have."""

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        found = func(*args, **(kwargs or {}))
        for each in tree_leaves(found):
            if isinstance(each, torch.Tensor) and each.dtype == torch.float64 and each.ndim:
                raise TypeError(f"{func} made a tensor of float64")
        return found


@pytest.mark.parametrize(
    "changes",
    [{}, {"a_encoding": "classes", "class_balanced": True, "segmentation_head": "on", "ema_half_life": 5.0}],
    ids=["plain", "classes"],
)
def test_training_and_scoring_need_no_float64(pair_folder: Path, tiny: Config, changes: dict[str, Any]) -> None:
    job = make_job(open_pairs(pair_folder), replace(tiny, batch=2, **changes))
    batch = load_dataset(job.folder, job.task, job.config).batch([0, 1], job.device)
    update = WholeUpdate(job, recordable=False)
    update.set_numbers(1e-3, 0.5)
    with NoDoubles():  # type: ignore[no-untyped-call]
        update(batch)
        losses = update.ring.read(1)[0]
        probe(job, batch)
        found = Validator(job).score(job.nets.inference_generator)
    assert len(losses) == len(job.recipe.names)
    assert found is not None


def test_losses_are_read_to_the_last_bit_without_float64(
    pair_folder: Path, tiny: Config, make_pairs: Callable[..., Path]
) -> None:
    update = WholeUpdate(make_job(open_pairs(pair_folder), tiny), recordable=False)
    rows = torch.rand(3, len(update.job.recipe.names))
    for row in rows:
        update.ring.write(row)
    assert update.ring.read(3) == rows.tolist()


def test_a_machine_without_such_a_gpu_says_so(refused: "Refused", monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    with refused("missing-device", "device=mps", usage=True):
        resolve_device("mps")


def test_its_settings_are_those_that_it_can_compute(refused: "Refused", monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    assert resolve_device("mps") == MPS
    assert resolve_precision("auto", MPS) == "float32"
    assert resolve_memory_format("auto", MPS, "float32") == "contiguous"
    assert "mps" in (why_no_graph(MPS, 1) or "")
    for precision in ("float16", "tf32"):
        with refused("unsupported-precision", f"precision={precision}", usage=True):
            resolve_precision(precision, MPS)


def test_its_random_state_goes_into_checkpoints_and_back(monkeypatch: pytest.MonkeyPatch) -> None:
    kept: list[torch.Tensor] = []
    monkeypatch.setattr(torch.mps, "get_rng_state", lambda: torch.tensor([1, 2, 255], dtype=torch.uint8))
    monkeypatch.setattr(torch.mps, "set_rng_state", kept.append)
    assert random_state_of(torch.device("cpu")) is None
    restore_random_state(MPS, random_state_of(MPS))
    assert kept[0].tolist() == [1, 2, 255]
