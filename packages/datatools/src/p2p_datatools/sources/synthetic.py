"""The data set that is drawn rather than fetched: cars with exact labels, and the record of what was drawn.

Nothing here may use the network or know how a car is drawn.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from importlib import metadata
from pathlib import Path
from typing import Any

from p2p_datatools.contract.errors import P2PError, UsageError
from p2p_datatools.contract.files.atomic import read_json, write_json
from p2p_datatools.contract.files.destination import Destination, refuse
from p2p_datatools.contract.files.work import Output, Work
from p2p_datatools.contract.foreign import ForeignPlace
from p2p_datatools.contract.origin import PROVENANCE
from p2p_datatools.contract.pictures.images import write_png
from p2p_datatools.contract.pictures.sizes import Size
from p2p_datatools.contract.progress import QUIET, Reporter
from p2p_datatools.sources.catalog import find_entry
from p2p_datatools.synth.drawing import DEFAULT_SIZE, STYLES, CarDrawing, draw_car_picture, name_of_car

SYNTH_CARS = "synth-cars"
SYNTH_LIMIT = 240
_FOLDERS = ("photos", "labels")
SYNTH_LICENCE = "CC0-1.0 for the pictures, MIT for the program that draws them"


def draw_cars(
    dest: Path,
    *,
    limit: int = SYNTH_LIMIT,
    seed: int = 0,
    style: str = "studio",
    size: Size = Size(*DEFAULT_SIZE),
    report: Reporter = QUIET,
) -> tuple[int, int]:
    """Draw cars 0 to `limit` - 1 of the series `seed` into DEST/photos and DEST/labels (8-bit grey, ids 0 to 4).

    Returns how many were drawn and how many existed. Those that exist are kept, a larger limit adds cars, and one whose
    picture is missing is drawn again. Raises UsageError when DEST holds something else, or cars of another style, seed
    or size, and P2PError for a file of the user's own in the place of a picture.
    """
    if style not in STYLES:
        what = "is not a known style"
        raise UsageError(f"style={style}", what, f"Choose from {', '.join(STYLES)}.", code="impossible-setting")
    if limit < 1:
        raise UsageError(f"limit={limit}", "is less than one picture", "Give 1 or more.", code="impossible-setting")
    series = {"name": SYNTH_CARS, "style": style, "seed": seed, "size": list(size)}
    version = metadata.version("p2p-datatools")
    with Destination(dest, marker=PROVENANCE, recipe=series | {"version": version}) as destination:
        count = _count_of(destination, series, version, limit) if destination.exists else 0
        total = max(count, limit)
        work = _Draw(destination, series, count, total)
        # In this thread: drawing is short calls of small pictures, which threads do not speed up.
        done = work.run(map(DrawingRecord, range(total)), "drawings", total, threads=1, report=report)
        refuse(done.skipped, destination, to_do="Move or delete them, and run the same command again.")
        # The palette whose ids the labels have, by which build-masks knows them.
        known = {"palette": find_entry(SYNTH_CARS).palette, "licence": SYNTH_LICENCE}
        note = series | {"count": total, "source": "p2p_datatools.synth", **known}
        if total > count or destination.begun:
            destination.commit(lambda folder: write_json(folder / PROVENANCE, note | {"version": version}))
    return done.made + done.resumed, done.kept


def _count_of(destination: Destination, series: dict[str, Any], version: str, limit: int) -> int:
    """How many drawings DEST has recorded; raises UsageError when they are of another series."""
    dest = destination.dest
    there = read_json(dest / PROVENANCE)
    if not isinstance(there, dict) or not isinstance(there.get("count"), int):
        raise P2PError(dest / PROVENANCE, "is damaged", "Delete the folder and fetch again.", code="damaged-file")
    other = [f"{key} {there.get(key)}" for key in series if there.get(key) != series[key]]
    count = int(there["count"])
    if there.get("version") != version and (limit > count or not _is_complete(dest, count)):
        # Another version may draw another car for the same number.
        other.append(f"version {there.get('version')}")
    if other:
        what = f"was made with {', '.join(other)}"
        raise UsageError(dest, what, "Choose another destination, or delete the folder.", code="other-settings")
    return count


def _is_complete(dest: Path, count: int) -> bool:
    return all((dest / file).is_file() for index in range(count) for file in DrawingRecord(index).files)


@dataclass(frozen=True)
class DrawingRecord:
    """What is recorded of a drawing: its number, from which with the series all else follows."""

    index: int

    @property
    def name(self) -> str:
        """The car's name."""
        return name_of_car(self.index)

    @property
    def files(self) -> tuple[str, ...]:
        """The photo and the labels."""
        return tuple(f"{folder}/{self.name}.png" for folder in _FOLDERS)

    def to_json(self) -> dict[str, Any]:
        """The record as a JSON value."""
        return vars(self)


class _Draw(Work[DrawingRecord, DrawingRecord, None]):
    """The drawings of one call; DEST has the first `count` of `total`, unless someone has deleted their files."""

    listing = PROVENANCE

    def __init__(self, destination: Destination, series: dict[str, Any], count: int, total: int) -> None:
        old = {record.name: record for record in map(DrawingRecord, range(count))}
        super().__init__(destination, old, {name_of_car(index) for index in range(total)})
        self._series = series

    def list_sources(self, item: DrawingRecord) -> Sequence[str]:
        """The car, which has no file that it is made of."""
        return (item.name,)

    def sign(self, item: DrawingRecord) -> None:
        """Nothing: a drawing follows from its number and the series, which the destination knows."""

    def is_current(self, record: DrawingRecord, item: DrawingRecord, signature: None) -> bool:
        """True: nothing of it can have changed."""
        return True

    def make(
        self, item: DrawingRecord, signature: None, known: DrawingRecord | None, *, stands: bool
    ) -> Output[DrawingRecord] | None:
        """Draw the car."""
        size = tuple(self._series["size"])
        drawing = draw_car_picture(item.index, seed=self._series["seed"], style=self._series["style"], size=size)
        return Output(item.files, partial(_write, item, drawing))

    def read_record(self, file: str, value: dict[str, Any]) -> DrawingRecord:
        """The drawing's number."""
        return DrawingRecord(ForeignPlace(file, "Delete it.").read_whole(value["index"], "index"))


def _write(record: DrawingRecord, drawing: CarDrawing, paths: Sequence[Path]) -> DrawingRecord:
    for path, pixels in zip(paths, (drawing.photo, drawing.labels), strict=True):
        write_png(path, pixels, durable=False)
    return record
