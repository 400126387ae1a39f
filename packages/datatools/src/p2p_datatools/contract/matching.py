"""Compares names of labels and photos that are not equal: by an expression, or a convention such as _mask.

Nothing here may list a folder or open a picture; names are given, without suffix and with forward slashes.
"""

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import NamedTuple

from p2p_datatools.contract.errors import UsageError
from p2p_datatools.contract.folders.given_splits import split_in
from p2p_datatools.contract.words import plural, shell_word

Key = Callable[[str], str | None]  # maps a picture's name to what is compared
BY_STEM = "stem"

# What the names of labels have in addition, and what those of photos have, where both come from one data set.
_OF_LABELS = (
    "mask masks gt label labels lbl manual manual1 manual2 seg segm segs segmentation segmentations segmask semantic "
    "annotation annotations anno annot ann groundtruth ground truth matte alpha trimap l class classes color colour "
    "gtfine gtcoarse labelids labeltrainids instanceids labellevel1ids labellevel2ids labellevel3ids labelcolor 1stho "
    "2ndho lab labelled labeled cp simple bin m target output out b x2 x3 x4 x8"
)
_OF_PHOTOS = (
    "image images img imgs im photo photos picture pic rgb sat training train test leftimg8bit input original orig raw "
    "anon source src a"
)
_LABEL_WORDS, _PHOTO_WORDS = _OF_LABELS.split(), _OF_PHOTOS.split()
_IN_ORDER = frozenset({"a", "input", "source", "src"}), frozenset({"b", "output", "out", "target"})
_SEPARATOR = r"[_\-. ]"
_SUFFIX_OF_FILE = re.compile(r"\.(?:png|jpe?g|tiff?|bmp|webp)$", re.IGNORECASE)  # a mask may be called car.jpg.png
# A number may be padded with zeros on one side only.
_SUGGESTED = (
    *(r"([^/]+)$", r"(\d+)$", r"(\d+)\D*$", r"^(\d+)", r"(\d+)"),
    *(r"(?<!\d)0*(\d+)$", r"(?<!\d)0*(\d+)\D*$"),
    r"([^_/]+_\d+)$",  # the kind stands in the middle, and each camera counts: t_label_left_091 and t_camera_left_091
)
_MOST_LOOKED_AT, _MOST_WAYS = 200, 6  # names, and endings, of which an expression is made
_LEAST_COUNTED = 4  # pictures, whose numbers tell that they were counted
_COUNTED = re.compile(r"(.*?)(\d{1,9})(\D*)")  # the last number in a name
LIST_SEVERAL = "list each with it in lines 'a,b' for --match FILE.csv"
"""What to do where several pictures of A belong to one of B, as hazy ones to one clear one."""


_MOST_TRIED = 100_000  # names for which an expression is looked for
_FIELDS, _RUNS = re.compile(r"[^_\-. /()]+"), re.compile(r"\d+|[^\W\d_]+")  # parts of names
_WORD = re.compile(r"[^\W\d_]+")


def key_of(expression: str) -> Key:
    """What a regular expression finds in a name: its first group, or the whole, or each of its named groups.

    Raises UsageError when it is not valid.
    """
    try:
        pattern = re.compile(expression)
    except re.error as error:
        raise UsageError(
            f"match {expression}",
            f"is not a regular expression: {error}",
            "Write stem, a FILE.csv, or an expression whose first group is what the names in A and B share, "
            "such as '(\\d+)'.",
            code="bad-expression",
        ) from error

    groups: list[str | int] = [*pattern.groupindex] or [1 if pattern.groups else 0]

    def key(name: str) -> str | None:
        hit = pattern.search(name)
        found = [hit[group] for group in groups] if hit else []
        if len(found) < 2 or found == [None] * len(found):
            return found[0] if found else None
        # A + between them is in none of them, so that 1 and 23 are not 12 and 3; pairs are called so.
        return "+".join((each or "").replace("+", "%2B") for each in found)

    return key


