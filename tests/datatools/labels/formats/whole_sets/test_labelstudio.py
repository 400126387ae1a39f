"""Label Studio: JSON and JSON-MIN in percent, packed brushes, names of uploads, and brushes exported as pictures."""

import base64
import io
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image

from p2p_datatools.contract.pictures.sizes import Size
from p2p_datatools.labels.formats.whole_sets.labelstudio import (
    is_labelstudio,
    is_labelstudio_task,
    read_labelstudio,
    read_labelstudio_task,
)
from p2p_datatools.labels.read import read_labels
from p2p_datatools.labels.values import LabelSet, RegionLabels
from p2p_datatools.masks.paint import paint_regions

if TYPE_CHECKING:
    from conftest import Refused

SIZE = Size(8, 4)
TRIANGLE: list[list[float]] = [[12.5, 25], [75, 25], [75, 75]]  # percent of 8x4: (1, 1), (6, 1), (6, 3)


def result(kind: str = "polygonlabels", labels: Any = ("car",), **value: Any) -> dict[str, Any]:
    value = value or {"points": TRIANGLE, "closed": True}
    if labels is not None:
        value[kind] = list(labels)
    return {
        "id": "r1",
        "type": kind,
        "value": value,
        "from_name": "label",
        "to_name": "image",
        "original_width": SIZE.width,
        "original_height": SIZE.height,
        "image_rotation": 0,
    }


def annotation(*results: Any, **more: Any) -> dict[str, Any]:
    return {"id": 5, "completed_by": 1, "result": list(results), "was_cancelled": False, "ground_truth": False} | more


def task(*annotations: Any, image: Any = "/data/upload/1/1a2b3c4d-a.png", **more: Any) -> dict[str, Any]:
    return {"id": 7, "annotations": list(annotations), "data": {"image": image}, "predictions": []} | more


def record(*shapes: Any, **more: Any) -> dict[str, Any]:
    return {"id": 7, "image": "/data/upload/1/1a2b3c4d-a.png", "label": list(shapes), "annotation_id": 5} | more


def read(*values: Any) -> LabelSet:
    return read_labelstudio(list(values), where="labels/project.json", source="project.json")


def first(labels: LabelSet) -> RegionLabels:
    assert not labels.skipped, labels.skipped
    item = labels.items[0]
    assert isinstance(item, RegionLabels)
    return item


def drawn(*results: Any) -> list[list[int]]:
    """What the results draw, as a mask of the picture."""
    item = first(read(task(annotation(*results))))
    found: list[list[int]] = paint_regions(item.regions, SIZE, lambda _: 1).mask.tolist()
    return found


def packed(mask: Any) -> list[int]:
    """A mask as the packed values of an RGBA picture, each value by itself: 0, 00, and a length of 1 in 3 bits."""
    pixels = np.zeros((*np.shape(mask), 4), dtype=np.uint8)
    pixels[..., 3] = np.array(mask) * 200
    bits = f"{pixels.size:032b}" + "00111" + "0010001101111111" + "".join(f"000000{int(v):08b}" for v in pixels.ravel())
    bits += "0" * (8 - len(bits) % 8)
    return [int(bits[place : place + 8], 2) for place in range(0, len(bits), 8)]


def data_url(mask: Any) -> str:
    """A mask as Label Studio has bitmasks: black on nothing."""
    pixels = np.zeros((*np.shape(mask), 4), dtype=np.uint8)
    pixels[..., 3] = np.array(mask) * 255
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()


def test_percents_become_pixels_under_the_label_of_the_region() -> None:
    item = first(read(task(annotation(result()))))
    assert (item.file_name, item.size, item.source) == ("1a2b3c4d-a.png", SIZE, "project.json: task 7")
    assert item.regions[0].label == "car"
    assert item.regions[0].polygons[0].outer.tolist() == [[1, 1], [6, 1], [6, 3]]


def test_a_record_of_json_min_is_read_as_its_task() -> None:
    shape = {"points": TRIANGLE, "polygonlabels": ["car"], "original_width": 8, "original_height": 4}
    item = first(read(record(shape, sentiment="good", tags=[{"choices": ["x"]}], annotator=1)))
    of_task = first(read(task(annotation(result()))))
    assert [each.label for each in item.regions] == ["car"]
    assert item.regions[0].polygons[0].outer.tolist() == of_task.regions[0].polygons[0].outer.tolist()
    assert (item.file_name, item.size) == (of_task.file_name, of_task.size)


