"""Drawn masks that are damaged in a label file, as runs or as pictures in text, are an error and never painted."""

import base64
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from p2p_datatools.contract.errors import P2PError
from p2p_datatools.contract.palette import load_palette
from p2p_datatools.contract.pictures.images import read_mask
from p2p_datatools.labels.read import read_labels
from p2p_datatools.masks.build import build_masks

CARS = load_palette("cars")
WIDTH, HEIGHT = 8, 4


def png(pixels: Any, kind: str = "PNG", cut: int = 0) -> str:
    file = io.BytesIO()
    Image.fromarray(np.array(pixels, dtype=np.uint8)).save(file, kind)
    data = file.getvalue()
    return base64.b64encode(data[: len(data) - cut]).decode()


INSIDE = [[255] * 2] * 2
PICTURES = {
    "no base64": "***",
    "no picture": base64.b64encode(b"this is no picture").decode(),
    "nothing": "",
    "cut off": png(INSIDE, cut=20),
    "JPEG": png(INSIDE, "JPEG"),
    "a number": 5,
    "null": None,
}


def labelme(mask: Any) -> Any:
    shape = {"label": "car", "points": [[1, 1], [2, 2]], "shape_type": "mask", "mask": mask, "group_id": None}
    return {
        "version": "5.4.1",
        "flags": {},
        "shapes": [shape],
        "imagePath": "a.png",
        "imageData": None,
        "imageWidth": WIDTH,
        "imageHeight": HEIGHT,
    }


def supervisely(mask: Any) -> Any:
    thing = {"id": 1, "classId": 2, "classTitle": "car", "geometryType": "bitmap", "tags": [], "description": ""}
    thing["bitmap"] = {"data": mask, "origin": [1, 1]}
    size = {"width": WIDTH, "height": HEIGHT}
    return {"description": "", "tags": [], "size": size, "objects": [thing]}


def labelstudio(kind: str, **value: Any) -> Any:
    result = {
        "id": "r",
        "type": kind,
        "value": value | {kind: ["car"]},
        "from_name": "label",
        "to_name": "image",
        "original_width": WIDTH,
        "original_height": HEIGHT,
        "image_rotation": 0,
    }
    annotation = {"id": 5, "completed_by": 1, "result": [result], "was_cancelled": False, "ground_truth": False}
    return [{"id": 7, "annotations": [annotation], "data": {"image": "a.png"}, "predictions": []}]


def bitmask(mask: Any) -> Any:
    return labelstudio("bitmasklabels", imageDataURL=f"data:image/png;base64,{mask}")


def build(tmp_path: Path, value: Any, name: str = "a.json") -> tuple[int, bool]:
    """How many labels could not be read or painted, and whether any pixel is of a class."""
    (tmp_path / "photos").mkdir(exist_ok=True)
    Image.fromarray(np.zeros((HEIGHT, WIDTH, 3), dtype=np.uint8)).save(tmp_path / "photos" / "a.png")
    (tmp_path / name).write_text(value if isinstance(value, str) else json.dumps(value))
    try:
        build_masks(tmp_path / name, tmp_path / "masks", palette=CARS, photos=tmp_path / "photos")
    except P2PError:
        return 1, False
    return 0, bool(read_mask(tmp_path / "masks" / "a.png", CARS).any())


@pytest.mark.parametrize("form", [labelme, supervisely, bitmask])
def test_a_whole_picture_in_text_is_painted(tmp_path: Path, form: Any) -> None:
    whole = np.zeros((HEIGHT, WIDTH), dtype=np.uint8)
    whole[1:3, 1:3] = 255
    assert build(tmp_path, form(png(whole if form is bitmask else INSIDE))) == (0, True)
    assert read_mask(tmp_path / "masks" / "a.png", CARS).sum() == 4


@pytest.mark.parametrize("picture", PICTURES.values(), ids=PICTURES)
@pytest.mark.parametrize("form", [labelme, supervisely, bitmask])
def test_what_is_no_png_in_text_is_an_error_and_is_not_painted(tmp_path: Path, form: Any, picture: Any) -> None:
    assert build(tmp_path, form(picture)) in [(1, False), (0, False)]


