"""What `p2p data pair` costs beside the bare decoding and encoding of the same files, and a plain pool of OpenCV calls.

Nothing here may keep what it wrote.

Usage: python benchmarks/pairing.py [--runs N] [--pairs N] [--kind photo|mask|both] [--memory]
"""

import argparse
import json
import os
import shutil
import statistics
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

from p2p_datatools.contract.palette import load_palette
from p2p_datatools.contract.pictures.images import write_mask

if TYPE_CHECKING:
    from benchmarks import measure
else:  # run as a program, this folder is where Python looks
    import measure

DIFFERENT = 64  # pictures that are drawn; the rest are copies under other names, for drawing takes longer than pairing
GRAIN = 2.2  # with it a photo's PNG takes half of its decoded bytes, as car photos of 512x512 do (51% of 160 of them)
MEGAPIXELS_4, MEGAPIXELS_24 = (2000, 2000), (6000, 4000)

# The seconds, on the clock and of the processors, are those of the work alone: the start is not in them.
BARE = """
import os, pathlib, sys, time
from concurrent.futures import ThreadPoolExecutor
import cv2, numpy as np
a, b = map(pathlib.Path, sys.argv[1:])
cv2.setNumThreads(1)
def decoded(path):
    return cv2.imdecode(np.frombuffer(path.read_bytes(), np.uint8), cv2.IMREAD_COLOR)
def work(name):
    return len(cv2.imencode(".png", np.hstack([decoded(a / name), decoded(b / name)]))[1])
names = sorted(path.name for path in a.glob("*.png"))
began, worked = time.perf_counter(), time.process_time()
with ThreadPoolExecutor(os.cpu_count()) as pool:
    sum(pool.map(work, names))
print(time.perf_counter() - began, time.process_time() - worked)
"""

POOL = """
import multiprocessing, os, sys
import cv2, numpy as np
a, b, dest = sys.argv[1:]
cv2.setNumThreads(1)
def work(name):
    both = cv2.imread(os.path.join(a, name)), cv2.imread(os.path.join(b, name))
    cv2.imwrite(os.path.join(dest, name), np.hstack(both))
if __name__ == "__main__":
    os.mkdir(dest)
    names = sorted(name for name in os.listdir(a) if name.endswith(".png"))
    with multiprocessing.Pool(2) as pool:
        for _ in pool.imap_unordered(work, names, chunksize=8):
            pass
"""


def photo(seed: int, width: int, height: int) -> NDArray[np.uint8]:
    """Gradients and blurred shapes under the grain of a sensor: a picture that compresses as photos do."""
    rng = np.random.default_rng(seed)
    picture = np.zeros((height, width, 3), dtype=np.float32)
    for cells in (3, 9, 40, 150):
        grid = rng.normal(0, 90 / cells**0.5, (cells, cells, 3)).astype(np.float32)
        picture += cv2.resize(grid, (width, height), interpolation=cv2.INTER_CUBIC)
    grain = cv2.GaussianBlur(rng.standard_normal((height, width, 3), dtype=np.float32), (0, 0), 0.7)
    return np.clip(picture + 128 + GRAIN * 2 * grain, 0, 255).astype(np.uint8)


