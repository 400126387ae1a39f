"""Starts one command as several processes on this machine by torch's elastic launcher, and reports how they ended.

Nothing here may print or know what the command does; after the failure of one process all are restarted.
"""

import logging
import os
import signal
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
from torch.distributed.elastic.multiprocessing.api import DefaultLogsSpecs, SignalException
from torch.distributed.elastic.multiprocessing.errors import ChildFailedError, ProcessFailure
from torch.distributed.launcher.api import LaunchConfig, elastic_launch

from p2p_datatools.contract.errors import UsageError
from p2p_datatools.contract.words import plural
from p2p_gan.machine.failures import OWN_LAUNCHER

_LOGGERS = "torch.distributed"
# Seconds for saving; and no warnings about sockets.
_SETTINGS = {"TORCH_ELASTIC_SHUTDOWN_TIMEOUT": "60", "TORCH_CPP_LOG_LEVEL": "ERROR"}
# Windows has the first two alone.
_NAMES = ("SIGTERM", "SIGINT", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2", "SIGXCPU")
_ENDING = [each for each in signal.Signals if each.name in _NAMES]


def refuse_missing(kind: str, count: int) -> None:
    """Raise UsageError if this machine has fewer than `count` devices of this kind."""
    if kind == "cuda" and torch.cuda.device_count() < count:
        what = f"this machine has {plural(torch.cuda.device_count(), 'CUDA device')}"
        raise UsageError(f"device=cuda*{count}", what, "Choose a lower number.", code="missing-device")


def launch(command: Sequence[str], count: int, restarts: int) -> str:
    """Run the command in `count` processes with ranks and addresses in their environment; waits for all of them.

    Returns "" if all have ended without error or after a signal, else a sentence with the first that failed, and how.

    The signals at which a run saves are passed on, and the processes get a minute to save, or as many seconds as
    TORCH_ELASTIC_SHUTDOWN_TIMEOUT says, if torch supports it, else 30. If one fails, all are restarted, up to
    `restarts` times.
    """
    _be_quiet()
    for name, value in _SETTINGS.items():
        os.environ.setdefault(name, value)
    config = LaunchConfig(
        min_nodes=1,
        max_nodes=1,
        nproc_per_node=count,
        run_id=f"{OWN_LAUNCHER}{uuid.uuid4().hex}",
        rdzv_backend="c10d",
        rdzv_endpoint="localhost:0",
        max_restarts=restarts,
        local_addr="localhost",
        logs_specs=DefaultLogsSpecs(os.devnull),  # else each launch leaves a folder torchelastic_* of empty logs
    )
    if hasattr(config, "signals_to_handle"):  # else torch lets none be chosen
        config.signals_to_handle = _signals()
    try:
        with _restore_signals():
            elastic_launch(config, command[0])(*command[1:])
    except ChildFailedError as error:
        return _first(error)
    except SignalException:
        return ""
    return ""


def _signals() -> str:
    """The signals that the launcher passes on; what this process ignores, as SIGHUP under nohup, is none of them."""
    return ",".join(each.name for each in _ENDING if signal.getsignal(each) != signal.SIG_IGN)


@contextmanager
def _restore_signals() -> Iterator[None]:
    """Restore this process's signal handlers, since torch's agent sets its own and keeps them."""
    before = {number: signal.getsignal(number) for number in _ENDING}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _be_quiet() -> None:
    """Silence torch's tables and tracebacks of failed processes, which report their errors themselves."""
    for name in list(logging.root.manager.loggerDict):
        if name.startswith(_LOGGERS):
            logging.getLogger(name).setLevel(logging.CRITICAL)


def _first(error: ChildFailedError) -> str:
    """A sentence with the first process that failed, and how.

    One that was killed comes before those that lost it, and last come those that the launcher has ended by SIGTERM:
    torch knows the whole second of an end alone.
    """

    def order(each: tuple[int, ProcessFailure]) -> tuple[int, int, int]:
        rank, failure = each
        kind = 0 if _was_killed(failure) else 2 if failure.exitcode == -signal.SIGTERM else 1
        return kind, failure.timestamp, rank

    rank, failure = min(error.failures.items(), key=order)
    if _was_killed(failure):
        return f"rank {rank} (process {failure.pid}) was killed by {signal.Signals(-failure.exitcode).name}."
    return f"rank {rank} (process {failure.pid}) ended with exit code {failure.exitcode}."


def _was_killed(failure: ProcessFailure) -> bool:
    return failure.exitcode < 0 and -failure.exitcode != signal.SIGTERM
