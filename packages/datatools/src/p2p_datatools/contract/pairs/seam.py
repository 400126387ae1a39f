"""Tells from pixels whether pictures are A|B: where two meet there is a seam in the middle, and a photo has none.

What p2p itself says in a file comes first. Nothing here may know the folder of the pictures, or refuse anything else.
"""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Literal, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from p2p_datatools.contract.errors import P2PError, what_at
from p2p_datatools.contract.pairs.bars import NO_BARS, SeamBars, measure_bars
from p2p_datatools.contract.pairs.captions import NO_CAPTIONS, Captions, measure_captions
from p2p_datatools.contract.pictures.arrays import Array, read_array
from p2p_datatools.contract.pictures.header import PictureFile, open_picture
from p2p_datatools.contract.pictures.images import DepthError, Photo, color_codes, read_photo, size_of
from p2p_datatools.contract.pictures.sizes import Size
from p2p_datatools.contract.pictures.stretch import upper_bits
from p2p_datatools.contract.values import find_distinct
from p2p_datatools.contract.words import p2p_command, plural

Middle = Literal["continuous", "cut", "unclear"]
"""What the middle of a picture looks like: the picture goes on across it, or two pictures meet, or it does not tell."""

_SAMPLE = 16  # pictures of a folder that are looked at, spread over it
_LEAST = 16  # pixels of each side of a half, below which its middle tells nothing
_AROUND = 12  # columns on each side of the middle whose steps are the usual ones
# The step across the middle, as a share of that between pixels of the two columns paired at random: of 1,000 photos,
# masks, edges and other derived pictures of real data it is 0.03 to 0.3 in the median of each folder and 0.69 at most;
# of 20 folders of real pairs, and pairs of these derivations, 0.79 to 1.00 in the median.
_CONTINUOUS, _CUT = 0.4, 0.6
_STEEP = 4.0  # times the usual step: above it the middle is not a place where a picture goes on
_TEXTURE = 4.0  # of 255, the mean difference within a column, and the deviation of a half, below which it is plain
_ALIKE = 0.45  # correlation of the details of both halves; of photos and masks up to 0.37 (panoramas may have no seam)
_FEW = 2  # pictures: an edge of labels may well lie in the middle of them
_FEW_COLORS = 64  # of labels without loss
_TIMES = 8  # the colours of photos have more; both halves of one JPEG of labels are alike within twice
_IF_NONE_IS_READ = (
    "A|B pictures of other tools are read where they have 8 bits: convert them. Halves of more bits, or of pages, lie "
    "in two folders and are joined with 'p2p data pair A B PAIRS'."
)
_MOST = 0.75  # of the pictures that tell something: from here on a folder holds no pairs, or pairs


class Glance(NamedTuple):
    """What is seen of one picture of a folder; of one that cannot be read as a photo what its `trouble` is.

    `is_wide` says that it is exactly twice as wide as high and has 8 bits, `is_of_two` that one half has many times the
    colours of the other, `is_deep` that it has 16 bits, `third` after which of its thirds two pictures meet,
    `is_in_three` that three pictures stand in it side by side, `is_in_rows` four in two rows. `bars` are those across
    its middle from the left to the right, `below` and `bars_below` the same from the top to the bottom, all of these
    without the `captions`, and so is the `size`. `role` is what p2p says in it that it is.
    """

    file: Path
    is_read: bool = False
    trouble: str = "cannot be read as a picture of 8 bits"
    middle: Middle = "unclear"
    is_wide: bool = False
    is_of_two: bool = False
    is_deep: bool = False
    third: int = 0
    is_in_three: bool = False
    is_in_rows: bool = False
    bars: SeamBars = NO_BARS
    below: Middle = "unclear"
    bars_below: SeamBars = NO_BARS
    captions: Captions = NO_CAPTIONS
    size: Size = Size(0, 0)
    role: str = ""


GlanceReader = Callable[[Sequence[Path]], Sequence[Glance]]
"""What looks at some files; a reader of all of them may have seen these already."""


