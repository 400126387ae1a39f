"""What `p2p data check --against` prints."""

import json
import shlex
from pathlib import Path

import numpy as np
import pytest

from p2p_cli.app import main
from p2p_datatools.contract.palette import PALETTE_FILE, load_palette
from p2p_datatools.contract.pictures.images import write_mask, write_png

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


@pytest.fixture
def photos(tmp_path: Path) -> str:
    """Photos, of which many are not pictures."""
    place = tmp_path / "photos"
    place.mkdir()
    for number in range(30):
        (place / f"{number:02d}.jpg").write_text("not found")
    flat = np.full((40, 40, 3), 100, dtype=np.uint8)
    flat[0] = np.arange(80, 120, dtype=np.uint8)[:, None]
    write_png(place / "z.png", flat)
    return str(place)


def test_many_findings_of_a_kind_are_two_lines_and_errors_end_with_1(
    photos: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert checked(photos) == 1
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) < 8
    assert lines[0].startswith(f"error not-a-picture (30)  {photos}/00.jpg: ")
    assert lines[0].endswith("; also 01.jpg, 02.jpg, 03.jpg and 26 more")
    assert lines[1].startswith("    ")
    assert lines[-1] == "31 photos checked: 30 errors, 1 warning, 0 hints"


def test_codes_are_chosen_and_left_out_and_the_exit_code_follows(
    photos: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert checked(photos, "--ignore", "not-a-picture") == 0
    assert "30 of other codes left out" in capsys.readouterr().out
    assert checked(photos, "--only", "low-information", "--json") == 0
    value = json.loads(capsys.readouterr().out)
    [finding] = value["findings"]
    assert (finding["code"], finding["severity"]) == ("low-information", "warning")
    assert 1 < finding["figure"] < 3
    assert checked(photos, "--only", "low-infornation") == 2
    assert "low-information" in capsys.readouterr().err
    assert checked(photos, "--only", "dark", "--against", photos) == 2


def test_a_page_is_written_and_another_file_is_refused_before_anything_is_read(
    photos: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert checked(photos, "--html", str(tmp_path / "page.html")) == 1
    assert (tmp_path / "page.html").read_text("utf-8").count("<article") == 31
    (tmp_path / "mine.html").write_text("mine")
    capsys.readouterr()
    assert checked(photos, "--html", str(tmp_path / "mine.html")) == 2
    assert capsys.readouterr().out == ""


def test_masks_of_another_palette_are_told_the_command_that_builds_them_with_the_first_ones(
    folders: tuple[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    there = Path(folders[1]).rename(tmp_path / "their masks")
    words = CARS.to_toml().replace('name = "tyres"', 'name = "wheels"').replace('"wheels", ', "")
    (there / PALETTE_FILE).write_text(words)
    assert checked(folders[0], "--against", str(there)) == 2
    said = capsys.readouterr().err
    command = shlex.split(said[said.index("p2p data") : said.index(" does, which")].replace("NEW", f"{tmp_path}/new"))
    assert main(command[1:]) == 0
    assert checked(folders[0], "--against", f"{tmp_path}/new") == 0
