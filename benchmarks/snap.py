"""How fast colours are brought back to a palette's, beside the nearest colour by brute force in numpy, in one run.

Nothing here may read a file: the pictures are drawn, and the JPEG is made in memory.

Usage: python benchmarks/snap.py [--runs N]
"""

import argparse
import statistics
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

from p2p_datatools.contract.palette import IGNORE_COLOR, load_palette
from p2p_datatools.contract.pictures.worn.snap import Snapper

if TYPE_CHECKING:
    from benchmarks import measure
else:  # run as a program, this folder is where Python looks
    import measure

HEIGHT, WIDTH, SHAPES = 1000, 1500, 60
QUALITY = 90


def brute_force(picture: NDArray[np.uint8], colors: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The nearest colour: every pixel against every colour, one colour at a time, which is quicker than all at once."""
    pixels = picture.astype(np.int32)
    best = np.full(picture.shape[:2], np.iinfo(np.int32).max, dtype=np.int32)
    rows = np.zeros(picture.shape[:2], dtype=np.uint8)
    for row, color in enumerate(colors.astype(np.int32)):
        distance = ((pixels - color) ** 2).sum(axis=2)
        nearer = distance < best
        rows[nearer], best[nearer] = row, distance[nearer]
    return rows


def label_picture(colors: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Discs of all colours."""
    rng = np.random.default_rng(0)
    rows = np.zeros((HEIGHT, WIDTH), dtype=np.uint8)
    for number in range(SHAPES):
        centre = int(rng.integers(WIDTH)), int(rng.integers(HEIGHT))
        cv2.circle(rows, centre, int(rng.integers(20, 150)), number % len(colors), -1)
    return colors[rows]


def as_jpeg(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """What is left of it after a JPEG."""
    _, data = cv2.imencode(".jpg", picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    return np.ascontiguousarray(np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), dtype=np.uint8)[..., ::-1])


def seconds(work: Callable[[], object]) -> float:
    """Of one call."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def main() -> None:
    """Both in turn, so that a busy moment falls on both; the table of a palette is made once for all its pictures."""
    parser = argparse.ArgumentParser(description="The speed of colour snapping.")
    parser.add_argument("--runs", type=int, default=7, metavar="N")
    runs = parser.parse_args().runs
    print(measure.header(runs, "p2p-datatools", "numpy", "opencv-python"))
    for name in ("cars", "facades"):
        colors = np.array([*(each.color for each in load_palette(name).classes), IGNORE_COLOR], dtype=np.uint8)
        snapper, clean = Snapper(colors), label_picture(colors)
        for kind, picture in (("exact", clean), (f"JPEG {QUALITY}", as_jpeg(clean))):
            slow, fast = [], []
            for _ in range(runs):
                slow.append(seconds(lambda p=picture, c=colors: brute_force(p, c)) * 1e3)  # type: ignore[misc]
                fast.append(seconds(lambda p=picture, s=snapper: s.snap(p)) * 1e3)  # type: ignore[misc]
            ratio = statistics.median(slow) / statistics.median(fast)
            print(f"{name} ({len(colors)} colours), {WIDTH}x{HEIGHT}, {kind}: {ratio:.1f} times as fast")
            print(f"    brute force {measure.spread(slow, 'ms', 0)}, snapping {measure.spread(fast, 'ms', 1)}")


if __name__ == "__main__":
    main()
