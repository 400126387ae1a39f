"""Decides which class of a palette claims a label: by what `--map` says first, then by the palette's names and ids.

Nothing here may know a label format or a pixel.
"""

import difflib
from bisect import bisect_left
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from pathlib import Path
from types import MappingProxyType

from p2p_datatools.contract.errors import P2PError, UsageError
from p2p_datatools.contract.foreign import is_digits
from p2p_datatools.contract.palette import BACKGROUND, HEX_COLOR, IGNORE, IGNORED, UNPAINTED, Palette, plain
from p2p_datatools.contract.progress import Reporter
from p2p_datatools.contract.words import p2p_command, plural, shell_word
from p2p_datatools.labels.values import ClassNames, IndexLabels, LabelItem, LabelSet, PictureLabels, Use
from p2p_datatools.masks.numberings import explain_objects, offer_mappings

_MOST_LISTED = 200  # labels
_INSTANCES = 3  # labels that differ by a number alone are of objects of one class
_MOST_NUMBERS = 8  # class numbers; a picture that is not an index picture may have 65,536


_IDS, _OF_PALETTE = "ids", "palette"
"""`--map ids=palette`: class numbers are the ids of the palette, which is built-in and so nobody's own."""
BOXES, RECTANGLES = "boxes", "rectangles"
"""`--map boxes=rectangles`: boxes around objects are painted as filled rectangles."""
RINGS, HOLES = "rings", "holes"
"""`--map rings=holes`: outlines within others of their object are cut out of these."""
_SPECIAL = ((_IDS, _OF_PALETTE), (BOXES, RECTANGLES), (RINGS, HOLES))


# The data sets whose ids the built-in palettes have.
_SETS = {"cars": "those of the Kaggle car set", "scenes": "those of CamVid", "facades": "those of CMP facades"}
TRANSPARENT = "transparent"  # the label of transparent pixels in pictures of labels
NODATA = "nodata"  # and of those where the file says that there is no data
UNDECIDED = "undecided"  # and of the few pixels of a worn one that no colour explains


def parse_mapping(words: Iterable[str], palette: Palette) -> dict[str, str]:
    """What `--map FROM=TO` says, as FROM -> TO; FROM is a label, a glob of labels or a class number.

    `ids=palette` says that class numbers are the palette's ids, `boxes=rectangles` that boxes are to be filled,
    `rings=holes` that outlines within others of their object are holes.

    Raises UsageError when TO is neither a class of `palette` nor background, unpainted or ignore.
    """
    mapping: dict[str, str] = {}
    for word in words:
        label, equals, target = (part.strip() for part in word.rpartition("="))
        if not (label and equals and target):
            raise UsageError(
                f"--map {word}",
                "is not FROM=TO",
                f"Write a label, =, and a class: --map wheel={_last(palette)}.",
                code="bad-mapping",
            )
        _check_target(label, target, palette)
        if mapping.get(label, target) != target:
            raise UsageError(
                f"--map {word}",
                f"{label} is mapped to {mapping[label]} already",
                "Remove one of the two.",
                code="label-claimed-twice",
            )
        mapping[label] = target
    return mapping


def is_label_name(source: str, target: str) -> bool:
    """Whether FROM of `--map FROM=TO` is the name of one label, and no number, colour, glob or word of its own."""
    is_value = (is_digits(source) and int(source) < 1 << 16) or HEX_COLOR.fullmatch(source.lower())
    return not (is_value or set(source) & set("*?[") or (source, target) in _SPECIAL)


def _last(palette: Palette) -> str:
    return palette.names[-1]


def _check_target(label: str, target: str, palette: Palette) -> None:
    possible = _targets(palette)
    if target not in possible and (label, target) not in _SPECIAL:
        alias = palette.index_of_label(target)
        close = difflib.get_close_matches(target, possible, n=1) if alias is None else [palette.names[alias]]
        hint = f"Did you mean {close[0]}? " if close else ""
        raise UsageError(
            f"--map {label}={target}",
            f"there is no class '{target}'",
            f"{hint}Choose from {', '.join(possible)}.",
            code="unknown-class",
        )


