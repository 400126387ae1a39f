"""Annotations of a large JSON file lie out of memory and say what they said; any other file is parsed as ever."""

import json
import tracemalloc
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from p2p_datatools.labels.label_files import LabelFiles
from p2p_datatools.labels.parsing import json_file
from p2p_datatools.labels.parsing.json_file import PackedAnnotation, read_json_labels
from p2p_datatools.labels.read import read_labels
from p2p_datatools.labels.values import LabelSet, RegionLabels

if TYPE_CHECKING:
    from conftest import Refused

SQUARE = [[0, 0.5, 4, 0.25, 4, 1e-7]]
RLE = {"size": [8, 8], "counts": [1, 2, 61]}


def annotation(number: int, image: object, outline: object = SQUARE, **more: object) -> dict[str, Any]:
    return {"id": number, "image_id": image, "category_id": "1", "segmentation": outline, "attributes": {}} | more


COCO: dict[str, Any] = {
    "images": [{"id": each, "file_name": f"{each}.png", "width": 8, "height": 8} for each in (1, 2, 3)],
    "categories": [{"id": 1, "name": "car"}],
    "annotations": [
        annotation(1, 1),
        annotation(2, "2", RLE),
        annotation(3, 2, [], bbox=[1, 1, 3, 3]),
        annotation(4, 2, [[0, 0, 1]]),
        annotation(5, 7),
        annotation(6, 1, [[0, 0, 10**400, 1, 2, 2]]),
        {"id": 7, "image_id": 3, "category_id": 1, "bbox": [0, 0, 2, 2]},
    ],
}


def pack_small_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_file, "_LARGE", 1)


def save(path: Path, value: Any) -> Path:
    path.write_text(json.dumps(value))
    return path


@pytest.mark.parametrize("large", [1, 1 << 20])
def test_json_that_was_written_as_text_of_json_is_what_that_says(
    tmp_path: Path, large: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(json_file, "_LARGE", large)
    assert read_json_labels(save(tmp_path / "a.json", json.dumps(COCO))) == COCO
    assert read_json_labels(save(tmp_path / "b.json", "car")) == "car"


def test_lines_of_json_may_be_called_json_and_damage_is_still_damage(tmp_path: Path, refused: "Refused") -> None:
    lines = tmp_path / "a.json"
    lines.write_text('{"a": 1}\n{"a": 2}\n')
    assert read_json_labels(lines) == [{"a": 1}, {"a": 2}]
    lines.write_text('{"a": 1}\n{"a": 2\n')
    with refused("damaged-json", lines):
        read_json_labels(lines)


def told(found: LabelSet) -> Any:
    def shapes(item: Any) -> list[Any]:
        assert isinstance(item, RegionLabels)
        polygons = [(each.label, each.place, [p.outer.tolist() for p in each.polygons]) for each in item.regions]
        return [polygons, [np.asarray(r.counts).tolist() for each in item.regions for r in each.runs], len(item.boxes)]

    items = [(each.file_name, each.signature, each.faults, *shapes(each)) for each in found.items]  # type: ignore[union-attr]
    return items, found.labels, found.skipped, found.faults, found.notes


def test_a_large_coco_file_is_read_as_a_small_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pack_small_files(monkeypatch)
    path = save(tmp_path / "a.json", COCO)
    packed = read_json_labels(path)["annotations"]
    assert [isinstance(each, PackedAnnotation) for each in packed] == [True] * 6 + [False]
    assert [each.load() for each in packed[:6]] == COCO["annotations"][:6]
    large = told(read_labels(path))
    monkeypatch.setattr(json_file, "_LARGE", 1 << 20)
    assert large == told(read_labels(path))
    assert [fault.code for fault in large[3]] == ["dangling-reference"]


def via(regions: object) -> dict[str, Any]:
    return {"filename": "a.png", "size": 9, "regions": regions, "file_attributes": {}}


OUTLINE = {"name": "polygon", "all_points_x": [0, 4, 4.5], "all_points_y": [0, 1e-7, 4]}
REGION = {"shape_attributes": OUTLINE, "region_attributes": {"label": "car"}}
FAULTY = {"shape_attributes": {"name": "polygon"}, "region_attributes": {"label": "car"}}
SHAPE = {"type": "polygon", "label_id": 0, "points": [0, 0.5, 4, 0.25, 4, 1e-7], "z_order": 1}
ITEM = {"id": "a", "image": {"path": "a.png", "size": [8, 8]}, "annotations": [SHAPE, {**SHAPE, "points": [1]}]}
DATUMARO = {"info": {}, "categories": {"label": {"labels": [{"name": "car"}]}}, "items": [ITEM, {**ITEM, "id": "b"}]}
RESULT = {"id": "r", "original_width": 8, "original_height": 8, "value": {"points": [[0, 0], [50, 0], [50, 9.5]]}}
TASK = {"id": 1, "data": {"image": "a.png"}, "annotations": [{"result": [RESULT, {**RESULT, "value": {}}]}]}
PICTURES = {
    "Label Studio": [TASK, {**TASK, "data": {"image": "b.png"}}, {**TASK, "annotations": []}, 7],
    "a project of VIA": {"_via_settings": {}, "_via_img_metadata": {"a": via([REGION, FAULTY]), "b": via([])}},
    "annotations of VIA": {"a": via([REGION]), "b": via({"0": REGION})},
    "VIA whose regions are no list": {"a": via([REGION]), "b": via("none")},
    "Datumaro": DATUMARO,
    "Datumaro without pictures": DATUMARO | {"items": [ITEM, {"id": "c", "annotations": [SHAPE]}, 7]},
}


@pytest.mark.parametrize("value", PICTURES.values(), ids=PICTURES)
def test_what_is_drawn_in_pictures_of_a_large_file_is_read_as_that_of_a_small_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, value: Any
) -> None:
    path = save(tmp_path / "a.json", value)
    small = told(read_labels(path))
    pack_small_files(monkeypatch)
    assert read_json_labels(path) != value
    assert told(read_labels(path)) == small


