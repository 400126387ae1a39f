"""COCO files as pycocotools, COCO's own tool, understands them: every pixel, every area, every box."""

import contextlib
import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pycocotools.coco import COCO
from pycocotools.mask import area, toBbox

from p2p_datatools.contract.palette import IGNORE, load_palette
from p2p_datatools.contract.pictures.images import LabelMap, read_mask
from p2p_datatools.exports.build import export_masks

CARS = load_palette("cars")


@pytest.fixture
def coco(tmp_path: Path, hard_masks: Path) -> Any:
    """The export of hard masks, as pycocotools has read it."""
    export_masks(hard_masks, tmp_path / "out", format="coco")
    with contextlib.redirect_stdout(io.StringIO()):
        return COCO(str(tmp_path / "out" / "annotations.json"))


def drawn(coco: Any, image: dict[str, Any]) -> LabelMap:
    """The mask out of what pycocotools makes of each annotation."""
    mask = np.zeros((image["height"], image["width"]), dtype=np.uint8)
    names = {each["id"]: each["name"] for each in coco.loadCats(coco.getCatIds())}
    for each in coco.loadAnns(coco.getAnnIds(imgIds=[image["id"]])):
        name = names[each["category_id"]]
        inside = coco.annToMask(each) > 0
        assert not mask[inside].any(), "no pixel is in two annotations"
        mask[inside] = IGNORE if name == "ignore" else CARS.index(name)
    return mask


# pycocotools 2.0 passes numpy an array whose __array__ knows no `copy`.
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_pycocotools_gives_every_pixel_back(coco: Any, hard_masks: Path) -> None:
    images = coco.loadImgs(coco.getImgIds())
    assert len(images) == len(list(hard_masks.rglob("*.png")))
    for image in images:
        mask = read_mask(hard_masks / image["file_name"], CARS)
        assert (drawn(coco, image) == mask).all(), image["file_name"]


def test_areas_and_boxes_are_those_that_pycocotools_computes(coco: Any) -> None:
    annotations = coco.loadAnns(coco.getAnnIds())
    assert len(annotations) > 100
    for each in annotations:
        rle = coco.annToRLE(each)
        assert each["area"] == area(rle)
        assert each["bbox"] == toBbox(rle).tolist()


def test_what_hangs_together_is_an_annotation_and_only_what_is_ignored_is_a_crowd(coco: Any) -> None:
    names = {each["id"]: each["name"] for each in coco.loadCats(coco.getCatIds())}
    assert list(names.values()) == ["body", "tyres", "lights", "windows", "ignore"]
    kinds = set()
    for each in coco.loadAnns(coco.getAnnIds()):
        assert each["iscrowd"] == (names[each["category_id"]] == "ignore")
        kinds.add((type(each["segmentation"]), each["iscrowd"]))
    assert kinds == {(list, 0), (dict, 0), (dict, 1)}
    ring = next(image for image in coco.loadImgs(coco.getImgIds()) if image["file_name"] == "ring.png")
    found = coco.loadAnns(coco.getAnnIds(imgIds=[ring["id"]]))
    assert [(names[each["category_id"]], each["area"]) for each in found] == [("body", 16), ("tyres", 8)]


def test_ids_are_counted_from_one(coco: Any) -> None:
    assert coco.getImgIds() == list(range(1, 1 + len(coco.getImgIds())))
    assert coco.getAnnIds() == list(range(1, 1 + len(coco.getAnnIds())))
    assert coco.getCatIds() == [1, 2, 3, 4, 5]
