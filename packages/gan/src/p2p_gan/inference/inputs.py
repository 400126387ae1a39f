"""Reads pictures and pairs as the input of a model, and refuses those that the model was not trained for.

Nothing here may apply a model or change a value; pictures that do not fit are refused before any work.
"""

from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from p2p_datatools.contract.errors import P2PError, UsageError
from p2p_datatools.contract.pairs.halves import load_halves
from p2p_datatools.contract.pairs.lines import Pair
from p2p_datatools.contract.pairs.manifest import Half, PairFolder
from p2p_datatools.contract.pairs.mask_halves import class_indices
from p2p_datatools.contract.palette import Palette
from p2p_datatools.contract.pictures.arrays import Array, read_filled
from p2p_datatools.contract.pictures.header import Form, PictureFile, open_picture
from p2p_datatools.contract.pictures.images import LabelMap, as_rgb, colorize
from p2p_datatools.contract.pictures.memory import open_bytes
from p2p_datatools.contract.pictures.pages import AS_USUAL, ReadOptions
from p2p_datatools.contract.pictures.worn.reading import list_classes
from p2p_gan.data.coding import CodedHalf
from p2p_gan.data.task import Task, task_of
from p2p_gan.inference.mask_inputs import InputChanges, read_palette_mask
from p2p_gan.models.card import ModelCard

_ROUNDED, _MANY_GREYS = 1, 64  # of 255: how far WebP moves a channel, and the range from which on that is nothing


@dataclass(frozen=True)
class PictureBytes:
    """The bytes of a picture file that has no path, and what errors, notes and records call it."""

    data: bytes
    name: str = "standard input"

    @property
    def path(self) -> Path:
        """The name where a path is expected."""
        return Path(self.name)

    def open(self, options: ReadOptions = AS_USUAL) -> PictureFile:
        """The picture file; raises P2PError where it has no bytes."""
        return open_bytes(self.data, self.name, options)


def open_input(source: Path | PictureBytes, options: ReadOptions) -> AbstractContextManager[PictureFile]:
    """Open a picture file, or the bytes of one, as `open_picture` does."""
    return open_picture(source.open(options) if isinstance(source, PictureBytes) else source, options)


def refuse_file(source: Path | PictureFile, card: ModelCard) -> None:
    """Raise P2PError if the header of a picture shows that it is not an input of the model."""
    if card.input_palette:
        return  # depends on its colours, which the header does not contain
    with open_picture(source) as picture:
        path, form, may_be_stacked = picture.path, picture.header.form, picture.is_tiff or picture.is_array
    if card.input.parts and not may_be_stacked:
        words = ", ".join(part.name for part in card.input.parts)
        what = f"is one picture, but the model takes {len(card.input.parts)} for each output: {words}"
        to_do = "Give a file or folder of each, in this order, or a pair folder."
        raise P2PError(path, what, to_do, code="other-number")
    if not _may_be_grey(form, form_of(card.input)):
        refuse_form(form, card, path)


def refuse_form(form: Form, card: ModelCard, where: Path | str) -> None:
    """Raise P2PError for a picture with other channels or of another type than the model's input."""
    if not _fits(form, card.input):
        to_do = f"{_say_conversion(form, card.input)}, or train a model on such pictures."
        raise P2PError(where, f"has {form}, but the model takes {form_of(card.input)}", to_do, code="other-channels")


def _say_conversion(form: Form, wanted: Half) -> str:
    """How to bring a picture into the form that a model takes, where a usual tool does it."""
    if form.channels in (1, 3) and form.dtype == "uint16" and wanted.dtype == "uint8":
        return "Convert it to 8 bits as the training pictures were (ImageMagick: magick IN -depth 8 OUT.png)"
    return "Convert it"


