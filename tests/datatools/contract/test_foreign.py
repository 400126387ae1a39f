"""Values out of data that others wrote: what is not of the kind that it must be is one line that says where."""

import json
import math
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from p2p_datatools.contract.errors import P2PError
from p2p_datatools.contract.files.atomic import read_json, read_lines, write_json, write_lines
from p2p_datatools.contract.foreign import ForeignPlace, catch_decoder, is_digits, parse_toml, show_value
from p2p_datatools.contract.mask_folder import line_from_json
from p2p_datatools.contract.pairs.lines import pair_from_json
from p2p_datatools.contract.palette import load_palette
from p2p_datatools.jobs.conversion import read_conversion
from p2p_datatools.labels.read import FORMATS, read_labels
from p2p_datatools.masks.palettes import judge
from p2p_datatools.sources.catalog import load_catalog

if TYPE_CHECKING:
    from conftest import Refused

AT = ForeignPlace("x.json", "Write it again.", code="bad-x")
ODD: tuple[Any, ...] = (
    None,
    True,
    "5",
    [],
    {},
    math.inf,
    -math.inf,
    math.nan,
    10**400,
    -(10**400),
    1.5,
    -1,
    "\ud800",
    "\u00b2",
)


def test_numbers_texts_lists_and_tables_are_read_as_they_are() -> None:
    assert [AT.read_whole(each, "n") for each in (0, 5, 5.0, 2**53)] == [0, 5, 5, 2**53]
    assert [AT.read_number(each, "n") for each in (0, -2.5, 10**9)] == [0, -2.5, 10**9]
    assert (AT.read_text("\u00fc", "t"), AT.read_word(7, "t")) == ("\u00fc", "7")
    assert AT.read_texts({"a": "x"}, "t") == {"a": "x"}
    assert (AT.read_list([1], "l"), AT.read_list((1,), "l"), AT.read_table({"a": 1}, "t")) == ([1], [1], {"a": 1})


@pytest.mark.parametrize("value", ODD, ids=lambda value: show_value(value)[:20])
def test_what_is_no_whole_number_from_0_is_refused_and_shown_in_few_words(value: Any, refused: "Refused") -> None:
    with refused("bad-x", "x.json") as error:
        AT.read_whole(value, "size")
    assert error.value.what.startswith("size is not a whole number")
    assert len(error.value.what) < 100


@pytest.mark.parametrize("value", [None, True, "5", [], {}, math.inf, math.nan, 10**400], ids=repr)
def test_what_is_no_finite_number_is_refused(value: Any, refused: "Refused") -> None:
    with refused("bad-x"):
        AT.read_number(value, "n")


@pytest.mark.parametrize("value", [None, 5, [], b"x", "\ud800"], ids=ascii)
def test_what_is_no_text_that_can_be_written_is_refused(value: Any, refused: "Refused") -> None:
    with refused("bad-x"):
        AT.read_text(value, "t")


def test_lists_and_tables_are_told_apart_and_odd_keys_refused(refused: "Refused") -> None:
    values: tuple[Any, ...] = ({}, None, "[]", 5)
    for value in values:
        with refused("bad-x"):
            AT.read_list(value, "l")
    tables: tuple[Any, ...] = ([], None, "{}", {"\ud800": 1})
    for table in tables:
        with refused("bad-x"):
            AT.read_table(table, "t")
    for value in (*tables, {"a": 1}, {"a": ["x"]}):
        with refused("bad-x"):
            AT.read_texts(value, "t")
    for value in (*tables, {"a": "1"}, {"a": -1}):
        with refused("bad-x"):
            AT.read_counts(value, "t")
    for value in (*values, [1, -2], ["1", 2]):
        with refused("bad-x"):
            AT.read_two(value, "t")
    assert (AT.read_counts({"a": 1}, "t"), AT.read_two([1, 2], "t")) == ({"a": 1}, (1, 2))


def test_bounds_are_said_and_kept(refused: "Refused") -> None:
    assert AT.read_whole(255, "color", most=255) == 255
    with refused("bad-x") as error:
        AT.read_whole(256, "color", most=255)
    assert error.value.what == "color is not a whole number from 0 to 255: 256"


