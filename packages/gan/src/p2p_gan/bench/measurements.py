"""Measures this machine for training: rates, updates and forward passes beside their floors, what presets will take.

Nothing here may train a run or change one; what is kept is the time of updates, which the plan of a run uses.
"""

import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from p2p_datatools.contract.machine import cores
from p2p_datatools.contract.pictures.images import write_png
from p2p_datatools.contract.progress import QUIET, Reporter
from p2p_gan.bench.diagnosis import Circumstances, Layouts, list_problems
from p2p_gan.bench.forecast import keep_preset_times
from p2p_gan.bench.operations import Operations, count_operations
from p2p_gan.bench.rates import Measurement, Rates, draw_photo, measure_rates, time_work
from p2p_gan.config.parse import with_settings
from p2p_gan.config.presets import TABLE, Preset
from p2p_gan.data.dataset import PairDataset
from p2p_gan.data.task import identify_files, open_for_training
from p2p_gan.machine.device import describe_machine, keep_arithmetic, resolve_device, resolve_precision
from p2p_gan.machine.load import Load, measure_load
from p2p_gan.machine.threads import resolve_threads
from p2p_gan.networks.base import InferencePass
from p2p_gan.training.job import Job, make_job
from p2p_gan.training.memory_format import FORMATS_TIMED_FROM, settle_memory_format, with_memory_format
from p2p_gan.training.speed import Speed, settle_speed
from p2p_gan.training.trial import prepare_data, stepper_for_trial, try_update

_MEASURED = ("paper", "tiny")  # presets whose updates are timed; the others are computed from them
_PAIRS = 4
_SECONDS, _MOST = 6.0, 20  # of updates, and how many
_FORWARD = 2.0
_LAYOUTS = 3  # updates with each
_RECORDED = 3  # the batch of a shape at which a run records its graph
_PATIENT = 60.0  # seconds from the start after which the other layout is not tried
_STEPS = 3  # of progress for each measured preset: threads, updates, forward passes


@dataclass(frozen=True)
class UpdateSpeed:
    """An update of a preset and a forward pass of its generator, in seconds, and what they compute.

    `floor` are the seconds of the operations at the measured rate of matrix products and of the optimisers' bytes at
    that of memory: an update that is not above it has nothing left to gain.
    """

    preset: str
    size: str
    batch: int
    precision: str
    threads: int
    update: Measurement
    forward: Measurement
    gflop: float
    optimizer_gb: float
    floor: float

    @property
    def ratio(self) -> float:
        """How many times the floor the update takes."""
        return self.update.median / self.floor


@dataclass(frozen=True)
class PresetTime:
    """What training a preset takes here, on the data set of its source: `seconds`, None where it was not measured.

    `measured` is whether an update of its own was timed; else the seconds are computed from the paper's.
    """

    preset: str
    data: str
    images: int
    seconds: float | None
    measured: bool


@dataclass(frozen=True)
class BenchResult:
    """What was measured of this machine, and the sentences on what is wrong."""

    machine: dict[str, Any]
    capability: str
    load: Load
    variables: dict[str, str]
    rates: Rates
    updates: tuple[UpdateSpeed, ...]
    presets: tuple[PresetTime, ...]
    problems: tuple[str, ...]
    layouts: Layouts | None


@keep_arithmetic()
def run_bench(device: str = "auto", *, report: Reporter = QUIET) -> BenchResult:
    """Measure this machine in about two minutes; the times of updates are kept for the plans of later runs.

    Raises UsageError if the device does not exist.
    """
    began, where = time.monotonic(), resolve_device(device)
    precision = resolve_precision("auto", where)
    load = measure_load()
    report.start("measuring", len(fields(Rates)) + _STEPS * len(_MEASURED) + 1)
    try:
        rates = measure_rates(where, precision, resolve_threads(0), report.advance)
        updates, speeds, layouts = [], [], None
        for name in _MEASURED:
            with tempfile.TemporaryDirectory(prefix="p2p-") as folder:
                job, dataset, speed = _settle(name, device, Path(folder), report)
                updates.append(_measure_update(name, job, dataset, rates, report))
                speeds.append(speed)
                if name == "paper" and time.monotonic() - began < _PATIENT:
                    layouts = _compare_layouts(job, dataset)
        presets = tuple(_time_of(name, preset, updates, rates) for name, preset in TABLE.items())
        report.advance()
    finally:
        report.finish()
    keep_preset_times({each.preset: each.seconds / each.images for each in presets if each.seconds is not None})
    found = Circumstances.here(job, max((load, *(each.load for each in speeds)), key=lambda each: each.others or 0.0))
    return BenchResult(
        machine=describe_machine(where) | {"cores": cores()},
        capability=str(torch.backends.cpu.get_cpu_capability()),
        load=found.load,
        variables=found.variables,
        rates=rates,
        updates=tuple(updates),
        presets=presets,
        problems=tuple(list_problems(found, layouts)),
        layouts=layouts,
    )


