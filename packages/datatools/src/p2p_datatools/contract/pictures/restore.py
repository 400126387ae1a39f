"""Finds the rows of a table from which a picture was blurred, resized or compressed, where its colours have blended.

Nothing here may know files, classes or palettes, or change a pixel that has the exact colour of a row.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import NamedTuple, TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from p2p_datatools.contract.pictures.blur import SIGMAS, BlurWidths, Planes, blur_colors, blur_errors, sharpen, to_ycc
from p2p_datatools.contract.pictures.icm import TileLabels
from p2p_datatools.contract.pictures.images import Photo
from p2p_datatools.contract.pictures.snap import Snapper, SnapResult
from p2p_datatools.contract.pictures.snap_neighbours import Marks, Numbers, Places
from p2p_datatools.contract.threads import parallel_map

_TILE, _MARGIN = 128, 16  # pixels: a tile is decided with what lies around it
_ROUNDS, _PASSES, _SWEEPS = 2, 4, 2
_FIRST_STEPS = 5  # of sharpening, while blends are still taken for rows and the error of the blur is not known
_WORN = 16  # of 255: a channel farther from its row's is worn
_MOST_STRAY, _MOST_BLENDED = 0.01, 0.6  # of the pixels: with more it is no label picture
_MANY = 32  # rows: of a larger table only those that `Snapper` found are tried
_SAMPLE = 24  # tiles from which the blur is estimated
_FEW = 1e-5  # of the pixels: fewer changes end the search
_LIKELY = 4  # times the squared tolerance: nearer, a pixel of a sharpened picture may be of a thin line of its row
_FAR = np.float32(1e7)  # beyond each squared distance between colours
_T = TypeVar("_T")
_P = TypeVar("_P", bound=np.generic)
_SQUARE, _AROUND, _BLOCK = (np.ones((side, side), dtype=np.uint8) for side in (3, 5, 2))


class _Tile(NamedTuple):
    """A part of the picture to decide, and the larger one that this depends on."""

    inner: tuple[slice, slice]
    outer: tuple[slice, slice]

    def cut(self, values: NDArray[_P]) -> NDArray[_P]:
        """What lies in the inner part, of values of the outer one."""
        top, left = (inner.start - outer.start for inner, outer in zip(self.inner, self.outer, strict=True))
        height, width = (each.stop - each.start for each in self.inner)
        return values[top : top + height, left : left + width]


def restore(snapper: Snapper, picture: Photo) -> SnapResult:
    """What `Snapper.snap` gives of RGB (height, width, 3), but blended pixels have the rows that explain the picture.

    It is taken for its rows' colours under a Gaussian blur, of one width for luma and one for chroma, which soft
    brushes, JPEG and resizing are all close to: sharpened and snapped again, and then each pixel takes that row near it
    that explains the picture best, and rather that of its neighbours. Pixels of the exact colour of a row keep it; only
    what the rows do not explain stays stray. What is no label picture, for most of it is blended or it has areas of
    strange colours, stays as `snap` has it.
    """
    found = snapper.snap(picture)
    share = np.count_nonzero(found.blended) / found.rows.size
    if not 0 < share <= _MOST_BLENDED or np.count_nonzero(found.stray) > _MOST_STRAY * found.rows.size:
        return found
    search = _Restoration(snapper, picture, found)
    return replace(found, rows=search.run(), stray=search.explain(found.stray))


class _Restoration:
    """The search for the rows of one picture, in those of its tiles that have blended pixels."""

    def __init__(self, snapper: Snapper, picture: Photo, found: SnapResult) -> None:
        self._colors, self._limit = snapper.colors.astype(np.float32), snapper.limit
        self._table = to_ycc(snapper.colors[None])[0]
        self._picture, self._moved, self._rows = picture, found.moved, found.rows
        tiles = _tiles(*found.rows.shape)
        self._tiles = [tile for tile in tiles if found.blended[tile.inner].any()]
        self._sample = self._tiles[:: -(-len(self._tiles) // _SAMPLE)]
        others = [tile for tile in tiles if not found.blended[tile.inner].any()]
        counts = np.bincount(self._rows[~self._moved], minlength=len(self._colors))
        counts += sum(np.bincount(self._rows[tile.inner].ravel(), minlength=len(counts)) for tile in others)
        self._certain = counts > 0
        """Which rows have pixels that nothing here changes."""
        self._blur = BlurWidths(0.0, 0.0)

    def run(self) -> Numbers:
        """The row of each pixel."""
        known = np.arange(len(self._colors))
        if len(known) > _MANY:
            known = np.flatnonzero(np.bincount(self._rows.ravel(), minlength=len(known)))
        for steps in (_FIRST_STEPS, None):
            blur = self._estimate(SIGMAS, SIGMAS)
            known = self._resnap(blur, blur.steps if steps is None else steps, known)
        blur, before = self._estimate(SIGMAS, SIGMAS), self._rows.copy()
        for _ in range(_PASSES):
            if self._improve(blur) < _FEW * self._rows.size:
                break
            blur = self._estimate(_beside(blur.luma), _beside(blur.chroma))
        self._bring_back(before, known)
        self._blur = blur
        return self._rows

    def explain(self, stray: Marks) -> Marks:
        """The stray pixels whose colour is not that of the rows around them, blurred, either."""
        left = stray.copy()
        for tile in self._tiles:
            if stray[tile.inner].any():
                blurred = blur_colors(self._colors[self._rows[tile.outer]], self._blur)
                differs = np.square(blurred - self._picture[tile.outer]).sum(axis=2) > self._limit
                left[tile.inner] &= tile.cut(differs)
        return left

    def _bring_back(self, before: Numbers, known: Places) -> None:
        """Rows that had an area, and lost their last pixel to what is around it, have what they had `before`."""
        gone = np.setdiff1d(known, np.flatnonzero(np.bincount(self._rows.ravel(), minlength=len(self._colors))))
        for row in gone:
            self._rows[before == row] = row

    def _each(self, work: Callable[[_Tile], _T], tiles: Sequence[_Tile]) -> list[_T]:
        return list(parallel_map(work, tiles, threads=1 if len(tiles) < _SAMPLE else None))

    def _find_worn(self, tile: _Tile) -> Marks:
        """The pixels of a tile, and around it, that an edge blends: those of exact colours are not."""
        rows = self._rows[tile.outer]
        differs = np.abs(self._picture[tile.outer] - self._colors[rows]).max(axis=2) > _WORN
        differs |= cv2.dilate(rows, _SQUARE) != cv2.erode(rows, _SQUARE)
        return (cv2.dilate(differs.astype(np.uint8), _SQUARE) > 0) & self._moved[tile.outer]

    def _estimate(self, luma: Sequence[float], chroma: Sequence[float]) -> BlurWidths:
        """The blur, of these widths, that explains the picture best by its rows."""
        parts = self._each(partial(self._errors, luma=luma, chroma=chroma), self._sample)
        pixels = max(1, sum(count for _, _, count in parts))
        of_luma = np.sum([part[0] for part in parts], axis=0) / pixels
        of_chroma = np.sum([part[1] for part in parts], axis=0) / pixels
        best, other = int(np.argmin(of_luma)), int(np.argmin(of_chroma))
        return BlurWidths(luma[best], chroma[other], float(of_luma[best]), float(of_chroma[other]))

    def _errors(
        self, tile: _Tile, *, luma: Sequence[float], chroma: Sequence[float]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64], int]:
        """The squared errors of a tile for each width, and of how many pixels."""
        where, worn = self._find_worn(tile), _planes(to_ycc(self._picture[tile.outer]))
        clean = _planes(self._table[self._rows[tile.outer]])
        of_luma = blur_errors(worn[:1], clean[:1], where, luma)
        return of_luma, blur_errors(worn[1:], clean[1:], where, chroma), int(np.count_nonzero(where))

    def _resnap(self, blur: BlurWidths, steps: int, known: Places) -> Places:
        """Snap the sharpened picture to the rows that it shows some area of; which they are."""
        solid = self._each(partial(self._snap_sharp, blur=blur, steps=steps, known=known), self._tiles)
        there = self._certain | np.any(solid, axis=0)
        left: Places = known[there[known]]
        if 0 < len(left) < len(known):
            gone = np.setdiff1d(known, left)
            again = [tile for tile in self._tiles if np.isin(self._rows[tile.inner], gone).any()]
            self._each(partial(self._snap_sharp, blur=blur, steps=steps, known=left), again)
            return left
        return known

    def _snap_sharp(self, tile: _Tile, *, blur: BlurWidths, steps: int, known: Places) -> Marks:
        """Set the rows of a tile out of the `known` ones; which rows have an area of their colour there."""
        sharp = sharpen(self._picture[tile.outer], blur, steps)
        distances = np.stack([np.square(sharp - self._colors[row]).sum(axis=2) for row in known])
        nearest, least = known[distances.argmin(axis=0)].astype(np.uint8), distances.min(axis=0)
        solid = np.zeros(len(self._colors), dtype=bool)
        for distance, row in zip(distances, known, strict=True):
            own = nearest == row
            sure, likely = ((own & (least <= limit)).astype(np.uint8) for limit in (self._limit, _LIKELY * self._limit))
            solid[row] = cv2.erode(sure, _BLOCK, borderType=cv2.BORDER_CONSTANT, borderValue=(0,)).any()
            distance[cv2.dilate(likely, _AROUND) == 0] += _FAR  # a blend goes to one of the rows found around it
        rows = np.where(self._moved[tile.outer], known[distances.argmin(axis=0)], self._rows[tile.outer])
        self._rows[tile.inner] = tile.cut(rows.astype(np.uint8))
        return solid

    def _improve(self, blur: BlurWidths) -> int:
        """Give each worn pixel the row that explains the picture best; how many changed."""
        before = self._rows.copy()  # so that tiles do not depend on which of them is decided first
        return sum(self._each(partial(self._decide, before=before, blur=blur), self._tiles))

    def _decide(self, tile: _Tile, *, before: Numbers, blur: BlurWidths) -> int:
        worn = to_ycc(self._picture[tile.outer])
        labels = TileLabels(worn, before[tile.outer].copy(), self._find_worn(tile), self._table, blur)
        changed = 0
        for _ in range(_SWEEPS):
            changed += (now := labels.sweep())
            if not now:
                break
        self._rows[tile.inner] = tile.cut(labels.rows)
        return changed


def _planes(picture: Planes) -> Planes:
    return np.ascontiguousarray(picture.transpose(2, 0, 1))


def _beside(sigma: float) -> tuple[float, ...]:
    """A width and those next to it."""
    place = SIGMAS.index(sigma)
    return SIGMAS[max(0, place - 2) : place + 3]


def _tiles(height: int, width: int) -> list[_Tile]:
    return [
        _Tile(
            (_span(top, height, 0), _span(left, width, 0)), (_span(top, height, _MARGIN), _span(left, width, _MARGIN))
        )
        for top in range(0, height, _TILE)
        for left in range(0, width, _TILE)
    ]


def _span(start: int, end: int, margin: int) -> slice:
    return slice(max(0, start - margin), min(end, start + _TILE + margin))
