"""What `p2p data check --against` prints."""

import json
from pathlib import Path

import numpy as np
import pytest

from p2p_cli.app import main
from p2p_datatools.contract.palette import PALETTE_FILE, load_palette
from p2p_datatools.contract.pictures.images import write_mask

CARS = load_palette("cars")


@pytest.fixture
def folders(tmp_path: Path) -> tuple[str, str]:
    for name, value in (("here", 1), ("there", 2)):
        (tmp_path / name).mkdir()
        (tmp_path / name / PALETTE_FILE).write_text(CARS.to_toml())
        mask = np.zeros((10, 10), dtype=np.uint8)
        mask[:5] = value
        write_mask(tmp_path / name / "a.png", mask, CARS)
    return str(tmp_path / "here"), str(tmp_path / "there")


def checked(*words: str) -> int:
    return main(["data", "check", *words])


def test_two_folders_are_compared_in_words(folders: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    assert checked(folders[0], "--against", folders[1]) == 0
    output = capsys.readouterr().out
    assert "1 mask compared: 50.000% of the pixels differ, 50.000% of those away from outlines" in output
    assert "body" in output


def test_two_folders_are_compared_in_json(folders: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    assert checked(folders[0], "--against", folders[1], "--json") == 0
    value = json.loads(capsys.readouterr().out)
    assert (value["compared"], value["differing"]) == (1, 0.5)


def test_a_mask_on_one_side_only_is_an_error(folders: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    write_mask(Path(folders[0]) / "b.png", np.zeros((10, 10), dtype=np.uint8), CARS)
    assert checked(folders[0], "--against", folders[1]) == 1
    assert "has no mask of the same name" in capsys.readouterr().out


def test_photos_do_not_go_with_it(folders: tuple[str, str]) -> None:
    assert checked(folders[0], "--against", folders[1], "--photos", folders[0]) == 2
