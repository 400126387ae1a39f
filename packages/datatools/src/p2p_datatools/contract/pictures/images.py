"""Photos and masks in and out of picture files: channel order, EXIF, colour profiles, completeness.

Nothing here may know pairs, data sets or networks; pictures go in and out as RGB arrays and masks as class indices.
"""

import contextlib
import hashlib
import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, cast

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, ImageOps
from PIL.TiffImagePlugin import TiffImageFile

from p2p_datatools.contract.errors import P2PError
from p2p_datatools.contract.files.atomic import atomic, write_bytes
from p2p_datatools.contract.palette import Color, Palette
from p2p_datatools.contract.pictures.formats import jpeg, jpeg2000, png
from p2p_datatools.contract.pictures.formats.png import PictureRole
from p2p_datatools.contract.pictures.formats.profiles import apply_profile
from p2p_datatools.contract.pictures.header import PictureFile, is_deep, known_orientation, open_picture
from p2p_datatools.contract.pictures.pages import open_tiff, refuse_cut_tiff, tiff_part, turn_to_page
from p2p_datatools.contract.pictures.pillow import explain_damage, open_image
from p2p_datatools.contract.pictures.sizes import Size
from p2p_datatools.contract.progress import Reporter
from p2p_datatools.contract.values import reduce_channels
from p2p_datatools.contract.words import plural

Photo = NDArray[np.uint8]
"""A picture as it is displayed: uint8 RGB, (height, width, 3)."""


LabelMap = NDArray[np.uint8]
"""A mask as class indices: uint8, (height, width); 255 is ignored."""


_ALPHA = ("RGBA", "LA", "PA")  # modes with a channel for transparency
_ORIENTATION = ExifTags.Base.Orientation
_OPAQUE = 128  # of 255: from here on a pixel of labels counts as painted
_HIDDEN = 0.01  # of a picture's pixels
_OPAQUE_PHOTO = 255
FAINTEST = 0.1
"""The highest opacity of a photo's pixels, as a share, below which white alone would be left of it."""
LEAST_LEVELS = 16
"""Levels between the smallest and the largest value of a colour: where less differs nothing is shown."""
NAMELESS_ALPHA = ("TIFF", "JPEG2000")
"""Kinds, as Pillow calls them, in which a fourth channel is called transparency though it may be infrared."""
_LEAST_PLAIN = 0.5  # of the pixels of a transparency are wholly so or not at all; of an infrared channel hardly any
_BAND = 1 << 17  # pixels that are copied at a time: more leave the cache and the memory that is used again


def size_of(pixels: NDArray[Any]) -> Size:
    """The size of an array (height, width[, channels])."""
    return Size(pixels.shape[1], pixels.shape[0])


class OutsidePaletteError(P2PError):
    """A mask has pixels of a colour that is not in its palette."""


class DepthError(P2PError):
    """A photo has more than 8 bits a channel."""


@contextlib.contextmanager
def decode(file: PictureFile) -> Iterator[Image.Image]:
    """Decode a whole picture with Pillow; raises P2PError when the file is damaged or not a picture."""
    # A page of a stack does not need the others in memory.
    with explain_damage(file.path):
        if file.is_tiff:
            refuse_cut_tiff(file.stream, file.path, file.options, file.length)
    stream = file.stream if file.is_tiff else io.BytesIO(decodable(file))
    with explain_damage(file.path), open_image(stream) as image:
        turn_to_page(image, file.path, file.options, file.length)
        turned = known_orientation(image.getexif().get(_ORIENTATION)) if isinstance(image, TiffImageFile) else 1
        image.load()
        if file.options.exif == "raw" and turned != 1 and _ORIENTATION not in image.getexif():
            # Newer versions of Pillow turn a TIFF when they decode it.
            image.getexif()[_ORIENTATION] = {6: 8, 8: 6}.get(turned, turned)
            ImageOps.exif_transpose(image, in_place=True)
        if image.format == "PNG" and b"IEND" not in file.data[-4096:]:
            raise OSError("the end of the PNG is missing")
        if image.format == "PNG":
            png.refuse_missing_rows(file.data)
            _scale_clear_grey(image, file)
        if image.format in ("JPEG", "MPO"):
            jpeg.refuse_cut_scan(file.data, image, open_image)
        yield image


def decodable(file: PictureFile) -> bytes:
    """The bytes of a file for a decoder; raises P2PError for those of which it would make other pixels."""
    if png.head_of(file.head):
        png.refuse_hdr(file.path, file.data)
    if not file.head.startswith(jpeg2000.STARTS):
        return file.data
    jpeg2000.refuse_strange(file.path, file.start)
    return jpeg2000.readable(file.data, file.stream)


