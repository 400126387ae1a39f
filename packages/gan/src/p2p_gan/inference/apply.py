"""Applies a model to one picture, with the size and fit of its training, and with dropout seeded by the pixels.

Nothing here may train or load torch; the output depends on the picture and the options alone, not on other pictures.
"""

import hashlib
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray

from p2p_datatools.contract.errors import UsageError
from p2p_datatools.contract.pictures.arrays import Array
from p2p_datatools.contract.pictures.images import hash_pixels, size_of
from p2p_datatools.contract.pictures.resize import fit_to, resize, resize_photo, scale_to
from p2p_datatools.contract.pictures.sizes import Size
from p2p_datatools.contract.progress import Note
from p2p_gan.data.sizing import of_equal_area
from p2p_gan.inference.runtimes.onnx_runtime import OnnxModel, OnnxTranslator
from p2p_gan.inference.runtimes.translator import AnyModel, ModelHolder, PassOptions, Translator, Values
from p2p_gan.models.card import ModelCard

if TYPE_CHECKING:
    from p2p_gan.models.model import Model

_LEAST_SIDE = 8  # of a network's input


@dataclass(frozen=True)
class ApplyOptions:
    """The options of applying a model; the defaults are those of its training.

    `size` None means the size and fit of training, "native" the picture's own size, else the size of the network's
    input. `tile` None computes a picture at once if memory allows, else in strips; a number forces strips of that many
    rows.
    """

    size: Size | str | None = None
    seed: int = 0
    dropout: bool = True
    tile: int | None = None

    def __post_init__(self) -> None:
        if self.tile is not None and self.tile < 1:
            to_do = "Give a number of rows, 1 or more, or auto."
            raise UsageError(f"tile={self.tile}", "is not possible", to_do, code="impossible-setting")

    def to_json(self) -> dict[str, Any]:
        """The options as JSON values, without `tile`, which does not change the output."""
        return {"size": str(self.size) if self.size else None, "seed": self.seed, "dropout": self.dropout}


def refuse_few_variants(variants: int) -> None:
    """Raise UsageError for fewer variants than one."""
    if variants < 1:
        raise UsageError(f"variants={variants}", "is not possible", "Give 1 or more.", code="impossible-setting")


def translator_of(model: AnyModel, tile: int | None = None, note: Note | None = None) -> Translator:
    """The model in its runtime: an `OnnxModel` in onnxruntime, others in torch, on the generator's device."""
    model = model.model if isinstance(model, ModelHolder) else model
    if isinstance(model, OnnxModel):
        if tile is not None:
            to_do = "Leave tile out, or give the run folder and --runtime torch."
            raise UsageError(f"tile={tile}", "needs torch, which alone computes strips", to_do, code="needs-torch")
        return OnnxTranslator(model)
    from p2p_gan.inference.runtimes.torch_runtime import torch_translator

    return torch_translator(cast("Model", model), tile, note)


def apply_model(
    model: AnyModel, picture: Array, how: ApplyOptions, *, variant: int = 0, note: Note | None = None
) -> Array:
    """Translate one picture of any size, as `inputs.read_input` returns it, into one of the same size.

    Values have the output's own type and range, classes are indices (height, width). Dropout and noise are seeded by
    (seed, pixels, variant): the same arguments give the same output. `note` gets a line if strips are used.
    """
    seed = seed_of(hash_pixels(picture), how.seed, variant) if how.dropout else None
    return translate(translator_of(model, how.tile, note), model.card, picture, how, seed)


def translate(
    translator: Translator, card: ModelCard, picture: Array, how: ApplyOptions, seed: int | None = None
) -> Array:
    """`apply_model` for a translator and a seed (of `seed_of`) made before; without a seed there is no dropout."""
    own, coding = size_of(picture), translator.output
    fitted = fit_picture(card, picture, how, seed)
    place = fitted.place
    if coding.kind == "classes" and place.size != own:
        return _labels(place.of(translator.values(fitted.padded, fitted.options)), own)
    output = place.of_pixels(translator.pixels(fitted.padded, fitted.options))
    if place.size == own:
        return output
    # Enlarging overshoots at edges, and a type may exceed the half's range.
    low, high = np.array(coding.range, dtype=output.dtype)
    return np.asarray(np.clip(resize_photo(output, own), low, high))


@dataclass(frozen=True)
class FittedPicture:
    """A picture as the network takes it: `padded` to the sides it needs, and the `place` of the picture in that."""

    padded: Array
    options: PassOptions
    place: "PicturePlace"


