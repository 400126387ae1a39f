"""Measures how many planted near-duplicates of real photos are found, and how many unrelated ones are.

Nothing here may write beside the photos; copies are made in memory.
"""

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np

from p2p_datatools.contract.files.listing import find_pictures
from p2p_datatools.contract.pictures.images import Photo, read_photo
from p2p_datatools.likeness.find import find_links
from p2p_datatools.likeness.signature import describe

Change = Callable[[Photo, np.random.Generator], Photo]


def crop(photo: Photo, share: float, draw: np.random.Generator) -> Photo:
    """A part with this share of each side, anywhere."""
    height, width = (int(side * share) for side in photo.shape[:2])
    y, x = (int(draw.integers(0, whole - part + 1)) for whole, part in zip(photo.shape, (height, width), strict=False))
    return np.ascontiguousarray(photo[y : y + height, x : x + width])


def shrink(photo: Photo, width: int, height: int) -> Photo:
    """The photo at another size."""
    return np.asarray(cv2.resize(photo, (width, height), interpolation=cv2.INTER_AREA), np.uint8)


def save_jpeg(photo: Photo, quality: int) -> Photo:
    """The photo after a JPEG of this quality."""
    _, data = cv2.imencode(".jpg", photo, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)


def brighten(photo: Photo, draw: np.random.Generator) -> Photo:
    """The photo lighter or darker."""
    changed = photo * draw.choice([0.6, 1.4]) + draw.choice([-20, 20])
    return np.asarray(np.clip(changed, 0, 255), np.uint8)


CHANGES: dict[str, Change] = {
    "JPEG 30": lambda photo, _: save_jpeg(photo, 30),
    "half the size": lambda photo, _: shrink(photo, photo.shape[1] // 2, photo.shape[0] // 2),
    "mirrored": lambda photo, _: np.ascontiguousarray(photo[:, ::-1]),
    "turned left": lambda photo, _: np.ascontiguousarray(np.rot90(photo)),
    "turned right, mirrored, JPEG 50": lambda photo, _: save_jpeg(np.rot90(photo, 3)[:, ::-1], 50),
    "upside down, half the size": lambda photo, _: shrink(photo[::-1, ::-1], photo.shape[1] // 2, photo.shape[0] // 2),
    "brightness": brighten,
    "gamma 2.5": lambda photo, _: np.asarray((photo / 255) ** 2.5 * 255, np.uint8),
    "negative": lambda photo, _: ~photo,
    "grey": lambda photo, _: np.repeat(cv2.cvtColor(photo, cv2.COLOR_RGB2GRAY)[..., None], 3, axis=2),
    "blur": lambda photo, _: np.asarray(cv2.GaussianBlur(photo, (0, 0), max(photo.shape) / 256), np.uint8),
    "stretched to a square": lambda photo, _: shrink(photo, 256, 256),
    "crop 95%": lambda photo, draw: crop(photo, 0.95, draw),
    "crop 80%": lambda photo, draw: crop(photo, 0.8, draw),
    "crop 80%, mirrored, JPEG 50": lambda photo, draw: save_jpeg(crop(photo, 0.8, draw)[:, ::-1], 50),
    "crop 70%": lambda photo, draw: crop(photo, 0.7, draw),
    "crop 60%": lambda photo, draw: crop(photo, 0.6, draw),
}


def measure_twins(photos: Sequence[Photo]) -> None:
    """Of each kind of copy, how many are in one set with their photo, all photos and copies beside each other."""
    originals = [describe(photo) for photo in photos]
    # Names must not help: in another order and without numbers.
    names = [f"{hash_:x}g" for hash_ in np.random.default_rng(1).permutation(2 * len(photos)) * 7919 + 10**9]
    before = {link[:2] for link in find_links(originals, names[: len(photos)])}
    print(f"{len(before)} pairs of the {len(photos)} photos themselves are found to be alike: look at them")
    shares, wrong, pairs = [], 0, 0
    for name, change in CHANGES.items():
        draw = np.random.default_rng(0)
        links = find_links([*originals, *(describe(change(photo, draw)) for photo in photos)], names)
        count = len(photos)
        found = {link.first for link in links if link.second == link.first + count}
        known = before | {(number, number) for number in range(count)}
        wrong += sum(tuple(sorted((one % count, other % count))) not in known for one, other, *_ in links)
        pairs += 2 * count
        shares.append(len(found) / count)
        print(f"{name:30s} {shares[-1]:.1%} of {count}")
    print(f"all kinds {np.mean(shares):.1%}; {wrong} links between unrelated pictures for {pairs} pictures compared")


def main() -> None:
    """Read the photos below a folder and measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("photos", type=Path, nargs="+", help="folders of photos")
    parser.add_argument("--limit", type=int, default=400, help="photos in all")
    options = parser.parse_args()
    files = [file for folder in options.photos for file in find_pictures(folder)]
    step = max(1, len(files) // options.limit)
    photos = [read_photo(file) for file in files[::step][: options.limit]]
    measure_twins(photos)


if __name__ == "__main__":
    main()
