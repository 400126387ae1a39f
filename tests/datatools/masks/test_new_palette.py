"""Palettes that are created: which labels, numbers and colours become classes, in which order, in which colours."""

import itertools
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest
from PIL import Image

from p2p_datatools.contract.palette import IGNORE, IGNORE_COLOR, Palette, PaletteClass, load_palette
from p2p_datatools.contract.pictures.images import read_mask, write_mask, write_png
from p2p_datatools.contract.pictures.sizes import Size
from p2p_datatools.masks.build import build_masks
from p2p_datatools.masks.label_kind import CUTOUT
from p2p_datatools.masks.new_palette import distinct_colors, start_palette
from p2p_datatools.masks.palettes import TOO_CLOSE, judge

if TYPE_CHECKING:
    from conftest import Notes, Refused
    from datatools.conftest import Scene
    from numpy.typing import NDArray


def test_distinct_colours_are_far_apart_and_none_is_that_of_ignored_pixels() -> None:
    for count, least in ((1, 0), (8, 120), (30, 75), (100, 45)):
        colors = distinct_colors(count)
        assert colors[0] == (0, 0, 0)
        assert len(colors) == count
        pairs = itertools.combinations([*colors, IGNORE_COLOR], 2)
        assert min(float(np.linalg.norm(np.subtract(*pair))) for pair in pairs) >= least
    assert len(set(distinct_colors(254))) == 254


def test_labels_become_classes_the_large_ones_first(tmp_path: Path, refused: "Refused") -> None:
    squares = {"wheel": 2, "car": 9, "door": 4}
    annotations = [
        {"id": n, "image_id": 1, "category_id": n, "segmentation": [[0, 0, side, 0, side, side]]}
        for n, side in enumerate(squares.values())
    ]
    value = {
        "images": [{"id": 1, "file_name": "a.jpg", "width": 9, "height": 9}],
        "categories": [{"id": n, "name": name} for n, name in enumerate(squares)],
        "annotations": annotations,
    }
    (tmp_path / "a.json").write_text(json.dumps(value))
    palette = start_palette(tmp_path / "a.json", "mine")
    assert palette.names == ("background", "car", "door", "wheel")
    (tmp_path / "p.toml").write_text(palette.to_toml())
    assert judge(tmp_path / "p.toml") == ()
    value["annotations"] = []
    (tmp_path / "a.json").write_text(json.dumps(value))
    with refused("no-labels", tmp_path / "a.json"):
        start_palette(tmp_path / "a.json", "mine")


@pytest.mark.parametrize(
    "label", [np.eye(64, dtype=np.uint8) * 7, np.eye(64, dtype=np.uint8)[..., None] * np.array([[[220, 20, 60]]])]
)
def test_colours_of_photos_that_lie_among_labels_are_no_classes(
    tmp_path: Path, scene: "Scene", refused: "Refused", label: "NDArray[np.uint8]"
) -> None:
    for number in range(3):  # KITTI's folders, whose names do not all say what they hold
        write_png(tmp_path / "training" / "image_2" / f"{number}.png", scene(number, Size(64, 64)))
        write_png(tmp_path / "training" / "semantic" / f"{number}.png", label.astype(np.uint8))
    with refused("photos-not-labels", tmp_path) as error:
        start_palette(tmp_path, "mine")
    assert str(tmp_path / "training" / "semantic") in error.value.to_do


@pytest.mark.parametrize("name", ["", "exact.png"])
def test_labels_that_jpeg_damaged_are_no_photos_also_beside_one_that_it_did_not(tmp_path: Path, name: str) -> None:
    """So are the halves of the public facades and maps, which were saved as PNG when they were taken apart."""
    colors = np.array([[220, 20, 60], [0, 0, 142], [107, 142, 35]], dtype=np.uint8)
    labels = np.kron(np.arange(400).reshape(20, 20) % 3, np.ones((24, 24), dtype=np.intp))
    Image.fromarray(colors[labels]).save(tmp_path / "worn.jpg", quality=75)
    with Image.open(tmp_path / "worn.jpg") as worn:
        worn.save(tmp_path / "worn.png")
    (tmp_path / "worn.jpg").unlink()
    if name:
        write_png(tmp_path / name, colors[labels])
    assert len(start_palette(tmp_path, "mine").classes) >= len(colors)


