"""What only a GPU can show, for whoever has one: `nox -s gpu`. None had run these when they were written.

Nothing here may need more than one GPU of 4 GiB; `tests/cli/launches.py --device cuda` is for two.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
from gan.training.test_gpu_path import SETTINGS, SMALL

from p2p_datatools.contract.errors import UsageError
from p2p_datatools.contract.files.atomic import read_json
from p2p_datatools.contract.pairs.opening import open_pairs
from p2p_datatools.contract.pictures.images import read_photo
from p2p_gan.config.config import Config
from p2p_gan.config.parse import with_settings
from p2p_gan.config.presets import PRESETS
from p2p_gan.data.dataset import PairDataset, load_dataset
from p2p_gan.evaluation.scores import evaluate
from p2p_gan.inference.sampling import sample
from p2p_gan.machine.device import keep_arithmetic, resolve_precision
from p2p_gan.machine.graphs import CudaRecorder
from p2p_gan.training.job import Job, make_job
from p2p_gan.training.loop import share_batches
from p2p_gan.training.run import train
from p2p_gan.training.steps.stepper import Stepper, recorder_for

if TYPE_CHECKING:
    from conftest import Notes

pytestmark = pytest.mark.gpu
Make = Callable[..., tuple[Job, PairDataset]]


@pytest.fixture(autouse=True)
def cuda() -> Iterator[torch.device]:
    """The GPU, with the arithmetic of the process as it was and its memory free at the end."""
    if not torch.cuda.is_available():
        pytest.skip("no CUDA device here")
    with keep_arithmetic():
        yield torch.device("cuda")
    torch.cuda.set_sync_debug_mode("default")
    torch.cuda.empty_cache()


def precision_here(wanted: str) -> str:
    """The precision, or float16 on a GPU that lacks it: one older than Ampere, such as a T4."""
    try:
        return resolve_precision(wanted, torch.device("cuda"))
    except UsageError:
        return "float16"


@pytest.fixture
def make(make_pairs: Callable[..., Path], tmp_path: Path, feature_file: Path) -> Make:
    """make(name, **more): the job of one of the SETTINGS, and its pairs."""

    def new(name: str, **more: Any) -> tuple[Job, PairDataset]:
        asked = {"direction": "a-to-b", "size": "32x32", **SMALL, "features": str(feature_file), **SETTINGS[name]}
        config = with_settings(PRESETS[asked.pop("preset", "tiny")], asked | more)
        config = replace(config, precision=precision_here(config.precision))
        assert config.size is not None
        folder = tmp_path / "pairs"
        job = make_job(open_pairs(folder if folder.exists() else make_pairs(folder, {"train": 8}, config.size)), config)
        return job, load_dataset(job.folder, job.task, job.config)

    return new


def step(made: tuple[Job, PairDataset], stepper: Stepper, number: int) -> None:
    job, dataset = made
    share, parts = share_batches(
        job.ranks, dataset.positions(number * job.config.update_pairs, job.config.update_pairs), job.config.batch
    )
    batch = dataset.batch(share.positions, job.device, job.memory_format)
    stepper.step(replace(batch, parts=parts), 1e-3, 0.5)


@pytest.mark.parametrize("name", SETTINGS)
def test_every_way_of_updating_is_replayed_and_waits_for_nothing(make: Make, name: str) -> None:
    made = make(name)
    stepper = Stepper(made[0], pytest.fail, recorder_for(made[0]))  # cuda_graph=on: no other way
    for number in range(8):
        if number == 3:
            torch.cuda.set_sync_debug_mode("error")  # torch then refuses whatever waits for the GPU
        step(made, stepper, number)
    torch.cuda.set_sync_debug_mode("default")
    assert np.isfinite(stepper.ring.read(1)).all()


@pytest.mark.parametrize("name", ["paper", "best", "resnet"])
def test_repeatable_updates_are_the_same_bit_for_bit_with_and_without_graphs(make: Make, name: str) -> None:
    found = []
    for graph in ("off", "on"):
        made = make(name, deterministic=True, precision="float32", cuda_graph=graph)
        stepper = Stepper(made[0], pytest.fail, recorder_for(made[0]))
        for number in range(6):
            step(made, stepper, number)
        found.append((stepper.ring.read(6), [each.clone() for each in made[0].nets.generator.parameters()]))
    assert found[0][0] == found[1][0]
    assert all(map(torch.equal, found[0][1], found[1][1]))


@pytest.mark.parametrize("precision", ["float32", "bfloat16", "float16"])
def test_a_run_is_resumed_bit_for_bit(pair_folder: Path, tiny: Config, tmp_path: Path, precision: str) -> None:
    if precision_here(precision) != precision:
        pytest.skip(f"this GPU has no {precision}")
    config = replace(tiny, device="auto", precision=precision, deterministic=True, lr_schedule="constant")
    config = replace(config, ema_half_life=9.0, cuda_graph="on")
    train(pair_folder, tmp_path / "whole", config)
    train(pair_folder, tmp_path / "parts", replace(config, images=5))
    train(pair_folder, tmp_path / "parts", config)
    models = [(tmp_path / run / "model.safetensors").read_bytes() for run in ("whole", "parts")]
    assert models[0] == models[1]


def test_a_model_gives_the_pictures_and_scores_of_the_cpu_and_the_same_each_time(
    run_folder: Path, make_pairs: Callable[..., Path], tmp_path: Path
) -> None:
    pairs, scores = make_pairs(tmp_path / "pairs", {"train": 1, "test": 3}), []
    for device in ("cuda", "cpu"):
        sample(run_folder, pairs, tmp_path / device, device=device, runtime="torch")
        scores.append(evaluate(run_folder, pairs, device=torch.device(device)).metrics)
    sample(run_folder, pairs, tmp_path / "again", device="cuda", runtime="torch")
    pictures = sorted((tmp_path / "cpu").glob("*.png"))
    assert len(pictures) == 3
    for picture in pictures:
        one, other = (read_photo(tmp_path / device / picture.name).astype(int) for device in ("cpu", "cuda"))
        assert abs(one - other).max() <= 1
        assert (tmp_path / "again" / picture.name).read_bytes() == (tmp_path / "cuda" / picture.name).read_bytes()
    assert scores[0] == pytest.approx(scores[1], rel=1e-3)


def test_after_a_recording_that_fails_everything_goes_on(cuda: torch.device) -> None:
    recorder, values = CudaRecorder(cuda), torch.ones(1 << 20, device=cuda)

    def wait() -> None:
        drawn = torch.rand_like(values)
        drawn.sum().item()

    recorder.warm_up(wait, 1)
    with pytest.raises(RuntimeError):
        recorder.record(wait)
    state = torch.cuda.get_rng_state()
    first = torch.rand(4, device=cuda)
    torch.cuda.set_rng_state(state)
    assert torch.equal(first, torch.rand(4, device=cuda))
    torch.cuda.empty_cache()
    again = CudaRecorder(cuda)

    def add() -> None:
        values.add_(1)

    again.record(add)()
    assert values.sum().item() == 2 << 20


def test_the_largest_batch_trains(pair_folder: Path, tiny: Config, tmp_path: Path, notes: "Notes") -> None:
    train(pair_folder, tmp_path / "run", replace(tiny, device="cuda", batch=0), report=notes)
    assert read_json(tmp_path / "run" / "run.json")["config"]["batch"] == 8
