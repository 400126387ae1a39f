"""How much of what is wrong with a data set `p2p data check` finds: clean pictures are spoilt in known ways.

Nothing here may decide what is wrong; it hands pictures to the checks and compares what they say with what was done.

Usage: python benchmarks/doctor.py [DATA] [--cases N] [--only CODE...]    masks
       python benchmarks/doctor.py DATA --photos                         photos, and swapped halves of pairs

DATA is a folder with car-parts/ (Pasupa et al. 2021) and camvid/ as they are published; without it only drawn cars are
spoilt. A tenth of a set is spoilt at a time, and the whole set is judged, until there were N cases. For photos it also
has car-silhouettes/, cityscapes/, cmp-facades/, and the pairs maps/ and facades-ab/, of which the left halves are the
photos; each is spoilt in turn, and drawn cars are added.
"""

import argparse
import subprocess
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from p2p_datatools.checks.masks.colors import judge_colors
from p2p_datatools.checks.masks.mask_set import MaskLook, MaskSetCheck, look_at_mask
from p2p_datatools.checks.photos import PhotoCheck, look_at_photo
from p2p_datatools.contract.files.listing import find_pictures
from p2p_datatools.contract.names import PhotoFolder
from p2p_datatools.contract.pairs.fit.swaps import SwapCheck, describe_half
from p2p_datatools.contract.palette import Palette, load_palette
from p2p_datatools.contract.pictures.images import Photo, colorize, read_mask, read_photo
from p2p_datatools.synth.drawing import draw_car_picture

if TYPE_CHECKING:
    from benchmarks import measure
else:  # run as a program, this folder is where Python looks
    import measure

Pixels = NDArray[np.uint8]
_SPOILT = 0.1  # of a set at a time
_DRAWN = 100
_PHOTOS = ("car-parts", "car-silhouettes/images", "camvid/images", "cityscapes/train_img", "cmp-facades/base")
_PAIRS = ("maps", "facades-ab")
_CARS = 30


@dataclass(frozen=True)
class Picture:
    """A mask, its photo, and the colours of the mask where they are not those of its classes."""

    name: str
    mask: Pixels
    photo: Pixels
    colors: Pixels | None = None


class PictureSet(NamedTuple):
    """The clean pictures of a set."""

    name: str
    palette: Palette
    pictures: list[Picture]


Spoil = Callable[[Picture, PictureSet, np.random.Generator], Picture | None]


class Fault(NamedTuple):
    """A way to spoil a picture, and the code that says so; it gives None for one that cannot be spoilt like that."""

    code: str
    how: str
    spoil: Spoil


def warp(mask: Pixels, *, scale: float = 1, angle: float = 0, by: tuple[float, float] = (0, 0)) -> Pixels:
    """The mask scaled and turned about its centre, and moved by shares of its longer side; background comes in."""
    height, width = mask.shape
    matrix = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), angle, scale)
    matrix[:, 2] += np.asarray(by) * max(height, width)
    return np.asarray(cv2.warpAffine(mask, matrix, (width, height), flags=cv2.INTER_NEAREST), dtype=np.uint8)


def changed(change: Callable[[Pixels, np.random.Generator], Pixels]) -> Spoil:
    """Spoils the mask alone."""
    return lambda picture, _, rng: replace(picture, mask=np.ascontiguousarray(change(picture.mask, rng)))


def signed(rng: np.random.Generator, low: float, high: float) -> float:
    """A number of either sign."""
    return float(rng.uniform(low, high) * rng.choice((-1, 1)))


def shift(mask: Pixels, rng: np.random.Generator) -> Pixels:
    """By 5% to 15% of the longer side, in any direction."""
    angle, away = rng.uniform(0, 2 * np.pi), rng.uniform(0.05, 0.15)
    return warp(mask, by=(away * np.cos(angle), away * np.sin(angle)))


def quarter(picture: Picture, _: PictureSet, rng: np.random.Generator) -> Picture | None:
    """A turn by 90 degrees, which only square pictures survive."""
    if picture.mask.shape[0] != picture.mask.shape[1]:
        return None
    return replace(picture, mask=np.ascontiguousarray(np.rot90(picture.mask, int(rng.choice((1, 3))))))


def resize(mask: Pixels, rng: np.random.Generator) -> Pixels:
    """Smaller or larger by 10% to 30%."""
    return warp(mask, scale=float(rng.choice((rng.uniform(0.75, 0.9), rng.uniform(1.1, 1.3)))))


