"""Labels and photos of two sizes: one shape is scaled and said, another refused, by the rule that pairs have, too."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from p2p_datatools.contract.mask_folder import read_mask_lines
from p2p_datatools.contract.palette import Palette, PaletteClass, load_palette
from p2p_datatools.contract.pictures.images import read_mask, write_png
from p2p_datatools.contract.pictures.sizes import Size
from p2p_datatools.labels.parsing.rle import runs_of
from p2p_datatools.masks.build import MaskSummary, build_masks

if TYPE_CHECKING:
    from conftest import Notes, Refused
    from datatools.conftest import WritePhotos

TWO = Palette("two", (PaletteClass("background", (0, 0, 0), 0), PaletteClass("car", (255, 0, 0), 1)))
ANIMALS = Palette("animals", (PaletteClass("background", (0, 0, 0), 0), PaletteClass("cat", (255, 0, 0), 1)))
SQUARE: list[list[float]] = [[2.0, 2], [12, 2], [12, 10], [2, 10]]


def labelme(folder: Path, outline: list[list[float]]) -> Path:
    shape = {"label": "car", "points": outline, "shape_type": "polygon"}
    folder.mkdir()
    value = {"imagePath": "a.png", "imageWidth": 32, "imageHeight": 24, "shapes": [shape]}
    (folder / "a.json").write_text(json.dumps(value))
    return folder


def build(labels: Path, dest: Path, photos: Path, **more: Any) -> MaskSummary:
    return build_masks(labels, dest, palette=TWO, photos=photos, **more)


@pytest.mark.parametrize("size", [Size(64, 48), Size(33, 24), Size(31, 24), Size(16, 12), Size(48, 36)])
def test_labels_of_the_same_shape_as_their_photo_are_scaled_and_that_is_recorded(
    size: Size, tmp_path: Path, write_photos: "WritePhotos"
) -> None:
    photos = write_photos(tmp_path / "photos", "a.png", size=size)
    labels = labelme(tmp_path / "labels", [[0.0, 0], [32, 0], [32, 24], [0, 24]])
    summary = build(labels, tmp_path / "masks", photos)
    assert (summary.scaled, summary.first_scaled) == (1, f"a: 32x24 to {size}")
    assert summary.areas == {"background": 0, "car": size.width * size.height}
    assert build(labels, tmp_path / "masks", photos).scaled == 1
    assert read_mask_lines(tmp_path / "masks")["a"].scaled == "32x24"


def test_outlines_are_scaled_before_they_are_painted(tmp_path: Path, write_photos: "WritePhotos") -> None:
    photos = write_photos(tmp_path / "photos", "a.png", size=Size(64, 48))
    build(labelme(tmp_path / "labels", [[2.5, 2], [12, 2], [12, 10], [2.5, 10]]), tmp_path / "masks", photos)
    assert np.flatnonzero(read_mask(tmp_path / "masks" / "a.png", TWO)[10]).tolist() == [*range(5, 24)]


def test_a_drawn_mask_is_scaled_by_nearest_pixel(tmp_path: Path, write_photos: "WritePhotos") -> None:
    inside = np.zeros((24, 32), dtype=np.bool_)
    inside[2:10, 2:12] = True
    counts = runs_of(inside.T).counts.tolist()
    mask = {"segmentation": {"size": [24, 32], "counts": counts}}
    value = {"image": {"file_name": "a.png", "width": 32, "height": 24}, "annotations": [mask]}
    (tmp_path / "a.json").write_text(json.dumps(value))
    photos = write_photos(tmp_path / "photos", "a.png", size=Size(64, 48))
    build(tmp_path / "a.json", tmp_path / "masks", photos, mapping={"unnamed": "car"})
    assert (read_mask(tmp_path / "masks" / "a.png", TWO) == np.kron(inside, np.ones((2, 2)))).all()


@pytest.mark.parametrize("size", [Size(33, 24), Size(31, 24), Size(64, 48), Size(96, 72)])
def test_pictures_of_class_numbers_are_scaled_as_well(size: Size, tmp_path: Path, write_photos: "WritePhotos") -> None:
    numbers = np.zeros((24, 32), dtype=np.uint8)
    numbers[:, 16:] = 1
    (tmp_path / "labels").mkdir()
    write_png(tmp_path / "labels" / "a.png", numbers)
    photos = write_photos(tmp_path / "photos", "a.png", size=size)
    summary = build(tmp_path / "labels", tmp_path / "masks", photos, mapping={"ids": "palette"})
    mask = read_mask(tmp_path / "masks" / "a.png", TWO)
    assert (summary.scaled, mask.shape) == (1, (size.height, size.width))
    assert summary.areas == {"background": int((mask == 0).sum()), "car": int((mask == 1).sum())}


@pytest.mark.parametrize("size", [Size(24, 32), Size(32, 32), Size(34, 24), Size(64, 45)])
def test_labels_of_another_shape_are_refused(
    size: Size, tmp_path: Path, write_photos: "WritePhotos", refused: "Refused"
) -> None:
    photos = write_photos(tmp_path / "photos", "a.png", size=size)
    with refused("pictures-failed") as error:
        build(labelme(tmp_path / "labels", SQUARE), tmp_path / "masks", photos)
    assert [part.code for part in error.value.parts] == ["mask-size"]


@pytest.mark.parametrize(("number", "code"), [(1, "doubted-ids"), (9, "unclaimed-label")])
def test_a_question_about_numbers_tells_what_its_answer_would_scale_and_refuse(
    number: int, code: str, tmp_path: Path, write_photos: "WritePhotos", refused: "Refused", notes: "Notes"
) -> None:
    sizes = {"a.png": Size(33, 24), "b.png": Size(64, 48), "c.png": Size(24, 24), "d.png": Size(40, 24)}
    (tmp_path / "labels").mkdir()
    for name, size in sizes.items():
        write_png(tmp_path / "labels" / name, np.full((24, 32), number, dtype=np.uint8))
        write_photos(tmp_path / "photos", name, size=size)
    write_png(tmp_path / "labels" / "e.png", np.full((24, 32), number, dtype=np.uint8))
    cars = load_palette("cars")
    with refused(code):
        build_masks(tmp_path / "labels", tmp_path / "m", palette=cars, photos=tmp_path / "photos", report=notes)
    scaled, lost, other = (
        next(line for line in notes.lines if text in line) for text in ("a: 32x24 to 33x24", "e.png", "24x24")
    )
    assert scaled.startswith("2 masks")
    assert "no such photo" in lost
    assert other.endswith("1 more picture.")


def test_pairs_given_as_the_photos_of_labels_are_one_error(
    tmp_path: Path, write_photos: "WritePhotos", refused: "Refused"
) -> None:
    (tmp_path / "labels").mkdir()
    for name in "ab":
        write_png(tmp_path / "labels" / f"{name}.png", np.ones((24, 32), dtype=np.uint8))
    photos = write_photos(tmp_path / "photos", "a.png", "b.png", size=Size(64, 24))
    with refused("pairs-as-half"):
        build(tmp_path / "labels", tmp_path / "masks", photos, mapping={"ids": "palette"})


def test_a_question_about_names_tells_sizes_and_missing_photos_too(
    tmp_path: Path, write_photos: "WritePhotos", refused: "Refused", notes: "Notes"
) -> None:
    labels = labelme(tmp_path / "labels", SQUARE)
    value = json.loads((labels / "a.json").read_text())
    for name in "bc":
        (labels / f"{name}.json").write_text(json.dumps(value | {"imagePath": f"{name}.png"}))
    photos = write_photos(tmp_path / "photos", "a.png", size=Size(64, 48))
    write_photos(photos, "b.png", size=Size(24, 24))
    with refused("unclaimed-label"):
        build_masks(labels, tmp_path / "masks", palette=ANIMALS, photos=photos, report=notes)
    said = "\n".join(notes.lines)
    assert "1 mask would be scaled" in said
    assert "32x24 to 64x48" in said
    assert "the photo is 24x24" in said
    assert "c.png: there is no such photo" in said