def _scale_clear_grey(image: Image.Image, file: PictureFile) -> None:
    """Give the transparent grey of a PNG of 2 or 4 bits in 8, as its pixels are, among which Pillow looks for it."""
    head, clear = png.head_of(file.head), image.info.get("transparency")
    if head is not None and head.color == png.GREY and head.depth in (2, 4) and clear is not None:
        image.info["transparency"] = clear * 255 // ((1 << head.depth) - 1)


def read_photo(source: Path | str | PictureFile, *, over_white: list[Path] | None = None) -> Photo:
    """Read a picture as 8-bit RGB (height, width, 3): EXIF turned, profile to sRGB, transparency over white.

    One that is not opaque everywhere is added to `over_white`. Raises P2PError when the file is damaged, has 16 bits a
    channel (nothing is rounded unasked), or is transparent everywhere and yet shows something.
    """
    with open_picture(source) as file:
        if png.head_of(file.head):
            with explain_damage(file.path):
                plain = png.decode_plain(file.data)
            if plain is not None:
                return plain
        with decode(file) as image:
            _refuse_deep(image, file)
            turn_upright(image, file)
            least, most = _opacity_of(image)
            if most < FAINTEST * _OPAQUE_PHOTO and max(high - low for low, high in _extremes_of(image)) > LEAST_LEVELS:
                raise hides_all(file.path)
            if image.format in NAMELESS_ALPHA and least < _OPAQUE_PHOTO:
                refuse_strange_alpha(np.asarray(image.getchannel("A")), file.path)
            if over_white is not None and least < _OPAQUE_PHOTO:
                over_white.append(file.path)
            return _pixels_of(_to_rgb(image))


