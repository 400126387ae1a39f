"""An error in one of several processes: one line with its rank, said once, and an end of all the others.

Nothing here may know networks or files, or print.
"""

import os
import re
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch.distributed as dist
from torch.distributed.distributed_c10d import Store

from p2p_datatools.contract.errors import P2PError, UsageError
from p2p_datatools.contract.words import first_line

OWN_LAUNCHER = "p2p-"  # how the TORCHELASTIC_RUN_ID of our launcher begins, which says how to resume
_FAILED, _LEFT = "p2p/failed", "p2p/left"  # in the store: a process has met an error; one has lost another
_LOOK, _GRACE = 1.0, 20.0  # seconds between two looks for such a process, and for ending in order
_LOST = re.compile(r"gloo|nccl|connection (was )?(closed|reset)|broken pipe|socket|store", re.IGNORECASE)
_GONE = re.compile(r"ncclRemoteError|closed by remote|reset by peer|broken pipe|abort", re.IGNORECASE)
_RESUME = "Repeat the command to continue from the last checkpoint."
# What NCCL says of its own failure, and what helps.
_ADVICE = {
    "/dev/shm": "Give the container more shared memory (docker run --shm-size=1g, or --ipc=host).",
    "Duplicate GPU": "Start one process for each GPU; NCCL does not take two of one GPU, or parts of it (MIG).",
    "out of memory": "End what else uses the GPU, or use a smaller --batch.",
}
_ASK_NCCL = "Repeat the command with NCCL_DEBUG=INFO, which says why; docs/clusters.md has settings that help."
_MOST = 400  # characters of what NCCL says


class BrokenError(P2PError):
    """A process has failed for a reason other than data and settings, so that training may be restarted."""

    passing = True


class LostError(BrokenError):
    """Another process has ended; it reports the reason itself."""

    said_elsewhere = False  # until it is known that another process has reported the reason


@contextmanager
def report_once(rank: int, store: Store) -> Iterator[None]:
    """Turn an error into one line with the rank, marked if another process reports it."""
    try:
        yield
    except P2PError as error:
        # The new error must not have a local name here: that would keep this frame and its connections alive.
        raise _announce(name_rank(error, rank), store) from error
    except RuntimeError as error:
        if said := _own_words_of_nccl(error):
            raise _announce(_nccl_error(said, rank), store) from error
        if not isinstance(error, dist.DistError) and not _LOST.search(str(error)):
            raise _announce(_unexpected_error(error, rank), store) from error
        raise _lost_error(rank, store) from error
    except Exception as error:
        raise _announce(_unexpected_error(error, rank), store) from error


def name_rank(error: P2PError, rank: int) -> P2PError:
    """The same error with the rank of the process."""
    kind = next(each for each in (UsageError, BrokenError, P2PError) if isinstance(error, each))
    where = f"rank {rank}" + (f": {error.where}" if error.where else "")
    return kind(where, error.what, error.to_do, code=error.code, parts=error.parts)


def _own_words_of_nccl(error: RuntimeError) -> str:
    """What NCCL says if it has failed here, and not because another process is gone; "" if it has not."""
    if "NCCL error" not in str(error) or _GONE.search(str(error)):
        return ""
    first, *others = str(error).splitlines()
    # The first line has the place in torch's code; what was wrong follows, if NCCL knows.
    return " ".join(" ".join(others or [first]).split())[:_MOST]


def _nccl_error(said: str, rank: int) -> BrokenError:
    to_do = next((advice for word, advice in _ADVICE.items() if word in said), _ASK_NCCL)
    return BrokenError(f"rank {rank}", f"NCCL failed: {said}", to_do, code="nccl-failed")


def _lost_error(rank: int, store: Store) -> LostError:
    lost = LostError(
        f"rank {rank}", "has lost the connection to another process, which may have ended", _RESUME, code="lost-process"
    )
    # The lost process has reported the reason, or was killed: then our launcher reports it, or the first process; the
    # second, if the first one, which has the store without a launcher, is gone.
    first = 0 if _is_there(store) else 1
    lost.said_elsewhere = _has_launcher_that_tells() or rank > first or _is_announced(store)
    lost.passing = not _is_announced(store, lasting=True)
    _set(store, _LEFT, "")
    return lost


def _has_launcher_that_tells() -> bool:
    """Whether the launcher restarts all, or is ours; torchrun names what was killed, and not how to resume."""
    names = ("RUN_ID", "RESTART_COUNT", "MAX_RESTARTS")
    run, restarted, most = (os.environ.get(f"TORCHELASTIC_{name}", "") for name in names)
    return run.startswith(OWN_LAUNCHER) or restarted != most


def _unexpected_error(error: Exception, rank: int) -> BrokenError:
    frame = traceback.extract_tb(error.__traceback__)[-1]
    what = f"{type(error).__name__}: {first_line(error)}"
    return BrokenError(
        f"rank {rank}", f"{what} ({Path(frame.filename).name}, line {frame.lineno})", _RESUME, code="unexpected-error"
    )


def _announce(error: P2PError, store: Store) -> P2PError:
    """Announce the error to the other processes, and mark it if another process has announced one before."""
    try:
        error.said_elsewhere = store.add(f"{_FAILED}/count", 1) > 1
    except RuntimeError:  # the process with the store has ended
        error.said_elsewhere = False
    if not error.said_elsewhere:  # what follows from the first error says nothing of a restart
        _set(store, _FAILED, "passing" if error.passing else "lasting")
    return error


def _set(store: Store, key: str, value: str) -> None:
    try:
        store.set(key, value)
    except RuntimeError:  # the process with the store has ended
        return


def _is_there(store: Store) -> bool:
    try:
        store.check([_FAILED])
    except RuntimeError:
        return False
    return True


def _is_announced(store: Store, key: str = _FAILED, *, lasting: bool = False) -> bool:
    """Whether a process has announced an error; with `lasting`, one that a restart would meet again."""
    try:
        return bool(store.check([key])) and (not lasting or store.get(key) == b"lasting")
    except RuntimeError:
        return False


@contextmanager
def end_with_others(store: Store) -> Iterator[None]:
    """While this is open, end this process some seconds after another one has failed, if it has not ended by itself.

    A GPU waits in an exchange for a process that is gone, and the host for the GPU: for half an hour, in which no
    signal is heard. After that NCCL would end the process in the same way, since the weights may be damaged.
    """
    over = threading.Event()
    threading.Thread(target=_outlive, args=(store, over), name="p2p-others", daemon=True).start()
    try:
        yield
    finally:
        over.set()


def _outlive(store: Store, over: threading.Event) -> None:
    while not over.wait(_LOOK):
        if _others_fail(store) and not over.wait(_GRACE):
            os._exit(P2PError.exit_code)  # what it was saving is whole or does not exist


def _others_fail(store: Store) -> bool:
    return not _is_there(store) or _is_announced(store) or _is_announced(store, _LEFT)
