"""A model as a function: pictures in as numpy arrays, pictures of Pillow or tensors, and pictures of the same kind out.

Nothing here may read or write a picture file, or give other pixels than `p2p sample` gives for the same picture.
"""

import operator
import os
import sys
import threading
from collections.abc import Callable, Sequence
from copy import deepcopy
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, SupportsIndex

import numpy as np

from p2p_datatools.contract.errors import UsageError
from p2p_datatools.contract.pictures.arrays import Array
from p2p_datatools.contract.pictures.images import hash_pixels, size_of
from p2p_datatools.contract.pictures.memory import is_pillow, pillow_of
from p2p_datatools.contract.pictures.sizes import Size, parse_size
from p2p_datatools.contract.progress import QUIET, Note, Reporter, once
from p2p_gan.inference.apply import ApplyOptions, seed_of, translate
from p2p_gan.inference.mask_inputs import InputChanges
from p2p_gan.inference.memory_inputs import WHERE, is_share, read_pillow, read_values, refuse_channels_last
from p2p_gan.inference.preview import look_at_pixels
from p2p_gan.inference.runtime_choice import is_too_large, load_for_torch, open_in_fork, open_model
from p2p_gan.inference.runtimes.onnx_runtime import OnnxModel, with_all_cores
from p2p_gan.inference.runtimes.translator import AnyModel, Translator
from p2p_gan.inference.shared import translator_for_threads
from p2p_gan.models.card import ModelCard
from p2p_gan.models.location import is_onnx, model_file

if TYPE_CHECKING:
    import torch

_Run = Callable[[Array], list[Array]]  # the model's input, to an output for each variant
_BYTE = 255
_inherited: list[object] = []  # by a process that was forked: a runtime that ends waits for threads that are not in it
_LOOKED_AT = 8  # of the first pictures, whether they are what the model takes: as many as `p2p sample` looks at


def load_model(
    path: Path | str,
    *,
    runtime: str = "auto",
    device: "torch.device | str | None" = "auto",
    all_cores: bool = False,
    report: Reporter = QUIET,
) -> "Predictor":
    """Load a run folder, a model file (.safetensors) or an ONNX file of `p2p export`, to be called with pictures.

    `runtime` and `device` are those of `p2p sample`: what computes (auto, torch, onnxruntime or openvino), and where
    torch does (auto: the first GPU, else the CPU). With `all_cores` onnxruntime takes all of them for each picture, as
    the others do, instead of one for each of several small pictures at once: for one picture after the other. What is
    to be said of pictures, such as that blended colours of a mask became those of its classes, goes to `report`, each
    line once. Raises P2PError where there is no model, or none that this version knows, UsageError for an impossible
    choice.
    """
    path = _path_of(path)
    model = open_model(path, runtime, device=device, report=report)
    if all_cores and isinstance(model, OnnxModel):
        model = with_all_cores(model)
    fallback = None if runtime != "auto" or is_onnx(path) else partial(load_for_torch, model_file(path), device)
    return Predictor(model, report, fallback=fallback)


def _path_of(path: object) -> Path:
    if isinstance(path, str | os.PathLike):
        return Path(path)
    to_do = "Give the path of a run folder, a model file or an ONNX file."
    raise UsageError(type(path).__name__, "is not a path", to_do, code="missing-model")


