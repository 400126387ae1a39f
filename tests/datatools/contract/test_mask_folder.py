"""The records of a mask folder."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from p2p_datatools.contract.mask_folder import MaskLine, read_mask_lines, refuse_other_palette, write_records
from p2p_datatools.contract.palette import PaletteClass, load_palette
from p2p_datatools.contract.pictures.sizes import Size

if TYPE_CHECKING:
    from conftest import Refused

CARS = load_palette("cars")
LINE = MaskLine("b/ü", Size(4, 3), {"body": 12}, "a.json: b.jpg", "abc", {"hood": "body"})


def test_lines_are_written_and_read_back_in_their_order(tmp_path: Path) -> None:
    other = MaskLine("a", Size(1, 1), {}, "x", "y", {})
    write_records(tmp_path, CARS, [other, LINE])
    assert read_mask_lines(tmp_path) == {"a": other, "b/ü": LINE}
    assert list(read_mask_lines(tmp_path)) == ["a", "b/ü"]
    assert LINE.file == "b/ü.png"


@pytest.mark.parametrize("text", ["3\n", "{}\n", '{"name": "a", "size": [1]}\n'])
def test_damaged_lines_are_one_line_naming_the_file(tmp_path: Path, text: str, refused: "Refused") -> None:
    (tmp_path / "masks.jsonl").write_text(text)
    with refused("damaged-file", tmp_path / "masks.jsonl"):
        read_mask_lines(tmp_path)


def test_masks_of_another_palette_are_refused_but_other_aliases_are_not(tmp_path: Path, refused: "Refused") -> None:
    write_records(tmp_path, CARS, [])
    refuse_other_palette(tmp_path, CARS)
    text = (tmp_path / "palette.toml").read_text()
    (tmp_path / "palette.toml").write_text(text.replace('"bonnet", ', ""))
    refuse_other_palette(tmp_path, CARS)
    with refused("other-palette", tmp_path, usage=True) as error:
        refuse_other_palette(tmp_path, load_palette("scenes"))
    assert "cars, not of scenes" in error.value.what
    changed = replace(CARS, classes=(*CARS.classes[:-1], PaletteClass("mirror", (9, 9, 9))))
    with refused("other-palette", tmp_path, usage=True) as error:
        refuse_other_palette(tmp_path, changed)
    assert error.value.what.endswith(": windows missing in that one; mirror missing in these masks")
    assert f"p2p data build-masks {tmp_path} DEST --palette PALETTE" in error.value.to_do
    (tmp_path / "palette.toml").unlink()
    with refused("other-palette", tmp_path, usage=True) as error:
        refuse_other_palette(tmp_path, CARS)
    assert "palette.toml" in error.value.what
