"""What a page gets of a model: updates a second through `p2p serve`, beside the bare passes of the same runtime.

Nothing here may measure a browser, or judge pictures.

Usage: python benchmarks/painting.py [--runs N] [--strokes N] [--filters N ...] [--depth N] [--export]
"""

import argparse
import http.client
import os
import signal
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch

from p2p_datatools.contract.pairs.manifest import Half
from p2p_datatools.contract.palette import load_palette
from p2p_datatools.contract.pictures.images import LabelMap, encode_mask
from p2p_datatools.contract.pictures.sizes import Size
from p2p_gan.evaluation.export import export_onnx
from p2p_gan.inference.predictor import Predictor, load_model
from p2p_gan.models.card import ModelCard
from p2p_gan.models.model import save_model
from p2p_gan.networks.architecture import Architecture
from p2p_gan.networks.weights import initialise

if TYPE_CHECKING:
    from benchmarks import measure
else:  # run as a program, this folder is where Python looks
    import measure

SIDE, CARS = 256, load_palette("cars")


def main() -> None:
    """Measure each model at its own size and at about half of it, bare passes and answers in turn."""
    parser = argparse.ArgumentParser(description="Updates a second of a page.")
    parser.add_argument("--runs", type=int, default=5, metavar="N")
    parser.add_argument("--strokes", type=int, default=10, metavar="N", help="of a run")
    parser.add_argument("--filters", type=int, nargs="+", default=[64, 16], metavar="N")
    parser.add_argument("--depth", type=int, default=8, metavar="N", help="of the U-Net; 8 is the paper's")
    parser.add_argument("--export", action="store_true", help="export the models as ONNX first")
    options = parser.parse_args()
    print(measure.header(options.runs, "p2p-gan", "torch", "numpy", "starlette", "uvicorn"))
    for filters in options.filters:
        with tempfile.TemporaryDirectory() as place:
            model = make_model(Path(place), filters, options.depth)
            if options.export:
                export_onnx(model)
            compare(model, filters, options.runs, options.strokes)


def make_model(top: Path, filters: int, depth: int) -> Path:
    """A U-Net from masks to photos with drawn weights."""
    shape = Architecture(len(CARS.classes), 3, depth, filters, 8 * filters, "batch", 0.5)
    generator = shape.build()
    initialise(generator, torch.Generator().manual_seed(0))
    halves = Half("mask", "mask"), Half("photo", "photo")
    card = ModelCard(shape, *halves, CARS, Size(SIDE, SIDE), "stretch", "picture", False, 0, "", "classes")
    save_model(top / "model.safetensors", card, generator)
    return top / "model.safetensors"


def make_strokes(count: int) -> list[LabelMap]:
    """Masks of flat areas, each other than those before, as a hand makes them."""
    random = np.random.default_rng(0)
    areas = (random.integers(0, len(CARS.classes), (8, 8), dtype=np.uint8) for _ in range(count))
    return [each.repeat(SIDE // 8, 0).repeat(SIDE // 8, 1) for each in areas]


@dataclass(frozen=True)
class Time:
    """What one picture takes: seconds by the clock, and of processors."""

    wall: float
    cpu: float


def compare(model: Path, filters: int, runs: int, strokes: int) -> None:
    """Bare passes and answers of a server, in turn."""
    predictor, masks = load_model(model, all_cores=True), make_strokes(strokes)
    coarse = max(predictor.unit, SIDE // 2 // predictor.unit * predictor.unit)
    with server_of(model) as (port, process):
        for size in (SIDE, coarse) if coarse < SIDE else (SIDE,):
            print(f"\n{filters} filters, {predictor.runtime}, network's size {size}x{size}")
            asker = Asker(port, size)
            works: dict[str, tuple[Callable[[], object], Callable[[], float]]] = {
                "bare pass": (partial(pass_all, predictor, masks, size), own_seconds),
                "through the server": (partial(asker.ask_all, masks), partial(seconds_of, process.pid)),
            }
            times = [{name: time_of(*work, strokes) for name, work in works.items()} for _ in range(runs + 1)]
            say({name: [each[name] for each in times[1:]] for name in works}, asker)
        if coarse >= SIDE:
            print(f"no coarser size: the sides that this network takes are multiples of {predictor.unit}")


def say(found: dict[str, list[Time]], asker: "Asker") -> None:
    """The figures, and what the server adds."""
    middle = {}
    for name, times in found.items():
        wall, cpu = (statistics.median(getattr(each, kind) for each in times) * 1000 for kind in ("wall", "cpu"))
        middle[name] = wall, cpu
        print(
            f"{name:20}{1000 / wall:6.1f} a second by the clock, {wall:.1f} ms; processor time {cpu:.1f} ms, so at "
            f"most {2000 / cpu:.1f} a second on two cores that do nothing else"
        )
    (bare, bare_cpu), (served, served_cpu) = middle.values()
    print(f"ratio to the bare pass {bare / served:.2f} by the clock, {bare_cpu / served_cpu:.2f} in processor time")
    print(f"around reading, painting and writing: {statistics.median(asker.around) * 1000:.1f} ms")


def pass_all(predictor: Predictor, masks: list[LabelMap], size: int) -> None:
    """The model's passes alone, in this process."""
    for each in masks:
        predictor(each, size=size)


class Asker:
    """Sends masks one after the other by one connection, as a page does; `around` is what is not the server's work."""

    def __init__(self, port: int, size: int) -> None:
        self._port, self._path = port, f"/api/paint?model=m0&client=hand&size={size}"
        self.around: list[float] = []

    def ask_all(self, masks: list[LabelMap]) -> None:
        """Ask for all; a connection that nobody used meanwhile may be closed, so that each time is a new one."""
        connection = http.client.HTTPConnection("127.0.0.1", self._port)
        for stroke, each in enumerate(masks):
            body, began = encode_mask(each, CARS), time.perf_counter()
            connection.request("POST", f"{self._path}&stroke={stroke}", body, {"Content-Type": "image/png"})
            answer = connection.getresponse()
            answer.read()
            assert answer.status == 200, answer.status
            painted = float(answer.headers["X-P2P-Milliseconds"]) / 1000
            self.around.append(time.perf_counter() - began - painted)
        connection.close()


def time_of(work: Callable[[], object], seconds: Callable[[], float], count: int) -> Time:
    """What each of `count` pictures takes; `seconds` gives the processor time of what computes."""
    wall, cpu = time.perf_counter(), seconds()
    work()
    return Time((time.perf_counter() - wall) / count, (seconds() - cpu) / count)


def own_seconds() -> float:
    """The processor time of this process."""
    return time.process_time()


def seconds_of(process: int) -> float:
    """The processor time of another process (Linux)."""
    fields = Path(f"/proc/{process}/stat").read_text("ascii").rpartition(") ")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def server_of(model: Path) -> Iterator[tuple[int, subprocess.Popen[str]]]:
    """`p2p serve MODEL`, its port and its process."""
    words = (*measure.P2P, "serve", str(model), "--port", "0")
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        try:
            yield int(line.partition("127.0.0.1:")[2].partition("/")[0]), process
        finally:
            process.send_signal(signal.SIGTERM)


if __name__ == "__main__":
    main()
