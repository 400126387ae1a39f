"""Class numbers of well-known data sets are asked about with a `--map` that does what it says when it is typed."""

import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from p2p_datatools.contract.errors import P2PError
from p2p_datatools.contract.palette import load_palette
from p2p_datatools.contract.pictures.images import read_mask
from p2p_datatools.masks.build import build_masks
from p2p_datatools.masks.class_mapping import parse_mapping
from p2p_datatools.masks.unclaimed import offer_mappings

if TYPE_CHECKING:
    from conftest import Notes

VOID = 255


def ask(labels: Path, palette: str) -> P2PError:
    with pytest.raises(P2PError) as error:
        build_masks(labels, labels.parent / "asked", palette=load_palette(palette))
    return error.value


@pytest.mark.parametrize(
    ("numbers", "palette", "whose", "expected"),
    [
        ([0, 1], "cars", "one class", {0: "background", 1: "body"}),
        ([0, 255], "cars", "one class", {0: "background", 255: "body"}),
        ([1, 2, 3], "cars", "trimap", {1: "body", 2: "background", 3: "ignore"}),
        ([0, 128, 255], "cars", "trimap", {0: "background", 128: "ignore", 255: "body"}),
        ([0, 1, 2, 3, 4], "scenes", "LandCover.ai", {0: "background", 1: "building", 2: "tree", 4: "road"}),
        ([*range(21), VOID], "cars", "Pascal VOC", {0: "background", 1: "background", 7: "body", VOID: "ignore"}),
        ([*range(21), VOID], "scenes", "Pascal VOC", {0: "background", 7: "car", 15: "pedestrian", VOID: "ignore"}),
        ([*range(19), VOID], "scenes", "train ids of Cityscapes", {0: "road", 13: "car", VOID: "ignore"}),
        ([*range(19), VOID], "cars", "train ids of Cityscapes", {0: "background", 6: "background", 13: "body"}),
        (list(range(34)), "scenes", "label ids of Cityscapes", {0: "background", 7: "road", 26: "car"}),
        ([13, 17, 27, 55, 65], "scenes", "Mapillary", {13: "road", 27: "sky", 55: "car", 65: "background"}),
        (list(range(151)), "scenes", "ADE20K", {0: "background", 3: "sky", 21: "car", 150: "background"}),
        (list(range(151)), "cars", "ADE20K", {21: "body", 115: "background", 134: "background"}),
        ([0, 1, 2, 3, 5, 7, 12, 21], "scenes", "ADE20K", {0: "background", 2: "building", 3: "sky", 21: "car"}),
        ([0, *range(1, 1000, 9)], "cars", "numbers of objects", {0: "background", 1: "body", 991: "body"}),
        ([0, 257, 1028], "cars", "times 257", {0: "background", 257: "body", 1028: "windows"}),
        ([0, 85, 170, 255], "cars", "spread in even steps", {0: "background", 85: "body", 255: "lights"}),
        ([0, 63, 127, 191, 255], "cars", "spread in even steps", {0: "background", 63: "body", 255: "windows"}),
        ([0, 50, 100, 150], "cars", "spread in even steps", {0: "background", 50: "body", 150: "lights"}),
        (
            [0, 29, 76, 150, 255],
            "cars",
            "turned into greys",
            {0: "background", 29: "lights", 76: "body", 255: "windows"},
        ),
        ([0, 2, 148, 156, 181, VOID], "scenes", "COCO-Stuff", {0: "pedestrian", 156: "sky", VOID: "ignore"}),
    ],
)
def test_the_map_that_is_offered_for_a_known_numbering_does_what_it_says(
    tmp_path: Path, numbers: list[int], palette: str, whose: str, expected: dict[int, str]
) -> None:
    labels = tmp_path / "labels"
    labels.mkdir()
    pixels = np.repeat(np.array([numbers], dtype=np.uint16 if max(numbers) > VOID else np.uint8), 4, axis=0)
    Image.fromarray(pixels).save(labels / "a.png")
    error = ask(labels, palette)
    assert error.code in ("doubted-ids", "unclaimed-label")
    assert len(str(error.to_do)) < 2500
    offer = next(each for each in re.findall(r"If they are (.+?, add .+?)\. ", error.to_do) if whose in each)
    words = [word for word in shlex.split(offer.partition(", add ")[2]) if word != "--map"]
    colors = load_palette(palette)
    summary = build_masks(labels, tmp_path / "masks", palette=colors, mapping=parse_mapping(words, colors))
    assert {each.decided_by for each in summary.decisions} <= {"--map", "palette ids"}
    found = read_mask(tmp_path / "masks" / "a.png", colors)[0]
    indices = {"background": 0, "ignore": VOID} | {name: colors.index(name) for name in colors.names}
    assert {number: found[numbers.index(number)] for number in expected} == {
        number: indices[word] for number, word in expected.items()
    }


