"""What a model gives as pictures: for display, side by side with its input, and exactly, in a file or its bytes.

Nothing here may apply a model or choose where a file lies.
"""

from pathlib import Path

import numpy as np

from p2p_datatools.contract.pairs.halves import as_photo
from p2p_datatools.contract.pictures.arrays import Array, write_tiff
from p2p_datatools.contract.pictures.formats import png
from p2p_datatools.contract.pictures.images import Photo, colorize, encode_mask, write_mask, write_png
from p2p_gan.data.coding import CodedHalf
from p2p_gan.models.card import ModelCard


def to_rgb(pixels: Array, coded: CodedHalf) -> Photo:
    """A model's input or output for display, uint8 RGB: classes in their colours, a range from black to white."""
    if coded.coding.kind == "classes" and coded.palette is not None:
        return colorize(pixels, coded.palette)
    return as_photo(pixels, coded.half)


def side_by_side(card: ModelCard, picture: Array, output: Array, real: Array | None) -> Array:
    """Input, output and, if it is known, the real output side by side: uint8 RGB."""
    outputs = [to_rgb(each, card.coded_output) for each in (output, real) if each is not None]
    return np.concatenate([to_rgb(picture, card.coded_input), *outputs], axis=1)


def columns_of_sheet(card: ModelCard, *, has_real: bool) -> tuple[str, ...]:
    """What the columns of a sheet are: mask, generated photo, and real photo if it is known."""
    real = (f"real {card.output.name}",) if has_real else ()
    return (card.input.name, f"generated {card.output.name}", *real)


def is_in_png(card: ModelCard) -> bool:
    """Whether PNG holds what a model gives."""
    half = card.output
    return card.output_coding.kind == "classes" or (half.channels in (1, 3) and half.dtype in ("uint8", "uint16"))


def write_output(path: Path, output: Array, card: ModelCard) -> None:
    """Write a model's output exactly: classes as an indexed mask, 8 and 16 bits as PNG, all else as TIFF."""
    if palette := card.class_palette:
        write_mask(path, output, palette, durable=False, role="generated mask")
    elif is_in_png(card):
        write_png(path, output, durable=False, role="generated picture")
    else:
        write_tiff(path, output, durable=False)


def encode_output(output: Array, card: ModelCard) -> bytes:
    """A model's output as the bytes of a PNG: classes as an indexed mask, else its values."""
    if palette := card.class_palette:
        return encode_mask(output, palette, role="generated mask")
    return b"".join(png.encode(output, role="generated picture"))
