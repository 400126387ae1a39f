"""Reads pictures in memory, arrays and those of Pillow, as a model's input: as files of the same pixels are read.

Nothing here may apply a model, or take an array whose values could mean two things.
"""

from pathlib import Path
from typing import Any

import numpy as np

from p2p_datatools.contract.errors import P2PError, UsageError
from p2p_datatools.contract.palette import IGNORE, Palette
from p2p_datatools.contract.pictures.arrays import Array, read_filled
from p2p_datatools.contract.pictures.header import Form
from p2p_datatools.contract.pictures.images import LabelMap
from p2p_datatools.contract.pictures.memory import may_blend, open_pillow, open_values, refuse_strange_shape
from p2p_datatools.contract.pictures.worn.reading import list_classes
from p2p_gan.inference.inputs import as_half, encode_classes, form_of, read_input, refuse_form, without_equal_channels
from p2p_gan.inference.mask_inputs import InputChanges, read_mask_colors
from p2p_gan.models.card import ModelCard

WHERE = "the picture"
_BYTE = 255


def is_share(values: Array, card: ModelCard) -> bool:
    """Whether an array holds 0 to 1 where the model's input is 0 to 255, so that an output of 8 bits is 0 to 1 too."""
    return values.dtype.kind == "f" and card.input.dtype == "uint8"


def read_pillow(image: Any, card: ModelCard, changes: InputChanges) -> Array:
    """A picture of Pillow as the model's input, as a file of it would be read; raises P2PError for what is no input."""
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
    values = values[..., 0] if values.ndim == 3 and values.shape[2] == 1 else values
    if card.input.kind == "mask" and card.palette is not None:
        return encode_classes(_labels_of(values, card.palette, changes), card)
    values = without_equal_channels(values, form_of(card.input), WHERE)
    refuse_form(Form(1 if values.ndim == 2 else values.shape[2], card.input.dtype), card, WHERE)
    if card.input.dtype == "uint8":
        return as_half(_as_bytes(values), card.input)
    kind = np.dtype(card.input.dtype).kind
    if values.dtype.kind not in "iuf" or (kind != "f" and values.dtype.kind == "f"):
        raise _other_type(values, card.input.dtype)
    file = open_values(values.astype(card.input.dtype) if kind == "f" else values, WHERE)
    read, gaps = read_filled(file, "tag", judge=False)
    if gaps is not None:
        changes.filled.append(Path(WHERE))
    return as_half(_in_range(read, card.input.dtype), card.input)


def _refuse_channels_first(values: Array, card: ModelCard) -> None:
    """Raise UsageError for the order of a tensor in an array, where the model takes so many channels."""
    wanted = {card.input.channels} | ({1, 3} if card.input.kind == "mask" else set())
    if values.ndim == 3 and values.shape[2] not in {1, 2, 3, 4, *wanted} and values.shape[0] in wanted:
        what = f"has the shape {values.shape} of (channels, height, width)"
        to_do = (
            "An array is (height, width, channels): np.moveaxis(values, 0, -1); a tensor is (channels, height, width)."
        )
        raise UsageError(WHERE, what, to_do, code="array-shape")


def _labels_of(values: Array, palette: Palette, changes: InputChanges) -> LabelMap:
    """The class of each pixel of an array of class indices or of colours."""
    if values.ndim == 2:
        if values.dtype.kind not in "biu":
            what = f"holds values of type {values.dtype}, which are no class indices"
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
        to_do = "Give (height, width) or (height, width, 3)."
        raise P2PError(WHERE, what, to_do, code="other-channels")
    return read_mask_colors(Path(WHERE), _as_bytes(values), palette, changes)


def _as_bytes(values: Array) -> Array:
    """Values of 8 bits, from whole numbers of any type or from floats of 0 to 1."""
    if values.dtype == np.uint8:
        return np.ascontiguousarray(values)
    if values.dtype.kind not in "iuf":
        raise _other_type(values, "uint8")
    low, high = float(values.min()), float(values.max())
    if not np.isfinite([low, high]).all():
        what = "has values that are infinite or not a number"
        raise UsageError(WHERE, what, "Replace them, as by np.nan_to_num(values).", code="value-range")
    most = 1 if values.dtype.kind == "f" else _BYTE
    if not 0 <= low <= high <= most:
        what = f"has values from {low:.6g} to {high:.6g}, where {values.dtype} has to be 0 to {most}"
        to_do = f"Scale it to 0 to {most}, or give uint8."
        raise UsageError(WHERE, what, to_do, code="value-range")
    whole = np.rint(values.astype(np.float64) * _BYTE) if most == 1 else values
    return np.ascontiguousarray(whole, dtype=np.uint8)


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
    return UsageError(WHERE, what, f"Convert it to {dtype}.", code="value-type")
