"""Reads masks for a check: exactly, or with blended colours brought to the nearest classes, so that all else is seen.

Nothing here may judge what a mask shows.
"""

from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from p2p_datatools.checks.masks.colors import WornColors, judge_colors
from p2p_datatools.contract.errors import Finding, P2PError, finding_of
from p2p_datatools.contract.palette import Color, Palette, hex_of, is_built_in, palette_of
from p2p_datatools.contract.pictures.header import PictureFile
from p2p_datatools.contract.pictures.images import LabelMap, Photo, indices_of_colors, read_mask, read_photo
from p2p_datatools.contract.words import p2p_command, path_word, plural, shell_word

_COLORS = ("palette-colour", "jpeg-mask")


class ReadMask(NamedTuple):
    """A mask as class numbers, None where it cannot be told what they are, and what is wrong with its file."""

    mask: LabelMap | None
    findings: tuple[Finding, ...] = ()


def read_for_check(picture: PictureFile, palette: Palette, folder: Path) -> ReadMask:
    """Read a mask of `folder`, or say why it cannot be read."""
    try:
        return ReadMask(read_mask(picture, palette))
    except P2PError as error:
        if error.code not in _COLORS:
            return ReadMask(None, (finding_of(error, picture.path),))
        found = finding_of(error, picture.path)
    try:
        worn = judge_colors(read_photo(picture), palette)
    except P2PError:
        return ReadMask(None, (found,))
    mend = f"{p2p_command('data repair', folder, 'DEST')} brings them to the nearest classes."
    if found.code == "jpeg-mask":
        fit = worn is None or worn.is_blended
        to_do = mend if fit else found.to_do
        if worn:
            x, y = worn.first
            found = replace(found, what=f"{found.what}, and has {worn.color} at x={x}, y={y}")
        return ReadMask(worn.mask if worn and fit else None, (_add_place(found, to_do, worn),))
    assert worn is not None, "read_mask found a colour"
    if worn.is_blended:
        return ReadMask(worn.mask, (_describe_blends(picture.path, worn, mend, ""),))
    return ReadMask(None, (_add_place(found, _say_missing(picture, palette, folder, worn.color), worn),))


def _say_missing(picture: PictureFile, palette: Palette, folder: Path, color: Color) -> str:
    """What to do about a colour of no class: labels in other colours or class numbers are not masks yet."""
    if palette_of(folder) is not None:
        return "Is a class missing in the palette? Else paint it in its exact colours."
    is_number = picture.header.form.channels == 1 and len(set(color)) == 1
    label = str(color[0]) if is_number else hex_of(color)
    palette_name = palette.name if is_built_in(palette) else "PALETTE.toml"
    command = (
        f"p2p data build-masks {path_word(folder)} DEST --palette {path_word(palette_name)} "
        f"--map {shell_word(f'{label}=CLASS')}"
    )
    kind = "class numbers" if is_number else "other colours of its classes"
    return f"If these are {kind}, build masks of them: {command}."


def read_half(file: Path, half: str, pixels: Photo, palette: Palette, *, left: int) -> ReadMask:
    """The class numbers of a mask that is a half of a pair, and what is wrong with its colours.

    It begins `left` columns from the left of `file`, from where places count.
    """
    worn = judge_colors(pixels, palette)
    if worn is None:
        return ReadMask(indices_of_colors(pixels, palette)[0])
    worn = worn._replace(first=(worn.first[0] + left, worn.first[1]))
    if worn.is_blended:
        to_do = "Repair the masks with 'p2p data repair' and pair again."
        return ReadMask(worn.mask, (_describe_blends(file, worn, to_do, f" of its half {half}"),))
    number = plural(worn.number, f"pixel of its half {half} has", f"pixels of its half {half} have")
    x, y = worn.first
    what = f"{number} a colour outside the palette {palette.name}; the first is {worn.color} at x={x}, y={y}"
    found = Finding(str(file), what, "Pair again from the masks.", "palette-colour", "error")
    return ReadMask(None, (_add_place(found, found.to_do, worn),))


def _describe_blends(file: Path, worn: WornColors, to_do: str, whose: str) -> Finding:
    x, y = worn.first
    number = plural(worn.number, f"pixel{whose} has", f"pixels{whose} have")
    what = (
        f"{number} a colour between those of classes, such as {worn.color} at x={x}, y={y}, as JPEG and resizing leave"
    )
    return Finding(str(file), what, to_do, "blended-colours", "error", worn.first, float(worn.number))


def _add_place(found: Finding, to_do: str, worn: WornColors | None) -> Finding:
    place, figure = (worn.first, float(worn.number)) if worn else (None, None)
    return replace(found, to_do=to_do, place=place, figure=figure)
