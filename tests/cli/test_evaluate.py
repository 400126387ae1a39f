"""`p2p evaluate`, what it says of pairs that it leaves out, and its exit code."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from p2p_cli.app import main
from p2p_datatools.contract.pairs.manifest import Half
from p2p_datatools.contract.pictures.images import write_png
from p2p_datatools.contract.pictures.sizes import Size
from p2p_gan.models.card import ModelCard
from p2p_gan.models.model import save_model
from p2p_gan.networks.architecture import Architecture


@pytest.fixture
def command(tmp_path: Path) -> list[str]:
    """The command for an ordinary pix2pix folder with two pairs to test on, of which the second is broken."""
    random = np.random.default_rng(0)
    for file in ("train/1.png", "test/2.png", "test/3.png"):
        write_png(tmp_path / "pairs" / file, random.integers(0, 256, (32, 64, 3), dtype=np.uint8))
    (tmp_path / "pairs" / "test" / "3.png").write_text("not a picture")
    shape = Architecture(3, 3, 5, 2, 8, "batch", 0.5)
    halves = Half("a", "picture"), Half("b", "picture")
    card = ModelCard(shape, *halves, None, Size(32, 32), "stretch", "picture", averaged=False, images=7, data_hash="")
    torch.manual_seed(0)
    save_model(tmp_path / "m.safetensors", card, shape.build())
    return ["evaluate", str(tmp_path / "m.safetensors"), str(tmp_path / "pairs")]


def test_a_broken_pair_is_exit_code_1_and_named(
    command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(command) == 1
    assert "3.png: is not a picture" in capsys.readouterr().err
    assert main([*command, "--out", str(tmp_path / "out")]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert "3.png: is not a picture" in said.err
    assert f"kept in {tmp_path / 'out.partial'}" in said.err
    assert not (tmp_path / "out").exists()


def test_going_on_without_it_prints_the_scores_of_the_others_and_is_still_exit_code_1(
    command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*command, "--keep-going"]) == 1
    said = capsys.readouterr()
    assert said.out.startswith("1 picture of test\n")
    assert said.err.endswith("1 picture left out.\n")
    assert main([*command, "--keep-going", "--out", str(tmp_path / "out"), "--json"]) == 1
    said = capsys.readouterr()
    found = json.loads(said.out)
    assert (found["pictures"], len(found["skipped"])) == (1, 1)
    assert said.err.endswith(f"1 picture left out; see {tmp_path / 'out'}/skipped.jsonl.\n")


def test_once_it_is_gone_the_scores_are_whole(
    command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "pairs" / "test" / "3.png").unlink()
    assert main([*command, "--out", str(tmp_path / "out"), "--keep-going"]) == 0
    assert capsys.readouterr().out.endswith(f"written to {tmp_path / 'out'}\n")
    written = {path.relative_to(tmp_path / "out").as_posix() for path in (tmp_path / "out").rglob("*.*")}
    assert written == {"test/2.png", "records.jsonl", "scores.jsonl", "summary.json"}


def other_model(path: Path) -> str:
    """A model like that of `command` with other weights."""
    shape = Architecture(3, 3, 5, 2, 8, "batch", 0.5)
    halves = Half("a", "picture"), Half("b", "picture")
    card = ModelCard(shape, *halves, None, Size(32, 32), "stretch", "picture", averaged=False, images=7, data_hash="")
    torch.manual_seed(1)
    save_model(path, card, shape.build())
    return str(path)


def test_of_a_run_it_is_said_which_of_its_models_is_scored(
    command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_png(tmp_path / "pairs" / "test" / "3.png", np.zeros((32, 64, 3), np.uint8))
    (tmp_path / "run").mkdir()
    other_model(tmp_path / "run" / "model.safetensors")
    assert main(["evaluate", str(tmp_path / "run"), *command[2:]]) == 0
    assert f"model    {tmp_path / 'run' / 'model.safetensors'}, the last of the run\n" in capsys.readouterr().out


def test_the_scores_fit_eighty_columns_and_a_last_line_says_how_to_have_what_is_missing(
    command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_png(tmp_path / "pairs" / "test" / "3.png", np.zeros((32, 64, 3), np.uint8))
    assert main([*command, "--variants", "2", "--against", other_model(tmp_path / "other.safetensors")]) == 0
    said = capsys.readouterr()
    tables = [line for line in said.out.splitlines() if not line.startswith(("warning: ", "Neither ", "next "))]
    assert max(len(line.rstrip()) for line in tables) <= 80
    assert {"L1", "SSIM", "PSNR", "sharpness"} <= {line.split(" ")[0] for line in tables}
    assert "warning: 2 pictures are few" in said.out
    assert "\nNeither " in said.out
    (line,) = (line for line in said.err.splitlines() if line.startswith("not computed: "))
    assert "https://" in line


def test_json_has_the_scores_at_their_places_and_the_comparison_in_addition(
    command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_png(tmp_path / "pairs" / "test" / "3.png", np.zeros((32, 64, 3), np.uint8))
    other = other_model(tmp_path / "other.safetensors")
    assert main([*command, "--against", other, "--out", str(tmp_path / "out"), "--json"]) == 0
    both = json.loads(capsys.readouterr().out)
    assert main([*command, "--out", str(tmp_path / "out"), "--json"]) == 0
    alone = json.loads(capsys.readouterr().out)
    against = both.pop("against")
    assert both == alone
    assert alone["numbers"].keys() >= alone["intervals"].keys()
    differences = {each["name"]: each for each in against["differences"]}
    assert differences["l1"]["second"] == against["scores"]["l1"]
    assert json.loads((tmp_path / "out" / "comparison.json").read_text())["sentence"] == against["sentence"]
    assert json.loads((tmp_path / "out" / "against" / "summary.json").read_text())["scores"] == against["scores"]


def test_weights_that_are_not_those_are_refused_before_any_work(
    command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "weights.pth").write_bytes(b"other weights")
    assert main([*command, "--weights", str(tmp_path / "weights.pth")]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert "weights.pth: has the SHA-256 " in said.err
    assert "weights-inception-2015-12-05-6726825d.pth" in said.err
