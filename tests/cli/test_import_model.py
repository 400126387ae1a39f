"""`p2p import-model` and what it says; `p2p export` is its reverse."""

import json
from pathlib import Path

import pytest
import torch

from p2p_cli.app import main
from p2p_datatools.contract.pairs.manifest import Half
from p2p_datatools.contract.pictures.sizes import Size
from p2p_gan.models.card import ModelCard
from p2p_gan.models.model import save_model
from p2p_gan.networks.architecture import Architecture
from p2p_gan.networks.weights import initialise


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    """A file such as the reference implementation saves: unet_64, 2 filters, instance norm."""
    shape = Architecture(3, 3, 6, 2, 16, "instance", 0.5, dropout_blocks=1, dropout_skip=1)
    halves = Half("a", "picture"), Half("b", "picture")
    card = ModelCard(shape, *halves, None, Size(64, 64), "stretch", "picture", False, 0, "")
    generator = shape.build()
    initialise(generator, torch.Generator().manual_seed(0))
    save_model(tmp_path / "own.safetensors", card, generator)
    assert main(["export", str(tmp_path / "own.safetensors"), str(tmp_path / "G.pth"), "--format", "reference"]) == 0
    return tmp_path / "G.pth"


def test_assumptions_are_reported(weights: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    command = ["import-model", str(weights), str(tmp_path / "m.safetensors")]
    assert main(command) == 0
    out = capsys.readouterr().out
    assert out.startswith("unet_64 with instance norm, 2 filters, a-to-b at 64x64")
    assert "assumed: dropout: 0.5 in 1 block, as" in out
    assert "assumed: the direction is a-to-b (otherwise: --direction b-to-a)" in out
    assert main(command) == 0
    assert "exists already" in capsys.readouterr().out
    assert main([*command, "--set", "dropout=off"]) == 2
    assert "exists with other content" in capsys.readouterr().err


def test_json_says_what_was_made(weights: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    command = ["import-model", str(weights), str(tmp_path / "m.safetensors"), "--direction", "b-to-a", "--json"]
    assert main([*command, "--set", "dropout=off"]) == 0
    made = json.loads(capsys.readouterr().out)
    assert (made["name"], made["card"]["architecture"]["dropout"], made["written"]) == ("unet_64", 0.0, True)
    assert made["card"]["input"]["name"] == "b"


def test_a_wrong_file_is_one_line_and_exit_code_1(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "notes.pth").write_text("not weights")
    assert main(["import-model", str(tmp_path / "notes.pth"), str(tmp_path / "m.safetensors")]) == 1
    assert capsys.readouterr().err.count("\n") == 1
