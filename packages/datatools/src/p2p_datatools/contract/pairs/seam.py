"""Tells from pixels whether pictures are A|B: where two meet there is a seam in the middle, and a photo has none.

Nothing here may know where the pictures come from, or refuse a picture for anything else.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from p2p_datatools.contract.errors import P2PError
from p2p_datatools.contract.pictures.images import Photo, read_photo
from p2p_datatools.contract.words import plural

Middle = Literal["continuous", "cut", "unclear"]
"""What the middle of a picture looks like: the picture goes on across it, or two pictures meet, or it does not tell."""

_SAMPLE = 16  # pictures of a folder that are looked at, spread over it
_LEAST = 16  # pixels of each side of a half, below which its middle tells nothing
_AROUND = 12  # columns on each side of the middle whose steps are the usual ones
# The step across the middle, as a share of that between pixels of the two columns paired at random: of 1,000 photos,
# masks, edges and other derived pictures of real data it is 0.03 to 0.3 in the median of each folder and 0.69 at most;
# of 20 folders of real pairs, and pairs of these derivations, 0.79 to 1.00 in the median.
_CONTINUOUS, _CUT = 0.4, 0.6
_STEEP = 4.0  # times the usual step: above it the middle is no place where a picture goes on
_TEXTURE = 4.0  # of 255, the mean difference within a column below which it is plain, as the white around a shoe
_ALIKE = 0.45  # correlation of the details of both halves; of photos and masks up to 0.37 (panoramas may have no seam)
_FEW = 2  # pictures: an edge of labels may well lie in the middle of them
_TIMES = 8  # the colours of photos have more; both halves of one JPEG of labels are alike within twice
_MOST = 0.75  # of the pictures that tell something: from here on a folder holds no pairs, or pairs


def refuse_single_pictures(folder: Path, files: Sequence[Path], *, to_do: str) -> None:
    """Raise P2PError when the pictures of a folder are not A|B: nearly all that are looked at go on across the middle.

    Pictures that cannot be read, or are too small or plain there to tell, do not count.
    """
    seen = [middle for middle in map(middle_of, spread_files(files)) if middle != "unclear"]
    single = seen.count("continuous")
    if not seen or single < _MOST * len(seen):
        return
    number = (
        "the picture that was looked at shows" if len(seen) == 1 else f"{single} of {plural(len(seen), 'picture')} show"
    )
    raise P2PError(
        folder,
        f"does not hold A|B pictures: {number} one scene, which goes on across the middle",
        to_do,
        code="not-pairs",
    )


def look_like_pairs(files: Sequence[Path]) -> bool:
    """Whether nearly all pictures that tell something are A|B.

    One or two tell it only if one half has many times the colours of the other.
    """
    spread = list(spread_files(files))
    seen = [middle for middle in map(middle_of, spread) if middle != "unclear"]
    return are_cut(seen) and (len(seen) > _FEW or all(_is_of_two(path) for path in spread))


def are_cut(middles: Sequence[Middle]) -> bool:
    """Whether two pictures meet in nearly all middles that tell something, and in one at least."""
    seen = [middle for middle in middles if middle != "unclear"]
    return seen.count("cut") >= max(1, _MOST * len(seen))


def _is_of_two(path: Path) -> bool:
    try:
        halves = np.array_split(read_photo(path), 2, axis=1)
    except P2PError:
        return True  # it tells nothing: another must
    counts = [len(np.unique(half.reshape(-1, 3), axis=0)) for half in halves]
    return max(counts) > _TIMES * min(counts)


def spread_files(files: Sequence[Path]) -> Iterator[Path]:
    """Some of the pictures of a folder, spread over it: by which it is judged."""
    step = max(1, len(files) / _SAMPLE)
    for number in range(min(_SAMPLE, len(files))):
        yield files[int(number * step)]


def middle_of(path: Path) -> Middle:
    """What the middle of a picture file looks like; unclear if it cannot be read as a photo."""
    try:
        return judge_middle(read_photo(path))
    except P2PError:
        return "unclear"


def judge_middle(picture: Photo) -> Middle:
    """What the middle of a picture (height, width, 3) looks like."""
    height, width = picture.shape[:2]
    middle = width // 2
    if width % 2 or min(middle, height) < _LEAST:
        return "unclear"
    around = picture[:, max(0, middle - 1 - _AROUND) : middle + 1 + _AROUND].astype(np.float32)
    steps = np.abs(np.diff(around, axis=1)).mean(axis=(0, 2))
    place = min(middle - 1, _AROUND)
    step, usual = float(steps[place]), float(np.median(np.delete(steps, place)))
    left, right = around[:, place], around[:, place + 1]
    texture = _difference(left, left), _difference(right, right)
    if max(texture) < _TEXTURE:
        return "unclear"
    share = step / max(_difference(left, right), 1.0)
    if share > _CUT:
        return "cut" if step > _STEEP * usual else "unclear"
    if min(texture) < _TEXTURE or share > _CONTINUOUS or step > _STEEP * max(usual, 1.0):
        return "unclear"
    return "unclear" if halves_are_alike(picture) else "continuous"


def halves_are_alike(picture: Photo) -> bool:
    """Whether the details of both halves of a picture of even width lie in the same places, as those of pairs do."""
    middle = picture.shape[1] // 2
    return min(middle, len(picture)) >= _LEAST and _likeness(picture[:, :middle], picture[:, middle:]) > _ALIKE


def _difference(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    """The mean difference of the pixels of two columns (n, 3), each with others far from its own row."""
    shifts = [len(one) * part // 7 for part in range(1, 7)]
    return float(np.mean([np.abs(one - np.roll(other, shift, axis=0)).mean() for shift in shifts]))


def _likeness(left: Photo, right: Photo) -> float:
    """The correlation of the details of two pictures of one size, -1 to 1, beside what whole rows and columns share."""
    one, other = _details(left), _details(right)
    scale = float(np.sqrt((one * one).sum() * (other * other).sum()))
    return float((one * other).sum()) / scale if scale else 0.0


def _details(picture: Photo) -> NDArray[np.float32]:
    grey = cv2.cvtColor(np.ascontiguousarray(picture), cv2.COLOR_RGB2GRAY)
    small = cv2.resize(grey, (32, 32), interpolation=cv2.INTER_AREA).astype(np.float32)
    size = np.abs(np.diff(small, axis=1))[:-1] + np.abs(np.diff(small, axis=0))[:, :-1]
    return np.asarray(size - size.mean(axis=0) - size.mean(axis=1, keepdims=True) + size.mean(), dtype=np.float32)