def _pixels_of(image: Image.Image) -> Photo:
    """The pixels of an RGB picture, copied a band at a time: at once they would lie in memory three times."""
    pixels = np.empty((image.height, image.width, 3), dtype=np.uint8)
    rows = max(1, _BAND // image.width)
    for top in range(0, image.height, rows):
        pixels[top : top + rows] = np.asarray(image.crop((0, top, image.width, min(top + rows, image.height))))
    return pixels


def opaque_pixels(image: Image.Image, file: PictureFile, *, of_eight: bool = False) -> Photo:
    """The pixels of a decoded picture as `read_photo` gives them, but as if nothing were transparent.

    With `of_eight` the colours of one of 16 bits are known to be colours of 8. The image itself is turned by its EXIF.
    """
    if not of_eight:
        _refuse_deep(image, file)
    turn_upright(image, file)
    return _pixels_of(_to_srgb(image).convert("RGB"))


def turn_upright(image: Image.Image, file: PictureFile) -> None:
    """Turn a decoded picture as its EXIF says, if that is to be applied; one that is upright stays as it is."""
    if file.options.exif == "apply":
        ImageOps.exif_transpose(image, in_place=True)


def transparent_pixels(image: Image.Image) -> NDArray[np.bool_] | None:
    """Where a decoded picture is more transparent than not, (height, width); None where nowhere.

    What is drawn at a lower opacity throughout counts as painted: half of the highest one divides the two.
    """
    if not is_transparent(image):
        return None
    alpha = np.asarray((image if image.mode in _ALPHA else image.convert("RGBA")).getchannel("A"))
    most = int(alpha.max())
    found = alpha < min(_OPAQUE, (most + 1) // 2 if most else _OPAQUE)
    return found if found.any() else None


def refuse_hidden(colors: Photo, clear: NDArray[np.bool_], where: object, to_do: str) -> None:
    """Raise P2PError where transparent pixels of labels hide a drawing: several colours, and not few pixels of each."""
    below = color_codes(colors[clear])
    codes, counts = np.unique(below, return_counts=True)
    many = [int(code) for code, count in zip(codes, counts, strict=True) if count > _HIDDEN * clear.size]
    if len(many) > 1:
        listed = ", ".join(f"#{code:06x}" for code in many[:5])
        what = f"is transparent in {len(below)} pixels, and hides the colours {listed} there"
        raise P2PError(where, what, to_do, code="hidden-colours")


def say_over_white(paths: list[Path], report: Reporter) -> None:
    """Note which photos were not opaque, and what became of that."""
    if paths:
        photos = plural(len(paths), "photo has", "photos have")
        report.note(f"{min(paths)}: {photos} transparent pixels, which are laid over white.")


def hides_all(path: Path) -> P2PError:
    """The error for a photo that transparency hides: some programs leave it at 0 throughout, and mean nothing by it."""
    what = "is transparent everywhere, so that white alone would be left, and hides a picture"
    return P2PError(path, what, "Save it without alpha (ImageMagick: mogrify -alpha off).", code="hidden-colours")


def refuse_strange_alpha(alpha: NDArray[Any], path: Path) -> None:
    """Raise P2PError where transparency varies as a picture does: GDAL calls the fourth of four bands so."""
    if np.isin(alpha, (0, np.iinfo(alpha.dtype).max)).mean() < _LEAST_PLAIN:
        what = "has a last channel that is called transparency, but has values as those of a picture"
        to_do = (
            "If it is a channel, save a TIFF of plain channels (rasterio: photometric='minisblack'; tifffile: that, "
            "planarconfig='contig'); if not, leave it out."
        )
        raise P2PError(path, what, to_do, code="strange-alpha")


def _opacity_of(image: Image.Image) -> tuple[int, int]:
    """The least and the most opacity of a decoded picture's pixels."""
    if not is_transparent(image):
        return _OPAQUE_PHOTO, _OPAQUE_PHOTO
    alpha = (image if image.mode in _ALPHA else image.convert("RGBA")).getchannel("A")
    least, most = alpha.getextrema()
    return int(cast("int", least)), int(cast("int", most))


def _extremes_of(image: Image.Image) -> Sequence[tuple[int, int]]:
    """The smallest and the largest value of each colour, whether it is transparent or not."""
    return cast("Sequence[tuple[int, int]]", image.convert("RGBA").convert("RGB").getextrema())


def is_transparent(image: Image.Image) -> bool:
    """Whether a picture may have transparent pixels, as its header tells."""
    return image.has_transparency_data


def _refuse_deep(image: Image.Image, file: PictureFile) -> None:
    if is_deep(image, file):
        what, to_do = "has 16 bits a channel or floats; photos have 8", "Convert it to 8 bits first."
        raise DepthError(file.path, what, to_do, code="depth")


def _to_rgb(image: Image.Image) -> Image.Image:
    if image.mode == "CMYK" or "icc_profile" in image.info:
        image = _to_srgb(image)
    if is_transparent(image):
        over = Image.new("RGBA", image.size, (255, 255, 255, 255))
        over.alpha_composite(image.convert("RGBA"))
        image = over
    return image if image.mode == "RGB" else image.convert("RGB")


def _to_srgb(image: Image.Image) -> Image.Image:
    """Convert by the embedded profile."""
    profile = image.info.get("icc_profile")
    if profile and image.mode == "P":  # the profile is that of the colours in its table
        image = image.convert("RGBA" if is_transparent(image) else "RGB")
    if profile and image.mode == "LA":
        grey = image.getchannel("L")
        grey.info["icc_profile"] = profile
        colors = _to_srgb(grey).convert("RGBA")
        colors.putalpha(image.getchannel("A"))
        return colors
    if not profile or image.mode not in ("RGB", "RGBA", "CMYK", "L"):
        return image
    return apply_profile(image, profile)


def read_mask(source: Path | str | PictureFile, palette: Palette, *, cleared: list[Path] | None = None) -> LabelMap:
    """Read a mask exactly, from an indexed PNG of this palette or from its plain colours, as class indices.

    One that is transparent somewhere is background there, and added to `cleared`.

    Raises P2PError with the number of pixels whose colour is outside the palette, and the first of them; or with a
    class that the palette does not have, if the colour table of an indexed PNG begins as the palette does.
    """
    beyond = None
    with open_picture(source) as file:
        if (exact := _read_exact(file, palette)) is not None:
            return exact
        with decode(file) as image:
            _refuse_no_mask(image, file)
            turn_upright(image, file)
            if image.mode == "P":
                table = np.asarray(image.getpalette("RGB"), dtype=np.uint8).reshape(-1, 3)
                used = np.flatnonzero(image.histogram())
                if "transparency" not in image.info and _same_table(used, table, palette):
                    return np.array(image, dtype=np.uint8)
                beyond = _class_beyond(used, table, palette)
            colors, clear = np.asarray(image.convert("RGB")), transparent_pixels(image)
    indices, outside = indices_of_colors(colors, palette)
    if clear is not None:
        refuse_hidden(colors, clear, file.path, "Build the mask again, or save it without alpha.")
        indices[clear], outside[clear] = 0, False
        if cleared is not None and not outside.any():
            cleared.append(file.path)
    if outside.any():
        raise _outside_palette(colors, outside, palette, file.path)
    if beyond is not None:
        raise _unknown_class(beyond, palette, file.path)
    return indices


def _outside_palette(colors: Photo, outside: NDArray[np.bool_], palette: Palette, path: Path) -> OutsidePaletteError:
    y, x = np.argwhere(outside)[0].tolist()
    first = tuple(colors[y, x].tolist())
    wrong = plural(int(outside.sum()), "pixel has", "pixels have")
    what = f"{wrong} a colour outside the palette {palette.name}; the first is {first} at x={x}, y={y}"
    to_do = "Was the mask saved as JPEG or resized? Paint it in the palette's exact colours."
    return OutsidePaletteError(path, what, to_do, code="palette-colour")


def _unknown_class(number: int, palette: Palette, path: Path) -> OutsidePaletteError:
    count = len(palette.classes)
    classes = f"{plural(count, 'class', 'classes')} (0 to {count - 1})"
    what = f"has the class {number}, but the palette {palette.name} has {classes}"
    return OutsidePaletteError(path, what, "Build the mask with this palette.", code="unknown-class")


def _refuse_no_mask(image: Image.Image, file: PictureFile) -> None:
    """Raise P2PError for kinds of files whose pixels cannot be the colours of a palette."""
    if image.format == "JPEG":
        what, to_do = "is a JPEG, which blends colours; masks are PNG", "Save it as PNG from its source."
        raise P2PError(file.path, what, to_do, code="jpeg-mask")
    if image.mode.startswith(("I", "F")):
        # As colours of 8 bits all but the smallest values would be white, which is a class of most palettes.
        what = "has grey values of more than 8 bits, not the colours of a palette"
        to_do = "If they are class numbers, build masks from it with 'p2p data build-masks'."
        raise P2PError(file.path, what, to_do, code="deep-mask")
    refuse_fine_colors(image, file)


def deep_channels(image: Image.Image, file: PictureFile) -> NDArray[np.uint16] | None:
    """The channels of a picture of 16 bits as they lie in its file, red first; None for any other."""
    if image.format == "TIFF":
        with explain_damage(file.path), open_tiff(file.stream) as tiff:
            part = tiff_part(tiff, file.path, file.options)
            values = part.picture() if part.keyframe.dtype == np.uint16 else None
            return None if values is None or values.ndim != 3 else np.asarray(values, np.uint16)
    data = png.bare(decodable(file)) if png.head_of(file.head) else decodable(file)
    deep = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED) if data and is_deep(image, file) else None
    if deep is None or deep.dtype != np.uint16 or deep.ndim != 3:
        return None
    return np.asarray(cv2.cvtColor(deep, cv2.COLOR_BGR2RGB if deep.shape[2] == 3 else cv2.COLOR_BGRA2RGBA), np.uint16)


def refuse_fine_colors(image: Image.Image, file: PictureFile) -> bool:
    """Whether the colours of a picture of 16 bits are all colours of 8, each times 257 or 256; False for any other.

    Raises P2PError where they are finer, because a palette has no such colours.
    """
    deep = deep_channels(image, file) if is_deep(image, file) else None
    if deep is None:
        return False
    low, high = deep[..., :3] & 255, deep[..., :3] >> 8
    if (low == high).all() or not low.any():
        return True
    red, green, blue = (int(part) for part in deep[..., :3][(low != high).any(axis=2)][0])
    what = f"has colours of 16 bits a channel that none of 8 bits equals, such as ({red}, {green}, {blue}) of 65535"
    to_do = "Save it with 8 bits a channel; palettes have colours of 8 bits."
    if not high[..., 0].any():  # saved with 8 bits it would be black
        save = f"cv2.imwrite('OUT.png', cv2.imread('{file.path.name}', -1)[..., 2].astype('uint8'))"
        to_do = f"If its first channel has class numbers, as in SYNTHIA, save that alone: {save}."
    raise P2PError(file.path, what, to_do, code="depth")


def _read_exact(file: PictureFile, palette: Palette) -> LabelMap | None:
    """The classes of an indexed PNG with the palette's table, as `write_mask` writes it; None for any other file."""
    head = png.head_of(file.head)
    found = png.decode_indices(file.data) if head is not None and head.color == png.INDEXED else None
    if found is None:
        return None
    indices, table = found
    most = int(indices.max())
    used = np.flatnonzero(np.bincount(indices.ravel())) if most >= len(palette.classes) else np.arange(most + 1)
    return indices if _same_table(used, table, palette) else None


def _same_table(used: NDArray[np.intp], table: NDArray[np.uint8], palette: Palette) -> bool:
    known = used[(used < len(palette.classes)) | (used == 255)]
    return (
        len(known) == len(used)
        and bool(used.max() < len(table))
        and bool((table[used] == palette.colors()[used]).all())
    )


def _class_beyond(used: NDArray[np.intp], table: NDArray[np.uint8], palette: Palette) -> int | None:
    """A class that the palette does not have, if the table begins as the palette does.

    The rest of such a table is often black padding, which would be taken for a class that is black.
    """
    count = len(palette.classes)
    beyond = used[(used >= count) & (used != 255)]
    same = len(table) >= count and bool((table[:count] == palette.colors()[:count]).all())
    return int(beyond[-1]) if same and beyond.size else None


def indices_of_colors(pixels: Photo, palette: Palette) -> tuple[LabelMap, NDArray[np.bool_]]:
    """Class indices of exactly coloured or grey pixels, and which have a colour outside the palette (index 0)."""
    codes = color_codes(as_rgb(pixels))
    indices = np.zeros(codes.shape, dtype=np.uint8)
    outside = np.ones(codes.shape, dtype=bool)
    table = palette.colors()
    for index in (*range(len(palette.classes)), 255):
        found = codes == color_codes(table[index])
        indices[found] = index
        outside &= ~found
    return indices, outside


def as_rgb(pixels: NDArray[Any]) -> NDArray[Any]:
    """Grey pixels (height, width) as three equal channels; those that have channels are given back."""
    return np.repeat(pixels[..., None], 3, axis=2) if pixels.ndim == 2 else pixels


def measure_saturation(photo: NDArray[np.uint8]) -> float:
    """How far the channels of a photo (height, width, 3) lie apart, 0 to 255 in the mean."""
    return float((reduce_channels(np.maximum, photo).astype(np.int16) - reduce_channels(np.minimum, photo)).mean())


def color_codes(colors: NDArray[np.uint8]) -> NDArray[np.uint32]:
    """Each colour (..., 3) as the one number 0xRRGGBB (...)."""
    parts = colors.astype(np.uint32)
    codes: NDArray[np.uint32] = (parts[..., 0] << np.uint32(16)) | (parts[..., 1] << np.uint32(8)) | parts[..., 2]
    return codes


def color_of_code(code: int) -> Color:
    """The colour of a number as `color_codes` gives."""
    return code >> 16, code >> 8 & 255, code & 255


def encode_mask(indices: LabelMap, palette: Palette, *, role: PictureRole | None = None) -> bytes:
    """An indexed PNG: pixel = class index, colour table = the palette, so that it is both numbers and picture."""
    return b"".join(png.encode(indices, palette.colors(), role=role or ""))


def write_mask(
    path: Path | str, indices: LabelMap, palette: Palette, *, durable: bool = True, role: PictureRole | None = None
) -> None:
    """Write class indices (height, width) as an indexed PNG, atomically; the file says a `role`, if it has one."""
    write_bytes(path, encode_mask(indices, palette, role=role), durable=durable)


def colorize(indices: LabelMap, palette: Palette) -> Photo:
    """The colours of class indices: (height, width) to RGB (height, width, 3)."""
    padded = np.zeros((256, 4), dtype=np.uint8)
    padded[:, :3] = palette.colors()
    # Four bytes at a time: rows of three take NumPy three times as long.
    found = np.take(padded.view(np.uint32)[:, 0], indices).view(np.uint8)
    return np.asarray(cv2.cvtColor(found.reshape(1, -1, 4), cv2.COLOR_RGBA2RGB).reshape(*indices.shape, 3))


def write_png(
    path: Path | str, pixels: NDArray[np.uint8 | np.uint16], *, durable: bool = True, role: PictureRole | None = None
) -> None:
    """Write RGB (height, width, 3) or grey (height, width), 8 or 16 bits, as PNG, atomically and without loss.

    The file of a picture that has a `role`, and so is no data, says it.
    """
    with atomic(path, durable=durable) as file:
        file.writelines(png.encode(pixels, role=role or ""))


def encode_jpeg(pixels: Photo, quality: int = 90) -> bytes:
    """Encode RGB (height, width, 3) as JPEG, which no result is ever written as: to measure how fast one is read."""
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "JPEG", quality=quality)
    return stream.getvalue()


def shows(path: Path, pixels: Photo) -> bool:
    """Whether a file is a picture of these pixels, so that writing it again replaces nothing."""
    try:
        return hash_pixels(read_photo(path)) == hash_pixels(pixels)
    except P2PError:
        return False


def hash_pixels(pixels: NDArray[Any]) -> str:
    """The SHA-256, in hex, of an array's shape, type and values: the same for the same picture in any file format."""
    digest = hashlib.sha256(f"{pixels.dtype.str}{pixels.shape}".encode())
    digest.update(np.ascontiguousarray(pixels).data)
    return digest.hexdigest()
