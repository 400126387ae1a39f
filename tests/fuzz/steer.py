"""Random numbers that bytes decide, so that who chooses the bytes steers which mutations are made.

Nothing here may know what the numbers are used for.
"""

import zlib
from random import Random


class SteeredRandom(Random):
    """Random numbers out of bytes; when these are used up, out of a generator whose seed they are.

    The same bytes give the same numbers, and a byte that is changed changes few of those before the bytes' end.
    """

    def __init__(self, data: bytes) -> None:
        super().__init__(zlib.crc32(data))
        self._data, self._at = data, 0

    def random(self) -> float:
        """A number from 0 to below 1, out of two bytes."""
        return self._take(2) / (1 << 16) if self._has(2) else super().random()

    def getrandbits(self, k: int, /) -> int:
        """A whole number of `k` bits."""
        count = (k + 7) // 8
        return self._take(count) & ((1 << k) - 1) if self._has(count) else super().getrandbits(k)

    def _has(self, count: int) -> bool:
        return self._at + count <= len(self._data)

    def _take(self, count: int) -> int:
        self._at += count
        return int.from_bytes(self._data[self._at - count : self._at], "little")
