"""The files that LabelMe opens beside the photos."""

import base64
import io
import json
from pathlib import Path

import numpy as np
from PIL import Image

from p2p_datatools.exports.build import export_masks


def test_a_file_lies_and_is_named_as_its_photo_and_has_what_labelme_asks_for(tmp_path: Path, hard_masks: Path) -> None:
    export_masks(hard_masks, tmp_path / "out", format="labelme")
    value = json.loads((tmp_path / "out" / "walk" / "ü (1) 100%.json").read_text("utf-8"))
    assert value.keys() == {"version", "flags", "shapes", "imagePath", "imageData", "imageHeight", "imageWidth"}
    assert (value["imagePath"], value["imageData"]) == ("ü (1) 100%.png", None)
    assert (value["imageWidth"], value["imageHeight"]) == (4, 3)


def test_what_has_no_hole_is_a_polygon_and_what_has_one_a_mask_within_its_first_and_last_pixel(
    tmp_path: Path, hard_masks: Path
) -> None:
    export_masks(hard_masks, tmp_path / "out", format="labelme")
    (point,) = json.loads((tmp_path / "out" / "point.json").read_text())["shapes"]
    assert (point["label"], point["shape_type"], point["mask"]) == ("body", "polygon", None)
    assert point["points"] == [[1, 1], [2, 1], [2, 2], [1, 2]]
    ring, inner = json.loads((tmp_path / "out" / "ring.json").read_text())["shapes"]
    assert (ring["shape_type"], ring["points"]) == ("mask", [[1, 1], [5, 5]])
    assert (inner["label"], inner["points"]) == ("tyres", [[2, 2], [4, 4]])
    pixels = np.asarray(Image.open(io.BytesIO(base64.b64decode(inner["mask"]))))
    assert pixels.tolist() == [[1, 1, 1], [1, 0, 1], [1, 1, 1]]
