"""Palettes are judged, drawn, and begun from labels or from colours."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from p2p_datatools.contract.palette import BUILT_IN, load_palette
from p2p_datatools.masks.palettes import draw_palette, judge

if TYPE_CHECKING:
    from conftest import Refused


def toml(path: Path, *classes: str) -> Path:
    path.write_text('name = "x"\n' + "".join(f"[[classes]]\n{each}\n" for each in classes))
    return path


@pytest.mark.parametrize("name", BUILT_IN)
def test_nothing_is_wrong_with_the_built_in_palettes(name: str) -> None:
    assert judge(name) == ()


@pytest.mark.parametrize(
    ("second", "found"),
    [
        ('name = "b"\ncolor = [40, 0, 0]', []),
        (
            'name = "A "\ncolor = [40, 0, 0]',
            [("error", "duplicate-class", "the name a"), ("warning", "label-claimed-twice", "the label a,")],
        ),
        ('name = "b"\ncolor = [0, 0, 0]', [("error", "duplicate-class", "the color #000000")]),
        ('name = "b"\ncolor = [40, 0, 0]\nid = 1', [("error", "duplicate-class", "the id 1")]),
        ('name = "b"\ncolor = [20, 0, 0]', [("warning", "too-close", "a and b are 20 apart")]),
        ('name = "b"\ncolor = [255, 0, 230]', [("warning", "too-close", "b and ignored pixels")]),
        ('name = "b"\ncolor = [40, 0, 0]\naliases = ["a"]', [("warning", "label-claimed-twice", "the label a,")]),
    ],
)
def test_what_stands_twice_is_an_error_and_what_jpeg_mixes_up_a_warning(
    tmp_path: Path, second: str, found: list[tuple[str, str, str]]
) -> None:
    path = toml(tmp_path / "p.toml", 'name = "a"\ncolor = [0, 0, 0]\nid = 1', second)
    findings = judge(path)
    assert [(finding.severity, finding.code) for finding in findings] == [each[:2] for each in found]
    assert all(about in finding.what for finding, (*_, about) in zip(findings, found, strict=True))


def test_a_label_that_is_ignored_and_a_class_is_a_warning(tmp_path: Path) -> None:
    path = tmp_path / "p.toml"
    path.write_text('name = "x"\nignore = ["void", "Car"]\n[[classes]]\nname = "car"\ncolor = [0, 0, 0]\n')
    assert [(finding.severity, finding.code) for finding in judge(path)] == [("warning", "label-claimed-twice")]


def test_a_broken_palette_is_refused_as_when_it_is_loaded(tmp_path: Path, refused: "Refused") -> None:
    (tmp_path / "p.toml").write_text("name = 1\n[[classes]]\n")
    with refused("bad-palette", tmp_path / "p.toml", usage=False):
        judge(tmp_path / "p.toml")
    with refused("unknown-palette", tmp_path / "gone.toml", usage=True):
        judge(tmp_path / "gone.toml")


def test_a_picture_of_a_palette_shows_each_colour() -> None:
    drawn = draw_palette(load_palette("facades"))
    for each in load_palette("facades").classes:
        assert (drawn == each.color).all(axis=2).sum() >= 168 * 72
