"""What a mask folder holds beside its masks: the palette, and a line for each mask that records what it was made of.

Nothing here may paint or judge a mask.
"""

from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from p2p_datatools.contract.errors import P2PError, UsageError
from p2p_datatools.contract.files.atomic import each_line, write_bytes, write_lines
from p2p_datatools.contract.files.listing import SUFFIXES
from p2p_datatools.contract.files.relative import relative_name
from p2p_datatools.contract.foreign import ForeignPlace, catch_decoder
from p2p_datatools.contract.palette import IGNORE, IGNORED, PALETTE_FILE, Palette, palette_of
from p2p_datatools.contract.pictures.pages import Exif
from p2p_datatools.contract.pictures.sizes import Size
from p2p_datatools.contract.words import path_word

MASK_LINES = "masks.jsonl"
_TO_DO = "Delete the folder and build its masks again."
_TEXTS = ("snapping", "decided_by", "scaled", "split", "exif")
_COUNTS = ("snapped", "blended", "reordered")


@dataclass(frozen=True)
class MaskLine:
    """One mask: `areas` are pixels by class, `labels` maps each label to its class.

    `signature` is that of the labels in `source`; a mask is up to date while both it and `labels` are unchanged. Where
    the labels were colours, `snapped` pixels had the colour of no class, and `blended` of them were near none;
    what they became depends on `snapping`, which is the tolerance and the colours of --map. Where the labels were a
    picture, `values` are its numbers or colours, each with the label it stood for and its pixels, and `decided_by` says
    what told that. With regions, `reordered` pixels would have another class in the order of annotation. `exif` is
    "raw" where the mask is for the photo as it lies in its file, not turned. `scaled` is the size of the labels, such
    as 95x64, where it was not that of the photo. `faults` are the segments of a picture of labels that were left out,
    as lines of left_out.jsonl. At `undecided`, (x, y), are the first pixels of a worn picture that no colour explains;
    they are ignored. The labels may give the picture a `split`. `table` has the colours that the picture's own table
    gives to its numbers, where it was read by these.
    """

    name: str
    size: Size
    areas: dict[str, int]
    source: str
    signature: str
    labels: dict[str, str]
    snapped: int = 0
    blended: int = 0
    snapping: str = ""
    values: dict[str, tuple[str, int]] = field(default_factory=dict)
    decided_by: str = ""
    reordered: int = 0
    scaled: str = ""
    faults: tuple[dict[str, str], ...] = ()
    split: str = ""
    exif: str = ""
    undecided: tuple[tuple[int, int], ...] = ()
    table: dict[str, str] = field(default_factory=dict)

    @property
    def file(self) -> str:
        """The mask's file below the folder."""
        return f"{self.name}.png"

    @property
    def files(self) -> tuple[str, ...]:
        """The same, as other records have it."""
        return (self.file,)

    def to_json(self) -> dict[str, Any]:
        """The mask as one JSON line's value."""
        value = vars(self) | {"size": list(self.size)}
        return {key: part for key, part in value.items() if part or key not in ("exif", "table")}


def line_from_json(value: Any, where: Path | str = "masks.jsonl") -> MaskLine:
    """Read what `MaskLine.to_json` gave, as `where` holds it.

    Raises P2PError for a name that is not below the folder, and for anything else that is not a mask.
    """
    at = ForeignPlace(where, _TO_DO)
    with catch_decoder(where, "is damaged", _TO_DO):
        table = at.read_table(value, "a line")
        others: dict[str, Any] = {name: at.read_text(table.get(name, ""), name) for name in _TEXTS}
        others |= {name: at.read_whole(table.get(name, 0), name) for name in _COUNTS}
        values = at.read_table(table.get("values", {}), "values")
        return MaskLine(
            name=relative_name(table["name"], where, suffix=".png"),
            size=Size(*at.read_two(table["size"], "a size")),
            areas=at.read_counts(table["areas"], "areas"),
            source=at.read_text(table["source"], "source"),
            signature=at.read_text(table["signature"], "signature"),
            labels=at.read_texts(table["labels"], "labels"),
            values={
                key: (at.read_text(label, "a label"), at.read_whole(count, "a count"))
                for key, (label, count) in values.items()
            },
            faults=tuple(at.read_texts(each, "a fault") for each in at.read_list(table.get("faults", []), "faults")),
            table=at.read_texts(table.get("table", {}), "table"),
            undecided=tuple(
                at.read_two(each, "a place") for each in at.read_list(table.get("undecided", []), "undecided")
            ),
            **others,
        )


