"""Which batch fits, and what is said when one does not."""

import weakref
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
import torch

from p2p_datatools.contract.files.atomic import read_json
from p2p_datatools.contract.pairs.opening import open_pairs
from p2p_datatools.contract.pictures.sizes import Size
from p2p_gan.config.config import Config
from p2p_gan.config.parse import with_settings
from p2p_gan.data.dataset import PairDataset, load_dataset
from p2p_gan.training import trial as trial_module
from p2p_gan.training.job import Job, make_job
from p2p_gan.training.planning import plan
from p2p_gan.training.run import train
from p2p_gan.training.steps import update
from p2p_gan.training.trial import explain_out_of_memory, largest_batch, spare, time_updates

if TYPE_CHECKING:
    from conftest import Notes, Refused
    from gan.training.conftest import TapeRecorder


@pytest.fixture
def made(pair_folder: Path, tiny: Config) -> tuple[Job, PairDataset]:
    job = make_job(open_pairs(pair_folder), tiny)
    return job, load_dataset(job.folder, job.task, job.config)


def test_what_an_image_takes_is_about_the_same_in_any_batch(made: tuple[Job, PairDataset]) -> None:
    job, dataset = made
    one, four = (time_updates(replace(job, config=replace(job.config, batch=n)), dataset, updates=1) for n in (1, 4))
    assert one.network_bytes == four.network_bytes
    assert 0.7 < four.image_bytes / one.image_bytes < 1.1


def test_spare_networks_leave_networks_and_random_state_alone(made: tuple[Job, PairDataset]) -> None:
    job, dataset = made
    before = torch.get_rng_state(), {name: value.clone() for name, value in job.nets.generator.state_dict().items()}
    with spare(job) as trial:
        trial_module._update(trial, dataset, [0, 1])
        assert not torch.equal(torch.get_rng_state(), before[0])
        assert trial.nets.generator is not job.nets.generator
    assert torch.equal(torch.get_rng_state(), before[0])
    assert all(torch.equal(value, before[1][name]) for name, value in job.nets.generator.state_dict().items())


def test_updates_that_a_run_replays_are_replayed_when_they_are_timed(
    made: tuple[Job, PairDataset], tape_recorder: "TapeRecorder", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trial_module, "recorder_for", lambda job: tape_recorder)
    time_updates(*made, updates=4)
    assert len(tape_recorder.tapes) == 1
    assert tape_recorder.replays == 2 + 1 + 4  # to prove it, at the third update, and those that are timed


@pytest.mark.parametrize(("step", "made_in_all"), [(0.0, 1 + 2 + 10), (3.0, 1 + 2 + 4), (60.0, 1 + 0 + 1)])
def test_fewer_updates_are_timed_where_one_takes_long(
    made: tuple[Job, PairDataset], monkeypatch: pytest.MonkeyPatch, step: float, made_in_all: int
) -> None:
    updates: list[float] = []
    once = trial_module._update

    def slow(*words: Any) -> None:
        once(*words)
        updates.append(step)

    monkeypatch.setattr(trial_module, "_update", slow)
    monkeypatch.setattr(trial_module, "time", SimpleNamespace(perf_counter=lambda: sum(updates)))
    timing = time_updates(*made)
    assert len(updates) == made_in_all
    assert timing.seconds_per_image == step / made[0].config.batch


def test_the_largest_batch_follows_from_the_free_memory(
    made: tuple[Job, PairDataset], monkeypatch: pytest.MonkeyPatch, refused: "Refused"
) -> None:
    job, dataset = made
    timing = time_updates(job, dataset, updates=1)

    def room_for(pairs: float) -> None:
        needed = timing.network_bytes + timing.image_bytes * pairs
        monkeypatch.setattr(trial_module, "free_bytes", lambda _: int(needed / trial_module.SHARE) + 1)

    for pairs, batch in ((1.1, 1), (3.9, 2), (4.1, 4), (1000, 8)):  # there are eight pairs
        room_for(pairs)
        assert largest_batch(job, dataset) == batch
    room_for(0.5)
    with refused("no-memory", "cpu") as error:
        largest_batch(job, dataset)
    assert "not have enough memory for one pair of 32x32" in error.value.what


def test_batch_auto_is_resolved_once_and_kept_on_resume(
    pair_folder: Path, tiny: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refused: "Refused"
) -> None:
    automatic = with_settings(replace(tiny, lr_schedule="constant"), {"batch": "auto"})
    monkeypatch.setattr("p2p_gan.training.trial.largest_batch", lambda *_: 4)
    train(pair_folder, tmp_path / "run", automatic)
    assert read_json(tmp_path / "run" / "run.json")["config"]["batch"] == 4
    monkeypatch.setattr("p2p_gan.training.trial.largest_batch", lambda *_: 2)
    train(pair_folder, tmp_path / "run", replace(automatic, images=16))
    assert read_json(tmp_path / "run" / "run.json")["config"]["batch"] == 4
    with refused("other-settings", tmp_path / "run", usage=True) as error:
        train(pair_folder, tmp_path / "run", replace(automatic, images=20, batch=2))
    assert "batch was 4, now 2" in error.value.what


