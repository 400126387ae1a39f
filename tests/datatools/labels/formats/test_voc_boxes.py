"""Pascal VOC's boxes, as detection sets and LabelImg write them."""

from pathlib import Path
from typing import TYPE_CHECKING

from p2p_datatools.labels.read import read_labels

if TYPE_CHECKING:
    from datatools.conftest import First

FILE = """<annotation><folder>JPEGImages</folder><filename>{}</filename>
<size><width>8</width><height>6</height><depth>3</depth></size>{}</annotation>"""
OBJECT = """<object><name>car</name><pose>Left</pose><bndbox><xmin>{}</xmin><ymin>2</ymin><xmax>5</xmax><ymax>4</ymax>
</bndbox></object>"""


def test_boxes_are_read_with_their_last_pixels(tmp_path: Path, only: "First") -> None:
    (tmp_path / "a.xml").write_text(FILE.format("a.jpg", OBJECT.format(1)))
    found = read_labels(tmp_path)
    item = only(found)
    assert (found.format, item.file_name, item.size, item.label_file) == ("voc-boxes", "a.jpg", (8, 6), "a")
    (region,) = item.regions
    assert region.is_box
    assert region.polygons[0].outer.tolist() == [[0, 1], [5, 1], [5, 4], [0, 4]]


def test_a_box_that_is_no_numbers_costs_its_picture(tmp_path: Path) -> None:
    for name, side in (("a", "one"), ("b", "1")):
        (tmp_path / f"{name}.xml").write_text(FILE.format(f"{name}.jpg", OBJECT.format(side)))
    found = read_labels(tmp_path)
    assert [skip.code for skip in found.skipped] == ["bad-number"]
    assert len(found.items) == 1


def test_a_picture_without_objects_is_one_of_the_set(tmp_path: Path) -> None:
    (tmp_path / "a.xml").write_text(FILE.format("a.jpg", ""))
    assert len(read_labels(tmp_path).items) == 1


def test_an_outline_beside_a_box_is_taken_and_a_turned_box_is_turned(tmp_path: Path, only: "First") -> None:
    outline = "<polygon><x1>0</x1><y1>1</y1><x2>5</x2><y2>1</y2><x3>5.5</x3><y3>4</y3></polygon></object>"
    turned = "<robndbox><cx>4</cx><cy>3</cy><w>4</w><h>2</h><angle>1.5707963</angle></robndbox>"
    objects = OBJECT.format(1).replace("</object>", outline) + f"<object><name>car</name>{turned}</object>"
    (tmp_path / "a.xml").write_text(FILE.format("a.jpg", objects))
    drawn, around = only(read_labels(tmp_path)).regions
    assert not drawn.is_box
    assert drawn.polygons[0].outer.tolist() == [[0, 1], [5, 1], [5.5, 4]]
    assert around.is_box
    assert around.polygons[0].outer.round(3).tolist() == [[5, 1], [5, 5], [3, 5], [3, 1]]


def test_a_box_beside_an_outline_without_points_is_a_box(tmp_path: Path, only: "First") -> None:
    objects = OBJECT.format(1).replace("</object>", "<polygon/></object>")
    (tmp_path / "a.xml").write_text(FILE.format("a.jpg", objects))
    (region,) = only(read_labels(tmp_path)).regions
    assert region.is_box


def test_an_outline_without_a_box_is_not_taken_for_one_of_labelme(tmp_path: Path, only: "First") -> None:
    outline = "<polygon><x1>0</x1><y1>1</y1><x2>5</x2><y2>1</y2><x3>5.5</x3><y3>4</y3></polygon>"
    (tmp_path / "a.xml").write_text(FILE.format("a.jpg", f"<object><name>car</name>{outline}</object>"))
    found = read_labels(tmp_path)
    assert found.format == "voc-boxes"
    assert only(found).regions[0].polygons[0].outer.tolist() == [[0, 1], [5, 1], [5.5, 4]]
