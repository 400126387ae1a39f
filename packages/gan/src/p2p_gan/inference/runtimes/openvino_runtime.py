"""Applies a model that `p2p export` wrote as ONNX with OpenVINO, on the CPU and without torch.

Nothing here may load torch or onnxruntime, or OpenVINO before a model is.
"""

import os
import queue
import re
import threading
from collections import OrderedDict
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np

from p2p_datatools.contract.errors import P2PError
from p2p_datatools.contract.files.atomic import read_bytes
from p2p_datatools.contract.foreign import decoder_words, refuse_without_memory
from p2p_datatools.contract.machine import cores
from p2p_datatools.contract.packages import has_package, require_packages
from p2p_gan.inference.runtimes.onnx_runtime import OnnxModel
from p2p_gan.inference.runtimes.translator import Values
from p2p_gan.machine.memory import budget_of
from p2p_gan.models.onnx_file import IMAGE, OnnxFile, read_onnx_file, without_defaults

_LACKS = re.compile(r"no conversion rule|OpConversionFailure|not ?(supported|implemented)|unsupported", re.IGNORECASE)
_MOST = 3  # sizes of pictures for which the network is held; each holds the weights once more
_Key = tuple[bool, tuple[tuple[str, tuple[int, ...]], ...]]
_Requests = queue.LifoQueue[Any]
# The first pass of a process sets up OpenVINO's binding, which waits for Python's lock in between: two at once may each
# hold what the other waits for, and stand still for ever.
_first, _is_set_up = threading.Lock(), threading.Event()
_has_compiled, _is_apart = threading.Event(), threading.Event()


def _set_apart() -> None:
    if _has_compiled.is_set():
        _is_apart.set()


if hasattr(os, "register_at_fork"):  # not on Windows, which has no fork
    os.register_at_fork(after_in_child=_set_apart)


def may_compile() -> bool:
    """Whether OpenVINO can compute here: not in a process that was forked after it did, without the threads it had.

    There it compiles nearly always, and now and then waits for one of them for ever.
    """
    return not _is_apart.is_set()


def has_openvino() -> bool:
    """Whether the package openvino is installed."""
    return has_package("openvino")


def require_openvino(where: object) -> None:
    """Raise P2PError if the package openvino is missing."""
    require_packages(where, "openvino>=2025.0")


def load_openvino_model(path: Path | str) -> OnnxModel:
    """Check an ONNX file that `p2p export` wrote; raises P2PError for any other, and if OpenVINO is missing."""
    file = read_onnx_file(Path(path))
    require_openvino(path)
    return OnnxModel(file, _compiler_of(file), "openvino")


def _compiler_of(file: OnnxFile) -> "Compiler":
    return Compiler(file, _start(file.path))


def _start(path: Path | str) -> Any:
    """OpenVINO's core, made by the thread that loads the model; raises P2PError if the package does not start."""
    try:
        import openvino

        return openvino.Core()
    except (ImportError, RuntimeError, OSError) as error:
        refuse_without_memory(error)
        what = f"needs the package openvino, which does not start ({decoder_words(error)})"
        to_do = "Install that package again, or choose another --runtime."
        raise P2PError(path, what, to_do, code="broken-package") from error


class Compiler:
    """Compiles the network for each size of pictures, since one for all is slow and gave other values at first.

    Passes of small pictures are computed side by side, each by one core, large ones one at a time by all cores: the
    number of threads may change the last digit, so it depends on the picture's size alone. No more passes are begun
    than the network has streams: with more a command once waited for ever. It computes in float32 on every processor.
    """

    def __init__(self, file: OnnxFile, core: Any) -> None:
        self._file, self._core = file, core
        self._lock, self._alone = threading.Lock(), threading.Lock()
        self._networks: OrderedDict[_Key, _Requests] = OrderedDict()

    def __reduce__(self) -> tuple[Any, ...]:
        """A copy, and another process, compiles the network again."""
        return _compiler_of, (self._file,)

    def run(self, inputs: dict[str, Any], *, large: bool) -> Values:
        """The network's output; raises P2PError if the file cannot be loaded or run."""
        if not may_compile():
            what = "is computed by openvino, which may wait for ever in a process that was forked after it computed"
            to_do = "Install onnxruntime, choose another runtime, or start processes by spawn."
            raise P2PError(self._file.path, what, to_do, code="forked-process")
        try:
            with self._lock:
                requests = self._requests(inputs, large)
            with self._alone if large else nullcontext():
                return _pass(requests, inputs)
        except (P2PError, MemoryError):
            raise
        except Exception as error:
            refuse_without_memory(error)
            what = f"cannot be run by openvino ({decoder_words(error)})"
            if _LACKS.search(str(error)):
                to_do = "Choose another --runtime."
                raise P2PError(self._file.path, what, to_do, code="unsupported-network") from error
            raise P2PError(self._file.path, what, "Export the model again.", code="damaged-file") from error

    def _requests(self, inputs: dict[str, Any], large: bool) -> _Requests:
        """The free requests of the network for these inputs, compiled if it is not among the last ones."""
        key = (large, tuple((name, value.shape) for name, value in inputs.items()))
        if key not in self._networks:
            *_, height, width = inputs[IMAGE].shape
            streams = 1 if large else self._streams(height * width * self._file.bytes_per_pixel)
            self._networks[key] = self._compile(inputs, streams, threads=cores() if large else streams)
            while len(self._networks) > _MOST:
                self._networks.popitem(last=False)
        self._networks.move_to_end(key)
        return self._networks[key]

    def _streams(self, needed: int) -> int:
        """How many passes there is memory for, each of which keeps what it needs; at most one for each core."""
        return max(1, min(cores(), budget_of() // max(1, needed)))

    def _compile(self, inputs: dict[str, Any], streams: int, *, threads: int) -> _Requests:
        _has_compiled.set()
        model = self._core.read_model(without_defaults(read_bytes(self._file.path), inputs.keys()))
        model.reshape({name: list(value.shape) for name, value in inputs.items()})
        options = {
            "NUM_STREAMS": streams,
            "INFERENCE_NUM_THREADS": threads,
            "INFERENCE_PRECISION_HINT": "f32",  # some processors would take 16 bits
            "EXECUTION_MODE_HINT": "ACCURACY",
        }
        compiled, requests = self._core.compile_model(model, "CPU", options), _Requests()
        for _ in range(streams):
            requests.put(compiled.create_infer_request())
        return requests


def _pass(requests: _Requests, inputs: dict[str, Any]) -> Values:
    """The output of a pass by the first request that is free."""
    request = requests.get()
    try:
        with nullcontext() if _is_set_up.is_set() else _first:
            output = np.array(request.infer(inputs)[0], np.float32)
        _is_set_up.set()
        return output
    finally:
        requests.put(request)
