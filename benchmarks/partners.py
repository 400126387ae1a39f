"""How many pair folders with wrong halves are found by `p2p data check`, and how many right ones accused.

Wrong are halves of the next pair, two pairs exchanged, tiles called row_column in one half and column_row in the other,
halves mirrored, and halves moved by 6% of the width.
Nothing here may write anything; pairs are A|B pictures, or photos whose grey, edges, noise and small copies are A.
"""

import argparse
from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from p2p_datatools.contract.files.listing import find_pictures
from p2p_datatools.contract.pairs.fit.alignment import AlignmentCheck
from p2p_datatools.contract.pairs.fit.edges import EdgeMap, map_both
from p2p_datatools.contract.pairs.fit.partners import PartnerCheck
from p2p_datatools.contract.pictures.images import Photo, read_photo
from p2p_datatools.contract.pictures.sizes import Size

COUNTS, DRAWS = (12, 20, 40), 100  # pairs of a draw, and draws of each number of them
SIDES = (6, 8, 10)  # rows, and columns, of tiles
Halves = tuple[Photo, Photo]
Fine = NDArray[np.float32]


class Maps(NamedTuple):
    """The edges of both halves of a pair, and the fine ones, of the first half as it lies, mirrored and moved."""

    edges: tuple[EdgeMap, EdgeMap]
    firsts: tuple[Fine, Fine, Fine]
    second: Fine


def add_noise(photo: Photo) -> Photo:
    """The photo with much noise, that of its own pixels."""
    noise = np.random.default_rng(int(photo.sum())).normal(0, 60, photo.shape)
    return np.asarray(np.clip(photo + noise, 0, 255), np.uint8)


CHANGES: dict[str, Callable[[Photo], Photo]] = {
    "grey": lambda photo: photo[..., :1],
    "edges": lambda photo: np.asarray(cv2.Canny(photo, 80, 160), np.uint8),
    "noise": add_noise,
    "an eighth": lambda photo: np.asarray(cv2.resize(photo, None, fx=1 / 8, fy=1 / 8, interpolation=cv2.INTER_AREA)),
}


def map_halves(a: Photo, b: Photo) -> Maps:
    """What is compared of a pair."""
    moved = np.roll(a, round(0.06 * a.shape[1]), axis=1)
    (edges_a, fine_a), (edges_b, fine_b) = map_both(a), map_both(b)
    firsts = (fine_a, map_both(np.fliplr(a))[1], map_both(moved)[1])
    return Maps((edges_a, edges_b), firsts, fine_b)


def read_sets(pairs: list[Path], photos: list[Path]) -> Iterator[tuple[str, list[Maps]]]:
    """A name for each set, and where both halves of its pairs have edges."""
    for folder in pairs:
        halves = (np.array_split(read_photo(file), 2, axis=1) for file in find_pictures(folder))
        yield folder.name, [map_halves(a, b) for a, b in halves]
    for folder in photos:
        pictures = [read_photo(file) for file in find_pictures(folder)]
        for name, change in CHANGES.items():
            yield f"{folder.name}, {name}", [map_halves(change(each), each) for each in pictures]


def has_other_partners(maps: list[Maps], seconds: list[int], names: list[str] | None = None) -> bool:
    """Whether pairs are told whose second halves are those of the pairs at these places; they are numbered or named."""
    partners = PartnerCheck(Path("pairs"), ("a", "b"))
    for name, each, second in zip(names or map(str, range(len(maps))), maps, seconds, strict=True):
        partners.add(Path(f"{name}.png"), each.edges[0], maps[second].edges[1])
    return any(partners.findings())


def judge_tiles(maps: list[Maps], side: int) -> list[bool]:
    """Whether pairs are told that are the tiles of a square, as they are, and with rows and columns exchanged."""
    places = list(product(range(side), repeat=2))
    names = [f"{row}_{column}" for row, column in places]
    across = [column * side + row for row, column in places]
    return [has_other_partners(maps, seconds, names) for seconds in (list(range(side * side)), across)]


def is_misplaced(maps: list[Maps], first: int) -> bool:
    """Whether pairs are told whose first halves lie as they are, are mirrored, or moved."""
    files = [f"{number}.png" for number in range(len(maps))]
    alignment = AlignmentCheck(Path("pairs"), ("a", "b"), files)
    for file, each in zip(files, maps, strict=True):
        alignment.add(file, Size(256, 256), each.firsts[first], each.second)
    return any(alignment.findings())


def judge(maps: list[Maps]) -> list[bool]:
    """What is told of the pairs as they are, twice, and of the four kinds of wrong ones."""
    count = len(maps)
    right = list(range(count))
    shifted, exchanged = [*right[1:], 0], [count - 1, *right[1:-1], 0]
    elsewhere = [has_other_partners(maps, seconds) for seconds in (right, shifted, exchanged)]
    return [*elsewhere, *(is_misplaced(maps, first) for first in range(3))]


def main() -> None:
    """Print for each set and number of pairs how many draws of right and of wrong pairs were told."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=Path, nargs="*", default=[], help="folders of A|B pictures")
    parser.add_argument("--photos", type=Path, nargs="*", default=[], help="folders of photos")
    given, draw = parser.parse_args(), np.random.default_rng(0)
    for name, maps in read_sets(given.pairs, given.photos):
        for count in (each for each in COUNTS if each <= len(maps)):
            told = np.zeros(6, dtype=int)
            for _ in range(DRAWS):
                told += judge([maps[each] for each in np.sort(draw.choice(len(maps), count, replace=False))])
            right, shifted, exchanged, placed, mirrored, moved = told.tolist()
            print(
                f"{name}: {count} of {len(maps)} pairs, {DRAWS} draws: right {right} and {placed} told, "
                f"shifted {shifted}, exchanged {exchanged}, mirrored {mirrored}, moved {moved}"
            )
        for side in (each for each in SIDES if each * each <= len(maps)):
            random = np.random.default_rng(side)
            draws = (random.choice(len(maps), side * side, replace=False) for _ in range(DRAWS))
            right, turned = np.sum([judge_tiles([maps[each] for each in chosen], side) for chosen in draws], axis=0)
            print(f"{name}: {side} x {side} tiles, {DRAWS} draws: right {right} told, turned {turned}")


if __name__ == "__main__":
    main()
