"""Where pictures lie on the ground, as the tags of GeoTIFFs or files beside them say, and whether two lie in one place.

Nothing here may read pixels, or convert between systems of coordinates: places in two of these are not compared.
"""

import contextlib
import html  # xml.sax.saxutils would load the modules of the network
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from p2p_datatools.contract.errors import P2PError
from p2p_datatools.contract.files.opening import open_file
from p2p_datatools.contract.pictures.formats.gdal import read_pam
from p2p_datatools.contract.pictures.header import PictureFile, any_header, open_picture
from p2p_datatools.contract.pictures.pages import AS_USUAL, ReadOptions, open_tiff
from p2p_datatools.contract.pictures.pillow import explain_damage
from p2p_datatools.contract.pictures.sizes import Size
from p2p_datatools.contract.progress import Reporter
from p2p_datatools.contract.words import plural

# Tags of GeoTIFF 1.1 (OGC 19-008), and keys in its directory.
_SCALE, _TIE_POINT, _MATRIX, _KEYS, _NUMBERS, _TEXTS = 33550, 33922, 34264, 34735, 34736, 34737
_RASTER_TYPE, _IS_POINT, _GEOGRAPHIC, _PROJECTED, _USER_DEFINED = 1025, 2, 2048, 3072, 32767
_TIFF_SUFFIXES = (".tif", ".tiff")
_LARGEST = 1e15  # of a number in coordinates: no place on the ground is so far
_SAMPLE = 16  # pictures that tell whether files say where they lie
_LONGEST = 4096  # bytes of a world file, which has six numbers
_TRANSFORM = re.compile(r"<GeoTransform>([^<]{1,400})</GeoTransform>")
_SYSTEM = re.compile(r"<SRS\b[^>]{0,200}>([^<]{1,20000})</SRS>")
# The number of a system in EPSG's list, alone or at the end of its description in WKT.
_NUMBER = re.compile(
    r"""(?:EPSG:|(?:AUTHORITY|ID)\s*\[\s*"EPSG"\s*,\s*"?)(\d{1,6})(?:"?\s*\]\s*\])?\s*$""", re.IGNORECASE
)
_FAR = 0.05  # of a side: less is a matter of how two grids meet
_WITHIN = 1.5  # pixels of the coarser picture
_CORNERS = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])

_Files = tuple[Path, Path]  # a picture and its partner
_Item = TypeVar("_Item")


class GroundPlace(NamedTuple):
    """Where a picture of a `size` lies: its upper left corner, the ways along its whole width and its whole height.

    All are x and y in the `system` of coordinates, whose keys it has; it has none where the file names no system.
    """

    corner: tuple[float, float]
    across: tuple[float, float]
    down: tuple[float, float]
    size: Size
    system: tuple[object, ...] = ()

    @property
    def transform(self) -> tuple[float, ...]:
        """GDAL's six numbers: x of the corner, by column and by row, and y of the same."""
        (x, y), (a, d), (b, e), (width, height) = self.corner, self.across, self.down, self.size
        return x, a / width, b / height, y, d / width, e / height

    @property
    def system_name(self) -> str:
        """The system as a file beside a picture names it: EPSG:32633, or WKT; empty where a file has its own keys."""
        if len(self.system) != 1 or self.system == (_USER_DEFINED,):
            return ""
        (only,) = self.system
        return f"EPSG:{only}" if isinstance(only, int) else str(only)

    def points(self, shares: NDArray[np.float64]) -> NDArray[np.float64]:
        """Where points (n, 2) of the picture lie, given as shares of its width and height."""
        return np.asarray(np.array(self.corner) + shares @ np.array([self.across, self.down]))


class Apart(NamedTuple):
    """How far two pictures lie apart: the most of a side that a corner does, and as pixels of the coarser picture."""

    share: float
    pixels: float

    @property
    def is_far(self) -> bool:
        """Whether the two show other ground, or one ground the other way round."""
        return self.share > _FAR and self.is_beside

    @property
    def is_beside(self) -> bool:
        """Whether it is more than two grids of one ground differ."""
        return self.pixels > _WITHIN


def compare_grounds(one: GroundPlace, other: GroundPlace) -> Apart | None:
    """How far apart two pictures lie; None where that cannot be told, as they name two systems of coordinates."""
    if one.system != other.system:
        return None
    ways = np.array([other.across, other.down])
    if not np.linalg.det(ways):
        return None
    there = (one.points(_CORNERS) - np.array(other.corner)) @ np.linalg.inv(ways)
    apart = np.abs(there - _CORNERS).max(axis=0)
    coarser = np.minimum(one.size, other.size)
    return Apart(float(apart.max()), float((apart * coarser).max()))


