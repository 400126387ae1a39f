"""What applying a model costs: a cold start to one written picture, and a folder beside the bare forward pass.

Nothing here may measure training, or judge pictures.

Usage: python benchmarks/applying.py [--runs N] [--pictures N] [--filters N ...] [--batches | --clock]
"""

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from onnxruntime import InferenceSession
from PIL import Image

from p2p_datatools.contract.machine import cores
from p2p_datatools.contract.pairs.manifest import Half
from p2p_datatools.contract.pictures.formats import png
from p2p_datatools.contract.pictures.images import hash_pixels, read_photo, write_png
from p2p_datatools.contract.pictures.sizes import Size
from p2p_gan.evaluation.export import export_onnx
from p2p_gan.inference.apply import seed_of
from p2p_gan.inference.runtimes.graph_inputs import graph_inputs
from p2p_gan.inference.runtimes.onnx_runtime import OnnxTranslator, load_onnx_model
from p2p_gan.inference.runtimes.openvino_runtime import has_openvino, load_openvino_model
from p2p_gan.inference.runtimes.torch_runtime import torch_translator
from p2p_gan.inference.runtimes.translator import PassOptions, Translator
from p2p_gan.inference.sampling import sample
from p2p_gan.models.card import ModelCard
from p2p_gan.models.model import read_model, save_model
from p2p_gan.networks.architecture import Architecture
from p2p_gan.networks.weights import initialise

if TYPE_CHECKING:
    from benchmarks import measure
else:  # run as a program, this folder is where Python looks
    import measure

SIDE = 256
BATCHES = (1, 2, 4, 8)
FLOOR = "floor: decoding, hashing, encoding"
RUNTIMES = ("onnxruntime", "torch", *(["openvino"] if has_openvino() else []))


