"""Each thing that can go wrong in a run is provoked, and must be told once, with what to do."""

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch

from p2p_datatools.contract.errors import P2PError
from p2p_datatools.contract.files.atomic import read_lines
from p2p_datatools.contract.pairs.opening import open_pairs
from p2p_gan.config.config import Config
from p2p_gan.data.dataset import Batch, PairDataset, load_dataset
from p2p_gan.machine.load import Load
from p2p_gan.runs import checkpoint
from p2p_gan.runs.compare import read_runs
from p2p_gan.training import guards
from p2p_gan.training.guards import EARLY, WINDOW, DivergedError, LossHistory, Observation, Watch
from p2p_gan.training.job import Job, make_job
from p2p_gan.training.probe import Probe, first_bad_tensor, probe
from p2p_gan.training.run import train
from p2p_gan.training.steps import update
from p2p_gan.updates.step import Networks, train_step

if TYPE_CHECKING:
    from conftest import Notes

LATE = EARLY + 1
NO_SCORES = (np.zeros(1, np.float32), np.zeros(1, np.float32))
WELL = Probe(0.9, 0.9, 0.2, 0.6, NO_SCORES)
LOSSES = {"d_real": 0.6, "d_fake": 0.6, "g_gan": 0.7, "g_l1": 0.2}


@pytest.fixture
def job(pair_folder: Path, tiny: Config) -> Job:
    return make_job(open_pairs(pair_folder), tiny)


@pytest.fixture
def batch(job: Job) -> Batch:
    return load_dataset(job.folder, job.task, job.config).batch([0, 1], job.device)


def looks(watch: Watch, look: Observation, count: int = WINDOW, images: int = LATE) -> list[str]:
    return [guard for _ in range(count) for guard in watch.look(look, images)]


def stats(run: Path) -> list[dict[str, Any]]:
    return read_lines(run / "stats.jsonl")


