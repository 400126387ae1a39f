"""Applies a model that `p2p export` wrote as ONNX with onnxruntime, on the CPU and without torch.

Nothing here may load torch; onnxruntime is loaded when the first picture is translated.
"""

import threading
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from p2p_datatools.contract.errors import P2PError, UsageError
from p2p_datatools.contract.foreign import decoder_words, refuse_without_memory
from p2p_datatools.contract.machine import cores
from p2p_datatools.contract.packages import has_package, require_packages
from p2p_datatools.contract.pictures.arrays import Array
from p2p_datatools.contract.pictures.sizes import Size
from p2p_gan.data.coding import Coding
from p2p_gan.inference.runtimes.graph_inputs import graph_inputs
from p2p_gan.inference.runtimes.translator import PassOptions, Translator, Values, not_finite
from p2p_gan.machine.memory import budget_of
from p2p_gan.models.card import ModelCard
from p2p_gan.models.onnx_file import IMAGE, OnnxFile, read_onnx_file

LARGE = 256 << 20  # bytes of one pass, from which it gets all cores; smaller ones are computed side by side


def has_onnxruntime() -> bool:
    """Whether the package onnxruntime is installed."""
    return has_package("onnxruntime")


def require_onnxruntime(where: object) -> None:
    """Raise P2PError if the package onnxruntime is missing."""
    require_packages(where, "onnxruntime>=1.23")


class Sessions(Protocol):
    """A network in a program that computes it, for any number of threads; a copy of it is not loaded yet."""

    def run(self, inputs: dict[str, Any], *, large: bool) -> Values:
        """The network's output (n, channels, height, width); `large` passes take all cores, one at a time."""


@dataclass(frozen=True)
class OnnxModel:
    """A model in an ONNX file, in onnxruntime or what `runtime` names; any number of threads may use it at once."""

    file: OnnxFile
    sessions: Sessions
    runtime: str = "onnxruntime"

    @property
    def card(self) -> ModelCard:
        """Its description."""
        return self.file.card

    @property
    def digest(self) -> str:
        """The name of its weights."""
        return self.file.digest

    def needs(self, size: Size) -> int:
        """About the bytes of memory of one pass with an input of this size."""
        return size.width * size.height * self.file.bytes_per_pixel


def load_onnx_model(path: Path | str) -> OnnxModel:
    """Check an ONNX file that `p2p export` wrote; raises P2PError for any other, and if onnxruntime is missing."""
    file = read_onnx_file(Path(path))
    require_onnxruntime(path)
    return OnnxModel(file, _Sessions(file.path))


def onnx_model_of(file: OnnxFile, data: bytes) -> OnnxModel:
    """The model of a file that is not written yet."""
    return OnnxModel(file, _Sessions(file.path, data))


def with_all_cores(model: OnnxModel) -> OnnxModel:
    """The model, of which every pass takes all cores, one at a time: for one picture after the other."""
    return replace(model, sessions=_LargeSessions(model.sessions))


@dataclass(frozen=True)
class _LargeSessions:
    """A network for which every pass is a large one."""

    sessions: Sessions

    def run(self, inputs: dict[str, Any], *, large: bool) -> Values:
        """The network's output, by all cores."""
        return self.sessions.run(inputs, large=True)


class _Sessions:
    """The network, loaded when it is first used: with one thread, and for large pictures with all cores.

    The number of threads may change the last digit of an output, so it depends on the picture's size alone: a picture
    is the same on every machine of one kind, and alone or among others.
    """

    def __init__(self, path: Path, data: bytes | None = None) -> None:
        self._path, self._data = path, data
        self._lock, self._alone = threading.Lock(), threading.Lock()
        self._loaded: dict[bool, Any] = {}

    def __reduce__(self) -> tuple[Any, ...]:
        """A copy, and another process, loads the network again."""
        return _Sessions, (self._path, self._data)

    def run(self, inputs: dict[str, Any], *, large: bool) -> Values:
        """The network's output; raises P2PError if the file cannot be loaded or run."""
        try:
            with self._lock:
                session = self._loaded.get(large)
                if session is None:
                    session = self._loaded[large] = _load(self._data or self._path, threads=cores() if large else 1)
            with self._alone if large else nullcontext():
                return np.asarray(session.run(None, inputs)[0], np.float32)
        except P2PError:
            raise
        except Exception as error:
            refuse_without_memory(error)
            if "alloc" in str(error):
                raise MemoryError(decoder_words(error)) from error
            what = f"cannot be run by onnxruntime ({decoder_words(error)})"
            raise P2PError(self._path, what, "Export the model again.", code="damaged-file") from error


def _load(file: Path | bytes, *, threads: int) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 4  # what is wrong is in the error
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # as OMP_WAIT_POLICY=PASSIVE
    given = file if isinstance(file, bytes) else str(file)
    # Its way back to another provider prints on standard output, and there is none.
    return onnxruntime.InferenceSession(given, options, providers=["CPUExecutionProvider"], enable_fallback=0)


@dataclass(frozen=True)
class OnnxTranslator(Translator):
    """An ONNX model with the codings of its input and output."""

    model: OnnxModel

    @property
    def output(self) -> Coding:
        """The coding of the output."""
        return self.model.card.output_coding

    def values(self, padded: Array, options: PassOptions) -> Values:
        """The network's output (1, channels, height, width)."""
        height, width = padded.shape[:2]
        needed = self.model.needs(Size(width, height))
        if needed >= LARGE and needed > (budget := budget_of()):
            what = f"needs about {needed / 2**30:.1f} GiB of memory, but a pass may use {budget / 2**30:.1f} GiB"
            to_do = "Choose a smaller --size, or give the run folder and --runtime torch, which computes strips."
            raise UsageError(f"size={width}x{height}", what, to_do, code="no-memory")
        image = self.model.card.input_coding.encode(padded[None])
        inputs = {IMAGE: image, **graph_inputs(self.model.card, height, width, options)}
        output = self.model.sessions.run(inputs, large=needed >= LARGE)
        if not np.isfinite(output).all():
            raise not_finite()
        return output
