"""Scores on held-out pairs."""

from pathlib import Path

import pytest

from p2p_datatools.contract.errors import P2PError
from p2p_gan.evaluate import evaluate


def test_a_model_is_scored_beside_the_mean_training_picture(run_folder: Path) -> None:
    scores = evaluate(run_folder, run_folder.parent / "pairs")
    assert scores.pictures == 2
    assert 0 < scores.l1 < 1
    assert 0 < scores.l1_mean < 0.3
    assert scores.ssim_mean > scores.ssim
    assert set(scores.color_error) == {"background", "body", "tyres"}


def test_a_split_without_pairs_is_named(run_folder: Path, tmp_path: Path, pair_folder: Path) -> None:
    with pytest.raises(P2PError, match="has no none pairs"):
        evaluate(run_folder, pair_folder, split="none")
