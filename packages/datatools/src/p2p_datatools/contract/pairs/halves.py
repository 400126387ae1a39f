"""The two halves of a pair as they lie on the disk: side by side in one PNG, or as two TIFFs; written and read exactly.

Nothing here may resize or recolour: a half comes out as it went in, or an error says why it cannot.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from p2p_datatools.contract.errors import P2PError
from p2p_datatools.contract.pairs.lines import Pair
from p2p_datatools.contract.pairs.manifest import HEADER, PAIR_LINES, Half, PairFolder
from p2p_datatools.contract.pairs.shard_files import NODATA_ENDING, read_place, read_sample_half
from p2p_datatools.contract.pictures.arrays import Array, read_array, write_tiff
from p2p_datatools.contract.pictures.header import Form, PictureFile, open_picture
from p2p_datatools.contract.pictures.images import Photo, as_rgb, hash_pixels, read_photo, size_of, write_png
from p2p_datatools.contract.pictures.memory import open_bytes
from p2p_datatools.contract.pictures.nodata import Gaps
from p2p_datatools.contract.pictures.sizes import Size
from p2p_datatools.contract.words import p2p_command, plural

_PROMOTION = 257  # 255 * 257 = 65535: what an 8-bit value is multiplied by to share a 16-bit picture


class OddWidthError(P2PError):
    """An A|B picture has no middle."""


class Store(NamedTuple):
    """How halves are stored: `shared` in one picture of `channels` and `dtype`, else each in a TIFF of its own."""

    shared: bool
    channels: int
    dtype: str


_PLAIN = Store(True, 3, "uint8")  # what every other tool expects


class StoredHalves(NamedTuple):
    """A pair's halves as they were before they were joined, and the hash of what lies on the disk."""

    a: Array
    b: Array
    hash: str


class NoDataPlanes(NamedTuple):
    """Where the halves of a pair have no data: (height, width) each."""

    a: Gaps
    b: Gaps

    @property
    def either(self) -> Gaps:
        """Where at least one of the halves has none."""
        return self.a | self.b

    @property
    def picture(self) -> NDArray[np.uint8]:
        """Both side by side as halves are, (height, 2 * width): 255 where there are no data, else 0."""
        return np.concatenate((self.a, self.b), axis=1).astype(np.uint8) * np.uint8(255)


def store_of(a: Half, b: Half) -> Store:
    """Halves of 1 or 3 channels of 8 or 16 bits share a PNG, of the larger number and depth of the two."""
    dtypes, channels = {a.dtype, b.dtype}, {a.channels, b.channels}
    shared = dtypes <= {"uint8", "uint16"} and channels <= {1, 3}
    return Store(shared, max(channels), "uint16" if "uint16" in dtypes else "uint8")


def is_plain(folder: PairFolder) -> bool:
    """Whether pairs are what every other tool expects: 8-bit RGB pictures, A left and B right."""
    return store_of(folder.a, folder.b) == _PLAIN


def refuse_unequal(a: Array, b: Array, *, where: str) -> None:
    """Raise P2PError when two halves differ in size."""
    if size_of(a) != size_of(b):
        to_do = f"If both show the same, 'p2p data pair' with --size {size_of(b)} scales both; else take two of one."
        raise P2PError(where, f"the halves differ in size: {size_of(a)} and {size_of(b)}", to_do, code="mask-size")


def join(a: Array, b: Array, *, where: str, store: Store = _PLAIN) -> Array:
    """One picture (height, 2 * width[, 3]) of two of equal size; raises P2PError when the sizes differ."""
    refuse_unequal(a, b, where=where)
    height, width = a.shape[:2]
    picture = np.empty((height, 2 * width, 3)[: 2 + (store.channels > 1)], dtype=store.dtype)
    for half, place in ((a, picture[:, :width]), (b, picture[:, width:])):
        place[...] = half[..., None] if half.ndim < place.ndim else half
        if half.dtype != place.dtype:
            place *= _PROMOTION
    return picture


def halve(picture: Array, *, where: str) -> tuple[Array, Array]:
    """The left and the right half; raises P2PError when the width is odd, since it then has no middle."""
    refuse_odd(picture.shape[1], where=where)
    middle = picture.shape[1] // 2
    return picture[:, :middle], picture[:, middle:]


def refuse_odd(width: int, *, where: str) -> None:
    """Raise P2PError when a picture of this width cannot be two halves of equal size."""
    if width % 2:
        what = f"is {width} pixels wide, an odd number, so it is not two halves of equal size"
        raise OddWidthError(where, what, "Remove it or make it again.", code="odd-width")


