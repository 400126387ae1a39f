"""Commands in processes of their own, each forked from one process that has loaded the libraries and has no threads.

Nothing here may fork the process of the tests: it has threads, and a fork, which lacks them, may wait for one for ever.
"""

import multiprocessing
import os
import sys
import traceback
from multiprocessing.process import BaseProcess
from pathlib import Path

from faults.writers import Writer

_CLEAN = multiprocessing.get_context("forkserver")
# What takes seconds to load.
_CLEAN.set_forkserver_preload(
    [
        *("p2p_cli.app", "torch", "cv2", "skimage.metrics"),
        *("p2p_datatools.masks.build", "p2p_datatools.pairs.build", "p2p_datatools.splits.apply"),
        *("p2p_gan.training.run", "p2p_gan.evaluation.work", "p2p_gan.experiments.study", "p2p_gan.inference.sampling"),
    ]
)


def start(writer: Writer, place: Path, given: Path, told: Path) -> BaseProcess:
    """A process that runs the command and writes its exit code and its words to a file."""
    process = _CLEAN.Process(target=_run, args=(writer, place, given, told))
    process.start()
    return process


def _run(writer: Writer, place: Path, given: Path, told: Path) -> None:
    try:
        code, said = writer.run(place, given)
        told.write_text(f"{code}\n{said}")
    except BaseException:
        told.write_text(f"99\n{traceback.format_exc()}")
    sys.stdout.flush()
    os._exit(0)