def spread(items: Sequence[_Item]) -> Sequence[_Item]:
    """Some of the items, spread over all, by which a folder is judged."""
    return items[:: max(1, len(items) // _SAMPLE)][:_SAMPLE]


def judge_places(some: Sequence[_Files], options: ReadOptions, report: Reporter) -> bool:
    """Whether the places that pictures and their partners say can be compared, by `some` of them.

    Small shifts are noted, and two systems of coordinates, whose grids differ.

    They cannot where all files of one kind have one corner, and those of the other have not: programs that cut tiles
    may copy the place of the whole scene to each, or write a place that begins at 0.
    """
    grounds = [both for each in some if (both := _grounds_of(each, options))]
    places = [len({ground.corner for ground in side}) for side in zip(*grounds, strict=True)]
    if not grounds or (len(some) > 1 and min(places) == 1):
        return False
    _note_systems(some[0][0].parent, grounds, report)
    beside = [apart for both in grounds if (apart := compare_grounds(*both)) and apart.is_beside and not apart.is_far]
    if beside:
        most = max(apart.pixels for apart in beside)
        report.note(
            f"{some[0][0].parent}: pictures lie up to {most:.1f} pixels beside their partners, as their places on the "
            f"ground say, in {len(beside)} of {plural(len(grounds), 'pair')} that were looked at: cut both by one grid "
            "(gdalwarp -te -ts)."
        )
    return True


def _note_systems(folder: Path, grounds: Sequence[tuple[GroundPlace, GroundPlace]], report: Reporter) -> None:
    """Note where pictures and their partners name two systems by their numbers: other names may mean the same."""
    names = [tuple(ground.system_name for ground in both) for both in grounds]
    others = [pair for pair in names if len(set(pair)) > 1 and all(name.startswith("EPSG:") for name in pair)]
    if others:
        one, other = others[0]
        report.note(
            f"{folder}: pictures name another system of coordinates ({one}) than their partners ({other}), in "
            f"{len(others)} of {plural(len(grounds), 'pair')} that were looked at, so that their grids differ: "
            f"bring both to one (gdalwarp -t_srs {one} -te -ts)."
        )


def refuse_other_place(files: _Files, options: ReadOptions) -> None:
    """Raise P2PError where two files lie in different places on the ground, or one of them the other way round."""
    both = _grounds_of(files, options)
    apart = compare_grounds(*both) if both else None
    if both is None or apart is None or not apart.is_far:
        return
    to_do = "Pair those of one place: rename them, or list them in lines 'a,b' for --match FILE.csv."
    what = f"does not lie where {files[1]} does on the ground, but up to {apart.pixels:,.0f} pixels beside it"
    if turned := _say_turned(*both):
        to_do = "Write both north up (gdalwarp does), or turn one of them."
        what = f"lies on the ground the other way round than {files[1]}: mirrored {turned}"
    to_do += " If the places are wrong, take them out: gdal_edit.py -unsetgt FILE, and delete world files such as .tfw."
    raise P2PError(files[0], what, to_do, code="other-place")


def _say_turned(one: GroundPlace, other: GroundPlace) -> str:
    ways = (("left to right", one.across[0] * other.across[0]), ("top to bottom", one.down[1] * other.down[1]))
    return " and ".join(words for words, product in ways if product < 0)


def _grounds_of(files: _Files, options: ReadOptions) -> tuple[GroundPlace, GroundPlace] | None:
    one = ground_of(files[0], options)
    other = ground_of(files[1], options) if one else None
    return (one, other) if one and other else None


def ground_of(source: Path | PictureFile, options: ReadOptions = AS_USUAL) -> GroundPlace | None:
    """Where a picture file lies; None where neither it nor a file beside it says so, or it cannot be read.

    As in GDAL, what lies beside it as NAME.aux.xml counts first, and a world file last.
    """
    path = source if isinstance(source, Path) else source.path
    pam, system = _read_pam(path)
    numbers = None if pam else _read_world_file(path)
    if pam is None and numbers is None and path.suffix.lower() not in _TIFF_SUFFIXES:
        return None
    try:
        with open_picture(source, options) as file:
            if pam:
                return _make(pam, 0.0, any_header(file).size, system)
            found = _of_tags(file) if file.is_tiff else None
            if found is None and numbers:
                a, d, b, e, c, f = numbers
                found = _make((a, b, c, d, e, f), 0.5, any_header(file).size, system)
            return found
    except P2PError:  # it is said when its pixels are read
        return None


def ground_as_shown(file: PictureFile) -> GroundPlace | None:
    """Where a picture lies as it is read; None where EXIF turns it, for the place is that of the unturned one."""
    found = ground_of(file, file.options)
    return found if found and any_header(file).orientation == 1 else None


def encode_ground(place: GroundPlace) -> bytes:
    """The file NAME.aux.xml by which GDAL, and so QGIS, lays another picture of this size there."""
    system = f"  <SRS>{html.escape(place.system_name, quote=False)}</SRS>\n" if place.system_name else ""
    numbers = ", ".join(map(repr, map(float, place.transform)))
    return f"<PAMDataset>\n{system}  <GeoTransform>{numbers}</GeoTransform>\n</PAMDataset>\n".encode()


def _of_tags(file: PictureFile) -> GroundPlace | None:
    with explain_damage(file.path), open_tiff(file.stream) as tiff:
        page = tiff.pages[0]
        tags = {code: tag.value for code in (_SCALE, _TIE_POINT, _MATRIX) if (tag := page.tags.get(code))}
        keys = [page.tags[code].value if code in page.tags else () for code in (_KEYS, _NUMBERS, _TEXTS)]
        matrix = _matrix_of({code: tuple(map(float, value)) for code, value in tags.items()})
        known = _read_keys(keys[0])
        system = _system_of(known, *keys[1:])
        size = Size(int(page.imagewidth), int(page.imagelength))
    return _make(matrix, 0.5 if known.get(_RASTER_TYPE) == _IS_POINT else 0.0, size, system) if matrix else None


def _matrix_of(tags: dict[int, Sequence[float]]) -> tuple[float, ...] | None:
    """The six numbers by which columns and rows become x and y: x = a * column + b * row + c, and so y."""
    if len(matrix := tags.get(_MATRIX, ())) == 16:
        return (*matrix[:2], matrix[3], *matrix[4:6], matrix[7])
    scale, tie = tags.get(_SCALE, ()), tags.get(_TIE_POINT, ())
    if len(scale) < 2 or len(tie) != 6:  # several points are not a grid
        return None
    column, row, _, x, y, _ = tie
    return scale[0], 0.0, x - column * scale[0], 0.0, -scale[1], y + row * scale[1]


def _make(matrix: tuple[float, ...], shift: float, size: Size, system: tuple[object, ...]) -> GroundPlace | None:
    """A picture of which the numbers tell where the point lies that is `shift` right and below a pixel's corner."""
    if not np.isfinite(matrix).all() or max(map(abs, matrix)) > _LARGEST:
        return None
    a, b, c, d, e, f = matrix
    corner = (c - shift * (a + b), f - shift * (d + e))
    return GroundPlace(corner, (a * size.width, d * size.width), (b * size.height, e * size.height), size, system)


def _read_keys(values: Sequence[int]) -> dict[int, int]:
    """The numbers of a directory of keys: after four of its own, four for each key."""
    entries = [values[place : place + 4] for place in range(4, len(values) - 3, 4)]
    return {key: value for key, tag, _, value in entries if tag == 0}


def _system_of(keys: dict[int, int], numbers: Any, texts: Any) -> tuple[object, ...]:
    codes = tuple(keys[key] for key in (_PROJECTED, _GEOGRAPHIC) if key in keys)
    if _PROJECTED in keys and keys[_PROJECTED] != _USER_DEFINED:
        return (keys[_PROJECTED],)
    return (*codes, tuple(numbers) if numbers else (), str(texts or "")) if _USER_DEFINED in codes else codes


def _read_world_file(picture: Path) -> list[float] | None:
    """Six lines in a file such as .pgw beside a .png: a, d, b, e, and x and y of the middle of the first pixel."""
    kind = picture.suffix
    for suffix in (f"{kind[:2]}{kind[-1]}w", ".wld"):
        with contextlib.suppress(OSError, ValueError):
            with open_file(picture.with_suffix(suffix)) as world:
                numbers = [float(word.replace(b",", b".")) for word in world.read(_LONGEST).split()]
            if len(numbers) == 6:
                return numbers
    return None


def _read_pam(picture: Path) -> tuple[tuple[float, ...] | None, tuple[object, ...]]:
    """What GDAL wrote beside a picture: the six numbers, in the order of `_make`, and the system of coordinates."""
    text = read_pam(picture)
    said, found = _SYSTEM.search(text), _TRANSFORM.search(text)
    system = _system_named(html.unescape(said[1]).strip()) if said else ()
    with contextlib.suppress(ValueError):
        numbers = [float(word) for word in found[1].split(",")] if found else []
        if len(numbers) == 6:
            c, a, b, f, d, e = numbers
            return (a, b, c, d, e, f), system
    return None, system


def _system_named(words: str) -> tuple[object, ...]:
    number = _NUMBER.search(words)
    return (int(number[1]),) if number else (words,)
