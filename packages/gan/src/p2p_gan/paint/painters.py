"""A model that is painted with: what it tells a page of itself, and a picture in bytes painted, read or segmented.

Nothing here may know HTTP, or give other pixels than `p2p sample` gives for the same picture, seed and variant.
"""

import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from p2p_datatools.contract.errors import P2PError, UsageError
from p2p_datatools.contract.pairs.manifest import Half
from p2p_datatools.contract.palette import IGNORE_COLOR, Palette
from p2p_datatools.contract.pictures.arrays import Array
from p2p_datatools.contract.pictures.header import Form, PictureFile
from p2p_datatools.contract.pictures.images import encode_mask, size_of
from p2p_datatools.contract.pictures.sizes import Size, parse_size
from p2p_datatools.contract.progress import QUIET, Reporter
from p2p_gan.inference.apply import ApplyOptions, padded_size_seen, translator_of
from p2p_gan.inference.inputs import read_input, refuse_file
from p2p_gan.inference.mask_inputs import InputChanges, read_palette_mask
from p2p_gan.inference.memory_inputs import WHERE
from p2p_gan.inference.outputs import encode_output, is_in_png
from p2p_gan.inference.predictor import NoteReporter, Predictor, load_model
from p2p_gan.inference.preview import look_at_pixels
from p2p_gan.inference.segmentation import segment
from p2p_gan.models.card import ModelCard
from p2p_gan.models.location import MODEL_FILE, ONNX_FILE
from p2p_gan.paint.uploads import open_upload

_SIDE = 256  # of the picture by which a model without a size is measured
_PASSES, _SECONDS = 7, 2.0  # by which it is measured: so many, or as many as take so long
_MOST_SEEN = 1 << 22  # pixels that a network may see: 2048x2048 in a pass of some seconds


@dataclass(frozen=True)
class Stroke:
    """How a picture is to be painted; `size` is what the network sees: None as in training, "native", N or WxH."""

    seed: int = 0
    variant: int = 1
    size: str | None = None
    dropout: bool = True


@dataclass(frozen=True)
class PngAnswer:
    """A picture as the bytes of a PNG; `notes` say what was changed of what was sent."""

    data: bytes
    notes: tuple[str, ...] = ()
    milliseconds: float = 0.0


