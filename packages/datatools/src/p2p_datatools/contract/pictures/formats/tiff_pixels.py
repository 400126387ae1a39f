"""The pixels of TIFFs of numbers that tifffile alone does not unpack: LZW, Zstandard, predicted floats, 12 bits.

Nothing here may say what the values mean, or which page is read.
"""

import io
import struct
from typing import Any

import numpy as np
from numpy.typing import NDArray

from p2p_datatools.contract.pictures.pillow import open_image

_PLANES = 2  # of PlanarConfiguration (tag 284)
_LZW, _ZSTD = 5, 50000  # values of Compression (tag 259) for which tifffile asks for a package of its own
_UNPACKED = (1, _LZW, 8, 32773, 32946, 34925, _ZSTD)  # those that keep bytes, which libtiff unpacks
_PLAIN_BITS = (1, 8, 16, 32, 64)  # of a value, which tifffile knows
_MOST_BITS = 16  # of values that are packed without gaps
_DELTA, _FLOAT = 2, 3  # values of Predictor (tag 317)
_BAND = 1 << 24  # bytes that are unpacked at a time


def find_foreign_packing(page: Any) -> str:
    """The name of a page's compression, or the bits of its values, if they are not read, by imagecodecs neither."""
    import tifffile

    if page.compression not in _UNPACKED and page.compression not in tifffile.TIFF.DECOMPRESSORS:
        return getattr(page.compression, "name", f"number {page.compression}")
    is_known = page.bitspersample in _PLAIN_BITS or page.bitspersample <= _MOST_BITS
    return "" if is_known else f"{page.bitspersample} bits a value"


def needs_unpacking(key: Any) -> bool:
    """Whether tifffile alone cannot unpack pages that are as this one."""
    is_packed = key.compression in (_LZW, _ZSTD) or key.predictor == _FLOAT or key.bitspersample not in _PLAIN_BITS
    return bool(is_packed and key.compression in _UNPACKED and key.imagedepth == 1)


def page_values(page: Any) -> NDArray[Any]:
    """The values of a page of an open TIFF, as `asarray` of tifffile gives them; raises what libraries raise.

    libtiff unpacks bytes whatever they mean: it is given those of the page as a grey picture of 8 bits.
    """
    key = page.keyframe
    if not needs_unpacking(key):
        return np.asarray(page.asarray())
    planes = key.samplesperpixel if key.planarconfig == _PLANES else 1
    found = [_plane_values(page, plane, key.samplesperpixel // planes) for plane in range(planes)]
    return np.asarray(np.stack(found) if planes > 1 else found[0]).reshape(page.shape)


def _plane_values(page: Any, plane: int, samples: int) -> NDArray[Any]:
    """The values (height, width, samples) of one plane."""
    key = page.keyframe
    tall, wide = (
        (key.tilelength, key.tilewidth) if key.is_tiled else (min(key.rowsperstrip, key.imagelength), key.imagewidth)
    )
    across, down = -(-key.imagewidth // wide), -(-key.imagelength // tall)
    row_bytes = -(-wide * samples * key.bitspersample // 8)
    at_once = max(1, _BAND // (tall * across * row_bytes))
    values = np.empty((key.imagelength, across * wide, samples), key.dtype)
    for first in range(0, down, at_once):
        start = (plane * down + first) * across
        segments = _read_segments(page, range(start, start + min(at_once, down - first) * across))
        rows = min(at_once * tall, key.imagelength - first * tall)
        raw = _unpack(key, segments, (rows, across * row_bytes), (tall, row_bytes))
        band = _unpredict(raw.reshape(rows, across, row_bytes), key, wide, samples)
        values[first * tall : first * tall + rows] = band.reshape(rows, -1, samples)
    return values[:, : key.imagewidth]


def _read_segments(page: Any, places: range) -> list[bytes]:
    handle, found = page.parent.filehandle, list[bytes]()
    for place in places:
        handle.seek(page.dataoffsets[place])
        found.append(handle.read(page.databytecounts[place]))
    return found


def _unpack(key: Any, segments: list[bytes], shape: tuple[int, int], segment: tuple[int, int]) -> NDArray[np.uint8]:
    """Strips or tiles as bytes (height, width), by a TIFF 6.0 that has them as pixels."""
    sizes = [len(each) for each in segments]
    starts = np.cumsum([8, *sizes])
    lists = starts[-1] + np.arange(2) * 4 * len(sizes)
    where = (324, 325) if key.is_tiled else (273, 279)  # offsets and byte counts
    tags = {256: shape[1], 257: shape[0], 258: 8, 259: key.compression, 262: 1, 266: key.fillorder, 277: 1}
    tags |= {322: segment[1], 323: segment[0]} if key.is_tiled else {278: segment[0]}
    single = len(sizes) == 1
    entries = [(tag, 1, value) for tag, value in tags.items()]
    entries += [(where[0], len(sizes), 8 if single else int(lists[0]))]
    entries += [(where[1], len(sizes), sizes[0] if single else int(lists[1]))]
    directory = b"".join(struct.pack("<HHII", tag, 4, count, value) for tag, count, value in sorted(entries))
    stream = io.BytesIO()
    stream.write(struct.pack("<2sHI", b"II", 42, int(lists[1]) + 4 * len(sizes)) + b"".join(segments))
    stream.write(np.array([starts[:-1], sizes], "<u4").tobytes())
    stream.write(struct.pack("<H", len(entries)) + directory + bytes(4))
    with open_image(stream) as image:
        return np.asarray(image)


def _unpredict(raw: NDArray[np.uint8], key: Any, wide: int, samples: int) -> NDArray[Any]:
    """The values (rows, across, width * samples) of rows of bytes (TIFF 6.0, section 14, and its technical note 3)."""
    own = np.dtype(key.dtype)
    rows, across = raw.shape[:2]
    if key.predictor == _FLOAT:
        parts = np.cumsum(raw.reshape(rows, across, -1, samples), axis=2, dtype=np.uint8)
        parts = parts.reshape(rows, across, own.itemsize, -1).swapaxes(2, 3)
        return np.asarray(np.ascontiguousarray(parts).view(own.newbyteorder(">"))[..., 0])
    if key.bitspersample not in _PLAIN_BITS:
        bits = np.unpackbits(raw, axis=2)[..., : wide * samples * key.bitspersample]
        words = np.packbits(bits.reshape(rows, across, -1, key.bitspersample), axis=3)
        whole = words.view(f">u{own.itemsize}")[..., 0]
        return np.asarray(whole >> whole.dtype.type(8 * own.itemsize - key.bitspersample))
    values = np.asarray(raw.view(own.newbyteorder(key.parent.byteorder)))
    if key.predictor != _DELTA:
        return values
    whole = values.view(f"{key.parent.byteorder}u{own.itemsize}").reshape(rows, across, wide, samples)
    return np.asarray(np.cumsum(whole, axis=2, dtype=f"u{own.itemsize}").view(own))
