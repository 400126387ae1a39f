"""Finds the rows of a table from which a picture was blurred, resized or compressed, where its colours have blended.

Nothing here may know files, classes or palettes, or change a pixel that has the exact colour of a row.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import NamedTuple, TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from p2p_datatools.contract.machine import cores
from p2p_datatools.contract.pictures.images import Photo
from p2p_datatools.contract.pictures.worn.blocks import paint_blocks
from p2p_datatools.contract.pictures.worn.blur import (
    BlurWidths,
    Planes,
    blur_colors,
    blur_error,
    find_width,
    sharpen,
    to_ycc,
)
from p2p_datatools.contract.pictures.worn.icm import TileLabels, least_of
from p2p_datatools.contract.pictures.worn.neighbours import Marks, Numbers, Places, fill_nearest
from p2p_datatools.contract.pictures.worn.relax import RELAX_BYTES, relax
from p2p_datatools.contract.pictures.worn.snap import Snapper, SnapResult
from p2p_datatools.contract.threads import parallel_map

_TILE, _AREA = 128, 512  # pixels: the side of what is sharpened, and of what is decided at once,
_MOST_BYTES = 1 << 30  # for `relax` of all areas that are decided at once
_MARGIN = 16  # with so much of what lies around
_PASSES, _MOST_PASSES = 3, 6
_WORTH = 0.5  # of the error before: with less left another pass is worth its time
_BRUSH = 0.8  # pixels: of a narrower blur its shape does not show
_BROAD = 1.2  # pixels: with a narrower one of a brush single pixels and pairs find what is there
_RELAXED, _RELAXED_NOISY = (24, 20), (12,)  # steps, each time: noise hides what more of them find
_WIDE = 1.4  # pixels: with a narrower blur changes of single pixels find what is there
_WORN = 16  # of 255: a channel farther from its row's is worn
_MOST_STRAY, _MOST_BLENDED = 0.01, 0.6  # of the pixels: with more it is not a label picture
_MANY = 32  # rows: of a larger table only those that `Snapper` found are tried
_SAMPLE = 8  # tiles from which the blur is estimated
_FEW = 1e-5  # of the pixels: fewer changes end the search
_LEAST = 1024  # pixels: a row of fewer has to be proved,
_PROOF, _PROOF_NOISY = 2500.0, 50.0  # by so much more squared error, over its mean, without it, for each of its pixels
_ONCE = 10  # and for so many more
_LIKELY = 4  # times the squared tolerance: nearer, a pixel of a sharpened picture may be of a thin line of its row
# Tolerances, and more of them for each pixel of blur, which leaves more to the search: of 64 cars drawn with soft
# brushes of up to 2 pixels and saved as JPEG of quality 60 to 95, one has 3x3 pixels so far from their blurred rows.
_UNLIKE, _UNLIKE_SOFT = 3.4, 1.9
_FAR = np.float32(1e7)  # beyond each squared distance between colours
_T = TypeVar("_T")
_P = TypeVar("_P", bound=np.generic)
_SQUARE, _AROUND, _BLOCK, _NEAR_STRANGE = (np.ones((side, side), dtype=np.uint8) for side in (3, 5, 2, 9))


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
    brushes, JPEG and resizing are all close to, or that of three boxes: sharpened and snapped again; under a wide blur
    and in noise found for all pixels at once (`relax`); then single pixels, pairs and, under a wide blur, blocks take
    the rows that explain the picture best, and rather those of their neighbours. A row of few pixels goes where the
    picture is explained nearly as well without it. Pixels of the exact colour of a row keep it; only what the rows do
    not explain stays stray. What is not a label picture, for most of it is blended or it has areas of strange colours,
    stays as `snap` has it.
    """
    found = snapper.snap(picture)
    share = np.count_nonzero(found.blended) / found.rows.size
    if not 0 < share <= _MOST_BLENDED or np.count_nonzero(found.stray) > _MOST_STRAY * found.rows.size:
        return found
    search = _Restoration(snapper, picture, found)
    restored = replace(found, rows=search.run(), stray=search.explain(found))
    if not (restored.stray & ~found.stray).any():
        return restored
    # What is strange only now has misled the search for the blur.
    known = replace(snapper.snap(picture), stray=restored.stray)
    search = _Restoration(snapper, picture, known)
    return replace(known, rows=search.run(), stray=search.explain(known))