def test_a_rare_colour_that_is_flat_somewhere_becomes_a_class_beside_one_that_is_near(tmp_path: Path) -> None:
    pixels = np.zeros((200, 200, 3), dtype=np.uint8)
    pixels[:100], pixels[150:157, 150:157] = (255, 0, 0), (250, 0, 0)
    write_png(tmp_path / "labels" / "a.png", pixels)
    palette = start_palette(tmp_path / "labels", name="own")
    assert {each.color for each in palette.classes} == {(0, 0, 0), (255, 0, 0), (250, 0, 0)}
    assert build_masks(tmp_path / "labels", tmp_path / "masks", palette=palette).built == 1


def test_colours_become_classes_and_blends_do_not(tmp_path: Path) -> None:
    picture = np.zeros((128, 128, 3), dtype=np.uint8)
    picture[20:60, 20:90], picture[70:120, 30:60] = (255, 0, 0), (255, 240, 0)
    write_png(tmp_path / "a.png", picture)
    exact = start_palette(tmp_path / "a.png", "mine")
    assert [each.color for each in exact.classes] == [(0, 0, 0), (255, 0, 0), (255, 240, 0)]
    assert exact.names == ("background", "class_ff0000", "class_fff000")
    Image.fromarray(picture).save(tmp_path / "a.jpg", quality=80)
    blended = start_palette(tmp_path / "a.jpg", "mine")
    assert len(blended.classes) == 3
    for one, other in zip(exact.classes, blended.classes, strict=True):
        assert np.linalg.norm(np.subtract(one.color, other.color)) < TOO_CLOSE / 2


@pytest.mark.parametrize(("rows", "background"), [(40, (0, 0, 0)), (20, (255, 0, 0))])
def test_black_is_the_background_where_it_is_half_as_common_as_any_other(
    rows: int, background: tuple[int, int, int], tmp_path: Path
) -> None:
    picture = np.full((100, 100, 3), (255, 0, 0), dtype=np.uint8)
    picture[:rows] = 0
    write_png(tmp_path / "a.png", picture)
    assert start_palette(tmp_path / "a.png", "mine").classes[0].color == background


def test_photos_in_which_some_colours_are_common_give_no_classes(tmp_path: Path, refused: "Refused") -> None:
    rng = np.random.default_rng(0)
    for name in "ab":
        smooth = np.cumsum(rng.integers(-2, 3, (64, 64, 3)), axis=1) + np.array([120, 90, 60])
        write_png(tmp_path / f"{name}.png", np.clip(smooth, 0, 255).astype(np.uint8))
    with refused("no-common-colour", tmp_path):
        start_palette(tmp_path, "mine")


def test_a_photo_gives_no_classes(tmp_path: Path, refused: "Refused") -> None:
    write_png(tmp_path / "a.png", np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8))
    with refused("no-common-colour", tmp_path / "a.png"):
        start_palette(tmp_path / "a.png", "mine")


def test_of_photos_that_were_cut_out_it_is_said_how_their_transparency_becomes_a_mask(
    tmp_path: Path, scene: "Scene", refused: "Refused"
) -> None:
    (tmp_path / "labels").mkdir()
    for name in "ab":  # as AISegment's matting/
        pixels = np.dstack([scene(ord(name), Size(64, 64)), np.zeros((64, 64), dtype=np.uint8)])
        pixels[16:48, 16:48, 3] = 255
        Image.fromarray(pixels).save(tmp_path / "labels" / f"{name}.png")
    with refused("no-common-colour") as error:
        start_palette(tmp_path / "labels", "mine")
    assert CUTOUT in error.value.to_do
    with refused("photos-not-labels") as error:
        build_masks(tmp_path / "labels", tmp_path / "masks", palette=load_palette("cars"))
    assert CUTOUT in error.value.to_do


@pytest.mark.parametrize(("suffix", "count"), [(".png", 4), (".jpg", 4), (".png", 1)])
def test_pictures_of_a_and_b_side_by_side_give_no_classes(
    suffix: str, count: int, tmp_path: Path, refused: "Refused", scene: "Scene"
) -> None:
    for number in range(count):
        mask = np.zeros((64, 96, 3), dtype=np.uint8)
        mask[20 + number : 50, 10:80] = (255, 0, 0)
        Image.fromarray(np.hstack([mask, scene(number)])).save(tmp_path / f"{number}{suffix}")
    with refused("pairs-not-labels") as error:
        start_palette(tmp_path if count > 1 else tmp_path / "0.png", "mine")
    assert f"p2p data halves {tmp_path} " in error.value.to_do


