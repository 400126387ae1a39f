"""`p2p data repair`: its options, the call, and its result as text.

Nothing here may look at a picture.
"""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from p2p_cli import options
from p2p_cli.text import render
from p2p_cli.text.hints import next_command
from p2p_datatools.contract.words import plural

if TYPE_CHECKING:
    from p2p_datatools.contract.pictures.pages import Exif
    from p2p_datatools.repairs.build import RepairSummary


_WORDS = {
    "inexact": "near the colour of a class",
    "blended": "near no class, as soft edges and JPEG have",
    "transparent": "transparent, which is background",
    "pinhole": "in pinholes",
    "island": "in islands",
    "undecided": "of a colour that no class explains, which are ignored",
}


@click.command()
@click.argument("masks", type=options.FOLDER)
@click.argument("dest", type=options.PLACE)
@options.palette_option
@options.photos_option("Bring masks to the size of their photos, by nearest pixel.")
@click.option(
    "--specks",
    type=options.WholeNumber(1, 64),
    metavar="N",
    help="Fill areas of fewer pixels than this; 1 fills none. By default 0.002% of the mask's pixels, from 2 to 64.",
)
@options.exif_option
@options.keep_going_option
@options.json_option
def command(
    masks: Path,
    dest: Path,
    palette_name: str | None,
    photos: Path | None,
    specks: int | None,
    exif: "Exif",
    keep_going: bool,
    as_json: bool,
) -> int:
    """Repair masks with blended colours, specks or other sizes.

    MASKS is a mask folder, or any folder of pictures in the colours of a palette: saved as JPEG, resized smoothly, or
    drawn with soft edges. A blended colour becomes the class that, blurred, explains the picture best: between red and
    black lies no green. Islands and pinholes are filled from around them, but no class that a mask has vanishes. MASKS
    stays as it is.

    DEST receives a mask folder, and in DEST/changes for each mask what was changed: NAME.json, pixels by reason and by
    class before and after, and NAME.png. What no class explains is ignored and listed; the exit code is then 1.

    \b
    Examples:
      p2p data repair masks repaired
      p2p data repair drawings masks --palette cars --photos photos
      p2p data repair masks repaired --specks 1
    """
    from p2p_datatools.contract.pictures.pages import ReadOptions
    from p2p_datatools.repairs.build import RepairOptions, repair

    summary = repair(
        masks,
        dest,
        palette=options.read_palette(palette_name),
        how=RepairOptions(specks, photos, ReadOptions(exif=exif)),
        keep_going=keep_going,
        report=render.reporter(),
    )
    if as_json:
        render.say_json(summary)
    else:
        _say(summary)
        render.hint(next_command("data", "pair", dest, photos or "PHOTOS", "PAIRS"))
    render.say_undecided(summary.undecided, dest)
    render.say_skipped(summary.skipped, dest)
    return 1 if summary.skipped or summary.undecided else 0


def _say(summary: "RepairSummary") -> None:
    render.say(f"{plural(summary.repaired, 'mask')} repaired in {summary.dest}, {summary.kept:,} kept.")
    total = summary.pixels or 1
    rows = [(_WORDS[reason], f"{count}", f"{count / total:.3%}") for reason, count in summary.changed.items()]
    if rows:
        render.table(("changed pixels", "", "share of pixels"), rows)
    if summary.exact:
        render.say(f"{plural(summary.exact, 'mask')} needed no repair.")
    if summary.scaled:
        one, several = "mask was brought to the size of its photo", "masks were brought to the sizes of their photos"
        render.say(f"{plural(summary.scaled, one, several)}.")
    names = [*summary.after, *(name for name in summary.before if name not in summary.after)]
    counts = [(name, f"{summary.before.get(name, 0)}", f"{summary.after.get(name, 0)}") for name in names]
    render.table(("class", "pixels by nearest colour", "pixels repaired"), counts)
