"""Finds out whether names begin with what may be patients, slides or scenes, and whether a split divides these.

Nothing here may decide what goes together: such parts may as well be cameras, days or anything else.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence, Set
from statistics import median

from p2p_datatools.contract.folders.given_splits import split_in
from p2p_datatools.contract.pairs.lines import Pair
from p2p_datatools.contract.pairs.manifest import PairFolder
from p2p_datatools.contract.progress import Reporter
from p2p_datatools.contract.words import p2p_command, plural

_WORD, _BETWEEN = r"[^/_. -]+", r"[/_. -]+"
_DEPTH = 4  # words of a name that are looked at
_LEAST_PARTS, _LEAST_PAIRS = 4, 3  # of which pairs of one part are told from names that differ anyhow


def note_divided_parts(folder: PairFolder, shares: Mapping[str, float], report: Reporter) -> None:
    """Note the beginnings of names, such as patient003, that have pairs in training and in what is held out."""
    if not (expression := _find_parts([pair.name for pair in folder.pairs])):
        return
    parts = _sort_pairs(folder.pairs, expression)
    divided = [part for part, splits in parts.items() if "train" in splits and len(splits) > 1]
    if not divided:
        return
    asked = "".join(f" --{name} {share:g}" for name, share in sorted(shares.items()))
    again = p2p_command(f"data split --again{asked} --group-by", expression, folder.path)
    report.note(
        f"{folder.path}: the names begin with {len(parts)} parts, such as {min(parts)}, and "
        f"{plural(len(divided), 'of these has', 'of these have')} pairs in training and in val or test. If each is a "
        f"patient, a slide or a scene, scores will be too good: {again} keeps each in one split."
    )


def _find_parts(names: Sequence[str]) -> str | None:
    """An expression for the shortest beginning of all names that ends with a number, or a word with one, of several.

    Where all lie in one folder, or in folders of several splits, that of what follows these folders.
    """
    folders = 0
    while names and _is_above_all({name.partition("/")[0] for name in names}) and all("/" in name for name in names):
        names, folders = [name.partition("/")[2] for name in names], folders + 1
    for depth in range(_DEPTH):
        beginning = f"(?:{_WORD}{_BETWEEN}){{{depth}}}{_WORD}" if depth else _WORD
        expression = re.compile(f"^{beginning}")
        counts = defaultdict[str, int](int)
        for name in names:
            found = expression.search(name)
            if found is None or found[0] == name or split_in(name.partition("/")[0]):
                return None
            counts[found[0]] += 1
        if _are_parts(counts):
            return f"^{'[^/]+/' * folders}({beginning})" if folders else expression.pattern
    return None


def _is_above_all(tops: Set[str]) -> bool:
    """Whether the first folders of all names tell no pictures apart: one that is no split, or those of several."""
    return (len(tops) > 1) == all(map(split_in, tops))


def _are_parts(counts: dict[str, int]) -> bool:
    numbered = all(any(map(str.isdecimal, re.split(_BETWEEN, part)[-1])) for part in counts)
    return numbered and len(counts) >= _LEAST_PARTS and median(counts.values()) >= _LEAST_PAIRS


def _sort_pairs(pairs: Iterable[Pair], expression: str) -> dict[str, set[str]]:
    """The splits that have pairs of each part."""
    parts = defaultdict[str, set[str]](set)
    for pair in pairs:
        if found := re.search(expression, pair.name):
            parts[found[found.re.groups]].add(pair.split)
    return parts
