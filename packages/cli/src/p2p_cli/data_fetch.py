"""`p2p data fetch`: its words, the call, and its result in words.

Nothing here may reach the network or write a file.
"""

from pathlib import Path

import click

from p2p_cli import options


@click.command()
@click.argument("name")
@click.argument("dest", type=options.PLACE)
@click.option(
    "--limit", type=click.IntRange(1), metavar="N", help="So many pictures; without it all (synth-cars: 240)."
)
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Which pictures are drawn.")
@click.option(
    "--style",
    type=click.Choice(("studio", "street")),
    default="studio",
    show_default=True,
    help="synth-cars: plain ground, or varied colours and backgrounds.",
)
@options.json_option
def command(name: str, dest: Path, limit: int | None, seed: int, style: str, as_json: bool) -> int:
    """Bring a known data set to DEST.

    Known now is synth-cars: drawn cars with exact labels, made here without a network. Photos come to DEST/photos and
    labels, as pictures of class numbers, to DEST/labels.

    \b
    Example:
      p2p data fetch synth-cars cars --limit 200
    """
    from p2p_cli import render
    from p2p_datatools.fetch import fetch

    more = {} if limit is None else {"limit": limit}
    summary = fetch(name, dest, seed=seed, style=style, report=render.reporter(), **more)
    if as_json:
        render.say(options.to_json(summary))
    else:
        render.say(f"{summary.written} pictures written to {dest}, {summary.kept} were there.")
        render.say(f"next  p2p data build-masks {dest}/labels masks --palette cars --photos {dest}/photos")
    return 0
