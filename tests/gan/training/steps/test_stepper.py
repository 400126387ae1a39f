"""Which updates are replayed, that a run cannot tell, and what happens where graphs cannot be made."""

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import torch

from p2p_datatools.contract.files.atomic import read_lines
from p2p_datatools.contract.pairs.opening import open_pairs
from p2p_gan.config.config import Config
from p2p_gan.data.dataset import PairDataset, load_dataset
from p2p_gan.machine.graphs import GraphRecorder
from p2p_gan.runs import checkpoint
from p2p_gan.runs.checkpoint import Progress
from p2p_gan.training.job import Job, make_job
from p2p_gan.training.loop import TrainingCallback, training_loop
from p2p_gan.training.run import train
from p2p_gan.training.signals import StopRequest
from p2p_gan.training.steps import stepper, update
from p2p_gan.training.steps.stepper import Stepper, recorder_for
from p2p_gan.updates.loss_ring import LossRing

if TYPE_CHECKING:
    from conftest import Notes, Refused
    from gan.training.conftest import TapeRecorder

Make = Callable[..., tuple[Job, PairDataset]]


@pytest.fixture
def make(pair_folder: Path, tiny: Config) -> Make:
    """make(**settings): a job and its pairs."""

    def new(**settings: Any) -> tuple[Job, PairDataset]:
        job = make_job(open_pairs(pair_folder), replace(tiny, deterministic=True, **settings))
        return job, load_dataset(job.folder, job.task, job.config)

    return new


def weights(job: Job) -> list[torch.Tensor]:
    return [
        value.clone() for network in (job.nets.generator, job.nets.ema) if network for value in network.parameters()
    ]


def steps(
    made: tuple[Job, PairDataset], sizes: list[int], recorder: GraphRecorder | None, note: Callable[[str], None] = print
) -> list[list[float]]:
    """Make updates of batches of these sizes at a falling learning rate; returns their losses."""
    job, dataset = made
    torch.manual_seed(0)
    found = Stepper(job, note, recorder)
    for number, size in enumerate(sizes):
        batch = dataset.batch(range(number, number + size), job.device)
        found.step(batch, 1e-3 / (1 + number), 1 - 1 / (1 + number))
    return found.ring.read(min(len(sizes), found.ring.size))


def test_a_shape_is_recorded_at_its_third_batch_and_every_shape_has_its_graph(
    make: Make, tape_recorder: "TapeRecorder"
) -> None:
    sizes = [1, 2, 1, 2, 1, 3, 2, 1, 2]
    plain, recorded = make(ema_half_life=9.0, log_every=20), make(ema_half_life=9.0, log_every=20)
    losses, same_losses = steps(plain, sizes, None), steps(recorded, sizes, tape_recorder)
    assert len(tape_recorder.tapes) == 2
    assert tape_recorder.replays == 2 * 2 + 4  # two to prove each, then the batches from the third of a shape on
    assert same_losses == losses
    assert all(map(torch.equal, weights(plain[0]), weights(recorded[0])))


def test_more_shapes_than_there_may_be_graphs_are_trained_without(
    make: Make, tape_recorder: "TapeRecorder", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stepper, "MOST_GRAPHS", 1)
    steps(make(), [1, 1, 1, 2, 2, 2, 2, 1], tape_recorder)
    assert (len(tape_recorder.tapes), tape_recorder.replays) == (1, 2 + 2)


class Broken:
    """A recorder whose recording fails, after it has done some of the work."""

    def __init__(self) -> None:
        self.tried = 0

    def warm_up(self, work: Callable[[], None], times: int) -> None:
        work()

    def record(self, work: Callable[[], None]) -> Callable[[], None]:
        self.tried += 1
        work()
        raise RuntimeError("operation not permitted when stream is capturing\nmore that nobody reads")


class Idle(Broken):
    """A recorder whose graphs do nothing."""

    def record(self, work: Callable[[], None]) -> Callable[[], None]:
        self.tried += 1
        return lambda: None


@pytest.mark.parametrize(
    ("kind", "why"), [(Broken, "operation not permitted when stream is capturing."), (Idle, " instead of ")]
)
def test_where_graphs_fail_training_goes_on_as_if_none_had_been_tried_and_says_so_once(
    make: Make, notes: "Notes", kind: type[Broken], why: str
) -> None:
    plain, tried, recorder = make(), make(), kind()
    losses = steps(plain, [1, 1, 1, 1, 2, 2, 2], None)
    same_losses = steps(tried, [1, 1, 1, 1, 2, 2, 2], recorder, notes.note)
    assert recorder.tried == 1
    assert same_losses == losses
    assert all(map(torch.equal, weights(plain[0]), weights(tried[0])))
    (line,) = notes.lines
    assert line.startswith("cuda_graph=auto: ")
    assert why in line


def test_graphs_that_are_required_end_the_run_where_they_fail(make: Make, refused: "Refused") -> None:
    job, dataset = make()
    required = replace(job, config=replace(job.config, cuda_graph="on"))
    with refused("no-cuda-graph", "cuda_graph=on", usage=False):
        steps((required, dataset), [1, 1, 1], Broken())


def test_after_it_is_closed_updates_are_made_without_the_graphs(make: Make, tape_recorder: "TapeRecorder") -> None:
    job, dataset = make()
    found = Stepper(job, print, tape_recorder)
    for number in range(5):
        if number == 4:
            found.close()
        found.step(dataset.batch([number], job.device), 1e-3)
    assert tape_recorder.replays == 2 + 2
    assert found.ring.read(1) != found.ring.read(2)[:1]


