"""The training loop by itself: how it counts, at which learning rate it steps, and what it tells its callback when."""

import signal
from dataclasses import replace
from pathlib import Path

import pytest

from p2p_gan.config.config import Config
from p2p_gan.data.dataset import PairDataset, load_dataset
from p2p_gan.data.task import open_for_training
from p2p_gan.runs.checkpoint import Progress
from p2p_gan.training.job import Job, learning_rate_at, make_job
from p2p_gan.training.loop import StepResult, TrainingCallback, training_loop
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
