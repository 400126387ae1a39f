"""One of the two sides of pairs: a folder, what half its pictures become, and how one of them is read.

Nothing here may write a file, or know which pictures belong together.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from p2p_datatools.contract.errors import P2PError
from p2p_datatools.contract.pairs.manifest import Half
from p2p_datatools.contract.palette import Palette
from p2p_datatools.contract.partners.matched import Files
from p2p_datatools.contract.pictures.arrays import Array, read_filled
from p2p_datatools.contract.pictures.formats.gdal import (
    ScaleAndOffset,
    has_gdal_file,
    read_scale_and_offset,
    sign_picture,
)
from p2p_datatools.contract.pictures.header import Form, any_header, open_picture
from p2p_datatools.contract.pictures.images import DepthError, as_rgb, colorize, read_mask, read_photo
from p2p_datatools.contract.pictures.nodata import Gaps, Nodata
from p2p_datatools.contract.pictures.pages import AS_USUAL, ReadOptions
from p2p_datatools.contract.pictures.pillow import explain_damage
from p2p_datatools.contract.pictures.resize import fit_to
from p2p_datatools.contract.pictures.sizes import Fit, Size
from p2p_datatools.contract.progress import Reporter
from p2p_datatools.contract.words import plural


@dataclass(frozen=True)
class Side:
    """One of the two folders and what half it becomes; a mask folder has a palette, any other has none."""

    folder: Path
    palette: Palette | None
    half: Half
    options: ReadOptions = AS_USUAL
    nodata: Nodata = "tag"
    over_white: list[Path] = field(default_factory=list, compare=False)  # photos that are not opaque, as they are read
    drawn: dict[Path, str] = field(default_factory=dict, compare=False)  # pictures that p2p drew, and what they are
    turned: dict[Path, int] = field(default_factory=dict, compare=False)  # orientations of files that EXIF turned
    packed: dict[ScaleAndOffset, Path] = field(default_factory=dict, compare=False)  # the first file of each way

    def read(self, file: Path) -> tuple[Array, Gaps | None]:
        """The picture in its own size, class indices of a mask, else values of the half's channels and type.

        The second are its pixels without data, which are filled; None if all have some.
        """
        with open_picture(file, self.options) as picture:
            if picture.role:
                self.drawn[file] = picture.role
            if not picture.is_array and (orientation := any_header(picture).orientation) > 1:
                self.turned[file] = orientation
            if self.palette is not None:
                return read_mask(picture, self.palette), None
            may_miss = picture.is_tiff or picture.is_array or has_gdal_file(file)
            if (self.half.channels, self.half.dtype) == (3, "uint8") and not may_miss:
                return read_photo(picture, over_white=self.over_white), None
            form = picture.header.form
            if not self._takes(form):
                raise _wrong_form(file, form, self.half)
            values, gaps = read_filled(picture, self.nodata, over_white=self.over_white)
            if picture.header.kind == "TIFF" and values.dtype.kind in "iu" and values.dtype.itemsize > 1:
                with explain_damage(file):
                    packing = read_scale_and_offset(picture.stream)
                self.packed[packing] = min(file, self.packed.get(packing, file))
        return values if form.channels == self.half.channels else as_rgb(values), gaps

    def say_packed(self, report: Reporter) -> None:
        """Note if files of whole numbers say several ways to make measurements of them: they are paired as they are."""
        if len(self.packed) > 1:
            ways = sorted((path, _say_scale(packing)) for packing, path in self.packed.items())
            shown = " and ".join(f"{words} ({path.name})" for path, words in ways[:2])
            report.note(
                f"{self.folder}: its files say {len(ways)} ways to unpack their numbers, such as {shown}: equal "
                "numbers do not mean the same. Unpack them (gdal_translate -unscale -ot Float32), and pair again."
            )

    def _takes(self, form: Form) -> bool:
        grey_in_color = (form.channels, self.half.channels) == (1, 3) and form.dtype in ("uint8", "uint16")
        return form.dtype == self.half.dtype and (form.channels == self.half.channels or grey_in_color)

    @property
    def is_exact(self) -> bool:
        """Whether it is a mask, which is scaled to the size of its photo."""
        return self.palette is not None

    @property
    def plain_parts(self) -> "tuple[Side, ...]":
        """The parts that are not masks, of a half of several pictures."""
        return ()

    def files_of(self, file: Path) -> tuple[Path, ...]:
        """All files that the half is made of."""
        return (file,)

    def sources(self, key: str, file: Path) -> dict[str, str]:
        """The files that the half is made of, and their hashes."""
        return {key: file.relative_to(self.folder).as_posix(), f"{key}_sha256": sign_picture(file)}

    def finish(self, values: Array, size: Size | None, fit: Fit) -> Array:
        """The half as it will stand in the pair, at `size` if there is one: masks exact and in colours."""
        if size:
            values = fit_to(values, size, fit, exact=self.palette is not None)
        return values if self.palette is None else colorize(values, self.palette)


def _say_scale(packing: ScaleAndOffset) -> str:
    scales, offsets = (", ".join(f"{each:g}" for each in numbers) for numbers in packing)
    return f"times {scales} plus {offsets}"


def say_drawn(sides: Iterable[Side], report: Reporter) -> None:
    """Note which pictures say of themselves that p2p drew or generated them: people may take them for real ones."""
    drawn = {file: role for side in sides for file, role in side.drawn.items()}
    if drawn:
        number = plural(len(drawn), "picture says of itself", "pictures say of themselves")
        first = min(drawn)
        report.note(f"{first}: is a {drawn[first]} of p2p; {number} that p2p drew or generated it, and none is real.")


def other_shape(files: Files, own: Size, other: Size) -> P2PError:
    """The error for two files of different shapes, which are not of one picture."""
    return P2PError(
        files[0],
        f"the halves differ in size and shape: {own} and {other} ({files[1]})",
        "Take the two that belong together, or crop one to the shape of the other; one shape in two sizes is scaled.",
        code="mask-size",
    )


def _wrong_form(file: Path, form: Form, half: Half) -> P2PError:
    if half.dtype == "uint8" and form.dtype != "uint8":
        what, to_do = "has 16 bits a channel or floats; the other photos here have 8", "Convert it to 8 bits first."
        return DepthError(file, what, to_do, code="depth")
    others = Form(half.channels, half.dtype)
    what = f"has {form}, but the others of this half have {others}"
    return P2PError(file, what, "Convert it, or pair it into another folder.", code="mixed-forms")
