"""Draws where snapping changed the colours of label pictures: the picture, its mask, and the changed pixels.

Nothing here may decide which class a colour is, or write anything but the one picture asked for.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np

from p2p_datatools.contract.errors import P2PError
from p2p_datatools.contract.files.named_file import other_content, refuse_other_name
from p2p_datatools.contract.mask_folder import MaskLine
from p2p_datatools.contract.pictures.header import open_picture
from p2p_datatools.contract.pictures.images import read_photo, shows, write_png
from p2p_datatools.contract.pictures.sizes import Size
from p2p_datatools.contract.words import plural
from p2p_datatools.labels.values import ColorLabels
from p2p_datatools.masks.label_pictures import PictureReader
from p2p_datatools.masks.plan import MaskJob
from p2p_datatools.sheets.layout import Tile, lay_out

_MOST = 8  # pictures shown
_BOX = Size(360, 360)
_NEAR, BLENDED = (255, 214, 240), (255, 0, 254)  # how changed pixels are marked, on a picture in pale grey


def refuse_picture(path: Path | None, *, again: bool = False) -> None:
    """Raise UsageError, before any work is done, when a picture is asked for that cannot be written.

    Where a command is repeated, `again`, one that exists may be its own, which the drawing finds out.
    """
    if path is None:
        return
    refuse_other_name(path, ".png")
    if path.exists() and not again:
        raise other_content(path)


def prepare_snapped(
    path: Path, jobs: Sequence[MaskJob], reader: PictureReader, lines: Mapping[str, MaskLine]
) -> Callable[[], None]:
    """What writes a sheet of the pictures with most blended pixels: as they are, as masks, and where they were changed.

    The lines are not read later. What is returned raises UsageError if another picture has the name of the sheet.
    """
    jobs = [job for job in jobs if job.name in lines and isinstance(job.item, ColorLabels)]
    drawn = {job.name: _share(line) for job in jobs if (line := lines[job.name]).snapped}
    worst = sorted(drawn, key=drawn.__getitem__, reverse=True)[:_MOST]
    shown = [(job, drawn[job.name]) for name in worst for job in jobs if job.name == name]
    title = f"{len(drawn)} of {plural(len(jobs), 'picture')} with colours of no class"
    return lambda: _draw(path, title, [tile for job, share in shown if (tile := _tile(job, reader, share))])


def _draw(path: Path, title: str, tiles: Sequence[Tile]) -> None:
    if not tiles:
        return
    cell = Size(
        max(picture.shape[1] for tile in tiles for picture in tile.pictures),
        max(picture.shape[0] for tile in tiles for picture in tile.pictures),
    )
    title = f"{title}, {len(tiles)} shown: magenta is near no class"
    sheet = lay_out(tiles, columns=2, cell=cell, title=title, headings=("labels", "snapped", "changed pixels"))
    if path.exists() and not shows(path, sheet):
        raise other_content(path)
    write_png(path, sheet, role="contact sheet")


def _share(line: MaskLine) -> float:
    return line.blended / (line.size.width * line.size.height)


def _tile(job: MaskJob, reader: PictureReader, share: float) -> Tile | None:
    assert isinstance(job.item, ColorLabels), "prepare_snapped leaves the others out"
    with open_picture(job.item.path, job.item.read) as file:
        picture = read_photo(file)
    try:
        snapped = reader.snap(job.item, picture)
    except P2PError:
        return None  # it has changed since its mask was built, which is reported elsewhere
    grey = np.repeat(150 + picture.mean(axis=2, keepdims=True) * 0.4, 3, axis=2).astype(np.uint8)
    grey[snapped.moved], grey[snapped.blended] = _NEAR, BLENDED
    shown = (picture, reader.colors(job.item)[snapped.rows], grey)
    return Tile(tuple(Tile(shown, exact=(True,) * 3).fit(_BOX)), f"{job.name}: {share:.1%} near no class")
