"""What is said of a run before its first update, and that saying it changes nothing."""

import shutil
from collections import namedtuple
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from p2p_datatools.contract.progress import Reporter
from p2p_gan.config.config import Config
from p2p_gan.models.model import FILE
from p2p_gan.runs import checkpoint
from p2p_gan.training import run
from p2p_gan.training.planning import Need, count_text, plan, plan_lines, size_text, time_text
from p2p_gan.training.run import train

if TYPE_CHECKING:
    from conftest import Refused

Usage = namedtuple("Usage", "total used free")


class Notes(Reporter):
    def __init__(self) -> None:
        self.lines: list[str] = []

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
    text = "\n".join(plan_lines(planned))
    for word in ("mask-to-photo", "patches of 34x34", "images/s", "memory", "disk", "batch 5"):
        assert word in text


def test_a_plan_counts_small_networks_one_thread_and_whole_epochs_in_plain_words(
    pair_folder: Path, tiny: Config
) -> None:
    first, second, third, *_ = plan_lines(replace(plan(pair_folder, replace(tiny, threads=1, images=16))))
    assert "16 images in all (2 epochs)" in first
    assert " K parameters, discriminator of " in second
    assert "0.0" not in second
    assert ", 1 thread, seed " in third


def test_one_shape_of_all_pictures_is_named_without_a_list(pair_folder: Path, tiny: Config) -> None:
    kept = plan(pair_folder, replace(tiny, fit="keep", batch=2))
    assert "at 32x32 (keep), 12 images" in plan_lines(kept)[0]


def test_the_disk_that_is_planned_is_no_less_than_what_a_run_takes(
    pair_folder: Path, tiny: Config, tmp_path: Path
) -> None:
    planned = plan(pair_folder, tiny, tmp_path / "run")
    train(pair_folder, tmp_path / "run", tiny)
    taken = sum(file.stat().st_size for file in (tmp_path / "run").rglob("*.safetensors"))
    assert taken < planned.disk.parts["checkpoints and models"] < 3 * taken
    resumed = plan(pair_folder, replace(tiny, images=20), tmp_path / "run")
    assert resumed.done == 12
    assert resumed.disk.parts["checkpoints and models"] < planned.disk.parts["checkpoints and models"] / 2


def test_a_disk_that_is_too_small_is_told_before_anything_is_written(
    pair_folder: Path, tiny: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refused: "Refused"
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(10**6, 10**6 - 1000, 1000))
    with refused("no-space", tmp_path / "run") as error:
        train(pair_folder, tmp_path / "run", tiny)
    assert "1 KB are free" in error.value.what
    assert not (tmp_path / "run").exists()


def test_timing_leaves_no_trace_in_the_run(
    pair_folder: Path, tiny: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    notes = Notes()
    for name, least in (("timed", 1), ("untimed", 1000)):
        monkeypatch.setattr(run, "TIMED_FROM", least)
        train(pair_folder, tmp_path / name, tiny, report=notes)
    assert len([line for line in notes.lines if "images/s" in line]) == 1
    assert len([line for line in notes.lines if "so few are not timed" in line]) == 1
    for first, second in (
        (tmp_path / name / FILE for name in ("timed", "untimed")),
        (max((tmp_path / name / checkpoint.FOLDER).glob("*.safetensors")) for name in ("timed", "untimed")),
    ):
        assert first.read_bytes() == second.read_bytes()


def test_more_memory_than_there_is_is_said(pair_folder: Path, tiny: Config) -> None:
    planned = replace(plan(pair_folder, tiny), memory=Need({"networks": 8, "batch": 8}, 10))
    assert "memory about 16 bytes (networks 8 bytes, batch 8 bytes); 10 bytes free - more than there is" in plan_lines(
        planned
    )


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(4.2, "4 s"), (600, "10 min"), (3 * 3600 + 1200, "3 h 20 min"), (3 * 86400, "3.0 days")],
)
def test_durations_are_told_in_two_units_at_most(seconds: float, text: str) -> None:
    assert time_text(seconds) == text


@pytest.mark.parametrize(
    ("size", "text"), [(12, "12 bytes"), (1_234, "1.23 KB"), (999_900_000, "1 GB"), (123_400_000_000, "123 GB")]
)
def test_sizes_are_told_in_three_digits(size: int, text: str) -> None:
    assert size_text(size) == text


def test_a_plan_for_several_devices_says_what_each_has(pair_folder: Path, tiny: Config) -> None:
    lines = plan_lines(plan(pair_folder, replace(tiny, device="cpu*2", batch=4)))
    assert any(
        line.startswith("2 times cpu, 2 pairs of a batch on each, statistics together, float32") for line in lines
    )
    assert any("without what devices send each other" in line for line in lines)


@pytest.mark.parametrize(
    ("count", "text"), [(12, "12"), (1_234, "1.23 K"), (176_400, "176 K"), (54_414_000, "54.4 M"), (999_900, "1 M")]
)
def test_parameters_are_told_in_three_digits(count: int, text: str) -> None:
    assert count_text(count) == text
