"""Reads pictures and pairs as the input of a model, and refuses those that the model was not trained for.

Nothing here may apply a model or change a value; pictures that do not fit are refused before any work.
"""

from pathlib import Path

import numpy as np

from p2p_datatools.contract.errors import P2PError, UsageError
from p2p_datatools.contract.pairs.halves import as_photo, read_halves
from p2p_datatools.contract.pairs.lines import Pair
from p2p_datatools.contract.pairs.manifest import Half, PairFolder
from p2p_datatools.contract.palette import IGNORE, Palette
from p2p_datatools.contract.pictures.arrays import Array, read_array, read_filled
from p2p_datatools.contract.pictures.header import Form, PictureFile, open_picture
from p2p_datatools.contract.pictures.images import OutsidePaletteError, Photo, colorize, read_mask, read_photo
from p2p_gan.data.coding import Coding, class_indices
from p2p_gan.data.task import Task, task_of
from p2p_gan.models.card import ModelCard


def refuse_file(source: Path | PictureFile, card: ModelCard) -> None:
    """Raise P2PError if the header of a picture shows that it is not an input of the model."""
    if card.input.kind == "mask" and card.palette is not None:
        return  # depends on its colours, which the header does not contain
    with open_picture(source) as picture:
        path, form = picture.path, picture.header.form
    if not _fits(form, card.input):
        raise P2PError(
            path,
            f"has {form}, but the model takes {_words(card.input)}",
            "Convert it, or train a model on such pictures.",
            code="other-channels",
        )


def task_for(folder: PairFolder, card: ModelCard) -> Task:
    """The model's task with these pairs; raises P2PError if their halves have other names."""
    try:
        return task_of(folder, card.direction)
    except UsageError as error:
        raise P2PError(
            folder.path,
            f"has the halves {folder.a.name} and {folder.b.name}, but the direction of the model is {card.direction}",
            "Use pairs with these halves, which 'p2p data pair --halves' names, or another model.",
            code="other-halves",
        ) from error


def refuse_folder(folder: PairFolder, halves: tuple[Half, Half], card: ModelCard) -> None:
    """Raise P2PError if the halves (input, output) of a pair folder or its classes are not those of the model."""
    for half, wanted, does in ((halves[0], card.input, "takes"), (halves[1], card.output, "gives")):
        form = Form(half.channels, half.dtype)
        if not _fits(form, wanted):
            raise P2PError(
                folder.path,
                f"has {form} in its half {half.name}, but the model {does} {_words(wanted)}",
                "Pair pictures that fit the model, or train a model on these.",
                code="other-channels",
            )
    masks = [half for half in halves if half.kind == "mask"]
    if masks and folder.palette and card.palette and "mask" in (card.input.kind, card.output.kind):
        refuse_classes(folder.palette, card.palette, where=str(folder.path))


def refuse_classes(palette: Palette, known: Palette, *, where: str) -> None:
    """Raise P2PError for the first class whose index and colour are not those of a class of the model."""
    for index, each in enumerate(palette.classes):
        if index >= len(known.classes) or known.classes[index].color != each.color:
            raise P2PError(
                where,
                f"has the class {each.name} ({index}) in the colour {each.color}, but the model has {_classes(known)}",
                "Build the masks with the model's palette, or train a model with this one.",
                code="other-classes",
            )


def _fits(form: Form, wanted: Half) -> bool:
    # Grey can be converted to three equal channels exactly; colour is not converted to grey.
    return form.dtype == wanted.dtype and (
        form.channels == wanted.channels or (form.channels, wanted.channels) == (1, 3)
    )


def _words(half: Half) -> str:
    return str(Form(half.channels, half.dtype))


def _classes(palette: Palette) -> str:
    count = len(palette.classes)
    return f"{count} {'class' if count == 1 else 'classes'}: {', '.join(palette.names)}"


