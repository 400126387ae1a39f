"""Times one pass of an exported model in onnxruntime and in OpenVINO, and keeps with the machine which is the faster.

Nothing here may load torch, or let a runtime be taken that gives other pictures than to within 1 of 255.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from p2p_datatools.contract.errors import P2PError
from p2p_datatools.contract.machine import cores
from p2p_datatools.contract.pictures.arrays import Array
from p2p_datatools.contract.pictures.sizes import Size
from p2p_gan.inference.onnx_runtime import LARGE, OnnxModel, OnnxTranslator
from p2p_gan.inference.translator import PassOptions
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


def times_for(model: OnnxModel, load: Callable[[], OnnxModel], size: Size, pictures: int) -> PassTimes | None:
    """What a pass of a network's input of this size takes in each runtime; `load` is asked for the model in OpenVINO.

    What was measured before on this machine is used again, so that the same command gives the same pictures. None where
    it would not pay for so few pictures, where nothing can be kept, and where OpenVINO cannot run the model.
    """
    if pictures < _LEAST or kept_folder() is None or model.needs(size) >= LARGE:
        return None
    key = {
        **{"what": "runtime", "model": model.digest, "size": str(size), "cores": cores()},
        "versions": _versions(),
    }
    found = _valid(recall(key))
    if found is None:
        first = OnnxTranslator(model)
        picture, options = _draw_picture(model.card, size), PassOptions(model.card.statistics, seed=0)
        first.values(picture, options)  # loads what all need
        if _seconds(first, picture, options) * pictures < LONG:
            return None
        try:
            times = _time_both(first, OnnxTranslator(load()), picture, options)
        except P2PError:
            return None
        found = _valid(keep(key, vars(times))) or times
    return found


def _versions() -> dict[str, str]:
    from importlib.metadata import version  # which a start for a few pictures does without

    return {name: version(name) for name in ("onnxruntime", "openvino", "p2p-gan")}


def _time_both(first: OnnxTranslator, second: OnnxTranslator, picture: Array, options: PassOptions) -> PassTimes:
    one, other = (each.pixels(picture, options) for each in (first, second))
    alike = one.dtype.kind != "f" and bool(np.abs(one.astype(np.int64) - other).max() <= np.iinfo(one.dtype).max / 255)
    taken: dict[OnnxTranslator, list[float]] = {first: [], second: []}
    for _ in range(_ROUNDS):
        for each, times in taken.items():
            times.append(_seconds(each, picture, options))
    onnxruntime, openvino = (sorted(times)[_ROUNDS // 2] * 1000 for times in taken.values())
    return PassTimes(onnxruntime, openvino, alike)


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
