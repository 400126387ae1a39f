"""Shards of pairs: tar files in the layout of WebDataset, and the record that says where each pair lies in them.

Nothing here may split, match or train; a pair comes out with the pixels with which it went in.
"""

import io
import json
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np

from p2p_datatools.contract.errors import P2PError
from p2p_datatools.contract.files.atomic import catch_read_error
from p2p_datatools.contract.files.opening import open_file
from p2p_datatools.contract.pairs.lines import Pair
from p2p_datatools.contract.pairs.manifest import Half
from p2p_datatools.contract.pairs.mask_halves import class_indices
from p2p_datatools.contract.palette import Palette
from p2p_datatools.contract.pictures.arrays import Array, read_array
from p2p_datatools.contract.pictures.formats import png
from p2p_datatools.contract.pictures.images import colorize, encode_mask, read_mask
from p2p_datatools.contract.pictures.memory import open_bytes

_PNG, _NPY = "png", "npy"
_EXPORT = "Fetch the shards again, or export the pairs again."
NODATA_ENDING = "nodata.png"
"""The ending of the picture that says where the halves of a sample have no data."""


@dataclass(frozen=True)
class PairSample:
    """One sample of a shard: its key, and its files by their endings, such as a.png, b.png and json."""

    key: str
    files: Mapping[str, bytes]


def sample_key(name: str) -> str:
    """The key of a pair: its name, in which a dot, where WebDataset ends a key, is %2E and a percent sign %25."""
    return name.replace("%", "%25").replace(".", "%2E")


def encode_half(pixels: Array, half: Half, palette: Palette | None, where: Path | str) -> tuple[str, bytes]:
    """(the ending, the bytes): a mask as an indexed PNG, 8 and 16 bits of 1 or 3 channels as PNG, all else as NPY.

    Raises P2PError for a mask with colours of no class.
    """
    if half.kind == "mask" and palette is not None and pixels.dtype == np.uint8:
        return _PNG, encode_mask(class_indices(pixels, palette, where=where), palette)
    if half.channels in (1, 3) and half.dtype in ("uint8", "uint16"):
        return _PNG, b"".join(png.encode(pixels))
    buffer = io.BytesIO()
    np.save(buffer, pixels, allow_pickle=False)
    return _NPY, buffer.getvalue()


def json_of(pair: Pair) -> bytes:
    """What the json of a sample says of its pair: all that the manifest does, but for its file."""
    value = {key: part for key, part in pair.to_json().items() if key != "file"}
    return json.dumps(value, ensure_ascii=False).encode()


class ShardWriter:
    """Writes samples into a tar, the same bytes for the same samples, and says where each file lies in it."""

    def __init__(self, file: IO[bytes]) -> None:
        self._tar = tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT)  # noqa: SIM115

    def add(self, sample: PairSample) -> dict[str, tuple[int, int]]:
        """Write a sample; returns (first byte, number of bytes) of each of its files."""
        places = {}
        for ending, data in sample.files.items():
            info = tarfile.TarInfo(f"{sample.key}.{ending}")
            info.size, info.mode = len(data), 0o644
            self._tar.addfile(info, io.BytesIO(data))
            padded = -(-len(data) // tarfile.BLOCKSIZE) * tarfile.BLOCKSIZE
            places[ending] = (self._tar.offset - padded, len(data))
        return places

    def close(self) -> None:
        """Write the end of the tar."""
        self._tar.close()


def read_sample_half(folder: Path, pair: Pair, side: str, half: Half, palette: Palette | None) -> Array:
    """Half a or b of a pair in a shard, as it was exported; a mask in the colours of its palette.

    Raises P2PError when the shard cannot be read there, or holds another picture than the record says.
    """
    assert pair.shard is not None, "the pair lies in a shard"
    ending = next((each for each in (f"{side}.{_PNG}", f"{side}.{_NPY}") if each in pair.shard.places), side)
    where = f"{folder / pair.shard.file}: {sample_key(pair.name)}.{ending}"
    picture = open_bytes(read_place(folder, pair, ending), where)
    if ending.endswith(_PNG) and half.kind == "mask" and palette is not None and half.dtype == "uint8":
        pixels: Array = colorize(read_mask(picture, palette), palette)
        pixels = pixels if half.channels == 3 else np.ascontiguousarray(pixels[..., 0])
    else:
        pixels = read_array(picture)
    shape = (pair.size.height, pair.size.width, *((half.channels,) if half.channels > 1 else ()))
    if (pixels.shape, pixels.dtype.name) != (shape, half.dtype):
        what = f"is {pixels.shape} of {pixels.dtype}, but the record says {shape} of {half.dtype}"
        raise P2PError(where, what, _EXPORT, code="form-differs")
    return pixels


def read_place(folder: Path, pair: Pair, ending: str) -> bytes:
    """The bytes of one file of a pair in a shard; raises P2PError when the shard is shorter, or cannot be read."""
    assert pair.shard is not None, "the pair lies in a shard"
    path, place = folder / pair.shard.file, pair.shard.places.get(ending)
    if place is None:
        where = f"{path}: {sample_key(pair.name)}.{ending}"
        raise P2PError(where, "is not in the record of the shards", _EXPORT, code="damaged-file")
    first, length = place
    with catch_read_error(path), open_file(path) as file:
        file.seek(first)
        data = file.read(min(length, path.stat().st_size))
    if len(data) != length:
        what = f"ends before the {ending} of {pair.name}"
        raise P2PError(path, what, "Fetch or copy the shard again.", code="truncated-shard")
    return data


def chunks_of(pairs: Sequence[Pair], size: int) -> Iterator[tuple[Pair, ...]]:
    """The pairs in groups of `size`, the last smaller."""
    for first in range(0, len(pairs), size):
        yield tuple(pairs[first : first + size])
