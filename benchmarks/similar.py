"""What `p2p data split` costs as sets of varied photos grow, how many planted twins it keeps together.

Nothing here may write beside the photos that pictures are made of; the pairs are deleted after each size.
"""

import argparse
import multiprocessing
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from p2p_datatools.contract.files.listing import find_pictures
from p2p_datatools.contract.pairs.opening import open_pairs
from p2p_datatools.contract.pictures.images import Photo, read_photo, write_png

if TYPE_CHECKING:
    from benchmarks import leaks, measure
else:  # run as a program, this folder is where Python looks
    import leaks
    import measure

SIDE = 64
EVERY, BEFORE = 20, 7  # every so many pictures one is a changed copy of that so many before
TWINS = ("JPEG 30", "mirrored", "brightness", "crop 80%")
PER_PAIR = 42 << 10  # bytes of the disk, temporary files included


def cut_turned(photos: Sequence[Photo], draw: np.random.Generator) -> Photo:
    """A part of one of the photos, turned by any angle and sheared, so that two of one hardly look alike."""
    photo = photos[int(draw.integers(len(photos)))]
    height, width = photo.shape[:2]
    side, angle = min(height, width) * draw.uniform(0.12, 0.45), draw.uniform(0, 2 * np.pi)
    turn = np.array(((np.cos(angle), -np.sin(angle)), (np.sin(angle), np.cos(angle)))) * side / SIDE
    way = turn @ (np.eye(2) + draw.normal(0, 0.15, (2, 2)))
    centre = [draw.uniform(side * 0.6, whole - side * 0.6) for whole in (width, height)]
    shift = np.array(centre) - way @ np.full(2, SIDE / 2)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    cut = cv2.warpAffine(photo, np.column_stack((way, shift)), (SIDE, SIDE), flags=flags, borderMode=cv2.BORDER_REFLECT)
    return np.asarray(cut, np.uint8)


def draw_noise(draw: np.random.Generator) -> Photo:
    """A texture that no other picture has."""
    picture = np.full((SIDE, SIDE, 3), draw.uniform(60, 190), np.float32)
    for cells in (4, 8, 16, 32):
        coarse = draw.normal(0, 30 * draw.random(), (cells, cells, 3)).astype(np.float32)
        picture += cv2.resize(coarse, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC)
    return np.asarray(np.clip(picture, 0, 255), np.uint8)


def compose(photos: Sequence[Photo], draw: np.random.Generator) -> Photo:
    """A picture of two to four textures and parts of photos, each in a quadrangle of its own."""
    layers = [
        draw_noise(draw) if draw.random() < 0.15 else cut_turned(photos, draw) for _ in range(int(draw.integers(2, 5)))
    ]
    picture = layers[0].copy()
    for layer in layers[1:]:
        inside = np.zeros((SIDE, SIDE), np.uint8)
        corners = draw.normal(SIDE / 2, SIDE * 0.3, 2) + draw.normal(0, SIDE * 0.3, (4, 2))
        cv2.fillConvexPoly(inside, cv2.convexHull(corners.astype(np.int32)), 1)
        picture[inside > 0] = layer[inside > 0]
    return picture


def compose_all(photos: Sequence[Photo], count: int) -> Iterator[Photo]:
    """So many pictures, hardly any alike, and among them the planted twins."""
    draw, last = np.random.default_rng(0), list[Photo]()
    for number in range(count):
        if number % EVERY == EVERY - 1:
            change = leaks.CHANGES[TWINS[int(draw.integers(len(TWINS)))]]
            picture = np.ascontiguousarray(change(last[-BEFORE], draw))
            picture = np.asarray(cv2.resize(picture, (SIDE, SIDE)), np.uint8)
        else:
            picture = compose(photos, draw)
        last = [*last[-BEFORE:], picture]
        yield picture


def name_all(count: int) -> list[str]:
    """Names that tell nothing."""
    return [f"{number:x}g" for number in np.random.default_rng(1).permutation(count) * 7919 + 10**9]


def write_pairs(folder: Path, sources: Sequence[Path], count: int) -> None:
    """A|B pictures in train/: A with two tones, B composed of parts of the photos in the folders `sources`."""
    photos = [read_photo(file) for source in sources for file in find_pictures(source)]
    for name, photo in zip(name_all(count), compose_all(photos, count), strict=True):
        labels = np.full_like(photo, 255)
        labels[: SIDE // 2] = 0
        write_png(folder / "train" / f"{name}.png", np.concatenate((labels, photo), axis=1), durable=False)


def main() -> None:
    """Write pairs of each size, split them, and say what it cost and which twins are in two splits."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("photos", type=Path, nargs="+", help="folders of photos of which pictures are made")
    parser.add_argument("--counts", type=int, nargs="+", default=[1000, 10_000])
    parser.add_argument("--place", type=Path, help="where to write; by default the temporary folder")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.place) as name:
        if shutil.disk_usage(name).free < max(options.counts) * PER_PAIR:
            sys.exit(f"{name}: needs {max(options.counts) * PER_PAIR >> 20} MiB free; add --place.")
        print(measure.header(1, "p2p-datatools", "numpy", "opencv-python"))
        for count in options.counts:
            folder = Path(name) / str(count)
            # In a process of its own: the peak of a new process is at least that of the one that starts it.
            writer = multiprocessing.get_context("spawn").Process(
                target=write_pairs, args=(folder, options.photos, count)
            )
            writer.start()
            writer.join()
            names = name_all(count)
            twins = [(names[number - BEFORE], names[number]) for number in range(EVERY - 1, count, EVERY)]
            cost = measure.run([*measure.P2P, "data", "split", str(folder)])
            splits = {pair.name.removeprefix("train/"): pair.split for pair in open_pairs(folder).pairs}
            apart = sum(splits[one] != splits[other] for one, other in twins)
            print(
                f"{count} pairs: {cost.cpu * 1000 / count:.2f} ms of a core a pair, peak {cost.mib:.0f} MiB; "
                f"{apart} of {len(twins)} planted twins in two splits",
                flush=True,
            )
            shutil.rmtree(folder)


if __name__ == "__main__":
    main()
