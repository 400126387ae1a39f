"""Starts one command as several processes on this machine, by torch's own elastic launcher, and says how they ended.

Nothing here may know what the command does or print; a process that dies is replaced with all others, so that they
meet anew.
"""

import logging
import os
import signal
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
from torch.distributed.elastic.multiprocessing.api import SignalException
from torch.distributed.elastic.multiprocessing.errors import ChildFailedError, ProcessFailure
from torch.distributed.launcher.api import LaunchConfig, elastic_launch

from p2p_datatools.contract.errors import UsageError
from p2p_gan.machine.device import cuda_devices

_LOGGERS = "torch.distributed"
# Seconds to save in; and no warning of a socket from each process.
_SETTINGS = {"TORCH_ELASTIC_SHUTDOWN_TIMEOUT": "60", "TORCH_CPP_LOG_LEVEL": "ERROR"}


def refuse_missing(kind: str, count: int) -> None:
    """Raise UsageError when there are fewer devices here than processes would need."""
    if kind == "cuda" and torch.cuda.device_count() < count:
        raise UsageError(
            f"device=cuda*{count}",
            f"this machine has {cuda_devices(torch.cuda.device_count())}",
            "Choose no more than that.",
            code="missing-device",
        )


def launch(command: Sequence[str], count: int, restarts: int) -> str:
    """Run the command `count` times, as ranks that find each other through the environment; waits for all of them.

    Gives "" when all have ended well or at a signal, else a sentence that says which failed first, and how.

    SIGINT and SIGTERM are passed on, and the processes get a minute to save (TORCH_ELASTIC_SHUTDOWN_TIMEOUT seconds,
    where torch knows it; else 30 s). All are started again, up to `restarts` times, when one fails.
    """
    _be_quiet()
    for name, value in _SETTINGS.items():
        os.environ.setdefault(name, value)
    config = LaunchConfig(
        min_nodes=1,
        max_nodes=1,
        nproc_per_node=count,
        run_id=uuid.uuid4().hex,
        rdzv_backend="c10d",
        rdzv_endpoint="localhost:0",
        max_restarts=restarts,
        local_addr="localhost",
    )
    try:
        with _restore_signals():
            elastic_launch(config, command[0])(*command[1:])
    except ChildFailedError as error:
        return _first(error)
    except SignalException:
        return ""
    return ""


@contextmanager
def _restore_signals() -> Iterator[None]:
    """Leave this process's handling of signals as it was; torch's agent sets its own and keeps them."""
    numbers = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT)
    before = {number: signal.getsignal(number) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _be_quiet() -> None:
    """Keep torch's tables and tracebacks of processes that have said themselves what was wrong."""
    for name in list(logging.root.manager.loggerDict):
        if name.startswith(_LOGGERS):
            logging.getLogger(name).setLevel(logging.CRITICAL)


def _first(error: ChildFailedError) -> str:
    """Which process failed first, and how; one that was killed tells more than one that has missed it."""
    rank, failure = min(error.failures.items(), key=lambda each: (not _was_killed(each[1]), each[1].timestamp, each[0]))
    if _was_killed(failure):
        return f"rank {rank} (process {failure.pid}) was killed by {signal.Signals(-failure.exitcode).name}."
    return f"rank {rank} (process {failure.pid}) ended with exit code {failure.exitcode}."


def _was_killed(failure: ProcessFailure) -> bool:
    return failure.exitcode < 0 and -failure.exitcode != signal.SIGTERM
