"""What a mask folder holds beside its masks: the palette, and a line for each mask that records what it was made of.

Nothing here may paint or judge a mask.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from p2p_datatools.contract.errors import P2PError, UsageError
from p2p_datatools.contract.files.atomic import read_lines, write_bytes, write_lines
from p2p_datatools.contract.files.relative import relative_name
from p2p_datatools.contract.palette import IGNORE, IGNORED, PALETTE_FILE, Palette, palette_of
from p2p_datatools.contract.pictures.pages import Exif
from p2p_datatools.contract.pictures.sizes import Size

MASK_LINES = "masks.jsonl"


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
    they are ignored. The labels may give the picture a `split`.
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
        return value if self.exif else {key: part for key, part in value.items() if key != "exif"}


def line_from_json(value: Any, where: Path | str = "masks.jsonl") -> MaskLine:
    """Read what `MaskLine.to_json` gave, as `where` holds it.

    Raises P2PError for a name that is not below the folder, and KeyError, TypeError or ValueError for anything else.
    """
    width, height = value["size"]
    return MaskLine(
        name=relative_name(value["name"], where, suffix=".png"),
        size=Size(int(width), int(height)),
        areas={str(name): int(count) for name, count in dict(value["areas"]).items()},
        source=str(value["source"]),
        signature=str(value["signature"]),
        labels={str(label): str(word) for label, word in dict(value["labels"]).items()},
        snapped=int(value.get("snapped", 0)),
        blended=int(value.get("blended", 0)),
        snapping=str(value.get("snapping", "")),
        values={str(key): (str(label), int(count)) for key, (label, count) in value.get("values", {}).items()},
        decided_by=str(value.get("decided_by", "")),
        reordered=int(value.get("reordered", 0)),
        scaled=str(value.get("scaled", "")),
        faults=tuple({str(key): str(word) for key, word in each.items()} for each in value.get("faults", ())),
        split=str(value.get("split", "")),
        exif=str(value.get("exif", "")),
        undecided=tuple((int(x), int(y)) for x, y in value.get("undecided", ())),
    )


def read_mask_lines(folder: Path) -> dict[str, MaskLine]:
    """The lines of a mask folder by name; raises P2PError when they are damaged."""
    path = folder / MASK_LINES
    try:
        lines = [line_from_json(value, path) for value in read_lines(path)]
    except (KeyError, TypeError, ValueError) as error:
        raise _damage(path, error) from error
    return {line.name: line for line in lines}


def read_mask_splits(folder: Path) -> dict[str, str]:
    """The split of each mask whose labels give it one, by name; none for a folder without masks of ours.

    Raises P2PError when the record is damaged.
    """
    path = folder / MASK_LINES
    if not path.is_file():
        return {}
    try:
        return {str(value["name"]): str(value["split"]) for value in read_lines(path) if value.get("split")}
    except (KeyError, TypeError, AttributeError) as error:
        raise _damage(path, error) from error


def _damage(path: Path, error: Exception) -> P2PError:
    return P2PError(
        path,
        f"is damaged ({type(error).__name__}: {error})",
        "Delete the folder and build its masks again.",
        code="damaged-file",
    )


def refuse_other_exif(folder: Path, exif: Exif) -> None:
    """Raise UsageError when the masks in `folder` are for photos that are turned in another way than by `exif`."""
    if not (folder / MASK_LINES).is_file():
        return
    first = next(iter(read_lines(folder / MASK_LINES)), None)
    made = "raw" if isinstance(first, dict) and first.get("exif") == "raw" else "apply"
    if made == "raw" != exif:
        to_do = "Add --exif raw here, too, or build the masks without it."
        raise UsageError(folder, "holds masks that were built with --exif raw", to_do, code="other-exif")


def write_records(folder: Path, palette: Palette, lines: Iterable[MaskLine]) -> None:
    """Write palette.toml, then masks.jsonl in the order of the names, each atomically."""
    write_bytes(folder / PALETTE_FILE, palette.to_toml().encode())
    write_lines(folder / MASK_LINES, (line.to_json() for line in sorted(lines, key=lambda line: line.name)))


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
        raise UsageError(
            folder,
            f"holds masks of {held}, not of {palette.name} as given",
            "Use its palette, or choose another destination.",
            code="other-palette",
        )
