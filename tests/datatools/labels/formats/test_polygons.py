"""Plain lists of labels with polygons: Cityscapes' form under another name, Mapillary Vistas 2.0, and EISeg."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from p2p_datatools.labels.read import read_labels

if TYPE_CHECKING:
    from conftest import Refused
    from datatools.conftest import First

SQUARE = [[0, 0], [4, 0], [4, 4]]
OBJECT = {"label": "car", "polygon": SQUARE}


@pytest.mark.parametrize(
    ("value", "size"),
    [
        ({"imgHeight": 6, "imgWidth": 8, "objects": [OBJECT, {**OBJECT, "deleted": 1}]}, (8, 6)),
        ({"height": 6, "width": 8, "objects": [OBJECT]}, (8, 6)),
        ([{"name": "car", "labelIdx": 1, "color": [255, 0, 0], "points": SQUARE}], None),
    ],
)
def test_outlines_are_read_for_the_picture_that_the_file_is_called_as(
    tmp_path: Path, value: Any, size: tuple[int, int] | None, only: "First"
) -> None:
    (tmp_path / "city").mkdir()
    (tmp_path / "city" / "a.json").write_text(json.dumps(value))
    found = read_labels(tmp_path)
    item = only(found)
    assert (found.format, item.file_name, item.size, item.label_file) == ("polygons", "city/a", size, "city/a")
    (region,) = item.regions
    assert (region.label, region.polygons[0].outer.tolist()) == ("car", SQUARE)


def test_a_picture_without_objects_is_one_of_the_set(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps({"imgHeight": 6, "imgWidth": 8, "objects": []}))
    assert len(read_labels(tmp_path).items) == 1


@pytest.mark.parametrize("objects", [[{"classTitle": "car", "polygon": SQUARE}], ["car"], {}])
def test_objects_of_another_kind_are_not_taken_for_it(tmp_path: Path, objects: Any, refused: "Refused") -> None:
    (tmp_path / "a.json").write_text(json.dumps({"height": 6, "width": 8, "objects": objects}))
    with refused("unknown-labels"):
        read_labels(tmp_path)
