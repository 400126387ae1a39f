"""Looks at some of the pictures that a model is to be applied to, before any work: are they what it was trained on?

Nothing here may apply a model, or refuse a picture that the model takes; what is only likely is a note.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import numpy as np

from p2p_datatools.contract.errors import P2PError
from p2p_datatools.contract.mask_folder import MASK_LINES
from p2p_datatools.contract.pairs.manifest import HEADER, SPLITS, UNSPLIT, has_manifest
from p2p_datatools.contract.pairs.seam import halves_are_alike, judge_middle
from p2p_datatools.contract.palette import Palette, palette_of
from p2p_datatools.contract.pictures.arrays import Array
from p2p_datatools.contract.pictures.images import Photo, as_rgb, color_codes, read_photo, size_of
from p2p_datatools.contract.pictures.pages import AS_USUAL, ReadOptions
from p2p_datatools.contract.pictures.sizes import Size
from p2p_datatools.contract.pictures.worn.reading import list_classes
from p2p_datatools.contract.progress import Reporter
from p2p_datatools.contract.values import find_distinct, reduce_channels
from p2p_datatools.contract.words import name_first
from p2p_gan.inference.inputs import PictureBytes, open_input, read_input, refuse_other_names
from p2p_gan.inference.mask_inputs import NOT_MASKS
from p2p_gan.models.card import ModelCard

_MOST = 8  # pictures that are looked at, spread over all
_LEVELS = 4  # folders above a picture in which the record of a mask folder is looked for
_FLAT = 32  # colours that a photo has more of
_PART = 4096  # pixels of a picture, spread over it, in which they are looked for first: all of a photo take seconds
_ENDS = ((0, 0, 0), (255, 255, 255))
_NEAR, _PURE = 48, 0.98  # how far JPEG moves both, and the share of pixels that it moves no farther
_SHEETS = ("sample sheet", "contact sheet", "figure")  # roles of what has several pictures on it
_BYTE, _SCALES = 255, 8  # what 8 bits hold, and from how many times that on a range is one of more bits
# Of 12 bits or fewer for a model of 16, and of another unit of floats, all pictures have so small a part of the range.
_BITS, _UNITS, _FEWEST = 16, 200, 3
_SHARE = 0.75  # of the pictures that tell something


def look_at_inputs(
    files: Sequence[Path | PictureBytes],
    card: ModelCard,
    read: ReadOptions = AS_USUAL,
    *,
    keep_going: bool,
    report: Reporter,
) -> bool:
    """Note what is probably wrong with pictures, and raise P2PError for what is certainly wrong with all of them.

    Certain are the pictures of a pair folder, masks of a folder with another palette, and, for a model that takes
    masks, photos, class numbers and masks of other colours; the last only unless `keep_going`. Gives whether it has
    noted that each is probably several pictures, whose size says nothing.
    """
    if not files:
        return False
    paths = [each for each in files if isinstance(each, Path)]
    _refuse_pairs(paths)
    chosen = [files[int(number * max(1, len(files) / _MOST))] for number in range(min(_MOST, len(files)))]
    if palette := card.input_palette:
        _refuse_other_palettes(paths, palette)
        if len(files) > 1 and not keep_going:
            _refuse_no_masks(chosen, len(files), card, read)
        _note_one_class(chosen, palette, read, report)
        return False
    names, are_several = [each if isinstance(each, Path) else each.path for each in files], False
    pictures: Sequence[Array] = ()
    if card.input.dtype == "uint8" and card.input.channels in (1, 3):
        photos = [photo for photo in (_read(each, read) for each in chosen) if photo is not None]
        are_several = _note_sheets(chosen, read, report) or _note_pairs(names, photos, card, report)
        _note_masks(names, photos, card, report)
        pictures = photos
    elif card.input_coding.kind == "values" and not card.input.parts:
        pictures = [values for values in (_read_values(each, card, read) for each in chosen) if values is not None]
    _note_small_values(names, pictures, card, report)
    return are_several


def look_at_pixels(pixels: Array, card: ModelCard, report: Reporter, *, where: str) -> None:
    """Note that a picture in memory, read as the model's input, looks like A|B, the model's masks, or other values.

    Where the model takes masks of a palette the colours of the other half have refused A|B already.
    """
    if beyond := find_beyond(pixels, card):
        report.note(f"{where}: {beyond}")
    else:
        _note_small_values([Path(where)], [pixels], card, report)
    if card.input_palette or card.input.dtype != "uint8" or card.input.channels not in (1, 3):
        return
    _note_pairs([Path(where)], [as_rgb(pixels)], card, report)
    _note_masks([Path(where)], [as_rgb(pixels)], card, report)


def find_beyond(pixels: Array, card: ModelCard) -> str | None:
    """That values are far or wholly outside of those of training, or so low that they are of another kind; or None."""
    coding = card.input_coding
    low, high = coding.range
    if coding.kind != "values" or coding.dtype == "uint8":
        return None
    least, most = float(pixels.min()), float(pixels.max())
    trained = f"the model was trained on {low:.6g} to {high:.6g}"
    is_apart = most < low or least > high
    if is_apart or least < low - (high - low) or most > high + (high - low):
        return (
            f"has values from {least:.6g} to {most:.6g}, but {trained}; replace what means no data, and bring values "
            "of another scale, such as more bits, to that of training."
        )
    if coding.dtype == "uint16" and least < most <= _BYTE < high / _SCALES:
        return f"has no value above {most:.6g}, as pictures of 8 bits have, but {trained}."
    return None


def _note_small_values(files: Sequence[Path], pictures: Sequence[Array], card: ModelCard, report: Reporter) -> None:
    """Note that all pictures have a small part of the model's range, as of another unit, fewer bits, or 0 and 1."""
    coding = card.input_coding
    if card.input.kind == "mask" or not pictures:
        return
    first = name_first(files[0], len(files))
    if coding.dtype == "uint8":
        if all(each.max() == 1 and each.min() == 0 for each in pictures):
            what = "has no values but 0 and 1, two shades of black. If 1 stands for white, multiply them by 255."
            report.note(f"{first}: {what}")
        return
    if len(pictures) < _FEWEST:  # one alone may well be so
        return
    (low, high), farthest = coding.range, max(float(np.abs(each.astype(np.float64)).max()) for each in pictures)
    least, times = (_BYTE, _BITS) if coding.dtype == "uint16" else (0, _UNITS)
    if least < farthest <= max(-low, high) / times:
        report.note(
            f"{first}: has no value beyond {farthest:.6g}, but the model was trained on {low:.6g} to {high:.6g}. "
            "If it has another unit, such as metres for millimetres, or fewer bits, bring it to that of training."
        )