def other_photo(picture: Picture, of: PictureSet, rng: np.random.Generator) -> Picture | None:
    """The mask of another picture, brought to the size of this one."""
    other = of.pictures[int(rng.integers(len(of.pictures)))]
    if other.name == picture.name:
        return None
    size = (picture.mask.shape[1], picture.mask.shape[0])
    mask = cv2.resize(other.mask, size, interpolation=cv2.INTER_NEAREST)
    return replace(picture, mask=np.asarray(mask, dtype=np.uint8))


def sprinkle(*, holes: bool) -> Spoil:
    """Puts 10 to 60 squares of up to a hundredth of the longer side where one class is all around."""

    def spoil(picture: Picture, of: PictureSet, rng: np.random.Generator) -> Picture | None:
        mask, most = picture.mask.copy(), max(1, round(max(picture.mask.shape) * 0.01))
        wide = 2 * most + 5
        square = np.ones((wide, wide), dtype=np.uint8)
        even = cv2.dilate(mask, square, borderValue=255) == cv2.erode(mask, square, borderValue=0)
        free = np.argwhere(even & (mask != 0)) if holes else np.argwhere(even)
        count = int(rng.integers(10, 61))
        if len(free) < 100 * count:
            return None
        for y, x in rng.permutation(free)[:count]:
            side, around = int(rng.integers(1, most + 1)), int(mask[y, x])
            others = [number for number in range(1, len(of.palette.names)) if number != around]
            mask[y : y + side, x : x + side] = 0 if holes else int(rng.choice(others))
        return replace(picture, mask=mask)

    return spoil


def lose_part(picture: Picture, of: PictureSet, rng: np.random.Generator) -> Picture | None:
    """Paints a disc of a class that lies inside another far from all that is painted."""
    wholes = of.palette.wholes
    if not wholes or not np.isin(picture.mask, list(set(wholes.values()))).any():
        return None
    side = max(picture.mask.shape)
    radius = max(3, round(0.02 * side))
    away = cv2.distanceTransform((picture.mask == 0).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5)
    far = np.argwhere(away > 0.22 * side + radius)
    if not len(far):
        return None
    y, x = (int(each) for each in far[rng.integers(len(far))])
    mask = picture.mask.copy()
    cv2.circle(mask, (x, y), radius, (int(rng.choice(list(wholes))),), -1)
    return replace(picture, mask=mask)


def recolor(*, swap: bool) -> Spoil:
    """Gives two classes each other's numbers, or one the number of another, of two that most masks have."""

    def spoil(picture: Picture, of: PictureSet, rng: np.random.Generator) -> Picture | None:
        counts = np.bincount(picture.mask.ravel(), minlength=256)[: len(of.palette.names)]
        there = np.flatnonzero(counts[1:] > 0.002 * picture.mask.size) + 1
        if len(there) < 2:
            return None
        one, other = (int(each) for each in rng.choice(there, 2, replace=False))
        table = np.arange(256, dtype=np.uint8)
        table[one] = other
        if swap:
            table[other] = one
        return replace(picture, mask=np.take(table, picture.mask))

    return spoil


def wheels_as_windows(picture: Picture, of: PictureSet, _: np.random.Generator) -> Picture | None:
    """Calls every wheel of a car a window."""
    if of.palette.name != "cars":
        return None
    wheels, windows = of.palette.index("tyres"), of.palette.index("windows")
    if np.count_nonzero(picture.mask == wheels) < 0.002 * picture.mask.size:
        return None
    return replace(picture, mask=np.where(picture.mask == wheels, windows, picture.mask).astype(np.uint8))


def one_class(picture: Picture, of: PictureSet, rng: np.random.Generator) -> Picture | None:
    """All that is painted becomes its largest class."""
    if of.palette.names[0] != "background" or of.palette.name == "facades":
        return None
    counts = np.bincount(picture.mask[picture.mask > 0], minlength=256)
    return replace(picture, mask=np.where(picture.mask > 0, int(counts.argmax()), 0).astype(np.uint8))


