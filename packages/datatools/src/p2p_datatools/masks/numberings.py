"""What class numbers may be that nothing names: the numberings of public data sets, each with the `--map` to type.

Nothing here may decide what a number is; these are answers to offer, of which the user chooses one.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from p2p_datatools.contract.palette import BACKGROUND, IGNORED, Palette, plain
from p2p_datatools.contract.words import shell_word
from p2p_datatools.labels.formats.pictures.cityscapes import LABEL_IDS, TRAIN_IDS
from p2p_datatools.labels.formats.pictures.voc import VOC_CLASSES

_VOID = 255
# A numbering up to 150 is no likely one for pictures whose numbers end below a fourth of that, unless it explains four
# numbers and three of four.
_REACH, _LEAST, _MOST = 4, 4, 0.75
_MOST_CLASSES = 34
_WHITES = {1, 255, 65535}  # how programs write the only class of a mask: of 1, 8 and 16 bits
_SEVERAL = 2  # numbers above 255, or greys, of which a single one may be any program's own value
_MOST_OFFERED = 2  # numberings of data sets


class _Scheme(NamedTuple):
    """Whose numbers they are, the largest one, the names of those that palettes may know, and if 255 is in no class."""

    title: str
    most: int
    names: Mapping[int, str]
    has_void: bool


# The names are in the words of street scenes, for `hood` and `light` of ADE20K are a kitchen's, and no car's. Sources:
# Boguszewski et al. 2021 (LandCover.ai); the lists of Cityscapes and VOC as in their readers; Neuhold et al. 2017
# (Mapillary Vistas 1.2); Zhou et al. 2017 (objectInfo150 of ADE20K); Caesar et al. 2018 (COCO-Stuff, whose pictures
# have the id minus 1).
_SCHEMES = (
    _Scheme(
        "the numbers of LandCover.ai", 4, {0: "other", 1: "building", 2: "tree", 3: "water", 4: "road"}, has_void=False
    ),
    _Scheme("the train ids of Cityscapes", 18, TRAIN_IDS, has_void=True),
    _Scheme("the numbers of Pascal VOC", 20, dict(enumerate(VOC_CLASSES)), has_void=True),
    _Scheme("the label ids of Cityscapes", 33, LABEL_IDS, has_void=False),
    _Scheme(
        "the numbers of Mapillary Vistas",
        65,
        {
            **{2: "curb", 3: "fence", 4: "guard rail", 6: "wall", 13: "road", 14: "road", 15: "sidewalk"},
            **{16: "bridge", 17: "building", 18: "tunnel", 19: "person", 20: "bicyclist", 21: "rider", 22: "rider"},
            **{23: "road", 24: "road", 27: "sky", 29: "terrain", 30: "vegetation", 31: "water", 45: "pole"},
            **{47: "pole", 48: "traffic light", 49: "traffic sign", 50: "traffic sign", 52: "bicycle", 53: "boat"},
            **{54: "bus", 55: "car", 56: "caravan", 57: "motorcycle", 60: "trailer", 61: "truck"},
        },
        has_void=False,
    ),
    _Scheme(
        "the numbers of ADE20K",
        150,
        {
            **{1: "wall", 2: "building", 3: "sky", 5: "tree", 7: "road", 10: "grass", 12: "sidewalk", 13: "person"},
            **{18: "vegetation", 21: "car", 22: "water", 26: "house", 33: "fence", 49: "building", 62: "bridge"},
            **{73: "tree", 77: "boat", 81: "bus", 84: "truck", 94: "pole", 103: "van", 117: "motorcycle"},
            **{128: "bicycle", 137: "traffic light"},
        },
        has_void=False,
    ),
    _Scheme(
        "the numbers of COCO-Stuff",
        181,
        {
            **{0: "person", 1: "bicycle", 2: "car", 3: "motorcycle", 5: "bus", 6: "train", 7: "truck", 8: "boat"},
            **{9: "traffic light", 12: "traffic sign", 94: "bridge", 95: "building", 96: "bush", 112: "fence"},
            **{123: "grass", 127: "house", 139: "pavement", 148: "road", 156: "sky", 157: "building", 168: "tree"},
        },
        has_void=True,
    ),
)


def explain_objects(numbers: Iterable[int]) -> list[str]:
    """What to give instead if numbers stand for single objects, as in pictures of 16 bits of three data sets."""
    if sum(_VOID < number < max(_WHITES) for number in numbers) < _SEVERAL:
        return []
    return [
        "If these are single objects, as in KITTI and Mapillary Vistas (class x 256 + object) or Cityscapes (class x "
        "1000 + object), give the set's pictures of classes instead, or save number // 256 or number // 1000."
    ]


def offer_mappings(used: Mapping[int, int], palette: Palette, *, pictures: int) -> list[str]:
    """What the numbers may be, in sentences: those of a mask of one class, of a trimap, of data sets that fit.

    `used` says in how many of all `pictures` each number is.
    """
    offers = [
        *_of_one_class(used, palette, pictures),
        *_of_wide(set(used), palette),
        *_of_greys(set(used), palette),
        *_of_data_sets(set(used), palette),
    ]
    offers = offers or _of_objects(set(used), palette)
    return [f"If they are {title}, add {map_options(words)}." for title, words in offers]


def _of_one_class(uses: Mapping[int, int], palette: Palette, pictures: int) -> list[tuple[str, dict[str, str]]]:
    """Masks and trimaps of one class: the palette's first, over which the others are painted."""
    if len(palette.names) < 2:
        return []
    first, used = palette.names[1], set(uses)
    others = used - {0}
    # Where programs of several kinds wrote masks; a border of 255 would stand in the pictures of the 1.
    if len(others) > 1 and others <= _WHITES and sum(uses[each] for each in others) <= pictures:
        written = f"written with {' and '.join(map(str, sorted(others)))} in different pictures"
        words = {0: BACKGROUND} | dict.fromkeys(others, first)
        return [(f"masks of one class, {first} or another, {written}", _of(words, used))]
    if len(others) == 1:
        words = {0: BACKGROUND, others.pop(): first}
        return [(f"a mask of one class, {first} or another", _of(words, used))]
    if 2 in used <= {1, 2, 3}:  # Parkhi et al. 2012, Oxford-IIIT Pet
        return [("a trimap (1 object, 2 background, 3 undecided)", _of({1: first, 2: BACKGROUND, 3: IGNORED}, used))]
    if 255 in used and len(others) == 2 and others & {127, 128}:  # Rhemann et al. 2009, alpha matting
        words = {0: BACKGROUND, 127: IGNORED, 128: IGNORED, 255: first}
        return [("a trimap (255 object, 0 background, between undecided)", _of(words, used))]
    return []


