"""The whole measurement, with small networks and short times."""

from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from gan.fake_gpu import install

from p2p_datatools.contract.progress import Reporter
from p2p_gan.bench import measurements
from p2p_gan.bench.measurements import UpdateSpeed, run_bench, scale_time
from p2p_gan.bench.operations import Operations
from p2p_gan.bench.rates import Measurement, Rates
from p2p_gan.config.config import Config
from p2p_gan.config.presets import TABLE
from p2p_gan.data.dataset import PairDataset
from p2p_gan.machine.device import keep_arithmetic
from p2p_gan.machine.load import Load, LoadMeter
from p2p_gan.training import speed
from p2p_gan.training.job import Job
from p2p_gan.training.planning import plan

if TYPE_CHECKING:
    from conftest import Refused

TEN = Measurement(10.0, 9.0, 11.0, 3)
RATES = Rates(*[TEN] * len(fields(Rates)))


class Counted(Reporter):
    """How far it says it is."""

    def __init__(self) -> None:
        self.total = self.done = 0

    def start(self, what: str, total: int, done: int = 0, *, unit: str = "") -> None:
        self.total = total

    def advance(self, units: int = 1, **figures: float) -> None:
        self.done += units


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch, tiny: Config, tmp_path: Path) -> Config:
    """The presets as tiny networks, and a machine that is quiet and measured at once."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    tiny, table = replace(tiny, unet_depth=2, discriminator_layers=1), {}
    for name, each in TABLE.items():
        config = replace(tiny, threads=0, images=each.config.images, batch=min(2, each.config.batch))
        table[name] = replace(each, config=config)
    monkeypatch.setattr(measurements, "TABLE", table)
    monkeypatch.setattr(measurements, "count_operations", lambda config: Operations(1e9, 1e8, config.batch))
    monkeypatch.setattr(measurements, "_SECONDS", 0.0)
    monkeypatch.setattr(measurements, "_FORWARD", 0.0)
    for place in ("trial._PATIENCE", "trial._BLOCK", "memory_format._BLOCK", "memory_format._PATIENCE"):
        monkeypatch.setattr(f"p2p_gan.training.{place}", 0.0)
    monkeypatch.setattr("p2p_gan.training.memory_format._LONG", 0.0)
    monkeypatch.setattr(measurements, "measure_load", lambda: Load(2, 0.0))
    monkeypatch.setattr(speed, "measure_load", lambda: Load(2, 0.0))
    monkeypatch.setattr(LoadMeter, "read", lambda _: Load(2, 0.0))

    def rates(device: object, precision: str, threads: int, advance: object) -> Rates:
        for _ in range(len(fields(Rates))):
            advance()  # type: ignore[operator]
        return RATES

    monkeypatch.setattr(measurements, "measure_rates", rates)
    return table["paper"].config


def test_a_machine_is_measured_and_the_plan_of_a_run_uses_the_time_of_its_updates(
    small: Config, pair_folder: Path
) -> None:
    report = Counted()
    found = run_bench("cpu", report=report)
    assert report.done == report.total
    assert [each.preset for each in found.updates] == ["paper", "tiny"]
    for each in found.updates:
        assert 0 < each.update.low <= each.update.median <= each.update.high
        assert each.ratio == pytest.approx(each.update.median / (each.gflop / 10 + each.optimizer_gb / 10))
    assert [each.preset for each in found.presets] == list(TABLE)
    images = {each.preset: each.images for each in found.presets}
    assert (images["cars"], images["tiny"]) == (40_000, 2_800)
    assert images["paper-maps"] == small.epochs * 1_096
    assert all(each.seconds for each in found.presets)
    assert {each.preset for each in found.presets if each.measured} == {"paper", "tiny"}
    assert found.layouts is not None
    planned = plan(pair_folder, replace(small, images=10_000))
    assert planned.speed is not None
    assert planned.speed.timing.seconds_per_image == planned.seconds_per_image
    assert planned.speed.load == Load(2, 0.0)


def test_on_a_gpu_the_replayed_updates_of_a_run_are_measured_in_both_memory_layouts(
    small: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(measurements, "_LAYOUTS", 1)
    monkeypatch.setattr(measurements, "_MEASURED", ("paper",))
    gpu, before, timed = install(monkeypatch), measurements._updates, list[tuple[bool, bool]]()

    def updates(job: Job, dataset: PairDataset) -> Callable[[], object]:
        batch = dataset.batch([0], job.device, job.memory_format)
        weight = next(each for each in job.nets.generator.parameters() if each.dim() == 4 and each.shape[1] > 1)
        timed.append((batch.a.is_contiguous(), weight.is_contiguous()))
        return before(job, dataset)

    monkeypatch.setattr(measurements, "_updates", updates)
    with keep_arithmetic(), gpu:
        found = run_bench("cuda")
    assert found.layouts is not None
    assert timed[1:3] == [(False, False), (True, True)]  # pictures lie as the networks that are timed with them
    assert gpu.replays > 2 * len(found.updates)


def test_another_update_takes_as_many_times_its_floor_as_the_one_that_was_measured() -> None:
    update = UpdateSpeed(
        "paper", "", 1, "", 1, Measurement(3.0, 3.0, 3.0, 1), TEN, gflop=10.0, optimizer_gb=5.0, floor=1.5
    )
    assert update.ratio == 2.0
    assert scale_time(update, Operations(40e9, 20e9, 4), RATES) == pytest.approx(2.0 * 6.0)


def test_a_device_that_does_not_exist_is_refused_before_anything_is_measured(refused: "Refused") -> None:
    with refused("unknown-device", "device=toaster", usage=True):
        run_bench("toaster")
