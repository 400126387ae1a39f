"""How well a segmenter labels photos that it never saw: IoU of each class on the held-out photos of car-parts.

Nothing here may train on, or choose anything by, the photos that it measures on.

Usage: python benchmarks/segmenting.py DATA [--images N] [--size N] [--filters N] [--keep FOLDER]
DATA holds car-parts/trainingset and car-parts/testset, each with JPEGImages/ and annotations.json.
"""

import argparse
import json
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from p2p_datatools.contract.files.listing import stem_of
from p2p_datatools.contract.palette import IGNORE, load_palette
from p2p_datatools.contract.pictures.images import read_mask, read_photo
from p2p_datatools.contract.pictures.resize import resize_mask
from p2p_datatools.contract.pictures.sizes import Size
from p2p_gan.evaluation.mask_agreement import Agreement, Confusion

if TYPE_CHECKING:
    from benchmarks import measure
else:  # run as a program, this folder is where Python looks
    import measure

CARS = load_palette("cars")
LEAST = (0.0, 0.5, 0.7, 0.8, 0.9, 0.95)  # confidences below which pixels are left out
_GRID = Size(64, 64)  # on which the commonest class of each place is counted

Truths = Mapping[str, NDArray[np.uint8]]


def command(*words: object) -> measure.Cost:
    """One command of p2p."""
    return measure.run([*measure.P2P, *map(str, words)])


def read_masks(folder: Path) -> Truths:
    """The masks of a folder by name."""
    return {stem_of(path, folder): read_mask(path, CARS) for path in sorted(folder.glob("*.png"))}


def score(truths: Truths, found: Mapping[str, NDArray[np.uint8]]) -> Agreement:
    """The agreement over all pictures; what is ignored in either does not count."""
    confusion = Confusion(CARS.names)
    for name, truth in truths.items():
        confusion.add(truth, found[name])
    return confusion.result()


def guess_by_place(training: Truths, truths: Truths) -> Iterator[tuple[str, NDArray[np.uint8]]]:
    """The commonest class of each place in the training masks, whatever the photo shows."""
    small = np.stack([resize_mask(mask, _GRID) for mask in training.values()])
    counts = np.stack([(small == index).sum(axis=0) for index in range(len(CARS.names))])
    for name, truth in truths.items():
        yield name, resize_mask(counts.argmax(axis=0).astype(np.uint8), Size(*truth.shape[::-1]))


def train(place: Path, data: Path, arguments: argparse.Namespace) -> measure.Cost:
    """Masks, pairs and a segmenter of the training set; a tenth of it chooses the best state."""
    photos = data / "trainingset" / "JPEGImages"
    labels = data / "trainingset" / "annotations.json"
    command("data", "build-masks", labels, place / "masks", "--palette", "cars", "--photos", photos)
    command("data", "pair", place / "masks", photos, place / "pairs", "--size", arguments.size)
    command("data", "split", place / "pairs", "--test", 0)
    small = ("generator_filters", arguments.filters), ("max_filters", arguments.filters * 8)
    every = ("validate_every", arguments.images // 8), ("checkpoint_every", arguments.images // 4)
    settings = [f"--set={name}={value}" for name, value in (*small, *every)]
    words = ("--preset", "segment", "--size", arguments.size, "--images", arguments.images)
    return command("train", place / "pairs", place / "segmenter", *words, *settings)


def main() -> None:
    """Train, apply to the test set, compare with its labels."""
    parser = argparse.ArgumentParser(description="The IoU of masks that a segmenter makes of unseen photos.")
    parser.add_argument("data", type=Path)
    parser.add_argument("--images", type=int, default=6_000, help="that the segmenter is trained on")
    parser.add_argument("--size", type=int, default=128, help="pixels of a side")
    parser.add_argument("--filters", type=int, default=32, help="channels of the outermost layer")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="where masks and segmenter stay")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        place, data = arguments.keep or Path(folder), arguments.data / "car-parts"
        cost = train(place, data, arguments)
        photos = data / "testset" / "JPEGImages"
        labels = data / "testset" / "annotations.json"
        command("data", "build-masks", labels, place / "truth", "--palette", "cars", "--photos", photos)
        model = place / "segmenter" / "best.safetensors"
        made = command("data", "build-masks", photos, place / "found", "--model", model, "--json")
        truths, found = read_masks(place / "truth"), read_masks(place / "found")
        sure = {name: read_photo(place / "found" / "confidence" / f"{name}.png")[..., 0] for name in truths}
        print(measure.header(1, "torch", "numpy"))
        print(f"trained {arguments.images} images in {cost.seconds:.0f} s ({cost.cpu:.0f} of a core), {model.name}")
        print(f"masks of {len(found)} photos in {made.seconds:.0f} s ({made.cpu:.0f} of a core)")
        show("commonest class of the place", score(truths, dict(guess_by_place(read_masks(place / "masks"), truths))))
        total = sum(mask.size for mask in truths.values())
        for least in LEAST:
            kept = {name: np.where(sure[name] < least * 255, np.uint8(IGNORE), mask) for name, mask in found.items()}
            share = sum(int((mask != IGNORE).sum()) for mask in kept.values()) / total
            show(f"--min-confidence {least:g} ({share:.1%} of the pixels)", score(truths, kept))
        doubts = json.loads(made.output)["doubts"]
        ious = [score({name: truths[name]}, found).mean_iou for name in doubts]
        half = len(ious) // 2
        print(f"mean of the pictures' mean IoU: {np.mean(ious[:half]):.3f} of the half least sure, ", end="")
        print(f"{np.mean(ious[half:]):.3f} of the other")


def show(title: str, found: Agreement) -> None:
    """One line of figures."""
    classes = ", ".join(f"{name} {each.iou:.3f}" for name, each in found.classes.items())
    print(f"{title}: mean IoU {found.mean_iou:.3f} ({classes}), pixels {found.pixel_accuracy:.3f}")


if __name__ == "__main__":
    main()