def test_versions_before_1_called_annotations_completions() -> None:
    old = {"id": 7, "completions": [annotation(result())], "data": {"image": "a.png"}}
    assert len(first(read(old)).regions) == 1
    assert is_labelstudio([{"image": "a.png", "completion_id": 1}])


def test_rectangles_turn_about_their_top_left_corner_and_ellipses_about_their_centre() -> None:
    half = {"x": 50, "y": 0, "width": 50, "height": 50}
    assert drawn(result("rectanglelabels", **half)) == [[0] * 4 + [1] * 4] * 2 + [[0] * 8] * 2
    # 4 x 2 pixels at (4, 0), turned by 90 degrees: 2 to the left and 4 downwards.
    assert drawn(result("rectanglelabels", **half, rotation=90)) == [[0, 0, 1, 1, 0, 0, 0, 0]] * 4
    around = {"x": 50, "y": 50, "radiusX": 25, "radiusY": 25}
    flat = drawn(result("ellipselabels", **around))
    assert flat == [[0] * 8, [0, 0, 1, 1, 1, 1, 0, 0], [0, 0, 1, 1, 1, 1, 0, 0], [0] * 8]
    assert drawn(result("ellipselabels", **around, rotation=90)) == [[0, 0, 0, 1, 1, 0, 0, 0]] * 4


def test_brushes_and_bitmasks_are_decoded_to_the_pixel() -> None:
    mask = np.random.default_rng(0).integers(0, 2, (4, 8)).tolist()
    assert drawn(result("brushlabels", format="rle", rle=packed(mask))) == mask
    assert drawn(result("bitmasklabels", imageDataURL=data_url(mask))) == mask


def test_a_region_drawn_first_and_labelled_then_is_one_region() -> None:
    plain = result("polygon", None, points=TRIANGLE)
    labelled = result("labels", ["car"], points=TRIANGLE)
    item = first(read(task(annotation(plain, labelled))))
    assert [each.label for each in item.regions] == ["car"]
    alone = first(read(task(annotation(plain))))
    assert [each.label for each in alone.regions] == ["unnamed"]


def test_a_region_without_label_is_of_the_class_that_was_chosen_for_it() -> None:
    plain = result("polygon", None, points=TRIANGLE)
    chosen = result("choices", None, points=TRIANGLE, choices=["car"])
    of_picture = {"id": "r2", "type": "choices", "value": {"choices": ["rain"]}}
    assert [each.label for each in first(read(task(annotation(plain, chosen, of_picture)))).regions] == ["car"]
    assert [each.label for each in first(read(task(annotation(plain, of_picture)))).regions] == ["unnamed"]
    parked = result("choices", None, points=TRIANGLE, choices=["parked"])
    assert [each.label for each in first(read(task(annotation(result(), parked)))).regions] == ["car"]


def test_what_is_said_of_a_region_or_picture_is_no_region() -> None:
    remarks = [
        result("choices", ["parked"], points=TRIANGLE),
        {"id": "r1", "type": "textarea", "value": {"text": ["red"]}},
        {"type": "relation", "from_id": "r1", "to_id": "r2", "direction": "right"},
    ]
    assert len(first(read(task(annotation(result(), *remarks)))).regions) == 1


def test_a_closed_vector_is_an_outline_and_its_curves_are_not_made_straight() -> None:
    vertices = [{"x": point[0], "y": point[1], "isBezier": False} for point in TRIANGLE]
    closed = result("vectorlabels", vertices=vertices, closed=True)
    assert drawn(closed) == drawn(result())
    curved = result("vectorlabels", ["wheel"], vertices=[{**each, "isBezier": True} for each in vertices], closed=True)
    opened = result("vectorlabels", vertices=vertices, closed=False)
    item = first(read(task(annotation(closed, curved, opened))))
    assert [region.label for region in item.regions] == ["car"]
    assert item.without_area == {"open vector": 1}
    assert [(fault.code, fault.label) for fault in item.faults] == [("unknown-shape", "wheel")]


def test_key_points_and_open_polygons_have_no_area() -> None:
    key_point = result("keypointlabels", x=10, y=10, width=0.2)
    item = first(read(task(annotation(key_point, result(points=TRIANGLE, closed=False), result()))))
    assert len(item.regions) == 1
    assert item.without_area == {"keypoint": 1, "open polygon": 1}


