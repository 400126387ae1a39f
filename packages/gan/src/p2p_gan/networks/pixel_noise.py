"""Random numbers of pixels that follow from a key and the place alone, so that any part of a picture has them at once.

Nothing here may depend on torch, or keep a state: the same numbers are made by all runtimes, and in the browser.
"""

import numpy as np
from numpy.typing import NDArray

KEYS = 2**24
"""Keys are whole numbers below this: as many as torch draws from one word of 32 bits in all its versions."""
_STEP = np.uint32(0x9E3779B9)  # 2^32 divided by the golden ratio, so that places next to each other lie far apart
DEVIATIONS = 12**0.5
"""How many standard deviations a uniform distribution is wide."""


def pixel_noise(key: int, channels: int, rows: range, width: int) -> NDArray[np.float32]:
    """Uniform numbers of mean 0 and variance 1, (channels, rows, width) float32, the same bits everywhere."""
    layers = _mix(np.uint32(key) + np.arange(channels, dtype=np.uint32) * _STEP)
    lines = _mix(layers[:, None] + np.arange(rows.start, rows.stop, dtype=np.uint32) * _STEP)
    places = np.arange(width, dtype=np.uint32) * _STEP
    values = np.empty((*lines.shape, width), np.float32)
    # A channel at a time, whose numbers a processor's cache holds.
    for line, channel in zip(lines, values, strict=True):
        words = _mix(line[:, None] + places)
        words >>= np.uint32(8)
        channel[:] = words
        channel *= np.float32(2**-24)
        channel -= np.float32(0.5)
        channel *= np.float32(DEVIATIONS)
    return values


def _mix(words: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """A bijection of 32 bits in which each bit depends on all others (lowbias32 of C. Wellons, hash-prospector).

    It changes `words` and returns them.
    """
    shifted = words >> np.uint32(16)
    words ^= shifted
    words *= np.uint32(0x21F0AAAD)
    words ^= np.right_shift(words, np.uint32(15), out=shifted)
    words *= np.uint32(0xD35A2D97)
    words ^= np.right_shift(words, np.uint32(15), out=shifted)
    return words
