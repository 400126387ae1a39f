"""What `p2p data palette` says and writes, and when it ends with 1."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from p2p_cli.app import main
from p2p_datatools.contract.palette import load_palette


def test_a_palette_is_shown_and_drawn(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    picture = tmp_path / "cars.png"
    assert main(["data", "palette", "cars", "--picture", str(picture)]) == 0
    assert "#ff0000" in capsys.readouterr().out
    assert picture.is_file()
    assert main(["data", "palette", "cars", "--picture", str(picture)]) == 0  # the same again replaces nothing
    assert main(["data", "palette", "scenes", "--picture", str(picture)]) == 2
    assert "exists" in capsys.readouterr().err
    assert main(["data", "palette", "cars", str(tmp_path / "a.toml")]) == 0
    assert main(["data", "palette", "cars", str(tmp_path / "a.toml")]) == 0
    assert main(["data", "palette", "scenes", str(tmp_path / "a.toml")]) == 2


def test_a_palette_can_be_written_to_be_changed(tmp_path: Path) -> None:
    mine = tmp_path / "mine.toml"
    assert main(["data", "palette", "scenes", str(mine)]) == 0
    assert load_palette(mine).classes == load_palette("scenes").classes
    assert main(["data", "palette", str(mine)]) == 0
    assert main(["data", "palette", "scenes", str(tmp_path / "mine.txt")]) == 2


def test_a_name_that_stands_twice_is_exit_code_1_and_a_near_colour_is_not(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "p.toml"
    classes = 'name = "x"\n[[classes]]\nname = "a"\ncolor = [0, 0, 0]\n[[classes]]\nname = "{}"\ncolor = [9, 0, 0]\n'
    path.write_text(classes.format("a"))
    assert main(["data", "palette", str(path)]) == 1
    assert "error: " in capsys.readouterr().err
    path.write_text(classes.format("b"))
    assert main(["data", "palette", str(path)]) == 0
    assert "9 apart in RGB" in capsys.readouterr().err


def test_the_next_command_reads_the_labels_as_the_palette_did(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mask = np.zeros((32, 48), dtype=np.uint8)
    mask[8:24, 12:40] = 255
    (tmp_path / "masks").mkdir()
    for name in "ab":  # Kvasir-SEG's masks are JPEG
        Image.fromarray(mask).save(tmp_path / "masks" / f"{name}.jpg")
    words = ["data", "palette", str(tmp_path / "masks"), str(tmp_path / "mine.toml"), "--format", "colors"]
    assert main(words) == 0
    following = capsys.readouterr().out.splitlines()[-1].removeprefix("next  p2p ")
    assert main(following.replace("MASKS", f"{tmp_path}/built").split()) == 0
