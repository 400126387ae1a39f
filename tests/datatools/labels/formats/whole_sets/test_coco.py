"""COCO JSON: what becomes a region, and what damage costs."""

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from p2p_datatools.contract.errors import P2PError
from p2p_datatools.labels.formats.whole_sets.coco import is_coco, read_coco
from p2p_datatools.labels.values import LabelSet, RegionLabels, Use

if TYPE_CHECKING:
    from conftest import Refused
    from datatools.conftest import First

SQUARE = [0, 0, 4, 0, 4, 4, 0, 4]


def coco(*annotations: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "images": [{"id": 1, "file_name": "a.jpg", "width": 8, "height": 6}, {"id": 2, "file_name": "b.jpg"}],
        "categories": [{"id": 3, "name": "wheel"}, {"id": 7, "name": "car"}],
        "annotations": [{"id": 10 + n, "image_id": 1, "category_id": 3} | each for n, each in enumerate(annotations)],
    } | more


def read(value: Any) -> LabelSet:
    return read_coco(value, where="labels.json", source="labels.json")


def test_annotations_become_regions_of_their_picture_in_the_order_of_the_file(first: "First") -> None:
    labels = read(coco({"segmentation": [SQUARE]}, {"category_id": 7, "segmentation": [SQUARE]}))
    item = first(labels)
    assert (item.file_name, item.size) == ("a.jpg", (8, 6))
    assert [region.label for region in item.regions] == ["wheel", "car"]
    assert item.regions[0].polygons[0].outer.tolist() == [[0, 0], [4, 0], [4, 4], [0, 4]]


def test_several_parts_are_one_region_and_empty_lists_are_not_a_region(first: "First") -> None:
    item = first(read(coco({"segmentation": [SQUARE, SQUARE]}, {"segmentation": []}, {}, {"segmentation": None})))
    assert [len(region.polygons) for region in item.regions] == [2]


def test_an_outline_of_empty_parts_is_none_and_one_written_as_text_is_what_it_says(first: "First") -> None:
    empty = {"segmentation": [[]], "bbox": [1, 2, 3, 2]}
    item = first(read(coco(empty, {"segmentation": [[], SQUARE]}, {"segmentation": json.dumps([SQUARE])})))
    assert (item.without_area, len(item.boxes), item.faults) == ({"annotation without outline": 1}, 1, ())
    assert [region.polygons[0].outer.tolist() for region in item.regions] == [[[0, 0], [4, 0], [4, 4], [0, 4]]] * 2


def test_masks_in_runs_are_regions_as_they_are_and_crowds_too(first: "First") -> None:
    runs = {"counts": [6, 12, 30], "size": [6, 8]}
    item = first(read(coco({"segmentation": runs}, {"segmentation": runs | {"counts": "6<n0"}, "iscrowd": 1})))
    listed, text = (region.runs[0].mask() for region in item.regions)
    assert listed.sum() == 12
    assert listed[:, 1:3].all()
    assert (text == listed).all()


def test_the_boxes_that_cvat_writes_without_outline_are_drawn_and_others_counted(first: "First") -> None:
    box = {"segmentation": [], "bbox": [1, 2, 3, 2]}
    found = box | {"attributes": {"occluded": False}}
    item = first(read(coco(box | {"attributes": {"rotation": 0.0}}, found, {"segmentation": []})))
    (region,) = item.regions
    assert region.polygons[0].outer.tolist() == [[1, 2], [4, 2], [4, 4], [1, 4]]
    assert item.without_area == {"annotation without outline": 2}
    moved = first(
        read(coco(box | {"bbox": [1, 2, 3, 3], "attributes": {"rotation": 0.0}}, found, {"segmentation": []}))
    )
    assert moved.signature != item.signature


@pytest.mark.parametrize("key", ["filename", "path"])
def test_pictures_are_found_by_the_names_of_programs_that_imitate_coco(key: str) -> None:
    value = coco({"segmentation": [SQUARE]}, {"segmentation": [SQUARE], "image_id": 2})
    value["images"] = [{"id": number, key: f"photos/{number}.jpg", "width": 8, "height": 6} for number in (1, 2)]
    assert [item.file_name for item in read(value).items] == ["photos/1.jpg", "photos/2.jpg"]
    same = value | {"images": [each | {"id": 1} for each in value["images"]]}
    with pytest.raises(P2PError, match="two images have the same id"):
        read(same)


