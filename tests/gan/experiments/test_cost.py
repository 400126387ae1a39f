"""What a study will take follows from what its pairs are."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from p2p_gan.bench.operations import Operations
from p2p_gan.config.config import Config
from p2p_gan.config.parse import with_settings
from p2p_gan.data.task import open_for_training
from p2p_gan.experiments import cost


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