class _Restoration:
    """The search for the rows of one picture, in those of its tiles that have blended pixels."""

    def __init__(self, snapper: Snapper, picture: Photo, found: SnapResult) -> None:
        self._colors, self._limit = snapper.colors, snapper.limit
        self._table = to_ycc(snapper.colors[None])[0]
        self._picture, self._moved, self._rows = picture, found.moved, found.rows
        self._strange = cv2.dilate(found.stray.astype(np.uint8), _NEAR_STRANGE) > 0
        """Where no blur explains the picture by the rows, so that it tells nothing of the blur."""
        tiles, blended = _tiles(found.rows, _TILE), found.blended
        self._tiles = [tile for tile in tiles if blended[tile.inner].any()]
        self._areas = [area for area in _tiles(found.rows, _AREA) if blended[area.inner].any()]
        self._sample = self._tiles[:: -(-len(self._tiles) // _SAMPLE)]
        others = [tile for tile in tiles if not blended[tile.inner].any()]
        counts = np.bincount(self._rows[~self._moved], minlength=len(self._colors))
        counts += sum(np.bincount(self._rows[tile.inner].ravel(), minlength=len(counts)) for tile in others)
        self._certain = counts > 0
        """Which rows have pixels that nothing here changes."""
        self._blur = BlurWidths(0.0, 0.0)

    def run(self) -> Numbers:
        """The row of each pixel."""
        every = known = np.arange(len(self._colors))
        if len(known) > _MANY:
            every = known = np.flatnonzero(self._count())
        blur = self._estimate()
        known = self._resnap(blur, blur.steps, known)
        before = self._rows.copy()
        error = math.inf
        for number in range(_MOST_PASSES):
            blur, error_before = self._estimate(), error
            error = sum(blur.errors)
            if number >= _PASSES and error > _WORTH * error_before:
                break
            painted = every if number and blur.luma > _WIDE else None
            if self._improve(blur, painted, steps=_steps(blur, number)) < _FEW * self._rows.size and number:
                break
        else:
            blur = self._estimate()
        self._blur = blur
        self._bring_back(before, known)
        self._leave_few(self._blur)
        return self._rows

    def explain(self, found: SnapResult) -> Marks:
        """The stray pixels whose colour is not that of the rows around them, blurred, either, and blends far from it.

        Noise leaves single pixels far from what explains them; small things of a strange colour are whole areas.
        """
        left = found.stray.copy()
        unlike = (_UNLIKE + _UNLIKE_SOFT * self._blur.luma) ** 2 * self._limit
        for tile in self._tiles:
            blurred = blur_colors(self._colors[self._rows[tile.outer]].astype(np.float32), self._blur)
            error = np.square(blurred - self._picture[tile.outer]).sum(axis=2)
            far = ((error > unlike) & found.blended[tile.outer]).astype(np.uint8)
            left[tile.inner] &= tile.cut(error > self._limit)
            areas = cv2.erode(far, _SQUARE, borderType=cv2.BORDER_CONSTANT, borderValue=(0,))  # no line along an edge
            left[tile.inner] |= tile.cut(cv2.dilate(areas, _SQUARE)) > 0
        return left

    def _count(self) -> Places:
        """The pixels of each row."""
        return np.bincount(self._rows.ravel(), minlength=len(self._colors))

    def _leave_few(self, blur: BlurWidths) -> None:
        """Rows of few pixels become what is around them, where that explains the picture nearly as well."""
        counts = self._count()
        for row in np.flatnonzero((counts > 0) & (counts < _LEAST) & ~self._certain):
            banned = np.arange(len(counts)) == row
            for area in self._areas:
                if (self._rows[area.inner] == row).any():
                    self._leave(_around(self._rows, area, int(row)), blur, banned)

    def _leave(self, tile: _Tile, blur: BlurWidths, banned: Marks) -> None:
        """Let a tile have none of the `banned` rows, unless it is then explained much worse."""
        rows, worn = self._rows[tile.outer], to_ycc(self._picture[tile.outer])
        where, free, proof = banned[rows], self._find_worn(tile, rows), _PROOF_NOISY if blur.is_noisy else _PROOF
        error = TileLabels(worn, rows, free, self._table, blur).error(worn)
        labels = TileLabels(worn, fill_nearest(rows, where & free), free, self._table, blur, banned)
        labels.settle()
        if labels.error(worn) <= error + proof * (np.count_nonzero(where) + _ONCE):
            self._rows[tile.inner] = tile.cut(labels.rows)

    def _bring_back(self, before: Numbers, known: Places) -> None:
        """Rows that had an area, and lost their last pixel to what is around it, have what they had `before`."""
        for row in known[self._count()[known] == 0]:
            self._rows[before == row] = row

    def _each(self, work: Callable[[_Tile], _T], tiles: Sequence[_Tile]) -> list[_T]:
        return list(parallel_map(work, tiles, threads=1 if len(tiles) < _SAMPLE else None))

    def _find_worn(self, tile: _Tile, rows: Numbers) -> Marks:
        """The pixels of a tile, and around it, that an edge of its `rows` blends: those of exact colours are not."""
        red, green, blue = cv2.split(cv2.absdiff(self._picture[tile.outer], self._colors[rows]))
        differs = cv2.max(cv2.max(red, green), blue) > _WORN
        edges = cv2.morphologyEx(rows, cv2.MORPH_GRADIENT, _SQUARE) > 0
        return (cv2.dilate((differs | edges).astype(np.uint8), _SQUARE) > 0) & self._moved[tile.outer]

    def _estimate(self) -> BlurWidths:
        """The blur that explains the picture best by its rows."""
        samples = [self._sample_of(tile) for tile in self._sample]
        pixels = max(1.0, sum(float(where.sum()) for _, _, where in samples))

        def error(sigma: float, planes: slice, boxes: bool) -> float:
            parts = (blur_error(worn[planes], clean[planes], where, sigma, boxes) for worn, clean, where in samples)
            return sum(parts) / pixels

        def widths(boxes: bool) -> BlurWidths:
            luma, luma_error = find_width(partial(error, planes=slice(0, 1), boxes=boxes))
            chroma, chroma_error = find_width(partial(error, planes=slice(1, 3), boxes=boxes))
            return BlurWidths(luma, chroma, luma_error, chroma_error, boxes)

        found = widths(False)
        if found.luma < _BRUSH:
            return found
        return min(found, widths(True), key=lambda each: sum(each.errors))

    def _sample_of(self, tile: _Tile) -> tuple[Planes, Planes, Planes]:
        """The planes of a tile, those of its rows, and where an edge blends them, but for the tile's own margin.

        What lies beyond the margin is not known here, and would pass for an error.
        """
        rows = self._rows[tile.outer]
        clean = np.stack([colors[rows] for colors in self._table.T])
        inner = np.zeros(rows.shape, dtype=np.float32)
        tile.cut(inner)[...] = 1
        inner[self._strange[tile.outer]] = 0
        return _planes(to_ycc(self._picture[tile.outer])), clean, self._find_worn(tile, rows) * inner

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
        sharp = _planes(sharpen(self._picture[tile.outer], blur, steps))
        colors, shape = self._colors[known].astype(np.float32), sharp.shape[1:]
        distances = np.square(sharp).sum(axis=0) + np.square(colors).sum(axis=1)[:, None, None]
        distances -= 2 * (colors @ sharp.reshape(3, -1)).reshape(-1, *shape)
        nearest, least = least_of(distances)
        solid = np.zeros(len(self._colors), dtype=bool)
        sure, likely = least <= self._limit, least <= _LIKELY * self._limit
        for number in np.flatnonzero(np.bincount(nearest.ravel(), minlength=len(known))):
            own, row = nearest == number, known[number]
            area = (own & sure).astype(np.uint8)
            solid[row] = cv2.erode(area, _BLOCK, borderType=cv2.BORDER_CONSTANT, borderValue=(0,)).any()
            far = cv2.dilate((own & likely).astype(np.uint8), _AROUND) == 0
            distances[number][far] += _FAR  # a blend goes to one of the rows found around it
        distances[np.bincount(nearest.ravel(), minlength=len(known)) == 0] += _FAR
        rows = np.where(self._moved[tile.outer], known.astype(np.uint8)[least_of(distances)[0]], self._rows[tile.outer])
        self._rows[tile.inner] = tile.cut(rows)
        return solid

    def _improve(self, blur: BlurWidths, painted: Places | None, *, steps: int) -> int:
        """Give worn pixels the rows that explain the picture best, blocks of the `painted` ones; how many changed."""
        before = self._rows.copy()  # so that areas do not depend on which of them is decided first
        work = partial(self._decide, before=before, blur=blur, painted=painted, steps=steps)
        return sum(parallel_map(work, self._areas, threads=_threads(len(self._areas), before)))

    def _decide(self, tile: _Tile, *, before: Numbers, blur: BlurWidths, painted: Places | None, steps: int = 0) -> int:
        worn, rows = to_ycc(self._picture[tile.outer]), before[tile.outer].copy()
        free, changed = self._find_worn(tile, rows), 0
        if steps:
            relaxed = relax(worn, rows, free, self._table, blur, steps)
            changed = int(np.count_nonzero(relaxed != rows))
            rows = relaxed
        labels = TileLabels(worn, rows, free, self._table, blur)
        changed += labels.settle()
        if painted is not None and (now := paint_blocks(labels, painted)):
            changed += now + labels.settle()
        self._rows[tile.inner] = tile.cut(labels.rows)
        return changed


def _threads(areas: int, rows: Numbers) -> int:
    """How many areas are decided at once: with many rows each takes hundreds of megabytes."""
    each = RELAX_BYTES * np.count_nonzero(np.bincount(rows.ravel())) * (_AREA + 2 * _MARGIN) ** 2
    return max(1, min(areas, cores(), _MOST_BYTES // int(each)))


def _steps(blur: BlurWidths, number: int) -> int:
    """How many steps of `relax` are worth their time in a pass."""
    steps = _RELAXED_NOISY if blur.is_noisy else _RELAXED if blur.luma >= _BROAD else ()
    return steps[number] if number < len(steps) else 0


def _planes(picture: Planes) -> Planes:
    return np.ascontiguousarray(picture.transpose(2, 0, 1))


def _tiles(rows: Numbers, side: int) -> list[_Tile]:
    height, width = rows.shape
    return [
        _Tile(
            (_span(top, height, side, 0), _span(left, width, side, 0)),
            (_span(top, height, side, _MARGIN), _span(left, width, side, _MARGIN)),
        )
        for top in range(0, height, side)
        for left in range(0, width, side)
    ]


def _around(rows: Numbers, tile: _Tile, row: int) -> _Tile:
    """A tile of those pixels of a tile that have a row."""
    height, width = rows.shape
    down, across = np.nonzero(rows[tile.inner] == row)
    top, left = down.min() + tile.inner[0].start, across.min() + tile.inner[1].start
    tall, wide = int(np.ptp(down)) + 1, int(np.ptp(across)) + 1
    inner, outer = (
        (_span(int(top), height, tall, each), _span(int(left), width, wide, each)) for each in (_MARGIN // 2, _MARGIN)
    )
    return _Tile(inner, outer)


def _span(start: int, end: int, side: int, margin: int) -> slice:
    return slice(max(0, start - margin), min(end, start + side + margin))
