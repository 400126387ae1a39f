"""Annotations of a large JSON file lie out of memory and say what they said; any other file is parsed as ever."""

import json
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


@pytest.mark.parametrize(
    "value",
    [
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
