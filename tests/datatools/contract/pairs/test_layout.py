"""Pairs in one file that are not its halves: bars between and around them, stacked, three; and what only looks so."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from p2p_datatools.checks.folder import check
from p2p_datatools.contract.files.listing import find_pictures
from p2p_datatools.contract.pairs.captions import Captions
from p2p_datatools.contract.pairs.layout import PairLayout, find_layout
from p2p_datatools.contract.pairs.opening import open_pairs
from p2p_datatools.contract.pairs.seam import glance_at
from p2p_datatools.contract.pictures.arrays import read_array
from p2p_datatools.contract.pictures.images import Photo, read_photo, write_png
from p2p_datatools.contract.pictures.sizes import Size
from p2p_datatools.pairs.build import pair
from p2p_datatools.pairs.disassemble import take_apart
from p2p_datatools.splits.apply import split

if TYPE_CHECKING:
    from conftest import Notes, Refused
    from datatools.conftest import Scene

Pictures = Callable[[int], Photo]
SIZE = Size(64, 48)
WHITE, BLACK = 255, 0


def bar(grey: int, width: int) -> Photo:
    return np.full((SIZE.height, width, 3), grey, dtype=np.uint8)


def labels(seed: int) -> Photo:
    """A thing of three colours on black, which touches the edges in some."""
    random, picture = np.random.default_rng(seed), bar(BLACK, SIZE.width)
    for colour in ((255, 0, 0), (0, 255, 0), (0, 0, 255)):
        left, top = int(random.integers(0, 40)), int(random.integers(2, 30))
        picture[top : top + 16, left : left + 20] = colour
    return picture


@pytest.fixture
def a(scene: "Scene") -> Pictures:
    return lambda seed: scene(seed, SIZE)


@pytest.fixture
def b(scene: "Scene") -> Pictures:
    return lambda seed: scene(100 + seed, SIZE)


def write(folder: Path, make: Pictures, suffix: str = ".png") -> Path:
    folder.mkdir(parents=True)
    for number in range(6):
        Image.fromarray(make(number)).save(folder / f"{number}{suffix}")
    return folder


def found(folder: Path) -> PairLayout | None:
    return find_layout(glance_at(find_pictures(folder)))


@pytest.mark.parametrize("suffix", [".png", ".jpg"])
@pytest.mark.parametrize(("grey", "width"), [(WHITE, 2), (BLACK, 3), (WHITE, 8), (BLACK, 7), (128, 20)])
def test_a_bar_between_two_pictures_is_seen_whatever_its_colour_and_width(
    tmp_path: Path, a: Pictures, b: Pictures, grey: int, width: int, suffix: str
) -> None:
    folder = write(tmp_path / "all", lambda seed: np.hstack([a(seed), bar(grey, width), b(seed)]), suffix)
    assert found(folder) == PairLayout(gap=width)


def test_a_black_bar_beside_labels_on_black_is_as_wide_as_the_photo_tells(tmp_path: Path, b: Pictures) -> None:
    folder = write(tmp_path / "all", lambda seed: np.hstack([labels(seed), bar(BLACK, 6), b(seed)]))
    assert found(folder) == PairLayout(gap=6)


def test_a_bar_of_two_columns_beside_labels_on_black_is_told_by_round_sides_odd_ones_or_a_frame(
    tmp_path: Path, b: Pictures
) -> None:
    def grid(seed: int) -> Photo:
        row = np.hstack([bar(BLACK, 2), labels(seed), bar(BLACK, 2), b(seed), bar(BLACK, 2)])
        return np.pad(row, ((2, 2), (0, 0), (0, 0)))

    made: dict[str, tuple[Pictures, PairLayout]] = {
        "two": (lambda seed: np.hstack([labels(seed), bar(BLACK, 2), b(seed)]), PairLayout(gap=2)),
        "one": (lambda seed: np.hstack([labels(seed), bar(BLACK, 1), b(seed)]), PairLayout(gap=1)),
        "on the right": (lambda seed: np.hstack([b(seed), bar(BLACK, 2), labels(seed)]), PairLayout(gap=2)),
        "make_grid": (grid, PairLayout(gap=2, frame=2, before=2, behind=2)),
    }
    for name, (make, layout) in made.items():
        assert found(write(tmp_path / name, make)) == layout, name


def test_bars_of_one_column_and_around_both_pictures_are_left_out_of_the_halves(
    tmp_path: Path, a: Pictures, b: Pictures, notes: "Notes"
) -> None:
    def figure(seed: int) -> Photo:
        row = np.hstack([bar(WHITE, 10), a(seed), bar(WHITE, 6), b(seed), bar(WHITE, 10)])
        return np.pad(row, ((7, 5), (0, 0), (0, 0)), constant_values=WHITE)

    made: dict[str, Pictures] = {"odd": lambda seed: np.hstack([a(seed), bar(WHITE, 1), b(seed)]), "figure": figure}
    for name, make in made.items():
        summary = take_apart(write(tmp_path / name / "train", make).parent, tmp_path / f"{name}-apart", report=notes)
        assert [folder.name for folder in summary.folders] == ["a", "b"]
        for seed in range(6):
            for half, pictures in (("a", a), ("b", b)):
                read = read_photo(tmp_path / f"{name}-apart" / half / "train" / f"{seed}.png")
                assert (read == pictures(seed)).all(), name
    assert "1 column of one colour between them; they are taken apart there" in notes.lines[0]
    assert "6 columns of one colour between them, 10 columns at both ends, 7 and 5 rows around" in notes.lines[1]


def test_pictures_that_stand_one_above_the_other_are_taken_apart(tmp_path: Path, a: Pictures, b: Pictures) -> None:
    made: dict[str, tuple[Pictures, Pictures]] = {"photos": (a, b), "labels": (labels, b)}
    for name, (upper, lower) in made.items():
        for gap in (0, 4):
            rows = bar(WHITE, SIZE.width)[:gap]
            folder = write(
                tmp_path / f"{name}{gap}",
                lambda seed, upper=upper, lower=lower, rows=rows: np.vstack([upper(seed), rows, lower(seed)]),  # type: ignore[misc]
            )
            assert found(folder) == PairLayout(stacked=True, gap=gap), name
            take_apart(folder, tmp_path / f"{name}{gap}-apart", words=("up", "down"))
            for half, pictures in (("up", upper), ("down", lower)):
                read = read_photo(tmp_path / f"{name}{gap}-apart" / half / "3.png")
                assert (read == pictures(3)).all(), name


def caption(seed: int, ground: int, height: int = 15, width: int = 2 * SIZE.width) -> Photo:
    """A line of text in Pillow's own font: that of OpenCV is two rows higher before version 5."""
    rows = Image.new("RGB", (width, height), (ground, ground, ground))
    ink = 255 - ground
    text = f"{seed:03d}.png   input and target"
    ImageDraw.Draw(rows).text((2, 1), text, (ink, ink, ink), ImageFont.load_default(8))
    return np.asarray(rows)