def read_mask_lines(folder: Path | str) -> dict[str, MaskLine]:
    """The lines of a mask folder by name; raises P2PError when they are damaged."""
    return {line.name: line for line in each_mask_line(folder)}


def each_mask_line(folder: Path | str) -> Iterator[MaskLine]:
    """The same one after the other, for 100,000 of them fill 300 MB."""
    path = Path(folder) / MASK_LINES
    return (line_from_json(value, path) for _, value in each_line(path))


def read_mask_splits(folder: Path) -> dict[str, str]:
    """The split of each mask whose labels give it one, by name; none for a folder without masks of ours.

    Raises P2PError when the record is damaged.
    """
    path = folder / MASK_LINES
    if not path.is_file():
        return {}
    with catch_decoder(path, "is damaged", _TO_DO):
        return {str(value["name"]): str(value["split"]) for _, value in each_line(path) if value.get("split")}


def find_sources(folder: Path, files: Collection[str]) -> set[str]:
    """Those pictures, as paths below another folder, of which the masks in `folder` were built.

    Nothing where these do not all lie below one folder there: one of them may then be called so by chance. A damaged
    record says nothing.
    """
    path = folder / MASK_LINES
    if not files or not path.is_file():
        return set()
    sources = list[PurePosixPath]()
    with suppress(P2PError), catch_decoder(path, "is damaged", _TO_DO):
        sources = [PurePosixPath(str(value["source"])) for _, value in each_line(path)]
    if any(each.suffix.lower() not in SUFFIXES for each in sources):
        return set()  # a file of outlines, which may be called as a picture is
    built, there = [str(each) for each in sources], frozenset(files)
    places = [file.removesuffix(built[0]) for file in there if f"/{file}".endswith(f"/{built[0]}")] if built else []
    found = ({place + each for each in built} for place in places)
    return next((each for each in found if each <= there), set())


def refuse_other_exif(folder: Path, exif: Exif) -> None:
    """Raise UsageError when the masks in `folder` are for photos that are turned in another way than by `exif`."""
    if not (folder / MASK_LINES).is_file():
        return
    _, first = next(each_line(folder / MASK_LINES), (0, None))
    made = "raw" if isinstance(first, dict) and first.get("exif") == "raw" else "apply"
    if made == "raw" != exif:
        to_do = "Add --exif raw here, too, or build the masks without it."
        raise UsageError(folder, "holds masks that were built with --exif raw", to_do, code="other-exif")


def write_records(folder: Path, palette: Palette, lines: Iterable[MaskLine]) -> None:
    """Write palette.toml, then masks.jsonl, each atomically; `lines` are in the order of their names."""
    write_bytes(folder / PALETTE_FILE, palette.to_toml().encode())
    write_lines(folder / MASK_LINES, (line.to_json() for line in lines))


def areas_of(pixels: NDArray[np.int64], palette: Palette) -> dict[str, int]:
    """The pixels of each class that a mask has any of, and of what it ignores; `pixels` are those of each index."""
    areas = {name: int(pixels[index]) for index, name in enumerate(palette.names)} | {IGNORED: int(pixels[IGNORE])}
    return {name: count for name, count in areas.items() if count}


def look(palette: Palette) -> list[Any]:
    """What a palette means in a mask file: names and colours in their order, without ids and aliases."""
    return [[each.name, list(each.color)] for each in palette.classes]


def refuse_other_palette(folder: Path, palette: Palette) -> None:
    """Raise UsageError when the masks in `folder` are of other classes or colours than `palette`."""
    theirs = palette_of(folder)
    if theirs is None or look(theirs) != look(palette):
        held = f"the palette {theirs.name}" if theirs else f"an unknown palette ({PALETTE_FILE} is missing)"
        differ = f": {_say_difference(theirs, palette)}" if theirs else ""
        again = f" p2p data build-masks {path_word(folder)} DEST --palette PALETTE makes those of these masks."
        to_do = f"Choose another destination for masks of that palette.{again if theirs else ''}"
        what = f"holds masks of {held}, not of {palette.name} as it was given{differ}"
        raise UsageError(folder, what, to_do, code="other-palette")


def _say_difference(theirs: Palette, given: Palette) -> str:
    """In which classes or colours two palettes differ."""
    here, there = ({each.name: each.color for each in palette.classes} for palette in (theirs, given))
    gone, new = [name for name in here if name not in there], [name for name in there if name not in here]
    other = [name for name in here if name in there and here[name] != there[name]]
    kinds = ((gone, "missing in that one"), (new, "missing in these masks"), (other, "of another colour"))
    said = [f"{', '.join(names)} {words}" for names, words in kinds if names]
    return "; ".join(said) or "the classes have another order"
