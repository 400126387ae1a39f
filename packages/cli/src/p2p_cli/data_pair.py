"""`p2p data pair`: its words, the call, and its result in words.

Nothing here may join pictures.
"""

from pathlib import Path

import click

from p2p_cli import options
from p2p_datatools.contract.errors import UsageError
from p2p_datatools.contract.sizes import FITS, Fit, Size


@click.command()
@click.argument("a", type=options.FOLDER)
@click.argument("b", type=options.FOLDER)
@click.argument("dest", type=options.PLACE)
@click.option("--halves", metavar="A,B", help="What the halves are called; by default mask,photo for a mask folder.")
@click.option(
    "--size",
    type=options.SizeType(native=True),
    default="native",
    show_default=True,
    metavar="native|N|WxH",
    help="The size of each half.",
)
@click.option("--fit", type=click.Choice(FITS), default="stretch", show_default=True, help="How to reach that size.")
@options.keep_going_option
@options.json_option
def command(
    a: Path, b: Path, dest: Path, halves: str | None, size: Size | str, fit: Fit, keep_going: bool, as_json: bool
) -> int:
    """Join the pictures of A and B to A|B pairs.

    A is usually a mask folder and B its photos; pictures belong together when their paths below the folders, without
    suffix, are equal. DEST receives one lossless PNG a pair, A left and B right, and a manifest with the hash of each.

    \b
    Example:
      p2p data pair masks photos pairs
    """
    from p2p_cli import render
    from p2p_datatools.pairs import pair

    words = tuple(halves.split(",")) if halves else None
    if words is not None and (len(words) != 2 or not all(words)):
        raise UsageError(f"--halves {halves}: is not two words with a comma between, such as mask,photo.")
    summary = pair(
        a,
        b,
        dest,
        halves=(words[0], words[1]) if words else None,
        size=size if isinstance(size, Size) else None,
        fit=fit,
        keep_going=keep_going,
        report=render.reporter(),
    )
    if as_json:
        render.say(options.to_json(summary))
    else:
        sizes = str(summary.smallest)
        if summary.smallest != summary.largest:
            sizes += f" to {summary.largest}"
        render.say(f"{summary.built} pairs {'|'.join(summary.halves)} in {dest} ({sizes}), {summary.kept} were there.")
        render.say(f"next  p2p data split {dest}")
    render.skips(summary.skipped, dest)
    return 1 if summary.skipped else 0