def refuse_single_pictures(
    folder: Path, glances: Sequence[Glance], *, to_do: str, in_splits: bool, sure: bool = False
) -> None:
    """Raise P2PError when pictures of a folder are not A|B, as far as those tell that were looked at.

    In folders of splits (`in_splits`) they are, unless nearly all go on across the middle, or are sheets. Elsewhere
    two pictures have to meet in nearly all middles that tell something, or, unless that is to be `sure`, all have to be
    twice as wide as high.
    """
    _refuse_drawn(folder, glances, to_do)
    seen = [glance.middle for glance in glances if glance.middle != "unclear"]
    single, read = seen.count("continuous"), [glance for glance in glances if glance.is_read]
    if seen and single >= _MOST * len(seen):
        shows = "shows one scene, which goes on" if single == 1 else "show one scene, which goes on"
        raise _not_pairs(folder, f"{single} of {plural(len(seen), 'picture')} {shows} across the middle", to_do)
    if halves := _find_halves(read):
        number = plural(len(halves), "picture")
        what = (
            f"{number} of {len(read)}, such as {halves[0].file.name}, show one scene as large as a half of the others"
        )
        raise _not_pairs(folder, what, f"Take them out, if the others are pairs. {to_do}")
    if (in_splits and not sure) or _look_like_pairs(read, seen, sure=sure):
        return
    if not read:
        raise _not_pairs(folder, f"{glances[0].file.name} {glances[0].trouble}", _IF_NONE_IS_READ)
    cut = f"two meet in the middle of {seen.count('cut')} of {plural(len(read), 'picture')}"
    raise _not_pairs(folder, f"{cut}, {single} show one scene, and {len(read) - len(seen)} tell nothing", to_do)


def _find_halves(read: Sequence[Glance]) -> list[Glance]:
    """Pictures that go on across their middle beside A|B pictures that are as high and twice as wide: 1_A beside 1_AB.

    None where any that goes on has another size: pairs of many sizes may look so.
    """
    pairs = {glance.size for glance in read if glance.middle == "cut"}
    single = [glance for glance in read if glance.middle == "continuous"]
    are_halves = all(Size(2 * glance.size.width, glance.size.height) in pairs for glance in single)
    return single if len(single) > 1 and are_halves else []


def _refuse_drawn(folder: Path, glances: Sequence[Glance], to_do: str) -> None:
    """Raise P2PError for what p2p drew or generated: a picture says it, or nearly all have three columns."""
    drawn = [glance for glance in glances if glance.role]
    if drawn:
        what = f"does not hold A|B pictures: {drawn[0].file.name} {_says(drawn[0].role)}"
        raise P2PError(folder, what, to_do, code="drawn-by-p2p")
    if stand_in_three(glances):
        read = [glance for glance in glances if glance.is_read]
        in_three = sum(glance.is_in_three for glance in read)
        what = f"does not hold A|B pictures: in {in_three} of {plural(len(read), 'picture')} three stand side by side"
        apart = p2p_command("data halves --halves a,b,c", folder, "DEST")
        to_do = f"If they are three of one scene, take them apart with {apart}. {to_do}"
        raise P2PError(folder, f"{what}, as in the sheets of 'p2p sample'", to_do, code="three-columns")


def are_deep(glances: Sequence[Glance]) -> bool:
    """Whether nearly all of these pictures have 16 bits."""
    return _are_most([glance.is_deep for glance in glances if glance.is_read])


def stand_in_three(glances: Sequence[Glance]) -> bool:
    """Whether three pictures stand side by side in nearly all of these."""
    return _are_most([glance.is_in_three for glance in glances if glance.is_read])


def _are_most(told: Sequence[bool]) -> bool:
    return 0 < sum(told) >= _MOST * len(told)


def refuse_drawn(picture: PictureFile) -> None:
    """Raise P2PError for an open picture among pairs of another tool that says that p2p drew or generated it."""
    if picture.role:
        to_do = "Remove it; if it is a pair all the same, save it anew with another program."
        raise P2PError(picture.path, _says(picture.role), to_do, code="drawn-by-p2p")


def _says(role: str) -> str:
    return f"says of itself that it is a {role} of p2p"


