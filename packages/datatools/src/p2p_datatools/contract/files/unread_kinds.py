"""What to do with files that are not read, by their suffixes: videos have frames, raw photos are developed.

Nothing here may open a file, or know where one lies.
"""

from collections.abc import Iterable
from pathlib import Path

from p2p_datatools.contract.words import path_word

LINK, BROKEN_LINK, HIDDEN_PICTURE, NO_SUFFIX = "link to a folder", "broken link", "hidden picture", "without suffix"
SPECIAL = "pipe, socket or device"
"""Kinds of what is left out that have no suffix."""

_CONVERT = "Convert them to PNG or JPEG"
_ARRAYS = (
    "dcm dicom ima nii nii.gz mha mhd nrrd mgz mat npz h5 hdf5 hdf he5 nc zarr fits fit fts pt pth pkl exr hdr "
    "dat bin bil bsq bip vrt jxr img asc hgt dem grd grb grib ntf nitf czi lif lsm nd2 svs ndpi mrxs scn"
)
_RAW = "cr2 cr3 crw nef nrw arw srf sr2 dng orf rw2 raf raw pef srw x3f iiq 3fr"
_VIDEO = "mp4 avi mov mkv webm m4v mpg mpeg wmv mts flv"
_ARCHIVE = "zip tar tar.gz tgz gz bz2 xz zst rar 7z"
_DRAWING = "svg svgz pdf eps ps ai psd psb xcf kra emf wmf"
_TO_DO = {
    **dict.fromkeys(_ARRAYS.split(), "save arrays and volumes as NPY or TIFF of numbers (height, width, channels)"),
    **dict.fromkeys(_RAW.split(), "develop raw photos"),
    **dict.fromkeys(_VIDEO.split(), "take videos apart into frames"),
    **dict.fromkeys(_ARCHIVE.split(), "unpack archives"),
    **dict.fromkeys(_DRAWING.split(), "export drawings as PNG"),
}
_OTHERS = {
    LINK: "name the folder that a link leads to, or copy it, since links to folders are not followed",
    BROKEN_LINK: "bring back what broken links lead to",
    HIDDEN_PICTURE: "give hidden pictures a name without a dot before it",
    SPECIAL: "save what pipes, sockets and devices give to files",
    NO_SUFFIX: "add the suffix (.png, .jpg) to names that have none",
}
_TWICE = ("nii.gz", "tar.gz")


def whole_suffix(name: str) -> str:
    """The suffix of a file's name in small letters, without its dot: both where it has two, as .nii.gz; else empty."""
    base = name.lower()
    twice = next((each for each in _TWICE if base.endswith(f".{each}")), "")
    return twice or (base.rpartition(".")[2] if "." in base else "")


def is_archive(name: str) -> bool:
    """Whether a file is an archive by its name."""
    return whole_suffix(name) in _ARCHIVE.split()


def advise_file(path: Path) -> str:
    """A sentence with what to give instead of a file where a folder is needed: an archive has to be unpacked first."""
    suffix = whole_suffix(path.name)
    if suffix in _TO_DO:
        return f"{advise([suffix])}, and give the folder with the pictures."
    folder = "the current one" if path.parent == Path() else path_word(path.parent)
    return f"Give the folder that it lies in: {folder}."


def advise(kinds: Iterable[str]) -> str:
    """A sentence with what to do for files of these kinds, suffixes with a dot or one of the names above."""
    found = dict.fromkeys(_OTHERS.get(kind) or _TO_DO.get(kind.removeprefix("."), _CONVERT) for kind in kinds)
    text = "; ".join(sorted(found, key=lambda each: each != _CONVERT)) or _CONVERT
    return f"{text[0].upper()}{text[1:]}"
