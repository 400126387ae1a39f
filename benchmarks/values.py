"""Distinct values and reductions over channels, beside numpy's own functions, in turn in one process.

Nothing here may read or write a file: values are random numbers.

Usage: python benchmarks/values.py [--runs N]

Processor time of a call in microseconds, medians; each line has the values, numpy's time, ours, and the ratio.
"""

import argparse
import statistics
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from p2p_datatools.contract.values import find_distinct, reduce_channels

if TYPE_CHECKING:
    from benchmarks import measure
else:  # run as a program, this folder is where Python looks
    import measure

SIDE = 512
_Pair = tuple[str, Callable[[], Any], Callable[[], Any]]


def pairs() -> Iterator[_Pair]:
    """What is measured, in words, by numpy, and by the package."""
    rng = np.random.default_rng(0)
    shape = SIDE, SIDE
    distinct: dict[str, NDArray[Any]] = {
        "colours, 32 bits": rng.integers(0, 1 << 24, shape).astype(np.uint32),
        "64 bits": rng.integers(0, 1 << 40, shape),
        "16 bits": rng.integers(0, 1 << 16, shape).astype(np.uint16),
        "five numbers, 32 bits": rng.integers(0, 5, shape).astype(np.uint32),
        "five numbers, 8 bits": rng.integers(0, 5, shape).astype(np.uint8),
    }
    for words, values in distinct.items():
        yield f"distinct, {words}", partial(np.unique, values), partial(find_distinct, values)
    photo = rng.integers(0, 256, (*shape, 3)).astype(np.uint8)
    for operation, pixels in ((np.maximum, photo), (np.logical_and, photo > 7), (np.add, photo.astype(np.float32))):
        own = partial(operation.reduce, pixels, axis=2)
        yield f"channels, {operation.__name__}", own, partial(reduce_channels, operation, pixels)


def microseconds(work: Callable[[], Any]) -> float:
    """The processor time of one call."""
    began = time.process_time()
    work()
    return (time.process_time() - began) * 1e6


def main() -> None:
    """Print a line for each pair."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=20)
    runs = parser.parse_args().runs
    print(measure.header(runs, "numpy"))
    for words, theirs, ours in pairs():
        assert np.array_equal(theirs(), ours()), f"{words}: other values"
        found = [(microseconds(theirs), microseconds(ours)) for _ in range(runs)]
        first, second = (statistics.median(times) for times in zip(*found, strict=True))
        print(f"{words:32} {first:9.0f} us  {second:9.0f} us  {second / first:.3f}")


if __name__ == "__main__":
    main()