def label_map(seed: int, width: int, height: int) -> NDArray[np.uint8]:
    """Discs of the palette's classes."""
    rng = np.random.default_rng(seed)
    rows = np.zeros((height, width), dtype=np.uint8)
    for number in range(30):
        centre = int(rng.integers(width)), int(rng.integers(height))
        cv2.circle(rows, centre, int(rng.integers(width // 40, width // 8)), number % 5, -1)
    return rows


def write_folder(folder: Path, count: int, size: tuple[int, int], *, masks: bool, seed: int) -> Path:
    """A folder of so many PNGs, written with OpenCV's defaults, or a mask folder."""
    folder.mkdir()
    palette = load_palette("cars")
    if masks:
        (folder / "palette.toml").write_text(palette.to_toml())

    def write(number: int) -> None:
        path = folder / f"{number:06}.png"
        if number >= DIFFERENT:
            shutil.copy(folder / f"{number % DIFFERENT:06}.png", path)
        elif masks:
            write_mask(path, label_map(seed + number, *size), palette, durable=False)
        else:
            cv2.imwrite(str(path), photo(seed + number, *size))

    with ThreadPoolExecutor() as pool:
        for numbers in (range(min(count, DIFFERENT)), range(DIFFERENT, count)):
            list(pool.map(write, numbers))
    return folder


def speed(place: Path, kind: str, pairs: int, runs: int) -> None:
    """All three in fresh processes, in an order that turns, so that a busy moment falls on all.

    The files were just written and lie in memory for all three; what one has left for the disk to write is written
    before the next begins. Of the three, ours alone waits until its pictures are on the disk.
    """
    a = write_folder(place / f"{kind}-a", pairs, (512, 512), masks=kind == "mask", seed=0)
    b = write_folder(place / f"{kind}-b", pairs, (512, 512), masks=False, seed=DIFFERENT)
    dest = place / "dest"
    commands = {
        "bare": [sys.executable, "-c", BARE, str(a), str(b)],
        "pool": [sys.executable, "-c", POOL, str(a), str(b), str(dest)],
        "ours": [*measure.P2P, "data", "pair", str(a), str(b), str(dest)],
    }
    costs: dict[str, list[measure.Cost]] = {name: [] for name in commands}
    for number in range(runs):
        names = list(commands)
        for name in names[number % 3 :] + names[: number % 3]:
            os.sync()
            costs[name].append(measure.run(commands[name]))
            shutil.rmtree(dest, ignore_errors=True)
    clock, worked = [[tuple(map(float, cost.output.split()))[place] for cost in costs["bare"]] for place in (0, 1)]
    print(f"{pairs} pairs {kind}|photo of 512x512")
    _say("on the clock", clock, [[cost.seconds for cost in costs[name]] for name in ("pool", "ours")])
    _say("of processors", worked, [[cost.cpu for cost in costs[name]] for name in ("pool", "ours")])
    print(f"    peak memory of p2p data pair: {measure.spread([cost.mib for cost in costs['ours']], 'MiB', 0)}")


def _say(which: str, bare: list[float], others: list[list[float]]) -> None:
    """The seconds of the three, and the ratios that are asked for."""
    pool, ours = others
    took = statistics.median(ours)
    print(f"    seconds {which}")
    print(f"        bare decode + encode      {measure.spread(bare, 's', 2)}, on all cores, without its start")
    print(f"        two processes of OpenCV   {measure.spread(pool, 's', 2)}, with their start")
    print(f"        p2p data pair             {measure.spread(ours, 's', 2)}, with its start")
    print(f"        ratio to the bare work    {took / statistics.median(bare):.2f} (asked on the clock: 1.20 at most)")
    print(f"        ratio to the pool         {took / statistics.median(pool):.2f} (asked on the clock: 1.00 at most)")


def memory(place: Path, size: tuple[int, int], pairs: int) -> None:
    """The peak of one process, by the number of jobs; beside the bytes of one decoded A|B picture."""
    name = f"{size[0]}x{size[1]}"
    for kind in ("photo", "mask"):
        # Not here, for a process counts the memory of the one that began it as its own.
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as other:
            a, b = place / f"{kind}-a-{name}", place / f"{kind}-b-{name}"
            other.submit(write_folder, a, pairs, size, masks=kind == "mask", seed=0).result()
            other.submit(write_folder, b, pairs, size, masks=False, seed=DIFFERENT).result()
        decoded = 2 * size[0] * size[1] * 3 / 2**20
        for jobs in ("1", "2", "8"):
            words = [*measure.P2P, "data", "pair", str(a), str(b), str(place / "dest"), "--jobs", jobs, "--json"]
            cost = measure.run(words)
            assert json.loads(cost.output)["built"] == pairs
            shutil.rmtree(place / "dest")
            print(
                f"{pairs} pairs {kind}|photo of {name}, --jobs {jobs}: peak {cost.mib:.0f} MiB, "
                f"{cost.mib / decoded:.1f} times one decoded A|B picture; {cost.seconds:.1f} s"
            )


def main() -> None:
    """Speed by default; memory when asked, as its pictures are large."""
    parser = argparse.ArgumentParser(description="The cost of joining pictures to pairs.")
    parser.add_argument("--runs", type=int, default=3, metavar="N")
    parser.add_argument("--pairs", type=int, default=1000, metavar="N")
    parser.add_argument("--kind", choices=("photo", "mask", "both"), default="both")
    parser.add_argument("--memory", action="store_true")
    arguments = parser.parse_args()
    print(measure.header(arguments.runs, "p2p-datatools", "numpy", "opencv-python", "Pillow"))
    with tempfile.TemporaryDirectory() as name:
        if arguments.memory:
            memory(Path(name), MEGAPIXELS_4, 24)
            memory(Path(name), MEGAPIXELS_24, 3)
            return
        for kind in ("photo", "mask") if arguments.kind == "both" else (arguments.kind,):
            speed(Path(name), kind, arguments.pairs, arguments.runs)


if __name__ == "__main__":
    main()