def _not_pairs(folder: Path, what: str, to_do: str) -> P2PError:
    return P2PError(folder, f"does not hold A|B pictures: {what}", to_do, code="not-pairs")


def _look_like_pairs(read: Sequence[Glance], seen: Sequence[Middle], *, sure: bool) -> bool:
    """Whether nearly all that tell something are of two; if none does, their shape tells it, unless that is to be sure.

    One or two tell it only by their colours, too, or, unless that is to be sure, by their shape: an edge of labels may
    well lie in the middle of them.
    """
    if seen.count("cut") >= max(1, _MOST * len(seen)):
        cut = [glance for glance in read if glance.middle == "cut"]
        return len(seen) > _FEW or all(glance.is_of_two or (glance.is_wide and not sure) for glance in cut)
    return not seen and not sure and bool(read) and all(glance.is_wide for glance in read)


def look_like_pairs(files: Sequence[Path]) -> bool:
    """Whether nearly all pictures that tell something are A|B, wherever they lie; a few of the files are read."""
    read = [glance for glance in glance_at(list(spread_files(files))) if glance.is_read]
    return _look_like_pairs(read, [glance.middle for glance in read if glance.middle != "unclear"], sure=True)


def glance_at(files: Sequence[Path]) -> list[Glance]:
    """Read these picture files and say what is seen of each."""
    return list(map(_read_glance, files))


def _read_glance(path: Path) -> Glance:
    try:
        with open_picture(path) as file:
            values = read_any(file)
            return glance_of(file, values) or Glance(path)
    except P2PError as error:
        return Glance(path, trouble=what_at(error, str(path)))


def read_any(source: Path | PictureFile, *, over_white: list[Path] | None = None) -> Array:
    """A picture of 8 bits as RGB (height, width, 3), of more as its own values; raises P2PError as `read_array`."""
    with open_picture(source) as file:
        try:
            return read_photo(file, over_white=over_white)
        except DepthError:
            return read_array(file, over_white=over_white)


def glance_of(file: PictureFile, values: Array) -> Glance | None:
    """What is seen of a picture of 8 or 16 bits, grey or RGB, and the open file it was read from; None of others."""
    picture = upper_bits(values)
    if picture is None:
        return None
    height, width = picture.shape[:2]
    captions = measure_captions(picture)
    picture = picture[captions.above : height - captions.below]
    middle, lying = judge_middle(picture), picture.swapaxes(0, 1)
    thirds = _judge_thirds(picture) if middle != "cut" else []
    return Glance(
        file.path,
        is_read=True,
        middle=middle,
        is_wide=width == 2 * height and values.dtype == np.uint8,  # so are depth and disparity of street scenes
        is_deep=values.dtype != np.uint8,
        third=thirds.index("cut") + 1 if thirds.count("cut") == 1 else 0,
        is_of_two=middle == "cut" and _is_of_two(picture),
        is_in_three=thirds == ["cut", "cut"],
        is_in_rows=middle == "cut" and _stands_in_rows(lying),
        bars=measure_bars(picture),
        below=_judge_below(lying),
        bars_below=measure_bars(lying),
        captions=captions,
        size=size_of(picture),
        role=file.role,
    )


