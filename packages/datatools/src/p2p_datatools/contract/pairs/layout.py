"""How the pictures of a pair stand in one file where they are not its halves: with bars, captions, stacked, in rows.

Nothing here may read a picture; some pictures of a folder were looked at, and what nearly all of them say counts.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise
from pathlib import Path

import numpy as np

from p2p_datatools.contract.errors import P2PError
from p2p_datatools.contract.pairs.bars import NO_BARS, SeamBars, measure_bars
from p2p_datatools.contract.pairs.captions import NO_CAPTIONS, Captions, has_captions
from p2p_datatools.contract.pairs.seam import Glance, Middle
from p2p_datatools.contract.pictures.arrays import Array
from p2p_datatools.contract.pictures.images import Photo
from p2p_datatools.contract.pictures.sizes import Size
from p2p_datatools.contract.pictures.stretch import upper_bits
from p2p_datatools.contract.words import p2p_command, plural

_LEAST = 3  # pictures: fewer may have a bar or a seam by chance
_BLURRED = 2  # half columns of a bar that JPEG may have blurred
_EDGE = 2  # half columns of a dark edge of photos
_ROUND = 4  # sides of pictures are multiples of it, as networks halve them again and again
_MOST = 0.75  # of the pictures: what a program has drawn is the same in nearly all


@dataclass(frozen=True)
class PairLayout:
    """Where `count` pictures of one size stand in a file: side by side, or one above the other (`stacked`).

    `gap` is how many columns (of stacked ones rows) lie between two, `frame` how many at both outer ends, `before` and
    `behind` how many rows (columns) at the top and the bottom, `captions` the rows of text beyond these. Four stand in
    two rows of two, with the same gap and frame both ways. `widths` are how many times as wide as the narrowest each
    is, where two are not of one width.
    """

    count: int = 2
    stacked: bool = False
    gap: int = 0
    frame: int = 0
    before: int = 0
    behind: int = 0
    captions: Captions = NO_CAPTIONS
    widths: tuple[int, ...] = ()

    def cut(self, picture: Array, path: Path) -> list[Array]:
        """The pictures in a file's pixels (height, width[, 3]) of 8 or 16 bits, the left or upper one first.

        Raises P2PError when they cannot be of one size, or when there is no bar between them that was to be left out.
        """
        if self.count == _IN_ROWS:
            both = replace(self, count=2, stacked=True).cut(picture, path)
            return [part for row in both for part in replace(self, count=2).cut(row, path)]
        lying = self._without_captions(picture.swapaxes(0, 1) if self.stacked else picture, path)
        if self.gap and measure_bars(_look(lying, path)) == NO_BARS:
            raise _lacks("bar in its middle", path)
        inside = lying.shape[1] - 2 * self.frame - (self.count - 1) * self.gap
        widths = self.widths or (1,) * self.count
        each, rest = divmod(inside, sum(widths))
        rows = lying[self.before : len(lying) - self.behind]
        if rest or each < 1 or not len(rows):
            size = Size(picture.shape[1], picture.shape[0])
            what = f"is {size}, which is not {self.count} pictures of one size {self._how()}, as others beside it are"
            raise P2PError(path, what, "Remove it or make it again.", code="odd-width")
        ends = list(accumulate((each * width + self.gap for width in widths), initial=self.frame))
        parts = [rows[:, start : end - self.gap] for start, end in pairwise(ends)]
        return [np.ascontiguousarray(part.swapaxes(0, 1) if self.stacked else part) for part in parts]

    def _without_captions(self, picture: Array, path: Path) -> Array:
        if self.captions == NO_CAPTIONS:
            return picture
        if not has_captions(_look(picture, path), self.captions):
            raise _lacks("caption", path)
        return picture[self.captions.above : len(picture) - self.captions.below]

    def __str__(self) -> str:
        lines = "row" if self.stacked else "column"
        bars = [f"{plural(self.captions.above, 'row')} of a caption above them"] if self.captions.above else []
        bars += [f"{plural(self.captions.below, 'row')} of a caption below them"] if self.captions.below else []
        bars += [f"{plural(self.gap, lines)} of one colour between them"] if self.gap else []
        bars += [f"{plural(self.frame, lines)} at both ends"] if self.frame else []
        across = "column" if self.stacked else "row"
        bars += [f"{self.before} and {plural(self.behind, across)} around"] if self.before or self.behind else []
        if self.widths:
            bars = [f"the {'right' if self.widths[0] == 1 else 'left'} one twice as wide as the other", *bars]
        return ", ".join([f"{_NUMBERS[self.count]} pictures stand {self._how()}", *bars])

    def _how(self) -> str:
        if self.count == _IN_ROWS:
            return "in two rows"
        return "one above the other" if self.stacked else "side by side"


def _look(picture: Array, path: Path) -> Photo:
    """A picture as 8 bits, to see what is drawn in it."""
    photo = upper_bits(picture)
    if photo is None:
        raise P2PError(path, f"has {picture.dtype} values", "Save it with 8 or 16 bits.", code="depth")
    return photo


def _lacks(what: str, path: Path) -> P2PError:
    to_do = "Take it out, or take it apart in a folder of its own."
    return P2PError(path, f"has no {what}, as others beside it have", to_do, code="no-bar")


_IN_ROWS = 4
_NUMBERS = {2: "two", 3: "three", _IN_ROWS: "four"}


def find_layout(glances: Sequence[Glance]) -> PairLayout | None:
    """How nearly all of these pictures are made up, if that is known and not just two halves side by side."""
    read = [glance for glance in glances if glance.is_read]
    if len(read) < _LEAST:
        return None
    captions, thirds = _find_captions(read), [glance.third for glance in read]
    beside = _find_bars([glance.bars for glance in read], [glance.size.width for glance in read])
    below = _find_bars([glance.bars_below for glance in read], [glance.size.height for glance in read])
    if (in_rows := _find_rows(read, beside, below)) is not None:
        return in_rows
    if beside is not None:
        return replace(beside, captions=captions)
    if sum(glance.middle == "cut" for glance in read) > (1 - _MOST) * len(read):
        return PairLayout(captions=captions) if captions != NO_CAPTIONS and _nearly_all(_middles(read)) else None
    if third := _usual(thirds):
        return PairLayout(captions=captions, widths=(1, 2) if third == 1 else (2, 1))
    if below is not None:
        return replace(below, stacked=True)
    return PairLayout(stacked=True) if _nearly_all([glance.below for glance in read]) else None


def _find_captions(read: Sequence[Glance]) -> Captions:
    """The rows of text that nearly all have above and below."""
    return Captions(
        _usual([glance.captions.above for glance in read]) or 0, _usual([glance.captions.below for glance in read]) or 0
    )


def _find_rows(read: Sequence[Glance], beside: PairLayout | None, below: PairLayout | None) -> PairLayout | None:
    """Four pictures in two rows: nearly all are cut in the middle both ways, or have the same bars both ways."""
    if beside is not None and below is not None and (beside.gap, beside.frame) == (below.gap, below.frame):
        return PairLayout(_IN_ROWS, gap=beside.gap, frame=beside.frame)
    told = len(read) - _middles(read).count("unclear")
    in_rows = sum(glance.is_in_rows for glance in read)
    return PairLayout(_IN_ROWS) if in_rows >= max(_LEAST, _MOST * told) else None


def _middles(read: Sequence[Glance]) -> list[Middle]:
    return [glance.middle for glance in read]


def _nearly_all(found: Sequence[Middle]) -> bool:
    """Whether nearly all that tell something are cut."""
    told = [each for each in found if each != "unclear"]
    return len(told) >= _LEAST and told.count("cut") >= _MOST * len(told)


def _find_bars(bars: Sequence[SeamBars], sides: Sequence[int]) -> PairLayout | None:
    """The bars that are as wide in nearly all pictures, if both pictures of a pair do not stand alike in its halves.

    A plain ground around what is shown has another width in each picture, and a margin of each half leaves both alike.
    The `sides` are as long as both pictures and the bar.
    """
    gap = _around(bars, sides)
    frame = _both([each.at_left for each in bars], [each.at_right for each in bars], _BLURRED // 2)
    if frame is None:  # what is shown has the colour of the bar at its edges in some
        frame = min(min(each.at_left, each.at_right) for each in bars)
    if not gap or (frame and abs(gap - 2 * frame) <= _BLURRED and gap != frame):
        return None
    rows = (min(each.at_top for each in bars), min(each.at_bottom for each in bars)) if frame else (0, 0)
    return PairLayout(2, False, gap, frame, *rows)


def _around(bars: Sequence[SeamBars], sides: Sequence[int]) -> int:
    """How many half columns the bar reaches from the middle to each side; 0 where there is none.

    One side tells it where the pictures of the other have its colour at their edges, too, as labels on black have. It
    may also be an edge that a camera left black: those have a column, so that a bar has to be wider, or else the
    `sides` have to be odd, or to be twice a round number only without it. A frame as wide as the bar tells it, too.
    """
    lefts, rights = [each.left for each in bars], [each.right for each in bars]
    if (both := _both(lefts, rights, _BLURRED)) is not None:
        return both
    sure = (rights, lefts, [each.at_right for each in bars]), (lefts, rights, [each.at_left for each in bars])
    for own, others, at_edge in sure:
        width = _usual(own) or 0
        is_drawn = _is_drawn(width, sides) and not any(at_edge)
        if min(others) >= width and (is_drawn or _have_frame(bars, width)):
            return width
    return 0


def _is_drawn(width: int, sides: Sequence[int]) -> bool:
    """Whether a bar of so many columns is not an edge of a photo."""
    if width > _EDGE or not width:
        return width > _EDGE
    is_odd = all(side % 2 for side in sides)
    is_round = any(side % (2 * _ROUND) == 0 for side in sides)
    return is_odd or (not is_round and all((side - width) % (2 * _ROUND) == 0 for side in sides))


def _have_frame(bars: Sequence[SeamBars], gap: int) -> bool:
    """Whether nearly all have a frame that is as wide as the bar, on the three sides of the other picture at least."""
    around = [(each.at_left, each.at_right, each.at_top, each.at_bottom) for each in bars]
    seen = [sum(side == gap for side in each) >= 3 and min(each) >= gap for each in around]
    return gap >= _EDGE and sum(seen) >= _MOST * len(seen)


def _both(ones: Sequence[int], others: Sequence[int], blurred: int) -> int | None:
    """The width that nearly all have on both sides; JPEG may have `blurred` so much of one away."""
    one, other = _usual(ones), _usual(others)
    return None if one is None or other is None or abs(one - other) > blurred else max(one, other)


def _usual(widths: Sequence[int]) -> int | None:
    """The width that nearly all have; None if there is none."""
    value, count = Counter(widths).most_common(1)[0]
    return value if count >= _MOST * len(widths) else None


def refuse_layout(folder: Path, layout: PairLayout, *, otherwise: str = "", bits: int = 8) -> P2PError:
    """The error for a folder whose pictures are to be halves, and are made up like this, or have more `bits`."""
    what = f"has pictures whose halves are not the two of a pair: {layout}"
    if bits > 8:
        what = f"has A|B pictures of {bits} bits a channel, and those of other tools are read with 8"
    words = ["data halves", *(["--halves a,b,c,d"] if layout.count == _IN_ROWS else [])]
    apart = p2p_command(" ".join(words), folder, "DEST")
    then = ", bring both to one shape" if layout.widths else ""
    to_do = f"Take them apart with {apart}, which knows it{then}, and join them with 'p2p data pair'. {otherwise}"
    return P2PError(folder, what, to_do.strip(), code="pair-layout")
