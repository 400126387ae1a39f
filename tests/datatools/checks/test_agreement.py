"""How much two mask folders agree is told class by class, at outlines and away from them."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from p2p_datatools.checks.agreement import Comparison, compare, outlines
from p2p_datatools.contract.palette import PALETTE_FILE, Palette, load_palette, palette_from_json
from p2p_datatools.contract.pictures.images import write_mask, write_png
from p2p_datatools.masks.build import PaintOptions, build_masks
from p2p_datatools.synth import draw_car_picture

if TYPE_CHECKING:
    from conftest import Refused

CARS = load_palette("cars")
OTHER_ORDER = Palette("turned", (CARS.classes[0], *reversed(CARS.classes[1:])))


def square(left: int, top: int, side: int, value: int = 1) -> NDArray[np.uint8]:
    mask = np.zeros((20, 30), dtype=np.uint8)
    mask[top : top + side, left : left + side] = value
    return mask


def masks(folder: Path, palette: Palette = CARS, **pictures: NDArray[np.uint8]) -> Path:
    folder.mkdir()
    (folder / PALETTE_FILE).write_text(palette.to_toml())
    for name, mask in pictures.items():
        write_mask(folder / f"{name}.png", mask, palette)
    return folder


def compared(tmp_path: Path, here: NDArray[np.uint8], there: NDArray[np.uint8], **more: Any) -> Comparison:
    return compare(masks(tmp_path / "here", a=here), masks(tmp_path / "there", a=there), **more)


def test_equal_masks_agree_wholly(tmp_path: Path) -> None:
    result = compared(tmp_path, square(5, 5, 8), square(5, 5, 8))
    assert (result.compared, result.differing, result.differing_inside, result.ok) == (1, 0, 0, True)
    iou = {each.name: each.iou for each in result.classes}
    assert iou == {"background": 1, "body": 1, "tyres": None, "lights": None, "windows": None, "ignore": None}


def test_iou_is_the_share_of_both_that_is_in_both(tmp_path: Path) -> None:
    result = compared(tmp_path, square(5, 5, 8), square(9, 5, 8))
    body = result.classes[1]
    assert (body.here, body.there) == (64, 64)
    assert body.iou == pytest.approx(32 / 96)
    assert result.differing == pytest.approx(64 / 600)


@pytest.mark.parametrize(("shift", "inside"), [(1, False), (2, False), (4, True)])
def test_a_shifted_outline_does_not_count_as_a_difference_away_from_outlines(
    tmp_path: Path, shift: int, inside: bool
) -> None:
    result = compared(tmp_path, square(5, 5, 10), square(5 + shift, 5, 10))
    assert result.differing > 0
    assert bool(result.differing_inside) == inside


def test_a_class_taken_for_another_differs_away_from_outlines(tmp_path: Path) -> None:
    result = compared(tmp_path, square(5, 5, 10, 1), square(5, 5, 10, 2))
    assert result.differing_inside == pytest.approx(64 / (600 - 144 + 64))


def test_what_is_ignored_on_one_side_only_is_a_difference(tmp_path: Path) -> None:
    result = compared(tmp_path, square(5, 5, 10, 255), square(5, 5, 10, 1))
    assert result.differing == pytest.approx(100 / 600)
    assert (result.classes[-1].name, result.classes[-1].here, result.classes[-1].there) == ("ignore", 100, 0)


def test_pixels_beside_another_class_are_at_an_outline() -> None:
    near = outlines(square(5, 5, 4))
    assert near.sum() == 36 - 4
    assert not near[7, 7]
    assert not outlines(square(0, 0, 0)).any()


def test_classes_are_matched_by_name_whatever_their_order(tmp_path: Path) -> None:
    here = masks(tmp_path / "here", a=square(5, 5, 8, CARS.index("tyres")))
    there = masks(tmp_path / "there", OTHER_ORDER, a=square(5, 5, 8, OTHER_ORDER.index("tyres")))
    assert compare(here, there).differing == 0


def test_masks_of_other_classes_are_not_compared(tmp_path: Path, refused: "Refused") -> None:
    here = masks(tmp_path / "here", a=square(5, 5, 8))
    there = masks(tmp_path / "there", load_palette("scenes"), a=square(5, 5, 8))
    with refused("other-palette", here, usage=True):
        compare(here, there)


def test_names_on_one_side_and_other_sizes_are_found_and_the_rest_compared(tmp_path: Path) -> None:
    here = masks(tmp_path / "here", a=square(5, 5, 8), b=square(1, 1, 2), d=square(1, 1, 2))
    there = masks(tmp_path / "there", a=square(5, 5, 8), c=square(1, 1, 2), d=square(1, 1, 2)[:, :-1])
    result = compare(here, there)
    assert (result.compared, result.ok) == (1, False)
    assert [(each.code, Path(each.where).name) for each in result.findings] == [
        ("no-mask", "b.png"),
        ("no-mask", "c.png"),
        ("mask-size", "d.png"),
    ]
    assert "30x20 here and 29x20 there" in result.findings[-1].what


def test_masks_in_folders_and_of_names_that_differ_as_those_of_a_data_set_are_compared(tmp_path: Path) -> None:
    here = masks(tmp_path / "here", a_mask=square(5, 5, 8))
    there = masks(tmp_path / "there")
    write_mask(there / "masks" / "a.png", square(5, 5, 8), CARS)
    result = compare(here, there)
    assert (result.compared, result.ok, result.pictures[0].name) == (1, True, "a_mask")


def test_the_most_different_picture_comes_first(tmp_path: Path) -> None:
    here = masks(tmp_path / "here", a=square(5, 5, 10), b=square(5, 5, 10), c=square(5, 5, 10))
    there = masks(tmp_path / "there", a=square(5, 5, 10), b=square(15, 5, 10), c=square(6, 5, 10))
    assert [each.name for each in compare(here, there).pictures] == ["b", "c", "a"]


def test_there_has_to_be_something_to_compare(tmp_path: Path, refused: "Refused") -> None:
    here = masks(tmp_path / "here", a=square(5, 5, 8))
    with refused("no-common-name", here):
        compare(here, masks(tmp_path / "there", b=square(5, 5, 8)))
    with refused("no-pictures", tmp_path / "empty"):
        compare(here, masks(tmp_path / "empty"))
    with refused("missing-folder", tmp_path / "gone"):
        compare(here, tmp_path / "gone")


def test_a_folder_without_palette_is_read_by_the_one_given(tmp_path: Path, refused: "Refused") -> None:
    here, there = masks(tmp_path / "here", a=square(5, 5, 8)), masks(tmp_path / "there", a=square(5, 5, 8))
    (there / PALETTE_FILE).unlink()
    with refused("no-palette", there, usage=True):
        compare(here, there)
    assert compare(here, there, palette=CARS).differing == 0


def vott_twin(labels: Path, photos: Path, name: str, index: int) -> dict[str, Any]:
    """What VoTT would export for a procedural car, whose photo and index picture are written; outlines by OpenCV."""
    car = draw_car_picture(index)
    write_png(photos / name, car.photo)
    write_png(labels / name, car.labels)
    regions = []
    for value in range(1, len(CARS.names)):
        # What covers a class lies on top of it, as it would when a person draws it.
        contours, _ = cv2.findContours((car.labels == value).astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
        for contour in (each[:, 0] + 0.5 for each in contours if len(each) > 2):
            points = [{"x": float(x), "y": float(y)} for x, y in contour]
            regions.append({"type": "POLYGON", "tags": [CARS.names[value]], "points": points})
    size = {"width": car.labels.shape[1], "height": car.labels.shape[0]}
    return {"asset": {"name": quote(name, safe="()-"), "size": size}, "regions": regions}


def test_index_pictures_and_their_twin_in_vott_agree_but_for_outlines(tmp_path: Path) -> None:
    labels, photos = tmp_path / "labels", tmp_path / "photos"
    names = ["image (10).png", "62271369-ehrfürchtig.png", "side-view-(left)-90.png", "100%.png"]
    assets = {f"id{n}": vott_twin(labels, photos, name, n) for n, name in enumerate(names)}
    assert [each["asset"]["name"] for each in assets.values()][:2] == [
        "image%20(10).png",
        "62271369-ehrf%C3%BCrchtig.png",
    ]
    (tmp_path / "masks.json").write_text(json.dumps({"assets": assets}))
    exact, drawn = tmp_path / "exact", tmp_path / "drawn"
    build_masks(labels, exact, palette=CARS, photos=photos, mapping={"ids": "palette"})
    assert build_masks(tmp_path / "masks.json", drawn, palette=CARS, photos=photos).format == "vott"
    result = compare(exact, drawn)
    assert (result.compared, result.findings) == (4, ())
    assert 0 < result.differing < 0.03
    assert result.differing_inside == 0


SHAPES = palette_from_json(
    {
        "name": "shapes",
        "classes": [
            {"name": name, "color": [40 * n, 255 - 40 * n, n]}
            for n, name in enumerate(("background", "rectangle", "triangle", "ellipse", "bird", "strawberry"))
        ],
    },
    where="test",
)


@pytest.mark.parametrize(
    ("other", "at_outlines", "inside"),
    [
        ("cvat1.1", 0.001, 0.0),  # CVAT writes its ellipses as masks to COCO, drawn with OpenCV
        ("labelme3.0", 0.0, 0.0),
        ("labelme", 0.01, 0.003),  # these were drawn again by hand
        ("via/via_region_data.json", 0.01, 0.003),
        ("via/via_region_data.csv", 0.01, 0.003),
    ],
)
def test_real_labels_of_the_same_pictures_agree_in_every_format(
    real_data: Path, tmp_path: Path, other: str, at_outlines: float, inside: float
) -> None:
    sets = real_data / "formats" / "2label" / "datasets"
    for name, labels in (("here", sets / "coco1.0"), ("there", sets / other)):
        summary = build_masks(
            labels,
            tmp_path / name,
            palette=SHAPES,
            photos=sets / "cvat1.1" / "images",
            mapping={"circle": "ellipse"} if name == "there" else {},
            how=PaintOptions(empty="error"),
            keep_going=True,
        )
        assert (summary.built, len(summary.skipped)) == (3, 1)  # in one there is only a line
    result = compare(tmp_path / "here", tmp_path / "there")
    assert result.ok
    assert result.differing <= at_outlines
    assert result.differing_inside <= inside


def test_real_masks_that_labelme_made_of_its_polygons_agree_with_ours_but_for_outlines(
    real_data: Path, tmp_path: Path
) -> None:
    folder = real_data / "formats" / "labelme-voc" / "semantic_segmentation"
    voc = ("background", "bottle", "bus", "car", "chair", "person", "sofa")
    numbers = {"5": "bottle", "6": "bus", "7": "car", "9": "chair", "15": "person", "18": "sofa", "255": "ignore"}
    palette = palette_from_json(
        {
            "name": "voc",
            "classes": [{"name": name, "color": [30 * n, 0, 0], "id": n or None} for n, name in enumerate(voc)],
        },
        where="test",
    )
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    build_masks(
        folder / "data_annotated",
        ours,
        palette=palette,
        mapping={"__ignore__": "ignore"},
        how=PaintOptions("annotation"),
    )
    build_masks(
        folder / "data_dataset_voc" / "SegmentationClass",
        theirs,
        palette=palette,
        mapping=numbers | {"0": "background"},
    )
    result = compare(ours, theirs)
    assert (result.compared, result.ok) == (3, True)
    assert result.differing < 0.02
    assert result.differing_inside < 0.0005