@dataclass(frozen=True)
class Painter:
    """A model under the `id` that requests use; `milliseconds` is the median of a pass at the size of its training."""

    id: str
    name: str
    path: Path
    predictor: Predictor
    milliseconds: float = 0.0

    @property
    def run(self) -> Path:
        """The folder in which its model file lies."""
        return self.path if self.path.is_dir() else self.path.parent

    @property
    def card(self) -> ModelCard:
        """What the model takes and gives."""
        return self.predictor.card

    @cached_property
    def refusal(self) -> str | None:
        """Why no picture that is sent can be painted by it; None if one can."""
        return refusal_of(self.card)

    @cached_property
    def why_not(self) -> str | None:
        """Why it has no brushes; None if a mask can be drawn for it."""
        return self.refusal or brushless(self.card)

    def paint(self, data: bytes, stroke: Stroke) -> PngAnswer:
        """The output for a picture file as PNG: the pixels that `p2p sample` writes.

        Raises P2PError for a picture that the model does not take, UsageError for a size that its network does not.
        """
        began = time.perf_counter()
        lines, changes = list[str](), InputChanges()
        notes = NoteReporter(lines.append)
        pixels = self._read(open_upload(data), changes, stroke)
        look_at_pixels(pixels, self.card, notes, where=WHERE)
        output = self.predictor(
            pixels, seed=stroke.seed, variant=stroke.variant, size=stroke.size, dropout=stroke.dropout
        )
        changes.say(notes)
        return PngAnswer(encode_output(output, self.card), tuple(lines), (time.perf_counter() - began) * 1000)

    def read_mask(self, data: bytes) -> PngAnswer:
        """A picture as an exact mask of the model's palette; raises P2PError if it is a photo, or of another one."""
        palette = self.card.palette
        if self.why_not is not None or palette is None:
            raise P2PError(f"the model {self.name}", self.why_not or "has no palette", "Paint it.", code="no-brushes")
        lines, changes = list[str](), InputChanges()
        labels = read_palette_mask(open_upload(data), palette, changes)
        changes.say(NoteReporter(lines.append))
        return PngAnswer(encode_mask(labels, palette), tuple(lines))

    def segment(self, data: bytes) -> PngAnswer:
        """The mask that the model finds in a photo, of the photo's size; it has to be one of `can_segment`."""
        assert self.card.palette is not None, "of those that can segment"
        lines, changes = list[str](), InputChanges()
        notes = NoteReporter(lines.append)
        photo = self._read(open_upload(data), changes, Stroke())
        look_at_pixels(photo, self.card, notes, where=WHERE)
        found = segment(translator_of(self.predictor.model), self.card, photo)
        changes.say(notes)
        return PngAnswer(encode_mask(found.labels, self.card.palette, role="generated mask"), tuple(lines))

    def measure(self) -> "Painter":
        """The same with the milliseconds of a pass."""
        side = self.card.size or Size(_SIDE, _SIDE)
        blank, silent = _blank(self.card, side), Predictor(self.predictor.model)  # nobody gave it that picture
        times: list[float] = []
        while len(times) <= _PASSES and sum(times[1:]) < _SECONDS:
            began = time.perf_counter()
            silent(blank)
            times.append(time.perf_counter() - began)
        times = times[1:]  # the first loads and compiles what all need
        return replace(self, milliseconds=round(statistics.median(times) * 1000, 1))

    def to_json(self) -> dict[str, Any]:
        """What a page has to know of it."""
        return {
            **{"id": self.id, "name": self.name, **describe_card(self.card), "unit": self.card.unit},
            **{"digest": self.predictor.digest, "runtime": self.predictor.runtime, "milliseconds": self.milliseconds},
            **{"why_not": self.why_not, "uploads": self.refusal is None},
        }

    def _read(self, file: PictureFile, changes: InputChanges, stroke: Stroke) -> Array:
        """The picture as `Predictor` takes it, if its network may see it at this size."""
        if self.refusal is not None:
            raise P2PError(f"the model {self.name}", self.refusal, "Use 'p2p sample'.", code="unfit-model")
        card = self.card
        if palette := card.input_palette:
            pixels: Array = read_palette_mask(file, palette, changes)
        else:
            refuse_file(file, card)
            pixels = read_input(file, card, changes)
        _refuse_large_pass(card, size_of(pixels), stroke)
        return pixels


def open_painters(paths: Sequence[Path], report: Reporter = QUIET) -> list[Painter]:
    """Load and measure the models at these paths, run folders or model files; their ids are m0, m1 and so on.

    Raises P2PError for a path without a model, and for a damaged one.
    """
    names = short_names(paths)
    painters: list[Painter] = []
    for number, (path, name) in enumerate(report.track(list(zip(paths, names, strict=True)), "loading", len(paths))):
        painter = Painter(f"m{number}", name, path, load_model(path, all_cores=True, report=report))
        painters.append(painter if painter.refusal else painter.measure())
    return painters


def short_names(paths: Sequence[Path]) -> list[str]:
    """What people call models: the names of their run folders, with as many folders above as tell them apart."""
    parts = [_without_suffix(path.resolve()).parts for path in paths]
    found = []
    for own in parts:
        others = [each for each in parts if each != own]
        count = next((n for n in range(1, len(own)) if all(each[-n:] != own[-n:] for each in others)), len(own))
        found.append("/".join(own[-count:]))
    return found