def test_numbers_may_be_texts_where_files_are_text_and_within_bounds(refused: "Refused") -> None:
    assert [AT.read_number(each, "x", from_text=True) for each in ("2.5", " 7 ", 3, -1.5)] == [2.5, 7, 3, -1.5]
    strange: tuple[Any, ...] = ("", "x", "nan", "-inf", "9" * 5000, True, None, ["1"])
    for value in strange:
        with refused("bad-x"):
            AT.read_number(value, "x", from_text=True)
    for odd in (256, -256.5, math.nan, math.inf, "1e400"):
        with refused("bad-x") as error:
            AT.read_number(odd, "x", most=255, from_text=True)
        assert error.value.what.startswith("x is not a number from -255 to 255: ")


def test_a_list_that_may_be_missing_is_empty_then_and_nothing_else_is(refused: "Refused") -> None:
    assert AT.read_list(None, "l", may_lack=True) == []
    values: tuple[Any, ...] = (0, "", {}, False)
    for value in values:
        with refused("bad-x"):
            AT.read_list(value, "l", may_lack=True)


@pytest.mark.parametrize(
    ("values", "what"),
    [
        ([[1, 2], [3, None]], "points[1][1] is None, but points must be pairs"),
        ([1, "x" * 100], f"points[1] is '{'x' * 39}..., but points must be pairs"),
        ([1, 10], "points[1] is 10, but points must be pairs"),
        ([1, 10**400], "points[1] is a number of too many digits, but points must be pairs"),
        ([1, [[[[2]]]]], "points[1][0][0][0] is [2], but points must be pairs"),
        ([[]] * 2 + [{"x": [1]}], "points[2] is a table, but points must be pairs"),
        ({"x": 1}, "points is {'x': 1}, but must be pairs"),
        ([1, 2, 3], "points must be pairs, but has 3 numbers"),
        ([], "points must be pairs, but has 0 numbers"),
    ],
)
def test_the_first_of_many_numbers_that_is_none_is_named_by_its_key(values: Any, what: str) -> None:
    error = AT.refuse_numbers(values, "points", "pairs", least=0, most=9)
    assert (error.what, error.where, error.code) == (what, "x.json", "bad-x")


def test_only_a_small_value_is_written_out_in_an_error() -> None:
    shown = {"['car']": ["car"], "{'a': 1}": {"a": 1}, "[]": [], "it is a list": [1] * 4, "it is a table": {"a": {}}}
    assert {word: show_value(value) for word, value in shown.items()} == {word: word for word in shown}
    assert show_value([10**5000]) == "it is a list"
    assert len(show_value(["x" * 1000])) < 50


def test_digits_are_those_that_int_reads() -> None:
    assert is_digits("0")
    assert is_digits("9" * 18)
    assert not any(is_digits(each) for each in ("", "-1", "9" * 19, "9" * 5000, "\u00b2", "\u0661", " 1", "1_0"))


NESTED = "x = " + "[" * 100_000
DEEP = "x = " + "[" * 60 + "]" * 60
DIGITS = "x = " + "9" * 5000
DOTTED = ".".join(["a"] * 1500) + " = 1"


@pytest.mark.parametrize("text", [NESTED, DEEP, DIGITS, DOTTED, "x = ", "x = '"])
def test_toml_that_is_nested_long_or_broken_is_one_line_wherever_it_is_read(
    text: str, tmp_path: Path, refused: "Refused"
) -> None:
    path = tmp_path / "x.toml"
    path.write_text(text)
    for read in (load_palette, judge, load_catalog, lambda path: parse_toml(path.read_text(), path)):
        with refused("bad-toml", path):
            read(path)


def test_a_number_of_5000_digits_is_told_without_the_advice_for_programmers(tmp_path: Path, refused: "Refused") -> None:
    path = tmp_path / "x.toml"
    with refused("bad-toml", path) as error:
        parse_toml(DIGITS, path)
    said = "a whole number of 5000 digits, more than the 4300 that are read"
    assert error.value.what == f"is not TOML ({said})"
    (tmp_path / "x.json").write_text(f"[{'9' * 5000}]")
    with refused("damaged-json", tmp_path / "x.json") as error:
        read_json(tmp_path / "x.json")
    assert said in error.value.what


def test_infinity_and_text_for_a_number_in_a_palette_say_which_class(tmp_path: Path, refused: "Refused") -> None:
    path = tmp_path / "p.toml"
    for line in ("id = inf", "id = nan", 'id = "1"', "id = true", "color = [0, 0, inf]", "aliases = [[]]"):
        key = line.split()[0]
        lines = {"name": 'name = "car"', "color": "color = [1, 2, 3]", key: line}
        path.write_text("\n".join(['name = "p"', "[[classes]]", *lines.values()]))
        with refused("bad-palette", path) as error:
            load_palette(path)
        assert "car" in error.value.what
        with refused("bad-palette", path):
            judge(path)


