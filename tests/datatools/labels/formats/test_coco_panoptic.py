"""COCO panoptic: segments as numbers in PNGs beside the JSON that says what they are."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from p2p_datatools.contract.errors import P2PError
from p2p_datatools.contract.palette import IGNORE, load_palette
from p2p_datatools.contract.pictures.images import read_mask
from p2p_datatools.labels.formats.coco_panoptic import is_panoptic, read_panoptic
from p2p_datatools.labels.read import read_labels
from p2p_datatools.labels.values import LabelSet, SegmentLabels, Use
from p2p_datatools.masks.build import build_masks
from p2p_datatools.masks.palettes import begin

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


def test_the_file_and_its_folder_are_recognised_and_may_be_named(labels: Path) -> None:
    path = write(labels)
    for place in (path, labels):
        assert [read_labels(place, how).format for how in ("auto", "panoptic")] == ["panoptic", "panoptic"]
    with pytest.raises(P2PError, match=r"is not COCO\. Try --format auto"):
        read_labels(path, "coco")
    assert not is_panoptic({"images": [], "annotations": [{"segmentation": []}], "categories": []})


def test_pictures_may_also_lie_beside_the_file(labels: Path) -> None:
    path = write(labels)
    (labels / "panoptic" / "a.png").rename(labels / "a.png")
    assert [getattr(item, "path", None) for item in read(path).items] == [labels / "a.png"]


def test_segments_are_counted_and_begin_a_palette(labels: Path) -> None:
    path = write(labels)
    assert read(path).labels == {"car": Use(1, 1), "wheel": Use(1, 1)}
    assert begin(path, "mine").names == ("background", "car", "wheel")


def test_a_label_of_no_class_is_named_before_any_picture_is_read(labels: Path) -> None:
    path = write(labels, categories=[{"id": 3, "name": "car"}, {"id": 7, "name": "zeppelin"}])
    with pytest.raises(P2PError, match=r"claims zeppelin \(1 region in 1 picture\)"):
        build(path)


def test_the_signature_changes_with_what_a_segment_is(labels: Path) -> None:
    one = read(write(labels)).items[0]
    other = read(write(labels, SEGMENTS[0], {"id": WHEEL, "category_id": 3})).items[0]
    assert isinstance(one, SegmentLabels)
    assert isinstance(other, SegmentLabels)
    assert one.signature != other.signature


@pytest.mark.parametrize(
    ("segments", "why"),
    [
        ([SEGMENTS[0]], f"1 pixels are of segments that .* does not list; the first is {WHEEL} at x=1, y=1"),
        ([*SEGMENTS, {"id": 5, "category_id": 3}], r"segment 5 \(car\) has no pixel"),
        ([SEGMENTS[0], {"id": WHEEL, "category_id": 9}], "has the category 9, which is not in the file"),
        ([SEGMENTS[0], {"id": WHEEL}], "has the category None"),
        ([SEGMENTS[0], SEGMENTS[0]], f"has a segment {CAR}, but ids are"),
        ([{"id": 0, "category_id": 3}], "has a segment 0"),
        (["x"], "has a segment None"),
    ],
)
def test_an_id_that_is_unknown_and_a_segment_without_a_class_skip_the_picture(
    labels: Path, segments: Any, why: str
) -> None:
    with pytest.raises(P2PError, match=why) as error:
        build(write(labels, *segments))
    assert "a.png: " in str(error.value)


def test_a_missing_picture_is_a_skip_and_no_picture_at_all_says_where_it_was_looked_for(labels: Path) -> None:
    images = [{"id": n, "file_name": f"{n}.jpg", "width": 6, "height": 3} for n in (1, 2)]
    annotations = [{"image_id": n, "file_name": f"{n}.png", "segments_info": SEGMENTS} for n in (1, 2)]
    path = write(labels, name="1", images=images, annotations=annotations)
    summary = build(path, keep_going=True)
    assert (summary.built, [skip.where for skip in summary.skipped]) == (1, ["2.png"])
    (labels / "panoptic" / "1.png").unlink()
    with pytest.raises(P2PError, match=r"there are none of them in .*labels/panoptic and .*labels\. Put the folder"):
        read(path)


def test_pictures_of_another_size_and_names_that_lead_outside_are_skips(labels: Path) -> None:
    with pytest.raises(P2PError, match=r"a\.png: is of 6x3, its labels say 7x3"):
        build(write(labels, images=[{"id": 1, "file_name": "a.jpg", "width": 7, "height": 3}]))
    annotations = [
        {"image_id": 1, "file_name": name, "segments_info": SEGMENTS} for name in ("a.png", "../b.png", "/b.png")
    ]
    lost = [{"image_id": 5, "file_name": "c.png", "segments_info": SEGMENTS}]
    skipped = read(write(labels, annotations=annotations + lost)).skipped
    assert [skip.what.partition(". ")[0] for skip in skipped] == [
        *["leads out of the folder of the labels"] * 2,
        "belongs to image 5, which is not in the file",
    ]


def test_images_without_annotation_are_said(labels: Path) -> None:
    images = [{"id": n, "file_name": f"{n}.jpg"} for n in (1, 2, 3)]
    (note,) = read(write(labels, images=images)).notes
    assert note.endswith("2 of its 3 images have no annotation; they get no mask.")


def test_damaged_tables_and_a_file_cut_in_half_are_one_line(labels: Path) -> None:
    path = write(labels)
    whole = path.read_text()
    for old, new in (('"image_id"', '"image"'), ('"file_name": "a.png"', '"file": "a.png"'), ('"name"', '"title"')):
        path.write_text(whole.replace(old, new))
        with pytest.raises(P2PError, match=r"panoptic\.json: is not whole COCO panoptic \(KeyError"):
            read(path)
    path.write_text(whole[:100])
    with pytest.raises(P2PError, match=r"panoptic\.json: is not whole JSON") as error:
        read_labels(path)
    assert "\n" not in str(error.value)
