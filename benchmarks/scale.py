"""What data commands cost for each file as folders grow: processor time and peak memory, from 1,000 files on.

Nothing here may measure large pictures; a picture has 64x64 pixels, so that what is done for each file shows.

Usage: python benchmarks/scale.py [--files N ...] [--place FOLDER]
"""

import argparse
import contextlib
import shutil
import sys
import tempfile
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
DISK_PER_FILE = 8 * 4096  # bytes: of labels, photos, and what the commands write of them
KEPT_FREE = 1 << 30  # bytes of the disk that stay free


class Step(NamedTuple):
    """A command, what it reads and writes in the folder of its size, and what may be deleted after it."""

    name: str
    words: str
    done_with: tuple[str, ...] = ()


AGAIN = "again --palette masks/palette.toml --photos photos --empty background"


STEPS = (
    Step("palette", "palette labels drawn.toml"),
    Step("build-masks", "build-masks labels masks --palette cars --photos photos --map ids=palette"),
    Step("check masks", "check masks --photos photos"),
    Step("stats masks", "stats masks"),
    Step("check --against", "check masks --against masks"),
    Step("export coco", "export masks coco --format coco --photos photos"),
    Step("build-masks coco", f"build-masks coco {AGAIN}", ("coco", "again")),
    Step("export yolo", "export masks yolo --format yolo --photos photos"),
    Step("build-masks yolo", f"build-masks yolo {AGAIN}", ("yolo", "again")),
    Step("export labelme", "export masks labelme --format labelme --photos photos"),
    Step("build-masks labelme", f"build-masks labelme {AGAIN}", ("labelme", "again")),
    Step("show masks", "show masks masks.png --force"),
    Step("show masks over photos", "show masks over.png --photos photos --force"),
    Step("check photos", "check photos"),
    Step("stats photos", "stats photos"),
    Step("derive", "derive photos edges --op edges"),
    Step("pair photos", "pair edges photos drawn", ("edges", "drawn")),
    Step("pair, shard 1", "pair masks photos part --shard 1/2"),
    Step("pair, shard 2", "pair masks photos part --shard 2/2"),
    Step("merge", "merge part.1-of-2 part.2-of-2 merged", ("part.1-of-2", "part.2-of-2")),
    Step("split --group-by", "split merged --group-by ^...", ("merged",)),
    Step("pair", "pair masks photos pairs"),
    Step("pair again", "pair masks photos pairs"),
    Step("check pairs", "check pairs"),
    Step("split", "split pairs"),
    Step("stats pairs", "stats pairs"),
    Step("show pairs", "show pairs pairs.png --force"),
    Step("halves", "halves pairs apart", ("apart",)),
)


def write_inputs(place: Path, count: int) -> None:
    """Label pictures of class numbers and photos, no two alike, in `labels` and `photos`."""
    drawn = np.random.default_rng(0)
    photo = drawn.integers(0, 256, (SIDE // 4, SIDE // 4, 3), dtype=np.uint8).repeat(4, axis=0).repeat(4, axis=1)
    photo = np.roll(photo, 2, axis=1)  # a step in the middle would make it an A|B picture
    label = np.zeros((SIDE, SIDE), np.uint8)
    label[8:40, 8:56], label[32:48, 12:24], label[10:20, 20:40] = 1, 2, 4
    for name in ("labels", "photos"):
        (place / name).mkdir(parents=True)
    for number in range(count):
        bits = (number >> np.arange(24) & 1).astype(np.uint8)
        photo[SIDE - 4, :24] = bits[:, None] * 200
        label[SIDE - 8, :24], label[SIDE - 8, 24:48] = bits, 1 - bits
        Image.fromarray(label).save(place / "labels" / f"{number:06d}.png", compress_level=1)
        Image.fromarray(photo).save(place / "photos" / f"{number:06d}.png", compress_level=1)


def run_steps(place: Path, count: int) -> dict[str, measure.Cost]:
    """Run each command on so many files, in the order in which one reads what another has written."""
    write_inputs(place, count)
    found = {}
    with contextlib.chdir(place):
        for step in STEPS:
            found[step.name] = measure.run([*measure.P2P, "data", *step.words.split()])
            print(f"  {count} files, {step.name}: {found[step.name].cpu:.1f} s", file=sys.stderr, flush=True)
            for name in step.done_with:
                shutil.rmtree(name)
    shutil.rmtree(place)
    return found


def show(found: dict[int, dict[str, measure.Cost]]) -> None:
    """A table: for each number of files milliseconds and KiB a file beyond those of the start, and how they grow."""
    few, *sizes = sorted(found)
    heads = " | ".join(f"{size} files: ms a file, peak MiB, KiB a file" for size in sizes)
    print(f"| command | start, s, MiB | {heads} | time a file, times |")
    print("| --- " * (len(sizes) + 3) + "|")
    for name, start in found[few].items():
        cells, milliseconds = [], []
        for size in sizes:
            cost = found[size][name]
            milliseconds.append((cost.cpu - start.cpu) / (size - few) * 1000)
            kib = (cost.mib - start.mib) * 1024 / (size - few)
            cells.append(f"{milliseconds[-1]:.2f}, {cost.mib:.0f}, {kib:.1f}")
        growth = f"{milliseconds[-1] / milliseconds[0]:.2f}" if milliseconds[0] > 0 else "-"
        print(f"| {name} | {start.cpu:.1f}, {start.mib:.0f} | {' | '.join(cells)} | {growth} |", flush=True)


def main() -> None:
    """Each size in its own folder, deleted before the next begins."""
    parser = argparse.ArgumentParser(description="The cost of data commands for each file as folders grow.")
    parser.add_argument("--files", type=int, nargs="+", default=[1000, 10_000], metavar="N")
    parser.add_argument("--place", type=Path, metavar="FOLDER", help="Where to write; by default the temporary folder.")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=arguments.place) as name:
        free, needed = shutil.disk_usage(name).free, max(arguments.files) * DISK_PER_FILE
        if free < needed + KEPT_FREE:
            sys.exit(
                f"{name}: needs {(needed + KEPT_FREE) / 2**30:.1f} GiB free, but has {free / 2**30:.1f}; add --place."
            )
        print(measure.header(1, "p2p-datatools", "numpy", "opencv-python", "Pillow"))
        show({count: run_steps(Path(name) / str(count), count) for count in (FEW, *arguments.files)})


if __name__ == "__main__":
    main()
