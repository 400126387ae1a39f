"""`p2p data stats`: its options, the call, and where its figures go.

Nothing here may compute a figure, or find the words for one.
"""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from p2p_cli import options
from p2p_cli.text import render
from p2p_cli.text.hints import next_command
from p2p_datatools.contract.errors import P2PError
from p2p_datatools.contract.files.named_file import other_content, refuse_other_name
from p2p_datatools.contract.words import plural

if TYPE_CHECKING:
    from p2p_datatools.contract.pictures.pages import ReadOptions
    from p2p_datatools.statistics.values import DataStatistics, HalfStatistics
    from p2p_gan.bench.advice import TrainingAdvice

_TRAINED = 0.8  # of pairs that are not split yet, the share that 'split' makes training pairs by default


@click.command()
@click.argument("path", type=options.FOLDER)
@options.palette_option
@click.option("--plots", type=options.PLACE, metavar="FILE.png", help="Draw the figures as a picture, too.")
@click.option("--force", is_flag=True, help="Draw --plots even if files are broken, or if FILE exists: it is replaced.")
@options.read_options
@options.json_option
def command(
    path: Path, palette_name: str | None, plots: Path | None, force: bool, read: "ReadOptions", as_json: bool
) -> int:
    """Show the figures of masks, pairs or photos: classes, sizes, colours.

    For each split: how many pictures there are, the pixels and the share of each class, the pictures that have it and
    its median area, and the mean and deviation of each channel; then sizes and shapes, and which --preset, --size and
    --fit of 'p2p train' they suggest, with the reasons. Pixels without data are left out, those that a mask ignores are
    a class of their own. Broken files are listed at the end, and the exit code is then 1; the figures are those of all
    others, and --plots is drawn of them with --force only.

    \b
    Examples:
      p2p data stats pairs
      p2p data stats masks --plots masks.png
    """
    from p2p_datatools.statistics.collect import compute_statistics

    if plots:
        refuse_other_name(plots, ".png")
    palette = options.read_palette(palette_name)
    found = compute_statistics(path, palette=palette, read=read, report=render.reporter())
    advice = _advise(found)
    if as_json:
        render.say_json({**asdict(found), "advice": asdict(advice) if advice else None})
    else:
        _show(path, found, advice)
    if plots and found.whole.pictures and (found.ok or force):
        _draw(plots, found, replace=force)
        render.remark(str(plots))
    if not found.ok:
        raise _broken(path, found, undrawn=None if force else plots)
    return 0


def _advise(found: "DataStatistics") -> "TrainingAdvice | None":
    """What to train with; None where no picture could be read."""
    from p2p_gan.bench.advice import PairProfile, advise_training

    if found.sizes is None:
        return None
    halves = found.whole.halves
    counts = {each.name: each.pictures for each in found.splits}
    pairs = counts.get("train", 0) or round(_TRAINED * found.whole.pictures)
    classes = [each for half in halves for each in half.classes if each.pictures and each.name != "ignore"]
    rarest = min(classes, key=lambda each: each.median_share, default=None)
    kinds, channels = [half.kind for half in halves], [_channels(half) for half in halves]
    return advise_training(
        PairProfile(
            sizes={each.size: each.pictures for each in found.sizes.counts},
            pairs=max(1, pairs),
            halves=(kinds[0], kinds[-1]),
            channels=(channels[0], channels[-1]),
            rarest=(rarest.name, rarest.median_share) if rarest else None,
        )
    )


def _channels(half: "HalfStatistics") -> int:
    """The channels of most pictures of a half; masks have the three of their colours."""
    return len(half.forms[0].channels) if half.forms else 3


def _show(path: Path, found: "DataStatistics", advice: "TrainingAdvice | None") -> None:
    from p2p_cli.text.statistics import (
        advice_rows,
        brightness_lines,
        channel_table,
        class_line,
        class_table,
        fact_lines,
        shape_rows,
    )

    render.say_facts(fact_lines(found))
    if found.sizes and len(found.sizes.shapes) > 1:
        render.table(("shape", found.kind, ""), shape_rows(found.sizes))
    for place, half in enumerate(found.whole.halves):
        if half.classes:
            render.say()
            render.say(class_line(found, place))
            render.table(*class_table(found, place))
        if half.forms:
            render.say()
            render.table(*channel_table(found, place))
            for line in brightness_lines(half):
                render.say(line)
    if advice:
        render.say()
        render.table(("suggested", "", "because"), advice_rows(advice))
    if advice and found.kind == "pairs" and not found.splits:
        render.hint(next_command("data", "split", path))
    elif advice and found.kind == "pairs" and any(each.name == "train" for each in found.splits):
        render.hint(next_command("train", path, "RUN", *advice.options))
    elif advice and found.kind == "masks":
        render.hint(next_command("data", "pair", path, "PHOTOS", "PAIRS"))


def _broken(path: Path, found: "DataStatistics", *, undrawn: Path | None) -> P2PError:
    """The error that some pictures are in none of the figures, with each of them."""
    are = "is" if len(found.broken) == 1 else "are"
    number = f"{plural(len(found.broken), 'picture')} of {found.total}"
    what = f"{number} could not be read, and {are} in none of these figures"
    to_do = "Save them again, or remove them." + (" With --force the plots are drawn without them." if undrawn else "")
    return P2PError(path, what, to_do, code="broken-pictures", parts=found.broken)


def _draw(plots: Path, found: "DataStatistics", *, replace: bool) -> None:
    from p2p_cli.text.statistics import plot_panels
    from p2p_datatools.contract.files.atomic import holds, write_bytes
    from p2p_datatools.sheets.plots import draw_bars

    drawn = draw_bars(plot_panels(found))
    if plots.exists() and not replace and not holds(plots, drawn):
        raise other_content(plots, "add --force to replace it")
    write_bytes(plots, drawn)