def test_labels_with_an_edge_in_the_middle_are_no_pairs(tmp_path: Path) -> None:
    mask = np.zeros((64, 128, 3), dtype=np.uint8)
    mask[:, 64:] = (255, 0, 0)
    mask[10:20, 20:100] = (0, 0, 255)
    Image.fromarray(mask).save(tmp_path / "a.jpg")
    assert len(start_palette(tmp_path / "a.jpg", "mine").classes) == 3


def test_numbers_become_ids_with_the_colours_that_they_had(tmp_path: Path) -> None:
    image = Image.fromarray(np.array([[1, 5, 255]], dtype=np.uint8))
    image.putpalette([part for n in range(256) for part in (n, 2 * n % 256, 0)])
    image.save(tmp_path / "a.png")
    palette = start_palette(tmp_path, "mine")
    assert palette.classes == (PaletteClass("background", (1, 2, 0), 1), PaletteClass("class_5", (5, 10, 0), 5))
    Image.fromarray(np.array([[0, 7]], dtype=np.uint8)).save(tmp_path / "a.png")
    assert [each.id for each in start_palette(tmp_path, "mine").classes] == [0, 7]


def test_a_mask_folder_gives_the_palette_it_has(tmp_path: Path) -> None:
    cars = load_palette("cars")
    write_mask(tmp_path / "a.png", np.zeros((2, 2), dtype=np.uint8), cars)
    (tmp_path / "palette.toml").write_text(cars.to_toml())
    assert start_palette(tmp_path, "mine") == Palette("mine", cars.classes)


def shapes(path: Path, areas: Mapping[str, int]) -> Path:
    """A label file of LabelMe with a square of each label, beside each other."""
    found, left = [], 0
    for label, side in areas.items():
        found.append({"label": label, "points": [[left, 0], [left + side, 0], [left + side, side], [left, side]]})
        left += side
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"imagePath": "a.png", "imageWidth": left, "imageHeight": 9, "shapes": found}))
    return path


def grey(path: Path, *values: int) -> Path:
    write_png(path, np.array([values], dtype=np.uint8))
    return path.parent


