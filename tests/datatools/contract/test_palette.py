"""Palettes: classes in painting order, and who claims a label."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from p2p_datatools.contract.palette import (
    BUILT_IN,
    IGNORE,
    IGNORE_COLOR,
    Palette,
    PaletteClass,
    load_palette,
    palette_from_json,
    palette_of,
    parse_palette,
)

if TYPE_CHECKING:
    from conftest import Refused

PARTS = {
    "tyres": ["wheel"],
    "lights": ["back_left_light", "back_right_light", "front_left_light", "front_right_light"],
    "windows": ["back_glass", "front_glass"],
    "body": [
        *("back_bumper", "front_bumper", "hood", "left_mirror", "right_mirror", "tailgate", "trunk"),
        *("back_left_door", "back_right_door", "front_left_door", "front_right_door"),
    ],
    "background": ["_background_"],
}
CAMVID = [
    *("sky", "building", "pole", "road", "pavement", "tree"),
    *("sign", "fence", "car", "pedestrian", "cyclist", "background"),
]


@pytest.mark.parametrize("name", BUILT_IN)
def test_a_built_in_palette_survives_being_written_as_toml_and_as_json(name: str) -> None:
    palette = load_palette(name)
    assert parse_palette(palette.to_toml(), where="x") == palette
    assert palette_from_json(palette.to_json(), where="x") == palette


def test_a_palette_of_any_names_survives_being_written_as_toml() -> None:
    odd = "".join(map(chr, (*range(1, 0x21), *b'"\\#=[]', 0x7F, 0x85, 0xE9, 0x2028, 0x1F697)))
    palette = Palette(odd, (PaletteClass(odd, (1, 2, 3), 4, (odd, "x")), PaletteClass("other", (3, 2, 1))))
    assert parse_palette(palette.to_toml(), where="x") == palette


def test_labels_that_a_palette_ignores_survive_and_palettes_without_any_are_written_as_before(
    refused: "Refused",
) -> None:
    own = Palette("own", load_palette("cars").classes, ignored=("void", "un*"))
    assert parse_palette(own.to_toml(), where="here") == own
    assert palette_from_json(own.to_json(), where="here") == own
    assert own.ignores("Void")
    assert own.ignores("un-named")
    assert not own.ignores("car")
    assert "ignore" not in load_palette("cars").to_json()
    with refused("bad-palette", "here"):
        parse_palette('name = "x"\nignore = "void"\n[[classes]]\nname = "a"\ncolor = [0, 0, 0]', where="here")


def test_a_palette_is_written_as_a_person_would_edit_it() -> None:
    palette = Palette("mine", (PaletteClass("sky", (0, 128, 9), 3, ("air", "cloud*")), PaletteClass("sea", (0, 0, 9))))
    lines = ['name = "mine"', "", "[[classes]]", 'name = "sky"', "color = [0, 128, 9]", "id = 3"]
    lines += ['aliases = ["air", "cloud*"]', "", "[[classes]]", 'name = "sea"', "color = [0, 0, 9]", ""]
    assert palette.to_toml().splitlines() == lines[:-1]


def test_the_car_palette_knows_all_eighteen_parts_by_its_aliases() -> None:
    cars = load_palette("cars")
    for name, labels in PARTS.items():
        for label in labels:
            index = cars.index_of_label(label)
            assert index is not None
            assert cars.names[index] == name, label


def test_ids_speak_of_index_pictures_only_and_names_of_annotations_only() -> None:
    cars = load_palette("cars")
    assert cars.index_of_id(3) == cars.index("lights")
    assert cars.index_of_label("3") is None


def test_the_scene_palette_has_the_ids_of_camvid_where_11_is_void() -> None:
    scenes = load_palette("scenes")
    assert [scenes.names[scenes.index_of_id(number) or 0] for number in range(12)] == CAMVID
    assert scenes.index_of_id(12) is None


def test_case_and_space_and_dash_make_no_difference() -> None:
    cars = load_palette("cars")
    for label in ("Front Glass", "FRONT-GLASS", " front_glass "):
        assert cars.index_of_label(label) == cars.index("windows")


def test_an_exact_alias_wins_over_a_glob_of_another_class() -> None:
    palette = Palette(
        "p",
        (PaletteClass("a", (0, 0, 0), aliases=("*_light",)), PaletteClass("b", (1, 0, 0), aliases=("brake_light",))),
    )
    assert palette.index_of_label("brake_light") == 1
    assert palette.index_of_label("head_light") == 0


def test_globs_of_two_classes_that_match_one_label_are_an_error_naming_both(refused: "Refused") -> None:
    palette = Palette(
        "p", (PaletteClass("a", (0, 0, 0), aliases=("*_x",)), PaletteClass("b", (1, 0, 0), aliases=("q_*",)))
    )
    with refused("label-claimed-twice", "palette p") as error:
        palette.index_of_label("q_x")
    assert "a and b both claim 'q_x'" in error.value.what


@pytest.mark.parametrize(
    ("one", "other", "code", "words"),
    [
        (PaletteClass("a", (0, 0, 0)), PaletteClass("a", (1, 0, 0)), "duplicate-class", "same name"),
        (PaletteClass("a", (0, 0, 0)), PaletteClass("b", (0, 0, 0)), "duplicate-class", "same color"),
        (PaletteClass("a", (0, 0, 0), 1), PaletteClass("b", (1, 0, 0), 1), "duplicate-class", "same id"),
        (PaletteClass("a", (0, 0, 0)), PaletteClass("b", IGNORE_COLOR), "reserved-colour", "(255, 0, 254)"),
    ],
)
def test_classes_that_could_not_be_told_apart_are_refused(
    one: PaletteClass, other: PaletteClass, code: str, words: str, refused: "Refused"
) -> None:
    with refused(code, "palette p") as error:
        Palette("p", (one, other))
    assert words in error.value.what


def test_the_colour_table_has_a_row_for_every_class_and_one_for_ignored_pixels() -> None:
    table = load_palette("cars").colors()
    assert table.shape == (256, 3)
    assert table.dtype == np.uint8
    assert table[1].tolist() == [255, 0, 0]
    assert tuple(table[IGNORE]) == IGNORE_COLOR


@pytest.mark.parametrize(
    "text",
    ["name = ", 'name = "x"', 'name = "x"\n[[classes]]\nname = "a"\ncolor = [0, 0]', 'name = "x"\nclasses = 3',
     'name = "x"\n[[classes]]\nname = "a"\ncolor = [0, 0, 300]'],
)  # fmt: skip
def test_a_damaged_palette_file_is_one_line_naming_it(tmp_path: Path, text: str, refused: "Refused") -> None:
    path = tmp_path / "mine.toml"
    path.write_text(text)
    with refused("bad-toml" if text == "name = " else "bad-palette", path) as error:
        load_palette(path)
    assert "\n" not in str(error.value)


def test_an_unknown_palette_lists_the_built_in_ones(refused: "Refused") -> None:
    with refused("unknown-palette", "car", usage=True) as error:
        load_palette("car")
    assert "cars, scenes, facades" in error.value.what
    assert error.value.to_do.startswith("Did you mean cars?")


def test_a_class_that_is_not_there_lists_those_that_are(refused: "Refused") -> None:
    with refused("unknown-class", "palette cars", usage=True) as error:
        load_palette("cars").index("bodi")
    assert "background, body, tyres, lights, windows" in error.value.to_do


def test_a_folder_is_a_mask_folder_by_its_palette_file(tmp_path: Path) -> None:
    assert palette_of(tmp_path) is None
    (tmp_path / "palette.toml").write_text(load_palette("cars").to_toml())
    assert palette_of(tmp_path) == load_palette("cars")


def test_a_class_may_lie_inside_another_and_files_without_such_rules_are_as_before(refused: "Refused") -> None:
    cars = load_palette("cars")
    assert {cars.names[part]: cars.names[whole] for part, whole in cars.wholes.items()} == dict.fromkeys(
        ("tyres", "lights", "windows"), "body"
    )
    for again in (parse_palette(cars.to_toml(), where="x"), palette_from_json(cars.to_json(), where="x")):
        assert again.wholes == cars.wholes
    plain = cars.without_rules()
    assert plain.wholes == {}
    assert plain == cars  # what a check expects is not what a mask means
    assert not any("inside" in each for each in plain.to_json()["classes"])
    text = 'name = "x"\n[[classes]]\nname = "a"\ncolor = [0, 0, 0]\ninside = "{}"'
    for whole in ("b", "a"):
        with refused("unknown-whole", "palette x"):
            parse_palette(text.format(whole), where="here")
    with refused("bad-palette", "here"):
        parse_palette(text.replace('"{}"', "[3]"), where="here")


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("p.gpl", b"GIMP Palette\nName: cars\n", "bad-toml"),
        ("labelmap.txt", b"body:255,0,0::\n", "bad-toml"),
        ("class_dict.csv", b"name,r,g,b\nbody,255,0,0\n", "bad-toml"),
        ("p.act", bytes(range(256)) * 3, "not-text"),
    ],
)
def test_a_list_of_classes_of_another_program_says_how_it_becomes_a_palette(
    tmp_path: Path, refused: "Refused", name: str, content: bytes, code: str
) -> None:
    (tmp_path / name).write_bytes(content)
    with refused(code, tmp_path / name) as error:
        load_palette(tmp_path / name)
    assert "p2p data palette LABELS PALETTE.toml" in error.value.to_do
