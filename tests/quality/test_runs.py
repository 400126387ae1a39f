"""The runs of benchmarks/quality: found again by what changes their result, and timed by the processor."""

import time
from dataclasses import replace
from pathlib import Path

from benchmarks.quality.__main__ import read_arms
from benchmarks.quality.runs import Clock, place_run, with_images
from p2p_datatools.contract.files.atomic import read_lines
from p2p_gan.config.presets import PRESETS


def test_a_changed_setting_is_another_run_and_what_changes_no_result_is_the_same(tmp_path: Path) -> None:
    config = with_images(PRESETS["best"], 100, 3)
    run = place_run(tmp_path, "best", config)
    assert run.folder.name.endswith("seed3")
    run.folder.mkdir()
    assert place_run(tmp_path, "another name", config).folder == run.folder
    assert place_run(tmp_path, "best", replace(config, threads=2, log_every=7)).folder == run.folder
    for other in (replace(config, lambda_l1=50.0), with_images(config, 200, 3), replace(config, seed=4)):
        assert place_run(tmp_path, "best", other).folder != run.folder


def test_the_arms_of_the_file_are_possible_and_the_first_is_among_those_that_are_chosen() -> None:
    path = Path(__file__).parents[2] / "benchmarks" / "quality" / "arms.toml"
    assert list(read_arms(path, ["projected 1"])) == ["paper", "projected 1"]
    arms = read_arms(path, None)
    assert len(arms) > 2
    now, before, from_before = (
        (arms[name].dropout, arms[name].segmentation_balanced) for name in ("best", "best before", "frequency 100")
    )
    assert from_before == before != now


def test_the_average_of_weights_spans_the_same_share_of_every_length() -> None:
    assert with_images(PRESETS["best"], 800, 0).ema_half_life == 100
    assert with_images(PRESETS["paper"], 800, 0).ema_half_life == 0


def test_the_clock_counts_the_processor_time_of_training_alone_and_not_the_first_updates(tmp_path: Path) -> None:
    clock = Clock(tmp_path / "clock.jsonl")
    clock.start("reading", 200)
    for _ in range(200):
        clock.advance(1)
    clock.start("training", 160)
    for _ in range(160):
        clock.advance(1)
    time.sleep(0.05)  # a busy machine
    lines = read_lines(tmp_path / "clock.jsonl")
    assert len(lines) == 2
    assert all(0 <= line["seconds"] < 0.001 for line in lines)
