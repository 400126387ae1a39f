"""`p2p data derive` from the command line: its words, its help, errors and exit codes."""

import json
from pathlib import Path

import numpy as np
import pytest

from p2p_cli.app import main
from p2p_datatools.contract.pictures.images import write_png
from p2p_datatools.contract.settings import settings_of
from p2p_datatools.derivations.operations import OPERATIONS


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    for name in ("1", "2"):
        write_png(tmp_path / "photos" / f"{name}.png", np.zeros((8, 16, 3), dtype=np.uint8))
    return tmp_path / "photos"


def test_the_help_shows_every_field_of_every_operation_with_its_default(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["data", "derive", "--help"]) == 0
    text = " ".join(capsys.readouterr().out.split())
    for name, kind in OPERATIONS.items():
        assert f" {name}: " in text
        for setting in settings_of(kind).values():
            assert f"{setting.name}={setting.text(setting.default)} {setting.summary} " in f"{text} "


def test_the_next_command_it_prints_joins_what_it_made(
    photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for op, word in (("edges", "edges,photo"), ("lab", "L,ab")):
        assert main(["data", "derive", str(photos), str(tmp_path / op), "--op", op]) == 0
        said, following = capsys.readouterr().out.splitlines()
        assert said.startswith(f"{op}: 2 pictures written to {tmp_path / op}")
        words = following.removeprefix("next  p2p ").replace("PAIRS", str(tmp_path / f"{op}-pairs")).split()
        assert words[-1] == word
        assert main(words) == 0
        assert capsys.readouterr().out.startswith(f"2 pairs {word.replace(',', '|')}")


def test_settings_reach_the_operation_and_the_result_is_json(
    photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["data", "derive", str(photos), str(tmp_path / "holes"), "--op", "holes", "--seed", "3"]
    assert main([*words, "--set", "kind=strokes", "--set", "share=0.5", "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert (result["op"], result["made"], result["kept"]) == ("holes", 2, 0)
    assert (result["settings"]["kind"], result["settings"]["share"]) == ("strokes", 0.5)
    assert json.loads((tmp_path / "holes" / "derive.json").read_text())["seed"] == 3


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ([], "Missing option '--op'"),
        (["--op", "edge"], "'edge' is not one of"),
        (["--op", "edges", "--set", "detial=1"], "Did you mean detail?"),
        (["--op", "edges", "--set", "detail"], "--set detail: is not FIELD=VALUE"),
        (["--op", "edges", "--set", "detail=7"], "detail=7: is out of range"),
    ],
)
def test_wrong_arguments_are_an_error_of_the_command_and_nothing_is_made(
    photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], more: list[str], words: str
) -> None:
    assert main(["data", "derive", str(photos), str(tmp_path / "out"), *more]) == 2
    assert words in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_broken_photo_is_an_error_of_the_data_and_with_keep_going_a_line_among_others(
    photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (photos / "2.png").write_bytes(b"<html>")
    words = ["data", "derive", str(photos), str(tmp_path / "gray"), "--op", "gray"]
    assert main(words) == 1
    assert "2.png: is a web page" in capsys.readouterr().err
    assert main([*words, "--keep-going"]) == 1
    captured = capsys.readouterr()
    assert captured.out.startswith("gray: 1 picture written")
    assert "1 picture left out" in captured.err
