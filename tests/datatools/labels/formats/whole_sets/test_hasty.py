"""Hasty's JSON: polygons, boxes that stand alone, and masks as runs within their box, by layers."""

from typing import Any

import numpy as np
import pytest

from p2p_datatools.contract.pictures.sizes import Size
from p2p_datatools.labels.formats.whole_sets.hasty import is_hasty, read_hasty
from p2p_datatools.labels.values import LabelSet, RegionLabels
from p2p_datatools.masks.paint import paint_regions

SIZE = Size(8, 4)
TRIANGLE = [[1, 1], [6, 1], [6, 3]]


def label(name: Any = "car", **more: Any) -> dict[str, Any]:
    plain = {"class_name": name, "bbox": [1, 1, 6, 3], "polygon": None, "mask": None, "z_index": 0, "attributes": {}}
    return plain | more


def outlined(name: Any = "car", **more: Any) -> dict[str, Any]:
    return label(name, polygon=TRIANGLE, **more)


def image(*labels: Any, name: Any = "a.png", **more: Any) -> dict[str, Any]:
    place = {"image_name": name, "dataset_name": "train", "width": SIZE.width, "height": SIZE.height}
    return place | {"image_status": "DONE", "labels": list(labels), "tags": []} | more


def project(*images: Any) -> dict[str, Any]:
    classes = [{"class_name": "car", "color": "#1f78b44d", "class_type": "object"}]
    return {
        "project_name": "cars",
        "export_format_version": "1.1",
        "attributes": [],
        "label_classes": classes,
        "images": list(images),
    }


def read(*images: Any) -> LabelSet:
    return read_hasty(project(*images), where="labels/cars.json", source="cars.json")


def first(labels: LabelSet) -> RegionLabels:
    assert not labels.skipped, labels.skipped
    found = labels.items[0]
    assert isinstance(found, RegionLabels)
    return found


def drawn(*labels: Any) -> list[list[int]]:
    found: list[list[int]] = paint_regions(first(read(image(*labels))).regions, SIZE, lambda _: 1).mask.tolist()
    return found


def test_polygons_become_regions_under_the_name_of_their_class() -> None:
    found = first(read(image(outlined())))
    assert (found.file_name, found.size, found.source) == ("a.png", SIZE, "cars.json: a.png")
    assert found.regions[0].label == "car"
    assert found.regions[0].polygons[0].outer.tolist() == TRIANGLE


def test_a_box_alone_is_a_region_from_its_first_to_its_last_edge() -> None:
    assert drawn(label(bbox=[2, 1, 6, 3])) == [[0] * 8, [0, 0, 1, 1, 1, 1, 0, 0], [0, 0, 1, 1, 1, 1, 0, 0], [0] * 8]


def test_random_masks_lie_in_their_box_and_their_runs_begin_at_1() -> None:
    rng = np.random.default_rng(0)
    for _ in range(20):
        mask = rng.integers(0, 2, (2, 5))
        mask[0, 0] = 1
        runs = list[int]()
        for place in np.flatnonzero(mask):
            runs += [int(place) + 1, 1]
        expected = np.zeros((4, 8), dtype=int)
        expected[1:3, 1:6] = mask
        assert drawn(label(mask=runs)) == expected.tolist()
    assert drawn(label(mask=[2, 3, 6, 1])) == [[0] * 8, [0, 0, 1, 1, 1, 0, 0, 0], [0, 1, 0, 0, 0, 0, 0, 0], [0] * 8]


def test_the_highest_layer_comes_last() -> None:
    found = first(read(image(outlined("wheel", z_index=3), outlined(z_index=1), outlined(None, z_index=None))))
    assert [each.label for each in found.regions] == ["unnamed", "car", "wheel"]


def test_pictures_of_one_name_lie_in_the_folders_of_their_data_sets() -> None:
    labels = read(image(outlined()), image(outlined(), dataset_name="val"), image(outlined(), name="b.png"))
    assert [each.file_name for each in labels.items] == ["train/a.png", "val/a.png", "b.png"]


def test_a_picture_that_is_done_may_be_empty_and_one_that_is_new_is_not_labelled() -> None:
    assert first(read(image())).regions == ()
    for status in ("NEW", "SKIPPED"):
        assert [skip.code for skip in read(image(image_status=status)).skipped] == ["unlabelled"]
    assert len(first(read(image(outlined(), image_status="NEW"))).regions) == 1


@pytest.mark.parametrize(
    ("broken", "code", "about"),
    [
        (image(label(polygon=TRIANGLE[:2])), "bad-outline", "label 1: a polygon needs 3 points and has 2"),
        (image(label(polygon="ab")), "damaged-labels", "its points"),
        (image(label(bbox=None)), "no-outline", "neither"),
        (image(label(bbox=[1, 2, 3])), "bad-outline", "list x, y, x, y"),
        (image(label(mask=[1, 11])), "bad-rle", "within 5x2"),
        (image(label(mask=[1])), "bad-rle", "pairs"),
        (image(label(mask=[1, 2], bbox=None)), "bad-rle", "box []"),
        (image(label(mask=[1, 2], bbox=[1.5, 1, 6, 3])), "bad-rle", "whole numbers"),
        (image(label(mask=[1, 2], bbox=[6, 3, 1, 1])), "bad-rle", ""),
        (image(outlined(z_index="top")), "bad-number", "'top'"),
        (image("label"), "damaged-labels", "label 1: is not an object"),
        (image(labels=3), "damaged-labels", "its labels"),
        (image(outlined(["car"])), "damaged-labels", "is not text"),
        (image(outlined(), name=None), "no-file-name", ""),
        (image(outlined(), width=-8), "bad-size", "-8 x 4"),
        ("image", "damaged-labels", "not an object"),
    ],
)
def test_damage_skips_its_picture_and_no_other(broken: Any, code: str, about: str) -> None:
    labels = read(broken, image(outlined(), name="b.png"))
    assert [each.file_name for each in labels.items] == ["b.png"]
    (skip,) = labels.skipped
    assert skip.code == code
    assert about in skip.what


def test_hasty_is_known_by_its_classes_and_images() -> None:
    assert is_hasty(project())
    assert is_hasty({"label_classes": [], "images": [image()]})
    others: list[Any] = [{}, [], {"label_classes": []}, {"label_classes": [], "images": [{"id": 1}]}, {"images": []}]
    assert not any(map(is_hasty, others))
