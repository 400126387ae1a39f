"""What data commands cost for each file as folders grow: processor time and peak memory, from 1,000 files on.

Nothing here may measure large pictures; a picture has 64x64 pixels, so that what is done for each file shows.

Usage: python benchmarks/scale.py [--files N ...] [--only STEP ...] [--place FOLDER]

With --place the files stay in FOLDER, and what was measured in FOLDER/scale.json: the same command again goes on where
it was interrupted, and --only measures some steps again, after those whose files they read and that are not there.
"""

import argparse
import contextlib
import json
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from PIL import Image

if TYPE_CHECKING:
    from benchmarks import measure
else:  # run as a program, this folder is where Python looks
    import measure

SIDE = 64
FEW = 20  # files of the run that shows what a start costs
DISK_PER_FILE = 14 * 4096  # bytes: of labels, photos, and what the commands write of them
KEPT_FREE = 1 << 30  # bytes of the disk that stay free
INPUTS = ("labels", "photos")
Figures = dict[str, tuple[float, float]]  # by the step's name: seconds of processor time, and the peak in MiB


class Step(NamedTuple):
    """A command, what it makes in the folder of its size, and what may be deleted after it."""

    name: str
    words: str
    makes: tuple[str, ...] = ()
    done_with: tuple[str, ...] = ()


AGAIN = "again --palette masks/palette.toml --photos photos --empty background"


STEPS = (
    Step("palette", "palette labels drawn.toml", ("drawn.toml",)),
    Step("build-masks", "build-masks labels masks --palette cars --photos photos --map ids=palette", ("masks",)),
    Step("check masks", "check masks --photos photos"),
    Step("stats masks", "stats masks"),
    Step("check --against", "check masks --against masks"),
    Step("repair", "repair masks repaired --photos photos", ("repaired",), ("repaired",)),
    Step("export coco", "export masks coco --format coco --photos photos", ("coco",)),
    Step("build-masks coco", f"build-masks coco {AGAIN}", ("again",), ("coco", "again")),
    Step("export yolo", "export masks yolo --format yolo --photos photos", ("yolo",)),
    Step("build-masks yolo", f"build-masks yolo {AGAIN}", ("again",), ("yolo", "again")),
    Step("export labelme", "export masks labelme --format labelme --photos photos", ("labelme",)),
    Step("build-masks labelme", f"build-masks labelme {AGAIN}", ("again",), ("labelme", "again")),
    Step("show masks", "show masks masks.png --force"),
    Step("show masks over photos", "show masks over.png --photos photos --force"),
    Step("check photos", "check photos"),
    Step("stats photos", "stats photos"),
    Step("derive", "derive photos edges --op edges", ("edges",)),
    Step("pair photos", "pair edges photos drawn", ("drawn",), ("edges", "drawn")),
    Step("pair, shard 1", "pair masks photos part --shard 1/2", ("part.1-of-2",)),
    Step("pair, shard 2", "pair masks photos part --shard 2/2", ("part.2-of-2",)),
    Step("merge", "merge part.1-of-2 part.2-of-2 merged", ("merged",), ("part.1-of-2", "part.2-of-2")),
    Step("split --group-by", "split merged --group-by ^...", (), ("merged",)),
    Step("pair", "pair masks photos pairs", ("pairs",)),
    Step("pair again", "pair masks photos pairs"),
    Step("check pairs", "check pairs"),
    Step("split", "split pairs --group-by none"),
    Step("stats pairs", "stats pairs"),
    Step("show pairs", "show pairs pairs.png --force"),
    Step("export shards", "export pairs shards --format webdataset", ("shards",), ("shards",)),
    Step("halves", "halves pairs apart", ("apart",), ("apart",)),
)


