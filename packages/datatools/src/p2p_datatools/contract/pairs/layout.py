"""How the two pictures of a pair stand in one file where they are not its halves: bars drawn between them, or stacked.

Nothing here may read a picture; some pictures of a folder were looked at, and what nearly all of them say counts.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from p2p_datatools.contract.errors import P2PError
from p2p_datatools.contract.pairs.bars import NO_BARS, SeamBars, measure_bars
from p2p_datatools.contract.pairs.seam import Glance
from p2p_datatools.contract.pictures.sizes import Size
from p2p_datatools.contract.words import p2p_command, plural

_LEAST = 3  # pictures: fewer may have a bar or a seam by chance
_BLURRED = 2  # half columns of a bar that JPEG may have blurred
_EDGE = 2  # half columns of a dark edge of photos
_MOST = 0.75  # of the pictures: what a program has drawn is the same in nearly all


@dataclass(frozen=True)
class PairLayout:
    """Where `count` pictures of one size stand in a file: side by side, or one above the other (`stacked`).

    `gap` is how many columns (of stacked ones rows) lie between two, `frame` how many at both outer ends, `before` and
    `behind` how many rows (columns) at the top and the bottom.
    """

    count: int = 2
    stacked: bool = False
    gap: int = 0
    frame: int = 0
    before: int = 0
    behind: int = 0

    def cut(self, picture: NDArray[np.uint8], path: Path) -> list[NDArray[np.uint8]]:
        """The pictures in a file's pixels (height, width, 3), the left or upper one first.

        Raises P2PError when they cannot be of one size, or when there is no bar between them that was to be left out.
        """
        lying = picture.swapaxes(0, 1) if self.stacked else picture
        if self.gap and measure_bars(lying) == NO_BARS:
            what = "has no bar in its middle, as others beside it have"
            raise P2PError(path, what, "Take it out, or take it apart in a folder of its own.", code="no-bar")
        inside = lying.shape[1] - 2 * self.frame - (self.count - 1) * self.gap
        each, rest = divmod(inside, self.count)
        rows = lying[self.before : len(lying) - self.behind]
        if rest or each < 1 or not len(rows):
            size = Size(picture.shape[1], picture.shape[0])
            what = f"is {size}, which is not {self.count} pictures of one size {self._how()}, as others beside it are"
            raise P2PError(path, what, "Remove it or make it again.", code="odd-width")
        starts = (self.frame + number * (each + self.gap) for number in range(self.count))
        parts = [rows[:, start : start + each] for start in starts]
        return [np.ascontiguousarray(part.swapaxes(0, 1) if self.stacked else part) for part in parts]

    def __str__(self) -> str:
        lines = "row" if self.stacked else "column"
        bars = [f"{plural(self.gap, lines)} of one colour between them"] if self.gap else []
        bars += [f"{plural(self.frame, lines)} at both ends"] if self.frame else []
        across = "column" if self.stacked else "row"
        bars += [f"{self.before} and {plural(self.behind, across)} around"] if self.before or self.behind else []
        return ", ".join([f"{_NUMBERS[self.count]} pictures stand {self._how()}", *bars])

    def _how(self) -> str:
        return "one above the other" if self.stacked else "side by side"


_NUMBERS = {2: "two", 3: "three"}


def find_layout(glances: Sequence[Glance]) -> PairLayout | None:
    """How nearly all of these pictures are made up, if that is known and not just two halves side by side."""
    read = [glance for glance in glances if glance.is_read]
    if len(read) < _LEAST:
        return None
    if (beside := _find_bars([glance.bars for glance in read])) is not None:
        return beside
    if sum(glance.middle == "cut" for glance in read) > (1 - _MOST) * len(read):
        return None
    if (below := _find_bars([glance.bars_below for glance in read])) is not None:
        return PairLayout(2, True, below.gap, below.frame, below.before, below.behind)
    told = [glance.below for glance in read if glance.below != "unclear"]
    is_stacked = len(told) >= _LEAST and told.count("cut") >= _MOST * len(told)
    return PairLayout(stacked=True) if is_stacked else None


def _find_bars(bars: Sequence[SeamBars]) -> PairLayout | None:
    """The bars that are as wide in nearly all pictures, if both pictures of a pair do not stand alike in its halves.

    A plain ground around what is shown has another width in each picture, and a margin of each half leaves both alike.
    """
    gap = _around(bars)
    frame = _both([each.at_left for each in bars], [each.at_right for each in bars], _BLURRED // 2)
    if frame is None:  # what is shown has the colour of the bar at its edges in some
        frame = min(min(each.at_left, each.at_right) for each in bars)
    if not gap or (frame and abs(gap - 2 * frame) <= _BLURRED):
        return None
    rows = (min(each.at_top for each in bars), min(each.at_bottom for each in bars)) if frame else (0, 0)
    return PairLayout(2, False, gap, frame, *rows)


def _around(bars: Sequence[SeamBars]) -> int:
    """How many half columns the bar reaches from the middle to each side; 0 where there is none.

    One side tells it where the pictures of the other have its colour at their edges, too, as labels on black have. It
    may also be an edge that a camera left black: those have a column, so that a bar has to be wider.
    """
    lefts, rights = [each.left for each in bars], [each.right for each in bars]
    if (both := _both(lefts, rights, _BLURRED)) is not None:
        return both
    left, right = _usual(lefts) or 0, _usual(rights) or 0
    if right > _EDGE and all(each.left >= right for each in bars) and not any(each.at_right for each in bars):
        return right
    if left > _EDGE and all(each.right >= left for each in bars) and not any(each.at_left for each in bars):
        return left
    return 0


def _both(ones: Sequence[int], others: Sequence[int], blurred: int) -> int | None:
    """The width that nearly all have on both sides; JPEG may have `blurred` so much of one away."""
    one, other = _usual(ones), _usual(others)
    return None if one is None or other is None or abs(one - other) > blurred else max(one, other)


def _usual(widths: Sequence[int]) -> int | None:
    """The width that nearly all have; None if there is none."""
    value, count = Counter(widths).most_common(1)[0]
    return value if count >= _MOST * len(widths) else None


def refuse_layout(folder: Path, layout: PairLayout, *, otherwise: str) -> P2PError:
    """The error for a folder whose pictures are to be halves, and are made up like this."""
    what = f"has pictures whose halves are not the two of a pair: {layout}"
    apart = p2p_command("data halves", folder, "DEST")
    to_do = f"Take them apart with {apart}, which knows it, and join them with 'p2p data pair'. {otherwise}"
    return P2PError(folder, what, to_do, code="pair-layout")
