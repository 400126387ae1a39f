"""Draws where colours of label pictures had to be brought back to a class's: the picture, and the pixels marked.

Nothing here may decide which class a colour is, or write anything but the one picture asked for.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from p2p_datatools.annotations.values import ColorLabels
from p2p_datatools.contract.errors import P2PError, UsageError
from p2p_datatools.contract.images import Photo, read_photo, write_png
from p2p_datatools.contract.sizes import Size
from p2p_datatools.labelpicture import PictureReader
from p2p_datatools.layout import Tile, sheet
from p2p_datatools.maskfolder import MaskLine
from p2p_datatools.maskplan import Job

MOST = 8  # pictures shown
BOX = Size(512, 512)
MARK = (255, 0, 254)  # on a grey picture no colour is plainer


def refuse_picture(path: Path) -> None:
    """Raise UsageError when the picture cannot be written as asked: before any work is done."""
    if path.suffix.lower() != ".png":
        raise UsageError(f"{path}: is not a PNG file's name; end it in .png.")
    if path.exists():
        raise UsageError(f"{path}: exists. Choose another name, or delete it.")


def draw_snapped(path: Path, jobs: Sequence[Job], reader: PictureReader, lines: Mapping[str, MaskLine]) -> None:
    """Write a sheet of the pictures with the largest share of moved pixels: each as it is, and those pixels marked."""
    shares = {name: line.snapped / (line.size.width * line.size.height) for name, line in lines.items()}
    drawn = [(job, job.item) for job in jobs if isinstance(job.item, ColorLabels) and shares.get(job.name)]
    if not drawn:
        return
    worst = sorted(drawn, key=lambda pair: shares[pair[0].name], reverse=True)[:MOST]
    tiles = []
    for job, item in worst:
        picture = read_photo(item.path)
        caption = f"{job.name}: {shares[job.name]:.1%}"
        both = Tile((picture, _marked(picture, item, reader)), exact=(True, True)).fitted(BOX)
        tiles.append(Tile(tuple(both), caption))
    cell = Size(
        max(picture.shape[1] for tile in tiles for picture in tile.pictures),
        max(picture.shape[0] for tile in tiles for picture in tile.pictures),
    )
    title = f"{len(drawn)} of {len(jobs)} pictures have colours of no class, {len(tiles)} shown"
    write_png(path, sheet(tiles, columns=2, cell=cell, title=title, headings=("as it is", "brought back")))


def _marked(picture: Photo, item: ColorLabels, reader: PictureReader) -> Photo:
    """The picture in pale grey, and in MARK the pixels whose colour is no class's."""
    try:
        moved = reader.snap(item, picture)[0].moved
    except P2PError:  # it was left out, and the reason is told there
        moved = np.zeros(picture.shape[:2], dtype=bool)
    grey = np.repeat(160 + picture.mean(axis=2, keepdims=True) * 0.35, 3, axis=2).astype(np.uint8)
    grey[moved] = MARK
    return grey
