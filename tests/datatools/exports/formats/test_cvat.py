"""The XML that CVAT imports: labels with colours, polygons, masks for what has holes, names that XML must escape."""

from pathlib import Path
from xml.etree import ElementTree

import numpy as np

from p2p_datatools.contract.palette import Palette, PaletteClass
from p2p_datatools.contract.pictures.images import write_mask
from p2p_datatools.exports.build import export_masks

PALETTE = Palette("<own>", (PaletteClass("background", (0, 0, 0)), PaletteClass('a "b" & <c>', (255, 0, 9))))


def root_of(tmp_path: Path, mask: list[list[int]], name: str = "a") -> ElementTree.Element:
    write_mask(tmp_path / "masks" / f"{name}.png", np.array(mask, dtype=np.uint8), PALETTE)
    (tmp_path / "masks" / "palette.toml").write_text(PALETTE.to_toml())
    summary = export_masks(tmp_path / "masks", tmp_path / "out", format="cvat")
    return ElementTree.parse(summary.labels).getroot()


def test_a_task_has_the_labels_and_their_colours(tmp_path: Path) -> None:
    root = root_of(tmp_path, [[0, 1]])
    assert root.findtext("version") == "1.1"
    labels = root.findall("meta/task/labels/label")
    assert [(each.findtext("name"), each.findtext("color")) for each in labels] == [('a "b" & <c>', "#ff0009")]
    assert root.findtext("meta/task/size") == "1"


def test_a_patch_is_a_polygon_along_its_pixels(tmp_path: Path) -> None:
    image = root_of(tmp_path, [[0, 0, 0], [0, 1, 1]], name="x & 'y'").find("image")
    assert image is not None
    assert image.attrib == {"id": "0", "name": "x & 'y'.png", "width": "3", "height": "2"}
    (shape,) = image
    assert (shape.tag, shape.get("label"), shape.get("z_order")) == ("polygon", 'a "b" & <c>', "0")
    assert shape.get("points") == "1.00,1.00;3.00,1.00;3.00,2.00;1.00,2.00"


def test_a_patch_with_a_hole_is_a_mask_within_its_box(tmp_path: Path) -> None:
    shape = root_of(tmp_path, [[0, 0, 0, 0], [0, 1, 1, 1], [0, 1, 0, 1], [0, 1, 1, 1]]).find("image/mask")
    assert shape is not None
    assert {name: shape.get(name) for name in ("left", "top", "width", "height", "rle")} == {
        "left": "1",
        "top": "1",
        "width": "3",
        "height": "3",
        "rle": "0, 4, 1, 4",
    }
