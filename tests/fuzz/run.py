"""Gives mutated files to every reader for so many minutes or inputs, and says what was accepted, refused, or foreign.

    python -m fuzz.run --minutes 1 --only coco palette     (with tests/ on PYTHONPATH; `nox -s fuzz` does that)

Where atheris is installed it chooses the mutations by what they reach; elsewhere a number and the seed do.

An input is right when it is read, or refused with one P2PError. Any other exception, more than ten seconds of the
processor, or more memory than the limit is a finding: its files are kept below --keep, and --again repeats them.
Nothing here may know a format.
"""

import argparse
import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from random import Random
from types import FrameType

from fuzz.mutate import HERE, Tree, mutate
from fuzz.steer import SteeredRandom
from fuzz.targets import Target, data_targets
from p2p_datatools.contract.errors import P2PError

SECONDS = 10.0  # of the processor that one input may take; nearly all take milliseconds
WAITED = 120.0  # by the clock, in which an input ends even if it waits for something
MEMORY = 6 << 30  # bytes of address space of a process, of which torch takes two by being loaded
_SLICE = 40.0  # seconds that one process works on a target before the next has its turn
_RIGHT = ("accepted", "refused")
_ATHERIS, _SEEDED = "atheris", "seeded"
_STEPS = "steps.bin"  # the bytes that lead to a finding, in its folder


@cache
def find_targets(name: str = "") -> dict[str, Target]:
    """Every target by its name; for one that needs no torch, which takes seconds to load, those of its kind."""
    found = {each.name: each for each in data_targets()}
    if name in found:
        return found

    from fuzz.model_targets import model_targets  # torch takes seconds to load

    return found | {each.name: each for each in model_targets()}


class TooLongError(BaseException):
    """An input that takes longer than it may; not an Exception, so that no reader can catch it."""


@dataclass
class Tally:
    """How the inputs of one target ended, and what is foreign about some by its kind."""

    ends: Counter[str] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)

    @property
    def inputs(self) -> int:
        """How many there were."""
        return self.ends.total()

    @property
    def foreign(self) -> int:
        """How many ended as none may."""
        return self.inputs - sum(self.ends[each] for each in _RIGHT)


def make_input(target: Target, steps: int | bytes, seed: int) -> Tree:
    """The files of one input; the same for the same target and bytes, or number and seed."""
    random = SteeredRandom(steps) if isinstance(steps, bytes) else Random(f"{seed} {target.name} {steps}")
    tree = random.choice(target.seeds)
    fixed = {name: data for name, data in tree.items() if not target.changes(name)}
    return fixed | mutate({name: data for name, data in tree.items() if name not in fixed}, random)


def try_input(target: Target, tree: Tree, folder: Path) -> tuple[str, str]:
    """(how it ended, its kind when that is foreign); `folder` is new, and holds the files afterwards."""
    for name, data in tree.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data.replace(HERE, str(folder).encode()))
    try:
        with _limit_time():
            target.read(folder)
    except P2PError as error:
        text = str(error)  # which must be printable, too
        return ("refused", "") if text.isprintable() or error.parts else ("foreign", f"unprintable: {text!a:.80}")
    except (Exception, TooLongError) as error:
        return "foreign", _kind(error)
    return "accepted", ""


