"""What is wrong with a machine, or with how it is set up for training, in sentences with what to do.

Nothing here may measure anything; it judges what was measured.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import torch

from p2p_datatools.contract.machine import core_limit, cores
from p2p_datatools.contract.words import plural
from p2p_gan.bench.rates import Measurement
from p2p_gan.machine.kept import kept_folder
from p2p_gan.machine.load import Load
from p2p_gan.machine.threads import resolve_threads, threads_variable, variables_of_threads
from p2p_gan.training.job import Job

TESTED_TORCH = (2, 13)  # of constraints.txt, with which the tests run
_FASTER = 1.05  # times, from which another layout is worth a word


@dataclass(frozen=True)
class Layouts:
    """The memory layout that the networks of a run have, and the seconds of an update with either."""

    used: str
    channels_last: Measurement
    contiguous: Measurement


@dataclass(frozen=True)
class Circumstances:
    """What surrounds the measurements: other programs, variables, cores, torch and its kernels."""

    load: Load
    variables: dict[str, str]
    threads_variable: str | None
    threads: int
    cores: int
    core_limit: float | None
    torch: str
    onednn: bool
    plain_adam: bool  # whether Adam runs as many small kernels
    keeps: bool

    @classmethod
    def here(cls, job: Job, load: Load) -> "Circumstances":
        """Those of this process and this job."""
        return cls(
            load=load,
            variables=variables_of_threads(),
            threads_variable=threads_variable(),
            threads=resolve_threads(0),
            cores=cores(),
            core_limit=core_limit(),
            torch=torch.__version__,
            onednn=bool(torch.backends.mkldnn.is_available()),  # type: ignore[no-untyped-call]
            plain_adam=any(
                isinstance(each, torch.optim.Adam) and not each.defaults.get("fused") for each in job.nets.optimizers
            ),
            keeps=kept_folder() is not None,
        )


def list_problems(found: Circumstances, layouts: Layouts | None = None) -> Iterator[str]:
    """One sentence for each."""
    load = found.load
    if load.others is not None and load.lacks_cores_for(found.cores):
        yield (
            f"The machine is busy: other programs use {load.others:.1f} of {plural(found.cores, 'core')}. The figures "
            "are too low; measure again when it is quiet."
        )
    yield from _of_cores(found)
    if layouts is not None:
        yield from _of_layouts(layouts)
    if found.plain_adam:
        yield "Adam runs as many small kernels, since this torch has no fused one for the device: update torch."
    if not found.onednn:
        yield "This torch has no oneDNN: convolutions are slow. Install torch from PyPI."
    if (version := _version(found.torch)) is not None and version < TESTED_TORCH:
        tested = ".".join(map(str, TESTED_TORCH))
        yield f"torch {found.torch} is older than {tested}, with which p2p is tested: updates may be slower."
    if not found.keeps:
        yield (
            "Nothing can be kept, because there is no home folder that can be written: runs take all cores. Set "
            "XDG_CACHE_HOME."
        )


def _of_cores(found: Circumstances) -> Iterator[str]:
    if found.core_limit is not None and found.core_limit < 1:
        part = f"{found.core_limit:.2g} of a core"
        yield f"The container allows {part} (cgroup cpu.max): training takes that much longer."
    if found.threads > found.cores:
        yield (
            f"{found.threads_variable or 'The environment'} sets {plural(found.threads, 'thread')} for "
            f"{plural(found.cores, 'core')}: they wait for each other. Unset it."
        )
    elif found.threads_variable:
        yield (
            f"{found.threads_variable} sets the number of threads, so runs do not choose it by time. Unset it "
            "unless you need that number."
        )
    if found.variables.get("OMP_WAIT_POLICY"):
        value = found.variables["OMP_WAIT_POLICY"]
        effect = (
            "lets threads sleep whenever they wait: on a quiet machine small networks lose a third of their speed"
            if value.upper() == "PASSIVE"
            else "lets threads spin while they wait: beside other programs training nearly stops"
        )
        yield f"OMP_WAIT_POLICY={value} {effect}. Unset it: then p2p does the one or the other, as the machine is busy."
    others = {name: value for name, value in found.variables.items() if name not in _TOLD}
    if others:
        words = ", ".join(f"{name}={value}" for name, value in sorted(others.items()))
        yield f"The environment decides how threads run or what they may use: {words}."


_TOLD = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OMP_WAIT_POLICY")


def _of_layouts(layouts: Layouts) -> Iterator[str]:
    other = "contiguous" if layouts.used == "channels_last" else "channels_last"
    used = layouts.channels_last if other == "contiguous" else layouts.contiguous
    gain = used.median / (layouts.contiguous if other == "contiguous" else layouts.channels_last).median
    if gain > _FASTER:
        faster = f"makes updates {gain:.2f} times as fast here as {layouts.used}"
        yield f"The memory layout {other} {faster}, which p2p uses."


def _version(text: str) -> tuple[int, int] | None:
    found = re.match(r"(\d+)\.(\d+)", text)
    return (int(found[1]), int(found[2])) if found else None