def _settle(name: str, device: str, folder: Path, report: Reporter) -> tuple[Job, PairDataset, Speed]:
    """A job of the preset with some drawn pairs, its number of threads chosen and its time kept as a run would."""
    size = TABLE[name].config.size
    assert size is not None, "every preset has a size"
    photo = draw_photo(size.height, size.width)
    pair = np.concatenate(
        [photo, 255 - photo[::-1]], axis=1
    )  # two scenes, which the check of ordinary folders asks for
    for number in range(_PAIRS):
        write_png(folder / "train" / f"{number}.png", np.roll(pair, number), durable=False)
    config = with_settings(TABLE[name].config, {"device": device})
    job, dataset = prepare_data(make_job(identify_files(open_for_training(folder)), config), None)
    job = settle_memory_format(job, dataset, updates=FORMATS_TIMED_FROM, automatic=True, remeasure=True)
    job, speed = settle_speed(job, dataset, automatic=True, remeasure=True)
    report.advance()
    return job, dataset, speed


def _measure_update(name: str, job: Job, dataset: PairDataset, rates: Rates, report: Reporter) -> UpdateSpeed:
    update = time_work(_updates(job, dataset), seconds=_SECONDS, most=_MOST, device=job.device)
    report.advance()
    batch = dataset.batch([0], job.device, job.memory_format)
    options = InferencePass(job.card.statistics)

    def apply() -> None:
        with torch.no_grad(), job.autocast():
            job.nets.inference_generator(batch.a, options)

    forward = time_work(apply, seconds=_FORWARD, most=_MOST, device=job.device)
    report.advance()
    operations = count_operations(replace(job.config, device="cpu"))
    return UpdateSpeed(
        preset=name,
        size=str(job.config.size),
        batch=job.config.batch,
        precision=job.config.precision,
        threads=job.config.threads,
        update=Measurement.of(update),
        forward=Measurement.of(forward),
        gflop=operations.flops / 1e9,
        optimizer_gb=operations.optimizer_bytes / 1e9,
        floor=operations.floor(rates.matrix_all.median, rates.memory.median),
    )


def _updates(job: Job, dataset: PairDataset) -> Callable[[], object]:
    """An update as a run makes it: on a GPU the replay of a graph, which is recorded here."""
    stepper = stepper_for_trial(job)

    def update() -> None:
        batch = dataset.batch(dataset.positions(0, job.config.batch), job.device, job.memory_format)
        try_update(job, batch, stepper)

    for _ in range(_RECORDED if stepper else 0):
        update()
    return update


def _compare_layouts(job: Job, dataset: PairDataset) -> Layouts:
    """Time the memory layout that the networks have and the other one, in turn; the job's networks are used up."""
    times: dict[str, list[float]] = {"channels_last": [], "contiguous": []}
    for _ in range(_LAYOUTS):
        for layout, seconds in times.items():
            trial = with_memory_format(job, layout)  # pictures too: one in channels_last makes all maps so on a GPU
            seconds += time_work(_updates(trial, dataset), seconds=0.0, least=1, device=job.device)
    last, contiguous = (Measurement.of(each) for each in times.values())
    return Layouts(job.config.memory_format, last, contiguous)


def _time_of(name: str, preset: Preset, updates: list[UpdateSpeed], rates: Rates) -> PresetTime:
    config, paper = preset.config, next(each for each in updates if each.preset == "paper")
    images = config.images or config.epochs * preset.pairs
    own = next((each for each in updates if each.preset == name), None)
    if own is not None:
        return PresetTime(name, preset.data, images, own.update.median / own.batch * images, measured=True)
    operations = count_operations(config)
    seconds = scale_time(paper, operations, rates)
    return PresetTime(name, preset.data, images, seconds * images / config.batch, measured=False)


def scale_time(measured: UpdateSpeed, operations: Operations, rates: Rates) -> float:
    """The seconds of another update, which takes as many times its floor as the one that was measured."""
    return measured.ratio * operations.floor(rates.matrix_all.median, rates.memory.median)
