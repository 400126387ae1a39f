"""`p2p data split`: its options, the call, and its result as text.

Nothing here may decide where a pair goes.
"""

from pathlib import Path

import click

from p2p_cli import options
from p2p_cli.hints import train_lines


@click.command()
@click.argument("pairs", type=options.FOLDER)
@click.option("--val", type=float, default=0.1, show_default=True, metavar="SHARE", help="Share for validation.")
@click.option("--test", type=float, default=0.1, show_default=True, metavar="SHARE", help="Share for the test.")
@click.option(
    "--seed", type=click.IntRange(0), default=0, show_default=True, help="Seed that decides which pairs go where."
)
@click.option(
    "--group-by",
    default="none",
    show_default=True,
    metavar="none|REGEX",
    help="Keep pairs together whose names match alike: those of one car, one street, one video.",
)
@click.option(
    "--as-pairs", is_flag=True, help="Take the pictures for A|B pairs, although they look like single photos or masks."
)
@click.option("--dry-run", is_flag=True, help="Print what would be done, and stop.")
@options.json_option
def command(
    pairs: Path, val: float, test: float, seed: int, group_by: str, as_pairs: bool, dry_run: bool, as_json: bool
) -> int:
    """Split pairs into train, val and test.

    The same seed gives the same split, and pairs that have a split keep it when others are added. A val or test that
    the folders of A and B gave stays as it is; one that is missing is drawn from the rest, and from train. Pairs of
    equal pixels, or of one photo, are in one split. On an ordinary pix2pix folder only a manifest is written and no
    picture is moved.

    \b
    Examples:
      p2p data split pairs
      p2p data split pairs --val 0.05 --test 0.2 --group-by '^[^_]+'
    """
    from p2p_cli import render
    from p2p_datatools.splits.apply import split

    report = render.reporter()
    summary = split(
        pairs, val=val, test=test, seed=seed, group_by=group_by, as_pairs=as_pairs, dry_run=dry_run, report=report
    )
    if as_json:
        render.say(options.to_json(summary))
        return 0
    if summary.completed:
        render.say("An interrupted split was completed first.")
    counts = ", ".join(f"{name} {count}" for name, count in summary.counts.items())
    if dry_run:
        render.say(f"would be: {counts}")
    else:
        render.say(f"{counts}; {summary.moved} assigned now, {summary.kept} kept their split")
        for line in train_lines(pairs, summary.counts.get("train", 0)):
            render.hint(line)
    return 0