@pytest.mark.parametrize(
    ("image", "name"),
    [
        ("/data/upload/1/1a2b3c4d-a.png", "1a2b3c4d-a.png"),
        ("/data/upload/a%20b.png", "a%20b.png"),
        ("/data/upload/1/1a2b3c4d-a#1.png", "1a2b3c4d-a#1.png"),
        ("/data/local-files/?d=cars/a%20b.png", "cars/a b.png"),
        ("/tasks/1/resolve/?fileuri=czM6Ly9iL3gvYS5wbmc=", "a.png"),
        ("https://example.com/cars/a.png?token=1", "a.png"),
        ("s3://bucket/cars/a.png", "a.png"),
        ("cars/a.png", "cars/a.png"),
        (["cars/a.png"], "cars/a.png"),
    ],
)
def test_the_name_is_taken_out_of_an_upload_a_path_on_the_server_or_an_address(image: Any, name: str) -> None:
    assert first(read(task(annotation(result()), image=image))).file_name == name


def test_the_picture_may_stand_under_another_key_or_only_as_uploaded() -> None:
    other = task(annotation(result()), data={"photo": "a.png", "city": "Ulm"})
    assert first(read(other)).file_name == "a.png"
    uploaded = task(annotation(result()), image="/image2", file_upload="1a2b3c4d-a.png")
    assert first(read(uploaded)).file_name == "1a2b3c4d-a.png"
    two = task(annotation(result()), data={"left": "a.png", "right": "b.png"})
    assert [skip.code for skip in read(two).skipped] == ["no-file-name"]


def test_a_region_says_by_the_name_of_its_picture_which_of_two_it_lies_on() -> None:
    pictures = {"image": "a.png", "right": "b.png"}
    assert first(read(task(annotation(result()), data=pictures))).file_name == "a.png"
    beside = annotation(result() | {"to_name": "right"}, result("choices", ["parked"], points=TRIANGLE))
    assert first(read(task(beside, data=pictures))).file_name == "b.png"


def test_a_picture_that_is_shown_twice_or_beside_a_text_is_the_one_of_all_regions() -> None:
    twice = annotation(result(), result(labels=["wheel"]) | {"to_name": "zoom"})
    assert [each.label for each in first(read(task(twice))).regions] == ["car", "wheel"]
    words = {"type": "labels", "to_name": "text", "value": {"start": 0, "end": 3, "text": "red", "labels": ["colour"]}}
    beside = task(annotation(result(), words), data={"image": "a.png", "text": "red car"})
    assert [each.label for each in first(read(beside)).regions] == ["car"]


def test_of_several_annotations_the_ground_truth_counts_and_cancelled_ones_do_not() -> None:
    other = annotation(result(labels=["bus"]))
    chosen = first(read(task(other, annotation(result(), ground_truth=True))))
    assert [each.label for each in chosen.regions] == ["car"]
    left = first(read(task(annotation(result(labels=["bus"]), was_cancelled=True), annotation(result()))))
    assert [each.label for each in left.regions] == ["car"]


def test_a_picture_that_was_labelled_as_empty_is_not_one_that_nobody_has_labelled() -> None:
    assert first(read(task(annotation()))).regions == ()
    predicted = task(predictions=[{"result": [result()]}])
    skipped = {"id": 7, "completions": [annotation(skipped=True)], "data": {"image": "a.png"}}  # as before 0.7
    imported = {"data": {"image": "a.png"}, "predictions": [{"result": [result()]}]}
    for each in (task(), task(annotation(result(), was_cancelled=True)), predicted, skipped, imported):
        assert [skip.code for skip in read(each).skipped] == ["unlabelled"]
    assert is_labelstudio([imported])


MASK = [[0] * 8] * 4