def task_for(folder: PairFolder, card: ModelCard) -> Task:
    """The model's task with these pairs; raises P2PError if their halves have other names."""
    try:
        return task_of(folder, card.direction)
    except UsageError as error:
        what = f"has the halves {folder.a.name} and {folder.b.name}, but the direction of the model is {card.direction}"
        to_do = "Use pairs with these halves, which 'p2p data pair --halves' names, or another model."
        raise P2PError(folder.path, what, to_do, code="other-halves") from error


def refuse_folder(folder: PairFolder, halves: tuple[Half, Half], card: ModelCard) -> None:
    """Raise P2PError if the halves (input, output) of a pair folder or its classes are not those of the model."""
    for half, wanted, does in ((halves[0], card.input, "takes"), (halves[1], card.output, "gives")):
        form = Form(half.channels, half.dtype)
        if not _fits(form, wanted):
            what = f"has {form} in its half {half.name}, but the model {does} {form_of(wanted)}"
            to_do = "Pair pictures that fit the model, or train a model on these."
            raise P2PError(folder.path, what, to_do, code="other-channels")
        if [part.name for part in half.parts] != [part.name for part in wanted.parts]:
            own, known = (", ".join(part.name for part in each.parts) or "one picture" for each in (half, wanted))
            what = f"its half {half.name} is of {own}, but the model {does} {known}"
            to_do = "Pair the same folders in the same order, or train a model on these."
            raise P2PError(folder.path, what, to_do, code="other-halves")
        if {half.kind, wanted.kind} == {"mask", "photo"}:
            what = f"its half {half.name} is a {half.kind}, but the model {does} a {wanted.kind} there"
            to_do = "Are the halves swapped? Pair them again with 'p2p data pair --halves', or use another model."
            raise P2PError(folder.path, what, to_do, code="other-halves")
    masks = [half for half in halves if half.kind == "mask"]
    if masks and folder.palette and card.palette and "mask" in (card.input.kind, card.output.kind):
        _refuse_classes(folder.palette, card.palette, where=str(folder.path))


def _refuse_classes(palette: Palette, known: Palette, *, where: str) -> None:
    """Raise P2PError for the first class whose index and colour are not those of a class of the model.

    So too where a colour stands for something else: the name is that of another class of the model, or no class but the
    background has its name.
    """
    for index, each in enumerate(palette.classes):
        if index >= len(known.classes) or known.classes[index].color != each.color:
            raise _other_classes(f"has the class {each.name} ({index}) in the colour {each.color}", known, where)
    refuse_other_names(palette, known, where=where)


def refuse_other_names(palette: Palette, known: Palette, *, where: str) -> None:
    """Raise P2PError if a palette has a colour for another class than the model, or none of the model's names.

    Classes are the same by name or alias; a few that were renamed are no other palette.
    """
    by_color = {each.color: index for index, each in enumerate(known.classes)}
    renamed, foreground = 0, 0
    for each in palette.classes[1:]:
        index = by_color.get(each.color)
        if index is None:
            continue
        meant = known.index_of_label(each.name)
        if meant is not None and meant != index:
            what = f"has the colour {each.color} for {each.name}, which the model has for {known.names[index]}"
            raise _other_classes(what, known, where)
        foreground += 1
        back = palette.index_of_label(known.names[index])
        renamed += meant is None and (back is None or palette.classes[back] != each)
    if foreground and renamed == foreground:
        what = f"is of the palette {palette.name}, with {list_classes(palette)}"
        raise _other_classes(what, known, where)


def _other_classes(what: str, known: Palette, where: str) -> P2PError:
    to_do = "Build the masks with the model's palette, or train a model with this one."
    return P2PError(where, f"{what}, but the model has {list_classes(known)}", to_do, code="other-classes")


def _fits(form: Form, wanted: Half) -> bool:
    if wanted.parts:
        return form == Form(wanted.channels, wanted.dtype)
    # Grey can be converted to three equal channels exactly; colour is not converted to grey.
    return form.dtype == wanted.dtype and (
        form.channels == wanted.channels or (form.channels, wanted.channels) == (1, 3)
    )


