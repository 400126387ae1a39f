"""What names say of likeness: augmented copies of one picture, frames of one sequence, photos of one minute.

Nothing here may look at a picture; that two names differ only in a number proves nothing, since every set is numbered.
"""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence, Set
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import NamedTuple

from p2p_datatools.contract.folders.given_splits import split_of_pairs

_ROBOFLOW = re.compile(r"(.+)[_.](?:jpe?g|png|bmp|webp|tiff?)\.rf\.[0-9A-Za-z]{16,}")
_CHANGES = (
    "aug|augment|augmented|augmentation|copy|dup|duplicate|flip|flipped|hflip|vflip|fliplr|flipud|flip[hvxy]|mirror|mirrored|"
    "rot|rotate|rotated|rotation|crop|cropped|bright|brighter|brightness|dark|darker|blur|blurred|noise|noisy|gray|grey|"
    "grayscale|greyscale|contrast|saturation|hue|jitter|shear|sheared|shift|shifted|translate|translated|zoom|zoomed|scale|scaled"
)
# Possessive, since the runs of a long number that is followed by another word are beyond counting.
_CHANGED = re.compile(rf"(.+?)(?:[ ._-]+(?:{_CHANGES})(?:[ ._-]*\d++)*)+", re.IGNORECASE)
# Before a name such words may be those of a class, too, so that they count beside the picture itself alone.
_BEFORE = re.compile(rf"(?:(?:{_CHANGES})(?:[ ._-]*\d++)?[ ._-]+)+(.+)", re.IGNORECASE)
_BEGINS = re.compile(rf"(?:^|/)(?:{_CHANGES})", re.IGNORECASE)
_DEEPEST = 16  # folders of a name, in each of which a word is looked for
_FOLDER = re.compile(rf"(?:{_CHANGES})(?:[ ._-]*\d++)?", re.IGNORECASE)
_UNCHANGED = ("", "original", "originals", "orig", "raw", "source", "base", "images", "none", "plain")  # folders beside
# What Augmentor makes of the name car.jpg in a folder cars: cars_original_car.jpg_UUID.
_AUGMENTOR = re.compile(r"((?:.*/)?[^/]*_original_[^/]+\.\w{3,4})_[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
MOST_COPIES = 32
"""A picture has fewer: a stem that more names share is that of a set, as times may be those of an export."""
_TIME = re.compile(r"(?<!\d)((?:19|20)\d\d)-?(\d\d)-?(\d\d)[_T -]?(\d\d)[.:-]?(\d\d)[.:-]?(\d\d)(?!\d)")
_NUMBER = re.compile(r"(.*?)(\d{1,15})(\D*)")
_SOON = timedelta(seconds=30)


class Place(NamedTuple):
    """Where a picture stands among others: in a sequence that a name tells, at a position."""

    sequence: str
    position: int


def find_copies(names: Sequence[str]) -> tuple[list[list[int]], list[str]]:
    """The numbers of names that are copies of one picture, and stems that too many names share to be believed."""
    by_stem: dict[str, list[int]] = defaultdict(list)
    known = set(names)
    for number, name in enumerate(names):
        plain = _plain_name(name, known)
        stem = _stem_of(plain)
        by_stem[_plain_name(stem, known) if plain == name != stem else stem].append(number)
    several = {stem: numbers for stem, numbers in by_stem.items() if len(numbers) > 1}
    return (
        [numbers for numbers in several.values() if len(numbers) <= MOST_COPIES],
        [stem for stem, numbers in several.items() if len(numbers) > MOST_COPIES],
    )


def _stem_of(name: str) -> str:
    """The name of the picture of which this one is a copy, which may be itself."""
    if found := _ROBOFLOW.fullmatch(name):
        folder, _, rest = found[1].partition("/")
        return rest if rest and split_of_pairs(folder) else found[1]  # it splits after it has made the copies
    if "_original_" in name and (found := _AUGMENTOR.fullmatch(name)):
        return found[1]
    found = _CHANGED.fullmatch(name)
    return found[1] if found and not found[1].endswith("/") else name


def _plain_name(name: str, known: Set[str]) -> str:
    """The known name of the picture of which this is a copy by the beginning of its name, or by its folder; else it."""
    if not _BEGINS.search(name):
        return name
    *folders, own = name.split("/")
    if len(folders) > _DEEPEST:
        return name
    if (found := _BEFORE.fullmatch(own)) and (plain := "/".join((*folders, found[1]))) in known:
        return plain
    changed = (place for place, folder in enumerate(folders) if _FOLDER.fullmatch(folder))
    beside = (
        "/".join(part for part in (*folders[:place], word, *folders[place + 1 :], own) if part)
        for place in changed
        for word in _UNCHANGED
    )
    return next((plain for plain in beside if plain in known), name)


def place_by_number(names: Sequence[str]) -> list[Place | None]:
    """The place of each name by its last number, as rank among the numbers of the names that are otherwise the same."""
    found: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for index, name in enumerate(names):
        if match := _NUMBER.fullmatch(_stem_of(name)):
            found[f"{match[1]}*{match[3]}"].append((int(match[2]), index))
    places: list[Place | None] = [None] * len(names)
    for sequence, members in found.items():
        if len(members) > 1:
            for rank, (_, index) in enumerate(sorted(members)):
                places[index] = Place(sequence, rank)
    return places


def time_in(name: str) -> datetime | None:
    """The date and time in a name, as in IMG_20201123_143839, to the second; None if there is none."""
    match = _TIME.search(name.rpartition("/")[2])
    try:
        return datetime.strptime("".join(match.groups()), "%Y%m%d%H%M%S").replace(tzinfo=UTC) if match else None
    except ValueError:
        return None


def find_taken_soon(times: Mapping[int, datetime]) -> list[list[int]]:
    """Pictures, by their numbers, of which each was taken within 30 seconds after the one before."""
    order = sorted(times, key=lambda number: (times[number], number))
    runs = [order[:1]]
    for one, other in pairwise(order):
        if times[other] - times[one] <= _SOON:
            runs[-1].append(other)
        else:
            runs.append([other])
    return [run for run in runs if len(run) > 1]
