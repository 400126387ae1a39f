"""The figures of a data set as values: what `compute_statistics` gives, and what becomes JSON as it is.

Nothing here may compute, or read a picture.
"""

from dataclasses import dataclass

from p2p_datatools.contract.errors import CheckedKind, Finding
from p2p_datatools.contract.pictures.sizes import Size


@dataclass(frozen=True)
class NamedPicture:
    """A picture at an end of a scale, by its name, with its value there."""

    name: str
    value: float


@dataclass(frozen=True)
class ClassStatistics:
    """A class of masks: its pixels, their share of all pixels, and in how many pictures there are any.

    `median_area` is the median of its pixels in the pictures that have it, and `median_share` that of their share of
    the picture; both are 0 where none has it. `color` is #rrggbb. Ignored pixels are a class of their own, `ignore`.
    """

    name: str
    color: str
    pixels: int
    share: float
    pictures: int
    median_area: float
    median_share: float


@dataclass(frozen=True)
class ChannelStatistics:
    """The mean and standard deviation of a channel over all pixels that have data, in the file's own values.

    `least` and `most` are its ends; of 8 bits they are not looked for, and are 0 and 255.
    """

    name: str
    mean: float
    deviation: float
    least: float
    most: float


@dataclass(frozen=True)
class Brightness:
    """The mean brightness of each picture (Rec. 601 luma of a colour picture, else the mean of its channels).

    `low`, `median` and `high` are its quantiles of 5%, 50% and 95%. `counts` are the pictures in bins of equal width
    from `start` to `end`, which are 0 and 255 for 8 bits, and else the ends that were found.
    """

    low: float
    median: float
    high: float
    darkest: NamedPicture
    brightest: NamedPicture
    start: float
    end: float
    counts: tuple[int, ...]


@dataclass(frozen=True)
class FormStatistics:
    """The colours of the pictures of one form, such as 3 channels of uint8; `without_data` are the pixels left out."""

    form: str
    pictures: int
    channels: tuple[ChannelStatistics, ...]
    brightness: Brightness
    without_data: int


@dataclass(frozen=True)
class HalfStatistics:
    """One half of pairs, or the masks or photos themselves: classes if it is a mask with a palette, else colours."""

    name: str
    kind: str
    classes: tuple[ClassStatistics, ...]
    forms: tuple[FormStatistics, ...]


@dataclass(frozen=True)
class SplitStatistics:
    """The pictures, or pairs, of one split that could be read, and their halves; the name is empty for no split."""

    name: str
    pictures: int
    halves: tuple[HalfStatistics, ...]


@dataclass(frozen=True)
class SizeCount:
    """A size, of one half of a pair, and how many pictures have it."""

    size: Size
    pictures: int


@dataclass(frozen=True)
class ShapeCount:
    """The pictures whose aspect ratio is nearest to that of `shape`, such as 4:3."""

    shape: str
    pictures: int


@dataclass(frozen=True)
class SizeStatistics:
    """All sizes, the most frequent first, their `shapes`, and the pictures at the ends.

    `median` has the median width and the median height. The values of `smallest` and `largest` are pixels, those of
    `tallest` and `widest` width divided by height.
    """

    median: Size
    counts: tuple[SizeCount, ...]
    shapes: tuple[ShapeCount, ...]
    smallest: NamedPicture
    largest: NamedPicture
    tallest: NamedPicture
    widest: NamedPicture


@dataclass(frozen=True)
class DataStatistics:
    """A data set in figures: all of it as `whole`, and each split; `broken` are the pictures that were left out.

    `total` counts these, too. `sizes` is None where no picture could be read, and `palette` empty without one.
    """

    kind: CheckedKind
    total: int
    palette: str
    sizes: SizeStatistics | None
    whole: SplitStatistics
    splits: tuple[SplitStatistics, ...]
    broken: tuple[Finding, ...]

    @property
    def ok(self) -> bool:
        """Whether every picture could be read."""
        return not self.broken
