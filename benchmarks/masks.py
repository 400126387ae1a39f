"""What building masks costs in processor time, for each kind of labels, beside another version of the package.

Nothing here may keep what it wrote, or measure in a process that built masks before.

Usage: python benchmarks/masks.py [--runs N] [--pictures N] [--against OTHER/packages/datatools/src]
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

if TYPE_CHECKING:
    from benchmarks import measure
else:  # run as a program, this folder is where Python looks
    import measure

SIDE, SHAPES = 256, 20
NAMES = ("body", "tyres", "lights", "windows")
COLORS = np.array([(0, 0, 0), (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)], dtype=np.uint8)
KINDS = ("numbers", "colours", "blended", "jpeg", "labelme", "coco.json")

# The modules are imported before the clock starts; numbers are mapped, for versions differ in what they take for ids.
BUILD = """
import sys, tempfile, time
from pathlib import Path
import cv2, numpy, PIL.Image
import p2p_datatools.labels.read
from p2p_datatools.contract.palette import load_palette
from p2p_datatools.masks.build import PaintOptions, build_masks
labels, palette = Path(sys.argv[1]), load_palette("cars")
words = {str(number): name for number, name in enumerate(palette.names)} if labels.name == "numbers" else {}
with tempfile.TemporaryDirectory() as place:
    began = time.process_time()
    summary = build_masks(labels, Path(place) / "masks", palette=palette, mapping=words, how=PaintOptions(threads=1))
    print(time.process_time() - began)
"""


def write_labels(place: Path, count: int) -> None:
    """Discs of four classes on a background, in the order they were drawn in, in every kind of labels."""
    for kind in KINDS[:-1]:
        (place / kind).mkdir()
    rng = np.random.default_rng(0)
    images: list[dict[str, object]] = []
    annotations: list[dict[str, object]] = []
    for number in range(count):
        values, outlines = np.zeros((SIDE, SIDE), dtype=np.uint8), []
        for shape in range(SHAPES):
            centre, radius = rng.integers(SIDE, size=2), int(rng.integers(8, 50))
            cv2.circle(values, (int(centre[0]), int(centre[1])), radius, 1 + shape % 4, -1)
            outlines.append((NAMES[shape % 4], _outline(centre, radius)))
        _write_pictures(place, f"{number:04}", values)
        shapes = [{"label": label, "points": points.tolist()} for label, points in outlines]
        picture = {"version": "5.2", "imagePath": f"{number:04}.jpg", "imageWidth": SIDE, "imageHeight": SIDE}
        (place / "labelme" / f"{number:04}.json").write_text(json.dumps(picture | {"shapes": shapes}))
        images.append({"id": number, "file_name": f"{number:04}.jpg", "width": SIDE, "height": SIDE})
        for label, points in outlines:
            about = {"id": len(annotations), "image_id": number, "category_id": NAMES.index(label), "iscrowd": 0}
            annotations.append(about | {"segmentation": [points.ravel().tolist()]})
    categories = [{"id": index, "name": name} for index, name in enumerate(NAMES)]
    coco = {"images": images, "annotations": annotations, "categories": categories}
    (place / "coco.json").write_text(json.dumps(coco))


def _outline(centre: NDArray[np.int64], radius: int) -> NDArray[np.float64]:
    turn = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    return np.asarray(np.clip(centre + radius * np.stack([np.cos(turn), np.sin(turn)], axis=1), 0, SIDE).round(2))


def _write_pictures(place: Path, name: str, values: NDArray[np.uint8]) -> None:
    colors = COLORS[values]
    shifted = cv2.warpAffine(colors, np.array([[1, 0, 0.4], [0, 1, 0.3]]), (SIDE, SIDE), flags=cv2.INTER_LINEAR)
    Image.fromarray(values).save(place / "numbers" / f"{name}.png")
    Image.fromarray(colors).save(place / "colours" / f"{name}.png")
    Image.fromarray(np.asarray(shifted, dtype=np.uint8)).save(place / "blended" / f"{name}.png")
    Image.fromarray(colors).save(place / "jpeg" / f"{name}.jpg", quality=90)


def seconds(labels: Path, source: str) -> float:
    """Processor time of one build in a fresh process, of the package in `source`, or of the installed one."""
    settings = {"OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE"} | ({"PYTHONPATH": source} if source else {})
    words = [sys.executable, "-c", BUILD, str(labels)]
    done = subprocess.run(words, env=os.environ | settings, capture_output=True, text=True, check=True)
    return float(done.stdout)


def main() -> None:
    """The versions take turns, so that a busy moment falls on both."""
    parser = argparse.ArgumentParser(description="The processor time of masks, by the kind of labels.")
    parser.add_argument("--runs", type=int, default=7, metavar="N")
    parser.add_argument("--pictures", type=int, default=200, metavar="N")
    parser.add_argument("--against", default="", metavar="SRC")
    arguments = parser.parse_args()
    print(measure.header(arguments.runs, "p2p-datatools", "numpy", "opencv-python", "Pillow"))
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        write_labels(place, arguments.pictures)
        for kind in KINDS:
            own, other = [], []
            for _ in range(arguments.runs):
                own.append(seconds(place / kind, ""))
                other += [seconds(place / kind, arguments.against)] if arguments.against else []
            line = f"{kind:10} {measure.spread(own, 's', 2)}"
            if other:
                ratio = statistics.median(own) / statistics.median(other)
                least = min(own) / min(other)
                line += f", the other {measure.spread(other, 's', 2)}, ratio {ratio:.2f}, of the least {least:.2f}"
            print(line, flush=True)


if __name__ == "__main__":
    main()
