"""Reads the pictures whose channels are a model's input together, and refuses those that are not its parts.

Nothing here may match names or apply a model.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from p2p_datatools.contract.errors import P2PError
from p2p_datatools.contract.pairs.manifest import HalfPart
from p2p_datatools.contract.pictures.arrays import Array, read_filled
from p2p_datatools.contract.pictures.header import Form, open_picture
from p2p_datatools.contract.pictures.images import colorize, size_of
from p2p_datatools.contract.pictures.nodata import Nodata
from p2p_datatools.contract.pictures.pages import ReadOptions
from p2p_datatools.contract.pictures.resize import resize_mask
from p2p_datatools.contract.pictures.sizes import is_same_shape
from p2p_gan.inference.mask_inputs import InputChanges, read_palette_mask
from p2p_gan.models.card import ModelCard


def refuse_parts(files: Sequence[Path], card: ModelCard, options: ReadOptions) -> None:
    """Raise P2PError, without decoding, for the first picture that has other channels than its part of the input."""
    for file, part in zip(files, card.input.parts, strict=True):
        if part.palette is not None:
            continue  # depends on its colours, which the header does not contain
        with open_picture(file, options) as picture:
            form = picture.header.form
        wanted = Form(part.channels, card.input.dtype)
        if form != wanted and (form.dtype, form.channels, part.channels) != (wanted.dtype, 1, 3):
            what = f"has {form}, but the model takes {wanted} as {part.name}"
            to_do = "Convert it, or give the inputs in the order of the parts."
            raise P2PError(file, what, to_do, code="other-channels")


def read_parts(files: Sequence[Path], card: ModelCard, options: ReadOptions, changes: InputChanges) -> Array:
    """The channels of all parts (height, width, channels), masks in colours, as the model's input.

    A mask of another size of the same shape is scaled to the first picture that is none, as 'p2p data pair' does.
    """
    refuse_parts(files, card, options)
    read = [
        _read(file, part, options, changes, card.nodata) for file, part in zip(files, card.input.parts, strict=True)
    ]
    plain = [pixels for pixels, part in zip(read, card.input.parts, strict=True) if part.kind != "mask"]
    wanted = size_of((plain or read)[0])
    planes = []
    for file, part, pixels in zip(files, card.input.parts, read, strict=True):
        own = size_of(pixels)
        if own != wanted and (part.kind != "mask" or not is_same_shape(own, wanted)):
            what = f"is {own}, but the picture beside it is {wanted}"
            raise P2PError(file, what, "Give pictures that belong together.", code="mask-size")
        planes.append(resize_mask(pixels, wanted))
    return np.concatenate(planes, axis=2)


def _read(file: Path, part: HalfPart, options: ReadOptions, changes: InputChanges, nodata: Nodata) -> Array:
    with open_picture(file, options) as picture:
        if part.palette is not None:
            return colorize(read_palette_mask(picture, part.palette, changes), part.palette)
        pixels, gaps = read_filled(picture, nodata, judge=False, over_white=changes.over_white)
    changes.add_gaps(file, pixels, gaps)
    planes = pixels if pixels.ndim == 3 else pixels[..., None]
    return np.repeat(planes, part.channels, axis=2) if planes.shape[2] < part.channels else planes
