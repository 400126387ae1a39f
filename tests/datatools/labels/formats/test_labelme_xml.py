"""LabelMe 3.0 XML: polygons in the file, masks in files beside it."""

from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image

from p2p_datatools.labels.formats.labelme import is_labelme_xml, read_labelme_xml
from p2p_datatools.labels.values import LabelSet

if TYPE_CHECKING:
    from datatools.conftest import First

CORNERS = ((1, 1), (5, 1), (5, 4))


def outlined(label: str = "car", deleted: int = 0, points: tuple[tuple[float, float], ...] = CORNERS) -> str:
    listed = "".join(f"<pt><x>{x}</x><y> {y}\n</y></pt>" for x, y in points)
    return f"<object><name>{label}</name><deleted>{deleted}</deleted><polygon>{listed}</polygon></object>"


def masked(file: str = "a_mask_0.png") -> str:
    return f"<object><name>wheel</name><segm><mask>{file}</mask></segm></object>"


def read(*objects: str, where: str = "a.xml", folder: str = "") -> LabelSet:
    text = (
        f"<annotation><filename>a.jpg</filename><folder>{folder}</folder>{''.join(objects)}"
        "<imagesize><nrows>6</nrows><ncols>8</ncols></imagesize></annotation>"
    )
    value = ElementTree.fromstring(text)
    assert is_labelme_xml(value)
    return read_labelme_xml(value, where=where, source="a.xml")


def test_polygons_become_regions_but_for_deleted_ones(first: "First") -> None:
    item = first(read(outlined(), outlined(deleted=1)))
    assert (item.file_name, item.size) == ("a.jpg", (8, 6))
    (region,) = item.regions
    assert region.polygons[0].outer.tolist() == [list(map(float, point)) for point in CORNERS]


def test_the_folder_is_part_of_the_name(first: "First") -> None:
    assert first(read(outlined(), folder="walk")).file_name == "walk/a.jpg"


@pytest.mark.parametrize("place", ["Annotations/Masks", "Annotations", "Masks/walk"])
@pytest.mark.parametrize("kind", ["L", "RGBA"])
def test_masks_lie_where_the_tools_put_them(tmp_path: Path, place: str, kind: str, first: "First") -> None:
    inside = np.zeros((6, 8), dtype=np.uint8)
    inside[2:4, 1:3] = 255
    (tmp_path / place).mkdir(parents=True)
    picture = Image.fromarray(inside).convert("RGB")
    if kind == "RGBA":
        picture.putalpha(255)
    picture.convert(kind).save(tmp_path / place / "a_mask_0.png")
    item = first(read(masked(), where=str(tmp_path / "Annotations" / "a.xml"), folder="walk"))
    assert (item.regions[0].runs[0].mask() == (inside > 0)).all()


def test_a_mask_is_not_looked_for_outside(tmp_path: Path) -> None:
    Image.new("L", (8, 6), 255).save(tmp_path / "a_mask_0.png")
    (tmp_path / "x" / "y" / "z").mkdir(parents=True)
    (tmp_path / "x" / "y" / "Masks").mkdir()
    where = str(tmp_path / "x" / "y" / "z" / "a.xml")
    for folder, file in (("../../..", "a_mask_0.png"), ("", "../../../a_mask_0.png")):
        (skip,) = read(masked(file), where=where, folder=folder).skipped
        assert skip.code == "missing-picture"
        assert "a_mask_0.png" in skip.what


def test_damage_skips_the_picture(tmp_path: Path) -> None:
    where = str(tmp_path / "a.xml")
    for broken, code, about in (
        (outlined(points=CORNERS[:2]), "bad-outline", "object 1: a polygon needs 3 points and has 2"),
        (outlined(points=((float("nan"), 1), *CORNERS)), "bad-outline", "1e+09"),
        ("<object><name>car</name></object>", "no-outline", "object 1: "),
    ):
        (skip,) = read(broken, where=where).skipped
        assert (skip.where, skip.code) == (where, code)
        assert about in skip.what
    (tmp_path / "a_mask_0.png").write_bytes(b"<html>")
    (skip,) = read(masked(), where=where).skipped
    assert (skip.where, skip.code) == (where, "damaged-file")
    assert "a_mask_0.png" in skip.what


def test_the_boxes_of_pascal_voc_are_something_else() -> None:
    voc = "<annotation><filename>a</filename><object><name>car</name><bndbox/></object></annotation>"
    assert not is_labelme_xml(ElementTree.fromstring(voc))
    assert not is_labelme_xml(ElementTree.fromstring("<annotations/>"))
    assert not is_labelme_xml({"object": []})