def test_labels_are_counted_by_regions_and_pictures() -> None:
    labels = read(
        coco({"segmentation": [SQUARE]}, {"segmentation": [SQUARE]}, {"segmentation": [SQUARE], "image_id": 2})
    )
    assert labels.labels == {"wheel": Use(3, 2)}


def test_two_categories_of_one_name_are_one_label() -> None:
    categories = [{"id": 3, "name": "car"}, {"id": 7, "name": "car"}]
    labels = read(coco({"segmentation": [SQUARE]}, {"segmentation": [SQUARE], "category_id": 7}, categories=categories))
    assert labels.labels == {"car": Use(2, 1)}


def test_categories_of_one_name_are_reported() -> None:
    same = [{"id": 3, "name": "wheel"}, {"id": 7, "name": "wheel"}, {"id": 8, "name": "car"}]
    assert read(coco(categories=same)).notes == (
        "labels.json: categories 3 and 7 have the same name, 'wheel', and become one label.",
    )
    assert read(coco()).notes == ()


def test_a_panoptic_file_is_distinguished_from_one_with_outlines() -> None:
    assert not is_coco(coco({"file_name": "a.png", "segments_info": [{"id": 1, "category_id": 3}]}))


def test_the_signature_changes_with_an_outline_or_a_label_of_this_picture_only() -> None:
    before = read(coco({"segmentation": [SQUARE]})).items
    moved = read(coco({"segmentation": [[1, *SQUARE[1:]]]})).items
    renamed = read(coco({"segmentation": [SQUARE], "category_id": 7})).items
    assert len({labels[0].signature for labels in (before, moved, renamed)}) == 3
    assert before[1].signature == moved[1].signature


def test_a_picture_without_a_size_has_none() -> None:
    assert [getattr(item, "size", 0) for item in read(coco()).items] == [(8, 6), None]


@pytest.mark.parametrize(
    ("annotation", "code", "about"),
    [
        ({"segmentation": [[0, 0, 4, 4]]}, "bad-outline", "has 2"),
        ({"segmentation": [[]]}, "bad-outline", "has 0"),
        ({"segmentation": [[0, 0, 4, 0, 4]]}, "bad-outline", "a list x, y"),
        ({"segmentation": [["a", 0, 4, 0, 4, 4]]}, "bad-outline", "a list x, y"),
        ({"segmentation": [[float("nan"), 0, 4, 0, 4, 4]]}, "bad-outline", "1e+09"),
        ({"segmentation": [[float("inf"), 0, 4, 0, 4, 4]]}, "bad-outline", "1e+09"),
        ({"segmentation": [[1e300, 0, 4, 0, 4, 4]]}, "bad-outline", "1e+09"),
        ({"segmentation": [[10**400, 0, 4, 0, 4, 4]]}, "bad-outline", "a list x, y"),
        ({"segmentation": {"counts": [3, 5], "size": [6, 8]}}, "bad-rle", "do not cover 8x6"),
        ({"segmentation": {"counts": [48], "size": [8, 6]}}, "mask-size", "6x8, not 8x6"),
        ({"segmentation": "RLE"}, "damaged-labels", "segmentation"),
        ({"attributes": {"rotation": 0}, "bbox": [1, 2, None, 4]}, "bad-number", "None"),
        ({"segmentation": [SQUARE], "category_id": 99}, "unknown-class", "category 99"),
        ({"segmentation": [SQUARE], "category_id": [3]}, "unknown-class", "category [3]"),
    ],
)
def test_a_damaged_annotation_skips_its_picture_and_no_other(annotation: dict[str, Any], code: str, about: str) -> None:
    labels = read(coco(annotation))
    assert [item.file_name for item in labels.items] == ["b.jpg"]
    (skip,) = labels.skipped
    assert (skip.where, skip.code) == ("a.jpg", code)
    assert skip.what.startswith("annotation 10: ")
    assert about in skip.what
    assert "\n" not in str(skip)


