"""The folders of Pascal VOC: numbers and colours in one picture, a list of colours as CVAT writes it, names."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from p2p_datatools.contract.palette import IGNORE, Palette, PaletteClass, load_palette
from p2p_datatools.contract.pictures.images import read_mask, write_mask
from p2p_datatools.exports.build import export_masks

if TYPE_CHECKING:
    from conftest import Refused


def masks_of(folder: Path, palette: Palette) -> Path:
    indices = [[*range(len(palette.classes)), IGNORE]]
    write_mask(folder / "a.png", np.array(indices, dtype=np.uint8), palette)
    (folder / "palette.toml").write_text(palette.to_toml())
    return folder


def test_pictures_have_the_class_numbers_and_the_listed_colours(tmp_path: Path) -> None:
    export_masks(masks_of(tmp_path / "masks", load_palette("cars")), tmp_path / "out", format="voc")
    with Image.open(tmp_path / "out" / "SegmentationClass" / "a.png") as picture:
        assert np.asarray(picture).tolist() == [[0, 1, 2, 3, 4, 255]]
        colors = np.asarray(picture.convert("RGB"))[0].tolist()
    assert (tmp_path / "out" / "labelmap.txt").read_text().splitlines() == [
        "# label:color_rgb:parts:actions",
        *(f"{each.name}:{','.join(map(str, each.color))}::" for each in load_palette("cars").classes),
        "void:224,224,192::",
    ]
    assert colors == [*([*each.color] for each in load_palette("cars").classes), [224, 224, 192]]


def test_the_names_are_listed_without_suffix(tmp_path: Path, hard_masks: Path) -> None:
    export_masks(hard_masks, tmp_path / "out", format="voc")
    names = (tmp_path / "out" / "ImageSets" / "Segmentation" / "default.txt").read_text().splitlines()
    assert names == sorted(path.relative_to(hard_masks).as_posix()[:-4] for path in hard_masks.rglob("*.png"))


def test_a_class_of_the_colour_of_borders_keeps_it(tmp_path: Path) -> None:
    palette = Palette("own", (PaletteClass("background", (0, 0, 0)), PaletteClass("snow", (224, 224, 192))))
    masks = masks_of(tmp_path / "masks", palette)
    export_masks(masks, tmp_path / "out", format="voc")
    exported = read_mask(tmp_path / "out" / "SegmentationClass" / "a.png", palette)
    assert (exported == read_mask(masks / "a.png", palette)).all()


@pytest.mark.parametrize("name", ["a:b", "#a"])
def test_a_name_that_the_list_cannot_hold_is_refused(name: str, tmp_path: Path, refused: "Refused") -> None:
    palette = Palette("own", (PaletteClass("background", (0, 0, 0)), PaletteClass(name, (9, 9, 9))))
    with refused("bad-class-names", f"class {name!r}"):
        export_masks(masks_of(tmp_path / "masks", palette), tmp_path / "out", format="voc")
    assert not (tmp_path / "out").exists()