@pytest.fixture
def poisoned(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Make the n-th update put a number that is none into the weights first, at the full rate only."""

    def poison(at: int) -> None:
        calls = iter(range(10_000))

        def step(nets: Networks, *arguments: Any, **named: Any) -> torch.Tensor:
            full = nets.generator_optimizer.param_groups[0]["lr"] > 3e-4
            if next(calls) == at and full:
                with torch.no_grad():
                    next(iter(nets.discriminator_and_optimizer[0].parameters()))[0, 0, 0, 0] = math.nan
            return train_step(nets, *arguments, **named)

        monkeypatch.setattr(update, "train_step", step)

    return poison


def test_a_loss_that_is_not_a_number_stops_the_run_and_names_loss_tensor_update_and_files(
    pair_folder: Path, tiny: Config, tmp_path: Path, poisoned: Callable[[int], None], job: Job
) -> None:
    poisoned(6)
    with pytest.raises(DivergedError, match="after image 6 ") as caught:
        train(pair_folder, tmp_path / "run", tiny)
    dataset = load_dataset(job.folder, job.task, job.config)
    file = job.folder.of("train")[dataset.order.index(6)].file
    assert caught.value.found == {
        "images": 6,
        "loss": "d_real",
        "tensor": "generator.down.0.conv.weight",
        "files": (file,),
    }
    assert file in str(caught.value)
    assert "--set recover=on" in str(caught.value)
    assert stats(tmp_path / "run")[-1]["diverged"]["images"] == 6
    assert checkpoint.latest(tmp_path / "run").images == 4  # the last that was good


def test_a_run_that_may_recover_goes_back_once_at_half_the_learning_rate(
    pair_folder: Path, tiny: Config, tmp_path: Path, poisoned: Callable[[int], None], notes: "Notes"
) -> None:
    steady = replace(tiny, lr_schedule="constant", recover=True, images=8)
    poisoned(6)
    summary = train(pair_folder, tmp_path / "run", steady, report=notes)
    assert summary.images == 8
    assert len([line for line in notes.lines if "returns to image 4" in line]) == 1
    lines = [line for line in stats(tmp_path / "run") if "g_l1" in line]
    assert [(line["images"], line["learning_rate"]) for line in lines] == [(4, 4e-4), (8, 2e-4)]
    again = checkpoint.load_latest(tmp_path / "run", make_job(open_pairs(pair_folder), steady).nets)
    assert again is not None
    assert again.extra["slowed"] == 0.5


def test_the_record_of_a_run_that_went_back_has_each_image_once(
    pair_folder: Path, tiny: Config, tmp_path: Path, poisoned: Callable[[int], None]
) -> None:
    poisoned(6)
    train(pair_folder, tmp_path / "run", replace(tiny, lr_schedule="constant", recover=True, log_every=2, images=8))
    assert [line["images"] for line in stats(tmp_path / "run") if "g_l1" in line] == [2, 4, 6, 8]


def test_a_run_recovers_from_its_very_beginning_but_not_twice(
    pair_folder: Path, tiny: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def step(nets: Networks, *arguments: Any, **named: Any) -> torch.Tensor:
        return torch.full((4,), math.nan)

    monkeypatch.setattr(update, "train_step", step)
    with pytest.raises(DivergedError) as caught:
        train(pair_folder, tmp_path / "run", replace(tiny, recover=True))
    assert "recover=on the run has returned to a checkpoint once already" in caught.value.to_do
    assert "precision" not in caught.value.to_do, "it is float32 already"
    assert [line["recovered_from"]["images"] for line in stats(tmp_path / "run") if "recovered_from" in line] == [0]
    assert read_runs([tmp_path / "run"])[0].state == "diverged"


def test_a_run_that_has_recovered_does_not_do_so_again_when_it_is_continued(
    pair_folder: Path, tiny: Config, tmp_path: Path, poisoned: Callable[[int], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    steady = replace(tiny, lr_schedule="constant", recover=True, images=8)
    poisoned(6)
    train(pair_folder, tmp_path / "run", steady)
    monkeypatch.setattr(update, "train_step", lambda *_, **__: torch.full((4,), math.nan))
    with pytest.raises(DivergedError):
        train(pair_folder, tmp_path / "run", replace(steady, images=20))
    assert len([line for line in stats(tmp_path / "run") if "recovered_from" in line]) == 1


def test_nan_weights_are_never_saved(
    pair_folder: Path, tiny: Config, tmp_path: Path, poisoned: Callable[[int], None]
) -> None:
    poisoned(2)
    with pytest.raises(DivergedError):
        train(pair_folder, tmp_path / "run", replace(tiny, checkpoint_every=3, log_every=100))
    assert checkpoint.latest(tmp_path / "run").images == 0
    assert not (tmp_path / "run" / "model.safetensors").exists()


def test_the_first_bad_tensor_is_named_by_its_network(job: Job) -> None:
    assert first_bad_tensor(job) is None
    with torch.no_grad():
        job.nets.discriminator_and_optimizer[0].get_parameter("last.bias")[0] = math.inf
    assert first_bad_tensor(job) == "discriminator.last.bias"


def test_the_history_forgets_old_updates_and_finds_the_oldest_bad_one_it_has(tiny: Config) -> None:
    history = LossHistory(("a", "b"), replace(tiny, log_every=4, batch=2))
    for number, loss in enumerate((math.nan, 1.0, 1.0, 1.0, 1.0, 1.0)):
        history.add([1.0, loss], number * 2, 2)
    assert history.first_bad() is None  # five rows; the bad one was in the first update
    history.add([1.0, math.inf], 12, 2)
    history.add([math.nan, 1.0], 14, 2)
    assert history.first_bad() == ("b", 12, 2)


def test_an_empty_output_is_seen_by_the_probe_and_reported_once(job: Job, batch: Batch) -> None:
    with torch.no_grad():
        for name in ("last.weight", "last.bias"):
            job.nets.generator.get_parameter(name).zero_()
    seen = probe(job, batch)
    assert seen.output_range < guards.FLAT < seen.real_range
    watch = Watch(job.config)
    assert looks(watch, Observation(LOSSES, 0.0, seen), WINDOW + 3) == ["empty"]


def test_collapsed_variants_are_seen_by_the_probe_and_reported_once(job: Job, batch: Batch) -> None:
    assert (probe(job, batch).variants or 0) > 0
    with torch.no_grad():
        # What comes through the decoder, where the dropout is, no longer reaches the output; the skip does.
        weight = job.nets.generator.get_parameter("last.weight")
        weight[: len(weight) // 2].zero_()
        weight.mul_(50)
    seen = probe(job, batch)
    assert seen.variants == 0
    assert seen.output_range > guards.FLAT
    assert looks(Watch(job.config), Observation(LOSSES, 0.0, seen), WINDOW + 3) == ["collapsed"]


@pytest.mark.parametrize(
    ("settings", "can"),
    [
        ({"dropout": 0.0}, False),
        ({"dropout_skip": 8}, False),  # past the last block that could have any
        ({"dropout": 0.0, "noise_channels": 2}, True),
        ({"generator": "resnet", "resnet_blocks": 1, "dropout_blocks": 0}, True),  # a resnet has it in every block
    ],
)
def test_only_what_is_left_to_chance_can_collapse(
    pair_folder: Path, tiny: Config, settings: dict[str, Any], can: bool
) -> None:
    job = make_job(open_pairs(pair_folder), replace(tiny, **settings))
    batch = load_dataset(job.folder, job.task, job.config).batch([0], job.device)
    assert (probe(job, batch).variants is not None) == can


def test_a_discriminator_that_has_won_is_reported(job: Job, batch: Batch) -> None:
    # Against a generator that does not learn, it must win.
    frozen = replace(job.nets, generator_optimizer=torch.optim.SGD(job.nets.generator.parameters(), lr=0.0))
    job.nets.discriminator_and_optimizer[1].param_groups[0]["lr"] = 2e-3
    for _ in range(80):
        found = train_step(frozen, batch, job.recipe, job.autocast)
    losses = dict(zip(LOSSES, found.tolist(), strict=True))
    assert max(losses["d_real"], losses["d_fake"]) < 0.1
    seen = probe(job, batch)
    assert (seen.d_accuracy or 0) >= guards.SURE
    watch = Watch(job.config)
    assert looks(watch, Observation(losses, 0.0, seen), WINDOW - 1) == []
    assert looks(watch, Observation(losses, 0.0, seen), 1) == ["won"]


@pytest.mark.parametrize(("losses", "accuracy"), [({"d_real": 0.5}, 1.0), ({"d_fake": 0.5}, 1.0), ({}, 0.7)])
def test_a_discriminator_has_not_won_while_a_loss_is_high_or_patches_pass(
    tiny: Config, losses: dict[str, float], accuracy: float
) -> None:
    look = Observation({**LOSSES, "d_real": 0.01, "d_fake": 0.01, **losses}, 0.0, replace(WELL, d_accuracy=accuracy))
    assert looks(Watch(tiny), look) == []


@pytest.mark.parametrize(("accuracy", "told"), [(1.0, ["won"]), (0.98, [])])
def test_six_hundred_images_without_a_mistake_are_reported_whatever_the_losses(
    tiny: Config, accuracy: float, told: list[str]
) -> None:
    look = Observation({**LOSSES, "d_real": 0.5, "d_fake": 0.5}, 0.0, replace(WELL, d_accuracy=accuracy))
    watch = Watch(tiny)
    assert looks(watch, look, WINDOW) == []
    assert looks(watch, look, 2) == told


def test_losses_of_a_discriminator_that_errs_rarely_need_not_be_near_0(tiny: Config) -> None:
    look = Observation({**LOSSES, "d_real": 0.25, "d_fake": 0.2}, 0.0, replace(WELL, d_accuracy=0.98))
    assert looks(Watch(tiny), look) == ["won"]


def test_smoothed_targets_do_not_hide_that_the_discriminator_has_won(tiny: Config) -> None:
    look = Observation({**LOSSES, "d_real": 0.35, "d_fake": 0.01}, 0.0, replace(WELL, d_accuracy=1.0))
    assert looks(Watch(replace(tiny, label_smoothing=0.1)), look) == ["won"]
    assert looks(Watch(tiny), look) == []


def test_a_wgan_critic_has_no_accuracy_and_is_never_reported_to_have_won(
    pair_folder: Path, tiny: Config, batch: Batch
) -> None:
    config = replace(tiny, gan_loss="wgan", lambda_gp=10.0, discriminator_norm="instance")
    assert probe(make_job(open_pairs(pair_folder), config), batch).d_accuracy is None
    assert looks(Watch(config), Observation(dict.fromkeys(LOSSES, 0.0), 0.0, replace(WELL, d_accuracy=None))) == []


def test_a_machine_that_others_slow_down_is_reported_and_the_run_keeps_its_threads(tiny: Config) -> None:
    watch = Watch(replace(tiny, threads=2))
    quiet, busy = Load(2, 0.1), Load(2, 1.5)
    looks(watch, Observation(LOSSES, 0.0, WELL, 20.0, quiet))
    assert looks(watch, Observation(LOSSES, 0.0, WELL, 5.0, quiet)) == []  # slower, but not for others
    assert looks(watch, Observation(LOSSES, 0.0, WELL, 18.0, busy)) == []  # others, but hardly slower
    slow = Observation(LOSSES, 0.0, WELL, 8.0, busy)
    said = [line for _ in range(WINDOW) for line in watch.look(slow, LATE).items()]
    assert [guard for guard, _ in said] == ["busy"]
    assert "leave 0.5 of 2 cores, and images take 2.5 times as long" in said[0][1]
    assert "keeps its 2 threads" in said[0][1]
    assert looks(watch, Observation(LOSSES, 0.0, WELL, 8.0, None)) == []


def test_a_loader_that_starves_the_device_is_measured_and_reported(tiny: Config) -> None:
    watch = Watch(tiny)
    assert looks(watch, Observation(LOSSES, 0.6, WELL), WINDOW + 2) == ["starved"]
    looks(watch, Observation(LOSSES, 0.01, WELL))
    assert looks(watch, Observation(LOSSES, 0.6, WELL), WINDOW) == ["starved"]  # it had been well in between


def test_the_wait_for_data_is_a_value_in_the_record(
    pair_folder: Path, tiny: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = _Clock()
    real = PairDataset.batch

    def slow(*arguments: Any) -> Batch:
        clock.now += 9.0  # a loader that takes nine seconds, while everything else takes none
        return real(*arguments)

    monkeypatch.setattr(PairDataset, "batch", slow)
    for name in ("perf_counter", "monotonic"):
        monkeypatch.setattr(time, name, clock)
    train(pair_folder, tmp_path / "run", replace(tiny, images=8))
    assert [line["waited"] for line in stats(tmp_path / "run") if "waited" in line] == pytest.approx([1.0, 1.0])


class _Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        self.now += 1e-9  # filelock 3.12 waits without end when no time passes
        return self.now


def test_nothing_is_reported_in_the_first_updates(tiny: Config) -> None:
    bad = Observation(LOSSES, 0.9, replace(WELL, output_range=0.0))
    assert looks(Watch(tiny), bad, images=EARLY - 1) == []
    assert looks(Watch(replace(tiny, batch=4)), bad, images=4 * EARLY - 1) == []


def test_a_probe_leaves_no_trace(pair_folder: Path, tiny: Config, tmp_path: Path, monkeypatch: Any) -> None:
    for name, every in (("often", 1), ("never", 1000)):
        monkeypatch.setattr("p2p_gan.training.tracking.tracker.PROBE_EVERY", every)
        train(pair_folder, tmp_path / name, replace(tiny, log_every=every if every == 1 else 6, batch=2, images=6))
    newest = [max((tmp_path / name / checkpoint.CHECKPOINTS).glob("*.safetensors")) for name in ("often", "never")]
    assert newest[0].read_bytes() == newest[1].read_bytes()
    assert len([line for line in stats(tmp_path / "often") if "d_accuracy" in line]) == 3


def test_a_problem_is_recorded_and_noted_in_one_line(
    pair_folder: Path, tiny: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, notes: "Notes"
) -> None:
    def told(self: Watch, look: Observation, images: int) -> Iterator[str] | dict[str, str]:
        return {"won": "The discriminator has won."} if images == 8 else {}

    monkeypatch.setattr(Watch, "look", told)
    train(pair_folder, tmp_path / "run", replace(tiny, images=8), report=notes)
    assert f"{tmp_path / 'run'}: image 8: The discriminator has won." in notes.lines
    assert [line["guards"] for line in stats(tmp_path / "run") if "guards" in line] == [["won"]]
    assert issubclass(DivergedError, P2PError)
