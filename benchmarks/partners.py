"""How many pair folders whose halves are shifted by one are found by `p2p data check`, and how many right ones accused.

Nothing here may write anything; pairs are A|B pictures, or photos whose grey, edges, noise and small copies are A.
"""

import argparse
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np

from p2p_datatools.checks.partners import EdgeMap, PartnerCheck, map_edges
from p2p_datatools.contract.files.listing import find_pictures
from p2p_datatools.contract.pictures.images import Photo, read_photo

COUNTS, DRAWS = (12, 20, 40), 100  # pairs of a draw, and draws of each number of them
Edges = tuple[EdgeMap, EdgeMap]


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


def read_sets(pairs: list[Path], photos: list[Path]) -> Iterator[tuple[str, list[Edges]]]:
    """A name for each set, and where both halves of its pairs have edges."""
    for folder in pairs:
        halves = (np.array_split(read_photo(file), 2, axis=1) for file in find_pictures(folder))
        yield folder.name, [(map_edges(a), map_edges(b)) for a, b in halves]
    for folder in photos:
        pictures = [read_photo(file) for file in find_pictures(folder)]
        for name, change in CHANGES.items():
            yield f"{folder.name}, {name}", [(map_edges(change(each)), map_edges(each)) for each in pictures]


def is_told(edges: list[Edges], shift: int) -> bool:
    """Whether pairs are told whose second halves are those of the pair `shift` places after them."""
    partners = PartnerCheck(Path("pairs"), ("a", "b"))
    for number, (a, _) in enumerate(edges):
        partners.add(Path(f"{number}.png"), a, edges[(number + shift) % len(edges)][1])
    return any(partners.findings())


def main() -> None:
    """Print for each set and number of pairs how many draws of right and of shifted pairs were told."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=Path, nargs="*", default=[], help="folders of A|B pictures")
    parser.add_argument("--photos", type=Path, nargs="*", default=[], help="folders of photos")
    given, draw = parser.parse_args(), np.random.default_rng(0)
    for name, edges in read_sets(given.pairs, given.photos):
        for count in (each for each in COUNTS if each <= len(edges)):
            told = [0, 0]
            for _ in range(DRAWS):
                chosen = [edges[each] for each in np.sort(draw.choice(len(edges), count, replace=False))]
                told = [before + is_told(chosen, shift) for shift, before in enumerate(told)]
            print(f"{name}: {count} of {len(edges)} pairs, {DRAWS} draws: right {told[0]} told, shifted {told[1]}")


if __name__ == "__main__":
    main()
