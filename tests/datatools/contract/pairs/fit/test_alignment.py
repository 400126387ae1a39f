"""A half that lies mirrored, turned, moved or enlarged beside the other is found; one that lies well is not."""

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from p2p_datatools.contract.errors import Finding
from p2p_datatools.contract.pairs.fit.alignment import AlignmentCheck
from p2p_datatools.contract.pairs.fit.edges import map_both
from p2p_datatools.contract.pictures.images import Photo
from p2p_datatools.contract.pictures.sizes import Size

COUNT, SIDE = 24, 96
Values = NDArray[np.generic]


def scene(seed: int) -> Photo:
    """Rectangles of their own colours at places of their own."""
    random = np.random.default_rng(seed)
    picture = np.full((SIDE, SIDE, 3), random.integers(0, 256, 3), dtype=np.uint8)
    for _ in range(8):
        x, y, width, height = random.integers(4, SIDE - 16, 4).tolist()
        picture[y : y + height // 2 + 3, x : x + width // 2 + 3] = random.integers(0, 256, 3)
    return picture


def depth(seed: int) -> Values:
    """The same scene as another camera shows it: one channel of 16 bits, with its own brightness."""
    return np.asarray(65535 - scene(seed)[..., 1].astype(np.uint16) * 200, dtype=np.uint16)


def found(firsts: list[Values], seconds: list[Values]) -> list[Finding]:
    files = [f"all/{number}.png" for number in range(len(firsts))]
    alignment = AlignmentCheck(Path("pairs"), ("depth", "photo"), files)
    for file, first, second in zip(files, firsts, seconds, strict=True):
        if alignment.wants(file):
            alignment.add(file, Size(SIDE, SIDE), map_both(first)[1], map_both(second)[1])
    return list(alignment.findings())


def photos(count: int = COUNT) -> list[Values]:
    return [scene(number) for number in range(count)]


def test_halves_that_lie_alike_are_not_accused() -> None:
    for count in (12, COUNT, 300):
        assert found([depth(number) for number in range(count)], photos(count)) == []


def test_halves_of_nothing_in_common_are_not_accused() -> None:
    assert found([depth(number + 1000) for number in range(COUNT)], photos()) == []


@pytest.mark.parametrize("scenes", [1, 2, 4])
def test_scenes_that_repeat_tell_no_more_than_one_of_them(scenes: int) -> None:
    others = [depth(number % scenes + 1000) for number in range(COUNT)]
    assert found(others, [scene(number % scenes) for number in range(COUNT)]) == []


@pytest.mark.parametrize("seed", range(6))
def test_crops_and_mirror_images_of_a_few_scenes_tell_no_more_than_the_scenes(seed: int) -> None:
    random = np.random.default_rng(seed)
    firsts, seconds = list[Values](), list[Values]()
    for each in random.permutation(200)[:4].tolist():
        # Halves of nothing in common: what fits them after a move is chance, in all crops of a scene alike.
        both = depth(each + 1000), scene(each)
        for x, y in random.integers(0, 24, (6, 2)).tolist():
            one, other = (np.ascontiguousarray(half[y : y + 72, x : x + 72]) for half in both)
            firsts += [one, np.fliplr(one)]
            seconds += [other, np.fliplr(other)]
    assert found(firsts, seconds) == []


@pytest.mark.parametrize(
    ("turn", "words"),
    [
        (np.fliplr, "mirrored left to right"),
        (np.flipud, "mirrored top to bottom"),
        (lambda values: np.rot90(values, 2), "turned by 180 degrees"),
        (lambda values: np.rot90(values, -1), "turned by 90 degrees anticlockwise"),
        (np.rot90, "turned by 90 degrees clockwise"),
        (np.transpose, "with rows and columns exchanged"),
    ],
)
def test_a_half_that_was_saved_turned_or_mirrored_is_told_how_it_fits(
    turn: Callable[[Values], Values], words: str
) -> None:
    (told,) = found([turn(depth(number)) for number in range(COUNT)], photos())
    assert (told.where, told.code, told.severity) == ("pairs", "half-turned", "warning")
    assert f"depth fits its photo better {words} than" in told.what
    assert told.figure is not None
    assert told.figure > 0.9


def test_a_mirror_image_of_the_input_alone_is_found_where_half_of_the_pairs_are_augmented() -> None:
    firsts = [np.fliplr(depth(number)) if number % 2 else depth(number) for number in range(2 * COUNT)]
    (told,) = found(firsts, photos(2 * COUNT))
    assert told.code == "half-turned"
    assert "mirrored left to right" in told.what
    assert told.figure is not None
    assert told.figure <= 0.5


def test_a_half_of_another_camera_is_told_where_it_fits() -> None:
    moved = [np.roll(depth(number), 9, axis=1) for number in range(COUNT)]
    (told,) = found(moved, photos())
    assert (told.code, told.severity) == ("half-shifted", "hint")
    assert "moved by about 9 pixels left" in told.what


def test_a_half_that_shows_a_narrower_view_is_told_its_scale() -> None:
    def enlarge(values: Values) -> Values:
        return cv2.resize(np.ascontiguousarray(values[10:-10, 10:-10]), (SIDE, SIDE))

    (told,) = found([enlarge(depth(number)) for number in range(COUNT)], photos())
    assert told.code == "half-shifted"
    assert "at about 0.8 times its size" in told.what


def test_few_pairs_tell_nothing() -> None:
    assert found([np.fliplr(depth(number)) for number in range(11)], photos(11)) == []
