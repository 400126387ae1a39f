"""The signatures of many pictures, out of memory: written one after the other, read whole or as corners of many.

Nothing here may compare pictures, or hold more in memory of each than where it lies and its outline.
"""

from array import array
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from p2p_datatools.contract.files.scratch import ScratchFile
from p2p_datatools.likeness.signature import PictureSignature

CORNER = np.dtype([("bits", np.uint8, (32,)), ("point", np.float32, (2,)), ("size", np.uint8)])
MOST_CORNERS = 256  # of a picture
_BYTES = 24_500  # of a usual signature, and of the votes and sorted corners that the search for candidates writes
_OUTLINE = 32  # bytes


class SignatureStore:
    """Signatures by their numbers, in the order in which they were appended; any thread may read.

    48 bytes of each are held in memory, the rest, up to 10 KB, in temporary files once there are some thousands.
    `expected` is how many will come, for which there has to be room.
    """

    def __init__(self, signatures: Iterable[PictureSignature] = (), *, expected: int = 0) -> None:
        self._corners, self._thumbnails = ScratchFile(expected * _BYTES), ScratchFile()
        self._first_corner, self._first_pixel = array("Q", [0]), array("Q", [0])
        self._sides = array("H")  # width and height of the frame, then of the thumbnail
        self._outlines = bytearray()
        for each in signatures:
            self.append(each)

    def __len__(self) -> int:
        return len(self._first_corner) - 1

    def append(self, signature: PictureSignature) -> None:
        """Add the signature of the next picture."""
        count = len(signature.bits)
        assert count <= MOST_CORNERS, "a corner's number in its picture has eight bits"
        corners = np.empty(count, CORNER)
        corners["bits"], corners["point"], corners["size"] = signature.bits, signature.points, signature.sizes
        self._corners.append(corners.tobytes())
        self._thumbnails.append(signature.thumbnail.tobytes())
        self._first_corner.append(self._first_corner[-1] + count)
        self._first_pixel.append(self._first_pixel[-1] + signature.thumbnail.size)
        self._sides.extend((signature.width, signature.height, *signature.thumbnail.shape[::-1]))
        self._outlines += signature.outline.tobytes()

    def read(self, number: int) -> PictureSignature:
        """The signature of a picture."""
        corners = self.corners(number, number + 1)
        start, end = self._first_pixel[number], self._first_pixel[number + 1]
        width, height, columns, rows = self._sides[4 * number : 4 * number + 4]
        thumbnail = np.frombuffer(self._thumbnails.read(start, end - start), np.uint8).reshape(rows, columns)
        points, sizes, bits = (np.ascontiguousarray(corners[name]) for name in ("point", "size", "bits"))
        outline = np.frombuffer(self._outlines[_OUTLINE * number : _OUTLINE * (number + 1)], np.uint8)
        return PictureSignature(points, sizes, bits, thumbnail, outline, width, height)

    def corners(self, begin: int, end: int) -> NDArray[np.void]:
        """The corners of the pictures from `begin` to before `end`, of dtype `CORNER`."""
        start, stop = self._first_corner[begin], self._first_corner[end]
        return np.frombuffer(self._corners.read(start * CORNER.itemsize, (stop - start) * CORNER.itemsize), CORNER)

    def first_corners(self) -> NDArray[np.int64]:
        """How many corners the pictures before each have (n + 1,), and at last all."""
        return np.array(self._first_corner, np.int64)

    def outlines(self) -> NDArray[np.uint8]:
        """The outlines of all (n, 32)."""
        return np.frombuffer(bytes(self._outlines), np.uint8).reshape(-1, _OUTLINE)

    def frames(self, begin: int, end: int) -> NDArray[np.float32]:
        """Width and height of the frames of some pictures (n, 2)."""
        return np.array(self._sides[4 * begin : 4 * end], np.float32).reshape(-1, 4)[:, :2]
