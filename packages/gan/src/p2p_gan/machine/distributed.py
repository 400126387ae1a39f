"""Several processes that train one model: their ranks, their shares of a batch, and their communication.

Nothing here may know networks, files or a terminal; with one process every exchange returns what was passed to it.
"""

import json
import os
import re
import signal
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor
from torch.distributed.distributed_c10d import Store

from p2p_datatools.contract.errors import P2PError, UsageError
from p2p_datatools.contract.progress import QUIET, Reporter
from p2p_datatools.contract.words import first_line, plural
from p2p_gan.machine.device import gpu_identity, use_gpu
from p2p_gan.machine.failures import LostError, end_with_others, name_rank, report_once
from p2p_gan.machine.meeting import MEETING, Arrival, meet, note_later

# Timeouts. Between two updates the first process may validate, which can take long; within an update nothing does.
_BETWEEN, _WITHIN = timedelta(days=1), timedelta(minutes=30)
BACK = 128  # what `agree` gives when the record says that all must go back; above every signal
_ENOUGH = 127  # what it gives when training ends by itself before its last image
_DEVICES = re.compile(r"(cpu|cuda)\*([1-9]\d*)")


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
    gpu: int = 0  # its number among those that this process sees
    local_world: int = 1
    control: Any = None  # the process group for communication between updates, on the CPU

    @property
    def leads(self) -> bool:
        """Whether this is the first process, which writes, reports and validates."""
        return self.rank == 0

    def device(self, device: torch.device) -> torch.device:
        """The device of this process, if `device` is that of a single process."""
        return torch.device("cuda", self.gpu) if device.type == "cuda" and self.world > 1 else device

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


@contextmanager
def join_processes(device: str, report: Reporter = QUIET) -> Iterator[Ranks]:
    """Connect to the other processes of the launcher; without a launcher this is the only process.

    What is waited for is noted if it takes more than some seconds. An error inside is reported by one process: the
    first in which it happens, as one line with its rank. Raises UsageError if there is no device for each process.
    """
    if not among_others():
        kind, count = devices_of(device)
        if count > 1:
            to_do = f"Use 'p2p train --device {device}', or torchrun --nproc-per-node {count} with device={kind}."
            what = "needs several processes, but this is a single one"
            raise UsageError(f"device={device}", what, to_do, code="process-count")
        yield ALONE
        return
    ranks = _from_environment()
    _refuse_device(device, ranks.world)
    kind, ranks, store = _connect(device, ranks, report)
    try:
        with end_with_others(store) if kind == "cuda" else nullcontext(), report_once(ranks.rank, store):
            ranks = replace(ranks, control=dist.new_group(backend="gloo", timeout=_BETWEEN))
            yield ranks
            # NCCL waits below for all processes of this machine, and one may have failed in what it did last.
            ranks.agree(0)
    except BaseException:
        # NCCL would wait there for what a process that is gone was to send; the end of this process ends that too.
        if kind == "cpu":
            dist.destroy_process_group()
        raise
    dist.destroy_process_group()


def _from_environment() -> Ranks:
    names = ("RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE")
    missing = [name for name in (*names[:3], "MASTER_ADDR", "MASTER_PORT") if name not in os.environ]
    if missing:
        what = f"asks for several processes, but the environment has no {', '.join(missing)}"
        to_do = "Start them with torchrun, set what is missing, or unset WORLD_SIZE."
        raise UsageError(f"WORLD_SIZE={os.environ['WORLD_SIZE']}", what, to_do, code="missing-variable")
    rank, world, local = (_number(name) for name in names[:3])
    if rank >= world:  # it would wait for the others for ever
        what, to_do = f"is not a rank of {_processes(world)}", f"Give each a RANK of its own, from 0 to {world - 1}."
        raise UsageError(f"RANK={rank}", what, to_do, code="bad-variable")
    return Ranks(rank, world, local, _number(names[3], "0"))  # 0: not known, until all have met


def _number(name: str, default: str = "") -> int:
    """A variable of the environment as a number; raises UsageError for anything else."""
    text = os.environ.get(name, default)
    if not re.fullmatch(r"[0-9]{1,9}", text):
        to_do = "Start the processes with torchrun, or unset it."
        raise UsageError(f"{name}={text}", "is not a number", to_do, code="bad-variable")
    return int(text)


