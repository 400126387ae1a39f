"""`p2p export` and what it says."""

import json
from pathlib import Path

import pytest

from p2p_cli.app import main
from p2p_datatools.contract.pairs.manifest import Half
from p2p_datatools.contract.pictures.sizes import Size
from p2p_gan.models.card import ModelCard
from p2p_gan.models.model import save_model
from p2p_gan.networks.architecture import Architecture


def model(path: Path, shape: Architecture) -> Path:
    card = ModelCard(
        shape,
        Half("a", "picture", shape.inputs),
        Half("b", "picture", shape.outputs),
        None,
        Size(64, 64),
        "pad",
        "running",
        False,
        7,
        "",
    )
    save_model(path, card, shape.build())
    return path


def test_the_options_that_load_it_in_the_reference_are_printed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shape = Architecture(1, 4, 2, 3, 12, "batch", 0.0, "resnet", blocks=6, biases=False)
    command = [
        "export",
        str(model(tmp_path / "m.safetensors", shape)),
        str(tmp_path / "G.pth"),
        "--format",
        "reference",
    ]
    assert main(command) == 0
    out = capsys.readouterr().out
    assert "load it with --netG resnet_6blocks --norm batch --ngf 3 --input_nc 1 --output_nc 4" in out
    assert "note: the model has no dropout: add --no_dropout" in out
    assert "note: the model uses running statistics: add --eval" in out
    assert main([*command, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["written"] is False


def test_a_model_the_reference_cannot_hold_is_exit_code_1(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shape = Architecture(3, 3, 5, 2, 16, "batch", 0.5, "encoder-decoder")
    source = model(tmp_path / "m.safetensors", shape)
    assert main(["export", str(source), str(tmp_path / "G.pth"), "--format", "reference"]) == 1
    assert "its decoder has no skips" in capsys.readouterr().err
    assert not (tmp_path / "G.pth").exists()
