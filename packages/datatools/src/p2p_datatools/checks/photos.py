"""Finds photos that are dark, light, blurred, almost flat, grey among colours, of an odd size, or turned by EXIF.

Nothing here may read a file or call a photo wrong for what most photos of its set are; it is handed pixels, one picture
at a time, and judges when it has seen all.
"""

from array import array
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from p2p_datatools.contract.errors import Finding, Severity
from p2p_datatools.contract.pictures.images import measure_saturation, size_of
from p2p_datatools.contract.pictures.sizes import Size

# docs/checks.md has the measurement, of 457 photos of nine sets: of clean ones that show something the 99th percentile
# is 154 and more, the 5th 120 and less, the blur 0.41 and less. Darkened to a fifth the first is 51 and less, lightened
# as much the second 204 and more; blurred by a Gaussian of 2 pixels, the third is 0.52 and more where there is texture.
_DARK, _LIGHT, _BLURRED = 60.0, 190.0, 0.48
_FLAT = 8.0  # the standard deviation of brightness: of the sea from the air 1.8 to 7.4, of other photos 26 and more
_ONE_COLOUR = 1.0
_GREY = 1.0  # the mean difference of the channels: of real photos without colour 0.1 to 0.6
_TOO_SMALL = 32  # pixels of a side, below which a picture is not looked at: it has too few to measure
_ENOUGH = 10  # pictures, from which on a set tells what is usual in it
_USUAL = 0.2  # of a set's pictures: what more of them have is how the set is
_ODD_SIZE, _ODD_ASPECT, _DEVIATIONS = np.log(2.0), np.log(1.5), 4.0
_TILE, _TILES = 256, 4  # pixels of a side, and tiles along it: blur is measured at full scale in parts of a large photo
_PIXELS = 1 << 20  # that the histogram of a picture is made of
_NOT = float("nan")


class PhotoLook(NamedTuple):
    """What is measured of a photo: brightness is 0 to 255, `blur` 0 to 1; what cannot be measured is NaN.

    `bright` and `dim` are the 99th and 5th percentiles of brightness, `spread` is its standard deviation, and `colour`
    the mean difference between the largest and the smallest channel.
    """

    size: Size
    orientation: int = 1
    bright: float = _NOT
    dim: float = _NOT
    spread: float = _NOT
    colour: float = _NOT
    blur: float = _NOT


def look_at_photo(pixels: NDArray[np.generic], orientation: int = 1) -> PhotoLook:
    """Measure a photo (height, width[, channels]), turned by EXIF already; of any but 8-bit RGB only its size."""
    size = size_of(pixels)
    if pixels.dtype != np.uint8 or pixels.shape[2:] != (3,) or min(size) < _TOO_SMALL:
        return PhotoLook(size, orientation)
    photo = np.ascontiguousarray(pixels)
    grey: NDArray[np.uint8] = np.asarray(cv2.cvtColor(photo, cv2.COLOR_RGB2GRAY), dtype=np.uint8)
    step = max(1, int(np.sqrt(grey.size / _PIXELS)))
    few = photo[::step, ::step]
    sums = np.cumsum(np.bincount(grey[::step, ::step].ravel(), minlength=256))
    dim, bright = (float(np.searchsorted(sums, share * sums[-1])) for share in (0.05, 0.99))
    colour = measure_saturation(few)
    return PhotoLook(size, orientation, bright, dim, float(grey.std()), colour, measure_blur(grey))


def measure_blur(grey: NDArray[np.uint8]) -> float:
    """How blurred a picture (height, width) is, 0 to 1: the share of its steps that a strong blur would leave.

    A sharp picture loses most of its steps when it is blurred, one that was blurred already hardly any (Crété et al.
    2007, "The blur effect", equations 1 to 6). The blurrier of the two directions counts: the camera may have moved.
    """
    total, left = np.zeros(2), np.zeros(2)
    for tile in _tiles(grey):
        for axis, box in enumerate(((1, 9), (9, 1))):
            steps = np.abs(np.diff(tile, axis=axis))
            total[axis] += steps.sum()
            left[axis] += np.minimum(steps, np.abs(np.diff(cv2.blur(tile, box), axis=axis))).sum()
    return float((left / np.maximum(total, 1.0)).max())


