"""Decides which class of a palette claims a label: by what `--map` says first, then by the palette's names and ids.

Nothing here may know a label format or a pixel.
"""

import difflib
import re
from collections.abc import Collection, Iterable, Mapping
from fnmatch import fnmatchcase
from types import MappingProxyType

from p2p_datatools.contract.errors import P2PError, UsageError
from p2p_datatools.contract.palette import _HEX, BACKGROUND, IGNORE, IGNORED, UNPAINTED, Palette, plain
from p2p_datatools.contract.words import plural
from p2p_datatools.labels.values import Use

_MOST_LISTED = 200  # class numbers; a picture that is not an index picture may have 65,536


_IDS, _OF_PALETTE = "ids", "palette"
"""`--map ids=palette`: class numbers are the ids of the palette, which is built-in and so nobody's own."""
BOXES, RECTANGLES = "boxes", "rectangles"
"""`--map boxes=rectangles`: boxes around objects are painted as filled rectangles."""
_SPECIAL = ((_IDS, _OF_PALETTE), (BOXES, RECTANGLES))


TRANSPARENT = "transparent"  # the label of transparent pixels in pictures of labels


def parse_mapping(words: Iterable[str], palette: Palette) -> dict[str, str]:
    """What `--map FROM=TO` says, as FROM -> TO; FROM is a label, a glob of labels or a class number.

    `ids=palette` says that class numbers are the palette's ids, `boxes=rectangles` that boxes are to be filled.

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


def _last(palette: Palette) -> str:
    return palette.names[-1]


def _check_target(label: str, target: str, palette: Palette) -> None:
    possible = _targets(palette)
    if target not in possible and (label, target) not in _SPECIAL:
        close = difflib.get_close_matches(target, possible, n=1)
        hint = f"Did you mean {close[0]}? " if close else ""
        raise UsageError(
            f"--map {label}={target}",
            f"there is no class '{target}'",
            f"{hint}Choose from {', '.join(possible)}.",
            code="unknown-class",
        )


def _targets(palette: Palette) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*palette.names, BACKGROUND, UNPAINTED, IGNORED)))


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
        self._mapping = {source: target for source, target in mapping.items() if (source, target) not in _SPECIAL}
        self._unused = set(self._mapping)
        self._numbers = numbers
        self._unit = unit or ("pixel" if numbers else "region")
        self._told = known
        self._words: dict[str, str | None] = {}

    @property
    def unused(self) -> tuple[str, ...]:
        """The entries of the mapping that no label has used, as FROM=TO."""
        return tuple(f"{source}={target}" for source, target in self._mapping.items() if source in self._unused)

    def maps(self, label: str) -> bool:
        """Whether the mapping speaks of exactly this label."""
        return label in self._mapping

    def is_mapped(self, label: str) -> bool:
        """Whether `--map` says what a label becomes, by itself or by a glob."""
        return self._map_label(label) is not None

    def is_by_id(self, label: str) -> bool:
        """Whether a class number goes to its class by nothing but the palette's ids; the background's 0 is no guess."""
        by_id = self._numbers and label.isdecimal() and self._map_label(label) is None and label not in self._told
        return by_id and self.word(label) is not None and not (int(label) == 0 and self.index(label) == 0)

    def word(self, label: str) -> str | None:
        """What `label` becomes: a class's name, background, unpainted or ignore; None when nothing claims it."""
        if label not in self._words:
            self._words[label] = self._map_label(label) or self._told.get(label) or self._by_palette(label)
        return self._words[label]

    def index(self, label: str) -> int | None:
        """The class index of a label that is claimed; None for one that stays unpainted."""
        word = self.word(label)
        assert word is not None, f"{label} is claimed by no class"
        if word in self.palette.names:
            return self.palette.index(word)
        return {BACKGROUND: 0, IGNORED: IGNORE, UNPAINTED: None}[word]

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
                f"Add --map {label}=... to say which is meant.",
                code="label-claimed-twice",
            )
        return self._mapping[globs[0]] if globs else None

    def _by_palette(self, label: str) -> str | None:
        if self._numbers and (label.isdecimal() or _HEX.fullmatch(label)):
            # A mask built from the same pictures as colours has labels that are no numbers.
            index = self.palette.index_of_id(int(label)) if label.isdecimal() else None
        else:
            index = self.palette.index_of_label(label)
        return None if index is None else self.palette.names[index]

    def refuse_unclaimed(self, uses: Mapping[str, Use], *, where: str, doubted: Collection[str] = ()) -> None:
        """Raise P2PError with all labels that no class claims, and the `--map` to type; nothing if there are none.

        The `doubted` are numbers that only the ids of a built-in palette claim, which they may have nothing to do with.
        """
        unclaimed = sorted((label for label in uses if self.word(label) is None), key=_by_number)
        doubted = sorted(doubted, key=_by_number)
        if not unclaimed and not doubted:
            return
        shown, more = unclaimed[:_MOST_LISTED], len(unclaimed) - _MOST_LISTED
        guesses = self._guess_numbers(shown, uses) if self._numbers else [self._guess(label) for label in shown]
        options = [f"--map {each}=CLASS" for each in doubted]
        options += [f"--map {_quote(label)}={guess}" for label, guess in zip(shown, guesses, strict=True)]
        say = f"Say what they are: {' '.join(options)}, where CLASS is one of {', '.join(_targets(self.palette))}."
        if not unclaimed:
            raise P2PError(where, self._doubt(doubted, uses), f"{self._ids(doubted)}{say}", code="doubted-ids")
        also = f", and {self._doubt(doubted, uses)}" if doubted else ""
        raise P2PError(
            where,
            f"no class of the palette {self.palette.name} claims {self._count(shown, uses)}"
            f"{f' and {more} more' if more > 0 else ''}{also}",
            f"{self._ids(doubted)}{say}",
            code="unclaimed-label",
        )

    def _doubt(self, doubted: Collection[str], uses: Mapping[str, Use]) -> str:
        """What is not known of numbers that may be ids."""
        are = "is meant as an id" if len(doubted) == 1 else "are meant as ids"
        return f"nothing tells whether {self._count(doubted, uses)} {are} of the built-in palette {self.palette.name}"

    def _count(self, labels: Iterable[str], uses: Mapping[str, Use]) -> str:
        counts = [(label, uses.get(label, Use())) for label in labels]
        return ", ".join(
            f"{label} ({plural(use.count, self._unit)} in {plural(use.pictures, 'picture')})" for label, use in counts
        )

    def _ids(self, doubted: Collection[str]) -> str:
        """What to type if the numbers are the palette's ids."""
        if not doubted:
            return ""
        meant = " ".join(f"--map {label}={self.word(label)}" for label in doubted)
        return (
            f"If so, add --map {_IDS}={_OF_PALETTE}, which here means {meant}. "
            "If not, put lines NUMBER NAME into classes.txt beside them. "
        )

    def _guess_numbers(self, unclaimed: list[str], uses: Mapping[str, Use]) -> list[str]:
        """The first class for a number that stands alone beside the background, else CLASS."""
        background, *classes = self.palette.names
        claimed = {self.word(label) for label in uses} - {None, background}
        alone = classes and not claimed and len(unclaimed) == 1 and unclaimed[0].isdecimal()
        if alone:
            return [classes[0]]
        return ["CLASS" if label.isdecimal() else self._guess(label) for label in unclaimed]

    def _guess(self, label: str) -> str:
        """The class with the name or alias most like the label or one of its words, or CLASS."""
        known = {
            plain(name).strip("*_"): each.name for each in self.palette.classes for name in (each.name, *each.aliases)
        }
        for part in (plain(label), *reversed(plain(label).split("_"))):
            if close := difflib.get_close_matches(part, known, n=1, cutoff=0.8):
                return known[close[0]]
        return "CLASS"


def _by_number(label: str) -> tuple[bool, int, str]:
    """A key by which class numbers stand in their order, before labels that are words."""
    return (False, int(label), "") if label.isdecimal() else (True, 0, label)


def _quote(label: str) -> str:
    """A label as it is typed in a shell."""
    return label if re.fullmatch(r"[\w.-]+", label) else f"'{label}'"
