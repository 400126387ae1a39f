"""Updates a second on a quiet machine, and beside other programs that spin, compared with the fair share of the cores.

Nothing here may be imported by the packages. Other programs must not run meanwhile: this one starts its own. A run is
planned anew for each load, as `p2p train` would: it chooses its threads by time. Prints the share of the fair share
that is reached, and what the choice costs on a quiet machine, compared with the usual loop: as many threads as torch
takes, which spin while they wait.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from benchmarks import measure
else:  # run as a program, this folder is where Python looks
    import measure

_SPIN = "GOMP_SPINCOUNT"  # how often a waiting thread of libgomp looks before it sleeps
_USUAL_SPINS = "300000"  # what it is where nobody chose (libgomp's manual), which counts more than OMP_WAIT_POLICY
_PICTURES = 16
_REST = 4.0  # seconds after which threads of p2p spin again where nothing else runs
_CALM = 0.15  # cores that other programs may use before the first figure

Block = Callable[[], float]  # some seconds of updates; updates a second


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--preset", default="tiny", help="the networks")
    parser.add_argument("--beside", type=int, nargs="*", default=[1, 2, 6], help="how many programs spin")
    parser.add_argument("--seconds", type=float, default=3.0, help="of each block of updates")
    parser.add_argument("--rounds", type=int, default=3, help="blocks of each kind, in turn")
    parser.add_argument("--set", action="append", default=[], metavar="FIELD=VALUE", help="a setting of the config")
    parser.add_argument("--usual", action="store_true", help=argparse.SUPPRESS)  # the other process
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["XDG_CACHE_HOME"] = str(Path(folder) / "cache")
        run = Run(Path(folder), arguments.preset, dict(each.split("=", 1) for each in arguments.set))
        if arguments.usual:
            answer(run.block(None, arguments.seconds))
        else:
            report(run, arguments)


class Run:
    """The updates of a preset on drawn pairs, planned as `p2p train` plans them."""

    def __init__(self, folder: Path, preset: str, settings: dict[str, str]) -> None:
        import numpy as np

        from p2p_datatools.contract.pictures.images import write_png
        from p2p_gan.config.parse import with_settings
        from p2p_gan.config.presets import PRESETS
        from p2p_gan.data.task import identify_files, open_for_training
        from p2p_gan.training.job import make_job
        from p2p_gan.training.trial import prepare_data

        config = with_settings(PRESETS[preset], {"device": "cpu", "images": 1000, **settings})
        assert config.size is not None, "a size of its own has no picture"
        random = np.random.default_rng(0)
        shape = (config.size.height, 2 * config.size.width, 3)
        for number in range(_PICTURES):
            write_png(folder / "pairs" / "train" / f"{number}.png", random.integers(0, 256, shape, np.uint8))
        job = make_job(identify_files(open_for_training(folder / "pairs")), config)
        self.job, self.dataset = prepare_data(job, None)
        self.automatic = config.threads == 0

    def choose(self) -> tuple[int, str]:
        """The number of threads that a run would take that begins now, and what other programs use meanwhile."""
        from p2p_gan.training.speed import settle_speed

        self.job, found = settle_speed(self.job, self.dataset, automatic=self.automatic)
        return self.job.config.threads, f"{found.load.others or 0.0:.1f}"

    def block(self, threads: int | None, seconds: float) -> Block:
        """A block of updates with so many threads, after one that does not count; None is torch's own number."""
        import torch

        from p2p_gan.updates.step import train_step

        count = threads or torch.get_num_threads()

        def update(at: int) -> None:
            batch = self.dataset.batch(self.dataset.positions(at, self.job.config.batch), self.job.device)
            train_step(self.job.nets, batch, self.job.recipe, self.job.autocast)

        def measure_block() -> float:
            torch.set_num_threads(count)
            update(0)
            began, updates = time.perf_counter(), 0
            while (passed := time.perf_counter() - began) < seconds or not updates:
                update(updates * self.job.config.batch)
                updates += 1
            return updates / passed

        return measure_block


def answer(block: Block) -> None:
    """Measure a block for each line that comes in."""
    for _ in sys.stdin:
        print(json.dumps(block()), flush=True)


