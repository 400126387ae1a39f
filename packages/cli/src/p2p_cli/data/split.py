"""`p2p data split`: its options, the call, and its result as text.

Nothing here may decide where a pair goes.
"""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from p2p_cli import options
from p2p_cli.text import render
from p2p_cli.text.hints import train_lines
from p2p_datatools.contract.errors import UsageError
from p2p_datatools.contract.words import plural

if TYPE_CHECKING:
    from p2p_datatools.splits.groups import LeakCount


class _SplitCommand(click.Command):
    """The command, which says how the share of training is written."""

    def parse_args(self, context: click.Context, args: list[str]) -> list[str]:
        """Read the words; a share for training is answered with those of val and test, which leave it."""
        try:
            return super().parse_args(context, args)
        except click.NoSuchOption as error:
            if error.option_name != "--train":
                raise
            what = "is not an option of 'p2p data split': pairs that are neither for val nor for test are for training"
            to_do = "Leave it out, and give the shares of the others: --val 0.1 --test 0.1 leave 0.8."
            raise UsageError("--train", what, to_do, code="unknown-option") from error


def _share_option(name: str, text: str) -> Callable[[options.Command], options.Command]:
    share = options.ShareType(0, 1, max_open=True)
    return click.option(name, type=share, default=0.1, show_default=True, metavar="SHARE", help=text)


@click.command(cls=_SplitCommand)
@click.argument("pairs", type=options.FOLDER)
@_share_option("--val", "Share for validation.")
@_share_option("--test", "Share for the test.")
@options.seed_option("Seed that decides which pairs go where.")
@click.option(
    "--group-by",
    metavar="similar|none|REGEX",
    help="Keep pairs together that look alike, or whose names match alike: those of one car, one street, one video.  "
    "[default: similar where a half is a photo, else none]",
)
@click.option("--again", is_flag=True, help="Draw all pairs anew, whatever split they have.")
@click.option(
    "--as-pairs", is_flag=True, help="Take the pictures for A|B pairs, although they look like single photos or masks."
)
@click.option("--dry-run", is_flag=True, help="Print what would be done, and stop.")
@options.json_option
def command(pairs: Path, dry_run: bool, as_json: bool, **asked: Any) -> int:
    """Split pairs into train, val and test.

    Pairs that look alike are in one split, so that no test picture is nearly a training picture: near-duplicates,
    crops, mirror images, copies by their names, frames of one walk. What a random split would have leaked is told. The
    same seed gives the same split, and pairs that have a split keep it when others are added; --again draws all anew,
    and with --dry-run says what would move. A val or test that the folders of A and B gave stays as it is; one that is
    missing is drawn from the rest, and from train. On an ordinary pix2pix folder only a manifest is written and no
    picture is moved.

    \b
    Examples:
      p2p data split pairs
      p2p data split pairs --val 0.05 --test 0.2 --group-by '^[^_]+'
      p2p data split pairs --again --dry-run
    """
    from p2p_datatools.splits.apply import split

    summary = split(pairs, dry_run=dry_run, report=render.reporter(), **asked)
    if as_json:
        render.say_json(summary)
        return 0
    if summary.completed:
        render.say("An interrupted split was completed first.")
    for line in filter(None, map(leak_line, summary.leaks)):
        render.say(line)
    counts = ", ".join(f"{name} {count}" for name, count in summary.counts.items())
    if dry_run:
        render.say(f"would be: {counts}")
    else:
        render.say(f"{counts}; {summary.moved:,} assigned now, {summary.kept:,} kept their split")
        for line in train_lines(pairs, summary.counts.get("train", 0)):
            render.hint(line)
    return 0


def leak_line(leaks: "LeakCount") -> str:
    """What a random split would have leaked, and what is left of it; nothing where there is nothing to tell."""
    if not (leaks.random or leaks.now or leaks.neighbours):
        return ""
    line = (
        f"{leaks.split}: by chance {leaks.random} of {plural(leaks.drawn, 'picture')} would have had a near-twin in "
        f"training; now {leaks.now}{f' of {leaks.pictures}' if leaks.pictures != leaks.drawn else ''}"
    )
    beside = plural(leaks.neighbours, "stands beside a training picture", "stand beside training pictures")
    return f"{line}, and {beside}, where a walk was cut" if leaks.neighbours else line