def read_input(
    source: Path | PictureFile, card: ModelCard, over_white: list[Path] | None = None, filled: list[Path] | None = None
) -> tuple[Array, bool]:
    """Read a picture as the model's input, and whether all its colours are in the model's palette.

    A mask is returned as class indices, or in its exact colours if the model takes colours. A mask with other colours
    is returned unchanged, or refused if the model takes classes. A photo that is not opaque is laid over white and
    added to `over_white`, a picture whose pixels without data were filled to `filled`.
    """
    palette = card.palette
    with open_picture(source) as picture:
        if card.input.kind == "mask" and palette is not None:
            return _read_mask(picture, card, palette)
        refuse_file(picture, card)
        values, count = read_filled(picture, "tag", judge=False, over_white=over_white)
        if count and filled is not None:
            filled.append(picture.path)
        return _as_half(values, card.input), True


def _read_mask(picture: PictureFile, card: ModelCard, palette: Palette) -> tuple[Array, bool]:
    try:
        indices = read_mask(picture, palette)
        if card.input_coding.kind == "classes":
            return indices, True
        colors = colorize(indices, palette)
        return (colors if card.input.channels == 3 else np.ascontiguousarray(colors[..., 0])), True
    except OutsidePaletteError as error:
        if card.input_coding.kind != "classes":
            return _strange(picture, card.input), False
        _refuse_index(picture, palette)
        raise P2PError(
            error.where, f"{error.what}, and the model has {_classes(palette)}", error.to_do, code=error.code
        ) from error
    except P2PError:
        if card.input_coding.kind == "classes":
            raise
        return _strange(picture, card.input), False


def _strange(picture: PictureFile, half: Half) -> Array:
    """A mask with colours outside the palette, in the channels of the half: one if the palette is grey."""
    colors = read_photo(picture)
    if half.channels == 3:
        return colors
    if (colors != colors[..., :1]).any():
        raise P2PError(
            picture.path,
            f"has colours, but the model takes {_words(half)}",
            "Use the greys of the model's palette.",
            code="other-channels",
        )
    return np.ascontiguousarray(colors[..., 0])


def _refuse_index(picture: PictureFile, palette: Palette) -> None:
    """Raise P2PError if a grey picture of class indices has an index beyond the palette."""
    if picture.header.form != Form(1, "uint8"):
        return
    values = read_array(picture)
    largest = int(values[values != IGNORE].max(initial=0))
    if len(palette.classes) <= largest < 64:
        raise P2PError(
            picture.path,
            f"has the class {largest}, but the model has {_classes(palette)} (0 to {len(palette.classes) - 1})",
            "Build the mask with the model's palette.",
            code="unknown-class",
        )


def read_model_pair(folder: PairFolder, pair: Pair, card: ModelCard, *, swapped: bool) -> tuple[Array, Array]:
    """Read one pair as (input, real output) for the model; raises P2PError if it is not the pair of the manifest."""
    a, b, _ = read_halves(folder, pair)
    where = str(folder.path / pair.file)
    picture, real = (b, a) if swapped else (a, b)
    return (
        _encode(picture, card.input, card.input_coding, card.palette, where),
        _encode(real, card.output, card.output_coding, card.palette, where),
    )


def _encode(pixels: Array, half: Half, coding: Coding, palette: Palette | None, where: str) -> Array:
    if coding.kind == "classes" and palette is not None:
        return class_indices(pixels, palette, where=where)
    return _as_half(pixels, half)


def _as_half(pixels: Array, half: Half) -> Array:
    return np.repeat(pixels[..., None], 3, axis=2) if pixels.ndim == 2 and half.channels == 3 else pixels


def to_display(pixels: Array, half: Half, coding: Coding, palette: Palette | None) -> Photo:
    """A model's input or output for display, uint8 RGB: classes in their colours, a range from black to white."""
    if coding.kind == "classes" and palette is not None:
        return colorize(pixels, palette)
    return as_photo(pixels, half)
