"""Several processes that train one model: their ranks, their shares of a batch, and their communication.

Nothing here may know networks, files or a terminal; with one process every exchange returns what was passed to it.
"""

import json
import os
import re
import signal
import socket
import threading
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor
from torch.distributed.distributed_c10d import PrefixStore, Store
from torch.distributed.rendezvous import rendezvous

from p2p_datatools.contract.errors import P2PError, UsageError
from p2p_datatools.contract.progress import QUIET, Reporter
from p2p_datatools.contract.words import first_line, plural

# Timeouts. Between two updates the first process may validate, which can take long; within an update nothing does.
_BETWEEN, _WITHIN, _MEETING = timedelta(days=1), timedelta(minutes=30), timedelta(minutes=15)
_PATIENCE = 10.0  # seconds, after which it is said for what a process waits
BACK = 128  # what `agree` gives when the record says that all must go back; above every signal
_ENOUGH = 127  # what it gives when training ends by itself before its last image
_FAILED = "p2p/failed"
_LOST = re.compile(r"gloo|nccl|connection (was )?(closed|reset)|broken pipe|socket|store", re.IGNORECASE)
_DEVICES = re.compile(r"(cpu|cuda)\*([1-9]\d*)")


class BrokenError(P2PError):
    """A process has failed for a reason other than data and settings, so that training may be restarted."""

    passing = True


class LostError(BrokenError):
    """Another process has ended; it reports the reason itself."""

    said_elsewhere = False  # until it is known that another process has reported the reason


@dataclass(frozen=True)
class Share:
    """The part of a batch that a process computes: its `positions`.

    `weight` is the weight of each of them: below 1 if several processes have the same one. `factor` multiplies the
    losses, so that their mean over processes is that of the batch.
    """

    positions: Sequence[int]
    weight: float = 1.0
    factor: float = 1.0