def _of_wide(used: set[int], palette: Palette) -> list[tuple[str, dict[str, str]]]:
    """The palette's ids, saved as 16 bits by a program that keeps 255 the largest value: each times 257."""
    ids = {number: palette.index_of_id(number // 257) for number in used}
    if max(used, default=0) <= _VOID or any(number % 257 or place is None for number, place in ids.items()):
        return []
    words = {number: palette.names[place] for number, place in ids.items() if place is not None}
    return [("ids of the palette times 257, as 8 bits become 16", _of(words, used))]


def _of_greys(used: set[int], palette: Palette) -> list[tuple[str, dict[str, str]]]:
    """The palette's colours, saved as greys by a program that takes masks for photos (ITU-R BT.601, rounded or cut)."""
    words = dict[int, str]()
    for each in reversed(palette.classes):  # of two with one grey the first, as the background
        red, green, blue = each.color
        grey = 0.299 * red + 0.587 * green + 0.114 * blue
        words |= {int(grey): each.name, round(grey): each.name}
    if len(used - {0}) < _SEVERAL or not used <= words.keys():
        return []
    return [("the palette's colours turned into greys", _of(words, used))]


def _of_objects(used: set[int], palette: Palette) -> list[tuple[str, dict[str, str]]]:
    """Numbers that each are an object, more than classes usually are: all may be of the palette's first class."""
    if len(used - {0, _VOID}) <= _MOST_CLASSES or len(palette.names) < 2:
        return []
    first = palette.names[1]
    background = {"0": BACKGROUND} if 0 in used else {}
    return [(f"numbers of objects and not of classes, all of one class, {first} or another", background | {"*": first})]


def _of_data_sets(used: set[int], palette: Palette) -> list[tuple[str, dict[str, str]]]:
    """Those that explain most of the numbers; of two that explain as many, that which has fewer."""
    found = []
    for each in _SCHEMES:
        numbers = used - {_VOID} if each.has_void else used
        words = {number: word for number in used if (word := _word(each.names.get(number), palette))}
        explained = len(words.keys() - {0})
        likely = max(numbers, default=0) * _REACH >= each.most or explained >= max(_LEAST, _MOST * len(numbers - {0}))
        if not words or not likely or max(numbers, default=0) > each.most:
            continue
        if each.has_void:
            words[_VOID] = IGNORED
        rest = used - words.keys()
        others = {} if not rest else {"0": BACKGROUND} if rest == {0} else {"*": BACKGROUND}
        found.append((explained, each.title, _of(words, used) | others))
    found.sort(key=lambda each: -each[0])
    return [(title, options) for _, title, options in found[:_MOST_OFFERED]]


def _word(name: str | None, palette: Palette) -> str | None:
    """The class, beside the background, that has a name or alias; a glob may claim what it was not written to claim."""
    for each in palette.classes[1:]:
        if name and plain(name) in map(plain, (each.name, *each.aliases)):
            return each.name
    return None


def _of(words: Mapping[int, str], used: set[int]) -> dict[str, str]:
    return {str(number): words[number] for number in sorted(words) if number in used}


def map_options(words: Mapping[str, str]) -> str:
    """The options that map each label to a word, as they are typed."""
    return " ".join(f"--map {shell_word(f'{label}={word}')}" for label, word in words.items())
