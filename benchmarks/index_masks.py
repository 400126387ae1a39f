"""What building masks out of index pictures costs beside the bare decoding and encoding of the same files, in one run.

Nothing here may keep what it wrote.

Usage: python benchmarks/index_masks.py [--runs N] [--pictures N] [--size WxH]
"""

import argparse
import io
import json
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
import io, json, sys, time
import numpy as np
from PIL import Image
source, dest = sys.argv[1:]
import pathlib
colors = bytes(range(256)) * 3
began = time.perf_counter()
for path in sorted(pathlib.Path(source).glob("*.png")):
    values = np.array(Image.open(path))
    image = Image.fromarray(values)
    image.putpalette(colors, "RGB")
    buffer = io.BytesIO()
    image.save(buffer, "PNG", compress_level=3)
    pathlib.Path(dest, path.name).write_bytes(buffer.getvalue())
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


def main() -> None:
    """Both in fresh processes, in turn; of the command the time of the same command on one picture is taken off."""
    parser = argparse.ArgumentParser(description="The cost of masks from index pictures.")
    parser.add_argument("--runs", type=int, default=5, metavar="N")
    parser.add_argument("--pictures", type=int, default=60, metavar="N")
    parser.add_argument("--size", default="1500x1000", metavar="WxH")
    arguments = parser.parse_args()
    width, height = map(int, arguments.size.split("x"))
    bare, built = [], []
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        for folder, count in (("many", arguments.pictures + 1), ("one", 1)):
            (place / folder).mkdir()
            write_pictures(place / folder, count, width, height)
        for run in range(arguments.runs):
            (place / f"bare{run}").mkdir()
            words = [sys.executable, "-c", BARE, str(place / "many"), str(place / f"bare{run}")]
            bare.append(json.loads(measure.run(words).output) * arguments.pictures / (arguments.pictures + 1))
            command = [*measure.P2P, "data", "build-masks"]
            one, many = (
                measure.run([*command, str(place / each), str(place / f"{each}{run}"), "--palette", "cars"]).seconds
                for each in ("one", "many")
            )
            built.append(many - one)
    print(measure.header(arguments.runs, "p2p-datatools", "numpy", "opencv-python", "Pillow"))
    print(f"decode + encode  {arguments.pictures} pictures of {arguments.size}: {measure.spread(bare, 's', 2)}")
    print(f"build-masks      without its start: {measure.spread(built, 's', 2)}")
    print(f"ratio            {statistics.median(built) / statistics.median(bare):.2f}")


if __name__ == "__main__":
    main()