def table_png(path: Path, values: list[int], colors: dict[int, tuple[int, int, int]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.fromarray(np.array([values], dtype=np.uint8))
    image.putpalette([part for number in range(256) for part in colors.get(number, (0, 0, 0))])
    image.save(path)


def masks_of(labels: Path, palette: Palette) -> list[list[int]]:
    """The first row of each mask that the palette builds of the labels it was created from."""
    dest = labels.parent / "masks"
    build_masks(labels, dest, palette=palette)
    return [read_mask(path, palette)[0].tolist() for path in sorted(dest.rglob("*.png"))]


def test_what_is_no_class_is_ignored_and_what_is_background_an_alias_of_it(tmp_path: Path) -> None:
    areas = {"Void": 1, "car": 3, "__ignore__": 1, "ignored": 1, "_background_": 2, "BG": 1, "unnamed": 1, "wheel": 2}
    palette = start_palette(shapes(tmp_path / "a.json", areas), "mine")
    assert palette.names == ("background", "car", "wheel")
    assert palette.classes[0].aliases == ("_background_", "BG")
    assert set(palette.ignored) == {"Void", "__ignore__", "ignored", "unnamed"}


def test_labels_that_differ_in_case_alone_are_one_class(tmp_path: Path) -> None:
    assert start_palette(shapes(tmp_path / "a.json", {"Car": 3, "car": 1, "CAR ": 2}), "mine").names == (
        "background",
        "Car",
    )


def test_a_label_that_is_a_number_is_a_class_of_its_own(tmp_path: Path) -> None:
    path = shapes(tmp_path / "labels" / "a.json", {"7": 3, "8": 2})
    palette = start_palette(path, "mine")
    assert palette.names == ("background", "class_7", "class_8")
    assert masks_of(path, palette) == [[1, 1, 1, 2, 2]]


def test_regions_without_any_name_are_objects(tmp_path: Path) -> None:
    palette = start_palette(shapes(tmp_path / "a.json", {"": 2}), "mine")
    assert [(each.name, each.aliases) for each in palette.classes] == [("background", ()), ("object", ("unnamed",))]


@pytest.mark.parametrize(
    ("values", "ids", "ignored", "mask"),
    [
        ((0, 255), [0, 255], (), [0, 1]),
        ((255, 255), [0, 255], (), [1, 1]),
        ((0, 1, 255), [0, 1], ("255",), [0, 1, IGNORE]),
        ((1, 2, 12), [1, 2, 12], (), [0, 1, 2]),
        ((0, 3, 0), [0, 3], (), [0, 1, 0]),
    ],
)
def test_255_is_ignored_beside_classes_and_a_class_beside_nothing_but_0(
    values: tuple[int, ...], ids: list[int], ignored: tuple[str, ...], mask: list[int], tmp_path: Path
) -> None:
    labels = grey(tmp_path / "labels" / "a.png", *values)
    palette = start_palette(labels, "mine")
    assert [each.id for each in palette.classes] == ids
    assert palette.ignored == ignored
    assert masks_of(labels, palette) == [mask]


def test_a_number_that_only_the_last_of_many_pictures_has_is_a_class(tmp_path: Path) -> None:
    for number in range(40):
        grey(tmp_path / "labels" / f"{number:02}.png", 0, 1)
    grey(tmp_path / "labels" / "40.png", 0, 9)
    assert [each.id for each in start_palette(tmp_path / "labels", "mine").classes] == [0, 1, 9]


def test_tables_that_contradict_each_other_give_no_colours_and_none_of_theirs_is_taken(tmp_path: Path) -> None:
    red, blue, white = (255, 0, 0), (0, 0, 255), (255, 255, 255)
    table_png(tmp_path / "labels" / "a.png", [0, 1, 2], {1: red, 2: blue})
    table_png(tmp_path / "labels" / "b.png", [0, 1, 2], {1: blue, 2: white})
    palette = start_palette(tmp_path / "labels", "mine")
    assert not {each.color for each in palette.classes} & {(0, 0, 0), red, blue, white}
    assert masks_of(tmp_path / "labels", palette) == [[0, 1, 2], [0, 1, 2]]


def test_named_numbers_keep_the_colours_of_their_table(tmp_path: Path) -> None:
    table_png(tmp_path / "labels" / "a.png", [1, 2, 3], {1: (0, 0, 170), 2: (0, 0, 255), 3: (0, 85, 255)})
    (tmp_path / "labels" / "classes.txt").write_text("1 background\n2 facade\n3 window\n")
    palette = start_palette(tmp_path / "labels", "mine")
    assert [(each.name, each.color) for each in palette.classes] == [
        ("background", (0, 0, 170)),
        ("facade", (0, 0, 255)),
        ("window", (0, 85, 255)),
    ]
    assert masks_of(tmp_path / "labels", palette) == [[0, 1, 2]]


def test_listed_colours_that_are_reserved_or_black_without_being_background_do_no_harm(tmp_path: Path) -> None:
    colors = np.array([[(0, 0, 0), IGNORE_COLOR, (9, 9, 99)]], dtype=np.uint8)
    write_png(tmp_path / "labels" / "a.png", colors)
    (tmp_path / "labels" / "class_dict.csv").write_text("name,r,g,b\nroad,0,0,0\ncar,255,0,254\nvoid,9,9,99\n")
    palette = start_palette(tmp_path / "labels", "mine")
    assert palette.names == ("background", "road", "car")
    assert palette.classes[1].color == (0, 0, 0)
    assert masks_of(tmp_path / "labels", palette) == [[1, 2, IGNORE]]


def test_transparent_pixels_are_background_and_no_class(tmp_path: Path) -> None:
    pixels = np.zeros((8, 8, 4), dtype=np.uint8)
    pixels[:4], pixels[4:, :4] = (255, 0, 0, 255), (0, 255, 0, 255)
    (tmp_path / "labels").mkdir()
    Image.fromarray(pixels).save(tmp_path / "labels" / "a.png")
    palette = start_palette(tmp_path / "labels", "mine")
    assert palette.names == ("background", "class_ff0000", "class_00ff00")
    masks_of(tmp_path / "labels", palette)


@pytest.mark.parametrize("table", [False, True])
def test_the_first_number_is_no_background_where_what_is_transparent_is(tmp_path: Path, table: bool) -> None:
    numbers = np.zeros((8, 8), dtype=np.uint8)
    numbers[:4], numbers[4:6] = 1, 2
    (tmp_path / "labels").mkdir()
    if table:
        image = Image.fromarray(numbers)
        image.putpalette([0, 0, 0, 255, 0, 0, 0, 255, 0])
        image.save(tmp_path / "labels" / "a.png", transparency=0)
    else:
        alpha = (numbers > 0).astype(np.uint8) * 255
        Image.fromarray(np.dstack([numbers, alpha])).save(tmp_path / "labels" / "a.png")
    palette = start_palette(tmp_path / "labels", "mine")
    assert palette.names == ("background", "class_1", "class_2")
    build_masks(tmp_path / "labels", tmp_path / "masks", palette=palette)
    assert (read_mask(tmp_path / "masks" / "a.png", palette) == numbers).all()


@pytest.mark.parametrize(
    ("numbers", "classes", "ignored"),
    [
        ((0, 51, 102, 153, 204, 255), 6, ()),  # CUB-200-2011: how many of five drew the bird
        ((0, 128, 255), 3, ()),  # a trimap of alpha matting
        ((0, 29, 76, 150, 255), 5, ()),  # colours that became greys
        ((0, 1, 255), 2, ("255",)),
        ((0, 15, 255), 2, ("255",)),
        ((0, 95, 123, 148, 156, 255), 5, ("255",)),  # COCO-Stuff
    ],
)
def test_255_is_a_class_among_greys_and_ignored_among_class_numbers(
    tmp_path: Path, numbers: tuple[int, ...], classes: int, ignored: tuple[str, ...]
) -> None:
    labels, pixels = tmp_path / "labels", np.array([numbers] * 8, dtype=np.uint8).repeat(8, axis=1)
    write_png(labels / "a.png", pixels)
    palette = start_palette(labels, "mine")
    assert (len(palette.classes), palette.ignored) == (classes, ignored)
    assert len(build_masks(labels, tmp_path / "masks", palette=palette).areas) == len(numbers)


@pytest.mark.parametrize(
    ("numbers", "told"),
    [
        ((0, 1, 2), []),
        ((1, 2, 3), ["number 1 is called background"]),  # Oxford-IIIT Pet, where 1 is the animal
        ((0, 6657, 6658), ["single objects"]),  # KITTI's instance/
    ],
)
def test_what_numbers_of_a_new_palette_may_be_is_told(
    tmp_path: Path, notes: "Notes", numbers: tuple[int, ...], told: list[str]
) -> None:
    cv2.imwrite(str(tmp_path / "a.png"), np.array([numbers], dtype=np.uint16 if max(numbers) > IGNORE else np.uint8))
    start_palette(tmp_path, "mine", report=notes)
    assert len(notes.lines) == len(told)
    assert all(words in line for words, line in zip(told, notes.lines, strict=True))


def test_the_greys_of_a_soft_mask_are_no_classes(tmp_path: Path) -> None:
    hard = Image.fromarray(np.kron(np.array([[0, 255], [0, 0]], dtype=np.uint8), np.ones((40, 40), dtype=np.uint8)))
    (tmp_path / "labels").mkdir()
    hard.resize((130, 130), Image.Resampling.BICUBIC).save(tmp_path / "labels" / "a.png")
    assert start_palette(tmp_path / "labels", "mine").names == ("background", "class_255")


def test_a_rare_colour_of_a_blended_picture_is_a_class_where_no_other_is_near(tmp_path: Path) -> None:
    picture = np.zeros((400, 400, 3), dtype=np.uint8)
    picture[50:350, 50:350] = (255, 0, 0)
    picture[8:16, 8:16] = (0, 255, 0)
    (tmp_path / "labels").mkdir()
    Image.fromarray(picture).save(tmp_path / "labels" / "a.jpg", quality=90)
    palette = start_palette(tmp_path / "labels", "mine")
    assert 3 <= len(palette.classes) <= 4
    build_masks(tmp_path / "labels", tmp_path / "masks", palette=palette)
    mask = read_mask(tmp_path / "masks" / "a.png", palette)
    assert len({int(mask[at, at]) for at in (0, 12, 200)}) == 3


def test_a_flat_area_of_a_colour_near_another_is_a_class_in_a_lossless_picture(tmp_path: Path) -> None:
    picture = np.zeros((200, 200, 3), dtype=np.uint8)
    picture[50:150, 50:150], picture[60:90, 60:90] = (255, 0, 0), (235, 0, 0)
    picture[0, :, 1], picture[1, :, 2] = np.arange(200), np.arange(200)  # more colours than a palette can have
    write_png(tmp_path / "labels" / "a.png", picture)
    palette = start_palette(tmp_path / "labels", "mine")
    assert (235, 0, 0) in [each.color for each in palette.classes]
    build_masks(tmp_path / "labels", tmp_path / "masks", palette=palette)


def test_of_several_pages_the_one_that_is_named_is_read(tmp_path: Path, refused: "Refused") -> None:
    pages = [Image.fromarray(np.array([[0, number]], dtype=np.uint8)) for number in (3, 4)]
    (tmp_path / "labels").mkdir()
    pages[0].save(tmp_path / "labels" / "a.tif", save_all=True, append_images=pages[1:])
    with refused("several-pages", tmp_path / "labels" / "a.tif"):
        start_palette(tmp_path / "labels", "mine")
    assert [each.id for each in start_palette(tmp_path / "labels", "mine", page=2).classes] == [0, 4]


def test_the_format_can_be_named_where_several_lie_together(tmp_path: Path, refused: "Refused") -> None:
    shapes(tmp_path / "labels" / "a.json", {"car": 2})
    coco = {"images": [{"id": 1, "file_name": "a.png"}], "categories": [], "annotations": []}
    (tmp_path / "labels" / "b.json").write_text(json.dumps(coco))
    with refused("several-formats", tmp_path / "labels"):
        start_palette(tmp_path / "labels", "mine")
    assert start_palette(tmp_path / "labels", "mine", "labelme").names == ("background", "car")


def test_black_and_white_jpegs_are_offered_as_colours(tmp_path: Path, refused: "Refused") -> None:
    mask = np.zeros((32, 32), dtype=np.uint8)
    mask[8:20, 8:20] = 255
    (tmp_path / "labels").mkdir()
    Image.fromarray(mask).save(tmp_path / "labels" / "a.jpg")
    with refused("lossy-pictures", tmp_path / "labels") as error:
        start_palette(tmp_path / "labels", "mine")
    assert error.value.to_do == "Add --format colors."
    assert start_palette(tmp_path / "labels", "mine", "colors").classes[1].color == (255, 255, 255)


def test_where_no_label_can_be_read_it_is_said_why_and_where_some_cannot_it_is_noted(
    tmp_path: Path, refused: "Refused", notes: "Notes"
) -> None:
    grey(tmp_path / "labels" / "a.png", 0, 1)
    (tmp_path / "labels" / "a.png").write_bytes((tmp_path / "labels" / "a.png").read_bytes()[:-20])
    with refused("damaged-file", tmp_path / "labels" / "a.png"):
        start_palette(tmp_path / "labels", "mine")
    shapes(tmp_path / "a.json", {"car": 2}).write_text(json.dumps({"imagePath": "\udc80.png", "shapes": []}))
    with refused("no-labels", tmp_path / "a.json") as caught:
        start_palette(tmp_path / "a.json", "mine")
    assert [part.code for part in caught.value.parts] == ["name-not-utf8"]
    grey(tmp_path / "labels" / "b.png", 0, 1)
    assert len(start_palette(tmp_path / "labels", "mine", report=notes).classes) == 2
    (note,) = notes.lines
    assert "1 picture is not in the palette" in note
    assert str(tmp_path / "labels" / "a.png") in note


def test_more_classes_than_a_mask_can_tell_apart_are_refused(tmp_path: Path, refused: "Refused") -> None:
    with refused("class-count", "palette mine"):
        start_palette(shapes(tmp_path / "a.json", {f"thing {number}": 1 for number in range(300)}), "mine")


def test_colours_keep_away_from_those_that_are_taken() -> None:
    assert (0, 0, 0) not in distinct_colors(5, [(0, 0, 0)])
    assert not {*distinct_colors(8)[:4]} & {*distinct_colors(20, distinct_colors(8)[:4])}
    assert distinct_colors(0) == []


def test_index_pictures_of_a_painting_program_are_meant_by_their_colours(tmp_path: Path) -> None:
    colors = np.array([(0, 0, 0), (255, 0, 0), (0, 255, 0)], dtype=np.uint8)
    classes = np.repeat(np.repeat(np.array([[0, 0, 0, 1, 1, 2]], dtype=np.uint8), 8, axis=0), 8, axis=1)
    (tmp_path / "labels").mkdir()
    for name, order in (("a", [2, 0, 1]), ("b", [0, 2, 1])):
        image = Image.fromarray(np.argsort(order).astype(np.uint8)[classes])
        image.putpalette(colors[order].ravel().tolist())
        image.save(tmp_path / "labels" / f"{name}.png")
    palette = start_palette(tmp_path / "labels", "mine")
    assert [(each.name, each.color, each.id) for each in palette.classes] == [
        ("background", (0, 0, 0), None),
        ("class_ff0000", (255, 0, 0), None),
        ("class_00ff00", (0, 255, 0), None),
    ]
    build_masks(tmp_path / "labels", tmp_path / "masks", palette=palette)
    for name in "ab":
        assert (read_mask(tmp_path / "masks" / f"{name}.png", palette) == classes).all()


def test_a_table_that_ends_before_the_void_leaves_class_numbers_numbers(tmp_path: Path) -> None:
    purple, blue = (128, 64, 128), (0, 0, 142)
    table_png(tmp_path / "labels" / "a.png", [0, 1, 255], {0: purple, 1: blue})
    palette = start_palette(tmp_path / "labels", "mine")
    assert ([each.id for each in palette.classes], palette.ignored) == ([0, 1], ("255",))


def test_what_is_painted_with_number_0_beside_transparency_is_no_background(tmp_path: Path) -> None:
    (tmp_path / "labels").mkdir()
    image = Image.fromarray(np.repeat(np.array([[0, 1, 2]], dtype=np.uint8), 8, axis=0).repeat(8, axis=1))
    image.putpalette([255, 255, 255, 255, 0, 0, 0, 0, 0])
    image.save(tmp_path / "labels" / "a.png", transparency=2)
    palette = start_palette(tmp_path / "labels", "mine")
    areas = build_masks(tmp_path / "labels", tmp_path / "masks", palette=palette).areas
    assert (areas["background"], areas["class_ffffff"], areas["class_ff0000"]) == (64, 64, 64)


@pytest.mark.parametrize("indexed", [False, True])
def test_blends_at_soft_edges_are_no_classes(tmp_path: Path, indexed: bool) -> None:
    pixels = np.zeros((48, 64, 3), dtype=np.uint8)
    pixels[12:36, 12:32], pixels[20:30, 36:56] = (255, 0, 0), (0, 255, 0)
    image = (
        Image.fromarray(pixels).resize((69, 53), Image.Resampling.BICUBIC).resize((64, 48), Image.Resampling.BICUBIC)
    )
    (tmp_path / "labels").mkdir()
    (image.quantize(48) if indexed else image).save(tmp_path / "labels" / "a.png")
    palette = start_palette(tmp_path / "labels", "mine")
    assert {each.color for each in palette.classes} == {(0, 0, 0), (255, 0, 0), (0, 255, 0)}
    assert build_masks(tmp_path / "labels", tmp_path / "masks", palette=palette).built == 1


def test_class_numbers_in_one_channel_make_a_palette_of_numbers(tmp_path: Path) -> None:
    numbers = np.zeros((2, 20, 40), dtype=np.uint8)
    numbers[0, 4:12, 4:20], numbers[0, 8:16, 24:36] = 1, 4
    for place, each in enumerate(numbers):  # the second picture shows no object
        Image.fromarray(np.stack([each, 0 * each, 0 * each], axis=2)).save(tmp_path / f"{place}.png")
    palette = start_palette(tmp_path, "mine")
    assert [each.id for each in palette.classes] == [0, 1, 4]
