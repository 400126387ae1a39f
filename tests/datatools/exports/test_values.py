"""What classes are called when they are written, and that no label can come back as another class."""

from typing import TYPE_CHECKING

import pytest

from p2p_datatools.contract.palette import IGNORE, Palette, PaletteClass, load_palette
from p2p_datatools.exports.values import classes_of

if TYPE_CHECKING:
    from conftest import Refused


def palette(*names: str, ignored: tuple[str, ...] = (), **aliases: tuple[str, ...]) -> Palette:
    classes = (PaletteClass(name, (n, 0, 0), aliases=aliases.get(name, ())) for n, name in enumerate(names))
    return Palette("own", tuple(classes), ignored)


@pytest.mark.parametrize("name", ["background", "_background_", "BG", "void"])
def test_a_first_class_that_means_nothing_is_not_written(name: str) -> None:
    rows = list(classes_of(palette(name, "car", "wheel")).rows(ignored=False))
    assert [(row.index, row.label, row.place) for row in rows] == [(1, "car", 0), (2, "wheel", 1)]


def test_a_first_class_that_means_something_is_written() -> None:
    rows = list(classes_of(palette("road", "car")).rows(ignored=False))
    assert [(row.label, row.place) for row in rows] == [("road", 0), ("car", 1)]


def test_what_is_ignored_comes_last_under_a_name_that_no_class_has() -> None:
    (*_, last) = classes_of(load_palette("cars")).rows(ignored=True)
    assert (last.index, last.label, last.place) == (IGNORE, "ignore", 4)
    assert classes_of(palette("background", "Ignore")).ignored == "ignored"
    assert classes_of(palette("background", "car", car=("ign*",))).ignored == "void"
    assert classes_of(palette("background", "car", ignored=("un*", "border"))).ignored == "border"


@pytest.mark.parametrize("name", ["", " ", "a\x1bb", "a\nb"])
def test_a_class_that_no_label_can_name_is_refused(name: str, refused: "Refused") -> None:
    with refused("bad-class-names", f"class {name!r}"):
        classes_of(palette("background", name))


def test_a_class_whose_label_would_be_read_as_another_is_refused(refused: "Refused") -> None:
    with refused("label-claimed-twice", "palette own"):
        classes_of(palette("background", "car", "Car"))
    with refused("label-claimed-twice", "palette own"):
        classes_of(palette("background", "car", "wheel", car=("wheel",)))
