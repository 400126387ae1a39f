"""The training loop by itself: how it counts, at which learning rate it steps, and what it tells its callback when."""

import os
import signal
from collections import defaultdict
from dataclasses import replace
from pathlib import Path

import pytest

from p2p_gan.config.config import Config
from p2p_gan.data.dataset import PairDataset, Part, load_dataset
from p2p_gan.data.task import open_for_training
from p2p_gan.machine.distributed import Ranks
from p2p_gan.runs.checkpoint import Progress
from p2p_gan.training.job import Job, learning_rate_at, make_job
from p2p_gan.training.loop import StepResult, TrainingCallback, share_batches, training_loop
from p2p_gan.training.signals import StopRequest


class Events(TrainingCallback):
    """What the loop tells, with the learning rates of each step; asks it to stop after so many images."""

    def __init__(self, job: Job, stop: StopRequest, after: int = -1) -> None:
        self.told: list[object] = []
        self.learning_rates: list[set[float]] = []
        self._job, self._stop, self._after = job, stop, after

    def on_train_start(self) -> None:
        self.told.append("start")

    def on_step_end(self, step: StepResult) -> None:
        self.told.append((step.before, step.count, step.images, len(step.batch.a)))
        self.learning_rates.append({optimizer.param_groups[0]["lr"] for optimizer in self._job.nets.optimizers})
        if step.images == self._after:
            self._stop.asked = signal.SIGTERM

    def on_train_end(self) -> None:
        self.told.append("end")


@pytest.fixture
def made(pair_folder: Path, tiny: Config) -> tuple[Job, PairDataset]:
    job = make_job(open_for_training(pair_folder), replace(tiny, images=12, batch=5))
    return job, load_dataset(job.folder, job.task, job.config)


def progress_at(images: int, **extra: float) -> Progress:
    return Progress(images, [], 0, 0.0, extra=dict(extra))


def test_the_loop_ends_at_the_last_image_with_a_smaller_batch(made: tuple[Job, PairDataset]) -> None:
    job, dataset = made
    with StopRequest() as stop:
        events = Events(job, stop)
        assert training_loop(job, dataset, progress_at(0), stop, events) == 12
    assert events.told == ["start", (0, 5, 5, 5), (5, 5, 10, 5), (10, 2, 12, 2), "end"]


def test_a_resumed_loop_counts_on(made: tuple[Job, PairDataset]) -> None:
    job, dataset = made
    with StopRequest() as stop:
        events = Events(job, stop)
        assert training_loop(job, dataset, progress_at(10), stop, events) == 12
    assert events.told == ["start", (10, 2, 12, 2), "end"]


def test_a_signal_ends_the_loop_after_the_step_in_progress(made: tuple[Job, PairDataset]) -> None:
    job, dataset = made
    with StopRequest() as stop:
        events = Events(job, stop, after=5)
        assert training_loop(job, dataset, progress_at(0), stop, events) == 5
    assert events.told == ["start", (0, 5, 5, 5), "end"]


def test_a_signal_that_comes_while_processes_wait_for_each_other_ends_the_loop_after_the_next_step(
    made: tuple[Job, PairDataset], monkeypatch: pytest.MonkeyPatch
) -> None:
    job, dataset = made
    values = list[int]()

    def agree(ranks: Ranks, value: int) -> int:
        values.append(value)
        if len(values) == 1:
            os.kill(os.getpid(), signal.SIGTERM)
        return value

    monkeypatch.setattr(Ranks, "agree", agree)
    with StopRequest() as stop:
        assert training_loop(job, dataset, progress_at(0), stop, TrainingCallback()) == 5
        assert stop.asked == signal.SIGTERM
    assert values == [0, signal.SIGTERM, 0]


@pytest.mark.parametrize("factor", [1.0, 0.5])
def test_each_step_has_the_learning_rate_of_its_first_image_halved_after_a_recovery(
    made: tuple[Job, PairDataset], factor: float
) -> None:
    job, dataset = made
    with StopRequest() as stop:
        events = Events(job, stop)
        training_loop(job, dataset, progress_at(0, slowed=factor), stop, events)
    assert events.learning_rates == [{learning_rate_at(job.config, images) * factor} for images in (0, 5, 10)]
    assert len({rate for rates in events.learning_rates for rate in rates}) > 1, "the schedule falls"


@pytest.mark.parametrize("world", [1, 2, 3])
@pytest.mark.parametrize("count", [1, 2, 4, 5, 7, 8])
def test_every_pair_counts_alike_in_an_update_whichever_process_and_batch_it_falls_to(world: int, count: int) -> None:
    weights, pairs_in_norms = defaultdict[int, float](float), defaultdict[int, float](float)
    for rank in range(world):
        share, parts = share_batches(Ranks(rank, world), range(count), 4)
        left = list(share.positions)
        for part in parts if len(parts) > 1 else (Part(len(left), share.factor, share.weight),):
            own, left = left[: part.pairs], left[part.pairs :]
            for position in own:  # losses are means over a part's pairs, and over processes
                weights[position] += part.factor / part.pairs / world
                pairs_in_norms[position] += part.weight
        assert not left
    assert weights == pytest.approx(dict.fromkeys(range(count), 1 / count))
    assert pairs_in_norms == pytest.approx(dict.fromkeys(range(count), 1)), "pairs that two processes have count once"