def test_memory_of_pictures_hardly_grows_with_what_is_drawn_in_them(tmp_path: Path) -> None:
    regions = [{**REGION, "shape_attributes": {**OUTLINE, "all_points_x": [0.5] * 300}}] * 20
    path = save(tmp_path / "a.json", {str(number): via(regions) for number in range(35)})
    tracemalloc.start()
    try:
        value = read_json_labels(path)
        held = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert len(value) == 35
    assert (
        held < 1.5 * path.stat().st_size
    )  # a scratch file of this size is still in memory; parsed, it takes six times


@pytest.mark.parametrize(
    "value",
    [
        {"pictures": [via([REGION])]},
        {"items": [ITEM]},
        {"annotations": [ITEM], "categories": []},
        {"a": via([via([REGION])])},
        [annotation(1, 1), annotation(2, 1)],  # the results of a detector
        {"annotations": [annotation(1, 1)], "images": [annotation(2, 2)]},
        {"annotations": {"1": annotation(1, 1)}},
        {"annotations": [annotation(1, 1, inner=annotation(2, 2))], "images": []},
        annotation(1, 1),
    ],
)
def test_annotations_elsewhere_are_parsed_as_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, value: Any) -> None:
    pack_small_files(monkeypatch)
    assert read_json_labels(save(tmp_path / "a.json", value)) == value


def test_a_large_file_that_is_damaged_or_missing_is_the_same_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refused: "Refused"
) -> None:
    pack_small_files(monkeypatch)
    (tmp_path / "a.json").write_text(json.dumps(COCO)[:-9])
    with refused("damaged-json", tmp_path / "a.json"):
        read_json_labels(tmp_path / "a.json")
    with refused("missing-file", tmp_path / "b.json"):
        read_json_labels(tmp_path / "b.json")
    assert not LabelFiles(tmp_path, ()).known
