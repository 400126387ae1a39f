"""`p2p data halves` from the command line: its words, errors and exit codes."""

import json
from pathlib import Path

import numpy as np
import pytest

from p2p_cli.app import main
from p2p_datatools.contract.pictures.images import write_png


@pytest.fixture
def pairs(tmp_path: Path) -> Path:
    for name in ("train/1", "val/1"):
        write_png(tmp_path / "maps" / f"{name}.png", np.zeros((8, 16, 3), dtype=np.uint8))
    return tmp_path / "maps"


def test_it_says_where_the_halves_are_and_a_second_time_that_they_were_kept(
    pairs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["data", "halves", str(pairs), str(tmp_path / "apart"), "--halves", "photo, map"]
    assert main(words) == 0
    folders = f"{tmp_path / 'apart' / 'photo'} and {tmp_path / 'apart' / 'map'}"
    said = capsys.readouterr().out.splitlines()
    assert said[0] == f"2 pairs taken apart into {folders}, 0 kept."
    assert said[1] == f"next  p2p data pair {folders.replace(' and', '')} PAIRS --halves photo,map"
    assert main(words) == 0
    assert capsys.readouterr().out.startswith(f"0 pairs taken apart into {folders}, 2 kept.\n")


def test_as_json_it_prints_nothing_else_on_standard_output(
    pairs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["data", "halves", str(pairs), str(tmp_path / "apart"), "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert (result["split"], result["kept"], result["skipped"], result["masks"]) == (2, 0, [], [])
    assert result["folders"] == [str(tmp_path / "apart" / "a"), str(tmp_path / "apart" / "b")]


@pytest.mark.parametrize("words", ["photo", "photo,", "a,b,c", ",", "x,x"])
def test_halves_that_are_not_two_words_are_an_error_of_the_command(
    pairs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], words: str
) -> None:
    assert main(["data", "halves", str(pairs), str(tmp_path / "apart"), "--halves", words]) == 2
    assert "two " in capsys.readouterr().err
    assert not (tmp_path / "apart").exists()


def test_an_odd_width_is_an_error_of_the_data_and_with_keep_going_a_line_among_others(
    pairs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_png(pairs / "train" / "2.png", np.zeros((8, 15, 3), dtype=np.uint8))
    words = ["data", "halves", str(pairs), str(tmp_path / "apart")]
    assert main(words) == 1
    assert "2.png: is 15 pixels wide, an odd number" in capsys.readouterr().err
    assert not (tmp_path / "apart").exists()
    assert main([*words, "--keep-going"]) == 1
    captured = capsys.readouterr()
    assert captured.out.startswith("2 pairs taken apart")
    assert "1 picture left out" in captured.err
