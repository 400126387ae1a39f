"""A release of Segments.ai: vectors, segments in pictures beside it, and what becomes of those that are not there."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image

from p2p_datatools.contract.palette import IGNORE, load_palette
from p2p_datatools.contract.pictures.images import read_mask
from p2p_datatools.labels.formats.pictures.segments import is_segments, read_segments
from p2p_datatools.labels.read import read_labels
from p2p_datatools.labels.values import LabelSet, RegionLabels, SegmentLabels, Use
from p2p_datatools.masks.build import build_masks

if TYPE_CHECKING:
    from conftest import Refused

CATEGORIES = [{"id": 1, "name": "body"}, {"id": 4, "name": "tyres"}]
TRIANGLE = [[1.5, 1], [6, 1], [6, 3]]


def vector(kind: str = "polygon", category: Any = 1, **more: Any) -> dict[str, Any]:
    return {"id": 1, "category_id": category, "type": kind, "points": TRIANGLE} | more


def bitmap(*segments: tuple[Any, Any], url: str = "https://example.com/assets/504e.png?sig=1") -> dict[str, Any]:
    annotations = [{"id": number, "category_id": category} for number, category in segments]
    return {"format_version": "0.1", "annotations": annotations, "segmentation_bitmap": {"url": url}}


def sample(*annotations: Any, name: Any = "a.png", label: Any = "", **attributes: Any) -> dict[str, Any]:
    attributes = attributes or {"format_version": "0.1", "annotations": list(annotations)}
    true = {"label_status": "LABELED", "attributes": attributes} if label == "" else label
    return {
        "name": name,
        "attributes": {"image": {"url": "https://example.com/assets/3b8b.jpg"}},
        "labels": {"ground-truth": true},
    }


def release(*samples: Any, **more: Any) -> dict[str, Any]:
    task = {"format_version": "0.1", "categories": CATEGORIES}
    dataset = {"name": "cars", "owner": "jane", "task_type": "vector", "task_attributes": task} | more
    return {"name": "v1", "description": "", "dataset": dataset | {"samples": list(samples)}}


def read(*samples: Any, where: str = "labels/v1.json", **more: Any) -> LabelSet:
    return read_segments(release(*samples, **more), where=where, source="v1.json")


def first(labels: LabelSet) -> RegionLabels:
    assert not labels.skipped, labels.skipped
    found = labels.items[0]
    assert isinstance(found, RegionLabels)
    return found


def save_ids(path: Path, ids: Any) -> None:
    """Save numbers as the tool does: red + 256 green + 65536 blue, with no pixel transparent."""
    numbers = np.array(ids)
    channels = [numbers & 255, numbers >> 8 & 255, numbers >> 16, np.full_like(numbers, 255)]
    Image.fromarray(np.stack(channels, axis=-1).astype(np.uint8)).save(path)


def test_vectors_become_regions_under_the_name_of_their_category() -> None:
    box = vector("bbox", 4, points=[[1, 1], [5, 3]])
    found = first(read(sample(vector(), box)))
    assert (found.file_name, found.size, found.source) == ("a.png", None, "v1.json: a.png")
    assert [each.label for each in found.regions] == ["body", "tyres"]
    assert [each.polygons[0].outer.tolist() for each in found.regions] == [TRIANGLE, [[1, 1], [5, 1], [5, 3], [1, 3]]]


def test_lines_and_points_have_no_area() -> None:
    found = first(read(sample(vector("polyline"), vector("point"), vector())))
    assert len(found.regions) == 1
    assert found.without_area == {"polyline": 1, "point": 1}


@pytest.mark.parametrize("name", ["a_label_ground-truth.png", "504e.png", "segments/jane_cars/v1/504e.png"])
def test_segments_are_read_from_pictures_below_the_folder_of_the_release(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "labels"
    folder.mkdir()
    (folder / "v1.json").write_text(json.dumps(release(sample(**bitmap((1, 1), (70000, 4))))))
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    save_ids(folder / name, [[1, 1, 0], [70000, 0, 0]])
    labels = read_labels(folder)
    (item,) = labels.items
    assert isinstance(item, SegmentLabels)
    assert (item.file_name, item.path, item.segments) == ("a.png", folder / name, {1: "body", 70000: "tyres"})
    assert labels.labels == {"body": Use(1, 1), "tyres": Use(1, 1)}
    cars = load_palette("cars")
    build_masks(folder, tmp_path / "masks", palette=cars)
    mask = read_mask(tmp_path / "masks" / "a.png", cars)
    body, tyres, ignore = cars.index("body"), cars.index("tyres"), IGNORE
    assert mask.tolist() == [[body, body, ignore], [tyres, ignore, ignore]]


def test_segments_that_are_only_on_the_server_are_an_error_naming_what_to_download(
    tmp_path: Path, refused: "Refused"
) -> None:
    place = str(tmp_path / "v1.json")
    with refused("missing-picture", place) as error:
        read(sample(**bitmap((1, 1))), where=place)
    assert "a_label_ground-truth.png" in error.value.to_do


def test_a_picture_of_segments_that_is_not_there_or_twice_skips_its_sample(tmp_path: Path) -> None:
    for name in ("a_label_ground-truth.png", "x/b_label_ground-truth.png", "y/b_label_ground-truth.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        save_ids(tmp_path / name, [[1]])
    samples = [sample(name=f"{name}.png", **bitmap((1, 1), url=f"https://example.com/{name}9.png")) for name in "abc"]
    labels = read(*samples, where=str(tmp_path / "v1.json"))
    assert [each.file_name for each in labels.items] == ["a.png"]
    assert [skip.code for skip in labels.skipped] == ["ambiguous-name", "missing-picture"]


def test_of_several_label_sets_the_ground_truth_counts_or_the_only_one(refused: "Refused") -> None:
    true = sample(vector())
    true["labels"]["model"] = {"attributes": {"annotations": [vector(category=4)]}}
    assert [each.label for each in first(read(true)).regions] == ["body"]
    only = sample(vector())
    only["labels"] = {"model": only["labels"]["ground-truth"]}
    assert len(first(read(only)).regions) == 1
    only["labels"]["other"] = None
    with refused("several-labels", "labels/v1.json"):
        read(only)


@pytest.mark.parametrize(
    ("categories", "code"),
    [
        (None, "no-class-names"),
        ([], "no-class-names"),
        (3, "damaged-labels"),
        ([{"id": 1}], "bad-class-names"),
        ([{"id": 1, "name": "a"}, {"id": 1, "name": "b"}], "bad-class-names"),
        (["car"], "bad-class-names"),
    ],
)
def test_a_release_that_does_not_name_its_categories_cannot_be_read(
    categories: Any, code: str, refused: "Refused"
) -> None:
    with refused(code, "labels/v1.json"):
        read(sample(vector()), task_attributes={"categories": categories})


@pytest.mark.parametrize(
    ("broken", "code", "about"),
    [
        (sample(vector(points=TRIANGLE[:2])), "bad-outline", "annotation 1: a polygon needs 3 points and has 2"),
        (sample(vector("bbox")), "bad-outline", "2 corners"),
        (sample(vector(points=None)), "bad-outline", "has 0"),
        (sample(vector("cuboid")), "unknown-shape", "'cuboid'"),
        (sample(vector(category=2)), "unknown-class", "category 2"),
        (sample(vector(category="body")), "unknown-class", "category body"),
        (sample("polygon"), "damaged-labels", "not an object"),
        (sample(annotations=3), "damaged-labels", "its annotations"),
        (sample(frames=[]), "not-a-picture", ""),
        (sample(point_annotations=[], annotations=[]), "not-a-picture", ""),
        (sample(label=None), "unlabelled", ""),
        (sample(label={"label_status": "REJECTED", "attributes": {}}), "unlabelled", "REJECTED"),
        (sample(label={"label_status": "PRELABELED", "attributes": {}}), "unlabelled", "PRELABELED"),
        (sample(label={"label_status": "LABELED"}), "damaged-labels", "no attributes"),
        (sample(vector(), name=None), "no-file-name", ""),
        ({"name": "a.png"}, "unlabelled", ""),
        ("sample", "damaged-labels", "not an object"),
    ],
)
def test_damage_skips_its_sample_and_no_other(broken: Any, code: str, about: str) -> None:
    labels = read(broken, sample(vector(), name="b.png"))
    assert [each.file_name for each in labels.items] == ["b.png"]
    (skip,) = labels.skipped
    assert skip.code == code
    assert about in skip.what


@pytest.mark.parametrize("segments", [[(0, 1)], [(1, 1), (1, 4)], [("1", 1)], [(1 << 24, 1)]])
def test_a_segment_needs_a_number_of_its_own(tmp_path: Path, segments: Any) -> None:
    save_ids(tmp_path / "504e.png", [[1]])
    labels = read(sample(**bitmap(*segments)), where=str(tmp_path / "v1.json"))
    assert [skip.code for skip in labels.skipped] == ["bad-id"]


def test_a_release_is_known_by_its_samples_with_labels() -> None:
    assert is_segments(release(sample()))
    others: list[Any] = [{}, [], {"dataset": {}}, {"dataset": {"samples": []}}, {"dataset": {"samples": [{"name": 1}]}}]
    assert not any(map(is_segments, others))
