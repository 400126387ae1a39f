"""What a study will take follows from what its pairs are."""

import shutil
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from p2p_gan.bench.operations import Operations
from p2p_gan.config.config import Config
from p2p_gan.config.parse import with_settings
from p2p_gan.data.task import open_for_training
from p2p_gan.experiments import cost
from p2p_gan.experiments.plan import plan_study
from p2p_gan.experiments.study import run_study
from p2p_gan.training.planning import Need

if TYPE_CHECKING:
    from conftest import Refused


def test_a_place_that_the_study_could_not_have_is_refused_before_anything_is_timed_or_written(
    cars: Path, small: Config, losses: Path, tmp_path: Path, refused: "Refused"
) -> None:
    pairs = Path(shutil.copytree(cars, tmp_path / "pairs"))
    planned = plan_study(pairs, small, ("loss",))
    for name, code in (("pairs/train/study", "destination-inside-source"), ("taken", "destination-taken")):
        (tmp_path / "taken").mkdir(exist_ok=True)
        (tmp_path / "taken" / "notes.txt").touch()
        with refused(code, usage=True):
            cost.estimate_study(planned, pairs, tmp_path / name, 1)
        with refused(code, usage=True):
            run_study(pairs, tmp_path / name, small, tables=("loss",), seeds=1)
    assert sorted(each.name for each in (tmp_path / "taken").iterdir()) == ["notes.txt"]
    assert not (pairs / "train" / "study").exists()
    other = plan_study(pairs, with_settings(small, {"images": 6}), ("loss",))
    with refused("other-settings", losses, usage=True):
        cost.estimate_study(other, pairs, losses, 1)


def test_an_arm_costs_as_much_for_each_seed_and_in_several_tables_once_and_the_judge_is_one_run(
    small: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    arm, other, judge = (replace(small, seed=seed) for seed in range(3))
    flops = {arm: 2.0, other: 4.0, judge: 8.0}
    monkeypatch.setattr(cost, "refuse_dest", lambda *_: None)
    monkeypatch.setattr(cost, "_flops", lambda config, _: flops[config])
    planned = SimpleNamespace(seconds_per_image=0.5, disk=Need({"samples": 3}, 99))
    monkeypatch.setattr(cost, "plan", lambda *_, report: planned)
    study: Any = SimpleNamespace(arms={"a": arm, "a again": arm, "b": other}, base=arm, judge=judge, images=10)
    found = cost.estimate_study(study, tmp_path, tmp_path, 3)
    assert found.seconds == 0.5 * 10 * (3 * 1 + 3 * 2 + 4)
    assert found.disk.parts == {"samples": 3 * 7}


def test_noise_is_counted_where_the_pairs_have_it_and_not_wherever_features_are_asked_for(
    cars: Path, small: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted: list[Config] = []

    def count(config: Config) -> Operations:
        counted.append(config)
        return Operations(1.0, 1.0, 1)

    monkeypatch.setattr(cost, "count_operations", count)
    study: Any = SimpleNamespace(folder=open_for_training(cars))
    wished = {"noise_channels": "auto", "lambda_mode_seeking": "auto", "lambda_perceptual": 1, "perceptual_stages": 1}
    config = with_settings(small, wished)
    for other in ({"direction": "photo-to-mask"}, {"features": "off"}, {"features": "off", "noise_channels": 4}):
        cost._flops(with_settings(config, other), study)
    assert [each.noise_channels for each in counted] == [0, 0, 4]
    assert [each.lambda_mode_seeking for each in counted] == [0, 0, 0.5]


def test_arms_of_one_config_are_one_run_for_each_seed_and_the_segmenter_is_one_in_all(
    cars: Path, small: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cost, "count_operations", lambda config: Operations(float(config.generator_filters), 1.0, 1))
    planned = SimpleNamespace(seconds_per_image=10.0, disk=Need({"runs": 7}, 99))
    monkeypatch.setattr(cost, "plan", lambda *_, **__: planned)
    base, wide, judge = (with_settings(small, {"generator_filters": filters}) for filters in (2, 4, 8))
    study = replace(plan_study(cars, base, ("loss",)), arms={"a": base, "b": wide, "again": wide}, judge=judge)
    found = cost.estimate_study(study, cars, tmp_path / "study", 3)
    # Of a run of the base config one arm takes as long, one twice, and the segmenter four times.
    assert found == cost.StudyCost(10.0 * study.images * (3 * 1 + 3 * 2 + 4), Need({"runs": 7 * 7}, 99))