def _judge_below(lying: Photo) -> Middle:
    """What the middle of a picture, given on its side, looks like from the top to the bottom.

    Labels and a photo that meet there may both be plain at their edges; labels have few colours. But in a picture that
    is not higher than wide this is rather the plain ground above what is shown.
    """
    width, height = lying.shape[:2]
    if height % 2 or width == 2 * height:  # such are two squares side by side
        return "unclear"
    found = _judge_place(lying, height // 2)
    is_high = height > width
    return "cut" if found == "unclear" and is_high and _is_of_labels(lying) else found


def _judge_thirds(picture: Photo) -> list[Middle]:
    """What a picture looks like after each of its thirds; nothing where its width has none."""
    third, rest = divmod(picture.shape[1], 3)
    return [] if rest else [_judge_place(picture, place) for place in (third, 2 * third)]


def _stands_in_rows(lying: Photo) -> bool:
    """Whether two pictures meet above each other in a half of a picture, given on its side, and none goes on there."""
    width, height = lying.shape[:2]
    if height % 2 or width == 2 * height:
        return False
    found = {_judge_place(half, height // 2) for half in np.array_split(lying, 2)}
    return "cut" in found and "continuous" not in found


def _is_of_two(picture: Photo) -> bool:
    """Whether one half has many times the colours of the other."""
    counts = _count_colors(picture)
    return max(counts) > _TIMES * min(counts)


def _is_of_labels(picture: Photo) -> bool:
    """Whether one half has many times the colours of the other, which has as few as labels, but is no plain ground."""
    counts = _count_colors(picture)
    labels = np.array_split(picture, 2, axis=1)[int(np.argmin(counts))]
    return min(counts) <= _FEW_COLORS and max(counts) > _TIMES * min(counts) and labels.std() >= _TEXTURE


def _count_colors(picture: Photo) -> list[int]:
    """How many colours the left and the right half have."""
    return [len(find_distinct(half)) for half in np.array_split(color_codes(picture), 2, axis=1)]


def spread_files(files: Sequence[Path]) -> Iterator[Path]:
    """Some of the pictures of a folder, spread over it: by which it is judged."""
    step = max(1, len(files) / _SAMPLE)
    for number in range(min(_SAMPLE, len(files))):
        yield files[int(number * step)]


def judge_middle(picture: Photo) -> Middle:
    """What the middle of a picture (height, width, 3) looks like."""
    height, width = picture.shape[:2]
    if width % 2 or min(width // 2, height) < _LEAST:
        return "unclear"
    found = _judge_place(picture, width // 2)
    return "unclear" if found == "continuous" and halves_are_alike(picture) else found


def _judge_place(picture: Photo, place: int) -> Middle:
    """Whether a picture goes on across the edge before a column, or two meet there."""
    if min(place, picture.shape[1] - place, len(picture)) < _LEAST:
        return "unclear"
    around = picture[:, max(0, place - 1 - _AROUND) : place + 1 + _AROUND].astype(np.float32)
    steps = np.abs(np.diff(around, axis=1)).mean(axis=(0, 2))
    edge = min(place - 1, _AROUND)
    step, usual = float(steps[edge]), float(np.median(np.delete(steps, edge)))
    left, right = around[:, edge], around[:, edge + 1]
    texture = _difference(left, left), _difference(right, right)
    if max(texture) < _TEXTURE:
        return "unclear"
    share = step / max(_difference(left, right), 1.0)
    if share > _CUT:
        return "cut" if step > _STEEP * usual else "unclear"
    if min(texture) < _TEXTURE or share > _CONTINUOUS or step > _STEEP * max(usual, 1.0):
        return "unclear"
    return "continuous"


def halves_are_alike(picture: Photo) -> bool:
    """Whether the details of both halves of a picture of even width lie in the same places, as those of pairs do."""
    middle = picture.shape[1] // 2
    return min(middle, len(picture)) >= _LEAST and measure_likeness(picture[:, :middle], picture[:, middle:]) > _ALIKE


def _difference(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    """The mean difference of the pixels of two columns (n, 3), each with others far from its own row."""
    shifts = [len(one) * part // 7 for part in range(1, 7)]
    return float(np.mean([np.abs(one - np.roll(other, shift, axis=0)).mean() for shift in shifts]))


def measure_likeness(left: Photo, right: Photo) -> float:
    """The correlation of the details of two pictures of one size, -1 to 1, beside what whole rows and columns share."""
    one, other = _details(left), _details(right)
    scale = float(np.sqrt((one * one).sum() * (other * other).sum()))
    return float((one * other).sum()) / scale if scale else 0.0


def _details(picture: Photo) -> NDArray[np.float32]:
    grey = cv2.cvtColor(np.ascontiguousarray(picture), cv2.COLOR_RGB2GRAY)
    small = cv2.resize(grey, (32, 32), interpolation=cv2.INTER_AREA).astype(np.float32)
    size = np.abs(np.diff(small, axis=1))[:-1] + np.abs(np.diff(small, axis=0))[:, :-1]
    return np.asarray(size - size.mean(axis=0) - size.mean(axis=1, keepdims=True) + size.mean(), dtype=np.float32)