@dataclass(frozen=True)
class Ranks:
    """The rank of this process and the number of processes, in total and on this machine; each has its own device."""

    rank: int = 0
    world: int = 1
    local: int = 0
    local_world: int = 1
    control: Any = None  # the process group for communication between updates, on the CPU

    @property
    def leads(self) -> bool:
        """Whether this is the first process, which writes, reports and validates."""
        return self.rank == 0

    def device(self, device: torch.device) -> torch.device:
        """The device of this process, if `device` is that of a single process."""
        return torch.device("cuda", self.local) if device.type == "cuda" and self.world > 1 else device

    def share(self, positions: Sequence[int]) -> Share:
        """The part of a batch for this process, in the order of the batch.

        Parts are disjoint and their sizes differ by at most one. If there are fewer positions than processes, which
        happens only at the end of a run or an epoch, several processes get the same one with a lower weight.
        """
        count = len(positions)
        if self.world == 1:
            return Share(positions)
        if count < self.world:
            at = self.rank % count
            copies = len(range(at, self.world, count))
            return Share(positions[at : at + 1], 1 / copies, self.world / (copies * count))
        first, last = (count * rank // self.world for rank in (self.rank, self.rank + 1))
        return Share(positions[first:last], 1.0, (last - first) * self.world / count)

    def draw_anew(self, seed: int, images: int) -> None:
        """Set this process's random state for the dropout and noise of the update after `images` images.

        The first process continues with the random state that checkpoints hold; those of the others follow from the
        seed, the rank and the images alone, so that a run resumed on as many devices draws the same again.
        """
        if not self.leads:
            mixed = torch.tensor([seed % 2**31, self.rank, images], dtype=torch.int64)
            factors = torch.tensor([6364136223846793005, 1442695040888963407, 3202034522624059733])
            torch.manual_seed(int((mixed * factors).sum()) & 0x7FFFFFFFFFFFFFFF)

    def agree(self, value: int) -> int:
        """The largest value that any process passes; all wait for each other."""
        if self.world == 1:
            return value
        found = torch.tensor([value])
        dist.all_reduce(found, dist.ReduceOp.MAX, group=self.control)
        return int(found)

    def agree_on_end(self, asked: signal.Signals | None, *, enough: bool = False) -> tuple[signal.Signals | None, bool]:
        """(the signal that any process has received, whether the first one has `enough`).

        Raises GoBack if the first process has sent BACK.
        """
        number = self.agree(_ENOUGH if enough else int(asked or 0))
        if number == BACK:
            raise GoBack
        if number == _ENOUGH:
            return asked, True
        return signal.Signals(number) if number else None, False

    def mean(self, values: Tensor) -> Tensor:
        """The mean over processes, on the device."""
        if self.world == 1:
            return values
        total = values.clone()
        dist.all_reduce(total)
        return total / self.world

    def from_first(self, value: Any = None) -> Any:
        """Send a JSON value from the first process to all others."""
        if self.world == 1:
            return value
        text = torch.frombuffer(bytearray(json.dumps(value).encode()), dtype=torch.uint8)
        length = self.tensor_from_first(torch.tensor([len(text)]))
        return json.loads(bytes(self.tensor_from_first(text if self.leads else text.new_empty(int(length))).numpy()))

    def tensor_from_first(self, value: Tensor) -> Tensor:
        """Send a CPU tensor from the first process to all others, which pass one of the same type and shape."""
        if self.world > 1:
            dist.broadcast(value, 0, group=self.control)
        return value


ALONE = Ranks()


class GoBack(Exception):  # noqa: N818 - a signal to return to a checkpoint, not an error
    """All processes go back to the last checkpoint."""


def devices_of(device: str) -> tuple[str, int]:
    """The kind of device and the number of devices: cuda*4 is (cuda, 4), and without a number it is 1."""
    found = _DEVICES.fullmatch(device)
    return (found[1], int(found[2])) if found else (device, 1)


def among_others() -> bool:
    """Whether a launcher such as torchrun has started this process as one of several.

    Raises UsageError if the environment says so in something else than a number.
    """
    return _number("WORLD_SIZE", "1") > 1


def attempt() -> int:
    """The number of restarts by an elastic launcher."""
    return int(os.environ.get("TORCHELASTIC_RESTART_COUNT", "0"))


@contextmanager
def join_processes(device: str, report: Reporter = QUIET) -> Iterator[Ranks]:
    """Connect to the other processes of the launcher; without a launcher this is the only process.

    What is waited for is noted if it takes more than some seconds. An error inside is reported by one process: the
    first in which it happens, as one line with its rank. Raises UsageError if there is no device for each process.
    """
    if not among_others():
        kind, count = devices_of(device)
        if count > 1:
            raise UsageError(
                f"device={device}",
                "needs several processes, but this is a single one",
                f"Use 'p2p train --device {device}', or torchrun --nproc-per-node {count} with device={kind}.",
                code="process-count",
            )
        yield ALONE
        return
    ranks = _from_environment()
    kind = _refuse_devices(device, ranks)
    store = _meet(kind, ranks, report)
    try:
        with _report_once(ranks, store):
            control = dist.new_group(backend="gloo", timeout=_BETWEEN)
            yield Ranks(ranks.rank, ranks.world, ranks.local, ranks.local_world, control)
    finally:
        # An NCCL group whose peer is gone would wait for it here; the end of the process ends it too.
        if kind == "cpu" or not _is_announced(store):
            dist.destroy_process_group()


def _from_environment() -> Ranks:
    names = ("RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE")
    missing = [name for name in (*names[:3], "MASTER_ADDR", "MASTER_PORT") if name not in os.environ]
    if missing:
        raise UsageError(
            f"WORLD_SIZE={os.environ['WORLD_SIZE']}",
            f"asks for several processes, but the environment has no {', '.join(missing)}",
            "Start them with torchrun, or unset WORLD_SIZE.",
            code="missing-variable",
        )
    rank, world, local = (_number(name) for name in names[:3])
    if rank >= world:  # it would wait for the others for ever
        what, to_do = f"is not a rank of {_processes(world)}", f"Give each a RANK of its own, from 0 to {world - 1}."
        raise UsageError(f"RANK={rank}", what, to_do, code="bad-variable")
    return Ranks(rank, world, local, _number(names[3], str(world)))


def _number(name: str, default: str = "") -> int:
    """A variable of the environment as a number; raises UsageError for anything else."""
    text = os.environ.get(name, default)
    if not re.fullmatch(r"[0-9]{1,9}", text):
        raise UsageError(
            f"{name}={text}", "is not a number", "Start the processes with torchrun, or unset it.", code="bad-variable"
        )
    return int(text)


def _refuse_devices(device: str, ranks: Ranks) -> str:
    """cpu or cuda; raises UsageError if there is no device for each process."""
    kind, count = devices_of(device)
    if count not in (1, ranks.world):
        raise UsageError(
            f"device={device}",
            f"does not fit the launcher, which has started {_processes(ranks.world)}",
            "Give the device without a number.",
            code="process-count",
        )
    if kind == "auto":
        kind = "cuda" if torch.cuda.is_available() else "cpu"
    if kind not in ("cpu", "cuda"):
        raise UsageError(
            f"device={device}",
            "is not possible with several processes, each of which uses a device of its own",
            "Choose cuda, cpu or auto.",
            code="impossible-setting",
        )
    here = torch.cuda.device_count() if kind == "cuda" else ranks.local_world
    if here < ranks.local_world:
        raise UsageError(
            f"device={device}",
            f"{socket.gethostname()} has {plural(here, 'CUDA device')} for {_processes(ranks.local_world)}",
            "Start one process for each device.",
            code="missing-device",
        )
    return kind


def _processes(count: int) -> str:
    return plural(count, "process", "processes")


def _meet(kind: str, ranks: Ranks, report: Reporter) -> Store:
    where = f"{os.environ['MASTER_ADDR']}:{os.environ['MASTER_PORT']}"
    try:
        with _note_later(report, _waiting_words(ranks, where)):
            store, rank, world = _find_store()
            # An elastic launcher keeps its store at a restart, with the addresses of processes that have ended.
            store = PrefixStore(f"p2p/{attempt()}", store)
            if kind == "cuda":
                torch.cuda.set_device(ranks.local)
            backend = "cpu:gloo,cuda:nccl" if kind == "cuda" else "gloo"
            dist.init_process_group(backend, store=store, rank=rank, world_size=world, timeout=_WITHIN)
    except RuntimeError as error:
        raise LostError(
            f"rank {ranks.rank}",
            f"could not connect to {_processes(ranks.world - 1)} at {where} ({first_line(error)})",
            "Check that all processes are started and that the machines can reach each other.",
            code="unreachable-process",
        ) from error
    return store


def _find_store() -> tuple[Store, int, int]:
    """The store that all processes share, this rank and their number; waits in a thread, so that Ctrl-C is heard."""
    found: list[tuple[Store, int, int]] = []
    errors: list[Exception] = []

    def find() -> None:
        try:
            found.append(next(rendezvous("env://", timeout=_MEETING)))
        except Exception as error:
            errors.append(error)

    thread = threading.Thread(target=find, name="p2p-meeting", daemon=True)
    thread.start()
    thread.join()
    if errors:
        raise errors[0]
    return found[0]


@contextmanager
def _note_later(report: Reporter, line: str) -> Iterator[None]:
    """Note the line if the block takes more than some seconds."""
    timer = threading.Timer(_PATIENCE, report.note, [line])
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _waiting_words(ranks: Ranks, where: str) -> str:
    others = plural(ranks.world - 1, "other process", "other processes")
    return (
        f"Rank {ranks.rank} waits for {others} at {where}, for up to {_MEETING.seconds // 60} minutes. Each has to be "
        f"started with WORLD_SIZE={ranks.world}, this address and port, and a RANK of its own."
    )


@contextmanager
def _report_once(ranks: Ranks, store: Store) -> Iterator[None]:
    """Turn an error into one line with the rank, marked if another process reports it."""
    try:
        yield
    except P2PError as error:
        # The new error must not have a local name here: that would keep this frame and its connections alive.
        raise _announce(_of_rank(error, ranks), store) from error
    except RuntimeError as error:
        if not isinstance(error, dist.DistError) and not _LOST.search(str(error)):
            raise _announce(_unexpected_error(error, ranks), store) from error
        lost = LostError(
            f"rank {ranks.rank}",
            "has lost the connection to another process, which may have ended",
            "Repeat the command to continue from the last checkpoint.",
            code="lost-process",
        )
        # The lost process has reported the reason, or was killed: then the launcher reports it, or the first process.
        launched = "TORCHELASTIC_RUN_ID" in os.environ
        lost.said_elsewhere = launched or not ranks.leads or _is_announced(store)
        lost.passing = not _is_announced(store, lasting=True)
        raise lost from error
    except Exception as error:
        raise _announce(_unexpected_error(error, ranks), store) from error


def _of_rank(error: P2PError, ranks: Ranks) -> P2PError:
    """The same error with the rank of this process."""
    kind = next(each for each in (UsageError, BrokenError, P2PError) if isinstance(error, each))
    where = f"rank {ranks.rank}" + (f": {error.where}" if error.where else "")
    return kind(where, error.what, error.to_do, code=error.code, parts=error.parts)


def _unexpected_error(error: Exception, ranks: Ranks) -> BrokenError:
    frame = traceback.extract_tb(error.__traceback__)[-1]
    what = f"{type(error).__name__}: {first_line(error)}"
    return BrokenError(
        f"rank {ranks.rank}",
        f"{what} ({Path(frame.filename).name}, line {frame.lineno})",
        "Repeat the command to continue from the last checkpoint.",
        code="unexpected-error",
    )


def _announce(error: P2PError, store: Store) -> P2PError:
    """Announce the error to the other processes, and mark it if another process has announced one before."""
    try:
        error.said_elsewhere = store.add(f"{_FAILED}/count", 1) > 1
        store.set(_FAILED, "passing" if error.passing else "lasting")
    except RuntimeError:  # the process with the store has ended
        error.said_elsewhere = False
    return error


def _is_announced(store: Store, *, lasting: bool = False) -> bool:
    """Whether a process has announced an error; with `lasting`, one that a restart would meet again."""
    try:
        return bool(store.check([_FAILED])) and (not lasting or store.get(_FAILED) == b"lasting")
    except RuntimeError:
        return False
