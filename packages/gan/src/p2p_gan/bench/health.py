"""What 'p2p doctor' looks at of this machine: torch, the device, memory, disks, the cache, extras and busy cores.

Nothing here may measure for longer than a moment, or write a file.
"""

import importlib.util
import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from p2p_datatools.contract.errors import P2PError
from p2p_datatools.contract.health import HealthCheck
from p2p_datatools.contract.machine import core_limit, cores
from p2p_datatools.contract.words import first_line, plural
from p2p_gan.machine.driver import cpu_name
from p2p_gan.machine.kept import kept_folder
from p2p_gan.machine.load import measure_load
from p2p_gan.machine.memory import free_bytes
from p2p_gan.runs.disk import free_space, in_words

_LEAST_PYTHON = (3, 11)
_LITTLE_MEMORY, _NO_MEMORY = 3 << 30, 600 << 20  # of the paper's network, of the smallest
_LITTLE_DISK, _NO_DISK = 5 << 30, 200 << 20
_VERSIONS = ("torch", "numpy", "Pillow", "opencv-python", "safetensors")
_EXTRAS = {
    "onnx": "export to ONNX",
    "onnxruntime": "apply ONNX models, fast on a CPU",
    "openvino": "apply them faster on Intel and AMD",
    "starlette": "paint on a page, and serve models",
    "uvicorn": "beside starlette",
    "tensorboard": "watch a run in TensorBoard",
    "matplotlib": "curves of runs",
}


def check_machine() -> Iterator[HealthCheck]:
    """One check after the other; torch is imported, and a broken torch is a finding."""
    yield check_python()
    yield check_torch()
    yield check_device()
    yield check_memory()
    yield check_disk(Path.cwd(), "disk")
    yield check_temporary()
    yield check_cache()
    yield check_extras()
    yield check_cores()


def check_python() -> HealthCheck:
    """The versions of Python and of p2p."""
    what = f"Python {platform.python_version()}, p2p {metadata.version('p2p-gan')}, {platform.system()}"
    if sys.version_info < _LEAST_PYTHON:
        return HealthCheck("python", "broken", what, "Install Python 3.11 or later.")
    return HealthCheck("python", "ok", what)


def check_torch() -> HealthCheck:
    """The versions of the libraries, and whether torch can be loaded."""
    versions = []
    for name in _VERSIONS:
        try:
            versions.append(f"{name} {metadata.version(name)}")
        except metadata.PackageNotFoundError:
            what = f"{name} is not installed"
            return HealthCheck("libraries", "broken", what, "Install again: pip install -r requirements.txt.")
    try:
        import torch

        adds = float(torch.ones(2).sum())
    except (ImportError, OSError, RuntimeError) as error:
        what = f"torch cannot be loaded: {first_line(error)}"
        return HealthCheck("libraries", "broken", what, "Install torch from PyPI again.")
    if adds != 2.0:
        return HealthCheck("libraries", "broken", "torch computes wrongly", "Install torch from PyPI again.")
    return HealthCheck("libraries", "ok", ", ".join(versions))


def check_device() -> HealthCheck:
    """Where training computes, and whether a GPU is there that torch does not use."""
    try:
        import torch

        from p2p_gan.machine.device import resolve_device, why_unused

        if torch.cuda.is_available():
            resolve_device("cuda")  # computes something; one that is full or held by others does not tell its memory
            free, total = torch.cuda.mem_get_info()
            what = f"{torch.cuda.get_device_name()}, {in_words(free)} of {in_words(total)} free"
            if free < _LITTLE_MEMORY:
                return HealthCheck(
                    "device", "note", what, "Other programs hold its memory: end them, or train smaller."
                )
            return HealthCheck("device", "ok", what)
    except P2PError as error:
        return HealthCheck("device", "broken", error.what, error.to_do)
    except (ImportError, OSError, RuntimeError):
        return HealthCheck("device", "note", "unknown, since torch cannot be asked", "See libraries above.")
    cpu = f"{cpu_name()}, {plural(cores(), 'core')}"
    if (why := why_unused(torch.device("cpu"))) is not None:
        to_do = "Install the torch that fits the driver (pytorch.org), or update the driver."
        return HealthCheck("device", "note", f"a GPU's driver is there, but torch uses the CPU, {cpu}: {why}", to_do)
    return HealthCheck("device", "ok", f"no GPU; {cpu}")


