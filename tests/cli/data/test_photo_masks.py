"""`p2p data build-masks --model` from the command line: what it says, and which options do not go together."""

import json
from pathlib import Path

import numpy as np
import pytest

from p2p_cli.app import main
from p2p_datatools.contract.pairs.manifest import Half
from p2p_datatools.contract.palette import load_palette
from p2p_datatools.contract.pictures.images import write_png
from p2p_datatools.contract.pictures.sizes import Size
from p2p_gan.models.card import ModelCard
from p2p_gan.models.model import save_model
from p2p_gan.networks.architecture import Architecture


@pytest.fixture
def segmenter(tmp_path: Path) -> Path:
    palette = load_palette("cars")
    shape = Architecture(3, len(palette.classes), 5, 4, 8, "batch", 0.0, head="logits")
    fields = {"statistics": "picture", "averaged": False, "images": 0, "data_hash": "", "output_as": "classes"}
    card = ModelCard(shape, Half("photo", "photo"), Half("mask", "mask"), palette, Size(32, 32), "stretch", **fields)  # type: ignore[arg-type]
    save_model(tmp_path / "segmenter.safetensors", card, shape.build())
    return tmp_path / "segmenter.safetensors"


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    for name in ("a", "b"):
        write_png(tmp_path / "my photos" / f"{name}.png", np.full((32, 48, 3), ord(name), np.uint8))
    return tmp_path / "my photos"


def test_it_names_the_least_sure_masks_and_the_next_command_with_its_folders_in_quotes(
    segmenter: Path, photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["data", "build-masks", str(photos), str(tmp_path / "masks"), "--model", str(segmenter)]
    assert main([*words, "--min-confidence", "0.1"]) == 0
    said = capsys.readouterr()
    assert "2 masks built" in said.out
    assert "below 0.1 are ignored" in said.out
    assert said.out.splitlines()[-1] == f"next  p2p data pair {tmp_path}/masks '{photos}' PAIRS"
    assert "doubt.jsonl" in said.err
    assert main([*words, "--min-confidence", "0.1", "--json"]) == 0
    value = json.loads(capsys.readouterr().out)
    assert (value["built"], value["kept"], sorted(value["doubts"])) == (0, 2, ["a", "b"])


@pytest.mark.parametrize(
    "more",
    [
        ["--model", "segmenter.safetensors", "--map", "8=body"],
        ["--model", "segmenter.safetensors", "--palette", "scenes"],
        ["--model", "segmenter.safetensors", "--min-confidence", "1"],
        ["--palette", "cars", "--min-confidence", "0.5"],
        [],
    ],
    ids=["options of labels", "another palette", "nothing is so sure", "no model", "no palette"],
)
def test_options_that_do_not_go_together_are_wrong_commands(
    more: list[str], segmenter: Path, photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["data", "build-masks", str(photos), "masks", *more]) == 2
    assert not Path("masks").exists()
