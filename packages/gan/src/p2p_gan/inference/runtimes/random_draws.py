"""Draws dropout and noise without torch: for a seed the same numbers that torch's generator on the CPU gives.

Nothing here may draw in another order or number than the networks do, or a picture would depend on its runtime.
"""

import math
from typing import Any

import numpy as np
from numpy.random.bit_generator import ISeedSequence
from numpy.typing import DTypeLike, NDArray

from p2p_gan.networks.architecture import DropoutLayer

_WORD = 2**32
_FRACTION = np.uint32(0xFFFFFF)
_PART = 16  # normal numbers that torch makes at once, from 8 pairs of uniform ones


class _BlankState(ISeedSequence):
    """State of a source before it is seeded; NumPy's own takes three times as long to draw it."""

    def generate_state(self, n_words: int, dtype: DTypeLike = np.uint32) -> NDArray[Any]:
        return np.ones(n_words, dtype)


_BLANK = _BlankState()


class RandomSource:
    """The Mersenne twister (Matsumoto and Nishimura 1998) that torch.Generator() is, seeded as torch seeds it."""

    def __init__(self, seed: int) -> None:
        # torch takes the lowest 32 bits of a seed, and seeds as the authors' first program does, which numpy still can.
        self._state = np.random.RandomState(np.random.MT19937(_BLANK))  # type: ignore[arg-type]  # any ISeedSequence
        self.seed(seed)

    def seed(self, seed: int) -> None:
        """Begin again, as a new source of this seed would: seeding takes a tenth of the time of making one."""
        self._state.seed(seed % _WORD)

    def words(self, count: int) -> NDArray[np.uint32]:
        """Whole numbers of 32 bits."""
        return self._state.randint(0, _WORD, count, np.uint32)

    def below(self, end: int) -> int:
        """A whole number from 0 to below `end`, at most 2^27, as torch.randint gives it from one word."""
        return int(self.words(1)[0]) % end

    def _uniform(self, count: int) -> NDArray[np.float32]:
        """Numbers from 0 to below 1 as torch.rand gives them: the lowest 24 bits of a word."""
        return (self.words(count) & _FRACTION).astype(np.float32) * np.float32(2**-24)

    def dropout(self, layer: DropoutLayer, height: int, width: int) -> NDArray[np.float32]:
        """What a layer multiplies its values by, (1, channels, height, width): 0, or 1 / (1 - share) where it keeps."""
        shape = (1, layer.channels, height, width)
        # A uniform number is at least the share where its whole number of 24 bits is: no float is made of each.
        least = np.uint32(math.ceil(float(np.float32(layer.share)) * 2**24))
        kept = (self.words(math.prod(shape)) & _FRACTION >= least).reshape(shape)
        return kept * np.float32(1 / (1 - layer.share))

    def normal(self, count: int) -> NDArray[np.float32]:
        """Normal numbers as torch.randn gives them (Box and Muller 1958), but for their last digit."""
        if count < _PART:
            return self._few_normal(count)
        values = self._uniform(count)
        for first in range(0, count - _PART + 1, _PART):
            values[first : first + _PART] = _pairs(values[first : first + _PART])
        if count % _PART:  # the last ones are made anew, of numbers of their own
            values[-_PART:] = _pairs(self._uniform(_PART))
        return values

    def _few_normal(self, count: int) -> NDArray[np.float32]:
        """So few are made in double precision, two at a time."""
        words = self.words(4 * math.ceil(count / 2)).astype(np.uint64).reshape(-1, 2, 2)
        uniform = ((words[..., 0] << np.uint64(32) | words[..., 1]) & np.uint64(2**53 - 1)) * 2.0**-53
        radius, angle = np.sqrt(-2 * np.log1p(-uniform[:, 1])), 2 * np.pi * uniform[:, 0]
        both = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)
        return both.reshape(-1)[:count].astype(np.float32)


def _pairs(uniform: NDArray[np.float32]) -> NDArray[np.float32]:
    half = _PART // 2
    radius = np.sqrt(-2 * np.log(1 - uniform[:half]))
    angle = np.float32(2 * np.pi) * uniform[half:]
    return np.concatenate([radius * np.cos(angle), radius * np.sin(angle)])