def main() -> None:
    """Measure cold starts in turn, then folders and forward passes in turn."""
    parser = argparse.ArgumentParser(description="What applying a model costs.")
    parser.add_argument("--runs", type=int, default=3, metavar="N")
    parser.add_argument("--pictures", type=int, default=64, metavar="N", help="of the folder at 16 filters")
    parser.add_argument("--filters", type=int, nargs="+", default=[64, 16], metavar="N")
    parser.add_argument("--batches", action="store_true", help="only bare passes of several pictures at once")
    parser.add_argument("--clock", action="store_true", help="only pictures a second of so many, whole commands")
    options = parser.parse_args()
    print(measure.header(options.runs, "p2p-gan", "torch", "numpy", *RUNTIMES[:1], *RUNTIMES[2:]))
    for filters in options.filters:
        with tempfile.TemporaryDirectory() as place:
            top = Path(place)
            model = make_model(top, filters)
            count = max(8, options.pictures * 16 // filters)
            print(f"\n{SIDE}x{SIDE}, {filters} filters")
            if options.batches:
                batches(model, options.runs)
                continue
            make_pictures(top / "in", count)
            if options.clock:
                by_the_clock(top, model, options.runs, count)
                continue
            cold_starts(top, model, options.runs)
            folders(top, model, options.runs, count)


def make_model(top: Path, filters: int) -> Path:
    """The paper's U-Net with drawn weights, and its export."""
    shape = Architecture(3, 3, 8, filters, 8 * filters, "batch", 0.5)
    generator = shape.build()
    initialise(generator, torch.Generator().manual_seed(0))
    half = Half("mask", "picture"), Half("photo", "photo")
    card = ModelCard(shape, *half, None, Size(SIDE, SIDE), "stretch", "picture", False, 0, "")
    save_model(top / "model.safetensors", card, generator)
    export_onnx(top / "model.safetensors")
    return top / "model.safetensors"


def make_pictures(place: Path, count: int) -> None:
    """Flat areas in a few colours, as masks have; the outputs are as rich as photos."""
    random = np.random.default_rng(0)
    for number in range(count):
        blocks = random.integers(0, 4, (8, 8, 3), dtype=np.uint8) * 85
        write_png(place / f"{number:04d}.png", blocks.repeat(SIDE // 8, 0).repeat(SIDE // 8, 1), durable=False)


def cold_starts(top: Path, model: Path, runs: int) -> None:
    """`p2p sample` of one picture in a process of its own, and what importing torch takes of it."""
    found: dict[str, list[measure.Cost]] = {}
    for run in range(runs):
        for runtime in RUNTIMES:
            dest = top / f"cold-{runtime}-{run}"
            words = ("sample", str(model), str(top / "in" / "0000.png"), "--out", str(dest), "--runtime", runtime)
            found.setdefault(f"cold start, {runtime}", []).append(
                measure.run((*measure.P2P, *words, "--device", "cpu"))
            )
        bare = measure.run((sys.executable, "-c", "import torch"))
        found.setdefault("python -c 'import torch'", []).append(bare)
    for name, costs in found.items():
        cpu = measure.spread([each.cpu for each in costs], "s", 2)
        wall = measure.spread([each.seconds for each in costs], "s", 2)
        print(f"{name:40}processor time {cpu}, wall time {wall}")


def by_the_clock(top: Path, model: Path, runs: int, count: int) -> None:
    """Pictures a second of `p2p sample` with its start, of bare passes, and of the script that everybody writes."""
    onnx = load_onnx_model(model.with_suffix(".onnx"))
    options = PassOptions("picture", seed=0)
    files = [top / "in" / f"{number:04d}.png" for number in range(count)]
    inputs = {"image": onnx.card.input_coding.encode(read_photo(files[0])[None])}
    inputs |= graph_inputs(onnx.card, SIDE, SIDE, options)
    alone = InferenceSession(str(model.with_suffix(".onnx")))
    numbers = iter(range(10**6))

    def command(runtime: str, _: int) -> None:
        dest = top / f"clock-{next(numbers)}"
        words = ("sample", str(model), str(top / "in"), "--out", str(dest), "--runtime", runtime)
        measure.run((*measure.P2P, *words, "--device", "cpu"))

    def script(_: int) -> None:
        (top / "script").mkdir(exist_ok=True)
        for file in files:
            pixels = np.asarray(Image.open(file).convert("RGB"), np.float32).transpose(2, 0, 1)[None] / 127.5 - 1
            output = alone.run(None, {**inputs, "image": pixels})[0][0].transpose(1, 2, 0)
            Image.fromarray(((output + 1) * 127.5).clip(0, 255).astype(np.uint8)).save(top / "script" / file.name)

    works: dict[str, Callable[[int], object]] = {
        "p2p sample, with its start": partial(command, "onnxruntime"),
        "the usual script: Pillow, one session": script,
        "bare passes, one session, its own threads": lambda count: [alone.run(None, inputs) for _ in range(count)],
        "bare passes, a thread for each core": partial(side_by_side, lambda: onnx.sessions.run(inputs, large=False)),
    }
    if has_openvino():
        compiled = load_openvino_model(model.with_suffix(".onnx")).sessions
        works["p2p sample by OpenVINO, with its start"] = partial(command, "openvino")
        works["bare passes, OpenVINO, a core each"] = partial(side_by_side, lambda: compiled.run(inputs, large=False))
    rates: dict[str, list[float]] = {}
    for _ in range(runs):
        for name, work in works.items():
            began = time.perf_counter()
            work(count)
            rates.setdefault(name, []).append(count / (time.perf_counter() - began))
    for name, found in rates.items():
        print(f"{name:44}{measure.spread(found, 'pictures/s', 1)}")


@dataclass(frozen=True)
class Time:
    """What one picture takes: seconds by the clock, and of processors."""

    wall: float
    cpu: float


def time_of(work: Callable[[int], object], pictures: int) -> Time:
    """What each further picture takes once work on one is done, so that loading the model is left out."""
    both = []
    for count in (1, pictures):
        wall, cpu = time.perf_counter(), time.process_time()
        work(count)
        both.append((time.perf_counter() - wall, time.process_time() - cpu))
    (wall, cpu), (all_wall, all_cpu) = both
    return Time((all_wall - wall) / (pictures - 1), (all_cpu - cpu) / (pictures - 1))


def folders(top: Path, model: Path, runs: int, count: int) -> None:
    """A folder in each runtime, beside the bare forward passes of all runtimes here, in turn."""
    works: dict[str, Callable[[int], object]] = dict(forward_passes(model))
    works[FLOOR] = partial(handle_files, top, model)
    for runtime in RUNTIMES:
        works[f"folder, {runtime}"] = partial(sample_some, top, model, runtime, iter(range(10**6)))
    times: dict[str, list[Time]] = {name: [] for name in works}
    for _ in range(runs):
        for name, work in works.items():
            times[name].append(time_of(work, count))
    walls = {name: statistics.median(each.wall for each in found) for name, found in times.items()}
    cpus = {name: statistics.median(each.cpu for each in found) for name, found in times.items()}
    bare = [name for name in works if name.startswith("forward")]
    for name in works:
        line = f"{name:40}{1 / walls[name]:.1f} pictures/s, processor time {cpus[name] * 1000:.1f} ms each"
        if name == FLOOR:
            best = min(cpus[each] for each in bare)
            line += f"; so a folder makes at most {best / (best + cpus[name]):.2f} of the fastest bare forward"
        own = [each for each in bare if name.partition(", ")[2] in each]
        for words, those in (("its own", own), ("the fastest", bare)) if name.startswith("folder") else ():
            line += (
                f"; ratio to {words} bare forward {min(walls[each] for each in those) / walls[name]:.2f} by the clock"
            )
            line += f", {min(cpus[each] for each in those) / cpus[name]:.2f} in processor time"
        print(line)


def sample_some(top: Path, model: Path, runtime: str, numbers: Iterator[int], count: int) -> None:
    """`p2p sample` of some pictures, without its start."""
    dest = top / f"folder-{runtime}-{next(numbers)}"
    given = [top / "in" / f"{number:04d}.png" for number in range(count)]
    sample(model, given, dest, runtime=runtime, device="cpu")


def handle_files(top: Path, model: Path, count: int) -> None:
    """Everything of so many pictures but their passes, and but names, checks, records and making files durable."""
    onnx = load_onnx_model(model.with_suffix(".onnx"))
    card, options = onnx.card, PassOptions("picture", seed=0)
    files = [top / "in" / f"{number:04d}.png" for number in range(count)]
    output = OnnxTranslator(onnx).values(read_photo(files[0]), options)
    (top / "floor").mkdir(exist_ok=True)
    for file in files:
        pixels = png.decode_plain(file.read_bytes())
        assert pixels is not None, "it is one of make_pictures"
        hash_pixels(pixels)
        card.input_coding.encode(pixels[None])
        graph_inputs(card, SIDE, SIDE, options)
        with (top / "floor" / file.name).open("wb") as written:
            written.writelines(png.encode(card.output_coding.decode(output)[0]))


def forward_passes(model: Path) -> Iterator[tuple[str, Callable[[int], object]]]:
    """So many bare passes: from the network's input to its output, dropout drawn before (but in torch)."""
    picture = np.random.default_rng(1).integers(0, 256, (SIDE, SIDE, 3), dtype=np.uint8)
    options = PassOptions("picture", seed=seed_of(hash_pixels(picture), 0, 1))
    onnx = load_onnx_model(model.with_suffix(".onnx"))
    image = onnx.card.input_coding.encode(picture[None])
    inputs = {"image": image, **graph_inputs(onnx.card, SIDE, SIDE, options)}
    run = onnx.sessions.run
    yield "forward, onnxruntime, a core each", partial(side_by_side, lambda: run(inputs, large=False))
    yield "forward, onnxruntime, all cores", lambda count: [run(inputs, large=True) for _ in range(count)]
    translator: Translator = torch_translator(read_model(model))
    yield "forward, torch, all cores", lambda count: [translator.values(picture, options) for _ in range(count)]
    if has_openvino():
        compiled = load_openvino_model(model.with_suffix(".onnx")).sessions
        yield "forward, openvino, a core each", partial(side_by_side, lambda: compiled.run(inputs, large=False))
        yield "forward, openvino, all cores", lambda count: [compiled.run(inputs, large=True) for _ in range(count)]


def batches(model: Path, runs: int) -> None:
    """What a picture takes in a pass of several, in onnxruntime with one thread, and whether it has the same bits."""
    onnx, random = load_onnx_model(model.with_suffix(".onnx")), np.random.default_rng(2)
    pictures = random.integers(0, 256, (max(BATCHES), SIDE, SIDE, 3), dtype=np.uint8)
    given = [
        {"image": onnx.card.input_coding.encode(each[None])}
        | graph_inputs(onnx.card, SIDE, SIDE, PassOptions("picture", seed=seed))
        for seed, each in enumerate(pictures)
    ]
    stacks = {size: [stack(given[at : at + size]) for at in range(0, len(given), size)] for size in BATCHES}
    run, times = onnx.sessions.run, dict[int, list[float]]()
    outputs = {size: np.concatenate([run(each, large=False) for each in stacks[size]]) for size in BATCHES}
    for _ in range(runs):
        for size, inputs in stacks.items():
            began = time.process_time()
            for each in inputs:
                run(each, large=False)
            times.setdefault(size, []).append((time.process_time() - began) / len(given) * 1000)
    for size, found in times.items():
        same = "the same bits" if np.array_equal(outputs[size], outputs[1]) else "OTHER BITS"
        print(f"{size} at once: {measure.spread(found, 'ms', 2)} of a core a picture, {same} as alone")


def stack(inputs: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The inputs of several passes as those of one."""
    return {name: np.concatenate([each[name] for each in inputs]) for name in inputs[0]}


def side_by_side(work: Callable[[], object], count: int) -> None:
    """The same work as often as said, by as many threads as there are cores."""
    with ThreadPoolExecutor(cores()) as pool:
        list(pool.map(lambda _: work(), range(count)))


if __name__ == "__main__":
    main()
