"""`p2p data merge`: its words, the call, and its result in words.

Nothing here may copy a picture.
"""

from pathlib import Path

import click

from p2p_cli import options


@click.command()
@click.argument("parts", type=options.FOLDER, nargs=-1, required=True)
@click.argument("dest", type=options.PLACE)
@click.option("--move", is_flag=True, help="Move the pictures, which empties the parts.")
@options.json_option
def command(parts: tuple[Path, ...], dest: Path, move: bool, as_json: bool) -> int:
    """Put the parts of a pairing in shards together.

    The parts must be made with the same settings, have no name in common, and not be split yet. The same command again
    continues after an interruption.

    \b
    Example:
      p2p data merge pairs.1-of-3 pairs.2-of-3 pairs.3-of-3 pairs
    """
    from p2p_cli import render
    from p2p_datatools.pairs.shards import merge

    summary = merge(parts, dest, move=move, report=render.reporter())
    if as_json:
        render.say(options.to_json(summary))
    else:
        render.say(f"{summary.brought} pairs of {summary.parts} parts in {dest}, {summary.kept} were there.")
        render.say(f"next  p2p data split {dest}")
    render.skips(summary.skipped, dest)
    return 1 if summary.skipped else 0
