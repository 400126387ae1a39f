"""Reads pictures in memory, arrays and those of Pillow, as a model's input: as files of the same pixels are read.

Nothing here may apply a model, or take an array whose values could mean two things.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from p2p_datatools.contract.errors import P2PError, UsageError
from p2p_datatools.contract.palette import IGNORE, Palette
from p2p_datatools.contract.pictures.arrays import Array, read_filled
from p2p_datatools.contract.pictures.header import Form
from p2p_datatools.contract.pictures.images import LabelMap, Photo, indices_of_colors
from p2p_datatools.contract.pictures.memory import may_blend, open_pillow, open_values, refuse_strange_shape
from p2p_datatools.contract.pictures.worn.reading import list_classes
from p2p_datatools.contract.words import plural
from p2p_gan.inference.inputs import as_half, encode_classes, form_of, read_input, refuse_form, without_equal_channels
from p2p_gan.inference.mask_inputs import InputChanges, read_mask_colors
from p2p_gan.models.card import ModelCard

WHERE = "the picture"
_BYTE = 255
_FEW = 0.01  # of the pixels


def is_share(values: Array, card: ModelCard) -> bool:
    """Whether an array holds 0 to 1 where the model's input is 0 to 255, so that an output of 8 bits is 0 to 1 too."""
    return values.dtype.kind == "f" and card.input.dtype == "uint8"


def read_pillow(image: Any, card: ModelCard, changes: InputChanges) -> Array:
    """A picture of Pillow as the model's input, as a file of it would be read; raises P2PError for what is no input."""
    _refuse_one_part(None, card)
    exact = not may_blend(image)
    return read_input(open_pillow(image, WHERE), card, changes, exact=exact)


def read_values(values: Array, card: ModelCard, changes: InputChanges) -> Array:
    """An array (height, width[, channels]) as the model's input.

    Where the model takes masks: class indices (height, width), 255 where ignored, or colours (height, width, 3).
    Else values of the type of the model's input; for one of 8 bits also other whole numbers from 0 to 255, and floats
    from 0 to 1. Raises P2PError for other shapes, types and values, and for colours of no class.
    """
    if np.ma.is_masked(values):
        what = "is a masked array, and what lies below its mask would count"
        raise UsageError(WHERE, what, "Say what is there: values.filled(NUMBER).", code="value-type")
    refuse_strange_shape(values, WHERE)
    _refuse_channels_first(values, card)
    _refuse_alpha(values, card)
    values = values[..., 0] if values.ndim == 3 and values.shape[2] == 1 else values
    if palette := card.input_palette:
        return encode_classes(_labels_of(values, palette, changes), card)
    values = without_equal_channels(values, form_of(card.input), WHERE)
    _refuse_one_part(1 if values.ndim == 2 else values.shape[2], card)
    refuse_form(Form(1 if values.ndim == 2 else values.shape[2], card.input.dtype), card, WHERE)
    if card.input.dtype == "uint8":
        return as_half(_as_bytes(values), card.input)
    if np.dtype(card.input.dtype).kind == "f":
        return as_half(_fill(_as_floats(values, card), card, changes), card.input)
    if values.dtype.kind not in "iu":
        raise _other_type(values, card.input.dtype)
    return as_half(_fill(_in_range(values, card.input.dtype), card, changes), card.input)


def _refuse_alpha(values: Array, card: ModelCard) -> None:
    """Raise P2PError for a channel more than grey or colours, which is likely transparency, where no model takes it."""
    channels = values.shape[2] if values.ndim == 3 else 1
    if channels in (2, 4) and card.input.channels in (1, 3):
        what = (
            f"has {channels} channels, of which the last may be transparency, but the model takes {form_of(card.input)}"
        )
        to_do = (
            "Leave it out: values[..., :-1]; or give PIL.Image.fromarray(values), which is read as a file is: what is "
        )
        to_do += "transparent becomes white, or background in a mask."
        raise P2PError(WHERE, what, to_do, code="other-channels")


def _refuse_one_part(channels: int | None, card: ModelCard) -> None:
    """Raise P2PError for a picture without the channels of all parts; one of Pillow (None) never has them."""
    if not card.input.parts or channels == card.input.channels:
        return
    parts = ", ".join(f"{part.name} ({plural(part.channels, 'channel')})" for part in card.input.parts)
    what = "is one picture of Pillow" if channels is None else f"has {plural(channels, 'channel')}"
    to_do = "Give an array of all their channels in this order, masks in their colours: np.dstack([first, second]); a "
    to_do += "tensor has the channels before the height."
    raise P2PError(WHERE, f"{what}, but the model takes {parts} together", to_do, code="other-number")


def _channels_taken(card: ModelCard) -> set[int]:
    """The numbers of channels that an input may have: colours may be grey, and grey may be three equal channels."""
    return {card.input.channels} | ({1, 3} if card.input.channels in (1, 3) or card.input.kind == "mask" else set())


def _refuse_channels_first(values: Array, card: ModelCard) -> None:
    """Raise UsageError for the order of a tensor in an array, where the model takes so many channels."""
    taken = _channels_taken(card)
    if values.ndim == 3 and values.shape[2] not in {2, 4, *taken} and values.shape[0] in taken:
        what = f"has the shape {values.shape} of (channels, height, width)"
        to_do = (
            "An array is (height, width, channels): np.moveaxis(values, 0, -1); a tensor is (channels, height, width)."
        )
        raise UsageError(WHERE, what, to_do, code="array-shape")


