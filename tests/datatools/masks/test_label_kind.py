"""What pictures of labels mean, numbers or colours, is told by themselves and by what lies beside them, or asked."""

import json
import struct
import zlib
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from p2p_datatools.contract.palette import Palette, PaletteClass, load_palette
from p2p_datatools.contract.pictures.images import read_mask
from p2p_datatools.contract.pictures.sizes import Size
from p2p_datatools.masks.build import MaskSummary, PaintOptions, SnapOptions, build_masks
from p2p_datatools.masks.class_mapping import parse_mapping
from p2p_datatools.masks.new_palette import start_palette
from p2p_datatools.sources.data_set import fetch_synth

if TYPE_CHECKING:
    from conftest import Notes, Refused
    from datatools.conftest import Scene

CARS, SCENES = load_palette("cars"), load_palette("scenes")
COLORS = CARS.colors()
OWN_ORDER = [4, 3, 0, 2, 1]  # the class of each place in a colour table that a painting program made


def drawing(*, classes: int = 5, size: int = 24) -> NDArray[np.uint8]:
    """Classes 0 to `classes` - 1: a background with rectangles of the others."""
    numbers = np.zeros((size, 2 * size), dtype=np.uint8)
    for number in range(1, classes):
        numbers[4:14, 9 * number : 9 * number + 7] = number
    return numbers


