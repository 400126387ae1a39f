"""How long masks and pairs of the 210 photos of Car-Parts-Segmentation take, from COCO polygons to A|B pictures.

Nothing here may measure training, or keep what it wrote.

Usage: python benchmarks/datatools.py DATA [--runs N]
DATA holds car-parts/trainingset and car-parts/testset, each with JPEGImages/ and annotations.json.
"""

import argparse
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from benchmarks import measure
else:  # run as a program, this folder is where Python looks
    import measure

SETS = ("trainingset", "testset")


def build(photos: Path, masks: Path) -> measure.Cost:
    """The masks of one set."""
    labels = str(photos.parent / "annotations.json")
    words = ("data", "build-masks", labels, str(masks), "--palette", "cars", "--photos", str(photos))
    return measure.run([*measure.P2P, *words])


def pair(photos: Path, masks: Path, pairs: Path) -> measure.Cost:
    """The pairs of one set, at the photos' own sizes."""
    return measure.run([*measure.P2P, "data", "pair", str(masks), str(photos), str(pairs)])


def main() -> None:
    """Each run begins in an empty folder; the two sets' times are added, starts of the processes included."""
    parser = argparse.ArgumentParser(description="The cost of 'p2p data build-masks' and 'p2p data pair'.")
    parser.add_argument("data", type=Path, metavar="DATA")
    parser.add_argument("--runs", type=int, default=3, metavar="N")
    arguments = parser.parse_args()
    sets = [arguments.data / "car-parts" / name / "JPEGImages" for name in SETS]
    count = sum(len(list(photos.iterdir())) for photos in sets)
    costs: dict[str, list[list[measure.Cost]]] = {"build-masks": [], "pair": []}
    for _ in range(arguments.runs):
        with tempfile.TemporaryDirectory() as folder:
            place = Path(folder)
            masks = [place / name for name in SETS]
            costs["build-masks"].append([build(*each) for each in zip(sets, masks, strict=True)])
            pairs = [place / f"{name}-pairs" for name in SETS]
            costs["pair"].append([pair(*each) for each in zip(sets, masks, pairs, strict=True)])
    print(measure.header(arguments.runs, "p2p-datatools", "numpy", "opencv-python", "Pillow"))
    for name, rounds in costs.items():
        seconds = [sum(cost.seconds for cost in both) for both in rounds]
        peaks = [max(cost.mib for cost in both) for both in rounds]
        print(f"{name:12}{count} photos: {measure.spread(seconds, 's', 1)}, peak {measure.spread(peaks, 'MiB', 0)}")


if __name__ == "__main__":
    main()