def read_pair(path: Path) -> tuple[Photo, Photo]:
    """Read an 8-bit A|B picture and give its halves, each uint8 RGB (height, width, 3)."""
    return halve(read_photo(path), where=str(path))


def files_of(place: str, store: Store) -> tuple[str, ...]:
    """The files of the pair at `place`, a relative path without suffix."""
    return (f"{place}.png",) if store.shared else (f"{place}.a.tif", f"{place}.b.tif")


def write_halves(paths: Sequence[Path], a: Array, b: Array, store: Store, *, where: str) -> str:
    """Write two halves of equal size, atomically but not durably; gives the hash by which the pair is known."""
    if store.shared:
        picture = join(a, b, where=where, store=store)
        write_png(paths[0], picture, durable=False)
        return hash_pixels(picture)
    refuse_unequal(a, b, where=where)
    for path, half in zip(paths, (a, b), strict=True):
        write_tiff(path, half, durable=False)
    return hash_both(a, b)


def hash_of(a: Array, b: Array, store: Store, *, where: str) -> str:
    """The hash that `write_halves` gives, without writing."""
    return hash_pixels(join(a, b, where=where, store=store)) if store.shared else hash_both(a, b)


def hash_both(a: Array, b: Array) -> str:
    """One hash of two halves that lie in two files."""
    return hashlib.sha256(f"{hash_pixels(a)} {hash_pixels(b)}".encode()).hexdigest()


def read_halves(folder: PairFolder, pair: Pair, *, over_white: list[Path] | None = None) -> StoredHalves:
    """Read a pair of a folder, which must have the hash that is in its manifest.

    Grey is (height, width), more channels (height, width, channels). One that is not opaque is laid over white and
    added to `over_white`. Raises P2PError when a file is damaged, does not have the depth and channels that the
    manifest says, or has other pixels.
    """
    halves = read_stored(folder, pair, over_white=over_white)
    refuse_changed(folder, pair, halves)
    return halves


def read_nodata(folder: PairFolder, pair: Pair) -> NoDataPlanes | None:
    """Where the halves of a pair have no data, None where all have: then no file is opened.

    Losses and scores leave these pixels out; `read_halves` gives them filled with a value of their picture. Raises
    P2PError when the picture that says so is damaged, of another size than the pair, or not that of the manifest.
    """
    if pair.nodata is None:
        return None
    path = folder.path / pair.nodata_file
    if pair.shard is not None:
        path = folder.path / pair.shard.file
        picture = read_array(
            open_bytes(read_place(folder.path, pair, NODATA_ENDING), f"{path}: {pair.name}.{NODATA_ENDING}")
        )
    else:
        picture = _exactly(path, Half("", "picture", 1, "uint8"))
    if size_of(picture) != Size(2 * pair.size.width, pair.size.height):
        what = (
            f"is {size_of(picture)}, but the halves of its pair are {pair.size}, which makes {2 * pair.size.width} wide"
        )
        raise P2PError(path, what, how_to_renew(folder), code="nodata-size")
    if hash_pixels(picture) != pair.nodata:
        what = "does not say what the manifest knows of where data are missing (its hash differs)"
        raise P2PError(path, what, how_to_renew(folder), code="hash-differs")
    return NoDataPlanes(*(half > 0 for half in halve(picture, where=str(path))))


def refuse_missing_pair(folder: PairFolder, pair: Pair) -> None:
    """Raise P2PError for a file of a pair that is gone; of shards, which hold several pairs, none is looked for."""
    for file in () if pair.shard else (folder.path / each for each in pair.files):
        if not file.is_file():
            again = p2p_command("data split", folder.path)
            to_do = (
                f"Restore it, or delete {HEADER} and split again with {again}."
                if folder.foreign
                else "Restore it, or run the 'p2p data pair' that made it: it is made again, or leaves the manifest "
                "where its pictures are gone, too."
            )
            raise P2PError(file, "is in the manifest, but does not exist", to_do, code="missing-pair")


def how_to_renew(folder: PairFolder) -> str:
    """What to do about a picture that is not what the manifest says: pairing again keeps every file that is there."""
    if folder.foreign:
        again = p2p_command("data split", folder.path)
        return f"Restore it, or delete {HEADER} and {PAIR_LINES} and split again with {again}."
    return "Restore it, or delete it and pair again with 'p2p data pair'."