class Predictor:
    """A model to be called with pictures, from any number of threads; it gives what `p2p sample` writes.

    It can be copied, pickled, and used in processes that were started by spawn, or by fork while it translated nothing.
    In one that was forked torch computes by one thread, for those of the other process are not in it.

    `card` says what the model takes and gives: `card.direction`, `card.input`, `card.output`, `card.palette`,
    `card.size` (width, height) and `card.fit` of its training. `runtime` says what computes.
    """

    def __init__(
        self, model: AnyModel, report: Reporter = QUIET, *, fallback: Callable[[], AnyModel] | None = None
    ) -> None:
        if not hasattr(model, "card"):
            to_do = "Call load_model(PATH), which makes a predictor of a run folder, a model file or an ONNX file."
            raise UsageError(type(model).__name__, "is not a model", to_do, code="missing-model")
        self.model = model
        self._report, self._note, self._fallback = report, once(report.note), fallback
        self._looked = 0
        self._begin()

    def _begin(self) -> None:
        """Begin to work in this process."""
        self._process, self._lock = os.getpid(), threading.Lock()
        self._translators: dict[bool, Translator] = {}

    def _refresh(self) -> None:
        """Begin again in a process that was forked, where threads that are not in it may hold locks and the model."""
        if self._process == os.getpid():
            return
        _inherited.append((self.model, self._translators))
        if isinstance(self.model, OnnxModel):
            self.model = open_in_fork(self.model, self._report)
        self._begin()

    def __reduce__(self) -> tuple[Any, ...]:
        return partial(Predictor, fallback=self._fallback), (self.model, self._report)

    def __deepcopy__(self, memo: dict[int, Any]) -> "Predictor":
        # What is to be said goes to the same reporter.
        return Predictor(deepcopy(self.model, memo), self._report, fallback=self._fallback)

    @property
    def card(self) -> ModelCard:
        """What the model takes and gives, and what it was trained on."""
        return self.model.card

    @property
    def digest(self) -> str:
        """The name of its weights: the SHA-256 of the model file."""
        return self.model.digest

    @property
    def unit(self) -> int:
        """The number of which both sides of the network's input are multiples; pictures may have any size."""
        return self.card.unit

    @property
    def runtime(self) -> str:
        """What computes: torch, onnxruntime or openvino."""
        return self.model.runtime if isinstance(self.model, OnnxModel) else "torch"

    def __repr__(self) -> str:
        return f"<Predictor {self.card.direction}, size {self.card.size or 'any'}, {self.runtime}>"

    def __call__(
        self,
        picture: Any,
        *,
        seed: int = 0,
        variant: int = 1,
        variants: int | None = None,
        size: Size | tuple[int, int] | int | str | None = None,
        dropout: bool = True,
    ) -> Any:
        """Translate a picture of any size into one of the same size and kind; the picture itself is not changed.

        - numpy arrays are (height, width) for one channel, (height, width, channels) for more, RGB, or a batch
          (n, height, width, channels), which gives a batch. Values are those of the model's input: for 8 bits uint8,
          other whole numbers from 0 to 255, or floats from 0 to 1, for which an output of 8 bits is float32 of 0 to 1
          too. Where the model takes masks: class indices (height, width), 255 where ignored, or the palette's colours.
        - tensors are the same, but (channels, height, width), (n, channels, height, width), or (height, width), and
          what is given lies on the device of what was taken.
        - a picture of Pillow is read as its file would be: turned by its EXIF, its profile to sRGB; the output is RGB
          or grey, and for classes of mode P with the palette.
        - a list or a tuple of pictures, of any sizes, gives a list of outputs.

        An output of classes is uint8 class indices (height, width). `seed` and `variant` (from 1) are those of
        `p2p sample`: the same picture, seed and variant always give the same pixels, alone, in a batch, or in threads.
        With `variants=n` the result is a list of the variants 1 to n. `size` is the size that the network sees: None as
        in training, "native", a number, (width, height) or "WxH". `dropout=False` switches dropout and noise off.

        Raises UsageError for what is not a picture, P2PError for pictures that the model does not take.
        """
        how = _options_of(size, seed, dropout)
        numbers = _numbers_of(variant, variants)
        self._refresh()
        changes = InputChanges()

        def run(pixels: Array) -> list[Array]:
            self._look(pixels)
            translator = self._translator_for(pixels, how)
            hashed = hash_pixels(pixels)
            seeds = [seed_of(hashed, how.seed, each) if how.dropout else None for each in numbers]
            return [translate(translator, self.card, pixels, how, each) for each in seeds]

        found = _answer(picture, self.card, changes, run)
        changes.say(NoteReporter(self._note))
        return found[0] if variants is None else found

    def _look(self, pixels: Array) -> None:
        """Note of the first pictures what is probably wrong with them."""
        with self._lock:
            self._looked += 1
            looks = self._looked <= _LOOKED_AT
        if looks:
            look_at_pixels(pixels, self.card, NoteReporter(self._note), where=WHERE)

    def _translator_for(self, pixels: Array, how: ApplyOptions) -> Translator:
        """What computes for a picture: torch, in strips, for one that is too large for a pass of another runtime."""
        model = self.model
        large = self._fallback is not None and is_too_large(model, [size_of(pixels)], how)
        with self._lock:
            if large not in self._translators:
                chosen = self._fallback() if large and self._fallback else model
                self._translators[large] = translator_for_threads(chosen, note=self._note)
            return self._translators[large]


class NoteReporter(Reporter):
    """Hands on what is noted, and nothing else."""

    def __init__(self, note: Note) -> None:
        self._note = note

    def note(self, line: str) -> None:
        """Hand it on."""
        self._note(line)


def _options_of(size: Size | tuple[int, int] | int | str | None, seed: int, dropout: object) -> ApplyOptions:
    """The options of a call; raises UsageError where one is of a type that would mean something else in silence."""
    if not isinstance(dropout, bool | np.bool_):
        to_do = "dropout=False switches dropout and noise off."
        raise UsageError(f"dropout={dropout!r}", "is neither True nor False", to_do, code="impossible-setting")
    return ApplyOptions(size=_size_of(size), seed=_whole(seed, "seed"), dropout=bool(dropout))


def _numbers_of(variant: int, variants: int | None) -> list[int]:
    """Which variants are asked for."""
    first, last = (_whole(variant, "variant"),) * 2 if variants is None else (1, _whole(variants, "variants"))
    if min(first, last) < 1:
        to_do = "Variants are counted from 1."
        raise UsageError(f"variants={min(first, last)}", "is not possible", to_do, code="impossible-setting")
    return list(range(first, last + 1))