def refuse_channels_last(shape: Sequence[int], card: ModelCard) -> None:
    """Raise UsageError for the order of an array in a tensor, where the model takes so many channels."""
    taken = _channels_taken(card)
    if len(shape) >= 3 and shape[-3] not in {2, 4, *taken} and shape[-1] in taken:
        what = f"has the shape {tuple(shape)} of (height, width, channels)"
        to_do = "A tensor is (channels, height, width): tensor.movedim(-1, -3); an array is (height, width, channels)."
        raise UsageError(WHERE, what, to_do, code="array-shape")


def _labels_of(values: Array, palette: Palette, changes: InputChanges) -> LabelMap:
    """The class of each pixel of an array of class indices or of colours."""
    if values.ndim == 2:
        if values.dtype.kind not in "biu":
            what = f"holds values of type {values.dtype}, which are not class indices"
            to_do = "Give whole numbers (height, width), or colours (height, width, 3)."
            raise UsageError(WHERE, what, to_do, code="value-type")
        count = len(palette.classes)
        strange = (values != IGNORE) & ((values < 0) | (values >= count))
        if strange.any():
            what = f"has the class {values[strange][0]}, but the model has {list_classes(palette)} (0 to {count - 1})"
            raise P2PError(WHERE, what, "Give an array of these classes.", code="unknown-class")
        return values.astype(np.uint8)
    if values.shape[2] != 3:
        what = f"has {values.shape[2]} channels, but a mask is class indices or colours"
        to_do = "Give (height, width) or (height, width, 3), or a batch of classes (n, height, width, 1); of a tensor "
        to_do += "the channels come before the height."
        raise P2PError(WHERE, what, to_do, code="other-channels")
    return _labels_of_colors(_as_bytes(values), palette, changes)


def _labels_of_colors(colors: Photo, palette: Palette, changes: InputChanges) -> LabelMap:
    """The class of each pixel of colours, which are not three pictures of class indices: hardly any is a colour."""
    if int(colors.max()) < len(palette.classes) and _are_indices(colors, palette):
        what = f"has no value above {colors.max()}, so that its three channels are class indices and no colours"
        to_do = "Give class indices as (height, width), or a batch of three: (3, height, width, 1), a tensor "
        to_do += "(3, 1, height, width)."
        raise UsageError(WHERE, what, to_do, code="array-shape")
    return read_mask_colors(Path(WHERE), colors, palette, changes)


def _are_indices(colors: Photo, palette: Palette) -> bool:
    """Whether most pixels but those of class 0 are not colours of the palette; blended and inexact ones are few."""
    outside = indices_of_colors(colors, palette)[1] & colors.any(axis=-1)
    return bool(outside.mean() > _FEW and 2 * outside.sum() > colors.any(axis=-1).sum())


def _as_bytes(values: Array) -> Array:
    """Values of 8 bits, from whole numbers of any type or from floats of 0 to 1."""
    if values.dtype == np.uint8:
        return np.ascontiguousarray(values)
    if values.dtype.kind not in "iuf":
        raise _other_type(values, "uint8")
    low, high = float(values.min()), float(values.max())
    if not np.isfinite([low, high]).all():
        raise _endless()
    most = 1 if values.dtype.kind == "f" else _BYTE
    if not 0 <= low <= high <= most:
        what = f"has values from {low:.6g} to {high:.6g}, where {values.dtype} has to be 0 to {most}"
        to_do = f"Scale it to 0 to {most}, or give uint8."
        raise UsageError(WHERE, what, to_do, code="value-range")
    whole = np.rint(values.astype(np.float64) * _BYTE) if most == 1 else values
    return np.ascontiguousarray(whole, dtype=np.uint8)


def _as_floats(values: Array, card: ModelCard) -> Array:
    """Numbers as floats of the model's type."""
    if values.dtype.kind not in "iuf":
        raise _other_type(values, card.input.dtype)
    with np.errstate(over="ignore"):
        floats = values.astype(card.input.dtype)
    if np.isinf(floats).any() and "inf" not in card.input.nodata:
        raise _endless()
    if np.isnan(floats).all():
        raise UsageError(WHERE, "has no data at all: every value is nan", "Give numbers.", code="all-nodata")
    return floats


def _fill(values: Array, card: ModelCard, changes: InputChanges) -> Array:
    """Values with those filled that mean no data, as in a file."""
    read, gaps = read_filled(open_values(values, WHERE), card.nodata, judge=False)
    changes.add_gaps(Path(WHERE), read, gaps)
    return read


def _endless() -> UsageError:
    what = "has values that are infinite, not a number, or beyond what 32 bits hold"
    return UsageError(WHERE, what, "Replace them, as by np.nan_to_num(values).", code="value-range")


def _in_range(values: Array, dtype: str) -> Array:
    if values.dtype == dtype:
        return values
    limits = np.iinfo(dtype)
    low, high = int(values.min()), int(values.max())
    if not limits.min <= low <= high <= limits.max:
        what = f"has values from {low} to {high}, but the model takes {dtype}"
        raise UsageError(WHERE, what, f"Give {dtype}.", code="value-range")
    return values.astype(dtype)


def _other_type(values: Array, dtype: str) -> UsageError:
    what = f"holds values of type {values.dtype}, but the model takes {dtype}"
    # A cast alone would make 0 and 1 of it, which are two shades of black.
    meant = "255, 0" if dtype == "uint8" else "HIGH, LOW"
    to_do = f"Say what they mean: np.where(values, {meant})." if values.dtype == bool else f"Convert it to {dtype}."
    return UsageError(WHERE, what, to_do, code="value-type")
