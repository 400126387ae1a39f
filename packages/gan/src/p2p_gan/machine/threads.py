"""How many threads torch computes with, and which variables of the environment say how many and how fast they are.

Nothing here may measure: training chooses among numbers of threads by time, in `training.speed`.
"""

import os
import re

import torch

from p2p_datatools.contract.machine import cores
from p2p_gan.machine.wait_policy import POLICY, SPIN, chosen_here
from p2p_gan.machine.waiting import watch_waiting

# Torch's own choice: one thread for each core that does not share its units. Read once, since a run changes it.
_THREADS_OF_TORCH = torch.get_num_threads()
# With which a user, or a launcher that has divided the cores among its processes, chooses the number of threads.
_COUNTS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS")
# What else a user may have set that decides how fast threads are.
_OF_THREADS = (
    *("OMP_WAIT_POLICY", "OMP_PROC_BIND", "OMP_PLACES", "OMP_DYNAMIC", "OMP_THREAD_LIMIT", "OMP_SCHEDULE"),
    *("GOMP_CPU_AFFINITY", "GOMP_SPINCOUNT", "KMP_AFFINITY", "KMP_BLOCKTIME", "MKL_DYNAMIC", "MKL_DOMAIN_NUM_THREADS"),
    *("ONEDNN_MAX_CPU_ISA", "DNNL_MAX_CPU_ISA", "ATEN_CPU_CAPABILITY", "MKL_ENABLE_INSTRUCTIONS"),
)


def resolve_threads(wanted: int, processes: int = 1) -> int:
    """The number of threads; 0 is what the user's environment says, or else the cores divided among `processes`.

    Of cores that share their units, such as hyper-threads, torch takes one; of a container with a part of a core, one.
    """
    if wanted or threads_variable():  # torch has read the variable
        return wanted or _THREADS_OF_TORCH
    return max(1, min(_THREADS_OF_TORCH, cores()) // processes)


def use_threads(count: int, *, on_cpu: bool) -> None:
    """Let torch compute with `count` threads; those of a run on the CPU wait as is best beside other programs."""
    torch.set_num_threads(count)
    if on_cpu:
        watch_waiting(count)


def limit_threads() -> None:
    """Let torch use no more threads than cores, in a container with a part of the machine; not if the user chose.

    For what applies a model; training measures. Threads wait as is best beside other programs.
    """
    if not threads_variable() and torch.get_num_threads() > cores():
        torch.set_num_threads(cores())
    watch_waiting(torch.get_num_threads())


def _compute_alone() -> None:
    """Let torch compute by one thread in a process that was forked: the others are not in it, and it waits for them."""
    torch.set_num_threads(1)


if hasattr(os, "register_at_fork"):  # not on Windows, which has no fork
    os.register_at_fork(after_in_child=_compute_alone)


def threads_variable() -> str | None:
    """The variable of the environment that sets the number of threads, if there is one."""
    # OpenMP takes the first of several numbers, and ignores what is none.
    return next((name for name in _COUNTS if re.match(r"\s*[1-9]\d*\s*(,|$)", os.environ.get(name, ""))), None)


def variables_of_threads() -> dict[str, str]:
    """The variables of the environment that decide how fast threads are; those that p2p sets itself are not there."""
    ours = (POLICY, SPIN) if chosen_here() else ()
    return {name: os.environ[name] for name in (*_COUNTS, *_OF_THREADS) if os.environ.get(name) and name not in ours}
