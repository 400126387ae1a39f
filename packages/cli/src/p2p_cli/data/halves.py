"""`p2p data halves`: its options, the call, and its result as text.

Nothing here may take a picture apart.
"""

from pathlib import Path

import click

from p2p_cli import options
from p2p_cli.text import render
from p2p_cli.text.hints import next_command
from p2p_datatools.contract.words import plural


@click.command()
@click.argument("pairs", type=options.FOLDER)
@click.argument("dest", type=options.PLACE)
@click.option(
    "--halves",
    metavar="LEFT,RIGHT",
    help="Names of the halves and of their folders in DEST; by default those of the manifest, else a,b.",
)
@options.keep_going_option
@options.json_option
def command(pairs: Path, dest: Path, halves: str | None, keep_going: bool, as_json: bool) -> int:
    """Take A|B pairs apart into two folders.

    PAIRS is a pair folder or any ordinary pix2pix folder (PNG or JPEG; train/, val/, test/, or pictures alone). DEST
    receives a folder for each half with one lossless PNG per pair; what the manifest calls a mask becomes an exact mask
    folder. The reverse of 'p2p data pair'.

    In folders of other tools bars of one colour between the halves, and around them, and captions are left out, and
    pictures that stand one above the other become a (the upper one) and b; three that stand side by side need three
    names, four in two rows four. Pictures of 16 bits are taken apart, too, and two of which one is twice as wide.

    \b
    Examples:
      p2p data halves pairs apart
      p2p data halves facades/train apart --halves photo,labels
      p2p data halves triples apart --halves mask,edges,photo
    """
    from p2p_datatools.pairs.disassemble import take_apart

    words = options.parse_words(halves, 2, 3, 4) if halves else None
    summary = take_apart(pairs, dest, words=words, keep_going=keep_going, report=render.reporter())
    if as_json:
        render.say_json(summary)
    else:
        *others, last = summary.folders
        folders = f"{', '.join(map(str, others))} and {last}"
        render.say(f"{plural(summary.split, 'pair')} taken apart into {folders}, {summary.kept:,} kept.")
        for folder in summary.masks:
            render.say(f"{folder} is a mask folder: exact class indices with their palette.")
        is_named = not summary.masks and len(others) == 1
        named = ("--halves", f"{others[0].name},{last.name}") if is_named else ()
        if summary.one_size:
            render.hint(next_command("data", "pair", *summary.folders, "PAIRS", *named))
    return render.say_skipped(summary.skipped, dest)