@pytest.mark.parametrize(("batch", "why"), [(4, "that fits into the memory of cpu"), (8, "that 8 pairs can fill")])
def test_batch_auto_says_what_bounds_it(
    pair_folder: Path, tiny: Config, monkeypatch: pytest.MonkeyPatch, batch: int, why: str, notes: "Notes"
) -> None:
    monkeypatch.setattr("p2p_gan.training.trial.largest_batch", lambda *_: batch)
    plan(pair_folder, replace(tiny, batch=0), report=notes)
    assert f"batch {batch}: the largest power of two {why}" in notes.lines


@pytest.mark.parametrize(
    "failure",
    [
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB"),
        RuntimeError("[enforce fail at alloc_cpu.cpp:117] DefaultCPUAllocator: can't allocate memory"),
        MemoryError(),
    ],
)
def test_out_of_memory_says_the_largest_batch_that_fits(
    pair_folder: Path,
    tiny: Config,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    failure: Exception,
    refused: "Refused",
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise failure

    monkeypatch.setattr(update, "train_step", fail)
    monkeypatch.setattr(trial_module, "largest_batch", lambda *_: 2)
    with refused("no-memory", "cpu") as error:
        train(pair_folder, tmp_path / "run", replace(tiny, batch=4))
    assert "out of memory with batch 4 " in error.value.what
    assert "the largest batch that fits is 2" in error.value.what
    assert "Use --batch 2 " in error.value.to_do


def test_other_errors_are_not_taken_for_a_lack_of_memory(
    pair_folder: Path, tiny: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise RuntimeError("shapes differ")

    monkeypatch.setattr(update, "train_step", fail)
    with pytest.raises(RuntimeError, match="shapes differ"):
        train(pair_folder, tmp_path / "run", tiny)


def test_a_batch_of_many_shapes_is_measured_by_its_largest(
    make_pairs: Callable[..., Path], tiny: Config, tmp_path: Path
) -> None:
    folder = open_pairs(make_pairs(tmp_path / "pairs", {"train": 3}, Size(96, 32)))
    native = replace(tiny, size=None, jitter=1.0, batch=2)
    job = make_job(folder, native)
    dataset = load_dataset(folder, job.task, job.config)
    seen = dataset.seen.copy()
    seen[1] = (32, 64)
    smaller = replace(dataset, seen=seen)
    assert {smaller.order.index(position) for position in trial_module._largest(smaller, 2)} != {1}
    assert time_updates(job, dataset, updates=1).image_bytes > 0


def test_on_cuda_batches_are_doubled_until_one_fails(
    made: tuple[Job, PairDataset], monkeypatch: pytest.MonkeyPatch
) -> None:
    job, dataset = made
    tried = []

    def fits(_: Job, __: PairDataset, batch: int) -> bool:
        tried.append(batch)
        return batch <= 5

    monkeypatch.setattr(trial_module, "_fits", fits)
    assert largest_batch(replace(job, device=torch.device("cuda")), dataset) == 4
    assert tried == [1, 2, 4, 8]


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device here")
def test_a_batch_found_on_cuda_trains(pair_folder: Path, tiny: Config, tmp_path: Path) -> None:
    automatic = with_settings(replace(tiny, device="cuda", threads=0), {"batch": "auto"})
    train(pair_folder, tmp_path / "run", automatic)
    assert read_json(tmp_path / "run" / "run.json")["config"]["batch"] == 8


def test_what_an_update_held_that_ran_out_of_memory_is_free_when_batches_are_tried(
    pair_folder: Path, tiny: Config, monkeypatch: pytest.MonkeyPatch, refused: "Refused"
) -> None:
    job = make_job(open_pairs(pair_folder), replace(tiny, batch=8))
    dataset = load_dataset(job.folder, job.task, job.config)
    held: list[weakref.ref[torch.Tensor]] = []

    def update() -> None:
        activations = torch.ones(8)
        held.append(weakref.ref(activations))
        raise torch.OutOfMemoryError("CUDA out of memory")

    def largest(*_: object) -> int:
        assert [each() for each in held] == [None]
        return 4

    monkeypatch.setattr(trial_module, "largest_batch", largest)
    with refused("no-memory"), explain_out_of_memory(job, dataset):
        update()
