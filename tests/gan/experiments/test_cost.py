"""What a study will take follows from what its pairs are."""

import shutil
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
from p2p_gan.experiments.study import Study, run_study

if TYPE_CHECKING:
    from conftest import Refused


def test_a_place_that_the_study_could_not_have_is_refused_before_anything_is_timed_or_written(
    cars: Path, small: Config, study: Study, tmp_path: Path, refused: "Refused"
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
    with refused("other-settings", study.dest, usage=True):
        cost.estimate_study(planned, pairs, study.dest, 1)


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
