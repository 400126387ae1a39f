"""`p2p data export`: its options, the call, and its result as text.

Nothing here may know the file format of another tool.
"""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from p2p_cli import options
from p2p_datatools.contract.words import plural, shell_word

if TYPE_CHECKING:
    from p2p_datatools.exports.build import MaskExportSummary


def _formats() -> tuple[str, ...]:
    from p2p_datatools.exports.table import export_names

    return export_names()


@click.command()
@click.argument("masks", type=options.FOLDER)
@click.argument("dest", type=options.PLACE)
@click.option(
    "--format", "kind", type=options.LateChoice(_formats), required=True, help="The tool that will read DEST."
)
@options.photos_option("The photos of the masks, which the labels name.")
@options.keep_going_option
@options.json_option
def command(masks: Path, dest: Path, kind: str, photos: Path | None, keep_going: bool, as_json: bool) -> int:
    """Export masks as labels of another tool.

    MASKS is a mask folder. DEST receives the files that the tool reads, and export.jsonl; photos are named, not
    copied. Outlines run along the edges of pixels, so that 'p2p data build-masks' gives every pixel back, and
    pycocotools does, too. The first class of the palette is left out if it is called background or the like; what is
    ignored becomes the label 'ignore'.

    \b
    Examples:
      p2p data export masks coco --format coco --photos photos
      p2p data export masks yolo --format yolo --photos photos
      p2p data build-masks coco/annotations.json again --palette masks/palette.toml
      p2p data check again --against masks
    """
    from p2p_cli import render
    from p2p_datatools.exports.build import export_masks

    summary = export_masks(masks, dest, format=kind, photos=photos, keep_going=keep_going, report=render.reporter())
    if as_json:
        render.say(options.to_json(summary))
    else:
        _say(summary, masks, photos)
    render.skips(summary.skipped, dest)
    return 1 if summary.skipped else 0


def _say(summary: "MaskExportSummary", masks: Path, photos: Path | None) -> None:
    from p2p_cli import render

    made, shapes = plural(summary.made, "mask"), plural(summary.shapes, "region")
    render.say(f"{summary.format}: {made} exported to {summary.dest}, {summary.kept} kept; {shapes} in all.")
    if summary.ignored:
        label = "void" if summary.format == "voc" else summary.ignored_label
        render.say(f"{plural(summary.ignored, 'ignored pixel is', 'ignored pixels are')} labelled '{label}'.")
    if summary.photos:
        render.say(f"photos  the tool looks for them in {summary.photos}; none was copied")
    where = photos or ("PHOTOS" if summary.needs_photos else None)
    words = ["p2p", "data", "build-masks", str(summary.labels), "AGAIN", "--palette", str(masks / "palette.toml")]
    words += ["--photos", str(where)] if where else []
    words += [] if summary.shapes else ["--empty", "background"]
    words += [word for label, to in summary.mapping.items() for word in ("--map", f"{label}={to}")]
    render.say(f"back  {' '.join(map(shell_word, words))}")