@dataclass(frozen=True)
class Addition:
    """What the last part of each name of a kind has in addition, before it or after it; empty text for nothing."""

    text: str = ""
    is_before: bool = False

    def remove(self, name: str) -> str | None:
        """The name without it; None if it does not have it."""
        folder, slash, base = name.rpartition("/")
        has = base.startswith(self.text) if self.is_before else base.endswith(self.text)
        if not has or len(base) == len(self.text):
            return None
        rest = base[len(self.text) :] if self.is_before else base[: len(base) - len(self.text)]
        return folder + slash + rest

    def __str__(self) -> str:
        return f"{'begin' if self.is_before else 'end'} in '{self.text}'"


@dataclass(frozen=True)
class Convention:
    """How the names of two kinds of pictures differ."""

    one: Addition
    other: Addition

    @property
    def expression(self) -> str:
        """The regular expression that finds in the names of both what they share."""
        each = [part for part in (self.one, self.other) if part.text]
        before = _either(part for part in each if part.is_before)
        after = _either(part for part in each if not part.is_before)
        return f"{before}([^/]+?){after}$" if before else f"^(.+?){after}$"

    def describe(self, one: str, other: str) -> str:
        """It in words; `one` and `other` say whose names they are."""
        said = [f"{whose} {part}" for whose, part in ((one, self.one), (other, self.other)) if part.text]
        return " and ".join(said)


def _either(parts: Iterable[Addition]) -> str:
    texts = [re.escape(part.text).replace(r"\-", "-").replace(r"\ ", " ") for part in parts]
    # A prefix stands at the beginning of a file's name, so that a part of another name is none.
    return f"(?:{'|'.join(texts)})?" if texts else ""


def find_convention(
    one: Collection[str], other: Collection[str], *, both_ways: bool = False, common: Collection[str] = ()
) -> Convention | None:
    """The one convention by which each name of `one` has a partner of its own in `other`; None if none or several has.

    `one` are those of labels, or with `both_ways` those of either kind, and it suffices that each of `other` has one.
    What stands in `common` names, which both folders have, tells no kind: 3x2 and 3x4 are two tiles.
    """
    words = (_LABEL_WORDS + _PHOTO_WORDS,) * 2 if both_ways else (_LABEL_WORDS, _PHOTO_WORDS)
    found: dict[Convention, int] = {}
    for first, second in product(_additions(one, words[0]), _additions(other, words[1])):
        convention = Convention(first, second)
        if {split_in(first.text), split_in(second.text)} == {"train", "test"}:  # test_1 is another picture than train_1
            continue
        count = _count(convention, one, other, both_ways=both_ways) if first.text or second.text else 0
        if count and not all(_is_in_any(each, common) for each in (first, second)):
            found[convention] = count
    most = max(found.values(), default=0)
    best = [convention for convention, count in found.items() if count == most]
    return best[0] if len(best) == 1 else None


def _is_in_any(addition: Addition, names: Collection[str]) -> bool:
    return bool(addition.text) and any(addition.remove(name) is not None for name in names)


def _count(convention: Convention, one: Collection[str], other: Collection[str], *, both_ways: bool) -> int:
    """How many names have a partner; 0 if not all that should have one of their own."""
    here = [name for each in one if (name := convention.one.remove(each)) is not None]
    there = [name for each in other if (name := convention.other.remove(each)) is not None]
    shared = set(here) & set(there)
    if len(set(here)) < len(here) or len(set(there)) < len(there):
        return 0
    is_whole = len(shared) == len(one) or (both_ways and len(shared) == len(other))
    return len(shared) if is_whole else 0


