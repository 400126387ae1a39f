"""How far two ways of computing a model are apart for pictures of one colour, in which nothing varies but rounding.

Nothing here may know how either of them computes.
"""

import numpy as np

from p2p_gan.inference.runtimes.translator import PassOptions, Translator


def difference_for_blank(one: Translator, other: Translator, size: tuple[int, int]) -> float:
    """The largest difference for black, grey and white of (height, width), as a whole and with a part of padding."""
    found = 0.0
    for value in (0, 77, 255):
        picture = np.full((*size, 3), value, dtype=np.uint8)
        for valid in ((1.0, 1.0), (0.7, 0.61)):
            first, second = (each.values(picture, PassOptions("picture", valid, None)) for each in (one, other))
            found = max(found, float(np.abs(first - second).max()))
    return found
