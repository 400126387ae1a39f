"""`p2p data show`: its options and the call.

Nothing here may lay out a picture.
"""

from pathlib import Path

import click

from p2p_cli import options
from p2p_datatools.contract.errors import UsageError


@click.command()
@click.argument("path", type=options.FOLDER)
@click.argument("picture", type=options.PLACE)
@click.option("--limit", type=click.IntRange(1), default=12, show_default=True, metavar="N", help="Pictures shown.")
@options.page_option
@click.option("--force", is_flag=True, help="Replace PICTURE if it exists.")
def command(path: Path, picture: Path, limit: int, page: int | None, force: bool) -> int:
    """Draw a contact sheet of masks, pairs or photos.

    PATH is a mask folder, a pair folder or a folder of photos; PICTURE is the PNG to write, with every picture's name
    under it. Of more than --limit pictures, it shows some at even distances.
    """
    from p2p_cli import render
    from p2p_datatools.contract.pictures.images import shows, write_png
    from p2p_datatools.contract.pictures.pages import ReadOptions
    from p2p_datatools.sheets.contact import contact_sheet

    if picture.suffix.lower() != ".png":
        raise UsageError(picture, "is not the name of a PNG file", "End it in .png.", code="wrong-file-name")
    drawn = contact_sheet(path, limit=limit, read=ReadOptions(page), report=render.reporter())
    if picture.exists() and not force and not shows(picture, drawn):
        raise UsageError(
            picture,
            "exists already and holds another picture",
            "Choose another name, or add --force to replace it.",
            code="destination-exists",
        )
    write_png(picture, drawn)
    render.say(str(picture))
    return 0