def _refuse_pairs(files: Sequence[Path]) -> None:
    """Raise P2PError when pictures lie in the folders of a pair folder, whose record says that they are A|B."""
    for folder in dict.fromkeys(file.absolute().parent for file in files):
        inside = folder.name in (*SPLITS, UNSPLIT)
        for above in (folder, *((folder.parent,) if inside else ())):
            if has_manifest(above):
                to_do = f"Give {above}: the inputs of its held-out pairs are used. Or take it apart: 'p2p data halves'."
                what = f"holds the A|B pictures of the pair folder {above} ({HEADER})"
                raise P2PError(folder, what, to_do, code="pairs-not-pictures")


def _refuse_other_palettes(files: Sequence[Path], known: Palette) -> None:
    """Raise P2PError for masks in a folder whose palette has the model's colours for other classes."""
    seen = set[Path]()
    for file in files:
        for folder in file.absolute().parents[:_LEVELS]:
            if folder in seen:
                break
            seen.add(folder)
            if (folder / MASK_LINES).is_file() and (palette := palette_of(folder)) is not None:
                refuse_other_names(palette, known, where=str(folder))
                break


def _refuse_no_masks(chosen: Sequence[Path | PictureBytes], count: int, card: ModelCard, read: ReadOptions) -> None:
    """Raise one P2PError where no picture that is looked at is a mask, instead of one for every picture at the end."""
    first: P2PError | None = None
    for each in chosen:
        try:
            with open_input(each, read) as file:
                read_input(file, card)
            return
        except P2PError as error:
            if error.code not in NOT_MASKS:
                return  # is reported where all are read
            first = first or error
    assert first is not None, "there is a picture"
    code = first.code
    raise P2PError(name_first(first.where, count), first.what, first.to_do, code=code)


def _note_one_class(
    chosen: Sequence[Path | PictureBytes], palette: Palette, read: ReadOptions, report: Reporter
) -> None:
    """Note that masks are black and white, as those of one class are, where these are two of the model's classes."""
    by_color = {each.color: each.name for each in palette.classes}
    if len(by_color) <= len(_ENDS) or not by_color.keys() >= set(_ENDS):
        return
    pictures = [picture for picture in (_read(each, read) for each in chosen) if picture is not None]
    if pictures and all(_is_black_and_white(each) for each in pictures):
        first = chosen[0] if isinstance(chosen[0], Path) else chosen[0].path
        black, white = (by_color[each] for each in _ENDS)
        report.note(
            f"{first}: has black and white alone, as masks of one class have; to the model black is {black} and white "
            f"is {white}. If white is something else, build masks with the model's palette: 'p2p data build-masks' "
            "with --map 255=CLASS."
        )


