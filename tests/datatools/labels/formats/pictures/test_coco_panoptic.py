"""COCO panoptic: segments as numbers in PNGs beside the JSON that says what they are."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image

from p2p_datatools.contract.palette import IGNORE, load_palette
from p2p_datatools.contract.pictures.images import read_mask
from p2p_datatools.labels.formats.pictures.coco_panoptic import is_panoptic, read_panoptic
from p2p_datatools.labels.read import read_labels
from p2p_datatools.labels.values import LabelSet, SegmentLabels, Use
from p2p_datatools.masks.build import PaintOptions, build_masks
from p2p_datatools.masks.new_palette import start_palette

if TYPE_CHECKING:
    from conftest import Refused

CARS = load_palette("cars")
CAR, WHEEL = 256 * 200 + 7, 65536 * 3 + 1
# A car of two parts with a hole, in which there is a wheel; the right column is of no segment.
NUMBERS = [
    [CAR, CAR, CAR, 0, CAR, 0],
    [CAR, WHEEL, CAR, 0, CAR, 0],
    [CAR, CAR, CAR, 0, CAR, 0],
]
SEGMENTS = [{"id": CAR, "category_id": 3, "iscrowd": 0, "area": 11}, {"id": WHEEL, "category_id": 7}]


def write(folder: Path, *segments: Any, numbers: Any = NUMBERS, name: str = "a", **others: Any) -> Path:
    """panoptic.json, and its picture in the folder of the same name."""
    ids = np.array(numbers, dtype="<u4")
    (folder / "panoptic").mkdir(parents=True, exist_ok=True)
    Image.fromarray(ids.view(np.uint8).reshape(*ids.shape, 4)[..., :3].copy()).save(folder / "panoptic" / f"{name}.png")
    value = {
        "images": [{"id": 1, "file_name": "a.jpg", "width": ids.shape[1], "height": ids.shape[0]}],
        "annotations": [{"image_id": 1, "file_name": "a.png", "segments_info": list(segments or SEGMENTS)}],
        "categories": [{"id": 3, "name": "car"}, {"id": 7, "name": "wheel"}],
    } | others
    (folder / "panoptic.json").write_text(json.dumps(value))
    return folder / "panoptic.json"


def read(path: Path) -> LabelSet:
    return read_panoptic(json.loads(path.read_text()), where=str(path), source=path.name)


def build(path: Path, **options: Any) -> Any:
    return build_masks(path, path.parent.parent / "masks", palette=CARS, **options)


@pytest.fixture
def labels(tmp_path: Path) -> Path:
    return tmp_path / "labels"


def test_holes_and_parts_are_exact_and_what_no_segment_covers_is_ignored(labels: Path) -> None:
    build(write(labels))
    mask = read_mask(labels.parent / "masks" / "a.png", CARS)
    car, wheel = CARS.index("body"), CARS.index("tyres")
    assert mask.tolist() == [
        [car, car, car, IGNORE, car, IGNORE],
        [car, wheel, car, IGNORE, car, IGNORE],
        [car, car, car, IGNORE, car, IGNORE],
    ]


def test_what_no_segment_covers_can_be_the_background(labels: Path) -> None:
    build(write(labels), mapping={"void": "background"})
    assert read_mask(labels.parent / "masks" / "a.png", CARS)[0, 3] == 0


def test_the_file_and_its_folder_are_recognised_and_may_be_named(labels: Path, refused: "Refused") -> None:
    path = write(labels)
    for place in (path, labels):
        assert [read_labels(place, how).format for how in ("auto", "panoptic")] == ["panoptic", "panoptic"]
    with refused("other-format", path):
        read_labels(path, "coco")
    assert not is_panoptic({"images": [], "annotations": [{"segmentation": []}], "categories": []})


def test_pictures_may_also_lie_beside_the_file(labels: Path) -> None:
    path = write(labels)
    (labels / "panoptic" / "a.png").rename(labels / "a.png")
    assert [getattr(item, "path", None) for item in read(path).items] == [labels / "a.png"]


def test_segments_are_counted_and_begin_a_palette(labels: Path) -> None:
    path = write(labels)
    assert read(path).labels == {"car": Use(1, 1), "wheel": Use(1, 1)}
    assert start_palette(path, "mine").names == ("background", "car", "wheel")


def test_a_label_of_no_class_is_named_before_any_picture_is_read(labels: Path, refused: "Refused") -> None:
    path = write(labels, categories=[{"id": 3, "name": "car"}, {"id": 7, "name": "zeppelin"}])
    with refused("unclaimed-label", path) as error:
        build(path)
    assert "zeppelin (1 region in 1 picture)" in error.value.what


def test_the_signature_changes_with_what_a_segment_is(labels: Path) -> None:
    one = read(write(labels)).items[0]
    other = read(write(labels, SEGMENTS[0], {"id": WHEEL, "category_id": 3})).items[0]
    assert isinstance(one, SegmentLabels)
    assert isinstance(other, SegmentLabels)
    assert one.signature != other.signature


@pytest.mark.parametrize(
    ("segments", "code", "about"),
    [
        ([SEGMENTS[0]], "unknown-segment", f"the first is {WHEEL} at x=1, y=1"),
        ([SEGMENTS[0], {"id": WHEEL, "category_id": 9}], "unknown-class", "the category 9"),
        ([SEGMENTS[0], {"id": WHEEL}], "unknown-class", "the category None"),
        ([SEGMENTS[0], SEGMENTS[0]], "duplicate-id", f"the id {CAR}"),
        ([{"id": 0, "category_id": 3}], "bad-id", "the segment id 0"),
        ([{"id": 1 << 24, "category_id": 3}], "bad-id", "from 1 to 16777215"),
        (["x"], "bad-id", "the segment id None"),
    ],
)
def test_an_id_that_is_unknown_and_a_segment_without_a_class_skip_the_picture(
    labels: Path, segments: Any, code: str, about: str, refused: "Refused"
) -> None:
    with refused("pictures-failed", labels.parent / "masks") as error:
        build(write(labels, *segments))
    (skip,) = error.value.parts
    assert (Path(skip.where).name, skip.code) == ("a.png", code)
    assert about in skip.what


def test_a_segment_without_pixels_is_left_out_and_refused_if_one_is_strict(labels: Path, refused: "Refused") -> None:
    path = write(labels, *SEGMENTS, {"id": 5, "category_id": 3})
    for kept in (0, 1):  # a mask that is kept is not read again
        summary = build(path)
        assert (summary.kept, summary.faulty) == (kept, {"empty-segment": 1})
        assert (Path(summary.faults[0].where).name, summary.faults[0].label) == ("a.png", "car")
    with refused("pictures-failed") as error:
        build(path, how=PaintOptions(strict=True))
    assert [part.code for part in error.value.parts] == ["empty-segment"]


def test_a_missing_picture_is_a_skip_and_no_picture_at_all_says_where_it_was_looked_for(
    labels: Path, refused: "Refused"
) -> None:
    images = [{"id": n, "file_name": f"{n}.jpg", "width": 6, "height": 3} for n in (1, 2)]
    annotations = [{"image_id": n, "file_name": f"{n}.png", "segments_info": SEGMENTS} for n in (1, 2)]
    path = write(labels, name="1", images=images, annotations=annotations)
    summary = build(path, keep_going=True)
    assert summary.built == 1
    assert [(skip.where, skip.code) for skip in summary.skipped] == [("2.png", "missing-picture")]
    (labels / "panoptic" / "1.png").unlink()
    with refused("missing-picture", path) as error:
        read(path)
    assert f"{labels / 'panoptic'} or {labels}" in error.value.what
    assert "1.png" in error.value.to_do


def test_pictures_of_another_size_and_names_that_lead_outside_are_skips(labels: Path, refused: "Refused") -> None:
    with refused("pictures-failed", labels.parent / "masks") as error:
        build(write(labels, images=[{"id": 1, "file_name": "a.jpg", "width": 7, "height": 3}]))
    (skip,) = error.value.parts
    assert (Path(skip.where).name, skip.code) == ("a.png", "mask-size")
    assert "6x3" in skip.what
    assert "7x3" in skip.what
    annotations = [
        {"image_id": 1, "file_name": name, "segments_info": SEGMENTS} for name in ("a.png", "../b.png", "/b.png")
    ]
    lost = [{"image_id": 5, "file_name": "c.png", "segments_info": SEGMENTS}]
    skipped = read(write(labels, annotations=annotations + lost)).skipped
    assert [(skip.where, skip.code) for skip in skipped] == [
        ("../b.png", "path-leads-out"),
        ("/b.png", "path-leads-out"),
        ("c.png", "dangling-reference"),
    ]
    assert "image 5" in skipped[2].what


def test_images_without_annotation_are_reported(labels: Path) -> None:
    images = [{"id": n, "file_name": f"{n}.jpg"} for n in (1, 2, 3)]
    (note,) = read(write(labels, images=images)).notes
    assert note.endswith("no annotation for 2 of 3 images, which get no mask.")


def test_damaged_tables_and_a_file_cut_in_half_are_one_line(labels: Path, refused: "Refused") -> None:
    path = write(labels)
    whole = path.read_text()
    for old, new in (('"image_id"', '"image"'), ('"file_name": "a.png"', '"file": "a.png"'), ('"name"', '"title"')):
        path.write_text(whole.replace(old, new))
        with refused("damaged-labels", path) as error:
            read(path)
        assert f"KeyError: {old[: old.index(':')] if ':' in old else old}".replace('"', "'") in error.value.what
    path.write_text(whole[:100])
    with refused("damaged-json", path):
        read_labels(path)
