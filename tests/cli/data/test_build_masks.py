"""`p2p data build-masks` from the command line: what it says of regions, pictures and sizes that are not as usual."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from p2p_cli.app import main
from p2p_datatools.contract.files.atomic import read_lines
from p2p_datatools.contract.pictures.images import write_png

SQUARE = [[2, 2], [12, 2], [12, 10], [2, 10]]
FAR = [[500, 500], [510, 500], [510, 510]]


def write(folder: Path, name: str, *outlines: list[list[int]]) -> None:
    folder.mkdir(exist_ok=True)
    shapes = [{"label": "body", "points": points, "shape_type": "polygon"} for points in outlines]
    value = {"imagePath": f"{name}.png", "imageWidth": 32, "imageHeight": 24, "shapes": shapes}
    (folder / f"{name}.json").write_text(json.dumps(value))


@pytest.fixture
def labels(tmp_path: Path) -> Path:
    """Labels of a, with two faulty regions, of b, with one, and of c, which has no objects."""
    folder = tmp_path / "labels"
    write(folder, "a", SQUARE, SQUARE[:2], FAR)
    write(folder, "b", SQUARE[:2], SQUARE)
    write(folder, "c")
    return folder


def run(labels: Path, *more: str) -> int:
    return main(["data", "build-masks", str(labels), str(labels.parent / "masks"), "--palette", "cars", *more])


def test_regions_that_were_left_out_are_counted_by_kind_and_the_first_is_told(
    labels: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(labels) == 0
    said = capsys.readouterr()
    (line,) = [line for line in said.err.splitlines() if "left out" in line]
    assert line.startswith("3 regions in 2 pictures were left out: 2 have points that make no outline, 1 lies outside")
    assert f"the first: {labels / 'a.json'}: shape 2 (body): " in line
    assert "left_out.jsonl" in line
    assert "--strict" in line
    assert "1 picture has no objects" in said.out
    assert "--empty error" in said.out
    assert len(list(read_lines(labels.parent / "masks" / "left_out.jsonl"))) == 3


def test_the_result_as_json_has_the_faulty_regions_and_their_kinds(
    labels: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(labels, "--json") == 0
    value: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert (value["faulty"], value["empty"]) == ({"bad-outline": 2, "region-outside": 1}, 1)
    assert [(each["picture"], each["label"], each["code"]) for each in value["faults"]] == [
        ("a.png", "body", "bad-outline"),
        ("a.png", "body", "region-outside"),
        ("b.png", "body", "bad-outline"),
    ]


@pytest.mark.parametrize(
    ("words", "failed"), [(["--strict"], ["a", "b"]), (["--empty", "error"], ["c"]), (["--empty", "background"], [])]
)
def test_strict_and_empty_decide_which_pictures_fail(labels: Path, words: list[str], failed: list[str]) -> None:
    assert run(labels, *words, "--keep-going") == (1 if failed else 0)
    skipped = labels.parent / "masks" / "skipped.jsonl"
    lines = list(read_lines(skipped)) if failed else []
    assert [Path(line["where"]).stem for line in lines] == failed


def test_masks_that_were_scaled_to_their_photo_are_counted(
    labels: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, width in (("a", 32), ("b", 33), ("c", 64)):
        write_png(tmp_path / "photos" / f"{name}.png", np.zeros((width * 3 // 4, width, 3), dtype=np.uint8))
    assert run(labels, "--photos", str(tmp_path / "photos")) == 0
    assert "2 masks were scaled from the size of the labels to that of the photo, b: 32x24" in capsys.readouterr().out


def test_the_command_that_pairs_goes_on_without_the_photos_that_have_no_labels(
    labels: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in "abcd":  # d is of a test split, which public sets hold back
        photo = np.full((24, 32, 3), 30 * ord(name) % 256, dtype=np.uint8)
        write_png(labels.parent / "photos" / f"{name}.png", photo)
    assert run(labels, "--photos", str(labels.parent / "photos")) == 0
    following = capsys.readouterr().out.splitlines()[-1].removeprefix("next  p2p ").replace("PAIRS", f"{labels}-pairs")
    assert main(following.split()) == 1
    assert len(list(read_lines(Path(f"{labels}-pairs", "pairs.jsonl")))) == 3
