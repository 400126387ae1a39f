"""How many photos spoilt on purpose `p2p data check` finds, and how many clean ones it accuses; and of swapped halves.

Nothing here may decide what is wrong; it spoils pictures in known ways and asks the checks.

Usage: python benchmarks/doctor_photos.py DATA

DATA is a folder with car-parts/ (Pasupa et al. 2021), car-silhouettes/, camvid/, cityscapes/, cmp-facades/, and the
pairs maps/ and facades-ab/, of which the left halves are the photos; drawn cars are added.
"""

import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from p2p_datatools.checks.photos import PhotoCheck, look_at_photo
from p2p_datatools.checks.swaps import SwapCheck, describe_half
from p2p_datatools.contract.files.listing import find_pictures
from p2p_datatools.contract.pictures.images import Photo, read_photo
from p2p_datatools.synth.drawing import draw_car_picture

if TYPE_CHECKING:
    from benchmarks import measure
else:  # run as a program, this folder is where Python looks
    import measure

_PHOTOS = ("car-parts", "car-silhouettes/images", "camvid/images", "cityscapes/train_img", "cmp-facades/base")
_PAIRS = ("maps", "facades-ab")
_CARS = 30


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


def blur(photo: Photo) -> Photo:
    """A Gaussian of 2 pixels."""
    return np.asarray(cv2.GaussianBlur(photo, (0, 0), 2), dtype=np.uint8)


SPOIL = {"dark": darken, "light": lighten, "blurred": blur, "low-information": lay_flat}


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


def codes_of(photo: Photo) -> set[str]:
    """What is said of a photo alone."""
    check = PhotoCheck(Path("set"), "photos")
    check.add(Path("photo"), look_at_photo(photo))
    return {each.code for each in check.findings()}


def show_photos(data: Path) -> None:
    """Each code: found, found under any code, and accused."""
    count, found, noticed, accused = 0, Counter[str](), Counter[str](), Counter[str]()
    for photo in photos_of(data):
        count += 1
        accused.update(codes_of(photo))
        for code, spoil in SPOIL.items():
            told = codes_of(spoil(photo))
            found[code] += code in told
            noticed[code] += bool(told)
    for code, spoil in SPOIL.items():
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


if __name__ == "__main__":
    print(measure.header(1, "p2p-datatools", "numpy", "opencv-python"))
    show_photos(Path(sys.argv[1]))
    show_swaps(Path(sys.argv[1]))