def _kind(error: BaseException) -> str:
    """What was raised, in which line, called by which of ours."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [each for each in frames if "p2p_" in each.filename] or frames
    last = f"{Path(own[-1].filename).name}:{own[-1].lineno}"
    deepest = f" in {Path(frames[-1].filename).name}" if frames[-1] is not own[-1] else ""
    words = " ".join(str(error).split())
    return f"{type(error).__name__}: {words:.60} @{last}{deepest}"


@contextmanager
def _limit_time() -> Iterator[None]:
    def stop(number: int, frame: FrameType | None) -> None:
        raise TooLongError(f"{SECONDS:g} s" if number == signal.SIGPROF else f"{WAITED:g} s by the clock")

    # Of the processor, since on a busy machine anything takes long by the clock.
    timers = {signal.SIGPROF: (signal.ITIMER_PROF, SECONDS), signal.SIGALRM: (signal.ITIMER_REAL, WAITED)}
    before = {number: signal.signal(number, stop) for number in timers}
    for timer, seconds in timers.values():
        signal.setitimer(timer, seconds)
    try:
        yield
    finally:
        for timer, _ in timers.values():
            signal.setitimer(timer, 0)
        for number, handler in before.items():
            signal.signal(number, handler)


def run_inputs(target: Target, numbers: range, *, seed: int, seconds: float = 1e9, keep: Path | None = None) -> Tally:
    """Try inputs until the numbers or the seconds are used up; of each foreign kind the first is kept below `keep`."""
    tally, end = Tally(), time.monotonic() + seconds
    with tempfile.TemporaryDirectory(prefix="fuzz-") as place:
        for number in numbers:
            if time.monotonic() > end:
                break
            run_input(target, number, tally, seed=seed, place=Path(place), keep=keep)
    return tally


def run_input(
    target: Target, steps: int | bytes, tally: Tally, *, seed: int, place: Path, keep: Path | None = None
) -> None:
    """Try one input below `place`, and count how it ended."""
    tree = make_input(target, steps, seed)
    if keep is not None:
        # A crash of the interpreter leaves this behind.
        _at(keep, target).write_bytes(steps if isinstance(steps, bytes) else str(steps).encode())
    ended, kind = try_input(target, tree, place / "w" / "in")
    tally.ends[ended] += 1
    if kind:
        tally.kinds[kind] += 1
        if tally.kinds[kind] == 1 and keep is not None:
            _keep(keep, target, tree, steps, seed, kind)
    shutil.rmtree(place / "w", ignore_errors=True)


def _at(keep: Path, target: Target) -> Path:
    return keep / f"{target.name}.at"


def _keep(keep: Path, target: Target, tree: Tree, steps: int | bytes, seed: int, kind: str) -> None:
    place = keep / f"{target.name}-{zlib.crc32(kind.encode('utf-8', 'replace')):08x}"
    if place.exists():
        return
    for name, data in tree.items():
        path = place / "files" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    again = place / _STEPS if isinstance(steps, bytes) else steps
    if isinstance(steps, bytes):
        (place / _STEPS).write_bytes(steps)
    (place / "kind.txt").write_text(f"{kind}\n--only {target.name} --seed {seed} --again {again}\n", "utf-8", "replace")


def limit_memory() -> None:
    """Let this process have no more memory than an input may take."""
    import resource

    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _work(arguments: argparse.Namespace) -> int:
    """One slice of one target, in this process; prints how each input ended, for `_run_slice`."""
    (name,) = arguments.only
    limit_memory()
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # what libraries say about broken pictures
    numbers = range(arguments.first, arguments.first + arguments.inputs)
    tally = run_inputs(
        find_targets(name)[name], numbers, seed=arguments.seed, seconds=arguments.seconds, keep=arguments.keep
    )
    print_tally(tally)
    return 0


def print_tally(tally: Tally) -> None:
    """Print how the inputs of a slice ended, for `_run_slice`."""
    for kind, count in tally.ends.items():
        print(f"end\t{count}\t{kind}")
    for kind, count in tally.kinds.items():
        print(f"kind\t{count}\t{kind!a}")


def _run_slice(target: Target, tally: Tally, asked: argparse.Namespace, *, seconds: float) -> None:
    """A slice in a process of its own, which an input may bring down."""
    start = ["-m", "fuzz.guided"] if asked.engine == _ATHERIS else ["-m", "fuzz.run", "--work"]
    words = {"only": target.name, "seed": asked.seed, "keep": asked.keep, "first": tally.inputs}
    words |= {"inputs": asked.inputs - tally.inputs, "seconds": f"{seconds:.1f}"}
    command = [sys.executable, *start, *(each for key, value in words.items() for each in (f"--{key}", str(value)))]
    limit = seconds + 2 * WAITED
    try:
        result = subprocess.run(command, stdout=subprocess.PIPE, text=True, timeout=limit, check=False)
        lines, code = result.stdout.splitlines(), str(result.returncode)
    except subprocess.TimeoutExpired:
        lines, code = [], "time"
    if code != "0":
        _count_crash(target, tally, asked, f"the process ended with {code}")
    for line in lines:
        what, count, kind = line.split("\t")
        (tally.ends if what == "end" else tally.kinds)[kind] += int(count)


def _count_crash(target: Target, tally: Tally, asked: argparse.Namespace, what: str) -> None:
    """Count and keep the input at which a process ended."""
    left = _at(asked.keep, target).read_bytes() if _at(asked.keep, target).exists() else b""
    steps: int | bytes = left if asked.engine == _ATHERIS else int(left or tally.inputs)
    kind = what if isinstance(steps, bytes) else f"{what} at input {steps}"
    if isinstance(steps, int):
        tally.ends["accepted"] += max(0, steps - tally.inputs)  # so that the next slice begins behind it
    tally.kinds[kind] += 1
    tally.ends["foreign"] += 1
    _keep(asked.keep, target, make_input(target, steps, asked.seed), steps, asked.seed, kind)


def _row(tally: Tally) -> tuple[int, int, int, int]:
    return tally.inputs, tally.ends["accepted"], tally.ends["refused"], tally.foreign


def _cells(numbers: Iterable[int]) -> str:
    return "".join(f"{each:>10}" for each in numbers)


def _show(tallies: dict[str, Tally]) -> None:
    print(f"{'target':<18}{'inputs':>10}{'accepted':>10}{'refused':>10}{'foreign':>10}")
    for name, tally in tallies.items():
        print(f"{name:<18}{_cells(_row(tally))}")
    every = [sum(each) for each in zip(*map(_row, tallies.values()), strict=True)]
    print(f"{'all':<18}{_cells(every)}")
    for name, tally in tallies.items():
        for kind, count in tally.kinds.most_common():
            print(f"{name}: {count} times {kind}")


def _run(arguments: argparse.Namespace) -> int:
    """All targets in turn, a slice each, until the time or the inputs are used up; 1 when anything is foreign."""
    targets = find_targets()
    names = [name for name in targets if not arguments.only or any(each in name for each in arguments.only)]
    tallies = {name: Tally() for name in names}
    end = time.monotonic() + 60 * arguments.minutes
    arguments.keep.mkdir(parents=True, exist_ok=True)
    print(f"Engine: {arguments.engine}.", flush=True)
    waiting = list(names)
    while waiting and time.monotonic() < end:
        name = waiting.pop(0)
        seconds = min(_SLICE, max(1.0, (end - time.monotonic()) / (len(waiting) + 1)))
        _run_slice(targets[name], tallies[name], arguments, seconds=seconds)
        if tallies[name].inputs < arguments.inputs:
            waiting.append(name)
    _show(tallies)
    found = any(tally.foreign for tally in tallies.values())
    print(f"The inputs are in {arguments.keep}." if found else "Nothing foreign.")
    return int(found)


def _repeat(arguments: argparse.Namespace) -> int:
    """One input again, with its traceback."""
    (name,) = arguments.only
    target = find_targets(name)[name]
    folder = Path(tempfile.mkdtemp(prefix="fuzz-again-")) / "in"
    word = arguments.again
    tree = make_input(target, int(word) if word.isdigit() else Path(word).read_bytes(), arguments.seed)
    print(f"The files are in {folder}.")
    print(*try_input(target, tree, folder))
    target.read(folder)
    return 0


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Mutated files for every reader.")
    parser.add_argument("--minutes", type=float, default=10.0, help="how long; 10 by default")
    parser.add_argument("--inputs", type=int, default=10**9, help="at most so many for each target")
    parser.add_argument("--only", nargs="*", default=[], help="targets whose names hold one of these words")
    parser.add_argument("--seed", type=int, default=0, help="another seed gives other inputs")
    parser.add_argument("--keep", type=Path, default=Path("build/fuzz"), help="where findings are kept")
    parser.add_argument("--again", help="repeat this input of the one target of --only: a number, or a file of bytes")
    parser.add_argument("--engine", choices=("auto", _ATHERIS, _SEEDED), default="auto", help="who chooses mutations")
    parser.add_argument("--work", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--first", type=int, default=0, help=argparse.SUPPRESS)
    parser.add_argument("--seconds", type=float, default=1e9, help=argparse.SUPPRESS)
    return parser


def read_work_options() -> argparse.Namespace:
    """The options of a process that works on a slice."""
    return _options().parse_args()


def main() -> int:
    """Read the command line and run; the exit code is 1 when anything is foreign."""
    arguments = _options().parse_args()
    if arguments.engine == "auto":
        arguments.engine = _ATHERIS if importlib.util.find_spec(_ATHERIS) else _SEEDED
    if arguments.work:
        return _work(arguments)
    return _repeat(arguments) if arguments.again is not None else _run(arguments)


if __name__ == "__main__":
    sys.exit(main())
