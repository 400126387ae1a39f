"""Asks about labels that no class claims: what to type for each, and which public numberings class numbers may have.

Nothing here may decide what a label is; these are answers to offer, of which the user chooses one.
"""

import difflib
from bisect import bisect_left
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from p2p_datatools.contract.errors import P2PError
from p2p_datatools.contract.foreign import is_digits
from p2p_datatools.contract.palette import BACKGROUND, IGNORE, IGNORED, Palette, plain
from p2p_datatools.contract.words import plural, shell_word
from p2p_datatools.labels.formats.pictures.cityscapes import LABEL_IDS, TRAIN_IDS
from p2p_datatools.labels.formats.pictures.voc import VOC_CLASSES
from p2p_datatools.labels.values import ClassNames, Use
from p2p_datatools.masks.class_mapping import IDS, MOST_NUMBERS, OF_PALETTE, ClassMapping, map_options, targets_of

_MOST_LISTED = 200  # labels
_INSTANCES = 3  # labels that differ by a number alone are of objects of one class
# The data sets whose ids the built-in palettes have.
_SETS = {"cars": "those of the Kaggle car set", "scenes": "those of CamVid", "facades": "those of CMP facades"}
_VOID = 255
# A numbering up to 150 is no likely one for pictures whose numbers end below a fourth of that, unless it explains four
# numbers and three of four.
_REACH, _LEAST, _MOST = 4, 4, 0.75
_MOST_CLASSES = 34
_WHITES = {1, 255, 65535}  # how programs write the only class of a mask: of 1, 8 and 16 bits
_SEVERAL = 2  # numbers above 255, or greys, of which a single one may be any program's own value
_VISIBLE = 10  # of 255: greys that lie nearer to each other nobody tells apart
_MOST_COLORS = 20  # of classes that people choose for themselves
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


def explain_object_colors(pictures: Collection[int]) -> str:
    """What many colours may be, of which most are in one picture alone; `pictures` says in how many each is."""
    if len(pictures) <= _MOST_COLORS or 2 * sum(each == 1 for each in pictures) <= len(pictures):
        return ""
    return (
        "Most of these colours are in one picture alone, as those of single objects are (COCO panoptic, instance "
        "masks): if so, give the labels of classes; where red is the class and the others number objects, as in CARLA, "
        "save red alone: Image.open('IN.png').getchannel('R').save('OUT.png')."
    )