def _targets(palette: Palette) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*palette.names, BACKGROUND, UNPAINTED, IGNORED)))


def settle_ids(found: LabelSet, labels: Path, mapping: Mapping[str, str], report: Reporter) -> LabelSet:
    """The labels without names of class numbers where the mapping has ids=palette; notes whose are not used."""
    if mapping.get(_IDS) != _OF_PALETTE:
        return found
    items = tuple(map(without_names, found.items))
    others = [each for each, item in zip(found.items, items, strict=True) if each is not item]
    lists = dict.fromkeys(each.listed.source for each in others if isinstance(each, PictureLabels) and each.listed)
    if not others:
        return found
    whose = " and ".join(lists) or found.format
    report.note(f"{labels}: --map {_IDS}={_OF_PALETTE} is used, and not what {whose} calls the class numbers.")
    return replace(found, items=items)


def without_names(item: LabelItem) -> LabelItem:
    """The labels of a picture without what a list or the format calls its class numbers."""
    if not isinstance(item, PictureLabels):
        return item
    if item.listed and (item.listed.numbers or item.listed.uncounted):
        item = replace(item, listed=replace(item.listed, numbers={}, uncounted=()))
    return replace(item, names=None) if isinstance(item, IndexLabels) and item.names else item


class ClassMapping:
    """Which class claims a label; with `numbers` the labels are class numbers, which match the ids of the palette.

    `known` maps some labels, unless the mapping says otherwise; `unit` is what is counted of them. Raises UsageError
    when the mapping names a class that the palette does not have.
    """

    def __init__(
        self,
        palette: Palette,
        mapping: Mapping[str, str],
        *,
        numbers: bool,
        known: Mapping[str, str] = MappingProxyType({}),
        unit: str | None = None,
    ) -> None:
        for source, target in mapping.items():
            _check_target(source, target, palette)
        self.palette = palette
        self.ids_are_meant = mapping.get(_IDS) == _OF_PALETTE
        self.knows_ids = False
        """Whether the ids of the palette are those of the labels, which only a list that is surely theirs outweighs."""
        self._mapping = {source: target for source, target in mapping.items() if (source, target) not in _SPECIAL}
        self._unused = set(self._mapping)
        self._numbers = numbers
        self._unit = unit or ("pixel" if numbers else "region")
        self._told = known
        self._words: dict[str, str | None] = {}
        self._indices: dict[str, int | None] = {}

    @property
    def unused(self) -> tuple[str, ...]:
        """The entries of the mapping that no label has used, as FROM=TO."""
        return tuple(f"{source}={target}" for source, target in self._mapping.items() if source in self._unused)

    @property
    def takes_ids(self) -> bool:
        """Whether labels that are numbers go by the ids of the palette."""
        return self._numbers

    def maps(self, label: str) -> bool:
        """Whether the mapping speaks of exactly this label."""
        return label in self._mapping

    def is_mapped(self, label: str) -> bool:
        """Whether `--map` says what a label becomes, by itself or by a glob."""
        return self._map_label(label) is not None

    def glob_over(self, label: str) -> str | None:
        """The glob of `--map` that gives a label, which is not named itself, to a class; None without such."""
        word = self._map_label(label)
        if word is None or label in self._mapping or word not in self.palette.names[1:]:
            return None
        return next(source for source in self._mapping if fnmatchcase(plain(label), plain(source)))

    def is_by_id(self, label: str) -> bool:
        """Whether a class number goes to its class by nothing but the palette's ids; the background's 0 is no guess."""
        by_id = self._numbers and is_digits(label) and self._map_label(label) is None and label not in self._told
        return by_id and self.word(label) is not None and not (int(label) == 0 and self.index(label) == 0)

    def names_class(self, names: Iterable[str]) -> bool:
        """Whether some of the names are of classes of the palette other than its first, the background."""
        return not {self.claim(name) for name in names}.isdisjoint(self.palette.names[1:])

    def agrees_with(self, names: Sequence[str], labels: Collection[str]) -> bool:
        """Whether names, counted from 0 or from 1, are those of the classes that the numbers `labels` go to.

        Names that have the background among them count all classes, from 0.
        """
        firsts = (0,) if any(self.claim(name) == self.palette.names[0] for name in names) else (0, 1)
        counted = ({str(number): name for number, name in enumerate(names, first)} for first in firsts)
        return any(
            all(self.claim(each[label]) == self.word(label) for label in labels if label in each) for each in counted
        )

    def say_globs(self, labels: Iterable[str]) -> str:
        """A line on the labels that only globs of the palette claim, and what they are taken for; empty without any."""
        others = [label for label in labels if self._map_label(label) is None and label not in self._told]
        found = [label for label in sorted(others) if self.palette.claims_by_glob(label)]
        if not found:
            return ""
        taken = [f"{label} for {self.word(label)}" for label in found[:_MOST_NUMBERS]]
        more = f" and {len(found) - len(taken)} more" if len(found) > len(taken) else ""
        otherwise = f"--map {shell_word(f'{found[0]}=CLASS')} says otherwise"
        return f"By patterns of the palette {self.palette.name} these are taken: {', '.join(taken)}{more}; {otherwise}."

    def word(self, label: str) -> str | None:
        """What `label` becomes: a class's name, background, unpainted or ignore; None when nothing claims it."""
        if label not in self._words:
            self._words[label] = self._map_label(label) or self._told.get(label) or self._by_palette(label)
        return self._words[label]

    def index(self, label: str) -> int | None:
        """The class index of a label that is claimed; None for one that stays unpainted."""
        if label not in self._indices:
            word = self.word(label)
            assert word is not None, f"{label} is claimed by no class"
            own = self.palette.names
            others = {BACKGROUND: 0, IGNORED: IGNORE, UNPAINTED: None}
            self._indices[label] = own.index(word) if word in own else others[word]
        return self._indices[label]

    def _map_label(self, label: str) -> str | None:
        if label in self._mapping:
            self._unused.discard(label)
            return self._mapping[label]
        globs = [source for source in self._mapping if fnmatchcase(plain(label), plain(source))]
        self._unused.difference_update(globs)
        if len({self._mapping[glob] for glob in globs}) > 1:
            both = " and ".join(f"--map {glob}={self._mapping[glob]}" for glob in globs)
            raise UsageError(
                both,
                f"both claim '{label}'",
                f"Add --map {shell_word(f'{label}=...')} to say which is meant.",
                code="label-claimed-twice",
            )
        return self._mapping[globs[0]] if globs else None

    def _by_palette(self, label: str) -> str | None:
        if self._numbers and (is_digits(label) or HEX_COLOR.fullmatch(label)):
            # A mask built from the same pictures as colours has labels that are not numbers.
            index = self.palette.index_of_id(int(label)) if is_digits(label) else None
            if index is not None:
                return self.palette.names[index]
            return IGNORED if self.palette.ignores(label) else None
        return self._by_names(label)

    def refuse_unclaimed(
        self,
        uses: Mapping[str, Use],
        *,
        where: str,
        doubted: Collection[str] = (),
        listed: ClassNames | None = None,
        pictures: int = 0,
    ) -> None:
        """Raise P2PError with all labels that no class claims, and the `--map` to type; nothing if there are none.

        The `doubted` are numbers that only the ids of a built-in palette claim, which they may have nothing to do with;
        `listed` has names that do not tell their numbers, and `pictures` is how many there are.
        """
        unclaimed = sorted((label for label in uses if self.word(label) is None), key=_by_number)
        doubted = sorted(doubted, key=_by_number)
        if not unclaimed and not doubted:
            return
        asked = sorted([*unclaimed, *doubted], key=_by_number) if self._numbers else unclaimed
        what = self._doubt(doubted, uses) if doubted else ""
        if unclaimed:
            also = f", and {what}" if doubted else ""
            what = f"no class of the palette {self.palette.name} claims {self._count(unclaimed, uses)}{also}"
        code = "unclaimed-label" if unclaimed else "doubted-ids"
        offers = self._offers(asked, doubted, uses, listed, pictures)
        options = self._options(asked, uses, has_offers=bool(offers))
        own = ""
        if not self._numbers and "=CLASS" in options:  # a road among car parts: no class of the palette is right for it
            command = p2p_command("data palette", where, "PALETTE.toml")
            own = f" If they are classes of their own, {command} makes a palette of all labels."
        raise P2PError(where, what, f"{offers}{'Otherwise say' if offers else 'Say'} {options}{own}", code=code)

    def _options(self, labels: Sequence[str], uses: Mapping[str, Use], *, has_offers: bool) -> str:
        """What to type for each label, with the most likely class where there is one that is not offered before."""
        most = _most_listed(labels)
        if self._numbers:
            guesses = self._guess_numbers(labels, uses, has_offers=has_offers)
        else:
            labels = list(self._group_instances(labels, uses))
            guesses = [self._guess(label) for label in labels[:most]]
        guessed = zip(labels[:most], guesses, strict=False)
        options = [f"--map {shell_word(label)}={shell_word(guess)}" for label, guess in guessed]
        if len(labels) > most:
            options.append(f"--map '*={BACKGROUND}' for {len(labels) - most} more")
        a_list = ", or put lines NUMBER NAME into classes.txt beside them" if self._are_numbers(labels) else ""
        asked = any(option.endswith(("=CLASS", "=CLASS'")) for option in options)
        classes = (
            f"{', where CLASS is one' if asked else ', or instead another'} of {', '.join(_targets(self.palette))}"
        )
        return f"what they are: {' '.join(options)}{classes}{a_list}."

    def _doubt(self, doubted: Sequence[str], uses: Mapping[str, Use]) -> str:
        """What is not known of numbers that may be ids."""
        are = "is meant as an id" if len(doubted) == 1 else "are meant as ids"
        whose = f" ({_SETS[self.palette.name]})" if self.palette.name in _SETS else ""
        return f"nothing tells whether {self._count(doubted, uses)} {are} of the palette {self.palette.name}{whose}"

    def _group_instances(self, labels: Sequence[str], uses: Mapping[str, Use]) -> dict[str, list[str]]:
        """The labels, of which those that number the objects of a class (wheel-1, wheel-2, ...) stand under one glob.

        It matches no other label in use, and has a word by which the palette knows a class: class-1, class-2, ... are
        classes of their own, however like to glass.
        """
        numbered = Counter(_stem(label) for label in labels)
        several = [
            stem for stem, count in numbered.items() if count >= _INSTANCES and stem and not set(stem) & set("*?[")
        ]
        known = sorted(map(plain, uses))
        one = {stem for stem in several if _count_beginning(known, stem) == numbered[stem] and self._is_called(stem)}
        found: dict[str, list[str]] = {}
        for label in labels:
            stem = _stem(label)
            found.setdefault(f"{stem}*" if stem in one else label, []).append(label)
        return found

    def _count(self, labels: Sequence[str], uses: Mapping[str, Use]) -> str:
        most = _most_listed(labels)
        groups = {label: [label] for label in labels} if self._numbers else self._group_instances(labels, uses)
        listed = ", ".join(self._count_one(*group, uses=uses) for group in list(groups.items())[:most])
        return f"{listed} and {len(groups) - most} more" if len(groups) > most else listed

    def _count_one(self, name: str, labels: Sequence[str], *, uses: Mapping[str, Use]) -> str:
        use = sum((uses.get(label, Use()) for label in labels), Use())
        if len(labels) > 1:  # which may be of the same pictures
            return f"{name} ({len(labels)} labels, {plural(use.count, self._unit)})"
        return f"{name} ({plural(use.count, self._unit)} in {plural(use.pictures, 'picture')})"

    def _are_numbers(self, labels: Iterable[str]) -> bool:
        return self._numbers and any(is_digits(label) for label in labels)

    def _offers(
        self,
        asked: Sequence[str],
        doubted: Sequence[str],
        uses: Mapping[str, Use],
        listed: ClassNames | None,
        pictures: int,
    ) -> str:
        """What to type if the numbers are the palette's ids, or those of a known data set."""
        if not self._are_numbers(asked):
            return ""
        offers = []
        # Those of another set are hardly ids of the palette, of which more have none.
        if 2 * len(doubted) > len(asked):
            meant = ", ".join(f"{label} {self.word(label)}" for label in doubted[:_MOST_NUMBERS])
            more = ", ..." if len(doubted) > _MOST_NUMBERS else ""
            offers.append(f"If so, add --map {_IDS}={_OF_PALETTE} ({meant}{more}).")
        open_labels = [label for label in (*asked, *uses) if is_digits(label) and not self.is_mapped(label)]
        numbers = {int(label): uses.get(label, Use()).pictures for label in open_labels}
        offers += self._count_names(listed, asked) if listed and listed.uncounted else []
        offers += explain_objects(numbers)
        offers += offer_mappings(numbers, self.palette, pictures=pictures)
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
            shown = ["0", *asked] if "0" not in asked and self.claim(names["0"]) != BACKGROUND else asked
            words = [f"--map {shell_word(f'{each}={self.claim(names[each])}')}" for each in shown if each in names]
            words += [f"--map {IGNORE}={IGNORED}"] if str(IGNORE) in asked else []
            offers.append(f"If {listed.source} counts from {first}, add {' '.join(words)}.")
        return offers

    def claim(self, name: str) -> str:
        """The class that a name without regard to `--map` is of; CLASS where none is."""
        word = self._by_names(name)
        return BACKGROUND if name == BACKGROUND else word or "CLASS"

    def _by_names(self, label: str) -> str | None:
        index = self.palette.index_of_label(label)
        if index is not None:
            return self.palette.names[index]
        # What --map calls so is called so in labels, too, such as those that p2p itself exports.
        return IGNORED if self.palette.ignores(label) or plain(label) == IGNORED else None

    def _guess_numbers(self, unclaimed: Sequence[str], uses: Mapping[str, Use], *, has_offers: bool) -> list[str]:
        """The first class for a number alone beside the background, which 0 alone is, ignore for 255 among others."""
        background, *classes = self.palette.names
        claimed = {self.word(label) for label in uses} - {None, background}
        alone = classes and not claimed and len(unclaimed) == 1 and is_digits(unclaimed[0])
        if alone and has_offers:
            return ["CLASS"]  # the mask of one class is offered
        if alone:
            return [classes[0] if int(unclaimed[0]) else background]
        return [
            IGNORED if label == str(IGNORE) else "CLASS" if is_digits(label) else self._guess(label)
            for label in unclaimed
        ]

    def _known_words(self) -> dict[str, str]:
        """The class of each name and alias in the palette, without globs."""
        return {
            plain(name).strip("*_"): each.name for each in self.palette.classes for name in (each.name, *each.aliases)
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
    return _MOST_NUMBERS if all(is_digits(label) for label in labels) else _MOST_LISTED


def _by_number(label: str) -> tuple[bool, int, str]:
    """A key by which class numbers stand in their order, before labels that are words."""
    return (False, int(label), "") if is_digits(label) else (True, 0, label)
