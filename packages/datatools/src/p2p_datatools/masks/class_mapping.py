"""Decides which class of a palette claims a label: by what `--map` says first, then by the palette's names and ids.

Nothing here may know a label format or a pixel.
"""

import difflib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from pathlib import Path
from types import MappingProxyType

from p2p_datatools.contract.errors import UsageError
from p2p_datatools.contract.foreign import is_digits
from p2p_datatools.contract.palette import BACKGROUND, HEX_COLOR, IGNORE, IGNORED, UNPAINTED, Palette, plain
from p2p_datatools.contract.progress import Reporter
from p2p_datatools.contract.words import p2p_command, shell_word
from p2p_datatools.labels.values import IndexLabels, LabelItem, LabelSet, PictureLabels

MOST_NUMBERS = 8  # class numbers; a picture that is not an index picture may have 65,536


IDS, OF_PALETTE = "ids", "palette"
"""`--map ids=palette`: class numbers are the ids of the palette, which is built-in and so nobody's own."""
BOXES, RECTANGLES = "boxes", "rectangles"
"""`--map boxes=rectangles`: boxes around objects are painted as filled rectangles."""
RINGS, HOLES = "rings", "holes"
"""`--map rings=holes`: outlines within others of their object are cut out of these."""
_SPECIAL = ((IDS, OF_PALETTE), (BOXES, RECTANGLES), (RINGS, HOLES))


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
            to_do = f"Write a label, =, and a class: --map wheel={palette.names[-1]}."
            raise UsageError(f"--map {word}", "is not FROM=TO", to_do, code="bad-mapping")
        _check_target(label, target, palette)
        if mapping.get(label, target) != target:
            what = f"{label} is mapped to {mapping[label]} already"
            raise UsageError(f"--map {word}", what, "Remove one of the two.", code="label-claimed-twice")
        mapping[label] = target
    return mapping


def is_label_name(source: str, target: str) -> bool:
    """Whether FROM of `--map FROM=TO` is the name of one label, and no number, colour, glob or word of its own."""
    is_value = (is_digits(source) and int(source) < 1 << 16) or HEX_COLOR.fullmatch(source.lower())
    return not (is_value or set(source) & set("*?[") or (source, target) in _SPECIAL)


def _check_target(label: str, target: str, palette: Palette) -> None:
    possible = targets_of(palette)
    if target not in possible and (label, target) not in _SPECIAL:
        alias = palette.index_of_label(target)
        close = difflib.get_close_matches(target, possible, n=1) if alias is None else [palette.names[alias]]
        hint = f"Did you mean {close[0]}? " if close else ""
        to_do = f"{hint}Choose from {', '.join(possible)}."
        raise UsageError(f"--map {label}={target}", f"there is no class '{target}'", to_do, code="unknown-class")


def targets_of(palette: Palette) -> tuple[str, ...]:
    """What a label may become by `--map`."""
    return tuple(dict.fromkeys((*palette.names, BACKGROUND, UNPAINTED, IGNORED)))


def settle_ids(found: LabelSet, labels: Path, mapping: Mapping[str, str], report: Reporter) -> LabelSet:
    """The labels without names of class numbers where the mapping has ids=palette; notes whose are not used."""
    if mapping.get(IDS) != OF_PALETTE:
        return found
    items = tuple(map(without_names, found.items))
    others = [each for each, item in zip(found.items, items, strict=True) if each is not item]
    lists = dict.fromkeys(each.listed.source for each in others if isinstance(each, PictureLabels) and each.listed)
    if not others:
        return found
    whose = " and ".join(lists) or found.format
    report.note(f"{labels}: --map {IDS}={OF_PALETTE} is used, and not what {whose} calls the class numbers.")
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
        self.ids_are_meant = mapping.get(IDS) == OF_PALETTE
        self.knows_ids = False
        """Whether the ids of the palette are those of the labels, which only a list that is surely theirs outweighs."""
        self.read_as = ""
        """The options by which the labels were read, such as ` --format coco`, for a command that reads them again."""
        self._mapping = {source: target for source, target in mapping.items() if (source, target) not in _SPECIAL}
        self._unused = set(self._mapping)
        self._numbers = numbers
        self.unit = unit or ("pixel" if numbers else "region")
        self._told = known
        self._words: dict[str, str | None] = {}
        self._indices: dict[str, int | None] = {}

    @property
    def unused(self) -> tuple[str, ...]:
        """The entries of the mapping that no label has used, as FROM=TO."""
        return tuple(f"{source}={target}" for source, target in self._mapping.items() if source in self._unused)

    def palette_command(self, labels: object) -> str:
        """The command that makes a palette of all of the labels."""
        return p2p_command(f"data palette{self.read_as}", labels, "PALETTE.toml")

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
        taken = [f"{label} for {self.word(label)}" for label in found[:MOST_NUMBERS]]
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
            to_do = f"Add --map {shell_word(f'{label}=...')} to say which is meant."
            raise UsageError(both, f"both claim '{label}'", to_do, code="label-claimed-twice")
        return self._mapping[globs[0]] if globs else None

    def _by_palette(self, label: str) -> str | None:
        if self._numbers and (is_digits(label) or HEX_COLOR.fullmatch(label)):
            # A mask built from the same pictures as colours has labels that are not numbers.
            index = self.palette.index_of_id(int(label)) if is_digits(label) else None
            if index is not None:
                return self.palette.names[index]
            return IGNORED if self.palette.ignores(label) else None
        return self._by_names(label)

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


def map_options(words: Mapping[str, str]) -> str:
    """The options that map each label to a word, as they are typed."""
    return " ".join(f"--map {shell_word(f'{label}={word}')}" for label, word in words.items())