def spread_class(picture: Picture, of: PictureSet, rng: np.random.Generator) -> Picture | None:
    """Wipes away 99% of the pixels of a class, or pours the background full of it."""
    there = np.flatnonzero(np.bincount(picture.mask.ravel(), minlength=256)[1 : len(of.palette.names)]) + 1
    if not len(there):
        return None
    number, mask = int(rng.choice(there)), picture.mask.copy()
    if rng.integers(2):
        mask[mask == 0] = number
        return replace(picture, mask=mask)
    places = np.flatnonzero(mask == number)
    mask.ravel()[places[max(1, len(places) // 100) :]] = 0
    return replace(picture, mask=mask)


def blend(kind: str) -> Spoil:
    """Blends the colours of a mask: saved as JPEG, resized, or drawn with a soft brush."""

    def spoil(picture: Picture, of: PictureSet, rng: np.random.Generator) -> Picture | None:
        colors = colorize(picture.mask, of.palette)
        if kind == "jpeg":
            _, data = cv2.imencode(".jpg", colors[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(50, 96))])
            colors = np.ascontiguousarray(np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), dtype=np.uint8)[..., ::-1])
        elif kind == "resized":
            how = cv2.INTER_CUBIC if rng.integers(2) else cv2.INTER_LINEAR
            factor = float(rng.uniform(0.4, 0.9))
            colors = np.asarray(cv2.resize(colors, None, fx=factor, fy=factor, interpolation=how), dtype=np.uint8)
        else:
            colors = np.asarray(cv2.GaussianBlur(colors, (0, 0), float(rng.uniform(0.5, 1.2))), dtype=np.uint8)
        return replace(picture, colors=colors)

    return spoil


def foreign(picture: Picture, of: PictureSet, rng: np.random.Generator) -> Picture | None:
    """Paints a disc of a colour that is far from all of the palette."""
    colors = colorize(picture.mask, of.palette)
    own = np.array([each.color for each in of.palette.classes])
    while np.linalg.norm(own - (color := rng.integers(0, 256, 3)), axis=1).min() < 60:
        pass
    height, width = picture.mask.shape
    centre = int(rng.integers(width)), int(rng.integers(height))
    cv2.circle(colors, centre, max(4, round(0.08 * max(height, width))), [int(each) for each in color], -1)
    return replace(picture, colors=colors)


FAULTS: tuple[Fault, ...] = (
    Fault("blended-colours", "saved as JPEG of quality 50 to 95", blend("jpeg")),
    Fault("blended-colours", "resized by 0.4 to 0.9, bilinear or bicubic", blend("resized")),
    Fault("blended-colours", "drawn with a soft brush of 0.5 to 1.2 pixels", blend("soft")),
    Fault("palette-colour", "a disc of another colour, 16% of the longer side", foreign),
    Fault("islands", "10 to 60 specks of other classes", sprinkle(holes=False)),
    Fault("pinholes", "10 to 60 holes", sprinkle(holes=True)),
    Fault("part-outside", "a disc of a part, more than 22% of the longer side away", lose_part),
    Fault("mask-mirrored", "mirrored left to right", changed(lambda mask, _: mask[:, ::-1])),
    Fault("mask-mirrored", "mirrored top to bottom", changed(lambda mask, _: mask[::-1])),
    Fault("mask-turned", "turned by 180 degrees", changed(lambda mask, _: mask[::-1, ::-1])),
    Fault("mask-turned", "turned by 90 degrees", quarter),
    Fault("mask-turned", "turned by 6 to 20 degrees", changed(lambda mask, rng: warp(mask, angle=signed(rng, 6, 20)))),
    Fault("mask-shifted", "moved by 5% to 15% of the longer side", changed(shift)),
    Fault("mask-off-scale", "scaled by 0.75 to 0.9 or 1.1 to 1.3", changed(resize)),
    Fault("mask-other-photo", "the mask of another photo", other_photo),
    Fault("classes-swapped", "two classes swapped", recolor(swap=True)),
    Fault("class-miscalled", "one class called another", recolor(swap=False)),
    Fault("class-miscalled", "wheels called windows", wheels_as_windows),
    Fault("one-class", "all that is painted is one class", one_class),
    Fault("class-share", "1% of a class left, or the background full of it", spread_class),
)


class Judge:
    """The checks of a set: each picture is looked at once, clean, and again whenever it is spoilt."""

    def __init__(self, of: PictureSet) -> None:
        self._set = of
        self._clean = [self._look(each) for each in of.pictures]

    def _look(self, picture: Picture) -> MaskLook | str | None:
        if picture.colors is None:
            return look_at_mask(picture.mask, self._set.palette, picture.photo)
        worn = judge_colors(picture.colors, self._set.palette)
        return None if worn is None else "blended-colours" if worn.is_blended else "palette-colour"

    def codes(self, spoilt: dict[int, Picture]) -> list[set[str]]:
        """What is found in each picture of the set, when some are spoilt."""
        found: dict[str, set[str]] = defaultdict(set)
        check = MaskSetCheck(Path("set"), self._set.palette, "repair")
        for number, clean in enumerate(self._clean):
            look = self._look(spoilt[number]) if number in spoilt else clean
            if isinstance(look, MaskLook):
                check.add(Path(str(number)), look)
            elif look:
                found[str(number)].add(look)
        for each in check.findings():
            found[each.where].add(each.code)
        return [found[str(number)] for number in range(len(self._clean))]