def check_memory() -> HealthCheck:
    """The memory that is free for this process."""
    free = free_bytes()
    what = f"{in_words(free)} free"
    if free < _NO_MEMORY:
        return HealthCheck("memory", "broken", what, "End other programs; the smallest network needs about 600 MB.")
    if free < _LITTLE_MEMORY:
        return HealthCheck("memory", "note", what, "Enough for --preset tiny; the paper's network needs about 3 GB.")
    return HealthCheck("memory", "ok", what)


def check_disk(place: Path, name: str) -> HealthCheck:
    """The space on the disk of a folder, and whether it can be written."""
    free = free_space(place)
    what = f"{in_words(free)} free in {place}"
    if not os.access(place, os.W_OK):
        to_do = "Give destinations elsewhere." if name == "disk" else "Set TMPDIR to a folder that can be written."
        return HealthCheck(name, "note" if name == "disk" else "broken", f"{place} cannot be written", to_do)
    if free < _NO_DISK:
        return HealthCheck(name, "broken", what, "Free some space; a checkpoint of the paper's network takes 690 MB.")
    if free < _LITTLE_DISK:
        return HealthCheck(name, "note", what, "A run of the paper's network takes about 2 GB.")
    return HealthCheck(name, "ok", what)


def check_temporary() -> HealthCheck:
    """Whether temporary files can be written, without which torch does not train, and how much fits there."""
    try:
        return check_disk(Path(tempfile.gettempdir()), "temporary files")
    except FileNotFoundError:
        to_do = "Set TMPDIR to a folder that can be written, or mount one at /tmp."
        return HealthCheck("temporary files", "broken", "no folder for them can be written", to_do)


def check_cache() -> HealthCheck:
    """Whether what is measured of the machine can be kept."""
    folder = kept_folder()
    if folder is None:
        what = "no home folder that can be written: nothing that is measured can be kept"
        return HealthCheck("cache", "note", what, "Set XDG_CACHE_HOME to a folder that can be written.")
    return HealthCheck("cache", "ok", str(folder))


def check_extras() -> HealthCheck:
    """Which packages are there that p2p can use and does not need; ffmpeg, for videos, is a program."""
    there = [name for name in _EXTRAS if importlib.util.find_spec(name)]
    absent = [f"{name} ({use})" for name, use in _EXTRAS.items() if name not in there]
    program = "ffmpeg" if shutil.which("ffmpeg") else "no ffmpeg"
    what = f"{', '.join([*there, program])}{'; not ' + ', '.join(absent) if absent else ''}"
    names = " ".join(name for name in _EXTRAS if name not in there)
    return HealthCheck(
        "extras", "note" if absent else "ok", what, f"pip install {names}, if you need them." if absent else ""
    )


def check_cores() -> HealthCheck:
    """Whether other programs or a container take cores, and what the environment says of threads."""
    load, limit = measure_load(), core_limit()
    number = plural(cores(), "core")
    if limit is not None and limit < 1:
        return HealthCheck(
            "cores", "note", f"the container allows {limit:.2g} of a core", "Training takes that much longer."
        )
    if load.others is not None and load.lacks_cores_for(cores()):
        what = f"busy: other programs use {load.others:.1f} of {number}"
        return HealthCheck("cores", "note", what, "Training beside them is slower: end them, or wait.")
    used = "" if load.others is None else f", of which other programs use {load.others:.1f}"
    threads = os.environ.get("OMP_NUM_THREADS")
    if threads:
        what = f"{number}{used}; OMP_NUM_THREADS={threads} sets the number of threads"
        return HealthCheck("cores", "note", what, "Unset it unless you need that number.")
    return HealthCheck("cores", "ok", f"{number}{used}")
