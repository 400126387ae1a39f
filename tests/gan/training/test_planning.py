"""What is known of a run before its first update, and that finding it out changes nothing."""

import shutil
from collections import namedtuple
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import torch

from p2p_datatools.contract.pictures.sizes import Size
from p2p_datatools.contract.progress import Reporter
from p2p_gan.config.config import Config
from p2p_gan.models.location import MODEL_FILE
from p2p_gan.runs import checkpoint
from p2p_gan.training import run
from p2p_gan.training.planning import Plan, plan
from p2p_gan.training.run import train
from p2p_gan.training.trial import used_memory

if TYPE_CHECKING:
    from conftest import Refused

Usage = namedtuple("Usage", "total used free")


class Shown(Reporter):
    """What a run shows and what it says."""

    def __init__(self) -> None:
        self.plans: list[Plan] = []
        self.lines: list[str] = []

    def show(self, value: object) -> None:
        assert isinstance(value, Plan)
        self.plans.append(value)

    def note(self, line: str) -> None:
        self.lines.append(line)


def test_a_plan_knows_networks_time_memory_and_disk_and_writes_nothing(
    pair_folder: Path, tiny: Config, tmp_path: Path
) -> None:
    planned = plan(pair_folder, replace(tiny, batch=5), tmp_path / "run")
    assert not (tmp_path / "run").exists()
    assert (planned.pairs, planned.updates, planned.done) == (8, 3, 0)
    assert planned.receptive_fields == (34,)
    assert planned.generator_parameters > planned.discriminator_parameters > 0
    assert planned.seconds_per_image is not None
    assert planned.seconds == pytest.approx(12 * planned.seconds_per_image)
    assert planned.memory is not None
    assert planned.memory.parts["networks"] == 16 * (planned.generator_parameters + planned.discriminator_parameters)
    assert planned.memory.parts["batch"] > 5 * 3 * 32 * 32 * 4
    assert planned.memory.free > 0
    # The same that progress shows: all that the process has, so that a plan of 72 MB does not become 541 MB.
    assert planned.memory.parts["program and pairs"] == planned.memory.held
    assert 0.5 < planned.memory.total / used_memory(torch.device("cpu")) < 1.5
    assert planned.disk.free > planned.disk.total > 0
    assert (planned.direction, planned.config.batch, planned.held_out) == ("mask-to-photo", 5, "test")


def test_a_place_that_the_run_could_not_have_is_refused_by_its_plan_too(
    pair_folder: Path, tiny: Config, tmp_path: Path, refused: "Refused"
) -> None:
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "notes.txt").touch()
    for place, code in (
        (pair_folder / "train" / "run", "destination-inside-source"),
        (tmp_path / "taken", "destination-taken"),
    ):
        with refused(code, usage=True):
            plan(pair_folder, tiny, place)
        with refused(code, usage=True):
            train(pair_folder, place, tiny)


def test_pairs_that_are_kept_in_their_own_shape_are_counted_by_it(pair_folder: Path, tiny: Config) -> None:
    planned = plan(pair_folder, replace(tiny, fit="keep", batch=2))
    assert planned.shapes == ((Size(32, 32), 8),)


def test_a_plan_says_when_biases_alone_keep_a_model_from_the_reference(pair_folder: Path, tiny: Config) -> None:
    reference = replace(tiny, max_filters=8 * tiny.generator_filters)
    planned = plan(pair_folder, reference)
    assert planned.unexportable is not None
    assert "down.0, down.4" in planned.unexportable
    assert plan(pair_folder, replace(reference, bias_before_norm=False)).unexportable is None
    assert plan(pair_folder, tiny).unexportable is None  # of another shape in any case


def test_a_plan_for_several_devices_is_made_by_one_process(pair_folder: Path, tiny: Config) -> None:
    planned = plan(pair_folder, replace(tiny, device="cpu*2", batch=4))
    assert (planned.processes, planned.config.device, planned.config.batch, planned.updates) == (2, "cpu", 4, 3)


def test_a_run_shows_its_plan_and_puts_none_of_it_into_words(
    make_pairs: Callable[..., Path], tiny: Config, tmp_path: Path
) -> None:
    shown = Shown()
    pairs = make_pairs(tmp_path / "pairs", {"train": 4, "val": 1})  # of which none shows the same as another
    summary = train(pairs, tmp_path / "run", replace(tiny, images=1), report=shown)
    assert shown.plans == [summary.plan]
    assert shown.lines == []


def test_the_disk_space_that_is_planned_is_at_least_what_a_run_takes(
    pair_folder: Path, run_folder: Path, tiny: Config, tmp_path: Path
) -> None:
    planned = plan(pair_folder, tiny, tmp_path / "run")
    shutil.copytree(run_folder, tmp_path / "run")
    taken = sum(file.stat().st_size for file in (tmp_path / "run").rglob("*.safetensors"))
    assert taken < planned.disk.parts["checkpoints and models"] < 3 * taken
    resumed = plan(pair_folder, replace(tiny, images=20), tmp_path / "run")
    assert resumed.done == 12
    assert resumed.disk.parts["checkpoints and models"] < planned.disk.parts["checkpoints and models"] / 2


def test_a_disk_that_is_too_small_is_reported_before_anything_is_written(
    pair_folder: Path, tiny: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refused: "Refused"
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(10**6, 10**6 - 1000, 1000))
    with refused("no-space", tmp_path / "run") as error:
        train(pair_folder, tmp_path / "run", tiny)
    assert "the disk has 1 KB free" in error.value.what
    assert not (tmp_path / "run").exists()


def test_timing_leaves_no_trace_in_the_run(
    pair_folder: Path, tiny: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown, config = Shown(), replace(tiny, images=4)
    for name, least in (("timed", 1), ("untimed", 1000)):
        monkeypatch.setattr(run, "TIMED_FROM", least)
        train(pair_folder, tmp_path / name, config, report=shown)
    assert [planned.seconds is not None for planned in shown.plans] == [True, False]
    assert shown.lines.count("timing ten updates ...") == 1
    for first, second in (
        (tmp_path / name / MODEL_FILE for name in ("timed", "untimed")),
        (max((tmp_path / name / checkpoint.CHECKPOINTS).glob("*.safetensors")) for name in ("timed", "untimed")),
    ):
        assert first.read_bytes() == second.read_bytes()
