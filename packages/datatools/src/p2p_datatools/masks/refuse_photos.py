"""Tells at a few pictures whether a folder of photos was given as labels, before all of them are read for nothing.

Nothing here may refuse pictures of which one looks like labels; each is then judged when it is read.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from p2p_datatools.contract.errors import P2PError
from p2p_datatools.contract.files.listing import folders_in
from p2p_datatools.contract.names import LABEL_FOLDERS
from p2p_datatools.contract.pairs.seam import look_like_pairs
from p2p_datatools.contract.pictures.images import Photo, color_codes, size_of
from p2p_datatools.contract.pictures.index import LabelPicture
from p2p_datatools.contract.pictures.kinds import measure_flatness
from p2p_datatools.contract.pictures.sizes import Size
from p2p_datatools.contract.values import find_distinct
from p2p_datatools.contract.words import p2p_command, plural
from p2p_datatools.labels.formats.pictures.folders import pick_evenly
from p2p_datatools.labels.values import ColorLabels, IndexLabels, LabelSet, PictureLabels
from p2p_datatools.masks.label_kind import CUTOUT
from p2p_datatools.masks.label_pictures import PictureReader

_LOOKED_AT = 5  # pictures
_SAMPLE = 40_000  # pixels of a picture that are compared with the classes' colours
# The share of the pixels that are near no class, of the least of a few pictures and of the middle one. Of thirty JPEG
# facades with their own palette the middle one has 0.22 and the last 0.36; of forty cars before white with white as a
# class the first has 0.19, the middle one 0.91.
_LEAST, _MIDDLE = 0.15, 0.45
_COLORS = 1000  # of a photo: the first of those cars has 3,300, label pictures without blends have as many as classes
_ROUGH = 0.6  # of the pixels of a grey photo are as their neighbour: photos have fewer, masks of numbers 0.93 and more
_LISTS = ("*.yaml", "*.yml", "classes.txt", "*.names")  # that name the classes of YOLO's files
_MANY = 64  # values of a grey photo


def refuse_photos_as_labels(found: LabelSet, labels: Path, reader: PictureReader) -> None:
    """Raise P2PError when each of a few pictures, evenly chosen, holds what only photos do."""
    pictures = [item for item in found.items if isinstance(item, ColorLabels | IndexLabels)]
    # Where --format says that they are class numbers, they are.
    items = [item for item in pictures if isinstance(item, ColorLabels) or item.judge]
    if len(items) < len(found.items) or not items:
        return
    looked_at = pick_evenly(items, _LOOKED_AT)
    shares: list[float] = []
    sizes: list[Size] = []
    are_cut_out = False
    for item in looked_at:
        picture = _read(item)
        if picture is None or (share := _measure(item, picture, reader)) < _LEAST:
            return
        shares.append(share)
        sizes.append(size_of(picture.colors))
        are_cut_out = are_cut_out or picture.transparent is not None
    if (middle := sorted(shares)[len(shares) // 2]) < _MIDDLE:
        return
    palette, are_wide = reader.palette, all(size.width == 2 * size.height for size in sizes)
    advice = _advise(labels, are_pairs=are_wide or look_like_pairs([item.path for item in looked_at]))
    what = (
        f"looks like photos, not labels: {plural(len(looked_at), 'picture was', 'pictures were')} looked at, and "
        f"{middle:.0%} of the pixels are near no class of the palette {palette.name}"
    )
    raise P2PError(labels, what, f"{CUTOUT} {advice}" if are_cut_out else advice, code="photos-not-labels")


def _read(item: PictureLabels) -> LabelPicture | None:
    try:
        return item.picture()
    except P2PError:
        return None  # reported when it is built


def _measure(item: PictureLabels, picture: LabelPicture, reader: PictureReader) -> float:
    """The share of the pixels that are near no class, if a picture has as many values as a photo; else 0."""
    if picture.numbers is not None:
        numbers = picture.numbers
        is_photo = measure_flatness(numbers.astype(np.uint32)) < _ROUGH and len(find_distinct(numbers)) > _MANY
        named = set(item.listed.numbers) if item.listed else set()
        strange = [number for number in find_distinct(numbers) if not reader.knows(int(number), named)]
        return float(np.isin(numbers, strange).mean()) if is_photo and len(strange) > _MANY else 0.0
    if len(find_distinct(color_codes(picture.colors))) < _COLORS:
        return 0.0
    return _share_far(picture.colors, reader.colors(item), reader.tolerance)


def _share_far(photo: Photo, table: NDArray[np.uint8], tolerance: int) -> float:
    """The share of the pixels, of an even sample, that are farther than `tolerance` from every colour of a table."""
    step = max(1, int(np.sqrt(photo.shape[0] * photo.shape[1] / _SAMPLE)))
    pixels = photo[::step, ::step].reshape(-1, 3).astype(np.int32)
    nearest = np.full(len(pixels), np.iinfo(np.int32).max, dtype=np.int32)
    for color in table.astype(np.int32):
        np.minimum(nearest, ((pixels - color) ** 2).sum(axis=1), out=nearest)
    return float((nearest > tolerance**2).mean())


def _advise(labels: Path, *, are_pairs: bool) -> str:
    if are_pairs:
        return f"If these are A|B pictures, take them apart first: {p2p_command('data halves', labels, 'DEST')}."
    others = "if they are labels in other colours, use the palette that they were painted in."
    others_there = (each for each in folders_in(labels.absolute().parent) if each.resolve() != labels.resolve())
    beside = [each for each in others_there if each.name.casefold() in LABEL_FOLDERS]
    if not beside:
        return f"Give the file or folder of the labels, and photos with --photos; {others}"
    texts = next(beside[0].rglob("*.txt"), None)
    lists = [each for place in (beside[0], *beside[0].parents[:2]) for name in _LISTS for each in place.glob(name)]
    without = " (it has .txt files, such as YOLO's, and no data.yaml or classes.txt)" if texts and not lists else ""
    return f"Give the labels, which may be in {beside[0]}{without}, and photos with --photos; {others}"