def test_numbers_that_fit_no_known_numbering_are_offered_none() -> None:
    def offers(numbers: list[int], palette: str) -> list[str]:
        return offer_mappings(dict.fromkeys(numbers, 1), load_palette(palette), pictures=1)

    assert offers([0, 3, 60_000], "scenes") == []
    assert offers([0, 1, 2, 3, 4], "cars") == []
    assert not any("Cityscapes" in each for each in offers([0, 1, 2], "scenes"))


def test_255_is_no_number_to_ignore_where_it_is_the_last_of_even_steps(tmp_path: Path) -> None:
    (tmp_path / "labels").mkdir()
    for numbers, is_ignored in (([0, 51, 102, 153, 204, 255], False), ([0, 7, 9, 255], True)):
        Image.fromarray(np.array([numbers] * 6, dtype=np.uint8)).save(tmp_path / "labels" / "a.png")
        assert ("--map 255=ignore" in ask(tmp_path / "labels", "cars").to_do) == is_ignored


def test_masks_of_one_class_with_1_in_some_pictures_and_255_in_others_are_known(tmp_path: Path) -> None:
    hard = np.zeros((8, 8), dtype=np.uint8)
    hard[2:6, 3:7] = 1
    labels = tmp_path / "labels"
    labels.mkdir()
    for name, picture in {"a": hard > 0, "b": hard * 255, "c": hard}.items():
        Image.fromarray(picture).save(labels / f"{name}.png")
    assert "--map 0=background --map 1=body --map 255=body" in ask(labels, "cars").to_do
    hard[0] = VOID
    for name in "abc":
        Image.fromarray(hard).save(labels / f"{name}.png")
    to_do = ask(labels, "cars").to_do
    assert "255=body" not in to_do
    assert "--map 255=ignore" in to_do


@pytest.mark.parametrize(
    ("numbers", "is_told"), [([7 * 256, 26 * 256 + 3], True), ([0, 1, 300], False), ([1, 65535], False)]
)
def test_numbers_of_single_objects_are_explained_beside_what_can_be_typed(
    numbers: list[int], is_told: bool, tmp_path: Path
) -> None:
    labels = tmp_path / "labels"
    labels.mkdir()
    Image.fromarray(np.resize(np.array(numbers, np.uint16), (8, 8))).save(labels / "a.png")
    assert ("number // 256" in ask(labels, "scenes").to_do) is is_told


@pytest.mark.parametrize(("inverted", "told"), [(0, ""), (3, "in 3 of 6"), (6, "in all of them")])
def test_masks_of_one_class_with_black_and_white_exchanged_are_told(
    tmp_path: Path, inverted: int, told: str, notes: "Notes"
) -> None:
    (tmp_path / "labels").mkdir()
    for number in range(6):
        mask = np.zeros((24, 32), dtype=np.uint8)
        mask[4:16, 4 : 14 + number] = VOID
        Image.fromarray(VOID - mask if number < inverted else mask).save(tmp_path / "labels" / f"{number}.png")
    mapping = parse_mapping(("0=background", "255=body"), load_palette("cars"))
    build_masks(tmp_path / "labels", tmp_path / "masks", palette=load_palette("cars"), mapping=mapping, report=notes)
    lines = [line for line in notes.lines if "exchanged" in line]
    assert bool(lines) == bool(told)
    assert not told or told in lines[0]


def test_a_window_in_a_body_that_fills_the_picture_is_no_exchange_of_black_and_white(
    tmp_path: Path, notes: "Notes"
) -> None:
    (tmp_path / "labels").mkdir()
    mask = np.ones((24, 32), dtype=np.uint8)
    mask[4:16, 4:14] = 2
    Image.fromarray(mask).save(tmp_path / "labels" / "a.png")
    mapping = parse_mapping(("1=body", "2=windows"), load_palette("cars"))
    build_masks(tmp_path / "labels", tmp_path / "masks", palette=load_palette("cars"), mapping=mapping, report=notes)
    assert not [line for line in notes.lines if "exchanged" in line]