class Tally(NamedTuple):
    """Of how many spoilt pictures of a set the fault was found with its code, and with any."""

    cases: int
    found: int
    noticed: int


def measure_fault(fault: Fault, of: PictureSet, judge: Judge, cases: int, seed: int) -> Tally:
    """Spoil a tenth of the set at a time, until there were so many cases; fewer where few pictures can be spoilt so."""
    rng, done, found, noticed = np.random.default_rng(seed), 0, 0, 0
    clean = judge.codes({})
    for _ in range(cases):
        chosen = rng.permutation(len(of.pictures))[: max(1, round(_SPOILT * len(of.pictures)))].tolist()
        tried = {number: fault.spoil(of.pictures[number], of, rng) for number in chosen}
        spoilt = {number: picture for number, picture in tried.items() if picture is not None}
        codes = judge.codes(spoilt) if spoilt else []
        done += len(spoilt)
        found += sum(fault.code in codes[number] for number in spoilt)
        noticed += sum(bool(codes[number] - clean[number]) for number in spoilt)
        if done >= cases:
            break
    return Tally(done, found, noticed)


def drawn_cars(style: str) -> PictureSet:
    """Cars of p2p's own drawing."""
    drawings = (draw_car_picture(number, style=style) for number in range(_DRAWN))
    return PictureSet(
        f"drawn, {style}", load_palette("cars"), [Picture(each.name, each.labels, each.photo) for each in drawings]
    )


def real_set(name: str, palette: str, parts: Sequence[tuple[Path, Path, Sequence[str]]]) -> PictureSet:
    """Masks that `p2p data build-masks` builds of labels, and their photos."""
    pictures = []
    for labels, photos, options in parts:
        with tempfile.TemporaryDirectory() as folder:
            masks = Path(folder) / "masks"
            command = (*measure.P2P, "data", "build-masks", str(labels), str(masks), "--palette", palette, *options)
            subprocess.run(command, check=True, capture_output=True)
            of_photo = PhotoFolder(photos)
            of_photo.settle_clashes(lambda files: next(file for file in files if file.suffix == ".jpg"))
            for name_of, file in PhotoFolder(masks).names.items():
                photo = of_photo.get(name_of)
                assert photo is not None, "masks were built for photos"
                pictures.append(Picture(name_of, read_mask(file, load_palette(palette)), read_photo(photo)))
    return PictureSet(name, load_palette(palette), pictures)


def real_sets(data: Path) -> Iterator[PictureSet]:
    """The sets of which masks are known to be good."""
    cars, streets = data / "car-parts", data / "camvid"
    halves = [(cars / half, cars / half / "JPEGImages", ()) for half in ("trainingset", "testset")]
    yield real_set("car-parts", "cars", halves)
    yield real_set("camvid", "scenes", [(streets / "masks", streets / "images", ("--photos", str(streets / "images")))])


def show_clean(of: PictureSet, codes: Sequence[set[str]]) -> None:
    """Which clean pictures are accused."""
    counts = Counter(code for found in codes for code in found)
    listed = ", ".join(f"{code} {count}" for code, count in counts.most_common()) or "none"
    accused = sum(map(bool, codes))
    print(f"{of.name}: {accused} of {len(codes)} clean pictures accused ({accused / len(codes):.1%}): {listed}")


def lay_flat(photo: Photo) -> Photo:
    """A twentieth of the contrast."""
    mean = photo.mean(axis=(0, 1))
    return np.asarray(np.clip(mean + (photo - mean) * 0.05, 0, 255), dtype=np.uint8)


def darken(photo: Photo) -> Photo:
    """A fifth of the brightness."""
    return np.asarray(photo * 0.2, dtype=np.uint8)


def lighten(photo: Photo) -> Photo:
    """A fifth of the distance from white."""
    return np.asarray(255 - (255 - photo) * 0.2, dtype=np.uint8)


def soften(photo: Photo) -> Photo:
    """A Gaussian of 2 pixels."""
    return np.asarray(cv2.GaussianBlur(photo, (0, 0), 2), dtype=np.uint8)


