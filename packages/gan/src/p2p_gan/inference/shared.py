"""What the threads of one call share: the translator that takes turns, and the pictures that they have read.

Nothing here may read or translate a picture itself.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field

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


class RecentPictures:
    """The pictures that are in work, each read once for all its variants, whichever thread asks first."""

    def __init__(self, most: int) -> None:
        self._most, self._lock = most, threading.Lock()
        self._found: OrderedDict[str, _Place] = OrderedDict()

    def get(self, name: str, read: Callable[[], PictureInWork]) -> PictureInWork:
        """The picture of this name, from now on among the recent ones."""
        with self._lock:
            place = self._found.setdefault(name, _Place())
            self._found.move_to_end(name)
            while len(self._found) > self._most:
                self._found.popitem(last=False)
        with place.lock:
            if place.picture is None:
                place.picture = read()
            return place.picture


@dataclass
class _Place:
    """Where a picture stands once it is read."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    picture: PictureInWork | None = None


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