def _without_suffix(path: Path) -> Path:
    """A run folder as it is, and in place of its usual model file; another model file without its suffix."""
    if path.name in (MODEL_FILE, ONNX_FILE):
        return path.parent
    return path.with_suffix("") if path.suffix.lower() in (".safetensors", ".onnx") else path


def refusal_of(card: ModelCard) -> str | None:
    """Why no single picture of a browser can be an input or output of a model; None if it can."""
    if card.input.parts:
        words = ", ".join(part.name for part in card.input.parts)
        return f"takes several pictures for each output ({words})"
    if card.input.channels not in (1, 3) or card.input.dtype not in ("uint8", "uint16"):
        return f"takes {Form(card.input.channels, card.input.dtype)}, which no PNG or JPEG holds"
    if not is_in_png(card):
        return f"gives {Form(card.output.channels, card.output.dtype)}, which PNG does not hold"
    return None


def brushless(card: ModelCard) -> str | None:
    """Why nothing can be drawn for a model that takes a single picture; None if its classes are brushes."""
    if card.input.kind != "mask":
        return f"takes a {card.input.name}, which is not drawn with classes: a picture can be opened instead"
    if card.palette is None:
        return "takes masks, but its description has no palette, so that no colour has a name"
    return None


def can_segment(card: ModelCard) -> bool:
    """Whether a model gives masks with a palette for single pictures that are none."""
    return (
        card.output.kind == "mask" and card.input.kind != "mask" and card.palette is not None and not refusal_of(card)
    )


def same_classes(one: ModelCard, other: ModelCard) -> bool:
    """Whether two models have the same classes in the same colours."""
    if one.palette is None or other.palette is None:
        return False
    own, their = ([(each.name, each.color) for each in palette.classes] for palette in (one.palette, other.palette))
    return own == their


def segmenter_for(painters: Sequence[Painter], asked: Painter) -> Painter | None:
    """The first model that finds the classes of another in a photo; None if there is none."""
    fitting = (each for each in painters if can_segment(each.card) and same_classes(each.card, asked.card))
    return next(fitting, None)


def describe_card(card: ModelCard) -> dict[str, Any]:
    """What a page has to know of a model, whatever computes it."""
    return {
        "direction": card.direction,
        **{"input": _half_json(card.input), "output": _half_json(card.output)},
        "palette": None if card.palette is None else _palette_json(card.palette),
        "size": list(card.size) if card.size else None,
        "usual_size": list(card.usual_size) if card.usual_size else None,
        **{"fit": card.fit, "stochastic": card.architecture.random},
    }


def _palette_json(palette: Palette) -> dict[str, Any]:
    """A palette as a page has it: the class numbers of a mask are the places in `classes`, 255 is ignored."""
    classes = [{"name": each.name, "color": list(each.color)} for each in palette.classes]
    return {"name": palette.name, "classes": classes, "ignore_color": list(IGNORE_COLOR)}


def _half_json(half: Half) -> dict[str, Any]:
    return {"kind": half.kind, "name": half.name, "channels": half.channels, "dtype": half.dtype}


def _blank(card: ModelCard, size: Size) -> Array:
    """A picture that the model takes, all of the first class or black."""
    if card.input_palette:
        return np.zeros((size.height, size.width), np.uint8)
    shape = (size.height, size.width, card.input.channels)
    return np.zeros(shape[:2] if card.input.channels == 1 else shape, card.input.dtype)


def _refuse_large_pass(card: ModelCard, own: Size, stroke: Stroke) -> None:
    """Raise UsageError where the network would see more pixels than a server computes for a request."""
    size: Size | str | None = stroke.size
    if stroke.size is not None and stroke.size != "native":
        size = parse_size(stroke.size)
    seen = padded_size_seen(card, own, ApplyOptions(size=size))
    if seen.width * seen.height > _MOST_SEEN:
        what = f"is more than a network sees here, at most {_MOST_SEEN:,} pixels"
        raise UsageError(f"size={seen}", what, "Ask for a smaller size, or use 'p2p sample'.", code="large-pass")