def _whole(value: SupportsIndex, name: str) -> int:
    try:
        return operator.index(value)
    except TypeError as error:
        to_do = "Give one, such as 1."
        raise UsageError(f"{name}={value!r}", "is no whole number", to_do, code="impossible-setting") from error


def _size_of(size: Size | tuple[int, int] | int | str | None) -> Size | str | None:
    if size is None or isinstance(size, Size):
        return size
    if isinstance(size, str):
        return size if size == "native" else parse_size(size)
    sides = size if isinstance(size, tuple | list) else np.ravel(size).tolist()
    return parse_size("x".join(str(_whole(side, "size")) for side in sides))


def _answer(picture: Any, card: ModelCard, changes: InputChanges, run: _Run) -> list[Any]:
    """For a picture of any kind its outputs, of the same kind, one for each variant."""
    if isinstance(picture, list | tuple):
        return _transpose([_answer(each, card, changes, run) for each in picture], picture)
    if isinstance(picture, np.ndarray):
        return _answer_array(picture, card, changes, run)
    if is_pillow(picture):
        outputs = run(read_pillow(picture, card, changes))
        return [pillow_of(each, card.class_palette) for each in outputs]
    torch = sys.modules.get("torch")
    if torch is not None and isinstance(picture, torch.Tensor):
        return _answer_tensor(picture, card, changes, run)
    to_do = "Give a numpy array, a picture of Pillow (PIL.Image.open reads a file), a tensor, or a list of these; "
    to_do += "p2p_gan.sample takes files and folders."
    raise UsageError(f"{type(picture).__name__}", "is not a kind of picture that is taken", to_do, code="not-a-picture")


def _transpose(found: Sequence[list[Any]], picture: Sequence[Any]) -> list[Any]:
    """Of outputs by picture and variant, for each variant a list of the pictures' outputs."""
    if not picture:
        raise UsageError(WHERE, "is an empty batch", "Give one picture or more.", code="empty-batch")
    return [list(each) for each in zip(*found, strict=True)]


def _answer_array(values: Array, card: ModelCard, changes: InputChanges, run: _Run) -> list[Array]:
    if values.ndim == 4:
        one = [_answer_array(each, card, changes, run) for each in values]
        return [np.stack([_with_channels(output) for output in each]) for each in _transpose(one, one)]
    return [_as_share(each, values, card) for each in run(read_values(values, card, changes))]


def _with_channels(pixels: Array) -> Array:
    return pixels[..., None] if pixels.ndim == 2 else pixels


def _as_share(output: Array, values: Array, card: ModelCard) -> Array:
    """The output for an array of 0 to 1: of 8 bits it is 0 to 1 too."""
    if not is_share(values, card) or output.dtype != np.uint8 or card.output_coding.kind == "classes":
        return output
    return output.astype(np.float32) / np.float32(_BYTE)


def _answer_tensor(tensor: "torch.Tensor", card: ModelCard, changes: InputChanges, run: _Run) -> list["torch.Tensor"]:
    import torch

    _refuse_strange(tensor)
    if tensor.ndim not in (2, 3, 4):
        to_do = "Give (height, width), (channels, height, width) or (n, channels, height, width)."
        raise UsageError(WHERE, f"has the shape {tuple(tensor.shape)}", to_do, code="array-shape")
    refuse_channels_last(tensor.shape, card)
    values = _values_of(tensor)
    answers = []
    for output in _answer_array(values, card, changes, run):
        moved = torch.from_numpy(np.ascontiguousarray(np.moveaxis(_with_channels(output), -1, -3)))
        # Values of the output's own range, such as metres, may be beyond what a tensor of 16 bits holds.
        as_given = tensor.dtype if output.dtype != card.output.dtype and is_share(values, card) else moved.dtype
        answers.append(moved.to(tensor.device, as_given))
    return answers


def _refuse_strange(tensor: "torch.Tensor") -> None:
    """Raise UsageError for a tensor that numpy has no array for."""
    import torch

    kinds = {
        "has no values": tensor.is_meta,
        "is quantized": tensor.is_quantized,
        "is nested": tensor.is_nested,
        "is sparse": tensor.layout != torch.strided,
        "is complex": tensor.is_complex(),
    }
    if kind := next((kind for kind, is_so in kinds.items() if is_so), None):
        to_do = "Give a dense tensor of plain numbers."
        raise UsageError(WHERE, f"is a tensor that {kind} ({tensor.dtype})", to_do, code="value-type")


def _values_of(tensor: "torch.Tensor") -> Array:
    """The values of a tensor as an array (height, width), or with the channels last."""
    import torch

    plain = tensor.detach().cpu().resolve_neg()
    if plain.is_floating_point() and plain.dtype != torch.float64:
        plain = plain.float()
    return np.asarray((plain if tensor.ndim == 2 else plain.movedim(-3, -1)).numpy())