def coco(segmentation: Any) -> Any:
    return {
        "images": [{"id": 1, "file_name": "a.png", "width": WIDTH, "height": HEIGHT}],
        "categories": [{"id": 1, "name": "car"}],
        "annotations": [{"id": 1, "image_id": 1, "category_id": 1, "iscrowd": 1, "segmentation": segmentation}],
    }


def datumaro(rle: Any) -> Any:
    thing = {"id": 0, "type": "mask", "attributes": {}, "group": 0, "label_id": 0, "z_order": 0, "rle": rle}
    table = [{"name": "car", "parent": "", "attributes": []}]
    item = {"id": "a", "annotations": [thing], "attr": {}, "image": {"path": "a.png", "size": [HEIGHT, WIDTH]}}
    return {"info": {}, "categories": {"label": {"labels": table, "attributes": []}}, "items": [item]}


def bdd100k(rle: Any) -> Any:
    label = {"id": "0", "category": "car", "attributes": {}, "rle": rle}
    size = {"width": WIDTH, "height": HEIGHT}
    return [{"name": "a.png", "attributes": {}, "timestamp": 10, "size": size, "labels": [label]}]


def sa_1b(segmentation: Any) -> Any:
    mask = {"id": 1, "segmentation": segmentation, "area": 4, "bbox": [0, 0, 2, 2], "predicted_iou": 0.9}
    mask |= {"stability_score": 0.95, "crop_box": [0, 0, 3, 2], "point_coords": [[1, 1]], "class_name": "car"}
    return {"image": {"image_id": 1, "width": WIDTH, "height": HEIGHT, "file_name": "a.png"}, "annotations": [mask]}


def cvat(rle: Any) -> Any:
    counts = ", ".join(map(str, rle["counts"])) if isinstance(rle["counts"], list) else rle["counts"]
    height, width = rle["size"]
    shape = f'<mask label="car" rle="{counts}" left="0" top="0" width="{width}" height="{height}" z_order="0"/>'
    image = f'<image id="0" name="a.png" width="{WIDTH}" height="{HEIGHT}">{shape}</image>'
    return f"<annotations><version>1.1</version>{image}</annotations>"


RUNS = {
    "longer than its picture": {"counts": [4, 29], "size": [HEIGHT, WIDTH]},
    "much longer": {"counts": [4, 10**30], "size": [HEIGHT, WIDTH]},
    "shorter": {"counts": [4, 8], "size": [HEIGHT, WIDTH]},
    "below 0": {"counts": [40, -8], "size": [HEIGHT, WIDTH]},
    "of a larger picture": {"counts": [4, 60], "size": [HEIGHT, 2 * WIDTH]},
    "in letters, longer": {"counts": "4d2", "size": [HEIGHT, WIDTH]},
    "in other letters": {"counts": "\x7f\x7f", "size": [HEIGHT, WIDTH]},
    "of nothing": {"counts": [], "size": [0, 0]},
}
FORMS = [(coco, "a.json"), (datumaro, "a.json"), (bdd100k, "a.json"), (sa_1b, "a.json"), (cvat, "a.xml")]


@pytest.mark.parametrize(("form", "name"), FORMS)
def test_whole_runs_are_painted(tmp_path: Path, form: Any, name: str) -> None:
    value = form({"counts": "48d0" if form is datumaro else [4, 8, 20], "size": [HEIGHT, WIDTH]})
    assert build(tmp_path, value, name) == (0, True)
    assert read_labels(tmp_path / name).format in form.__name__.replace("sa_1b", "sam")


@pytest.mark.parametrize("runs", RUNS.values(), ids=RUNS)
@pytest.mark.parametrize(("form", "name"), FORMS)
def test_runs_that_do_not_fit_their_picture_are_an_error_and_are_not_painted(
    tmp_path: Path, form: Any, name: str, runs: Any
) -> None:
    if form is cvat and runs["size"] == [HEIGHT, 2 * WIDTH]:
        return
    assert build(tmp_path, form(runs), name) in [(1, False), (0, False)]
