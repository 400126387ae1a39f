"""Pictures without objects: background where the labels list them, an error where nobody has looked at them."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from p2p_datatools.contract.palette import Palette, PaletteClass
from p2p_datatools.contract.pictures.images import read_mask
from p2p_datatools.contract.pictures.sizes import Size
from p2p_datatools.masks.build import MaskSummary, PaintOptions, build_masks

if TYPE_CHECKING:
    from conftest import Refused
    from datatools.conftest import WritePhotos

TWO = Palette("two", (PaletteClass("background", (0, 0, 0)), PaletteClass("car", (255, 0, 0))))
SIZE = Size(32, 24)


def build(labels: Path, dest: Path, photos: Path, palette: Palette = TWO, **how: Any) -> MaskSummary:
    return build_masks(labels, dest, palette=palette, photos=photos, how=PaintOptions(**how))


@pytest.fixture
def labels(tmp_path: Path) -> Path:
    """YOLO's labels of a.png, which has a car, and of b.png, which has none."""
    folder = tmp_path / "labels"
    folder.mkdir()
    (folder / "classes.txt").write_text("car")
    (folder / "a.txt").write_text("0 0.1 0.1 0.5 0.1 0.5 0.5")
    (folder / "b.txt").write_text("")
    return folder


@pytest.fixture
def photos(tmp_path: Path, write_photos: "WritePhotos") -> Path:
    return write_photos(tmp_path / "photos", "a.png", "b.png", size=SIZE)


def test_one_empty_picture_among_others_is_background_or_an_error_as_one_says(
    labels: Path, photos: Path, tmp_path: Path, refused: "Refused"
) -> None:
    summary = build(labels, tmp_path / "masks", photos)
    assert (summary.built, summary.empty) == (2, 1)
    assert not read_mask(tmp_path / "masks" / "b.png", TWO).any()
    assert build(labels, tmp_path / "masks", photos).empty == 1
    with refused("pictures-failed") as error:
        build(labels, tmp_path / "others", photos, empty="error")
    assert [(Path(part.where).name, part.code) for part in error.value.parts] == [("b.txt", "no-outline")]


def test_a_palette_without_background_has_nothing_that_an_empty_picture_could_be(
    labels: Path, photos: Path, tmp_path: Path, refused: "Refused"
) -> None:
    road = Palette("road", (PaletteClass("road", (0, 0, 9)), PaletteClass("car", (255, 0, 0))))
    with refused("pictures-failed") as error:
        build(labels, tmp_path / "masks", photos, road)
    assert [part.code for part in error.value.parts] == ["no-background"]
    assert build(labels, tmp_path / "masks", photos, road, empty="background").built == 2


@pytest.mark.parametrize(("name", "aliases"), [("_background_", ()), ("BG", ()), ("ground", ("void",))])
def test_a_background_is_known_by_its_name_or_an_alias(
    name: str, aliases: tuple[str, ...], labels: Path, photos: Path, tmp_path: Path
) -> None:
    first = PaletteClass(name, (0, 0, 0), aliases=aliases)
    palette = Palette("two", (first, PaletteClass("car", (255, 0, 0))))
    assert build(labels, tmp_path / "masks", photos, palette).empty == 1


def test_a_photo_that_no_label_names_gets_no_mask(labels: Path, photos: Path, tmp_path: Path) -> None:
    (labels / "b.txt").unlink()
    summary = build(labels, tmp_path / "masks", photos, empty="background")
    assert (summary.built, summary.empty, summary.photos_without_labels) == (1, 0, 1)


def test_a_picture_with_only_a_line_is_not_without_objects(tmp_path: Path, photos: Path, refused: "Refused") -> None:
    line = {"label": "car", "points": [[1, 1], [9, 9]], "shape_type": "line"}
    value = {"imagePath": "a.png", "imageWidth": 32, "imageHeight": 24, "shapes": [line]}
    (tmp_path / "a.json").write_text(json.dumps(value))
    with refused("pictures-failed") as error:
        build(tmp_path / "a.json", tmp_path / "masks", photos, empty="background")
    assert [part.code for part in error.value.parts] == ["no-outline"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("a-asset.json", {"asset": {"name": "a.png", "state": 0}, "regions": []}),
        ("a.json", {"metadata": {"name": "a.png", "status": "NotStarted"}, "instances": []}),
        ("a.ndjson", {"data_row": {"external_id": "a.png"}, "projects": {"p": {"labels": []}}}),
        ("a.json", {"label_classes": [], "images": [{"image_name": "a.png", "image_status": "NEW"}]}),
        ("a.json", [{"id": 1, "data": {"image": "a.png"}, "annotations": []}]),
        ("a.json", [{"name": "b.png", "labels": [{"category": "car", "box2d": {}}]}, {"name": "a.png"}]),
    ],
    ids=["vott", "superannotate", "labelbox", "hasty", "labelstudio", "bdd100k"],
)
def test_a_picture_that_nobody_has_looked_at_is_no_background(
    name: str, value: Any, tmp_path: Path, photos: Path, refused: "Refused"
) -> None:
    (tmp_path / name).write_text(json.dumps(value))
    with refused("pictures-failed") as error:
        build(tmp_path / name, tmp_path / "masks", photos, empty="background")
    assert "unlabelled" in [part.code for part in error.value.parts]