def save(path: Path, pixels: NDArray[Any], table: NDArray[np.uint8] | None = None, **options: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.fromarray(pixels)
    if table is not None:
        image.putpalette(table.ravel().tolist())
    image.save(path, **options)
    return path


def build(folder: Path, *mapping: str, palette: Palette = CARS, format: str = "auto") -> MaskSummary:  # noqa: A002
    words = parse_mapping(mapping, palette)
    return build_masks(folder, folder.parent / "masks", palette=palette, mapping=words, format=format)


def decided(summary: MaskSummary) -> dict[str, tuple[str, str]]:
    return {each.value: (each.becomes, each.decided_by) for each in summary.decisions}


def mask(folder: Path, name: str = "a", palette: Palette = CARS) -> NDArray[np.uint8]:
    return read_mask(folder.parent / "masks" / f"{name}.png", palette)


def voc_table() -> NDArray[np.uint8]:
    table = np.zeros((256, 3), dtype=np.uint8)
    table[:5] = [(0, 0, 0), (128, 0, 0), (0, 128, 0), (128, 128, 0), (0, 0, 128)]
    return table


def test_an_index_picture_whose_table_has_the_palette_s_colours_is_read_by_its_colours(tmp_path: Path) -> None:
    labels = tmp_path / "labels"
    numbers = np.argsort(OWN_ORDER).astype(np.uint8)[drawing()]
    save(labels / "a.png", numbers, COLORS[OWN_ORDER])
    summary = build(labels)
    assert (mask(labels) == drawing()).all()
    assert decided(summary)["#ff0000"] == ("body", "colour table")


@pytest.mark.parametrize("place", ["masks_of_cars", "."])
def test_map_ids_palette_says_more_than_a_list_of_classes_and_the_list_is_named(
    tmp_path: Path, place: str, notes: "Notes"
) -> None:
    labels = tmp_path / "set" / "masks_of_cars"
    save(labels / "a.png", drawing())
    (tmp_path / "set" / place / "classes.txt").write_text("background\nwindows\nlights\ntyres\nbody\n")
    assert decided(build(labels))["1"] == ("windows", "classes.txt")
    words = parse_mapping(["ids=palette"], CARS)
    summary = build_masks(labels, tmp_path / "own", palette=CARS, mapping=words, report=notes)
    assert decided(summary)["1"] == ("body", "palette ids")
    assert any("not what classes.txt calls" in line for line in notes.lines)


def test_classes_that_a_list_calls_by_other_numbers_are_asked_about_and_are_no_ids(
    tmp_path: Path, refused: "Refused"
) -> None:
    labels = tmp_path / "labels"
    own = Palette("own", tuple(replace(each, id=n) for n, each in enumerate(CARS.classes)))
    save(labels / "a.png", drawing(classes=3))
    (labels / "_classes.csv").write_text("Pixel Value, Class\n0, background\n1, 0\n2, 1\n")  # Roboflow
    with refused("pictures-failed") as error:
        build(labels, palette=own)
    (part,) = error.value.parts
    assert part.code == "number-names"
    assert "--map 1=CLASS --map 2=CLASS" in part.to_do
    build(labels, "1=windows", "2=lights", palette=own)
    found = mask(labels, palette=own)
    assert [own.names[found[drawing(classes=3) == number].max()] for number in (1, 2)] == ["windows", "lights"]
    named = Palette("named", tuple(PaletteClass(each, (n, n, n)) for n, each in enumerate(("background", "0", "1"))))
    build_masks(labels, tmp_path / "named", palette=named)
    assert (read_mask(tmp_path / "named/a.png", named) == drawing(classes=3)).all()


@pytest.mark.parametrize(
    ("names", "asks"),
    [
        ("body tyres lights windows", ""),  # counted from 1 they are the ids
        ("dog person cat tv", ""),  # of something else, such as the list that LabelImg has at first
        ("body tyres lights windows background", "counts from 0, add --map 0=body --map 1=tyres"),
        ("windows lights tyres body", "counts from 1, add --map 1=windows --map 2=lights"),
    ],
)
def test_ids_of_a_palette_are_doubted_where_a_list_without_numbers_says_something_else(
    tmp_path: Path, refused: "Refused", names: str, asks: str
) -> None:
    labels = tmp_path / "labels"
    own = Palette("own", tuple(replace(each, id=n) for n, each in enumerate(CARS.classes)))
    save(labels / "a.png", drawing())
    (labels / "classes.txt").write_text(names.replace(" ", "\n"))
    if asks:
        with refused("doubted-ids") as error:
            build(labels, palette=own)
        assert asks in error.value.to_do
        assert "--map ids=palette" in error.value.to_do
    build_masks(labels, tmp_path / "own", palette=own, mapping=parse_mapping(["ids=palette"] if asks else [], own))
    assert (read_mask(tmp_path / "own/a.png", own) == drawing()).all()


def test_a_list_that_lies_in_the_folder_of_one_split_names_the_classes_of_all(tmp_path: Path) -> None:
    labels = tmp_path / "labels"
    own = Palette("own", tuple(replace(each, id=n) for n, each in enumerate(CARS.classes)))
    for split in ("train", "val"):
        save(labels / split / "a.png", drawing(classes=3))
    (labels / "train/classes.txt").write_text("background\nwindows\nlights\n")
    build(labels, palette=own)
    for split in ("train", "val"):
        found = mask(labels, f"{split}/a", own)
        assert [own.names[found[drawing(classes=3) == number].max()] for number in (1, 2)] == ["windows", "lights"]


def test_class_numbers_saved_as_gif_are_those_of_the_grey_picture_though_each_counts_its_own(tmp_path: Path) -> None:
    labels = tmp_path / "labels"
    save(labels / "a.gif", np.where(drawing() == 2, 0, drawing()).astype(np.uint8))
    build(labels, "ids=palette")
    assert (mask(labels) == np.where(drawing() == 2, 0, drawing())).all()


def test_class_numbers_that_were_resized_with_interpolation_are_told(tmp_path: Path, notes: "Notes") -> None:
    labels, words = tmp_path / "labels", parse_mapping(["ids=palette"], CARS)
    save(labels / "a.png", drawing(size=96))
    large = Image.fromarray(drawing(size=96)).resize((144, 72), Image.Resampling.BILINEAR)
    for name, more in (("a", ()), ("b", ("b.png",))):
        if more:
            large.save(labels / "b.png")
        build_masks(labels, tmp_path / name, palette=CARS, mapping=words, report=notes)
        told = [line for line in notes.lines if "interpolation" in line]
        assert [line.split(":")[0] for line in told] == [str(labels / each) for each in more]


def test_who_is_asked_what_numbers_are_is_told_first_that_they_may_come_from_interpolation(
    tmp_path: Path, notes: "Notes", refused: "Refused"
) -> None:
    labels = tmp_path / "labels"
    labels.mkdir()
    large = Image.fromarray(drawing(size=96) * 10).resize((144, 72), Image.Resampling.BILINEAR)
    large.save(labels / "a.png")
    with refused("unclaimed-label"):
        build_masks(labels, tmp_path / "masks", palette=CARS, report=notes)
    assert any("interpolation" in line for line in notes.lines)


@pytest.mark.parametrize(
    ("counts", "halves", "words", "told"),
    [
        ((2, 3, 4), 1, (), True),
        ((2, 3, 4), 2, (), False),  # each class lies in two pieces
        ((4, 4, 4), 1, (), False),  # the same classes in each, as of a face
        ((1, 2, 2), 1, (), False),
        ((2, 3, 4), 1, ("ids=palette",), False),
    ],
)
def test_numbers_that_count_the_objects_of_each_picture_are_told(
    tmp_path: Path, notes: "Notes", counts: tuple[int, ...], halves: int, words: tuple[str, ...], told: bool
) -> None:
    own = Palette("own", tuple(replace(each, id=n) for n, each in enumerate(CARS.classes)))
    for place, count in enumerate(counts):
        row = [number for number in range(1, count + 1) for _ in range(halves)]
        objects = np.kron(np.array([[value for each in row for value in (0, each)] + [0]]), np.ones((8, 4)))
        save(tmp_path / "labels" / f"{place}.png", objects.astype(np.uint8))
    mapping = parse_mapping(words, own)
    build_masks(tmp_path / "labels", tmp_path / "masks", palette=own, mapping=mapping, report=notes)
    assert any("counted objects" in line for line in notes.lines) is told


def test_a_table_that_contradicts_the_numbers_is_refused_until_one_says_which_is_right(
    tmp_path: Path, refused: "Refused"
) -> None:
    labels = tmp_path / "labels"
    table = COLORS[OWN_ORDER].copy()
    table[1] = (1, 200, 90)  # one colour of no class among four that are classes
    save(labels / "a.png", np.argsort(OWN_ORDER).astype(np.uint8)[drawing()], table)
    with refused("pictures-failed") as error:
        build(labels, "ids=palette")
    (part,) = error.value.parts
    assert part.code == "other-colour-table"
    assert "--format colors" in part.to_do
    assert "--format index" in part.to_do
    build(labels, "ids=palette", format="index")
    assert (mask(labels) == np.argsort(OWN_ORDER)[drawing()]).all()


@pytest.mark.parametrize(
    ("listed", "first", "number"),
    [("", 0, 2), ("0 0 0 background\n255 0 0 body\n", 0, 2), ("255 0 0 body\n0 255 0 tyres\n", 1, 255)],
)
def test_a_number_after_the_last_colour_of_a_table_is_no_background_unless_one_says_so(
    listed: str, first: int, number: int, tmp_path: Path, refused: "Refused"
) -> None:
    labels = tmp_path / "labels"
    table = np.concatenate([COLORS[first : first + 2], np.zeros((254, 3), np.uint8)])
    drawn = drawing(classes=3)
    save(labels / "a.png", np.where(drawn == 2, number, drawn).astype(np.uint8), table)
    if listed:
        (labels / "label_colors.txt").write_text(listed)
    with refused("pictures-failed") as error:
        build(labels)
    assert f"the number {number}, which is black" in error.value.parts[0].what
    assert build(labels, format="colors").areas["body"] == np.count_nonzero(drawn == 1 - first)


def test_black_at_the_end_of_a_table_of_the_colours_in_use_is_the_background_beside_a_list_without_it(
    tmp_path: Path,
) -> None:
    save(tmp_path / "labels" / "a.png", drawing(classes=3), COLORS[[1, 2, 0, 0]])
    (tmp_path / "labels" / "label_colors.txt").write_text("255 0 0 body\n0 255 0 tyres\n")
    assert build(tmp_path / "labels").areas["background"] == np.count_nonzero(drawing(classes=3) == 2)


def own_tables(labels: Path, *, other: bool = False) -> NDArray[np.uint8]:
    """A folder of one drawing twice, in colours of no palette; b numbers them in an order of its own, or has others."""
    colors = np.array([(9, 9, 9), (200, 30, 30), (30, 200, 30), (30, 30, 200), (230, 230, 99)], np.uint8)
    save(labels / "a.png", drawing(), colors)
    numbers = drawing() if other else np.argsort(OWN_ORDER).astype(np.uint8)[drawing()]
    save(labels / "b.png", numbers, colors // 2 if other else colors[OWN_ORDER])
    return colors


def test_pictures_that_number_the_same_colours_in_several_orders_have_no_class_numbers(
    tmp_path: Path, refused: "Refused"
) -> None:
    labels = tmp_path / "labels"
    colors = own_tables(labels)
    for _ in range(2):  # what the first call leaves is no answer
        with refused("other-colour-table", labels) as error:
            build(labels, "ids=palette")
    assert "--format colors" in error.value.to_do
    words = [f"#{red:02x}{green:02x}{blue:02x}={CARS.names[each]}" for each, (red, green, blue) in enumerate(colors)]
    build(labels, *words, format="colors")
    assert (mask(labels, "b") == mask(labels)).all()
    assert (mask(labels) == drawing()).all()


def test_class_numbers_whose_tables_only_look_different_are_class_numbers(tmp_path: Path) -> None:
    labels = tmp_path / "labels"
    own_tables(labels, other=True)
    build(labels, "ids=palette")
    assert (mask(labels, "b") == drawing()).all()


def test_several_orders_of_colours_are_class_numbers_where_the_user_says_so(tmp_path: Path) -> None:
    labels = tmp_path / "labels"
    own_tables(labels)
    build(labels, "ids=palette", format="index")
    assert (mask(labels, "b") == np.argsort(OWN_ORDER)[drawing()]).all()


def test_a_table_of_the_palette_s_colours_and_a_map_of_numbers_contradict_each_other(
    tmp_path: Path, refused: "Refused"
) -> None:
    labels = tmp_path / "labels"
    save(labels / "a.png", drawing(), COLORS[OWN_ORDER])
    with refused("pictures-failed") as error:
        build(labels, "1=body")
    assert error.value.parts[0].code == "other-colour-table"


def test_a_table_of_grey_is_no_table_of_colours(tmp_path: Path) -> None:
    labels = tmp_path / "labels"
    save(labels / "a.png", drawing(classes=2) * 255, np.repeat(np.arange(256, dtype=np.uint8)[:, None], 3, axis=1))
    assert decided(build(labels, "255=body"))["255"] == ("body", "--map")


def test_black_and_white_are_a_mask_of_one_class_and_not_the_palette_s_white(
    tmp_path: Path, refused: "Refused"
) -> None:
    labels = tmp_path / "labels"
    save(labels / "a.png", drawing(classes=2), np.array([(0, 0, 0), (255, 255, 255)], dtype=np.uint8))
    with refused("doubted-ids", labels) as error:
        build(labels)
    assert "--map 0=background --map 1=body" in error.value.to_do
    assert build(labels, "0=background", "1=body").areas["body"] == 70
    (tmp_path / "masks").rename(tmp_path / "before")
    assert build(labels, "#ffffff=body").areas["body"] == 70


def test_a_table_without_the_colours_of_its_numbers_does_not_make_them_black(
    tmp_path: Path, refused: "Refused"
) -> None:
    labels = tmp_path / "labels"
    save(labels / "a.png", drawing())
    whole = (labels / "a.png").read_bytes()
    parts = b"PLTE" + COLORS[:2].tobytes()
    table = struct.pack(">I", 6) + parts + struct.pack(">I", zlib.crc32(parts))
    head = whole[12:25] + b"\x03" + whole[26:29]  # grey becomes indexed
    (labels / "a.png").write_bytes(whole[:12] + head + struct.pack(">I", zlib.crc32(head)) + table + whole[33:])
    with refused("doubted-ids"):
        build(labels)
    build(labels, "ids=palette")
    assert (mask(labels) == drawing()).all()


@pytest.mark.parametrize("repeated", [False, True])
def test_class_numbers_among_colours_are_not_taken_for_dark_colours(
    tmp_path: Path, refused: "Refused", repeated: bool
) -> None:
    labels = tmp_path / "labels"
    for name in "bcd":
        save(labels / f"{name}.png", COLORS[drawing()])
    save(labels / "a.png", np.repeat(drawing()[..., None], 3, axis=2) if repeated else drawing())
    with refused("doubted-ids", labels / "a.png") as error:
        build(labels)
    assert "--map ids=palette" in error.value.to_do
    assert build(labels, "ids=palette").built == 4
    assert (mask(labels) == drawing()).all()


def test_a_grey_of_a_class_number_that_is_mapped_as_a_colour_is_a_colour(tmp_path: Path, refused: "Refused") -> None:
    labels = tmp_path / "labels"
    for name in "bcd":
        save(labels / f"{name}.png", COLORS[drawing()])
    save(labels / "a.png", drawing(classes=3))
    with refused("pictures-failed") as error:
        build(labels, "#010101=lights")
    assert "#020202" in error.value.parts[0].to_do
    build(labels, "#010101=lights", "#020202=body")
    assert (mask(labels) == np.array([0, 3, 1])[drawing(classes=3)]).all()


def test_a_colour_picture_among_class_numbers_is_read_by_its_colours(tmp_path: Path) -> None:
    labels = tmp_path / "labels"
    for name in "bcd":
        save(labels / f"{name}.png", drawing())
    save(labels / "a.png", COLORS[drawing()])
    assert build(labels, "ids=palette").built == 4
    assert (mask(labels) == drawing()).all()


def test_numbers_forced_to_be_colours_are_refused_in_one_line(tmp_path: Path, refused: "Refused") -> None:
    labels = tmp_path / "labels"
    for name in "ab":
        save(labels / f"{name}.png", drawing())
    with refused("inexact-areas") as error:
        build(labels, format="colors")
    assert "and 1 more" in error.value.where
    assert not error.value.parts


def test_flat_areas_beside_a_class_s_colour_are_refused_until_they_are_mapped(
    tmp_path: Path, refused: "Refused"
) -> None:
    labels = tmp_path / "labels"
    pixels = COLORS[drawing()]
    pixels[drawing() == 1] = (240, 10, 0)
    save(labels / "a.png", pixels)
    with refused("pictures-failed") as error:
        build(labels)
    assert "--map '#f00a00=CLASS'" in error.value.parts[0].to_do
    build(labels, "#f00a00=body")
    assert (mask(labels) == drawing()).all()


def test_thin_things_of_a_colour_that_is_no_class_and_no_blend_are_asked_about(
    tmp_path: Path, refused: "Refused"
) -> None:
    labels = tmp_path / "labels"
    pixels = COLORS[drawing()]
    pixels[3, 8:40] = (224, 224, 192)  # the border of Pascal VOC
    save(labels / "a.png", pixels)
    with refused("pictures-failed") as error:
        build(labels)
    assert error.value.parts[0].code == "foreign-colour"
    assert "--map '#e0e0c0=ignore'" in error.value.parts[0].to_do
    assert build(labels, "#e0e0c0=ignore").areas["ignore"] == 32
    pixels[3, 8:40] = (127, 0, 0)  # an edge between red and black that was softened
    save(labels / "a.png", pixels)
    (tmp_path / "masks").rename(tmp_path / "before")
    assert build(labels).blended == 32


def test_a_class_of_a_jpeg_whose_colour_is_near_another_s_is_asked_about(tmp_path: Path, refused: "Refused") -> None:
    labels, colors = tmp_path / "labels", COLORS.copy()
    colors[2] = (235, 0, 10)
    save(labels / "a.jpg", colors[drawing()].repeat(4, axis=0).repeat(4, axis=1), quality=75)
    with refused("pictures-failed") as error:
        build(labels)
    assert error.value.parts[0].code == "inexact-areas"
    assert "--map '#eb00" in error.value.parts[0].to_do


@pytest.mark.parametrize("quality", [3, 8, 15])
def test_areas_that_a_coarse_jpeg_itself_moved_are_no_other_class(tmp_path: Path, quality: int) -> None:
    labels = tmp_path / "labels"
    pixels = COLORS[drawing()].repeat(4, axis=0).repeat(4, axis=1)
    save(labels / "a.jpg", pixels, quality=quality, subsampling=0)
    build(labels)
    assert (mask(labels) == drawing().repeat(4, axis=0).repeat(4, axis=1)).mean() > 0.97


def test_a_colour_that_a_larger_tolerance_takes_for_a_class_s_is_no_foreign_one(tmp_path: Path) -> None:
    labels = tmp_path / "labels"
    pixels = COLORS[drawing()]
    pixels[drawing() == 1] = (225, 40, 30)
    save(labels / "a.png", pixels)
    build_masks(labels, tmp_path / "masks", palette=CARS, how=PaintOptions(snapping=SnapOptions(tolerance=80)))
    assert (mask(labels) == drawing()).all()


def test_class_numbers_in_a_jpeg_are_not_black(tmp_path: Path, refused: "Refused") -> None:
    labels = tmp_path / "labels"
    save(labels / "a.jpg", drawing())
    with refused("pictures-failed") as error:
        build(labels, format="colors")
    assert error.value.parts[0].code == "blended-numbers"
    assert build(labels, "#000000=background", format="colors").areas["background"] == drawing().size
    (tmp_path / "masks").rename(tmp_path / "before")
    save(labels / "a.jpg", drawing() * 0)
    assert build(labels, format="colors").areas["background"] == drawing().size


def test_what_was_jpeg_once_is_brought_back_all_the_same(tmp_path: Path) -> None:
    labels = tmp_path / "labels"
    save(tmp_path / "a.jpg", COLORS[drawing(size=96).repeat(4, axis=1)], quality=75)
    labels.mkdir()
    Image.open(tmp_path / "a.jpg").save(labels / "a.png")
    assert build(labels).snapped > 1000


@pytest.mark.parametrize(
    ("numbers", "palette"),
    [([0, 1], CARS), ([1, 2, 3], CARS), ([0, 1, 2, 3, 4], SCENES), ([0, 1, 2, 3], CARS)],
    ids=["carvana", "trimap", "landcover", "json_to_dataset"],
)
def test_numbers_that_may_be_another_set_s_are_asked_about_with_the_map_to_type(
    tmp_path: Path, refused: "Refused", numbers: list[int], palette: Palette
) -> None:
    labels = tmp_path / "labels"
    save(labels / "a.png", np.array([numbers] * 4, dtype=np.uint8))
    for _ in range(2):  # what waits from the first time is not taken the second time
        with refused("doubted-ids", labels) as error:
            build(labels, palette=palette)
    assert "--map ids=palette" in error.value.to_do
    assert " --map 2=" in error.value.to_do or numbers == [0, 1]
    assert "NUMBER NAME" in error.value.to_do
    summary = build(labels, "ids=palette", palette=palette)
    assert {each.decided_by for each in summary.decisions} == {"palette ids"}


def test_numbers_beyond_the_ids_and_those_that_may_be_ids_are_asked_about_at_once(
    tmp_path: Path, refused: "Refused"
) -> None:
    labels = tmp_path / "labels"
    save(labels / "a.png", np.array([[0, 15, 20, 255, 2]], dtype=np.uint8))
    with refused("unclaimed-label", labels) as error:
        build(labels)
    assert all(f"--map {number}=" in error.value.to_do for number in (2, 15, 20, 255))


def test_all_ids_of_a_built_in_palette_are_no_sign_of_its_data_set(tmp_path: Path, refused: "Refused") -> None:
    labels = tmp_path / "labels"  # as LandCover.ai has them, and many sets of five classes
    save(labels / "a.png", drawing())
    with refused("doubted-ids", labels):
        build(labels)


def test_the_kaggle_set_as_it_is_unpacked_is_known_by_the_export_beside_its_masks(
    tmp_path: Path, refused: "Refused"
) -> None:
    labels = tmp_path / "car-segmentation" / "masks"
    save(labels / "a.png", drawing())
    export = labels.parent / "masks.json"
    for tags in (["car", "wheel"], "damaged"):
        regions = [{"tags": tags}] if isinstance(tags, list) else tags
        export.write_text(json.dumps({"assets": {"1": {"regions": regions}}}))
        with refused("doubted-ids", labels):
            build_masks(labels, tmp_path / "masks", palette=CARS)
    export.write_text(json.dumps({"assets": {"1": {"regions": [{"tags": ["car", "wheel", "lights", "window"]}]}}}))
    assert decided(build_masks(labels, tmp_path / "masks", palette=CARS))["4"] == ("windows", "palette ids")


def test_the_ids_of_an_own_palette_are_its_user_s(tmp_path: Path) -> None:
    labels = tmp_path / "labels"
    own = Palette("mine", (PaletteClass("bg", (0, 0, 0), 0), PaletteClass("roof", (9, 99, 9), 3), *CARS.classes[2:3]))
    save(labels / "a.png", np.array([[0, 3]], dtype=np.uint8))
    assert decided(build(labels, palette=own))["3"] == ("roof", "palette ids")


def test_a_fetched_data_set_says_whose_ids_it_has(tmp_path: Path) -> None:
    labels = tmp_path / "set" / "labels"
    save(labels / "a.png", np.array([[0, 1]], dtype=np.uint8))
    (tmp_path / "set" / "provenance.json").write_text(json.dumps({"palette": "cars"}))
    assert decided(build(labels))["1"] == ("body", "palette ids")


def test_drawn_cars_are_built_as_they_come_and_as_earlier_versions_recorded_them(tmp_path: Path) -> None:
    fetch_synth(tmp_path / "cars", limit=2, size=Size(80, 48))
    assert decided(build(tmp_path / "cars" / "labels"))["1"] == ("body", "palette ids")
    record = tmp_path / "cars" / "provenance.json"
    earlier = json.loads(record.read_text())
    assert earlier.pop("palette") == "cars"
    record.write_text(json.dumps(earlier))
    assert build_masks(tmp_path / "cars" / "labels", tmp_path / "masks", palette=CARS).built == 2


def test_pictures_that_lie_in_a_fetched_folder_and_were_not_fetched_are_asked_about(
    tmp_path: Path, refused: "Refused"
) -> None:
    labels = tmp_path / "set" / "labels"
    save(labels / "a.png", np.array([[0, 1]], dtype=np.uint8))
    files: dict[str, object] = {"labels/a.png": {}}
    (tmp_path / "set" / "provenance.json").write_text(json.dumps({"palette": "cars", "files": files}))
    assert decided(build(labels))["1"] == ("body", "palette ids")
    save(labels / "own.png", np.array([[0, 1]], dtype=np.uint8))
    with refused("doubted-ids", labels):
        build_masks(labels, tmp_path / "masks", palette=CARS)


def test_camvid_s_pictures_are_known_by_their_names(tmp_path: Path) -> None:
    labels = tmp_path / "labels"
    save(labels / "0016E5_07961.png", np.array([[0, 1, 3]], dtype=np.uint8))
    assert decided(build(labels, palette=SCENES))["3"] == ("road", "palette ids")


def test_a_list_of_names_beside_the_pictures_says_what_numbers_are(tmp_path: Path, refused: "Refused") -> None:
    labels = tmp_path / "set" / "labels"
    save(labels / "a.png", np.array([[0, 1, 2]], dtype=np.uint8))
    (tmp_path / "set" / "classes.txt").write_text("0 other\n1 window\n2 wheel\n")
    with refused("unclaimed-label", labels) as error:
        build(labels)
    assert "--map other=CLASS" in error.value.to_do
    summary = build(labels, "0=background")
    assert decided(summary) == {
        "0": ("background", "--map"),
        "1": ("windows", "classes.txt"),
        "2": ("tyres", "classes.txt"),
    }


def test_a_list_that_is_added_after_the_question_is_read(tmp_path: Path, refused: "Refused") -> None:
    labels = tmp_path / "labels"
    save(labels / "a.png", drawing(classes=3))
    with refused("doubted-ids", labels):
        build(labels)
    (labels / "classes.txt").write_text("0 background\n1 wheel\n2 window\n")
    build(labels)
    assert (mask(labels) == np.array([0, 2, 4])[drawing(classes=3)]).all()


def test_a_number_that_the_list_does_not_name_is_refused(tmp_path: Path, refused: "Refused") -> None:
    labels = tmp_path / "labels"
    save(labels / "a.png", np.array([[0, 1, 7, 9]], dtype=np.uint8))
    (labels / "_classes.csv").write_text("Pixel Value, Class\n0, background\n1, body\n")
    with refused("pictures-failed") as error:
        build(labels)
    assert error.value.parts[0].code == "unlisted-number"
    assert "--map 7=CLASS --map 9=CLASS" in error.value.parts[0].to_do


def test_255_beside_listed_classes_is_offered_to_be_ignored_unless_it_was_0(tmp_path: Path, refused: "Refused") -> None:
    labels = tmp_path / "labels"
    save(labels / "a.png", np.where(drawing(classes=3) == 2, 255, drawing(classes=3)).astype(np.uint8))
    for names, is_moved in (("_background_\nbody\n", False), ("_background_\nbody\nwheel\n", True)):
        (labels / "labels.txt").write_text(names)
        with refused("pictures-failed") as error:
            build(labels)
        assert "--map 255=ignore" in error.value.parts[0].to_do
        assert ("all others one less" in error.value.parts[0].to_do) == is_moved


def test_names_without_numbers_are_offered_as_they_may_be_counted(tmp_path: Path, refused: "Refused") -> None:
    labels = tmp_path / "labels"
    save(labels / "a.png", np.array([[0, 1, 2]], dtype=np.uint8))
    (labels / "classes.txt").write_text("wheel\nwindow\nlights\n")
    with refused("doubted-ids", labels) as error:
        build(labels)
    assert "If classes.txt counts from 1, add --map 1=tyres --map 2=windows." in error.value.to_do
    assert "If classes.txt counts from 0, add --map 0=tyres --map 1=windows --map 2=lights." in error.value.to_do
    save(labels / "b.png", np.array([[0, 3]], dtype=np.uint8))
    with refused("doubted-ids", labels) as error:
        build(labels)
    assert "counts from 1, add --map 1=tyres --map 2=windows --map 3=lights." in error.value.to_do
    assert "counts from 0" not in error.value.to_do


def test_a_list_that_begins_at_1_leaves_0_to_the_background(tmp_path: Path) -> None:
    labels = tmp_path / "labels"
    save(labels / "a.png", drawing(classes=3))
    names = [{"png_index": 1, "class_name": "windows"}, {"png_index": 2, "class_name": "body", "color": "#ff0000"}]
    (labels / "label_classes.json").write_text(json.dumps(names))
    assert decided(build(labels))["2"] == ("body", "label_classes.json")
    assert (mask(labels) == np.array([0, 4, 1])[drawing(classes=3)]).all()


@pytest.mark.parametrize("background", ["background,0,0,0\n", ""])
def test_colours_that_a_list_names_need_not_be_the_palette_s_and_black_need_not_stand_there(
    tmp_path: Path, background: str
) -> None:
    labels = tmp_path / "labels"
    own = np.array([(0, 0, 0), (10, 90, 30), (200, 0, 90)], dtype=np.uint8)
    save(labels / "a.png", own[drawing(classes=3)])
    (labels / "class_dict.csv").write_text(f"name,r,g,b\n{background}wheel,10,90,30\nhood,200,0,90\n")
    assert decided(build(labels))["#c8005a"] == ("body", "colours of class_dict.csv")
    assert (mask(labels) == np.array([0, 2, 1])[drawing(classes=3)]).all()


@pytest.mark.parametrize("repeated", [False, True])
def test_numbers_with_a_label_map_are_its_lines_and_never_dark_colours(tmp_path: Path, repeated: bool) -> None:
    folder = tmp_path / "set"
    numbers = drawing(classes=3)
    save(folder / "SegmentationClass" / "a.png", np.repeat(numbers[..., None], 3, axis=2) if repeated else numbers)
    (folder / "labelmap.txt").write_text("background:0,0,0::\nwheel:90,10,30::\nhood:0,200,90::\n")
    assert decided(build(folder)) == {
        "0": ("background", "labelmap.txt"),
        "1": ("tyres", "labelmap.txt"),
        "2": ("body", "labelmap.txt"),
    }


def test_a_label_map_of_another_set_is_refused(tmp_path: Path, refused: "Refused") -> None:
    folder = tmp_path / "set"
    save(folder / "SegmentationClass" / "a.png", drawing(classes=3), voc_table())
    (folder / "labelmap.txt").write_text("background:0,0,0::\nwheel:90,10,30::\nhood:0,200,90::\n")
    with refused("pictures-failed") as error:
        build(folder)
    assert error.value.parts[0].code == "other-colour-table"
    assert "labelmap.txt" in error.value.parts[0].what


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_transparent_pixels_are_background_and_never_what_lies_over_white(tmp_path: Path, mode: str) -> None:
    labels = tmp_path / "labels"
    clear = drawing() == 0
    if mode == "P":
        save(labels / "a.png", drawing(), np.concatenate([[[255, 255, 255]], COLORS[1:5]]), transparency=0)
    else:
        below = COLORS[drawing()] if mode == "RGBA" else drawing()[..., None]
        pixels = np.dstack([below, np.where(clear, 0, 255)]).astype(np.uint8)
        save(labels / "a.png", pixels)
    summary = build(labels, *(["ids=palette"] if mode == "LA" else []))
    assert (mask(labels) == drawing()).all()
    assert decided(summary)["transparent"] == ("background", "transparency")
    (labels.parent / "masks").rename(tmp_path / "before")
    build(labels, "transparent=ignore", "ids=palette")
    assert (mask(labels)[clear] == 255).all()


def test_a_soft_edge_of_alpha_is_the_class_where_it_is_more_than_half(tmp_path: Path) -> None:
    labels = tmp_path / "labels"
    pixels = np.zeros((4, 8, 4), dtype=np.uint8)
    pixels[..., 0], pixels[..., 3] = 255, [0, 0, 40, 120, 140, 200, 255, 255]
    save(labels / "a.png", pixels)
    build(labels)
    assert mask(labels)[0].tolist() == [0, 0, 0, 0, 1, 1, 1, 1]


def test_what_is_drawn_at_a_low_opacity_is_drawn(tmp_path: Path) -> None:
    labels = tmp_path / "labels"
    pixels = np.zeros((4, 8, 4), dtype=np.uint8)
    pixels[..., 0], pixels[:, 4:, 3] = 255, 100
    save(labels / "a.png", pixels)
    build(labels)
    assert mask(labels)[0].tolist() == [0, 0, 0, 0, 1, 1, 1, 1]


def test_a_drawing_that_transparency_hides_is_asked_about(tmp_path: Path, refused: "Refused") -> None:
    labels = tmp_path / "labels"
    pixels = np.dstack([COLORS[drawing()], np.zeros_like(drawing())])
    save(labels / "a.png", pixels)
    with refused("pictures-failed") as error:
        build(labels)
    assert error.value.parts[0].code == "hidden-colours"
    assert build(labels, "transparent=background").areas["background"] == drawing().size


def test_a_palette_says_which_colours_transparency_hides(tmp_path: Path, notes: "Notes") -> None:
    (tmp_path / "labels").mkdir()
    numbers = drawing()  # of objects in the fourth channel, as BDD100K has them
    save(tmp_path / "labels" / "a.png", np.dstack([COLORS[numbers], np.where(numbers == 2, 200, numbers)]))
    start_palette(tmp_path / "labels", "mine", report=notes)
    assert any("hides the colours" in line and "without alpha" in line for line in notes.lines)


@pytest.mark.parametrize("form", ["png", "jpg", "color.jpg", "deep.png", "jpeg.png"])
def test_a_soft_mask_of_one_class_is_one_line_with_the_command_that_helps(
    tmp_path: Path, refused: "Refused", form: str
) -> None:
    labels = tmp_path / "labels"
    hard = Image.fromarray((drawing(classes=2, size=48) * 255).repeat(4, axis=0).repeat(4, axis=1))
    for name in "ab":
        labels.mkdir(exist_ok=True)
        soft = hard.resize((97, 50), Image.Resampling.BICUBIC)
        if form == "deep.png":
            soft = Image.fromarray(np.asarray(soft).astype(np.uint16) * 257)
        kind = "JPEG" if form.startswith("jpeg") else None
        (soft.convert("RGB") if form == "color.jpg" else soft).save(labels / f"{name}.{form}", kind)
    with refused("soft-mask" if form.endswith("png") else "lossy-pictures") as error:
        build(labels)
    assert len(str(error.value)) < 400
    assert "--format colors --map '#ffffff=CLASS'" in error.value.to_do
    assert build(labels, "#ffffff=body", format="colors").areas["body"] > 0


@pytest.mark.parametrize("form", ["rgba", "grey", "table"])
def test_black_shapes_on_transparency_are_no_background_unless_one_says_so(
    tmp_path: Path, refused: "Refused", form: str
) -> None:
    labels = tmp_path / "labels"
    black, alpha = np.zeros_like(drawing()), (drawing() > 0).astype(np.uint8) * 255
    if form == "table":
        save(labels / "a.png", (alpha == 0).astype(np.uint8), np.zeros((2, 3), dtype=np.uint8), transparency=1)
    else:
        save(labels / "a.png", np.dstack([black] * (3 if form == "rgba" else 1) + [alpha]))
    with refused("black-masks") as error:
        build(labels)
    assert "--map 0=body" in error.value.to_do or "--map '#000000=body'" in error.value.to_do
    value = "0" if "--map 0=" in error.value.to_do else "#000000"
    assert build(labels, f"{value}=body").areas["body"] == np.count_nonzero(alpha)
    (tmp_path / "masks" / "a.png").unlink()
    assert build(labels, f"{value}=background").areas["background"] == alpha.size


def test_one_black_shape_on_transparency_among_colours_is_told(tmp_path: Path, notes: "Notes") -> None:
    labels = tmp_path / "labels"
    alpha = (drawing() > 0).astype(np.uint8) * 255
    save(labels / "a.png", np.dstack([COLORS[drawing()], alpha]))
    save(labels / "b.png", np.dstack([np.zeros((*alpha.shape, 3), dtype=np.uint8), alpha]))
    build_masks(labels, tmp_path / "masks", palette=CARS, report=notes)
    assert any("b.png" in line and "black where not transparent" in line for line in notes.lines)


@pytest.mark.parametrize("way", ["resized", "blurred"])
def test_a_soft_mask_with_long_straight_edges_is_one_line_with_the_command_that_helps(
    tmp_path: Path, refused: "Refused", way: str
) -> None:
    labels = tmp_path / "labels"
    numbers = np.zeros((60, 80), dtype=np.uint8)
    numbers[10:40, 8:60], numbers[38:48, 14:24] = 255, 255
    for name in "ab":
        if way == "resized":
            hard = Image.fromarray(numbers)
            save(labels / f"{name}.png", np.asarray(hard.resize((120, 90), Image.Resampling.BILINEAR)))
        else:
            save(labels / f"{name}.png", cv2.GaussianBlur(numbers, (0, 0), 1.2))
    with refused("soft-mask"):
        build(labels)
    share = build(labels, "#ffffff=body", format="colors").areas["body"] / (2 * numbers.size)
    assert share * (numbers.size / 10800 if way == "resized" else 1) == pytest.approx((numbers > 0).mean(), abs=0.02)


def test_all_colours_that_no_class_has_are_named_at_once(tmp_path: Path, refused: "Refused", notes: "Notes") -> None:
    labels = tmp_path / "labels"
    foreign = np.array([(0, 0, 0), (128, 128, 128), (192, 0, 128), (0, 64, 128), (64, 128, 0)], dtype=np.uint8)
    save(labels / "a.png", foreign[drawing()])
    with refused("pictures-failed") as error:
        build(labels)
    assert error.value.parts[0].code == "palette-colour"
    for color in ("#808080", "#c00080", "#004080", "#408000"):
        assert f"--map '{color}=CLASS'" in error.value.parts[0].to_do
    with refused("pictures-failed"):
        build_masks(labels, tmp_path / "masks", palette=CARS, mapping={"#808080": "body"}, report=notes)
    assert not any("no label" in line for line in notes.lines), "it is there, and the picture failed for another colour"


def test_photos_among_labels_have_no_colours_to_map_and_are_called_what_they_are(
    tmp_path: Path, scene: "Scene", refused: "Refused"
) -> None:
    labels = tmp_path / "labels"
    for name in ("view_0_0_1", "view_0_0_2"):
        save(labels / f"{name}.png", scene(len(name), Size(96, 64)))
    for name in ("view_0_5_1", "view_0_5_2", "view_0_5_3"):
        save(labels / f"{name}.png", np.tile(np.array([0, 255, 0], dtype=np.uint8), (64, 96, 1)))
    with refused("pictures-failed") as error:
        build(labels)
    assert [part.code for part in error.value.parts] == ["palette-colour"] * 2
    assert all("is it a photo?" in part.to_do for part in error.value.parts)


@pytest.mark.parametrize(("channel", "mode"), [(0, "RGBA"), (0, "RGB"), (2, "RGB")])
def test_class_numbers_in_one_channel_alone_are_numbers_as_a_simulator_writes_them(
    tmp_path: Path, refused: "Refused", channel: int, mode: str
) -> None:
    numbers = drawing()
    pixels = np.zeros((*numbers.shape, len(mode)), dtype=np.uint8)
    pixels[..., channel], pixels[..., 3:] = numbers, 255
    save(tmp_path / "labels/a.png", pixels)
    with refused("doubted-ids"):
        build(tmp_path / "labels")
    build(tmp_path / "labels", "ids=palette")
    assert np.array_equal(mask(tmp_path / "labels"), numbers)


def test_dark_colours_of_one_channel_are_colours_where_one_says_so(tmp_path: Path) -> None:
    numbers = drawing(classes=2)
    save(tmp_path / "labels/a.png", np.stack([numbers, 0 * numbers, 0 * numbers], axis=2))
    build(tmp_path / "labels", "#010000=lights")
    assert np.array_equal(mask(tmp_path / "labels"), 3 * numbers)


def test_a_glob_that_takes_the_background_s_number_for_a_class_is_told(tmp_path: Path, notes: "Notes") -> None:
    save(tmp_path / "labels/a.png", drawing())
    for mapping, told in ((("*=body",), True), (("*=body", "0=background"), False), (("*=ignore",), False)):
        words, dest = parse_mapping(mapping, CARS), tmp_path / f"masks-{'-'.join(mapping)}"
        notes.lines.clear()
        build_masks(tmp_path / "labels", dest, palette=CARS, mapping=words, report=notes)
        assert any("add --map 0=background" in line for line in notes.lines) == told


@pytest.mark.parametrize(("numbers", "told"), [((0, 1, 4, 2), True), ((0, 1, 9, 2), False)])
def test_class_numbers_in_a_png_of_4_bits_are_told_as_they_lie_in_the_file(
    tmp_path: Path, refused: "Refused", numbers: tuple[int, ...], *, told: bool
) -> None:
    """Every reader makes greys of 8 bits of them, 17 times as large."""
    labels = tmp_path / "labels"
    labels.mkdir()
    row = bytes(numbers[each] << 4 | numbers[each + 1] for each in (0, 2))
    parts = (
        b"IHDR" + struct.pack(">IIBBBBB", 4, 2, 4, 0, 0, 0, 0),
        b"IDAT" + zlib.compress(2 * (b"\0" + row)),
        b"IEND",
    )
    chunks = (struct.pack(">I", len(each) - 4) + each + struct.pack(">I", zlib.crc32(each)) for each in parts)
    (labels / "a.png").write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(chunks))
    (labels / "classes.txt").write_text("background\nbody\ntyres\nlights\nwindows\n")
    with refused("pictures-failed") as error:
        build(labels)
    (part,) = error.value.parts
    assert part.code == "unlisted-number"
    assert ("they are 1, 2, 4" in part.to_do and "// 17" in part.to_do) == told
