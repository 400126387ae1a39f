"""What building masks out of index pictures costs beside the bare decoding and encoding of the same files, in one run.

Nothing here may keep what it wrote.

Usage: python benchmarks/index_masks.py [--runs N] [--pictures N] [--size WxH]
"""

import argparse
import io
import json
import os
import statistics
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
from PIL import Image

if TYPE_CHECKING:
    from benchmarks import measure
else:  # run as a program, this folder is where Python looks
    import measure

SHAPES = 60

BARE = """
import io, json, multiprocessing, os, pathlib, sys, time
import numpy as np
from PIL import Image
source, dest = sys.argv[1:]
colors = bytes(range(256)) * 3
def work(paths):
    for path in paths:
        values = np.array(Image.open(path))
        image = Image.fromarray(values)
        image.putpalette(colors, "RGB")
        buffer = io.BytesIO()
        image.save(buffer, "PNG", compress_level=3)
        pathlib.Path(dest, path.name).write_bytes(buffer.getvalue())
paths, cores = sorted(pathlib.Path(source).glob("*.png")), len(os.sched_getaffinity(0))
context = multiprocessing.get_context("fork")
began = time.perf_counter()
processes = [context.Process(target=work, args=(paths[first::cores],)) for first in range(cores)]
for process in processes:
    process.start()
for process in processes:
    process.join()
print(time.perf_counter() - began)
"""


def write_pictures(folder: Path, count: int, width: int, height: int) -> None:
    """Index pictures of the Kaggle car set's kind: five class numbers, outlines of discs."""
    rng = np.random.default_rng(0)
    for number in range(count):
        values = np.zeros((height, width), dtype=np.uint8)
        for shape in range(SHAPES):
            centre = int(rng.integers(width)), int(rng.integers(height))
            cv2.circle(values, centre, int(rng.integers(20, 150)), shape % 5, -1)
        buffer = io.BytesIO()
        Image.fromarray(values).save(buffer, "PNG")
        (folder / f"{number:04}.png").write_bytes(buffer.getvalue())


def compare(place: Path, runs: int, pictures: int) -> tuple[list[float], list[float]]:
    """Seconds of both in fresh processes, in turn, on the cores that this process may use.

    Of the command the time of the same command on one picture is taken off.
    """
    bare, built = [], []
    for _ in range(runs):
        with tempfile.TemporaryDirectory(dir=place) as name:
            dest = Path(name)
            words = [sys.executable, "-c", BARE, str(place / "many"), name]
            bare.append(json.loads(measure.run(words).output) * pictures / (pictures + 1))
            command = [*measure.P2P, "data", "build-masks"]
            one, many = (
                measure.run(
                    [*command, str(place / each), str(dest / each), "--palette", "cars", "--map", "ids=palette"]
                ).seconds
                for each in ("one", "many")
            )
            built.append(many - one)
    return bare, built


def main() -> None:
    """On one core, then on all; a machine whose cores are shared with others shows it in the bare work, too."""
    parser = argparse.ArgumentParser(description="The cost of masks from index pictures.")
    parser.add_argument("--runs", type=int, default=5, metavar="N")
    parser.add_argument("--pictures", type=int, default=60, metavar="N")
    parser.add_argument("--size", default="1500x1000", metavar="WxH")
    arguments = parser.parse_args()
    width, height = map(int, arguments.size.split("x"))
    print(measure.header(arguments.runs, "p2p-datatools", "numpy", "opencv-python", "Pillow"))
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        for folder, count in (("many", arguments.pictures + 1), ("one", 1)):
            (place / folder).mkdir()
            write_pictures(place / folder, count, width, height)
        allowed = os.sched_getaffinity(0)
        for cores in ({min(allowed)}, allowed):
            os.sched_setaffinity(0, cores)
            bare, built = compare(place, arguments.runs, arguments.pictures)
            print(f"on {len(cores)} cores, {arguments.pictures} pictures of {arguments.size}")
            print(f"    decode + encode  {measure.spread(bare, 's', 2)}")
            print(f"    build-masks      {measure.spread(built, 's', 2)}, without its start")
            print(f"    ratio            {statistics.median(built) / statistics.median(bare):.2f}")


if __name__ == "__main__":
    main()