def fit_picture(card: ModelCard, picture: Array, how: ApplyOptions, seed: int | None) -> FittedPicture:
    """The picture at the size of `size_seen`, by the fit of training, padded to multiples of the card's unit."""
    own, exact = size_of(picture), card.input.exact
    seen = size_seen(card, own, how)
    if how.size is None and card.fit == "pad" and card.size:
        fitted = fit_to(picture, card.size, "pad", exact=exact)
        inside = scale_to(own, card.size, cover=False)
    else:
        fitted, inside = resize(picture, seen, exact=exact), seen
    seen = size_of(fitted)
    whole = _round_up(seen, card.unit)
    pads: Any = ((0, whole.height - seen.height), (0, whole.width - seen.width), (0, 0))
    padded = fitted if whole == seen else np.pad(fitted, pads[: fitted.ndim], mode="symmetric")
    valid = (seen.height / whole.height, seen.width / whole.width)
    place = PicturePlace((seen.width - inside.width) // 2, (seen.height - inside.height) // 2, inside)
    return FittedPicture(padded, PassOptions(card.statistics, valid=valid, seed=seed), place)


def size_seen(card: ModelCard, own: Size, how: ApplyOptions) -> Size:
    """The size of the network's input for a picture of size `own`, before padding to multiples of the card's unit."""
    size, fit, unit = card.size, card.fit, card.unit
    if isinstance(how.size, Size):
        nearest = Size(*(max(unit, round(side / unit) * unit) for side in how.size))
        if how.size != nearest:
            to_do = f"The nearest size that works is {nearest}."
            raise UsageError(f"size={how.size}", "is not possible", to_do, code="impossible-setting")
        return how.size
    if how.size == "native" or size is None:
        return own
    if fit == "keep":
        return of_equal_area(own, size)
    # Training cropped the picture at the covering scale; here the whole picture has that scale.
    return scale_to(own, size, cover=True) if fit == "crop" else size


def padded_size_seen(card: ModelCard, own: Size, how: ApplyOptions) -> Size:
    """`size_seen` after padding."""
    return _round_up(size_seen(card, own, how), card.unit)


def _round_up(seen: Size, unit: int) -> Size:
    """The size with sides that are multiples of `unit`, to which the network's input is padded; at least 8 pixels.

    A ResNet, whose unit is 4, mirrors the innermost border, for which there have to be two pixels.
    """
    return Size(*(math.ceil(max(side, _LEAST_SIDE) / unit) * unit for side in seen))


@dataclass(frozen=True)
class PicturePlace:
    """The position of the picture in the network's input."""

    left: int
    top: int
    size: Size

    def of(self, values: Values) -> Values:
        """The picture in the network's output (n, channels, height, width)."""
        return values[:, :, self.top : self.top + self.size.height, self.left : self.left + self.size.width]

    def of_pixels(self, pixels: Array) -> Array:
        """The picture in pixels (height, width[, channels])."""
        cut = pixels[self.top : self.top + self.size.height, self.left : self.left + self.size.width]
        return np.ascontiguousarray(cut)


def _labels(logits: Values, size: Size) -> Array:
    """The most likely class at another size, from logits resized class by class: smooth borders, exact classes."""
    best: Values | None = None
    labels = np.zeros((size.height, size.width), dtype=np.uint8)
    for index, one in enumerate(resize_logits(logits, size)):
        if best is None:
            best = one
            continue
        labels[one > best] = index
        np.maximum(one, best, out=best)
    return labels


def resize_logits(logits: Values, size: Size) -> Iterator[Values]:
    """The logits (1, classes, height, width) at another size, class by class, (height, width) each."""
    rows, columns = (_interpolation(*sides) for sides in zip(logits.shape[2:], (size.height, size.width), strict=True))
    for one in logits[0]:
        yield _interpolate(_interpolate(one, rows).T, columns).T


_Taps = list[tuple[NDArray[np.intp], Values]]


def _interpolation(given: int, wanted: int) -> _Taps:
    """Bilinear interpolation of a side, over all that a pixel covers where the side shrinks: indices and weights."""
    scale = given / wanted
    reach = max(scale, 1.0)
    centres = (np.arange(wanted) + 0.5) * scale
    first = np.floor(centres - reach + 0.5).astype(np.intp)
    taps = []
    for index in (first + step for step in range(math.ceil(2 * reach) + 1)):
        weights = np.maximum(0, 1 - np.abs(index + 0.5 - centres) / reach)
        taps.append((np.clip(index, 0, given - 1), np.where((index >= 0) & (index < given), weights, 0)))
    total = sum(weights for _, weights in taps)
    return [(index, (weights / total).astype(np.float32)) for index, weights in taps]


def _interpolate(values: Values, taps: _Taps) -> Values:
    """(height, width) with another height."""
    resized = np.zeros((len(taps[0][0]), values.shape[1]), np.float32)
    for index, weights in taps:
        resized += values[index] * weights[:, None]
    return resized


def seed_of(pixels: str, seed: int, variant: int) -> int:
    """The seed of a picture's dropout and noise: it follows from the seed, the pixels' hash and the variant alone."""
    digest = hashlib.sha256(f"{seed}:{variant}:{pixels}".encode()).digest()
    return int.from_bytes(digest[:8], "little") >> 1
