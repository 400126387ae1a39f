"""What is recorded of a repaired mask: its source, what was changed for which reason, and what could not be repaired.

Nothing here may look at a pixel.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args

from p2p_datatools.contract.files.atomic import read_lines
from p2p_datatools.contract.files.listing import CHANGES, REPAIRS
from p2p_datatools.contract.files.relative import relative_name
from p2p_datatools.contract.foreign import ForeignPlace, catch_decoder
from p2p_datatools.contract.mask_folder import MaskLine
from p2p_datatools.contract.pictures.sizes import Size

Reason = Literal["inexact", "blended", "transparent", "pinhole", "island", "undecided"]
REASONS: tuple[Reason, ...] = get_args(Reason)
_TO_DO = "Delete the folder and repair the masks again."


@dataclass(frozen=True)
class RepairLine:
    """One mask: `changed` are pixels by reason, `areas` those of each class afterwards.

    `before` are the pixels of each class if each pixel is given that of the nearest colour, whatever lies around it;
    `scaled` is the size of the source, such as 95x64, where it was not that of the photo. At `undecided`, (x, y), are
    the first places of the source that no class explains: they are ignored. `signature` is what the mask depends on:
    the hash of its source, and the settings. `drawn` says whether there is a picture of the changes.
    """

    name: str
    source: str
    signature: str
    size: Size
    areas: dict[str, int]
    before: dict[str, int]
    changed: dict[str, int] = field(default_factory=dict)
    scaled: str = ""
    undecided: tuple[tuple[int, int], ...] = ()
    split: str = ""
    exif: str = ""
    drawn: bool = False

    @property
    def files(self) -> tuple[str, ...]:
        """The mask, the JSON of its changes, and the picture of them."""
        drawn = (f"{CHANGES}/{self.name}.png",) if self.drawn else ()
        return f"{self.name}.png", f"{CHANGES}/{self.name}.json", *drawn

    @property
    def changes(self) -> int:
        """How many pixels were changed; those that a new size gave or took are not among them."""
        return sum(self.changed.values())

    def to_json(self) -> dict[str, Any]:
        """The line as a JSON value."""
        return vars(self) | {"size": list(self.size)}

    def mask_line(self) -> MaskLine:
        """The line that a mask folder has of it."""
        moved = self.changed.get("inexact", 0) + self.changed.get("blended", 0)
        return MaskLine(
            name=self.name,
            size=self.size,
            areas=self.areas,
            source=self.source,
            signature=self.signature,
            labels={name: name for name in self.areas},
            snapped=moved,
            blended=self.changed.get("blended", 0),
            decided_by="palette colours",
            scaled=self.scaled,
            split=self.split,
            exif=self.exif,
            undecided=self.undecided,
        )


def read_repairs(folder: Path) -> dict[str, RepairLine]:
    """The lines of a folder of repaired masks by name; raises P2PError when they are damaged."""
    lines = [repair_from_json(value, folder / REPAIRS) for value in read_lines(folder / REPAIRS)]
    return {line.name: line for line in lines}


def repair_from_json(value: Any, where: Path | str) -> RepairLine:
    """Read what `RepairLine.to_json` gave; raises P2PError for anything else."""
    at = ForeignPlace(where, _TO_DO)
    with catch_decoder(where, "is damaged", _TO_DO):
        table = at.read_table(value, "a line")
        texts = {name: at.read_text(table[name], name) for name in ("source", "signature", "scaled", "split", "exif")}
        return RepairLine(
            name=relative_name(table["name"], where, suffix=".png"),
            size=Size(*at.read_two(table["size"], "a size")),
            areas=at.read_counts(table["areas"], "areas"),
            before=at.read_counts(table["before"], "before"),
            changed=at.read_counts(table["changed"], "changed"),
            undecided=tuple(at.read_two(each, "a place") for each in at.read_list(table["undecided"], "undecided")),
            drawn=table["drawn"] is True,
            **texts,
        )