@pytest.mark.parametrize("suffix", [".png", ".jpg"])
def test_captions_above_and_below_two_pictures_are_left_out_of_the_halves(
    tmp_path: Path, a: Pictures, b: Pictures, suffix: str
) -> None:
    def figure(seed: int) -> Photo:
        row = np.hstack([bar(WHITE, 10), a(seed) // 2, bar(WHITE, 6), b(seed) // 2, bar(WHITE, 10)])
        return np.vstack([caption(seed, WHITE, width=row.shape[1]), np.pad(row, ((0, 5), (0, 0), (0, 0)), "edge")])

    above = write(
        tmp_path / "above", lambda seed: np.vstack([caption(seed, WHITE), np.hstack([a(seed), b(seed)])]), suffix
    )
    below = write(
        tmp_path / "below", lambda seed: np.vstack([np.hstack([labels(seed), b(seed)]), caption(seed, BLACK)]), suffix
    )
    assert found(above) == PairLayout(captions=Captions(15, 0))
    assert found(below) == PairLayout(captions=Captions(0, 15))
    of_figure = found(write(tmp_path / "figure", figure, suffix))
    assert of_figure is not None
    assert (of_figure.gap, of_figure.frame, of_figure.captions) == (6, 10, Captions(15, 0))
    take_apart(above, tmp_path / "apart")
    assert np.abs(read_photo(tmp_path / "apart" / "b" / "3.png").astype(int) - b(3)).mean() < 6


@pytest.mark.parametrize("suffix", [".png", ".jpg"])
def test_the_strip_of_an_instrument_belongs_to_each_picture_and_two_names_below_do_not(
    tmp_path: Path, a: Pictures, b: Pictures, suffix: str
) -> None:
    def strip(text: str) -> Photo:
        rows = np.zeros((15, SIZE.width, 3), dtype=np.uint8)
        cv2.putText(rows, text, (2, 10), cv2.FONT_HERSHEY_SIMPLEX, 0.3, (255, 255, 255), 1, cv2.LINE_AA)
        return rows

    def instrument(seed: int) -> Photo:
        own = strip(f"{seed % 30}kV x{seed * 37 + 900}")
        return np.hstack([np.vstack([half(seed), own]) for half in (a, b)])

    def named(seed: int) -> Photo:
        return np.hstack(
            [np.vstack([half(seed), strip(f"{seed} {name}")]) for name, half in (("realA", a), ("realB", b))]
        )

    assert found(write(tmp_path / "instrument", instrument, suffix)) is None
    assert found(write(tmp_path / "named", named, suffix)) == PairLayout(captions=Captions(0, 15))


def test_four_pictures_in_two_rows_are_taken_apart_by_four_words(
    tmp_path: Path, a: Pictures, b: Pictures, scene: "Scene", refused: "Refused"
) -> None:
    def grid(seed: int, width: int = 0, grey: int = BLACK) -> Photo:
        upper, lower = [labels(seed), b(seed)], [a(seed), scene(200 + seed, SIZE)]
        padded = [np.pad(half, ((0, width), (0, width), (0, 0)), constant_values=grey) for half in upper + lower]
        both = np.vstack([np.hstack(padded[:2]), np.hstack(padded[2:])])
        return np.pad(both, ((width, 0), (width, 0), (0, 0)), constant_values=grey)

    made: dict[str, Pictures] = {
        "plain": grid,
        "make_grid": lambda seed: grid(seed, 2),
        "white": lambda seed: grid(seed, 5, WHITE),
    }
    for name, make in made.items():
        folder = write(tmp_path / name, make)
        with refused("pair-layout", folder) as error:
            take_apart(folder, tmp_path / f"{name}-apart")
        assert f"p2p data halves --halves a,b,c,d {folder} DEST" in error.value.to_do
        with refused("impossible-setting", "halves a,b"):
            take_apart(folder, tmp_path / f"{name}-apart", words=("a", "b"))
        take_apart(folder, tmp_path / f"{name}-apart", words=("mask", "photo", "edges", "depth"))
        for word, picture in (("mask", labels(4)), ("photo", b(4)), ("edges", a(4)), ("depth", scene(204, SIZE))):
            assert (read_photo(tmp_path / f"{name}-apart" / word / "4.png") == picture).all(), (name, word)


def test_margins_with_text_of_their_own_and_pages_of_text_are_no_captions(tmp_path: Path, b: Pictures) -> None:
    def page(seed: int) -> Photo:
        lines = np.vstack([caption(seed, WHITE, 16, SIZE.width) for _ in range(4)])
        return np.hstack([lines, 255 - lines // 2])

    def letterbox(seed: int) -> Photo:
        return np.hstack([np.pad(half(seed)[8:-8], ((8, 8), (0, 0), (0, 0))) for half in (labels, b)])

    made: dict[str, Pictures] = {"pages": page, "letterbox": letterbox}
    for name, make in made.items():
        assert found(write(tmp_path / name, make)) is None, name


def test_two_pictures_of_which_one_is_twice_as_wide_are_taken_apart_and_not_called_one_scene(
    tmp_path: Path, a: Pictures, scene: "Scene", refused: "Refused"
) -> None:
    def wide(seed: int) -> Photo:
        return scene(300 + seed, Size(2 * SIZE.width, SIZE.height))

    for name, widths in (("right", (1, 2)), ("left", (2, 1))):
        pictures = (a, wide) if name == "right" else (wide, a)
        folder = write(tmp_path / name, lambda seed, two=pictures: np.hstack([each(seed) for each in two]))  # type: ignore[misc]
        assert found(folder) == PairLayout(widths=widths)
        with refused("pair-layout", folder) as error:
            open_pairs(folder)
        assert f"the {name} one twice as wide" in error.value.what
        summary = take_apart(folder, tmp_path / f"{name}-apart")
        assert not summary.one_size
        for half, picture in zip(summary.folders, pictures, strict=True):
            assert (read_photo(half / "2.png") == picture(2)).all(), name


def test_pairs_of_16_bits_are_taken_apart_with_all_their_bits(
    tmp_path: Path, a: Pictures, b: Pictures, refused: "Refused"
) -> None:
    def deep(seed: int, gap: int = 0) -> NDArray[np.uint16]:
        both = np.hstack([a(seed), bar(WHITE, gap), b(seed)]).astype(np.uint16)
        return both * 256 + np.arange(both.shape[1], dtype=np.uint16)[None, :, None] % 256

    for gap in (0, 6):
        folder = tmp_path / f"bar {gap}" / "train"
        folder.mkdir(parents=True)
        for seed in range(6):
            write_png(folder / f"{seed}.png", deep(seed, gap))
        with refused("pair-layout", folder.parent) as error:
            open_pairs(folder.parent)
        assert "p2p data halves" in error.value.to_do
        take_apart(folder.parent, tmp_path / f"apart {gap}")
        for half, part in (("a", np.s_[:, : SIZE.width]), ("b", np.s_[:, -SIZE.width :])):
            read = read_array(tmp_path / f"apart {gap}" / half / "train" / "4.png")
            assert read.dtype == np.uint16
            assert (read == deep(4, gap)[part]).all()
        apart = tmp_path / f"apart {gap}"
        assert pair(apart / "a", apart / "b", tmp_path / f"pairs {gap}").built == 6


def test_three_pictures_side_by_side_are_taken_apart_by_three_words_and_two_are_not(
    tmp_path: Path, a: Pictures, b: Pictures, scene: "Scene", refused: "Refused"
) -> None:
    folder = write(tmp_path / "all", lambda seed: np.hstack([a(seed), b(seed), scene(200 + seed, SIZE)]))
    with refused("three-columns", folder) as error:
        take_apart(folder, tmp_path / "apart")
    assert f"p2p data halves --halves a,b,c {folder} DEST" in error.value.to_do
    summary = take_apart(folder, tmp_path / "apart", words=("mask", "edges", "photo"))
    assert [each.name for each in summary.folders] == ["mask", "edges", "photo"]
    assert (read_photo(tmp_path / "apart" / "photo" / "4.png") == scene(204, SIZE)).all()
    two = write(tmp_path / "two", lambda seed: np.hstack([a(seed), b(seed)]))
    with refused("impossible-setting", "halves a,b,c"):
        take_apart(two, tmp_path / "two-apart", words=("a", "b", "c"))


def test_training_checking_and_splitting_name_the_command_that_takes_them_apart(
    tmp_path: Path, a: Pictures, b: Pictures, refused: "Refused"
) -> None:
    folder = write(tmp_path / "pairs" / "train", lambda seed: np.hstack([a(seed), bar(WHITE, 8), b(seed)])).parent
    with refused("pair-layout", folder) as error:
        open_pairs(folder)
    assert f"p2p data halves {folder} DEST" in error.value.to_do
    with refused("pair-layout", folder):
        split(folder)
    assert [(each.code, each.severity) for each in check(folder).findings] == [("pair-layout", "error")]
    split(folder, as_pairs=True)
    assert open_pairs(folder).foreign


def test_a_file_that_is_made_up_otherwise_than_the_others_is_an_error_of_its_own_and_loses_nothing(
    tmp_path: Path, a: Pictures, b: Pictures, refused: "Refused"
) -> None:
    def barred(seed: int) -> Photo:
        return np.hstack([a(seed), bar(WHITE, 8), b(seed)])

    def titled(seed: int) -> Photo:
        return np.vstack([caption(seed, WHITE), np.hstack([a(seed), b(seed)])])

    wide = np.hstack([np.pad(half(5), ((0, 0), (2, 2), (0, 0)), "edge") for half in (a, b)])
    others: dict[str, tuple[Pictures, Photo, str]] = {
        "another shape": (barred, barred(5)[:, :-1], "odd-width"),
        "no bar": (barred, wide, "no-bar"),
        "no caption": (titled, np.hstack([a(5), b(5)]), "no-bar"),
    }
    for name, (make, picture, code) in others.items():
        folder = write(tmp_path / name, make)
        Image.fromarray(picture).save(folder / "5.png")
        with refused("pictures-failed") as error:
            take_apart(folder, tmp_path / f"{name}-apart")
        assert [(each.where, each.code) for each in error.value.parts] == [(str(folder / "5.png"), code)], name


def test_plain_ground_above_what_is_shown_black_edges_and_pictures_of_few_pixels_tell_of_no_layout(
    tmp_path: Path, a: Pictures, b: Pictures
) -> None:
    def low(picture: Photo, grey: int) -> Photo:
        picture = np.pad(picture[-20:, 8:-8], ((32, 12), (8, 8), (0, 0)), constant_values=grey)
        return picture[:, : 2 * SIZE.height]

    made: dict[str, Pictures] = {
        "white": lambda seed: np.hstack([255 - low(a(seed), WHITE) // 64 * 64, low(a(seed), WHITE)]),
        "black": lambda seed: np.hstack([low(a(seed), BLACK) // 128 * 128, low(a(seed), BLACK)]),
        "upright": lambda seed: np.pad(a(seed), ((64, 8), (0, 0), (0, 0)), constant_values=WHITE),
        "a black edge": lambda seed: np.hstack([labels(seed), bar(BLACK, 1), b(seed)[:, 1:]]),
        "a pixel": lambda seed: np.hstack([a(seed)[:1, :1], b(seed)[:1, :1]]),
        "few pixels": lambda seed: np.hstack([a(seed)[:9, :9], bar(WHITE, 3)[:9], b(seed)[:9, :9]]),
    }
    for name, make in made.items():
        assert found(write(tmp_path / name, make)) is None, name


def test_margins_grounds_and_photos_are_no_bars(tmp_path: Path, a: Pictures, b: Pictures) -> None:
    def framed(picture: Photo, width: int, grey: int = WHITE) -> Photo:
        inside = picture[width:-width, width:-width]
        return np.pad(inside, ((width, width), (width, width), (0, 0)), constant_values=grey)

    def shoe(seed: int) -> Photo:
        left, *ends = (int(each) for each in np.random.default_rng(seed).integers(2, 12, 4))
        picture = bar(WHITE, SIZE.width)
        picture[ends[0] : -ends[1], left : -ends[2]] = a(seed)[ends[0] : -ends[1], left : -ends[2]]
        return picture

    plain: dict[str, Pictures] = {
        "two": lambda seed: np.hstack([a(seed), b(seed)]),
        "labels": lambda seed: np.hstack([labels(seed), b(seed)]),
        "both framed": lambda seed: np.hstack([framed(a(seed), 4), framed(b(seed), 4)]),
        "one framed": lambda seed: np.hstack([a(seed), framed(b(seed), 4)]),
        "shoes": lambda seed: np.hstack([255 - shoe(seed) // 2, shoe(seed)]),
        "shoe beside its edges": lambda seed: np.hstack(
            [np.where(shoe(seed) < 128, 0, 255).astype("uint8"), shoe(seed)]
        ),
        "photo": a,
        "upright photo": lambda seed: a(seed).swapaxes(0, 1),
        "mask": labels,
    }
    for name, make in plain.items():
        assert found(write(tmp_path / name, make)) is None, name