def offer_mappings(used: Mapping[int, int], palette: Palette, *, pictures: int) -> list[str]:
    """What the numbers may be, in sentences: those of a mask of one class, of a trimap, of data sets that fit.

    `used` says in how many of all `pictures` each number is.
    """
    offers = [
        *_of_one_class(used, palette, pictures),
        *_of_spread(set(used), palette),
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


def _of_spread(used: set[int], palette: Palette) -> list[tuple[str, dict[str, str]]]:
    """The palette's ids, spread by a program: each times 257, as 8 bits become 16, or in even steps, to be seen."""
    if max(used, default=0) > _VOID:
        title, ids = "times 257, as 8 bits become 16", {each: each // 257 for each in used if each % 257 == 0}
    elif are_steps(used):
        title, ids = f"spread in even steps up to {max(used)}", dict(zip(sorted({0, *used}), range(256), strict=False))
    else:
        return []
    words = {each: palette.names[place] for each in ids if (place := palette.index_of_id(ids[each])) is not None}
    return [(f"ids of the palette {title}", _of(words, used))] if used <= words.keys() else []


def are_steps(numbers: Iterable[int]) -> bool:
    """Whether numbers above 0 are steps of one length, rounded, as greys to be seen are: 85, 170, 255, or 50, 100."""
    greys = sorted({*numbers} - {0})
    if len(greys) < _SEVERAL or greys[-1] < _VISIBLE * len(greys):
        return False
    return all(abs(grey * len(greys) - place * greys[-1]) < len(greys) for place, grey in enumerate(greys, start=1))


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


def refuse_unclaimed(
    claims: ClassMapping,
    uses: Mapping[str, Use],
    *,
    where: str,
    doubted: Iterable[str] = (),
    listed: ClassNames | None = None,
    pictures: int = 0,
) -> None:
    """Raise P2PError with all labels that no class claims, and the `--map` to type; nothing if there are none.

    The `doubted` are numbers that only the ids of a built-in palette claim, which they may have nothing to do with;
    `listed` has names that do not tell their numbers, and `pictures` is how many there are.
    """
    _Question(claims, uses, sorted(doubted, key=_by_number), listed, pictures).ask(where)


@dataclass(frozen=True, eq=False)
class _Question:
    """What `refuse_unclaimed` is given, the doubted labels in their order."""

    claims: ClassMapping
    uses: Mapping[str, Use]
    doubted: Sequence[str]
    listed: ClassNames | None
    pictures: int

    def ask(self, where: str) -> None:
        """Raise its error; nothing if there is nothing to ask."""
        unclaimed = sorted((label for label in self.uses if self.claims.word(label) is None), key=_by_number)
        if not unclaimed and not self.doubted:
            return
        asked = sorted([*unclaimed, *self.doubted], key=_by_number) if self.claims.takes_ids else unclaimed
        what = self._doubt() if self.doubted else ""
        if unclaimed:
            also = f", and {what}" if self.doubted else ""
            what = f"no class of the palette {self.claims.palette.name} claims {self._count(unclaimed)}{also}"
        code = "unclaimed-label" if unclaimed else "doubted-ids"
        offers = self._offers(asked)
        options = self._options(asked, has_offers=bool(offers))
        own = ""
        if not self.claims.takes_ids and "=CLASS" in options:  # a road among parts of cars: no class is right for it
            command = self.claims.palette_command(where)
            own = f" If they are classes of their own, {command} makes a palette of all labels."
        raise P2PError(where, what, f"{offers}{'Otherwise say' if offers else 'Say'} {options}{own}", code=code)

    def _options(self, labels: Sequence[str], *, has_offers: bool) -> str:
        """What to type for each label, with the most likely class where there is one that is not offered before."""
        most = _most_listed(labels)
        if self.claims.takes_ids:
            guesses = self._guess_numbers(labels, has_offers=has_offers)
        else:
            labels = list(self._group_instances(labels))
            guesses = [self._guess(label) for label in labels[:most]]
        guessed = zip(labels[:most], guesses, strict=False)
        options = [f"--map {shell_word(label)}={shell_word(guess)}" for label, guess in guessed]
        if len(labels) > most:
            options.append(f"--map '*={BACKGROUND}' for {len(labels) - most} more")
        a_list = ", or put lines NUMBER NAME into classes.txt beside them" if self._are_numbers(labels) else ""
        asked = any(option.endswith(("=CLASS", "=CLASS'")) for option in options)
        which = ", where CLASS is one" if asked else ", or instead another"
        classes = f"{which} of {', '.join(targets_of(self.claims.palette))}"
        return f"what they are: {' '.join(options)}{classes}{a_list}."

    def _doubt(self) -> str:
        """What is not known of numbers that may be ids."""
        are = "is meant as an id" if len(self.doubted) == 1 else "are meant as ids"
        whose = f" ({_SETS[self.claims.palette.name]})" if self.claims.palette.name in _SETS else ""
        return (
            f"nothing tells whether {self._count(self.doubted)} {are} of the palette {self.claims.palette.name}{whose}"
        )

    def _group_instances(self, labels: Sequence[str]) -> dict[str, list[str]]:
        """The labels, of which those that number the objects of a class (wheel-1, wheel-2, ...) stand under one glob.

        It matches no other label in use, and has a word by which the palette knows a class: class-1, class-2, ... are
        classes of their own, however like to glass.
        """
        numbered = Counter(_stem(label) for label in labels)
        several = [
            stem for stem, count in numbered.items() if count >= _INSTANCES and stem and not set(stem) & set("*?[")
        ]
        known = sorted(map(plain, self.uses))
        one = {stem for stem in several if _count_beginning(known, stem) == numbered[stem] and self._is_called(stem)}
        found: dict[str, list[str]] = {}
        for label in labels:
            stem = _stem(label)
            found.setdefault(f"{stem}*" if stem in one else label, []).append(label)
        return found

    def _count(self, labels: Sequence[str]) -> str:
        most = _most_listed(labels)
        groups = {label: [label] for label in labels} if self.claims.takes_ids else self._group_instances(labels)
        listed = ", ".join(self._count_one(*group) for group in list(groups.items())[:most])
        return f"{listed} and {len(groups) - most} more" if len(groups) > most else listed

    def _count_one(self, name: str, labels: Sequence[str]) -> str:
        use = sum((self.uses.get(label, Use()) for label in labels), Use())
        if len(labels) > 1:  # which may be of the same pictures
            return f"{name} ({len(labels)} labels, {plural(use.count, self.claims.unit)})"
        return f"{name} ({plural(use.count, self.claims.unit)} in {plural(use.pictures, 'picture')})"

    def _are_numbers(self, labels: Iterable[str]) -> bool:
        return self.claims.takes_ids and any(is_digits(label) for label in labels)

    def _offers(self, asked: Sequence[str]) -> str:
        """What to type if the numbers are the palette's ids, or those of a known data set."""
        if not self._are_numbers(asked):
            return ""
        offers = []
        # Those of another set are hardly ids of the palette, of which more have none.
        if 2 * len(self.doubted) > len(asked):
            meant = ", ".join(f"{label} {self.claims.word(label)}" for label in self.doubted[:MOST_NUMBERS])
            more = ", ..." if len(self.doubted) > MOST_NUMBERS else ""
            offers.append(f"If so, add --map {IDS}={OF_PALETTE} ({meant}{more}).")
        open_labels = [label for label in (*asked, *self.uses) if is_digits(label) and not self.claims.is_mapped(label)]
        numbers = {int(label): self.uses.get(label, Use()).pictures for label in open_labels}
        offers += self._count_names(self.listed, asked) if self.listed and self.listed.uncounted else []
        offers += explain_objects(numbers)
        offers += offer_mappings(numbers, self.claims.palette, pictures=self.pictures)
        return "".join(f"{offer} " for offer in offers)

    def _count_names(self, listed: ClassNames, asked: Sequence[str]) -> list[str]:
        """What to type if a list without numbers counts from 1, or from 0 where the numbers asked about allow it."""
        offers = []
        for first in (1, 0):
            names = {str(number): name for number, name in enumerate(listed.uncounted, first)}
            names = {"0": BACKGROUND, **names}
            if any(is_digits(label) and label not in names and label != str(IGNORE) for label in asked):
                continue
            # The number 0 is asked about by no id, since it is the background's; here it may be another class.
            shown = ["0", *asked] if "0" not in asked and self.claims.claim(names["0"]) != BACKGROUND else asked
            words = [
                f"--map {shell_word(f'{each}={self.claims.claim(names[each])}')}" for each in shown if each in names
            ]
            words += [f"--map {IGNORE}={IGNORED}"] if str(IGNORE) in asked else []
            offers.append(f"If {listed.source} counts from {first}, add {' '.join(words)}.")
        return offers

    def _guess_numbers(self, unclaimed: Sequence[str], *, has_offers: bool) -> list[str]:
        """The first class for a number beside the background, which 0 alone is; ignore for 255 that ends no steps."""
        background, *classes = self.claims.palette.names
        claimed = {self.claims.word(label) for label in self.uses} - {None, background}
        alone = classes and not claimed and len(unclaimed) == 1 and is_digits(unclaimed[0])
        if alone and has_offers:
            return ["CLASS"]  # the mask of one class is offered
        if alone:
            return [classes[0] if int(unclaimed[0]) else background]
        void = "CLASS" if are_steps(int(label) for label in self.uses if is_digits(label)) else IGNORED
        return [
            void if label == str(IGNORE) else "CLASS" if is_digits(label) else self._guess(label) for label in unclaimed
        ]

    def _known_words(self) -> dict[str, str]:
        """The class of each name and alias in the palette, without globs."""
        return {
            plain(name).strip("*_"): each.name
            for each in self.claims.palette.classes
            for name in (each.name, *each.aliases)
        }

    def _is_called(self, label: str) -> bool:
        """Whether a label or one of its words is a name or an alias of a class."""
        return not self._known_words().keys().isdisjoint(_parts(label))

    def _guess(self, label: str) -> str:
        """The class with the name or alias most like the label or one of its words, or CLASS."""
        known = self._known_words()
        for part in _parts(label):
            if close := difflib.get_close_matches(part, known, n=1, cutoff=0.8):
                return known[close[0]]
        return "CLASS"


def _parts(label: str) -> tuple[str, ...]:
    """A label, and its words from the last."""
    whole = plain(label).strip("_")
    return whole, *reversed(whole.split("_"))


def _stem(label: str) -> str:
    """A label without the number at its end; empty where it has none."""
    stem = label.rstrip("0123456789")
    return stem if stem != label else ""


def _count_beginning(known: Sequence[str], stem: str) -> int:
    """How many labels, which are plain and sorted, begin with a stem."""
    begin = plain(stem)
    # U+10FFFF is the last of all letters.
    return bisect_left(known, f"{begin}\U0010ffff") - bisect_left(known, begin)


def _most_listed(labels: Sequence[str]) -> int:
    """How many labels an error lists; numbers say little."""
    return MOST_NUMBERS if all(is_digits(label) for label in labels) else _MOST_LISTED


def _by_number(label: str) -> tuple[bool, int, str]:
    """A key by which class numbers stand in their order, before labels that are words."""
    return (False, int(label), "") if is_digits(label) else (True, 0, label)
