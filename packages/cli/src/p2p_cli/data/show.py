"""`p2p data show`: its options and the call.

Nothing here may lay out a picture.
"""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from p2p_cli import options
from p2p_cli.text import render
from p2p_datatools.contract.files.named_file import other_content, refuse_other_name

if TYPE_CHECKING:
    from p2p_datatools.contract.pictures.overlay import Overlay


def _overlays() -> tuple[str, ...]:
    from p2p_datatools.contract.pictures.overlay import OVERLAYS

    return OVERLAYS


@click.command()
@click.argument("path", type=options.FOLDER)
@click.argument("picture", type=options.PLACE)
@click.option(
    "--limit", type=options.WholeNumber(1), default=12, show_default=True, metavar="N", help="Pictures shown."
)
@click.option(
    "--seed", type=options.WholeNumber(0), metavar="N", help="Draw the pictures shown at random by this seed."
)
@click.option("--names", multiple=True, metavar="A,B", help="Show these pictures; may be repeated.")
@options.photos_option("For masks: their photos, with the masks over them.")
@click.option(
    "--overlay",
    type=options.LateChoice(_overlays),
    help="How masks lie over photos: in colour, or as outlines. Adds a column to pairs of a mask and a photo.",
)
@click.option("--findings", is_flag=True, help="Show what 'p2p data check' finds, with a ring at each place.")
@options.palette_option
@options.page_option
@click.option("--force", is_flag=True, help="Replace PICTURE if it exists.")
def command(
    path: Path,
    picture: Path,
    limit: int,
    seed: int | None,
    names: tuple[str, ...],
    photos: Path | None,
    overlay: "Overlay | None",
    findings: bool,
    palette_name: str | None,
    page: int | None,
    force: bool,
) -> int:
    """Draw a contact sheet of masks, pairs, photos or samples.

    PATH is a folder of masks, of pairs, of photos, or of 'p2p sample', whose sheets and variants get titles; PICTURE is
    the PNG to write, with every picture's name under it. Of more than --limit pictures, it shows some at even
    distances, or those of --seed or --names. Pictures of more than 8 bits are stretched for the eye, as the sheet says.

    \b
    Examples:
      p2p data show masks masks.png --photos photos --overlay outlines
      p2p data show pairs some.png --seed 1 --limit 6
      p2p data show masks wrong.png --photos photos --findings
    """
    from p2p_datatools.checks.folder import check
    from p2p_datatools.contract.pictures.images import shows, write_png
    from p2p_datatools.contract.pictures.pages import ReadOptions
    from p2p_datatools.sheets.contact import SheetOptions, contact_sheet

    refuse_other_name(picture, ".png")
    palette, read = options.read_palette(palette_name), ReadOptions(page)
    report = render.reporter()
    drawn = contact_sheet(
        path,
        limit=limit,
        seed=seed,
        names=_split_names(names),
        palette=palette,
        photos=photos,
        findings=check(path, photos=photos, palette=palette, read=read, report=report).findings if findings else None,
        how=SheetOptions(overlay=overlay, read=read),
        report=report,
    )
    if picture.exists() and not force and not shows(picture, drawn):
        raise other_content(picture, "add --force to replace it")
    write_png(picture, drawn, role="contact sheet")
    render.say(str(picture))
    return 0


def _split_names(names: tuple[str, ...]) -> list[str]:
    """The names; only one alone may hold several, for a comma may be part of a name."""
    return [part.strip() for part in names[0].split(",") if part.strip()] if len(names) == 1 else list(names)
