"""`p2p data export` from the command line: the way back that it prints is one that works."""

import json
import shlex
from pathlib import Path

import numpy as np
import pytest

from p2p_cli.app import main
from p2p_datatools.contract.palette import IGNORE, load_palette
from p2p_datatools.contract.pictures.images import read_mask, write_mask, write_png
from p2p_datatools.exports.table import export_names

CARS = load_palette("cars")
MASK = np.array([[0, 1, 1, 1], [0, 1, 0, 1], [2, 1, 1, 1]], dtype=np.uint8)


@pytest.fixture
def masks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """One mask and its photo, in the folder in which the words are typed."""
    monkeypatch.chdir(tmp_path)
    write_mask(Path("my masks", "a.png"), MASK, CARS)
    Path("my masks", "palette.toml").write_text(CARS.to_toml())
    write_png(Path("photos", "a.png"), np.zeros((3, 4, 3), dtype=np.uint8))
    return Path("my masks")


@pytest.mark.parametrize("name", export_names())
def test_the_way_back_that_is_printed_gives_the_masks_back(
    name: str, masks: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["data", "export", str(masks), "out", "--format", name, "--photos", "photos"]) == 0
    out = capsys.readouterr().out.splitlines()
    assert out[0] == f"{name}: 1 mask exported to out, 0 kept; 2 regions in all."
    (line,) = (line for line in out if line.startswith("back  "))
    assert main(shlex.split(line.replace("AGAIN", "again"))[2:]) == 0
    assert (read_mask(Path("again", "a.png"), CARS) == MASK).all()
    capsys.readouterr()
    assert main(["data", "export", str(masks), "out", "--format", name, "--photos", "photos"]) == 0
    assert "0 masks exported to out, 1 kept" in capsys.readouterr().out


@pytest.mark.parametrize("name", export_names())
def test_the_way_back_of_masks_without_objects_gives_them_back(
    name: str, masks: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_mask(masks / "a.png", np.zeros_like(MASK), CARS)
    assert main(["data", "export", str(masks), "out", "--format", name, "--photos", "photos"]) == 0
    (line,) = (line for line in capsys.readouterr().out.splitlines() if line.startswith("back  "))
    assert main(shlex.split(line.replace("AGAIN", "again"))[2:]) == 0
    assert not read_mask(Path("again", "a.png"), CARS).any()


def test_ignored_pixels_and_the_place_for_photos_are_told(masks: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_mask(masks / "b.png", np.full((2, 2), IGNORE, dtype=np.uint8), CARS)
    assert main(["data", "export", str(masks), "out", "--format", "yolo"]) == 0
    out = capsys.readouterr().out
    assert "4 ignored pixels are labelled 'ignore'." in out
    assert f"photos  the tool looks for them in {Path('out', 'images', 'train')}" in out
    assert "--photos PHOTOS" in out


def test_as_json_it_prints_nothing_else_on_standard_output(masks: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["data", "export", str(masks), "out", "--format", "coco", "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert (result["format"], result["made"], result["shapes"], result["labels"]) == (
        "coco",
        1,
        2,
        str(Path("out", "annotations.json")),
    )


def test_an_unknown_format_is_an_error_of_the_command_and_a_missing_photo_one_of_the_data(
    masks: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["data", "export", str(masks), "out", "--format", "CCOO"]) == 2
    assert "Did you mean coco?" in capsys.readouterr().err
    Path("photos", "a.png").unlink()
    write_png(Path("photos", "b.png"), np.zeros((3, 4, 3), dtype=np.uint8))
    assert main(["data", "export", str(masks), "out", "--format", "coco", "--photos", "photos"]) == 1
    assert "has no name in common with photos" in capsys.readouterr().err
    assert not Path("out").exists()