PHOTO_FAULTS = {"dark": darken, "light": lighten, "blurred": soften, "low-information": lay_flat}


def photos_of(data: Path) -> Iterator[Photo]:
    """All photos."""
    for folder in _PHOTOS:
        for file in find_pictures(data / folder):
            if folder != "cmp-facades/base" or file.suffix == ".jpg":
                yield read_photo(file)
    for name in _PAIRS:
        for a, _ in pairs_of(data / name):
            yield a
    for number in range(_CARS):
        yield draw_car_picture(number, style="studio").photo


def pairs_of(folder: Path) -> Iterator[tuple[Photo, Photo]]:
    """The halves of the pictures of a folder."""
    for file in find_pictures(folder):
        a, b = np.array_split(read_photo(file), 2, axis=1)
        yield np.ascontiguousarray(a), np.ascontiguousarray(b)


def codes_of_photo(photo: Photo) -> set[str]:
    """What is said of a photo alone."""
    check = PhotoCheck(Path("set"), "photos")
    check.add(Path("photo"), look_at_photo(photo))
    return {each.code for each in check.findings()}


def show_photos(data: Path) -> None:
    """Each code: found, found under any code, and accused."""
    count, found, noticed, accused = 0, Counter[str](), Counter[str](), Counter[str]()
    for photo in photos_of(data):
        count += 1
        accused.update(codes_of_photo(photo))
        for code, spoil in PHOTO_FAULTS.items():
            told = codes_of_photo(spoil(photo))
            found[code] += code in told
            noticed[code] += bool(told)
    for code, spoil in PHOTO_FAULTS.items():
        how = str(spoil.__doc__).rstrip(".")
        shares = (f"{each[code] / count:.1%}" for each in (found, noticed, accused))
        print("{}: {}; {} found, {} by any code; {} of clean ones accused; n={}".format(code, how, *shares, count))


def show_swaps(data: Path) -> None:
    """Each pair swapped alone, beside all others as they are."""
    for name in _PAIRS:
        told = [(describe_half(a), describe_half(b)) for a, b in pairs_of(data / name)]
        found = accused = 0
        for wrong in range(-1, len(told)):
            check = SwapCheck(("a", "b"))
            for number, (a, b) in enumerate(told):
                check.add(Path(str(number)), *((b, a) if number == wrong else (a, b)))
            names = {each.where for each in check.findings()}
            found += str(wrong) in names
            accused += len(names - {str(wrong)})
        print(f"halves-swapped, {name}: {found / len(told):.1%} found, {accused} others accused; n={len(told)}")


def show_masks(data: Path | None, cases: int, only: Sequence[str]) -> None:
    """Of each fault, or of those of the codes in `only`, how many are found in each set."""
    sets = [*(real_sets(data) if data else ()), drawn_cars("studio"), drawn_cars("street")]
    judges = [Judge(each) for each in sets]
    for of, judge in zip(sets, judges, strict=True):
        show_clean(of, judge.codes({}))
    began = time.process_time()
    for number, fault in enumerate(FAULTS):
        if only and fault.code not in only:
            continue
        print(f"{fault.code}: {fault.how}")
        for of, judge in zip(sets, judges, strict=True):
            tally = measure_fault(fault, of, judge, cases, seed=number)
            if tally.cases:
                shares = f"{tally.found / tally.cases:6.1%} found, {tally.noticed / tally.cases:6.1%} by any code"
                print(f"    {of.name:15} {shares}, n={tally.cases}", flush=True)
    print(f"{time.process_time() - began:.0f} s of processor time")


def main() -> None:
    """Each set of masks, then each fault in each set; or photos and pairs."""
    parser = argparse.ArgumentParser(description="What `p2p data check` finds of what is wrong.")
    parser.add_argument("data", nargs="?", type=Path, metavar="DATA")
    parser.add_argument("--cases", type=int, default=200, metavar="N")
    parser.add_argument("--only", nargs="*", default=[], metavar="CODE")
    parser.add_argument("--photos", action="store_true", help="spoil photos and pairs instead of masks")
    options: Any = parser.parse_args()
    if options.photos and not options.data:
        parser.error("--photos needs DATA")
    print(measure.header(1, "p2p-datatools", "numpy", "opencv-python"))
    if options.photos:
        show_photos(options.data)
        show_swaps(options.data)
        return
    show_masks(options.data, options.cases, options.only)


if __name__ == "__main__":
    main()