def refuse_changed(folder: PairFolder, pair: Pair, halves: StoredHalves) -> None:
    """Raise P2PError when the halves of a pair are not those that its manifest knows by their hash."""
    if pair.hash and halves.hash != pair.hash:
        what = "is not the picture in the manifest (its hash differs)"
        raise P2PError(folder.path / pair.file, what, how_to_renew(folder), code="hash-differs")


def load_halves(folder: PairFolder, pair: Pair, *, over_white: list[Path] | None = None) -> tuple[Array, Array]:
    """Read a pair as `read_halves` does; its pixels are hashed only where the manifest has a hash to compare with."""
    if pair.hash:
        a, b, _ = read_halves(folder, pair, over_white=over_white)
        return a, b
    return _read_parts(folder, pair, over_white)[:2]


def read_stored(
    folder: PairFolder, pair: Pair, *, over_white: list[Path] | None = None, picture: PictureFile | None = None
) -> StoredHalves:
    """Read a pair as `read_halves` does, but whatever its hash is: to look at it, or to find all that is wrong.

    The file of a pair of another tool may be open as `picture` already.
    """
    try:
        a, b, shared = _read_parts(folder, pair, over_white, picture)
    except P2PError:
        refuse_missing_pair(folder, pair)
        raise
    if pair.shard is not None:
        return StoredHalves(a, b, hash_of(a, b, store_of(folder.a, folder.b), where=pair.name))
    return StoredHalves(a, b, hash_both(a, b) if shared is None else hash_pixels(shared))


def _read_parts(
    folder: PairFolder, pair: Pair, over_white: list[Path] | None, opened: PictureFile | None = None
) -> tuple[Array, Array, Array | None]:
    """The halves, and the picture that they share, if they do."""
    if pair.shard is not None:
        sides = zip(("a", "b"), (folder.a, folder.b), strict=True)
        a, b = (read_sample_half(folder.path, pair, side, half, folder.palette) for side, half in sides)
        return a, b, None
    store, path = store_of(folder.a, folder.b), folder.path / pair.file
    count, wanted = len(pair.half_files), 1 if store.shared else 2
    if count != wanted:
        what = f"its pair lies in {plural(count, 'file')}, but halves as the manifest says them lie in {wanted}"
        raise P2PError(path, what, how_to_renew(folder), code="form-differs")
    if not store.shared:
        a, b = (
            _exactly(folder.path / file, each) for file, each in zip(pair.half_files, (folder.a, folder.b), strict=True)
        )
        refuse_unequal(a, b, where=str(path))
        return a, b, None
    if is_plain(folder):
        picture: Array = read_photo(opened or path, over_white=over_white)
    else:
        picture = _exactly(path, Half("", "picture", store.channels, store.dtype))
    a, b = halve(picture, where=str(path))
    return _part(a, folder.a), _part(b, folder.b), picture


def _exactly(path: Path, half: Half) -> Array:
    with open_picture(path) as picture:
        form = picture.header.form
        if form != Form(half.channels, half.dtype):
            what = f"has {form}, but the manifest says {half.channels} of {half.dtype}"
            raise P2PError(path, what, "Pair again with 'p2p data pair'.", code="form-differs")
        return read_array(picture)


def _part(pixels: Array, half: Half) -> Array:
    """A half out of the shared picture, with the channels and depth that it had."""
    if pixels.ndim == 3 and half.channels == 1:
        pixels = pixels[..., 0]
    return pixels if pixels.dtype == half.dtype else (pixels // _PROMOTION).astype(half.dtype)


def as_photo(pixels: Array, half: Half) -> Photo:
    """A half for display, uint8 RGB: its range becomes black to white; of many channels the first three.

    Of a half of several parts it is the mean of these, so that each is seen.
    """
    if half.parts:
        ends = np.cumsum([part.channels for part in half.parts])[:-1]
        shown = [as_photo(part, replace(half, parts=())) for part in np.split(pixels, ends, axis=2)]
        return np.asarray(np.rint(np.mean(shown, axis=0)), np.uint8)
    if half.dtype != "uint8":
        low, high = half.range
        scaled = (pixels.astype(np.float64) - low) * (255 / (high - low) if high > low else 1)
        pixels = np.clip(np.rint(scaled), 0, 255).astype(np.uint8)
    if pixels.ndim == 3 and pixels.shape[2] < 3:
        pixels = pixels[..., 0]
    return as_rgb(pixels)[..., :3]
