"""Times one pass of an exported model in onnxruntime and in OpenVINO, and keeps with the machine which is the faster.

Nothing here may load torch, or let a runtime be taken that gives other pictures than to within 1 of 255.
"""

import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from p2p_datatools.contract.errors import P2PError
from p2p_datatools.contract.machine import cores
from p2p_datatools.contract.pictures.arrays import Array
from p2p_datatools.contract.pictures.sizes import Size
from p2p_gan.inference.runtimes.onnx_runtime import LARGE, OnnxModel, OnnxTranslator
from p2p_gan.inference.runtimes.translator import PassOptions, probabilities
from p2p_gan.machine.driver import cpu_name
from p2p_gan.machine.kept import keep, kept_folder, recall
from p2p_gan.models.card import ModelCard

_LEAST = 100  # pictures, from which the passes of onnxruntime are timed at all
LONG = 60.0  # seconds of a core for all of them, from which it pays to load and compile the other
_ROUNDS, _PASSES = 3, 2  # timed in turn
_CLEARLY = 1.05  # times as fast: below that it stays onnxruntime, so that chance does not decide


@dataclass(frozen=True)
class PassTimes:
    """Milliseconds of a core for one pass; `alike` says that the pictures of both are the same to within 1 of 255."""

    onnxruntime: float
    openvino: float
    alike: bool

    @property
    def openvino_is_faster(self) -> bool:
        """Whether it gives the same pictures clearly faster."""
        return self.alike and self.onnxruntime > _CLEARLY * self.openvino


_FAILED = PassTimes(0.0, 0.0, alike=False)  # kept for a model that OpenVINO cannot run, so that it is tried once
_RULE = 2  # by which a failure is kept: by an older one, lack of memory was kept as a verdict on the model
_LASTING = ("unsupported-network", "not-finite")  # codes of what the network and the runtime give at every call


def times_for(model: OnnxModel, load: Callable[[], OnnxModel], size: Size, pictures: int) -> PassTimes | None:
    """What a pass of a network's input of this size takes in each runtime; `load` is asked for the model in OpenVINO.

    What was measured before on this machine is used again, so that the same command gives the same pictures; that
    OpenVINO cannot run the model, too. None where it would not pay for so few pictures, where nothing can be kept, and
    where OpenVINO failed for a reason that may be gone at the next call, such as too little memory.
    """
    if pictures < _LEAST or kept_folder() is None or model.needs(size) >= LARGE:
        return None
    machine = {"cpu": cpu_name(), "cores": cores(), "versions": _versions()}
    key = {"what": "runtime", "rule": _RULE, "model": model.digest, "size": str(size), **machine}
    found = _valid(recall(key))
    if found is None:
        first = OnnxTranslator(model)
        picture, options = _draw_picture(model.card, size), PassOptions(model.card.statistics, seed=0)
        try:
            if _kept_seconds(key, first, picture, options) * pictures < LONG:
                return None
            times = _time_both(first, OnnxTranslator(load()), picture, options)
        except P2PError as error:
            if error.code not in _LASTING:
                return None
            times = _FAILED
        except (ImportError, MemoryError):
            return None
        found = _valid(keep(key, vars(times))) or times
    return found


def _versions() -> dict[str, str]:
    """The versions; none of what was installed under another name, as onnxruntime-gpu is."""
    from importlib.metadata import PackageNotFoundError, version  # which a start for a few pictures does without

    found: dict[str, str] = {}
    for name in ("onnxruntime", "openvino", "p2p-gan"):
        with contextlib.suppress(PackageNotFoundError):
            found[name] = version(name)
    return found


def _kept_seconds(key: dict[str, object], first: OnnxTranslator, picture: Array, options: PassOptions) -> float:
    """The processor time of a pass, kept as well: it decides whether the other runtime is tried."""
    key = {**key, "what": "pass in onnxruntime"}
    found = (recall(key) or {}).get("seconds")
    if isinstance(found, float):
        return found
    first.values(picture, options)  # loads what all need
    seconds = _seconds(first, picture, options)
    found = (keep(key, {"seconds": seconds}) or {}).get("seconds")
    return found if isinstance(found, float) else seconds


def _time_both(first: OnnxTranslator, second: OnnxTranslator, picture: Array, options: PassOptions) -> PassTimes:
    alike = _are_alike(*(_result(each, picture, options) for each in (first, second)))
    taken: dict[OnnxTranslator, list[float]] = {first: [], second: []}
    for _ in range(_ROUNDS):
        for each, times in taken.items():
            times.append(_seconds(each, picture, options))
    onnxruntime, openvino = (sorted(times)[_ROUNDS // 2] * 1000 for times in taken.values())
    return PassTimes(onnxruntime, openvino, alike)


def _result(translator: OnnxTranslator, picture: Array, options: PassOptions) -> Array:
    """The pixels of a pass; for classes, whose numbers say nothing of how near they are, their probabilities."""
    if translator.output.kind != "classes":
        return translator.pixels(picture, options)
    return np.rint(probabilities(translator.values(picture, options)) * 255).astype(np.uint8)


def _are_alike(one: Array, other: Array) -> bool:
    if one.dtype.kind == "f":
        return False
    return bool(np.abs(one.astype(np.int64) - other).max() <= np.iinfo(one.dtype).max / 255)


def _seconds(translator: OnnxTranslator, picture: Array, options: PassOptions) -> float:
    """The processor time of a pass, to which other programs add little."""
    began = time.process_time()
    for _ in range(_PASSES):
        translator.values(picture, options)
    return (time.process_time() - began) / _PASSES


def _draw_picture(card: ModelCard, size: Size) -> Array:
    """A picture that the network takes, of noise."""
    coding, drawn = card.input_coding, np.random.default_rng(0)
    shape = (size.height, size.width)
    if coding.kind == "classes":
        return drawn.integers(0, coding.channels, shape, dtype=np.uint8)
    low, high = coding.range
    values = drawn.uniform(low, high, shape if coding.channels == 1 else (*shape, coding.channels))
    return np.asarray(values.astype(coding.dtype))


def _valid(values: dict[str, object] | None) -> PassTimes | None:
    if values is None:
        return None
    one, other, alike = (values.get(name) for name in ("onnxruntime", "openvino", "alike"))
    if not isinstance(one, float) or not isinstance(other, float) or not isinstance(alike, bool):
        return None
    return PassTimes(one, other, alike)
