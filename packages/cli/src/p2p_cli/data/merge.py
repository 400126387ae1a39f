"""`p2p data merge`: its options, the call, and its result as text.

Nothing here may copy a picture.
"""

from pathlib import Path

import click

from p2p_cli import options
from p2p_cli.text import render
from p2p_cli.text.hints import next_command
from p2p_datatools.contract.words import plural


@click.command()
@click.argument("parts", type=options.FOLDER, nargs=-1, required=True)
@click.argument("dest", type=options.PLACE)
@click.option("--move", is_flag=True, help="Move the pictures, which empties the parts.")
@options.json_option
def command(parts: tuple[Path, ...], dest: Path, move: bool, as_json: bool) -> int:
    """Merge the parts of a pairing in shards.

    The parts must be made with the same settings, have no name in common, and not be split yet, but for splits that
    their folders gave. Run the same command again to continue after an interruption.

    \b
    Example:
      p2p data merge pairs.1-of-3 pairs.2-of-3 pairs.3-of-3 pairs
    """
    from p2p_datatools.pairs.shards import merge

    summary = merge(parts, dest, move=move, report=render.reporter())
    if as_json:
        render.say_json(summary)
    else:
        render.say(
            f"{plural(summary.brought, 'pair')} of {plural(summary.parts, 'part')} in {dest}, {summary.kept:,} kept."
        )
        render.hint(next_command("data", "split", dest))
    return render.say_skipped(summary.skipped, dest)