def _is_black_and_white(picture: Photo) -> bool:
    """Whether a picture has both, and nothing else but what JPEG leaves of them."""
    black, white = reduce_channels(np.maximum, picture) <= _NEAR, reduce_channels(np.minimum, picture) >= 255 - _NEAR
    return bool(black.any() and white.any() and np.mean(black | white) > _PURE)


def _read(source: Path | PictureBytes, read: ReadOptions) -> Photo | None:
    try:
        with open_input(source, read) as file:
            return read_photo(file)
    except P2PError:
        return None  # is reported where all are read


def _read_values(source: Path | PictureBytes, card: ModelCard, read: ReadOptions) -> Array | None:
    try:
        with open_input(source, read) as file:
            return read_input(file, card)
    except P2PError:
        return None  # is reported where all are read


def _note_sheets(chosen: Sequence[Path | PictureBytes], read: ReadOptions, report: Reporter) -> bool:
    """Note that pictures are sheets that p2p drew, which they say; gives whether there are any."""
    for each in chosen:
        try:
            with open_input(each, read) as file:
                path, role = file.path, file.role
        except P2PError:
            continue  # is reported where all are read
        if role in _SHEETS:
            to_do = "Give the pictures that are on it."
            report.note(f"{path}: says of itself that it is a {role} of p2p, and not one picture. {to_do}")
            return True
    return False


def _note_pairs(files: Sequence[Path], pictures: Sequence[Photo], card: ModelCard, report: Reporter) -> bool:
    """Note that pictures look like A|B, or like A above B; gives whether they do."""
    lying, turned = [each.swapaxes(0, 1) for each in pictures], card.size and Size(card.size.height, card.size.width)
    if _are_pairs(pictures, card.size):
        reason = "show two scenes side by side"
        if _are_twice_as_wide(pictures, card.size):
            reason = f"are twice as wide as those of training ({_sizes(pictures, card)})"
        reason += ", as A|B pictures are"
    elif _are_twice_as_wide(lying, turned) and _are_pairs(lying, turned):
        reason = f"are twice as high as those of training ({_sizes(pictures, card)}), as A above B is"
    else:
        return False
    first = name_first(files[0], len(files))
    report.note(
        f"{first}: the pictures {reason}, but the model takes {card.input.name} alone. If they are pairs, take them "
        "apart with 'p2p data halves' and give that half, or give the folder above test/."
    )
    return True


def _sizes(pictures: Sequence[Photo], card: ModelCard) -> str:
    return f"{size_of(pictures[0])}; the model's size is {card.size}"


def _are_pairs(pictures: Sequence[Photo], trained: Size | None) -> bool:
    """Whether nearly all pictures that tell something look like A|B, or none does and all have the size of such.

    The shape alone tells nothing: a model that was trained on wide photos, stretched, sees all of them twice as wide.
    """
    seen = [_layout(picture) for picture in pictures]
    told = len(seen) - seen.count("unclear")
    if told or trained is None:
        return bool(told) and seen.count("pair") >= _SHARE * told
    return bool(pictures) and {size_of(each) for each in pictures} == {Size(2 * trained.width, trained.height)}


def _are_twice_as_wide(pictures: Sequence[Photo], trained: Size | None) -> bool:
    return trained is not None and bool(pictures) and all(_is_twice_as_wide(each, trained) for each in pictures)


def _layout(picture: Photo) -> Literal["pair", "single", "unclear"]:
    """What a picture shows; its halves are hardly alike where it is one scene, with a seam or without."""
    middle = judge_middle(picture)
    if middle == "cut" or (picture.shape[1] % 2 == 0 and halves_are_alike(picture)):
        return "pair"
    return "single" if middle == "continuous" else "unclear"


def _is_twice_as_wide(picture: Photo, trained: Size) -> bool:
    size = size_of(picture)
    return size.width % 2 == 0 and size.width * trained.height == 2 * trained.width * size.height


def _note_masks(files: Sequence[Path], pictures: Sequence[Photo], card: ModelCard, report: Reporter) -> None:
    """Note that pictures look like the masks that the model gives, where it takes photos."""
    if card.palette is None or card.output.kind != "mask" or not pictures:
        return
    if all(map(_is_flat, pictures)):
        report.note(
            f"{files[0]}: has few flat colours, as masks have, but the model takes {card.input.name} and gives masks "
            f"({list_classes(card.palette)}). Is it the model of the other direction?"
        )


def _is_flat(picture: Photo) -> bool:
    """Whether a picture has few colours; of a photo a small part of its pixels has more already."""
    pixels = picture.reshape(-1, 3)
    some = pixels[:: 1 + len(pixels) // _PART]
    return all(len(find_distinct(color_codes(each))) <= _FLAT for each in (some, pixels))
