"""Applies a model to one picture, with the size and fit of its training, and with dropout seeded by the pixels.

Nothing here may train; the output depends on the picture and the options alone, not on other pictures.
"""

import hashlib
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from p2p_datatools.contract.errors import P2PError, UsageError
from p2p_datatools.contract.pictures.arrays import Array
from p2p_datatools.contract.pictures.images import hash_pixels, size_of
from p2p_datatools.contract.pictures.resize import fit_to, resize, resize_photo, scale_to
from p2p_datatools.contract.pictures.sizes import Size
from p2p_datatools.contract.progress import Note
from p2p_gan.data.coding import Coding
from p2p_gan.data.sizing import of_equal_area
from p2p_gan.inference.layout import Layout, layout_of, shapes_of, whole_bytes
from p2p_gan.inference.strips import Read, Strips
from p2p_gan.machine.memory import budget_of
from p2p_gan.models.model import Model
from p2p_gan.networks.base import Generator, InferencePass


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
            raise UsageError(
                f"tile={self.tile}",
                "is not possible",
                "Give a number of rows, 1 or more, or auto.",
                code="impossible-setting",
            )

    def to_json(self) -> dict[str, Any]:
        """The options as JSON values, without `tile`, which does not change the output."""
        return {"size": str(self.size) if self.size else None, "seed": self.seed, "dropout": self.dropout}


@dataclass(frozen=True)
class Translator:
    """A generator with the codings of its input and output, on a device: from pixels to pixels."""

    generator: Generator
    input: Coding
    output: Coding
    device: torch.device

    def whole(self, pixels: Array, applying: InferencePass) -> Tensor:
        """One pass of a picture (height, width[, channels]) whose sides fit; gives (1, channels, height, width)."""
        with torch.inference_mode():
            return _finite(self.generator(self.input.to_tensor(pixels[None], self.device), applying))

    def pixels(self, pixels: Array, applying: InferencePass) -> Array:
        """The output of one pass as pixels (height, width[, channels])."""
        return np.asarray(self.output.to_array(self.whole(pixels, applying))[0])

    def in_strips(
        self, pixels: Array, applying: InferencePass, layout: Layout, sink: Callable[[int, Tensor], None]
    ) -> None:
        """The same pass in strips: `sink` is called with the first row of each strip and its values."""
        with torch.inference_mode():
            for first, values in Strips(
                self.generator.steps(), self._read(pixels, applying), applying, layout
            ).output():
                sink(first, _finite(self.generator.finish(values)))

    def _read(self, pixels: Array, applying: InferencePass) -> Read:
        """A function for rows of the generator's input; noise is drawn first, as in a pass of the whole picture."""
        noise = None
        if self.generator.noise:
            noise = self.generator.draw_noise(self.input.to_tensor(pixels[None, :1], self.device), applying)

        def read(first: int, end: int) -> Tensor:
            x = self.input.to_tensor(pixels[None, first:end], self.device)
            return x if noise is None else torch.cat((x, noise.expand(-1, -1, *x.shape[2:])), dim=1)

        return read


def _finite(values: Tensor) -> Tensor:
    """The same values; raises P2PError if one is infinite or not a number, which would become black pixels."""
    if not values.isfinite().all():
        what = "the model's output has values that are infinite or not numbers"
        to_do = "Use an earlier model or checkpoint, and look at the losses of its training."
        raise P2PError("the model", what, to_do, code="not-finite")
    return values


def translator_of(model: Model, device: torch.device | None = None) -> Translator:
    """The model's generator and codings, on `device` or by default on the generator's device."""
    where = device or next(model.generator.parameters()).device
    return Translator(model.generator, model.card.input_coding, model.card.output_coding, where)


def apply_model(
    model: Model,
    picture: Array,
    how: ApplyOptions,
    *,
    variant: int = 0,
    device: torch.device | None = None,
    note: Note | None = None,
) -> Array:
    """Translate one picture of any size, as `inputs.read_input` returns it, into one of the same size.

    Values have the output's own type and range, classes are indices (height, width). Dropout and noise are seeded by
    (seed, pixels, variant): the same arguments give the same output. `note` gets a line if strips are used.
    """
    own, card = size_of(picture), model.card
    noise = noise_of(picture, how.seed, variant) if how.dropout else None
    exact = card.input.kind == "mask"
    seen = size_seen(model, own, how)
    if how.size is None and card.fit == "pad" and card.size:
        fitted = fit_to(picture, card.size, "pad", exact=exact)
        inside = scale_to(own, card.size, cover=False)
    else:
        fitted, inside = resize(picture, seen, exact=exact), seen
    whole = Pass(translator_of(model, device), model.generator.unit, how.tile, note)
    return whole.output(fitted, InferencePass(card.statistics, noise=(noise,) if noise else None), inside, own)