@pytest.mark.parametrize(
    ("broken", "code", "about"),
    [
        (task(annotation(result()), annotation(result())), "several-labels", "2 annotations"),
        (task(annotation(result() | {"image_rotation": 90})), "turned-picture", "90 degrees"),
        (task(annotation(result() | {"item_index": 1})), "several-pictures", "region 1"),
        (task(annotation(result()), image=["a.png", "b.png"]), "several-pictures", "2 pictures"),
        (
            task(annotation(result(), result() | {"to_name": "right"}), data={"image": "a.png", "right": "b.png"}),
            "several-pictures",
            "image, right",
        ),
        (task(annotation(result()), image="data:image/png;base64,iVBO"), "no-file-name", "without a name"),
        (task(annotation(result()), image="/data/local-files/?d="), "no-file-name", ""),
        (task(annotation(result()), image=None), "no-file-name", ""),
        (task(annotation(result() | {"original_width": None})), "no-size", "shares"),
        (task(annotation(result() | {"original_width": -1})), "bad-size", "-1 x 4"),
        (task(annotation(result(), result() | {"original_width": 9})), "mask-size", "8x4 and 9x4"),
        (task(annotation(result(points=TRIANGLE[:2]))), "bad-outline", "needs 3 points"),
        (task(annotation(result(points="ab"))), "damaged-labels", "its points"),
        (task(annotation(result("rectanglelabels", x=1, y=None, width=1, height=1))), "bad-number", "None"),
        (task(annotation(result("cuboidlabels", corners=[]))), "unknown-shape", "'cuboidlabels'"),
        (task(annotation(result("vectorlabels", vertices=[], closed=True))), "bad-outline", "needs 3 points"),
        (task(annotation(result("vectorlabels", vertices=[3], closed=True))), "damaged-labels", "vertices"),
        (task(annotation(result("brushlabels", format="rle", rle=packed(MASK)[:-9]))), "bad-rle", "cut off"),
        (task(annotation(result("brushlabels", format="rle", rle=packed(MASK[:3])))), "bad-rle", "96 values"),
        (task(annotation(result("brushlabels", format="png", rle=[]))), "bad-rle", "'png'"),
        (task(annotation(result("bitmasklabels", imageDataURL=data_url(MASK[:3])))), "mask-size", "8x3"),
        (task(annotation(result("bitmasklabels", imageDataURL="data:image/png;base64,AAAA"))), "damaged-file", ""),
        (task(annotation(result(labels=[{"car": 1}]))), "damaged-labels", "is not text"),
        (task(annotation(result(labels=["\udcff"]))), "name-not-utf8", ""),
        (task(annotation("polygon")), "damaged-labels", "region 1: is not an object"),
        (task({"id": 5}, {"id": 6, "result": 3}), "several-labels", ""),
        (task({"id": 5, "result": 3}), "damaged-labels", "its results"),
        ({"id": 9}, "damaged-labels", "not a task"),
        ("task", "damaged-labels", "not a task"),
    ],
)
def test_damage_skips_its_picture_and_no_other(broken: Any, code: str, about: str) -> None:
    labels = read(broken, task(annotation(result()), image="b.png"))
    assert [item.file_name for item in labels.items] == ["b.png"]
    (skip,) = labels.skipped
    assert skip.code == code
    assert about in skip.what


def test_label_studio_is_known_by_its_tasks() -> None:
    assert is_labelstudio([task()])
    assert is_labelstudio([record()])
    others: list[Any] = [{}, [], [1, 2], ["a"], [{"data": {}}], [{"annotations": []}], {"annotations": []}, None]
    assert not any(map(is_labelstudio, others))


def test_brushes_exported_as_pictures_are_known_and_say_what_to_export(tmp_path: Path, refused: "Refused") -> None:
    Image.new("L", (8, 4)).save(tmp_path / "task-7-annotation-5-by-a@b.org-label-car-0.png")
    with refused("no-file-name", tmp_path) as error:
        read_labels(tmp_path)
    assert "JSON" in error.value.to_do
    (tmp_path / "project.json").write_text(json.dumps([task(annotation(result()))]))
    assert read_labels(tmp_path).format == "labelstudio"


def test_an_annotation_of_a_storage_is_read_with_the_task_in_it(tmp_path: Path) -> None:
    synced = annotation(result()) | {"task": {"id": 7, "data": {"image": "a.png"}}}
    (tmp_path / "5.json").write_text(json.dumps(synced))
    (tmp_path / "6.json").write_text(json.dumps(task(annotation(result()), image="b.png")))
    found = read_labels(tmp_path)
    assert (found.format, [item.file_name for item in found.items]) == ("labelstudio", ["a.png", "b.png"])
    # The number is the annotation's; a photo that is called so is another's.
    assert [item.label_file for item in found.items if isinstance(item, RegionLabels)] == ["", ""]


def test_a_task_alone_is_known_by_its_results() -> None:
    assert is_labelstudio_task(task(annotation()))
    assert not any(
        map(is_labelstudio_task, [task(), {"data": {}, "annotations": [{"id": 1}]}, [task(annotation())], 5])
    )
    found = read_labelstudio_task(task(annotation(result(), was_cancelled=True)), where="a", source="a")
    assert [skip.code for skip in found.skipped] == ["unlabelled"]
