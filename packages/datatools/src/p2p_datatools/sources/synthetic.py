"""The data set that is drawn rather than fetched: cars with exact labels, and the record of what was drawn.

Nothing here may use the network or know how a car is drawn.
"""

from collections import Counter
from importlib import metadata
from pathlib import Path
from typing import Any

from p2p_datatools.contract.errors import P2PError, UsageError
from p2p_datatools.contract.files.atomic import read_json, write_json
from p2p_datatools.contract.files.destination import Destination
from p2p_datatools.contract.pictures.images import write_png
from p2p_datatools.contract.pictures.sizes import Size
from p2p_datatools.contract.progress import QUIET, Reporter
from p2p_datatools.sources.provenance import PROVENANCE
from p2p_datatools.synth import DEFAULT_SIZE, STYLES, draw_car_picture

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

    Returns how many were drawn and how many existed. Those that exist are kept, and a larger limit adds cars. Raises
    UsageError when DEST holds something else, or cars of another style, seed or size.
    """
    if style not in STYLES:
        raise UsageError(
            f"style={style}", "is not a known style", f"Choose from {', '.join(STYLES)}.", code="impossible-setting"
        )
    if limit < 1:
        raise UsageError(f"limit={limit}", "is less than one picture", "Give 1 or more.", code="impossible-setting")
    series = {"name": SYNTH_CARS, "style": style, "seed": seed, "size": list(size)}
    version = metadata.version("p2p-datatools")
    with Destination(dest, marker=PROVENANCE, recipe=series | {"version": version}) as destination:
        kept = _count_of(dest, series, version, limit) if destination.exists else 0
        finished = _is_finished(destination, limit)
        for index in report.track(range(kept, limit), "drawings", max(0, limit - kept)):
            if index not in finished:
                _draw(destination, index, series)
        note = series | {"count": max(kept, limit), "source": "p2p_datatools.synth", "licence": SYNTH_LICENCE}
        note |= {"palette": "cars"}  # whose ids the labels have
        if kept < limit:
            destination.commit(lambda folder: write_json(folder / PROVENANCE, note | {"version": version}))
    return max(0, limit - kept), kept


def _count_of(dest: Path, series: dict[str, Any], version: str, limit: int) -> int:
    """How many drawings DEST holds; raises UsageError when they are of another series."""
    there = read_json(dest / PROVENANCE)
    if not isinstance(there, dict) or not isinstance(there.get("count"), int):
        raise P2PError(dest / PROVENANCE, "is damaged", "Delete the folder and fetch again.", code="damaged-file")
    other = [f"{key} {there.get(key)}" for key in series if there.get(key) != series[key]]
    if limit > there["count"] and there.get("version") != version:
        # Another version may draw another car for the same number.
        other.append(f"version {there.get('version')}")
    if other:
        raise UsageError(
            dest,
            f"was made with {', '.join(other)}",
            "Choose another destination, or delete the folder.",
            code="other-settings",
        )
    return int(there["count"])


def _is_finished(destination: Destination, limit: int) -> set[int]:
    """The drawings of an earlier call that was cut off; those beyond `limit` are removed."""
    files = Counter(record["index"] for record in destination.done.values())
    for file in [file for file, record in destination.done.items() if record["index"] >= limit]:
        destination.forget(file)
    return {index for index, count in files.items() if count == len(_FOLDERS)}


def _draw(destination: Destination, index: int, series: dict[str, Any]) -> None:
    drawing = draw_car_picture(index, seed=series["seed"], style=series["style"], size=tuple(series["size"]))
    for folder, pixels in zip(_FOLDERS, (drawing.photo, drawing.labels), strict=True):
        file = f"{folder}/{drawing.name}.png"
        write_png(destination.path(file), pixels, durable=False)
        destination.record(file, {"index": index})
