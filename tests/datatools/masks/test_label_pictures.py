"""A label picture becomes class indices, or says what in it no class explains."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageCms

from p2p_datatools.contract.palette import IGNORE, IGNORE_COLOR, color_of, color_words, hex_of, load_palette
from p2p_datatools.contract.pictures.images import write_png
from p2p_datatools.labels.values import ClassNames, ColorLabels, IndexLabels
from p2p_datatools.masks.class_mapping import UNDECIDED, ClassMapping
from p2p_datatools.masks.label_pictures import PictureReader

if TYPE_CHECKING:
    from conftest import Refused

    from p2p_datatools.contract.palette import Color

CARS = load_palette("cars")
RED, GREEN, BLUE, PINK = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 105, 180)


def reader(*mapping: str, tolerance: int = 32, numbers: bool = False) -> PictureReader:
    words = dict(word.split("=") for word in mapping)
    return PictureReader(
        ClassMapping(CARS, words, numbers=numbers, known={} if numbers else color_words(CARS)), words, tolerance
    )


def colored(path: Path, *rows: list[tuple[int, int, int]]) -> ColorLabels:
    write_png(path, np.array(rows, dtype=np.uint8))
    return ColorLabels(path.name, path)


def test_colours_of_the_palette_are_its_classes_and_its_ignored_pixels(tmp_path: Path) -> None:
    read = reader().read(colored(tmp_path / "a.png", [RED, (250, 3, 2), IGNORE_COLOR, (0, 0, 0)]))
    assert read.mask is not None
    assert read.mask.tolist() == [[1, 1, IGNORE, 0]]
    assert (read.snapped, read.blended) == (1, 0)
    assert {label: use.count for label, use in read.uses.items()} == {
        "#000000": 1,
        "#ff0000": 2,
        hex_of(IGNORE_COLOR): 1,
    }
    assert read.pixels[[0, 1, IGNORE]].tolist() == [1, 2, 1]


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
@pytest.mark.parametrize("color", [(200, 0, 0), (0, 200, 0)])  # as it stands in the file, and as its profile has it
def test_colours_are_those_of_the_file_or_of_its_profile_whichever_are_those_of_classes(
    tmp_path: Path, mode: str, color: "Color"
) -> None:
    known = {color: "body", (0, 0, 0): "background"}
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    swapped = profile.replace(b"rXYZ", b"????").replace(b"gXYZ", b"rXYZ").replace(b"????", b"gXYZ")
    swapped = swapped.replace("sRGB".encode("utf-16-be"), "mine".encode("utf-16-be"))
    Image.new("RGB", (8, 8), (200, 0, 0)).convert(mode).save(tmp_path / "a.png", icc_profile=swapped)
    item = ColorLabels("a.png", tmp_path / "a.png", known, listed=ClassNames("list", colors=known))
    read = reader().read(item)
    assert read.mask is not None
    assert (read.mask == CARS.names.index("body")).all()


def test_a_colour_far_from_all_is_an_error_until_it_is_mapped(tmp_path: Path, refused: "Refused") -> None:
    item = colored(tmp_path / "a.png", *[[RED] * 4 + [PINK] * 4] * 4)
    with refused("palette-colour", tmp_path / "a.png") as error:
        reader().read(item)
    assert error.value.what.startswith("16 pixels (50.00%) ")
    assert error.value.what.endswith("(255, 105, 180) at x=4, y=0")
    assert "--map '#ff69b4=CLASS'" in error.value.to_do
    mapped = reader("#FF69B4=windows").read(item).mask
    assert mapped is not None
    assert mapped[0].tolist() == [1] * 4 + [4] * 4


def draw_car(*, exchanged: bool = False) -> NDArray[np.uint8]:
    """A red body with green tyres and a blue light, or what OpenCV makes of these."""
    picture = np.zeros((24, 48, 3), dtype=np.uint8)
    picture[6:18, 4:44] = RED
    picture[8:12, 4:8] = BLUE
    picture[14:20, 10:18] = picture[14:20, 30:38] = GREEN
    return np.ascontiguousarray(picture[..., ::-1]) if exchanged else picture


def test_a_car_whose_tyres_lie_in_lights_has_red_and_blue_exchanged(tmp_path: Path, refused: "Refused") -> None:
    for name, exchanged in (("right", False), ("wrong", True)):
        write_png(tmp_path / f"{name}.png", draw_car(exchanged=exchanged))
    item = ColorLabels("wrong", tmp_path / "wrong.png")
    with refused("exchanged-colours", tmp_path / "wrong.png") as error:
        reader().read(item)
    assert "--map '#0000ff=body' --map '#ff0000=lights'." in error.value.to_do
    assert "--map '#ff0000=body'" in error.value.to_do
    right = reader().read(ColorLabels("right", tmp_path / "right.png")).mask
    assert right is not None
    read = reader("#0000ff=body", "#ff0000=lights").read(item).mask
    assert read is not None
    assert (read == right).all()
    kept = reader("#ff0000=body").read(item).mask
    assert kept is not None
    assert np.count_nonzero(kept == 3) == np.count_nonzero(right == 1)


def test_colours_of_a_list_with_red_and_blue_exchanged_are_no_colours_to_map_one_by_one(
    tmp_path: Path, refused: "Refused"
) -> None:
    listed = ClassNames("class_dict.csv", {}, {(0, 0, 0): "background", (128, 0, 0): "car", (128, 128, 0): "window"})
    picture = np.zeros((16, 16, 3), dtype=np.uint8)
    picture[4:12, 2:8], picture[4:12, 8:14] = (0, 0, 128), (0, 128, 128)
    write_png(tmp_path / "a.png", picture)
    item = ColorLabels("a", tmp_path / "a.png", listed=listed)
    with refused("exchanged-colours", tmp_path / "a.png") as error:
        reader().read(item)
    assert "--map '#000080=body' --map '#008080=windows'" in error.value.to_do
    read = reader("#000080=body", "#008080=windows").read(item).mask
    assert read is not None
    assert read[5, ::5].tolist() == [0, 1, 4, 0]


def test_a_colour_that_no_list_has_is_no_exchanged_one_beside_colours_that_are_right(
    tmp_path: Path, refused: "Refused"
) -> None:
    listed = ClassNames("class_dict.csv", {}, {(0, 0, 0): "background", (128, 0, 0): "car"})
    picture = np.zeros((16, 16, 3), dtype=np.uint8)
    picture[4:12, 2:8], picture[4:12, 10:14] = (128, 0, 0), (0, 0, 128)
    write_png(tmp_path / "a.png", picture)
    with refused("palette-colour", tmp_path / "a.png") as error:
        reader().read(ColorLabels("a", tmp_path / "a.png", listed=listed))
    assert "--map '#000080=CLASS'" in error.value.to_do


def test_the_tolerance_is_the_reader_s(tmp_path: Path, refused: "Refused") -> None:
    item = colored(tmp_path / "a.png", *[[(235, 0, 0)] * 4] * 4)
    assert reader(tolerance=20).read(item).snapped == 16
    with refused("palette-colour", tmp_path / "a.png") as error:
        reader(tolerance=19).read(item)
    assert "farther than 19 " in error.value.what


def test_numbers_go_by_ids_or_by_the_names_that_a_format_gives_them(tmp_path: Path) -> None:
    Image.fromarray(np.array([[0, 2], [4, 300]], dtype=np.uint16)).save(tmp_path / "a.png")
    read = reader("300=ignore", numbers=True).read(IndexLabels("a.png", tmp_path / "a.png"))
    assert read.mask is not None
    assert read.mask.tolist() == [[0, 2], [4, IGNORE]]
    names = {0: "bg", 2: "wheel", 4: "hood", 300: "left_light"}
    named = PictureReader(ClassMapping(CARS, {}, numbers=False)).read(IndexLabels("a.png", tmp_path / "a.png", names))
    assert named.mask is not None
    assert named.mask.tolist() == [[0, 2], [1, 3]]


def test_labels_without_a_class_are_counted_and_give_no_mask(tmp_path: Path) -> None:
    Image.fromarray(np.array([[0, 9], [9, 9]], dtype=np.uint8)).save(tmp_path / "a.png")
    read = reader(numbers=True).read(IndexLabels("a.png", tmp_path / "a.png"))
    assert read.mask is None
    assert read.uses["9"].count == 3


def test_a_colour_is_written_as_on_the_web(refused: "Refused") -> None:
    assert color_of(hex_of(PINK)) == PINK
    with refused("bad-colour", "pink", usage=True) as error:
        color_of("pink")
    assert "#rrggbb" in error.value.to_do


def worn(path: Path, patch: int, quality: int = 80) -> ColorLabels:
    """A drawing of two classes that was JPEG, with a square of a colour of no class; as PNG, which 'halves' writes."""
    indices = np.zeros((120, 160), np.uint8)
    indices[40:100, 20:140], indices[50:70, 60:100] = 1, 4
    colors = CARS.colors()[indices]
    colors[4 : 4 + patch, 4 : 4 + patch] = PINK
    Image.fromarray(colors).save(path.with_suffix(".jpg"), quality=quality)
    with Image.open(path.with_suffix(".jpg")) as image:
        image.save(path)
    return ColorLabels(path.name, path)


def test_a_few_pixels_of_a_worn_picture_that_no_colour_explains_are_ignored_with_their_places(tmp_path: Path) -> None:
    claims = ClassMapping(CARS, {}, numbers=False, known={**color_words(CARS), UNDECIDED: "ignore"})
    read = PictureReader(claims).read(worn(tmp_path / "a.png", 12))
    assert read.mask is not None
    ignored = read.mask == IGNORE
    assert ignored[5:15, 5:15].all()
    assert not ignored[20:].any()
    assert read.values[UNDECIDED] == (UNDECIDED, int(ignored.sum()))
    y, x = np.argwhere(ignored)[0]
    assert read.undecided[0] == (x, y)
    assert set(np.unique(read.mask[30:])) == {0, 1, 4}


def test_a_larger_area_and_one_in_a_picture_that_blends_nothing_are_errors(tmp_path: Path, refused: "Refused") -> None:
    with refused("palette-colour", tmp_path / "a.png"):
        reader().read(worn(tmp_path / "a.png", 24))
    flat = np.zeros((120, 160, 3), np.uint8)
    flat[5:10, 5:10] = PINK
    Image.fromarray(flat).save(tmp_path / "flat.png")
    with refused("palette-colour", tmp_path / "flat.png"):
        reader().read(ColorLabels("flat.png", tmp_path / "flat.png"))
