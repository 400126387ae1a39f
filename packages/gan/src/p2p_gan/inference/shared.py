"""What the threads of one call share: the translator that takes turns, and what they have read of a picture.

Nothing here may read or translate a picture itself.
"""

import threading
from dataclasses import dataclass

from p2p_datatools.contract.pictures.arrays import Array
from p2p_datatools.contract.pictures.ground import GroundPlace
from p2p_datatools.contract.progress import Note
from p2p_gan.data.coding import Coding
from p2p_gan.inference.apply import translator_of
from p2p_gan.inference.runtimes.onnx_runtime import OnnxModel
from p2p_gan.inference.runtimes.translator import AnyModel, PassOptions, Translator, Values


@dataclass(frozen=True)
class PictureInWork:
    """The pixels of an input, the real output if it is known, the hash of the input, and its place on the ground."""

    pixels: Array
    real: Array | None
    hash: str
    ground: GroundPlace | None = None


def translator_for_threads(model: AnyModel, tile: int | None = None, note: Note | None = None) -> Translator:
    """`translator_of` for several threads: onnxruntime is used by all at once, others by one at a time."""
    translator = translator_of(model, tile, note)
    return translator if isinstance(model, OnnxModel) else SharedTranslator(translator)


class SharedTranslator:
    """A translator that one thread uses at a time, because it takes all cores and a budget of memory."""

    def __init__(self, translator: Translator) -> None:
        self._translator, self._lock = translator, threading.Lock()

    @property
    def output(self) -> Coding:
        """The coding of the output."""
        return self._translator.output

    def pixels(self, padded: Array, options: PassOptions) -> Array:
        """The output as pixels, when the others are done."""
        with self._lock:
            return self._translator.pixels(padded, options)

    def values(self, padded: Array, options: PassOptions) -> Values:
        """The network's output, when the others are done."""
        with self._lock:
            return self._translator.values(padded, options)