def write_inputs(place: Path, count: int) -> None:
    """Label pictures of class numbers and photos, no two alike, in `labels` and `photos`."""
    drawn = np.random.default_rng(0)
    photo = drawn.integers(0, 256, (SIDE // 4, SIDE // 4, 3), dtype=np.uint8).repeat(4, axis=0).repeat(4, axis=1)
    photo = np.roll(photo, (2, 2), axis=(0, 1))  # a step in the middle would make it two pictures
    label = np.zeros((SIDE, SIDE), np.uint8)
    label[8:40, 8:56], label[32:48, 12:24], label[10:20, 20:40] = 1, 2, 4
    for name in INPUTS:
        shutil.rmtree(place / name, ignore_errors=True)
        (place / name).mkdir(parents=True)
    for number in range(count):
        bits = (number >> np.arange(24) & 1).astype(np.uint8)
        photo[SIDE - 4, :24] = bits[:, None] * 200
        label[SIDE - 8, :24], label[SIDE - 8, 24:48] = bits, 1 - bits
        Image.fromarray(label).save(place / "labels" / f"{number:06d}.png", compress_level=1)
        Image.fromarray(photo).save(place / "photos" / f"{number:06d}.png", compress_level=1)


class Measurement:
    """The figures of each number of files, kept in a file beside them, and the steps that give them."""

    def __init__(self, place: Path) -> None:
        self._place, self._file = place, place / "scale.json"
        kept = json.loads(self._file.read_text("utf-8")) if self._file.exists() else {}
        self.figures: dict[int, Figures] = {int(count): figures for count, figures in kept.items()}

    def take(self, count: int, only: Sequence[str]) -> None:
        """Measure a size: the steps that are asked for, or else all that were not measured yet."""
        place, found = self._place / str(count), self.figures.setdefault(count, {})
        wanted = [step for step in STEPS if (step.name in only if only else step.name not in found)]
        if wanted and not (place / "inputs").exists():
            write_inputs(place, count)
            (place / "inputs").touch()  # now both folders are complete
        with contextlib.chdir(place) if wanted else contextlib.nullcontext():
            for step in wanted:
                self._run(step, count)

    def _run(self, step: Step, count: int) -> None:
        """Run a step, after those that make what it reads and what is not there."""
        reads = {word.split("/")[0] for word in step.words.split()} - set(step.makes)
        for other in STEPS:
            if any(name in reads and not Path(name).exists() for name in other.makes):
                self._run(other, count)
        for name in step.makes:
            remove(name, f"{name}.partial")
        cost = measure.run([*measure.P2P, "data", *step.words.split()])
        remove(*step.done_with)
        self.figures[count][step.name] = cost.cpu, cost.mib
        self._save()
        print(f"  {count} files, {step.name}: {cost.cpu:.1f} s, {cost.mib:.0f} MiB", file=sys.stderr, flush=True)

    def _save(self) -> None:
        new = self._file.with_suffix(".tmp")
        new.write_text(json.dumps(self.figures, indent=1), "utf-8")
        new.replace(self._file)


def remove(*names: str) -> None:
    """Delete files and folders that may be there."""
    for place in map(Path, names):
        shutil.rmtree(place) if place.is_dir() else place.unlink(missing_ok=True)


def show(figures: dict[int, Figures]) -> None:
    """A table: for each number of files milliseconds and KiB a file beyond those of the start, and how they grow."""
    few, *sizes = sorted(figures)
    heads = " | ".join(f"{size} files: ms a file, peak MiB, KiB a file" for size in sizes)
    print(f"| command | start, s, MiB | {heads} | time a file, times |")
    print("| --- " * (len(sizes) + 3) + "|")
    for name in [step.name for step in STEPS if all(step.name in found for found in figures.values())]:
        (start, small), cells, milliseconds = figures[few][name], [], []
        for size in sizes:
            seconds, mib = figures[size][name]
            milliseconds.append((seconds - start) / (size - few) * 1000)
            cells.append(f"{milliseconds[-1]:.2f}, {mib:.0f}, {(mib - small) * 1024 / (size - few):.1f}")
        growth = f"{milliseconds[-1] / milliseconds[0]:.2f}" if milliseconds[0] > 0 else "-"
        print(f"| {name} | {start:.1f}, {small:.0f} | {' | '.join(cells)} | {growth} |", flush=True)


def main() -> None:
    """Each size in its own folder of the place, which is deleted at the end unless it was named."""
    parser = argparse.ArgumentParser(description="The cost of data commands for each file as folders grow.")
    parser.add_argument("--files", type=int, nargs="+", default=[1000, 10_000], metavar="N")
    parser.add_argument("--only", nargs="+", default=[], choices=[step.name for step in STEPS], metavar="STEP")
    parser.add_argument("--place", type=Path, metavar="FOLDER", help="Where files and figures stay.")
    arguments = parser.parse_args()
    with contextlib.ExitStack() as stack:
        place = arguments.place or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        place.mkdir(parents=True, exist_ok=True)
        free, needed = shutil.disk_usage(place).free, max(arguments.files) * DISK_PER_FILE
        if free < needed + KEPT_FREE:
            gib = f"needs {(needed + KEPT_FREE) / 2**30:.1f} GiB free, but has {free / 2**30:.1f}"
            sys.exit(f"{place}: {gib}; choose another --place.")
        measurement = Measurement(place.resolve())
        for count in (FEW, *arguments.files):
            measurement.take(count, arguments.only)
        print(measure.header(1, "p2p-datatools", "numpy", "opencv-python", "Pillow"))
        show(measurement.figures)


if __name__ == "__main__":
    main()
