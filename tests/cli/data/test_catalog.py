"""The catalogue on the command line."""

import json
import shlex
from pathlib import Path

import numpy as np
import pytest

from p2p_cli.app import main
from p2p_datatools.contract.pictures.images import write_png
from p2p_datatools.sources.catalog import load_catalog

# Isola et al. 2017, appendix 6.2: (epochs, batch, whether jittered, whether mirrored). Of the edges it states length
# and batch alone; jitter and mirror are what section 3.3 and the authors' code do unless told otherwise.
PAPER = {
    **{"cityscapes": (200, 1, True, True), "facades": (200, 1, True, True), "maps": (200, 1, True, True)},
    **{"edges2shoes": (15, 4, True, True), "edges2handbags": (15, 4, True, True)},
}


def test_every_set_is_a_line_and_one_set_is_a_page(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["data", "catalog"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split()[:3] == ["name", "holds", "pictures"]
    assert len(lines) == 13
    assert max(map(len, lines)) <= 80
    assert main(["data", "catalog", "maps"]) == 0
    page = capsys.readouterr().out
    assert "1096 in train, 1098 in val" in page
    assert "unverified" in page
    assert "p2p train maps run --preset paper-maps --direction a-to-b" in page


@pytest.mark.usefixtures("timed_once")
@pytest.mark.parametrize("name", PAPER)
def test_the_next_command_of_a_set_of_the_paper_trains_as_the_paper_did(
    name: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    for number in range(4):
        write_png(tmp_path / "train" / f"{number}.png", np.full((32, 64, 3), number, np.uint8), durable=False)
    words = shlex.split(load_catalog()[name].next_command(tmp_path))
    small = (
        "--size",
        "32",
        "--set",
        "generator_filters=2",
        "--set",
        "discriminator_filters=2",
        "--set",
        "discriminator_layers=1",
    )
    assert main([*words[1:], *small, "--set", "threads=1", "--dry-run", "--json"]) == 0
    config = json.loads(capsys.readouterr().out)["config"]
    jittered, mirrored = config["jitter"] == 286 / 256, config["mirror"]
    assert (config["epochs"], config["batch"], jittered, mirrored) == PAPER[name]
    assert main(["data", "catalog", name]) == 0
    page = capsys.readouterr().out
    assert (" --epochs 15 --batch 4 --direction" in page) == (PAPER[name][0] == 15)


def test_entries_of_ones_own_come_by_option_or_environment(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('[scans]\ntitle = "Scans"\nholds = "photos"\nlayout = []\n')
    assert main(["data", "catalog", "scans"]) == 2
    assert "Choose from cars" in capsys.readouterr().err
    assert main(["data", "catalog", "scans", "--catalog", str(path), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["title"] == "Scans"
    monkeypatch.setenv("P2P_CATALOG", str(path))
    assert main(["data", "catalog", "--json"]) == 0
    assert {"scans", "maps"} <= set(json.loads(capsys.readouterr().out))