def _refuse_device(device: str, world: int) -> None:
    """Raise UsageError for a device that several processes cannot have, before any waits for another."""
    kind, count = devices_of(device)
    if count not in (1, world):
        what = f"does not fit the launcher, which has started {_processes(world)}"
        raise UsageError(f"device={device}", what, "Give the device without a number.", code="process-count")
    if kind not in ("auto", "cpu", "cuda"):
        what = "is not possible with several processes, each of which uses a device of its own"
        raise UsageError(f"device={device}", what, "Choose cuda, cpu or auto.", code="impossible-setting")


def _processes(count: int) -> str:
    return plural(count, "process", "processes")


def _connect(device: str, ranks: Ranks, report: Reporter) -> tuple[str, Ranks, Store]:
    """Take a device and connect to the others: (cpu or cuda, the ranks as all together know them, the store).

    Each process takes part even if it has no device, so that all end with the same error, and none waits for it.
    """
    kind, gpu, own = _take_device(devices_of(device)[0], ranks)
    where = f"{os.environ['MASTER_ADDR']}:{os.environ['MASTER_PORT']}"
    try:
        with note_later(report, _waiting_words(ranks, where)):
            store, arrivals = meet(ranks.rank, ranks.world, own)
            _refuse_arrivals(arrivals, ranks.rank)
            backend = "cpu:gloo,cuda:nccl" if kind == "cuda" else "gloo"
            dist.init_process_group(backend, store=store, rank=ranks.rank, world_size=ranks.world, timeout=_WITHIN)
    except (RuntimeError, ValueError) as error:  # the second for a port that is none
        what = f"could not connect to {_processes(ranks.world - 1)} at {where} ({first_line(error)})"
        to_do = (
            "Check that all processes are started and that the machines can reach each other; where they have several "
            "networks, GLOO_SOCKET_IFNAME=eth0 chooses one."
        )
        raise LostError(f"rank {ranks.rank}", what, to_do, code="unreachable-process") from error
    together = [each.host for each in arrivals].count(own.host)
    return kind, replace(ranks, gpu=gpu, local_world=ranks.local_world or together), store


def _take_device(kind: str, ranks: Ranks) -> tuple[str, int, Arrival]:
    """(cpu or cuda, the number of this process's GPU, what it tells the others); the launcher means `ranks.gpu`."""
    host = socket.gethostname()
    if kind == "auto" and not torch.cuda.is_available():
        kind = "cpu"
    if kind == "cpu":
        return kind, 0, Arrival(host)
    here = torch.cuda.device_count()
    # Slurm's --gpus-per-task hides the GPUs of the others: the only one that a process sees is its own.
    gpu = 0 if here == 1 else ranks.gpu
    try:
        if gpu >= here:
            raise _missing_device(host, here, ranks.local_world or gpu + 1)
        kind = use_gpu(gpu, kind).type
    except P2PError as error:
        where = error.where if host in error.what else f"{error.where} on {host}"
        problem = (where, error.what, error.to_do, error.code, isinstance(error, UsageError))
        return kind, 0, Arrival(host, problem=problem)
    return kind, gpu, Arrival(host, gpu_identity(gpu) if here == 1 and kind == "cuda" else "")


def _missing_device(host: str, here: int, processes: int) -> UsageError:
    return UsageError(
        "device=cuda",
        f"{host} has {plural(here, 'CUDA device')} for {_processes(processes)}",
        "Start one process for each device.",
        code="missing-device",
    )


def _refuse_arrivals(arrivals: Sequence[Arrival], own: int) -> None:
    """Raise the error of the first process that cannot take part, or UsageError if some have the same only GPU.

    All raise the same, and `own`, the rank of this process, decides who says it.
    """
    error = _find_error(arrivals)
    if error is not None:
        error.said_elsewhere = own > 0
        raise error


def _find_error(arrivals: Sequence[Arrival]) -> P2PError | None:
    for rank, each in enumerate(arrivals):
        if each.problem is not None:
            where, what, to_do, code, usage = each.problem
            return name_rank((UsageError if usage else P2PError)(where, what, to_do, code=code), rank)
        shared = [other[:2] for other in arrivals].count(each[:2])
        if each.gpu and shared > 1:
            return _missing_device(each.host, 1, shared)
    return None


def _waiting_words(ranks: Ranks, where: str) -> str:
    others = plural(ranks.world - 1, "other process", "other processes")
    return (
        f"Rank {ranks.rank} waits for {others} at {where}, for up to {MEETING.seconds // 60} minutes. Each has to be "
        f"started with WORLD_SIZE={ranks.world}, this address and port, and a RANK of its own."
    )