def _tiles(grey: NDArray[np.uint8]) -> Iterator[NDArray[np.float32]]:
    for top in _starts(grey.shape[0]):
        for left in _starts(grey.shape[1]):
            yield grey[top : top + _TILE, left : left + _TILE].astype(np.float32)


def _starts(length: int) -> list[int]:
    count = min(_TILES, -(-length // _TILE))
    return [round(place * (length - _TILE) / (count - 1)) for place in range(count)] if count > 1 else [0]


_Figures = Mapping[str, NDArray[np.float32]]


def _is_dark(figures: _Figures) -> NDArray[np.bool_]:
    return np.asarray(figures["bright"] < _DARK)


def _is_light(figures: _Figures) -> NDArray[np.bool_]:
    return np.asarray(figures["dim"] > _LIGHT)


def _is_flat(figures: _Figures) -> NDArray[np.bool_]:
    """What is dark or light varies little, too, unless it is of one colour."""
    spread = figures["spread"]
    return np.asarray((spread < _FLAT) & ((spread < _ONE_COLOUR) | ~(_is_dark(figures) | _is_light(figures))))


def _is_blurred(figures: _Figures) -> NDArray[np.bool_]:
    return np.asarray(figures["blur"] > _BLURRED)


class _Fault(NamedTuple):
    """A kind of fault: its word, the field that shows it, from where on, the figure in words, and the advice."""

    code: str
    word: str
    field: str
    which: Callable[[_Figures], NDArray[np.bool_]]
    figure: str  # what was measured, with {} for the figure
    to_do: str


_FAULTS = (
    _Fault(
        "low-information",
        "almost flat",
        "spread",
        _is_flat,
        "its brightness varies by {:.1f} of 255",
        "Look at it, and remove it if it shows nothing.",
    ),
    _Fault(
        "dark",
        "dark",
        "bright",
        _is_dark,
        "99% of its pixels have a brightness of {:.0f} of 255 or less",
        "Remove it, or brighten it from its source.",
    ),
    _Fault(
        "light",
        "too light",
        "dim",
        _is_light,
        "95% of its pixels have a brightness of {:.0f} of 255 or more",
        "Remove it, or develop it again with less light.",
    ),
    _Fault(
        "blurred",
        "blurred",
        "blur",
        _is_blurred,
        "{:.2f} of 1, where sharp photos have 0.15 to 0.41",
        "Remove it, or fetch it in its own size if it was enlarged.",
    ),
)


class PhotoCheck:
    """The photos of a folder, or of a half of its pairs; `name` is what they are called, and `one` begins a sentence.

    Those that are no `photos` for sure may be drawings, which are often light or flat: of them all is a hint.
    """

    def __init__(self, folder: Path, name: str, one: str = "", *, photos: bool = True) -> None:
        self._folder, self._name, self._one, self._are_photos = folder, name, one, photos
        # Of 100,000 photos these are 4 MB.
        self._files: list[Path] = []
        self._figures = {field: array("f") for field in PhotoLook._fields[2:]}
        self._sizes, self._turned = array("L"), list[Finding]()

    def add(self, file: Path, look: PhotoLook) -> None:
        """Note what was measured of a photo."""
        self._files.append(file)
        self._sizes.extend(look.size)
        for field, values in self._figures.items():
            values.append(getattr(look, field))
        if look.orientation != 1:
            self._turned.append(_of_exif(file, look))

    def findings(self, *, sizes: bool = True) -> Iterator[Finding]:
        """What was found, in the order of the kinds; `sizes` says whether odd ones are."""
        figures = {field: np.asarray(values) for field, values in self._figures.items()}
        unclear = np.zeros(len(self._files), dtype=bool)
        for fault in _FAULTS:
            with np.errstate(invalid="ignore"):
                wrong = fault.which(figures) & ~unclear
            # What shows nothing is not dark, light or blurred as well.
            unclear |= wrong if fault.code == "low-information" else False
            yield from self._faults(fault, np.flatnonzero(wrong), figures[fault.field])
        yield from self._grey(figures["colour"])
        if sizes:
            yield from self._odd()
        yield from self._turned

    def _faults(self, fault: _Fault, wrong: NDArray[np.intp], figures: NDArray[np.float32]) -> Iterator[Finding]:
        code = fault.code
        if len(wrong) > _USUAL * len(self._files) and len(self._files) >= _ENOUGH:
            if not self._are_photos:
                return
            shares = float(len(wrong) / len(self._files))
            what = f"{len(wrong)} of {len(self._files)} {self._name} are {fault.word}"
            to_do = "If they are meant to be, nothing; else look at how they were made."
            yield Finding(str(self._folder), what, to_do, code, "hint", figure=shares)
            return
        for place in wrong:
            value = float(figures[place])
            what = f"{self._one}is {fault.word}: {fault.figure.format(value)}"
            severity: Severity = "warning" if self._are_photos else "hint"
            yield Finding(str(self._files[place]), what, fault.to_do, code, severity, figure=value)

    def _grey(self, colour: NDArray[np.float32]) -> Iterator[Finding]:
        grey = np.flatnonzero(colour < _GREY)
        if len(self._files) < _ENOUGH or len(grey) > _USUAL * len(self._files):
            return
        for place in grey:
            what = f"{self._one}has no colours, but most of the {self._name} have"
            to_do = "Leave it out, unless grey results are wanted, too."
            yield Finding(str(self._files[place]), what, to_do, "grey-photo", "hint", figure=float(colour[place]))

    def _odd(self) -> Iterator[Finding]:
        if len(self._files) < _ENOUGH:
            return
        sides = np.log(np.asarray(self._sizes, dtype=np.float64).reshape(-1, 2))
        for code, values, least in (
            ("odd-size", sides.mean(axis=1), _ODD_SIZE),
            ("odd-aspect", sides[:, 0] - sides[:, 1], _ODD_ASPECT),
        ):
            usual = float(np.median(values))
            away = values - usual
            spread = 1.4826 * float(np.median(np.abs(away)))
            for place in np.flatnonzero(np.abs(away) > max(least, _DEVIATIONS * spread)):
                yield self._is_odd(code, int(place), float(np.exp(usual)), float(np.exp(away[place])))

    def _is_odd(self, code: str, place: int, usual: float, times: float) -> Finding:
        file, size = str(self._files[place]), Size(*self._sizes[2 * place : 2 * place + 2])
        far = f"{times if times > 1 else 1 / times:.1f} times"
        if code == "odd-size":
            word = "larger" if times > 1 else "smaller"
            what = f"is {size}, {far} {word} than most of the {self._name} (about {usual:.0f} pixels a side)"
            to_do = "Training brings all to one size: find it in the size of the others, or remove it."
            return Finding(file, what, to_do, "odd-size", "warning", figure=times)
        word = "wider" if times > 1 else "narrower"
        what = f"is {size}, in its shape {far} {word} than most of the {self._name} (width by height {usual:.2f})"
        to_do = "Training squeezes it: crop it, or pair with --fit crop or --fit pad."
        return Finding(file, what, to_do, "odd-aspect", "warning", figure=times)


def _of_exif(file: Path, look: PhotoLook) -> Finding:
    lying = Size(look.size.height, look.size.width) if look.orientation >= 5 else look.size
    how = f"it is shown as {look.size} and lies in its file as {lying}" if lying != look.size else "in its own size"
    what = f"is turned or mirrored by its EXIF orientation {look.orientation}: {how}"
    to_do = "p2p turns it; were its labels drawn on the picture as it lies in the file, use --exif raw everywhere."
    return Finding(str(file), what, to_do, "exif-turned", "hint", figure=float(look.orientation))