def test_sizes_categories_and_outlines_are_read_as_other_programs_write_them() -> None:
    image = {"id": 1, "file_name": "a.jpg", "width": 8.0, "height": "6"}
    (item,) = read(coco({"segmentation": SQUARE, "category_id": 3.0}, images=[image])).items
    assert isinstance(item, RegionLabels)
    assert (item.size, len(item.regions)) == ((8, 6), 1)
    assert item.regions[0].polygons[0].outer.shape == (len(SQUARE) // 2, 2)


@pytest.mark.parametrize("size", [{"width": -5}, {"width": "wide"}, {"width": 10**6, "height": 10**6}])
def test_a_size_that_cannot_be_skips_its_picture(size: dict[str, Any]) -> None:
    (skip,) = read(coco(images=[{"id": 1, "file_name": "a.jpg", "width": 8, "height": 6} | size])).skipped
    assert (skip.where, skip.code) == ("a.jpg", "bad-size")


@pytest.mark.parametrize(
    ("value", "code", "about"),
    [
        (coco({"image_id": 99}), "dangling-reference", "annotation 10 belongs to image 99"),
        (coco(images=[{"id": 1, "file_name": each} for each in "ab"]), "duplicate-id", "images"),
        (coco(images=[]), "no-labels", "images"),
        (coco(images=[{"file_name": "a.jpg"}]), "damaged-labels", "KeyError: 'id'"),
        (coco(images=["a.jpg"]), "damaged-labels", "TypeError"),
        (coco(categories=[{"id": 3}]), "damaged-labels", "KeyError: 'name'"),
        (coco(categories=[{"id": 3, "name": "a"}, {"id": 3, "name": "b"}]), "duplicate-class", "'a' and 'b'"),
        (coco(annotations=[5]), "damaged-labels", "TypeError"),
    ],
)
def test_tables_that_do_not_fit_together_are_one_line_naming_the_file(
    value: Any, code: str, about: str, refused: "Refused"
) -> None:
    with refused(code, "labels.json") as error:
        read(value)
    assert about in error.value.what


def test_an_image_without_a_name_is_skipped_by_its_id() -> None:
    (skip,) = read(coco(images=[{"id": 1}])).skipped
    assert (skip.where, skip.code) == ("labels.json: image 1", "no-file-name")


def test_coco_is_known_by_its_three_lists() -> None:
    assert read([coco({"segmentation": [SQUARE]})]).labels.keys() == {"wheel"}  # in a list of its own
    assert is_coco(json.loads(json.dumps(coco())))
    assert not is_coco({"images": [], "annotations": {}, "categories": []})
    assert not is_coco({"shapes": [], "imagePath": "a.jpg"})


def test_points_are_float64_pairs(first: "First") -> None:
    (region,) = first(read(coco({"segmentation": [[0.5, 1, 4, 0, 4, 4]]}))).regions
    assert region.polygons[0].outer.dtype == np.float64
    assert region.polygons[0].outer.shape == (3, 2)


def test_ids_may_be_numbers_in_one_table_and_text_in_another(only: "First") -> None:
    value = coco({"segmentation": [SQUARE], "image_id": "1", "category_id": "7"}, images=[{"id": 1, "file_name": "a"}])
    assert [region.label for region in only(read(value)).regions] == ["car"]
    value = coco({"segmentation": [SQUARE]}, images=[{"id": "1", "file_name": "a"}])
    assert [region.label for region in only(read(value)).regions] == ["wheel"]
    both = coco(
        {"segmentation": [SQUARE], "image_id": "1"},
        images=[{"id": 1, "file_name": "a"}, {"id": "1", "file_name": "b"}],
    )
    assert [len(item.regions) for item in read(both).items if isinstance(item, RegionLabels)] == [0, 1]


@pytest.mark.parametrize(
    ("told", "name"),
    [
        ("https://host/set/a.jpg?sig=1#x", "https://host/set/a.jpg"),
        ("a?.jpg", "a?.jpg"),
        ("a?d=1.jpg", "a?d=1.jpg"),
        ("/data/local-files/?d=my%20a.jpg", "my a.jpg"),  # as Label Studio exports files of its own disk
        ("/tasks/1/resolve/?fileuri=czM6Ly9iL3gvYS5qcGc%3D", "s3://b/x/a.jpg"),
        ("/tasks/1/resolve/?fileuri=%21", "/tasks/1/resolve/?fileuri=%21"),
    ],
)
def test_the_query_of_an_address_is_no_part_of_a_pictures_name_but_may_hold_it(
    told: str, name: str, only: "First"
) -> None:
    images = [{"id": 1, "file_name": told}]
    assert only(read(coco({"segmentation": [SQUARE]}, images=images))).file_name == name


def test_a_picture_that_is_listed_twice_alike_is_one(only: "First") -> None:
    images = [{"id": 1, "file_name": "a.jpg", "width": 8, "height": 6, "date": date} for date in (1, 2)]
    assert len(only(read(coco({"segmentation": [SQUARE]}, images=images))).regions) == 1


def test_a_picture_of_lvis_is_called_by_its_address(only: "First") -> None:
    images = [{"id": 1, "coco_url": "http://images.cocodataset.org/val2017/000000000139.jpg", "width": 8, "height": 6}]
    assert only(read(coco({"segmentation": [SQUARE]}, images=images))).file_name == "val2017/000000000139.jpg"


def test_entries_of_one_name_and_size_are_one_picture_with_the_annotations_of_all(only: "First") -> None:
    images = [{"id": number, "file_name": "a.jpg", "width": 8, "height": 6} for number in (1, 2, 5)]
    found = read(coco({"segmentation": [SQUARE]}, {"segmentation": [SQUARE], "image_id": 5}, images=images))
    assert len(only(found).regions) == 2
    assert found.notes == (
        "labels.json: 1 picture of one name and size listed under several ids, of which the annotations are united; "
        "the first is a.jpg, with 3 ids.",
    )
    other = [*images[:1], images[1] | {"width": 9}]
    assert len(read(coco({"segmentation": [SQUARE]}, images=other)).items) == 2  # which photo is meant is not known
    films = [image | {"video_id": number} for number, image in enumerate(images)]
    assert len(read(coco({"segmentation": [SQUARE]}, images=films)).items) == len(films)  # frames of one name
    assert len(read(coco(images=[{"id": 1}, {"id": 2}])).skipped) == 2


def test_what_an_annotation_says_to_ignore_is_ignored_and_said(first: "First") -> None:
    told = ({"segmentation": [SQUARE], "ignore": ignore} for ignore in (0, 1))
    labels = read(coco(*told))
    assert [region.label for region in first(labels).regions] == ["wheel", "wheel (ignore)"]
    assert labels.ignored == {"wheel (ignore)"}
    (note,) = labels.notes
    assert "1 annotation is" in note
    assert "--map 'wheel (ignore)=CLASS'" in note
    assert read(coco({"segmentation": [SQUARE], "ignore": 0})).notes == ()


def test_tables_that_are_objects_by_id_are_read_as_lists() -> None:
    plain = coco({"segmentation": [SQUARE]}, {"category_id": 7, "image_id": 2, "segmentation": [SQUARE]})
    by_id = {name: {str(each["id"]): each for each in plain[name]} for name in ("images", "annotations")}
    keyed = {name: [{k: v for k, v in each.items() if k != "id"} for each in by_id[name].values()] for name in by_id}
    names = {str(each["id"]): each["name"] for each in plain["categories"]}
    bare = {name: dict(zip(by_id[name], keyed[name], strict=True)) for name in by_id}
    ids = {name: int(key) for key, name in names.items()}
    of_image = {str(each["image_id"]): [each] for each in plain["annotations"]}
    tables: list[dict[str, Any]] = [by_id, {}, bare, {"annotations": of_image}]
    for value in (plain | each | {"categories": told} for each in tables for told in (names, ids)):
        assert is_coco(value)
        found = [(item.picture_name, [region.label for region in item.regions]) for item in regions_of(read(value))]
        assert found == [("a.jpg", ["wheel"]), ("b.jpg", ["car"])]


def test_categories_that_are_names_alone_are_told_to_lack_their_ids(refused: "Refused") -> None:
    with refused("damaged-labels", "labels.json") as error:
        read(coco() | {"categories": ["wheel", "car"]})
    assert '[{"id": 1, "name": "wheel"}, ...]' in error.value.to_do


def regions_of(found: LabelSet) -> list[RegionLabels]:
    return [item for item in found.items if isinstance(item, RegionLabels)]


def test_runs_whose_size_is_written_as_width_and_height_are_told_so() -> None:
    (skip,) = read(coco({"segmentation": {"counts": [5, 4, 39], "size": [8, 6]}})).skipped
    assert skip.code == "mask-size"
    assert skip.to_do.startswith('Is its "size" written as width, height? COCO\'s is [6, 8].')
