"""Values that are not measurements: what a file or the user calls no data is filled, what looks like it is asked about.

Nothing here may take a value for no data because of a guess, or fill pixels without counting them.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from p2p_datatools.contract.errors import P2PError, UsageError
from p2p_datatools.contract.values import find_distinct, reduce_channels
from p2p_datatools.contract.words import plural

_Values = NDArray[Any]
Gaps = NDArray[np.bool_]
"""The pixels of a picture that have no data: (height, width), True there."""


Nodata = float | tuple[float | Literal["none"], ...] | Literal["tag", "none"]
"""What has no data: one or several values, what the file's own tag says, or nothing; NaN has none unless it is `none`.

`none` among several values says that no other value is to be asked about.
"""


# Values that programs write where there is no measurement, beside those of a type's ends.
_USUAL = (-9999.0, -99999.0, -999.0, -32768.0, -32767.0, -1e30, 1e30, 1e20, 9.969209968386869e36, -1.7e308, -1e38, 1e38)
_FAR = 4  # times as far from all other values as these are from each other
_SHARE, _FEW = 0.001, 4  # of the pixels, and pixels, from which on one value is no single fault of a sensor
_SMALL, _VOID = 63, 255  # the largest number that few classes usually have, and what is not labelled
_MANY, _DENSE = 12, 0.25  # classes, and the share of the numbers up to the largest, where there are larger ones
_NARROW = 1 / 8  # of the range of the bits in use
_WHOLE = 2.0**53  # up to which a float tells whole numbers apart
_LARGEST = float(np.finfo(np.float32).max)
_MOST_CLASSES = 34  # different numbers in a picture of class numbers
_AS_ONE = np.array([1 << 16, 1 << 8, 1], np.uint32)  # factors by which a colour is one number


def parse_nodata(text: str | None) -> Nodata:
    """--nodata as a value: a number, `nan`, or `none`, or several with commas; by default what the files say."""
    if text is None:
        return "tag"
    words = [word.strip().lower() for word in text.split(",")]
    try:
        values = tuple[float | Literal["none"], ...]("none" if word == "none" else float(word) for word in words)
        return values if len(values) > 1 else values[0]
    except ValueError as error:
        to_do = "Give the value, such as -9999 or nan, several as -9999,-32768, or none to keep all values."
        raise UsageError(f"--nodata {text}", "is not a number", to_do, code="impossible-setting") from error


def nodata_word(nodata: Nodata) -> str | None:
    """The same as text for records, from which it is read again; None where nothing was said."""
    if nodata == "tag":
        return None
    several = nodata if isinstance(nodata, tuple) else (nodata,)
    return ",".join(each if isinstance(each, str) else _number_text(each) for each in several)


def _number_text(value: float) -> str:
    """A number with the digits that tell floats of 32 bits apart, or all that a whole number or a larger one has."""
    if abs(value) < _WHOLE and value == int(value):
        return f"{value:.0f}"
    return repr(value) if _LARGEST < abs(value) < np.inf else f"{value:.9g}"


def _values_of(nodata: Nodata, tag: float | None) -> list[float]:
    """The values that have no data in a file of this tag, beside NaN."""
    several = nodata if isinstance(nodata, tuple) else (nodata,)
    given = [tag if each == "tag" else each for each in several]
    return [each for each in given if each is not None and not isinstance(each, str) and not np.isnan(each)]


def fill_nodata(
    values: _Values, nodata: Nodata, tag: float | None, path: Path, *, masked: Gaps | None = None
) -> tuple[_Values, Gaps | None]:
    """The values with the smallest of each channel where there are no data, and the pixels in which a channel has none.

    There are none where the value is the `tag` of its file, or `nodata` where that is a number, or NaN, and where the
    file's own mask says so (`masked`); the pixels are None where all have data. Raises P2PError when nothing is left.
    """
    if nodata == "none":
        return values, None
    wanted = _values_of(nodata, tag)
    missing = np.isnan(values) if values.dtype.kind == "f" else np.zeros(values.shape, dtype=bool)
    for own in (_as_type(each, values.dtype) for each in wanted):
        if own is not None:
            missing |= values == own
    if masked is not None:
        missing |= masked if missing.ndim == 2 else masked[..., None]
    if not missing.any():
        return values, None
    _refuse_empty(missing, wanted[0] if wanted else None, path)
    filled = values.copy()
    planes = filled[..., None] if filled.ndim == 2 else filled
    gaps = missing[..., None] if missing.ndim == 2 else missing
    for channel in range(planes.shape[2]):
        there = planes[..., channel][~gaps[..., channel]]
        least = there.min() if there.size else filled[~missing].min()
        planes[..., channel][gaps[..., channel]] = least
    return filled, np.asarray(reduce_channels(np.logical_or, gaps))


def find_tagged(values: _Values, tag: float | None, path: Path) -> Gaps | None:
    """The pixels of a picture of 8 bits whose channels all have the value `tag`; None if there are none.

    In one channel of a colour picture the same value is an ordinary one. Raises P2PError when nothing is left.
    """
    if tag is None or not 0 <= tag <= _VOID or tag != int(tag):
        return None
    missing = values == int(tag)
    gaps = missing if missing.ndim == 2 else reduce_channels(np.logical_and, missing)
    if not gaps.any():
        return None
    _refuse_empty(gaps, tag, path)
    return np.asarray(gaps)


def _refuse_empty(missing: NDArray[np.bool_], value: float | None, path: Path) -> None:
    if missing.all():
        what = f"has no data at all: every value is {'nan' if value is None else f'{value:.9g}'}"
        raise P2PError(path, what, "Remove it with its partner, or use --keep-going.", code="all-nodata")


def free_value(values: _Values, gaps: Gaps) -> float:
    """A value that can mean no data in a picture, since no pixel outside of `gaps` has it: NaN for floats.

    Of integers it is the one that all `gaps` have, the smallest of the type, -9999, the largest, or any other; of 8
    bits it may be in some of a pixel's channels, but not in all (see `find_tagged`). Raises ValueError if all are
    taken.
    """
    if values.dtype.kind == "f":
        return float("nan")
    limits = np.iinfo(values.dtype)
    there = values[~gaps]
    if values.dtype == np.uint8 and there.ndim == 2:
        there = there[(there == there[:, :1]).all(axis=1), 0]
    used = find_distinct(there)
    inside = find_distinct(values[gaps]).tolist()
    usual = inside if len(inside) == 1 else []
    usual += [each for each in (limits.min, -9999, limits.max) if limits.min <= each <= limits.max]
    if free := [each for each in usual if each not in used]:
        return float(free[0])
    jumps = np.flatnonzero(np.diff(used.astype(np.float64)) > 1)
    if not jumps.size:
        raise ValueError("every value of the type is taken")
    return float(int(used[jumps[0]]) + 1)


def _as_type(value: float, dtype: np.dtype[Any]) -> Any:
    """The value in the type of a picture, which rounds as the program that wrote it did; None if it cannot hold it."""
    if dtype.kind == "f":
        with np.errstate(over="ignore"):
            return dtype.type(value)
    limits = np.iinfo(dtype)
    return dtype.type(int(value)) if float(value).is_integer() and limits.min <= value <= limits.max else None


def refuse_outlier(values: _Values, path: Path, nodata: Nodata = "tag") -> None:
    """Raise P2PError when one value lies so far from all others that it is likely no data, and would set the range.

    Nothing is asked where `nodata` is, or has among its values, `none`. Types of 8 bits are not looked at, and of
    unsigned ones only the upper end: their range begins at 0 in any case.
    """
    said = nodata_word(nodata)
    if values.dtype == np.uint8 or not values.size or "none" in (said or "").split(","):
        return
    before = f"{said}," if said else ""
    ends = (values.max(),) if values.dtype.kind == "u" else (values.min(), values.max())
    for end in ends:
        others = values != end
        count = int(np.count_nonzero(others))
        share = 1 - count / others.size
        if not _is_outlier(values, others, end, share):
            continue
        rest = values[others]
        others_are = f"; all others lie between {rest.min():.6g} and {rest.max():.6g}" if rest.size else ""
        few = plural(others.size - count, "value is", "values are")
        number = f"{share:.1%} of its values are" if share >= _SHARE else few
        what = f"{number} {end:.9g}{others_are}"
        to_do = (
            f"If that means no data, add --nodata {before}{end:.9g}; if it is a measurement, add --nodata {before}none."
        )
        raise P2PError(path, what, to_do, code="nodata-suspected")


def _is_outlier(values: _Values, others: NDArray[np.bool_], end: Any, share: float) -> bool:
    usual = values.dtype.kind != "u" and _is_usual(float(end), values.dtype)
    if not usual and share < max(_SHARE, _FEW / values.size):
        return False
    low = values.min(where=others, initial=values.max())
    high = values.max(where=others, initial=values.min())
    if not others.any():
        return usual
    low, high, far = float(low), float(high), float(end)
    gap = low - far if far < low else far - high
    spread = high - low
    return gap > spread if usual else spread > 0 and gap > _FAR * spread


def _is_usual(end: float, dtype: np.dtype[Any]) -> bool:
    usual: Iterable[Any] = (_as_type(each, dtype) for each in _USUAL)
    limits = np.finfo(dtype) if dtype.kind == "f" else np.iinfo(dtype)
    return end in {float(limits.min), float(limits.max)} or any(each is not None and end == each for each in usual)


def class_like_numbers(values: _Values) -> tuple[int, ...] | None:
    """The numbers in a picture if they are few and whole, from 0 to 255; None for any other picture.

    Three channels that make many colours of them are those of a dark photo.
    """
    for part in (values[::16, ::16], values):  # a few pixels of a photo tell
        if values.dtype != np.uint8 and ((part < 0) | (part > _VOID) | (part != np.rint(part))).any():
            return None
        numbers = np.flatnonzero(np.bincount(part.astype(np.uint8).ravel(), minlength=256))
        if len(numbers) > _MOST_CLASSES:
            return None
    if values.shape[2:] == (3,) and len(find_distinct(values.astype(np.uint32) @ _AS_ONE)) > _MOST_CLASSES:
        return None
    return tuple(map(int, numbers))


class ClassNumbers:
    """What the pictures of a half have in common: whether all hold class numbers, and which."""

    def __init__(self) -> None:
        self._found: set[int] | None = set()
        self.varied = False  # whether one of the pictures has several numbers

    def add(self, numbers: Iterable[int] | None) -> None:
        """Add what `class_like_numbers` gave of a picture."""
        if numbers is None or self._found is None:
            self._found = None
            return
        here = set(numbers)
        self._found |= here
        self.varied = self.varied or len(here) > 1

    @property
    def open(self) -> bool:
        """Whether the pictures so far may all hold class numbers."""
        return self._found is not None

    @property
    def found(self) -> set[int]:
        """The numbers, if they are likely those of classes; else none.

        They are small, or, with many classes, nearly every one up to the largest occurs; 255 means that a pixel has no
        label. Black and white alone are a drawing, and one tone a picture tells nothing.
        """
        classes = (self._found or set()) - {0, _VOID}
        if self._found is None or not classes or not self.varied:
            return set()
        most = max(classes)
        dense = len(classes) >= _MANY and len(classes) >= _DENSE * most
        return self._found if most <= _SMALL or dense else set()


def list_numbers(numbers: Iterable[int]) -> str:
    """Numbers in words, of many the first."""
    ordered = sorted(set(numbers))
    shown = ", ".join(map(str, ordered[:8]))
    return shown if len(ordered) <= 8 else f"{shown} ... {ordered[-1]} ({plural(len(ordered), 'number')})"


def range_of(dtype: str, least: float, most: float) -> tuple[float, float]:
    """The range of a half whose values lie between two: that of its type, or of the bits that its values take.

    Cameras and scanners of 10, 12 and 14 bits write files of 16. Floats and signed numbers have the range found, and so
    have temperatures in 16 bits, which lie far from 0 and near each other, and would all be one grey.
    """
    if dtype == "uint8":
        return 0.0, 255.0
    if dtype == "uint16":
        high = next(2.0**bits - 1 for bits in (8, 10, 12, 14, 16) if most < 2**bits)
        return (least, most) if 0 < most - least < min(least, _NARROW * high) else (0.0, high)
    return least, most