def size_seen(model: Model, own: Size, how: ApplyOptions) -> Size:
    """The size of the network's input for a picture of size `own`, before padding to sides that it can halve."""
    size = model.card.size
    fit = model.card.fit
    if isinstance(how.size, Size):
        unit = model.generator.unit
        nearest = Size(*(max(unit, round(side / unit) * unit) for side in how.size))
        if how.size != nearest:
            raise UsageError(
                f"size={how.size}",
                "is not possible",
                f"The nearest size that works is {nearest}.",
                code="impossible-setting",
            )
        return how.size
    if how.size == "native" or size is None:
        return own
    if fit == "keep":
        return of_equal_area(own, size)
    # Training cropped the picture at the covering scale; here the whole picture has that scale.
    return scale_to(own, size, cover=True) if fit == "crop" else size


@dataclass(frozen=True)
class Pass:
    """One pass of a picture through the network, at once or in strips, and resizing of the output."""

    translator: Translator
    unit: int
    tile: int | None
    note: Note | None

    def output(self, pixels: Array, applying: InferencePass, inside: Size, own: Size) -> Array:
        """The output for `pixels`, whose central part of size `inside` is the picture, resized to `own`."""
        seen = size_of(pixels)
        whole = Size(*(math.ceil(side / self.unit) * self.unit for side in seen))
        pads: Any = ((0, whole.height - seen.height), (0, whole.width - seen.width), (0, 0))
        valid = (seen.height / whole.height, seen.width / whole.width)
        padded = pixels if whole == seen else np.pad(pixels, pads[: pixels.ndim], mode="symmetric")
        applying = InferencePass(applying.statistics, valid, applying.noise)
        place = _Place((seen.width - inside.width) // 2, (seen.height - inside.height) // 2, inside)
        coding = self.translator.output
        layout = self._layout(whole)
        if coding.kind == "classes" and inside != own:
            return _labels(place.of(self._values(padded, applying, layout)), own)
        pixels = place.of_pixels(self._pixels(padded, applying, layout))
        if inside == own:
            return pixels
        # Enlarging overshoots at edges, and a type may exceed the half's range.
        low, high = np.array(coding.range, dtype=pixels.dtype)
        return np.asarray(np.clip(resize_photo(pixels, own), low, high))

    def _layout(self, size: Size) -> Layout | None:
        steps, device = self.translator.generator.steps(), self.translator.device
        inputs, budget = self.translator.input.channels + self.translator.generator.noise, budget_of(device)
        layout = layout_of(steps, inputs, size, budget, self.tile)
        if layout and self.note:
            one = whole_bytes(steps, shapes_of(steps, inputs, size)) >> 20
            why = "" if self.tile else f", for at most {budget >> 20} MiB of memory"
            rows = f"{layout.rows} row{'' if layout.rows == 1 else 's'}"
            self.note(f"{size}: computed in strips of {rows}{why}; at once it would need about {one} MiB")
        return layout

    def _pixels(self, padded: Array, applying: InferencePass, layout: Layout | None) -> Array:
        coding = self.translator.output
        if layout is None:
            return self.translator.pixels(padded, applying)
        shape = (*padded.shape[:2], coding.channels)
        flat = coding.kind == "classes" or coding.channels == 1
        pixels = np.empty(shape[:2] if flat else shape, dtype=coding.dtype)

        def keep(first: int, values: Tensor) -> None:
            pixels[first : first + values.shape[2]] = coding.to_array(values)[0]

        self.translator.in_strips(padded, applying, layout, keep)
        return pixels

    def _values(self, padded: Array, applying: InferencePass, layout: Layout | None) -> Tensor:
        """The network's output (1, channels, height, width) on the CPU."""
        if layout is None:
            return self.translator.whole(padded, applying).cpu()
        strips: list[Tensor] = []
        self.translator.in_strips(padded, applying, layout, lambda _, values: strips.append(values.cpu()))
        return torch.cat(strips, dim=2)


@dataclass(frozen=True)
class _Place:
    """The position of the picture in the network's input."""

    left: int
    top: int
    size: Size

    def of(self, values: Tensor) -> Tensor:
        return values[:, :, self.top : self.top + self.size.height, self.left : self.left + self.size.width]

    def of_pixels(self, pixels: Array) -> Array:
        cut = pixels[self.top : self.top + self.size.height, self.left : self.left + self.size.width]
        return np.ascontiguousarray(cut)


def _labels(logits: Tensor, size: Size) -> Array:
    """The most likely class at another size, from logits resized class by class: smooth borders, exact classes."""
    best: Tensor | None = None
    labels = torch.zeros((size.height, size.width), dtype=torch.uint8)
    for index in range(logits.shape[1]):
        one = F.interpolate(
            logits[:, index : index + 1].float(), (size.height, size.width), mode="bilinear", antialias=True
        )[0, 0]
        if best is None:
            best = one
            continue
        better = one > best
        labels[better] = index
        best = torch.where(better, one, best)
    return np.asarray(labels.numpy())


def noise_of(picture: Array, seed: int, variant: int) -> torch.Generator:
    """The random generator of a picture's dropout and noise, seeded by the seed, the pixels and the variant alone."""
    digest = hashlib.sha256(f"{seed}:{variant}:{hash_pixels(picture)}".encode()).digest()
    return torch.Generator().manual_seed(int.from_bytes(digest[:8], "little") >> 1)