def test_an_alias_or_a_name_that_is_a_number_is_a_label_as_it_always_was(tmp_path: Path) -> None:
    path = tmp_path / "p.toml"
    path.write_text('name = 5\n[[classes]]\nname = "car"\ncolor = [1, 2, 3]\naliases = [7, "auto"]\n')
    assert load_palette(path).index_of_label("7") == 0


def test_counts_of_a_catalogue_are_finite(tmp_path: Path, refused: "Refused") -> None:
    path = tmp_path / "c.toml"
    for counts in ("{ x = inf }", "{ x = nan }", "5", '{ x = "3" }'):
        path.write_text(f'[a]\ntitle = "t"\nholds = "pairs"\nlayout = []\ncounts = {counts}\n')
        with refused("bad-catalogue", f"{path}: [a]"):
            load_catalog(path)


PAIR: dict[str, Any] = {
    "name": "a",
    "file": "train/a.png",
    "split": "train",
    "size": [4, 4],
    "hash": "0",
    "group": None,
    "sources": {},
}
MASK = {"name": "a", "size": [4, 4], "areas": {"car": 3}, "source": "a.png", "signature": "0", "labels": {"car": "car"}}
LINE = {"name": "a", "source": "a.png", "sha256": "0", "size": [4, 4], "files": {"a.png": "0"}}


def place_of_damage(read: Callable[[], object]) -> str | None:
    """Where the error is that a reader raises; None if the value is taken."""
    try:
        read()
    except P2PError as error:
        return error.where
    return None


@pytest.mark.parametrize("odd", [None, 5, "\ud800", [], {}, [math.inf, 1], [10**400, 1], [1], {"a": math.nan}, -1])
def test_a_record_with_a_value_of_another_kind_is_damage_and_nothing_else(odd: Any, tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    for record, read in ((PAIR, pair_from_json), (MASK, line_from_json)):
        for key in record:
            assert place_of_damage(partial(read, {**record, key: odd}, path)) in (None, str(path))
    for key in LINE:
        path.write_text(json.dumps({**LINE, key: odd}))
        assert place_of_damage(partial(read_conversion, path)) in (None, str(path))
    for value in (odd, [PAIR]):
        with pytest.raises(P2PError):
            pair_from_json(value, path)


def test_half_of_a_surrogate_pair_is_written_as_an_escape_and_comes_back(tmp_path: Path) -> None:
    value = {"a": "\ud800", "b": "\u00fc"}
    write_json(tmp_path / "a.json", value)
    write_lines(tmp_path / "a.jsonl", [value])
    assert read_json(tmp_path / "a.json") == value
    assert read_lines(tmp_path / "a.jsonl") == [value]


def test_whatever_a_label_reader_raises_is_an_error_of_its_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refused: "Refused"
) -> None:
    def fail(*_: object, **__: object) -> Any:
        raise RecursionError("deep")

    whole, place = FORMATS["coco"], FORMATS["matlab"]
    broken = whole.forms[0]._replace(read=fail)
    monkeypatch.setitem(FORMATS, "coco", type(whole)(whole.name, whole.title, whole.signs, (broken,)))
    assert place.place is not None
    monkeypatch.setitem(
        FORMATS, "matlab", type(place)(place.name, place.title, place.signs, place=place.place._replace(read=fail))
    )
    file = tmp_path / "a.json"
    file.write_text('{"images": [], "annotations": [], "categories": []}')
    for name in ("coco", "matlab"):
        with refused("damaged-labels", file if name == "coco" else tmp_path):
            read_labels(file if name == "coco" else tmp_path, name)


def test_a_count_of_classes_in_5000_digits_is_not_the_number_of_names(tmp_path: Path, refused: "Refused") -> None:
    (tmp_path / "a.txt").write_text("0 0.1 0.1 0.4 0.1 0.4 0.6\n")
    (tmp_path / "data.yaml").write_text(f"names: [car]\nnc: {'9' * 5000}\n")
    with refused("class-count", tmp_path / "data.yaml"):
        read_labels(tmp_path, "yolo")


def test_a_decoder_that_lacks_a_key_is_not_taken_for_a_text(refused: "Refused") -> None:
    with refused("damaged-file", "x") as error, catch_decoder("x", "is damaged", "Write it again."):
        dict[str, int]()["a"]
    assert error.value.what == "is damaged ('a' is missing)"