def test_networks_that_return_to_a_checkpoint_are_recorded_anew(
    make: Make, tape_recorder: "TapeRecorder", tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job, dataset = make(images=3)
    monkeypatch.setattr("p2p_gan.training.loop.recorder_for", lambda job: tape_recorder)
    found = []
    with StopRequest() as stop:
        training_loop(job, dataset, Progress(0, [], 0, 0.0), stop, TrainingCallback())
        checkpoint.save(tmp_path, job.nets, Progress(3, [], 0, 0.0), keep=1)
        longer = replace(job, config=replace(job.config, images=6))
        for _ in range(2):
            progress = checkpoint.load_latest(tmp_path, job.nets)
            assert progress is not None
            training_loop(longer, dataset, progress, stop, TrainingCallback())
            found.append(weights(job))
    assert len(tape_recorder.tapes) == 3
    assert all(map(torch.equal, *found))


def test_a_run_reads_its_losses_when_a_line_or_a_checkpoint_is_due_and_no_more_often(
    pair_folder: Path, tiny: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[int] = []
    original = LossRing.read

    def count(ring: LossRing, rows: int) -> list[list[float]]:
        read.append(rows)
        return original(ring, rows)

    monkeypatch.setattr(LossRing, "read", count)
    train(pair_folder, tmp_path / "run", replace(tiny, images=12, log_every=5, checkpoint_every=12, validate_every=12))
    assert [rows for rows in read if rows] == [5, 5, 2]
    assert len(read) <= 6


def test_a_cpu_has_no_graphs(make: Make) -> None:
    assert recorder_for(make()[0]) is None


def test_a_run_cannot_tell_whether_its_updates_are_replayed_nor_where_it_was_interrupted(
    pair_folder: Path, tiny: Config, tmp_path: Path, tape_recorder: "TapeRecorder", monkeypatch: pytest.MonkeyPatch
) -> None:
    config = replace(tiny, images=12, batch=2, ema_half_life=9.0, deterministic=True, lr_schedule="constant")
    train(pair_folder, tmp_path / "plain", config)
    monkeypatch.setattr("p2p_gan.training.loop.recorder_for", lambda job: tape_recorder)
    monkeypatch.setattr(update, "kept_updates", lambda _: 1)  # fewer than updates between two lines of the record
    train(pair_folder, tmp_path / "whole", config)
    train(pair_folder, tmp_path / "parts", replace(config, images=6))
    train(pair_folder, tmp_path / "parts", config)
    assert len(tape_recorder.tapes) == 3
    assert losses_of(tmp_path / "plain") == losses_of(tmp_path / "whole")
    models = [(tmp_path / run / "model.safetensors").read_bytes() for run in ("plain", "whole", "parts")]
    assert models[0] == models[1] == models[2]


def losses_of(run: Path) -> list[dict[str, Any]]:
    return [
        {name: value for name, value in line.items() if name[:2] in ("d_", "g_") or name == "images"}
        for line in read_lines(run / "stats.jsonl")
    ]


# What needs a GPU; none has run these yet.


@pytest.fixture
def cuda() -> str:
    if not torch.cuda.is_available():
        pytest.skip("no CUDA device here")
    return "cuda"


@pytest.mark.gpu
@pytest.mark.parametrize("precision", ["float32", "tf32", "bfloat16", "float16"])
def test_on_a_gpu_replays_are_updates_within_the_precision(make: Make, cuda: str, precision: str) -> None:
    if precision in ("tf32", "bfloat16") and torch.cuda.get_device_capability() < (8, 0):
        pytest.skip(f"this GPU has no {precision}")
    found = []
    for graph in ("off", "on"):
        made = make(device=cuda, precision=precision, cuda_graph=graph, ema_half_life=9.0)
        made = (replace(made[0], config=replace(made[0].config, deterministic=False)), made[1])
        found.append(steps(made, [1] * 5, recorder_for(made[0])))
    for plain, replayed in zip(*found, strict=True):  # on=required, so the second was replayed
        assert replayed == pytest.approx(plain, rel=0.02 if precision.endswith("float16") else 1e-3)


@pytest.mark.gpu
@pytest.mark.parametrize("settings", [{}, {"update_order": "simultaneous", "lambda_gp": 1.0, "norm": "instance"}])
def test_on_a_gpu_a_repeatable_run_is_the_same_bit_for_bit_with_graphs(
    make: Make, cuda: str, settings: dict[str, Any]
) -> None:
    found = []
    for graph in ("off", "on"):
        made = make(device=cuda, precision="float32", cuda_graph=graph, **settings)
        found.append((steps(made, [1, 2] * 4, recorder_for(made[0])), weights(made[0])))
    assert found[0][0] == found[1][0]
    assert all(map(torch.equal, found[0][1], found[1][1]))


@pytest.mark.gpu
def test_on_a_gpu_losses_are_finite_whatever_the_loop_does_between_replays(
    pair_folder: Path, tiny: Config, tmp_path: Path, cuda: str
) -> None:
    train(pair_folder, tmp_path / "run", replace(tiny, device=cuda, cuda_graph="on", images=40))
    assert all(math.isfinite(value) for line in losses_of(tmp_path / "run") for value in line.values())