def form_of(half: Half) -> Form:
    """The channels and type of a half's pictures."""
    return Form(half.channels, half.dtype)


def _may_be_grey(form: Form, wanted: Form) -> bool:
    """Whether a picture of three channels may be one of grey, as many programs save it, where one channel is wanted."""
    return wanted.channels == 1 and form == Form(3, wanted.dtype)


def without_equal_channels(pixels: Array, wanted: Form, where: Path | str) -> Array:
    """Grey in three equal channels as one where one is wanted, else the same pixels; raises P2PError for colours."""
    if not (pixels.ndim == 3 and pixels.shape[2] == 3 and wanted.channels == 1):
        return pixels
    if _is_grey(pixels):
        return np.ascontiguousarray(pixels[..., 1])
    to_do = "Give what it was trained on; 'p2p data derive PHOTOS DEST --op gray' makes grey pictures of photos."
    raise P2PError(where, f"is in colour, but the model takes {wanted}", to_do, code="other-channels")


def _is_grey(pixels: Array) -> bool:
    """Whether three channels are equal, but for what lossy WebP rounds in pictures of many greys."""
    red, green, blue = (pixels[..., channel] for channel in range(3))  # one by one, in a tenth of the time
    if pixels.dtype != np.uint8 or np.ptp(green) < _MANY_GREYS:  # small numbers in one channel are classes
        return np.array_equal(red, green) and np.array_equal(blue, green)
    return all((np.maximum(each, green) - np.minimum(each, green) <= _ROUNDED).all() for each in (red, blue))


def read_input(
    source: Path | PictureFile, card: ModelCard, changes: InputChanges | None = None, *, exact: bool = True
) -> Array:
    """Read a picture as the model's input: a mask as class indices, or in its exact colours if the model takes colours.

    Grey in three equal channels is one channel where the model takes one; blended colours of a mask become those of its
    classes, what is transparent is background in a mask and laid over white in a photo, pixels without data are filled:
    see `changes`. A picture that is not `exact` has been in a file whose compression blends. Raises P2PError for a
    picture that is damaged or that the model does not take: a photo, class numbers or a mask of another palette where
    it takes masks.
    """
    changes = changes or InputChanges()
    with open_picture(source) as picture:
        if palette := card.input_palette:
            return encode_classes(read_palette_mask(picture, palette, changes, exact=exact), card)
        refuse_file(picture, card)
        values, gaps = read_filled(picture, card.nodata, judge=False, over_white=changes.over_white)
        changes.add_gaps(picture.path, values, gaps)
        return as_half(without_equal_channels(values, form_of(card.input), picture.path), card.input)


def encode_classes(indices: LabelMap, card: ModelCard) -> Array:
    """Class indices as the model's input: as they are, or in the colours of the palette if the model takes colours."""
    if card.input_coding.kind == "classes" or card.palette is None:
        return indices
    colors = colorize(indices, card.palette)
    return colors if card.input.channels == 3 else np.ascontiguousarray(colors[..., 0])


def read_model_pair(
    folder: PairFolder, pair: Pair, card: ModelCard, *, swapped: bool, over_white: list[Path] | None = None
) -> tuple[Array, Array]:
    """Read one pair as (input, real output) for the model; raises P2PError if it is not the pair of the manifest."""
    a, b = load_halves(folder, pair, over_white=over_white)
    where = str(folder.path / pair.file)
    picture, real = (b, a) if swapped else (a, b)
    return _encode(picture, card.coded_input, where), _encode(real, card.coded_output, where)


def _encode(pixels: Array, coded: CodedHalf, where: str) -> Array:
    if coded.coding.kind == "classes" and coded.palette is not None:
        return class_indices(pixels, coded.palette, where=where)
    return as_half(pixels, coded.half)


def as_half(pixels: Array, half: Half) -> Array:
    """Grey as three equal channels where the half has colours, else the same pixels."""
    return as_rgb(pixels) if half.channels == 3 else pixels