@contextmanager
def usual_loop(arguments: argparse.Namespace) -> Iterator[Block]:
    """Blocks of the usual loop, in a process of its own, which waits in between."""
    words = ["--usual", "--preset", arguments.preset, "--seconds", str(arguments.seconds)]
    words += [word for each in arguments.set for word in ("--set", each)]
    environment = {name: value for name, value in os.environ.items() if name != "OMP_WAIT_POLICY"}
    with subprocess.Popen(
        [sys.executable, __file__, *words],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environment | {_SPIN: _USUAL_SPINS},
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None

        def ask() -> float:
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write("\n")
            process.stdin.flush()
            found = float(json.loads(process.stdout.readline()))
            time.sleep(_REST)  # for the other blocks the usual loop was a program that had been busy
            return found

        try:
            yield ask
        finally:
            process.stdin.close()
            process.wait()


@contextmanager
def spinners(count: int) -> Iterator[None]:
    """So many programs that use a core each, if they get it."""
    started = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(count)]
    try:
        time.sleep(0.3)
        yield
    finally:
        for process in started:
            process.kill()
            process.wait()


def in_turn(blocks: dict[str, Block], rounds: int) -> dict[str, list[float]]:
    """The figures of the blocks, one of each after the other, and the other way round in every second round."""
    figures: dict[str, list[float]] = {name: [] for name in blocks}
    for number in range(rounds):
        names = list(blocks) if number % 2 == 0 else list(reversed(blocks))
        for name in names:
            figures[name].append(blocks[name]())
    return figures


def fair_speed(one: float, best: float, cores: int, spinning: int) -> float:
    """Updates a second of one of so many programs that share the cores equally, out of those with one and all cores."""
    share = cores / (spinning + 1)
    if share <= 1 or cores == 1:
        return one * min(1.0, share)
    return one + (best - one) * (share - 1) / (cores - 1)


def report(run: Run, arguments: argparse.Namespace) -> None:
    """Measure quiet and beside each number of spinning programs, and print."""
    from p2p_datatools.contract.machine import cores
    from p2p_gan.machine.load import measure_load

    print(measure.header(arguments.rounds, "p2p-gan", "torch"))
    config = run.job.config
    print(f"preset {arguments.preset}, {config.size}, batch {config.batch}, {config.precision}; updates a second")
    if (others := measure_load().others or 0.0) > _CALM:
        print(f"other programs use {others:.1f} cores already: the figures are worth little")
    with usual_loop(arguments) as usual:
        usual()  # until it has answered it is loading torch, which is a load of its own
        chosen, _ = run.choose()
        counts = sorted({1, chosen, cores()})
        blocks = {str(count): run.block(count, arguments.seconds) for count in counts}
        quiet = in_turn(blocks | {"usual": usual}, arguments.rounds + 2)
    middle = {name: statistics.median(each) for name, each in quiet.items()}
    best = max(middle[str(count)] for count in counts)
    for name, figures in quiet.items():
        what = (
            "the usual loop, all cores"
            if name == "usual"
            else f"{name} threads" + (", chosen" if name == str(chosen) else "")
        )
        print(f"quiet      {what:<28} {measure.spread(figures, '', 2)}")
    shares = [beside(run, number, arguments, middle["1"], best) for number in arguments.beside]
    cost = 1 - middle[str(chosen)] / max(best, middle["usual"])
    print(f"smallest share of the fair share {min(shares, default=1.0):.2f} (aim 0.80)")
    print(f"quiet cost {cost:.1%} (aim under 3%)")


def beside(run: Run, spinning: int, arguments: argparse.Namespace, one: float, best: float) -> float:
    """Measure beside so many spinning programs and print; returns the share of the fair share that is reached."""
    from p2p_datatools.contract.machine import cores

    with spinners(spinning):
        chosen, _ = run.choose()
        counts = sorted({1, chosen, cores()})
        blocks = {str(count): run.block(count, arguments.seconds) for count in counts}
        figures = in_turn(blocks, arguments.rounds)
    fair = fair_speed(one, best, cores(), spinning)
    share = statistics.median(figures[str(chosen)]) / fair
    for name, each in figures.items():
        mark = f", chosen; {share:.2f} of the fair share, {fair:.2f}" if name == str(chosen) else ""
        print(f"beside {spinning:<3} {name + ' threads':<12} {measure.spread(each, '', 2)}{mark}")
    return share


if __name__ == "__main__":
    main()