def _additions(names: Collection[str], words: list[str]) -> list[Addition]:
    """Nothing, and what names may have in addition: whatever one of a few of them has."""
    found = {Addition(): None}
    # An odd number, so that of pictures and labels in turn not only the ones are seen.
    for name in sorted(names)[:: max(1, len(names) // 8) | 1]:
        found |= dict.fromkeys(_additions_of(name.rpartition("/")[2], words))
    return list(found)


def _additions_of(base: str, words: list[str]) -> Iterator[Addition]:
    word = "|".join(sorted(map(re.escape, words), key=len, reverse=True))
    chain = rf"(?:{word})(?:{_SEPARATOR}(?:{word}))*"
    for place in range(1, len(base)):
        rest = base[place:]
        if (
            re.fullmatch(rf"{_SEPARATOR}+{chain}", rest, re.IGNORECASE)
            or _SUFFIX_OF_FILE.fullmatch(rest)
            or (base[place - 1].isdigit() and re.fullmatch(word, rest, re.IGNORECASE) and len(rest) > 1)
        ):
            yield Addition(rest)
        start = base[:place]
        if (re.fullmatch(rf"{chain}{_SEPARATOR}+", start, re.IGNORECASE) and not re.match(_SEPARATOR, rest)) or (
            base[place].isdigit()
            and re.fullmatch(word, start, re.IGNORECASE)
            and len(start) > 1
            and not start[-1].isdigit()  # x21 is the number 21
        ):
            yield Addition(start, is_before=True)


def additions_of_halves(names: Collection[str]) -> Iterator[tuple[Addition, Addition]]:
    """What names of A, and what those of B, in one folder may have in addition: two at a time, the likeliest first."""
    labels, photos = _additions(names, _LABEL_WORDS), _additions(names, _PHOTO_WORDS)
    # An input is the first half of pairs whatever it shows, and a target the second: only beside masks it is a photo.
    inputs, targets = ([each for each in (*labels, *photos) if _word_of(each) in known] for known in _IN_ORDER)
    yield from product(inputs, targets)
    kinds = ([each for each in kind if _word_of(each) not in {"a", "b"}] for kind in (labels, photos))
    yield from product(*kinds)


def _word_of(addition: Addition) -> str:
    return re.sub(_SEPARATOR, "", addition.text).casefold()


def split_labels(names: Collection[str]) -> list[str]:
    """The names of label pictures in a folder of pictures and their labels: a and a_mask; none where they do not tell.

    Each has, by the one convention, the name of another picture, and no picture has none.
    """
    found: list[list[str]] = []
    for addition in _additions(names, _LABEL_WORDS):
        partners = {name: rest for name in names if (rest := addition.remove(name)) is not None}
        others = set(names) - partners.keys()
        if addition.text and partners and others == set(partners.values()) and len(others) == len(partners):
            found.append(list(partners))
    return found[0] if len(found) == 1 else []


def find_beginning(name: str, known: Collection[str]) -> str:
    """The shortest of the known names that a name continues with a word, as a_mask_1 does a; nothing where none is."""
    places = (place for place, letter in enumerate(name) if letter == "_")
    return next((name[:place] for place in places if name[:place] in known), "")


def find_owners(names: Collection[str], known: Collection[str]) -> dict[str, str]:
    """The known name that each name continues with a word for labels, as a_mask_1 does a; others are left out."""
    first = {name: own for name in names if (own := find_beginning(name, known))}
    words = {name: re.split(_SEPARATOR, name[len(own) :].casefold()) for name, own in first.items()}
    return {name: own for name, own in first.items() if not set(_LABEL_WORDS).isdisjoint(words[name])}


def find_several_labels(names: Collection[str]) -> str:
    """The name of the picture that has most label pictures in a folder of both: a of a, a_mask and a_mask_1.

    Nothing where none has several, or where a name is neither of a picture with labels nor of one of these.
    """
    known = set(names)
    owners = find_owners(names, known)
    counts = Counter(owners.values())
    if counts.keys() != known - owners.keys() or any(find_beginning(name, known) for name in counts):
        return ""
    return next((name for name, count in counts.most_common(1) if count > 1), "")


def suggest_match(one: Collection[str], other: Collection[str]) -> str:
    """A sentence with the option that would give each name of the smaller collection a partner; empty if none does.

    No expression is offered where another one would make other pairs, or where what it does not compare speaks against
    them, as in 0_3 and 3_0; the sentence then says so.
    """
    if not one or not other or len(one) + len(other) > _MOST_TRIED:
        return ""
    least = min(len(one), len(other))
    whole = (*_by_affix(one, other), *_by_affix(other, one), *_by_several(one), *_by_several(other))
    expression = next((each for each in whole if len(_pair_by(each, one, other)) == least), "")
    if not expression:
        partial = [(each, pairs) for each in _SUGGESTED if len(pairs := _pair_by(each, one, other)) == least]
        sound = [(each, frozenset(pairs)) for each, pairs in partial if not _contradict(pairs)]
        if partial and len({pairs for _, pairs in sound}) != 1:
            return (
                "Parts of their names agree, but other parts speak for other pairs, so that no expression is offered: "
                "list the pairs in lines 'a,b' for --match FILE.csv. "
            )
        within = ((each, _pair_by(each, one, other)) for each in _by_word_within(one, other) if not partial)
        sound += [(each, frozenset(pairs)) for each, pairs in within if len(pairs) == least and not _contradict(pairs)]
        expression = next((each for each, _ in sound), "")
    if expression:
        which = f"all {least}" if least > 1 else "the one"
        return (
            f"If they belong together, add --match {shell_word(expression)}, which matches {which}"
            f"{_say_rest(len(one) + len(other) - 2 * least)}. "
        )
    return _suggest_one_of_several(one, other) or _suggest_one_of_several(other, one)


def _pair_by(expression: str, one: Collection[str], other: Collection[str]) -> list[tuple[str, str]]:
    """The pairs of names in which the expression finds the same; none where it finds it twice on a side."""
    key = key_of(expression)
    here, there = ([(found, name) for name in names if (found := key(name)) is not None] for names in (one, other))
    by_here, by_there = dict(here), dict(there)
    if len(by_here) < len(here) or len(by_there) < len(there):
        return []
    return [(name, by_there[found]) for found, name in by_here.items() if found in by_there]


def _contradict(pairs: Collection[tuple[str, str]]) -> bool:
    """Whether a part of the names of pairs, such as a number, has the same values in both and other ones in each pair.

    So do 0_3 and 3_0, and day/1 and night/1 where night/2 is paired with day/2. Parts of one value each, as the camera
    of a stereo pair is, say nothing.
    """
    for split in (_FIELDS, _RUNS):
        ones, others = ([split.findall(pair[side]) for pair in pairs] for side in (0, 1))
        if len({len(each) for each in (*ones, *others)}) == 1 and any(
            _differ_within_values(*columns)
            for columns in zip(zip(*ones, strict=True), zip(*others, strict=True), strict=True)
        ):
            return True
    return False


def _differ_within_values(one: Sequence[str], other: Sequence[str]) -> bool:
    """Whether two columns differ in a row though at least half of the values of one are among those of the other."""
    one, other = ([each.lstrip("0").casefold() for each in column] for column in (one, other))
    shared = {*one} & {*other}
    return one != other and len(shared) * 2 >= min(len({*one}), len({*other})) and bool(shared)


def _say_rest(count: int) -> str:
    """What becomes of names beyond those that have a partner each."""
    if not count:
        return ""
    return (
        f" and leaves {plural(count, 'picture')} of the other folder without a partner; where several belong to one, "
        f"{LIST_SEVERAL}"
    )


def _suggest_one_of_several(one: Collection[str], other: Collection[str]) -> str:
    """A sentence where each of `other` has several partners, as Cityscapes has _color and _labelIds; else empty."""
    found: dict[str, Convention] = {}
    for first, second in product(_additions(one, _LABEL_WORDS), _additions(other, _PHOTO_WORDS)):
        here = {rest for name in one if (rest := first.remove(name)) is not None}
        if first.text and not first.is_before and here >= {second.remove(name) for name in other}:
            found[first.text] = Convention(first, second)
    if len(found) < 2:
        return ""
    chosen = next(iter(found.values()))
    ends = [part for part in (chosen.one, chosen.other) if part.text and not part.is_before]
    expression = rf"^(.+?){_either(ends)[:-1]}$"
    return (
        f"Each has several partners, which end in {', '.join(found)}: say which is meant, such as --match "
        f"{shell_word(expression)} --keep-going, which leaves the others out. "
    )


def _by_several(names: Collection[str]) -> Iterator[str]:
    """An expression without what names of labels have after them in several ways: a_mask, b_label."""
    bases = [name.rpartition("/")[2] for name in sorted(names)[:_MOST_LOOKED_AT]]
    found = dict.fromkeys(each for base in bases for each in _additions_of(base, _LABEL_WORDS) if not each.is_before)
    if 1 < len(found) <= _MOST_WAYS:
        yield rf"^(.+?){_either(found)}$"


def _by_affix(longer: Collection[str], shorter: Collection[str]) -> Iterator[str]:
    """Expressions for what the first of the longer names has before or after that of another."""
    first = min(longer)
    base = first.rpartition("/")[2]
    for other in (each.rpartition("/")[2] for each in sorted(shorter)):
        if other and other != base and (base.startswith(other) or base.endswith(other)):
            is_before = not base.startswith(other)
            text = base[: len(base) - len(other)] if is_before else base[len(other) :]
            yield Convention(Addition(text, is_before), Addition()).expression
            return


def _by_word_within(one: Collection[str], other: Collection[str]) -> Iterator[str]:
    """Expressions without words that stand within names of one side, or others in those of the other, as _road.

    um_road_01 is um and _01 then, as um_01 is: the second group is as many parts of a name as stand behind the words.
    One of two expressions looks at whole paths, the other at what is behind their folders.
    """
    here, there = (_leave_words_out(names) for names in (one, other))
    both = {(here[rest], there[rest]) for rest in here if rest in there}
    found = {
        (max(a.behind, b.behind), tuple(sorted(re.escape(each) for each in {a.words, b.words} - {""})))
        for a, b in both
        if a.words or b.words
    }
    for (behind, words), start in product(sorted(found)[:_MOST_WAYS], ("", ".*/")):
        before, part = "[^/]" if start else ".", rf"{_SEPARATOR}[^-_. /]+"
        after = f"(?:{part}){{{behind}}}" if behind > 1 else part
        yield rf"^{start}(?P<x>{before}+?)(?:{'|'.join(words)})?(?P<y>{after})$"


class _Within(NamedTuple):
    """Words within a name, with the separator before them, and how many parts of it are behind them."""

    words: str = ""
    behind: int = 0


def _leave_words_out(names: Collection[str]) -> dict[str, _Within]:
    """The words within by what is left of a name; nothing by whole names."""
    bases = [name.rpartition("/")[2] for name in sorted(names)[:_MOST_LOOKED_AT]]
    found = dict.fromkeys(bases, _Within())
    for base in bases:
        starts = [hit.start() for hit in re.finditer(_SEPARATOR, base)]
        for first, start in enumerate(starts):
            for last, stop in enumerate(starts[first + 1 :], first + 1):
                if not start or not _WORD.fullmatch(base, starts[last - 1] + 1, stop):
                    break
                rest = base[:start] + base[stop:]
                if rest not in found:
                    found[rest] = _Within(base[start:stop], len(starts) - last)
    return found


def explain_shift(one: Collection[str], other: Collection[str], others: object) -> str:
    """What is odd about names that count on without a gap, from 0 these and from 1 the `others`; empty if they do not.

    Each folder may count anew. A picture of each number but the outermost has a partner then, that of another picture.
    """
    here, there = _count_up(one), _count_up(other)
    spans = [(here[way], there[way]) for way in here if way in there]
    if len(one) < _LEAST_COUNTED or not len(here) == len(there) == len(spans):
        return ""
    starts = {(one_of.start, other_of.start) for one_of, other_of in spans}
    if starts not in ({(0, 1)}, {(1, 0)}) or any(len(one_of) != len(other_of) for one_of, other_of in spans):
        return ""
    shown, beside = max(spans, key=lambda span: len(span[0]))
    return (
        f"counts from {shown.start} to {shown[-1]}, and {others} from {beside.start} to {beside[-1]}: a name is hardly "
        "that of one scene in both"
    )


def _count_up(names: Collection[str]) -> dict[tuple[str, str], range]:
    """The numbers of names by what is before and behind these; empty where a name has none, or one is missing.

    Where each folder has names of one kind they are found by the folder alone, since those of masks may end otherwise.
    """
    numbers: dict[tuple[str, str], set[int]] = {}
    for name in names:
        parts = _COUNTED.fullmatch(name)
        if parts is None:
            return {}
        numbers.setdefault((parts[1], parts[3]), set()).add(int(parts[2]))
    spans = {way: range(min(found), max(found) + 1) for way, found in numbers.items()}
    if sum(map(len, spans.values())) != len(names):
        return {}
    folders = {way: (way[0].rpartition("/")[0], "") for way in spans}
    return {folders[way]: span for way, span in spans.items()} if len({*folders.values()}) == len(spans) else spans
