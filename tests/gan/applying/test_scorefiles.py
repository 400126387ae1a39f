"""What an evaluation leaves in a folder."""

import json
from pathlib import Path

import pytest

from p2p_datatools.contract.errors import UsageError
from p2p_datatools.contract.images import read_photo
from p2p_gan.applying.evaluate import Asked
from p2p_gan.applying.scorefiles import evaluate_into


def test_every_picture_has_a_line_and_a_picture_and_the_means_a_file(run_folder: Path, tmp_path: Path) -> None:
    scores = evaluate_into(tmp_path / "out", run_folder, run_folder.parent / "pairs", asked=Asked(variants=2))
    lines = [json.loads(line) for line in (tmp_path / "out" / "scores.jsonl").read_text().splitlines()]
    assert [line["name"] for line in lines] == ["car-010", "car-011"]
    assert sum(line["l1"] for line in lines) / 2 == pytest.approx(scores.l1)
    assert {"ssim", "l1_mean", "color_error", "pairwise_l1", "pixel_std"} <= lines[0].keys()
    assert read_photo(tmp_path / "out" / lines[0]["picture"]).shape == (32, 96, 3)
    summary = json.loads((tmp_path / "out" / "summary.json").read_text())
    assert summary["scores"]["l1"] == scores.l1
    assert summary["of"]["split"] == "test"


def test_the_same_call_again_gives_the_same_files_and_another_is_refused(run_folder: Path, tmp_path: Path) -> None:
    pairs = run_folder.parent / "pairs"

    def content() -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()}

    evaluate_into(tmp_path / "out", run_folder, pairs, asked=Asked())
    before = content()
    evaluate_into(tmp_path / "out", run_folder, pairs, asked=Asked())
    assert content() == before
    with pytest.raises(UsageError, match="holds scores of another model, split or setting"):
        evaluate_into(tmp_path / "out", run_folder, pairs, asked=Asked("val"))
    assert content() == before
