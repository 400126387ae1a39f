"""Which names of one folder each begin with a name of the other, as those of several hazy pictures of one clear one do.

Nothing here may list a folder or open a picture; names are given, and none of them is in both folders.
"""

import re
from collections import Counter
from collections.abc import Collection, Mapping

_AFTER = re.compile(r"[_\-. ]")
# What augmentation and cutting put behind a name: a picture that was turned, or is a part, does not fit the whole.
_MOVED = re.compile(
    r"(?<![a-z])(?:[hv]?flip|flipped|mirror|mirrored|rot|rotate|rotated|crop|cropped|aug|augmented|shift|shifted|zoom|"
    r"affine|elastic|warp|warped|transpose|tiles?|patch|patches|slice|frame|r(?:ow)?\d+_?c(?:ol)?\d+|x\d+_?y\d+)"
    r"(?![a-z])",
    re.IGNORECASE,
)


def find_several(many: Collection[str], few: Collection[str]) -> Mapping[str, str]:
    """For each of `many` that begins with one of `few`, up to a separator, that one: 0025_0.8_0.04 is of 0025.

    Empty where most of `few` do not have several such: names that continue others by chance, as slice 1_2 does that of
    the picture 1, have few of those. Empty, too, where one begins with two of them, or what follows says that it was
    turned or is a part: it would not fit that one.
    """
    found: dict[str, str] = {}
    for name in many:
        beginnings = [start for hit in _AFTER.finditer(name) if (start := name[: hit.start()]) in few]
        if len(beginnings) > 1 or (beginnings and _MOVED.search(name, len(beginnings[0]))):
            return {}
        if beginnings:
            found[name] = beginnings[0]
    several = [start for start, count in Counter(found.values()).items() if count > 1]
    return found if 2 * len(several) > len(few) else {}
